"""Scores of views against pictures of a folder."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.errors import InputError
from pipelines.evaluation.image_metrics import l1, psnr, ssim, to_tensor
from pipelines.object_views.comparison import find_true_views, mean_scores, score_view
from tests.helpers.media_files import write_picture


def test_names_end_in_the_azimuth(tmp_path: Path) -> None:
    for name in ("az_000.png", "chair_az_20.jpg", "az372.5.png", "other.png"):
        write_picture(tmp_path / name)
    expected = {0: "az_000.png", 20: "chair_az_20.jpg", 12.5: "az372.5.png"}
    assert {azimuth: path.name for azimuth, path in find_true_views(tmp_path).items()} == expected


def test_folders_without_views_and_azimuths_with_two_are_refused(tmp_path: Path) -> None:
    write_picture(tmp_path / "other.png")
    with pytest.raises(InputError, match=r"no pictures named az_DDD\.png"):
        find_true_views(tmp_path)
    for name in ("az_10.png", "az_370.png"):
        write_picture(tmp_path / name)
    with pytest.raises(InputError, match=r"two pictures of azimuth 10: remove az_10\.png or az_370\.png"):
        find_true_views(tmp_path)


def test_scores_are_those_of_evaluation_at_the_size_of_the_view(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    view, true = rng.integers(0, 256, (256, 256, 3), np.uint8), rng.integers(0, 256, (256, 256, 3), np.uint8)
    Image.fromarray(true).save(tmp_path / "same.png")
    Image.fromarray(true.repeat(2, 0).repeat(2, 1)).save(tmp_path / "double.png")
    pair = to_tensor(view), to_tensor(true)
    for name in ("same.png", "double.png"):
        scores = score_view(40, view, tmp_path / name)
        assert (scores.azimuth, scores.l1, scores.psnr, scores.ssim) == (40, float(l1(*pair)), psnr(*pair), ssim(*pair))
    other = score_view(60, true, tmp_path / "same.png")
    assert mean_scores([scores, other])["ssim"] == (scores.ssim + 1) / 2


def test_a_true_view_that_is_not_a_square_is_refused(tmp_path: Path) -> None:
    write_picture(tmp_path / "az_0.png", width=90)
    with pytest.raises(InputError, match=r"az_0\.png is 90x96: true views must be squares"):
        score_view(0, np.zeros((256, 256, 3), np.uint8), tmp_path / "az_0.png")
