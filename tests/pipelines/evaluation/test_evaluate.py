"""Evaluation of folders and videos: scores with their conventions, and what is skipped and why."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from torch import Tensor, nn

from models.errors import InputError
from pipelines.configs import EvaluateConfig
from pipelines.evaluation import protocols
from pipelines.evaluation.evaluate import EvaluateResult, Score, evaluate_pictures
from pipelines.runtime.downloads import PublishedFile
from pipelines.runtime.progress import NotesProgress
from tests.helpers.media_files import SOURCE, make_scenery, write_picture, write_video


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """torch's cache of downloads, with nothing in it."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path / "torch"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Three pictures each, 60 x 64; the generated ones are 10 levels darker."""
    for folder, shift in (("made", 0), ("true", 10)):
        (tmp_path / folder).mkdir()
        for number in range(3):
            picture = make_scenery(60, 64, 5 * number) // 2 + np.uint8(shift)
            Image.fromarray(picture).save(tmp_path / folder / f"p{number}.png")
    return tmp_path / "made", tmp_path / "true"


def evaluate(
    generated: Path, reference: Path, *metrics: Any, **options: Any
) -> tuple[EvaluateResult, dict[str, Score]]:
    result = evaluate_pictures(EvaluateConfig(generated, reference, metrics=metrics, **options))
    return result, {score.name: score for score in result.scores}


def test_folders_are_measured(folders: tuple[Path, Path]) -> None:
    result, scores = evaluate(*folders, "l1", "psnr", "ssim")
    assert list(scores) == ["l1", "psnr", "ssim"]
    assert scores["l1"].value == pytest.approx(10 / 255, abs=1e-9)
    assert scores["psnr"].value == pytest.approx(20 * np.log10(255 / 10), abs=1e-6)
    assert scores["ssim"].value is not None
    assert 0.9 < scores["ssim"].value < 1
    assert {score.pictures for score in result.scores} == {3}
    assert {score.better for score in result.scores} == {"lower", "higher"}
    assert result.refused == []


def test_equal_pictures_that_make_a_mean_infinite_are_told(folders: tuple[Path, Path]) -> None:
    shutil.copy(folders[0] / "p1.png", folders[1] / "p1.png")
    progress = NotesProgress()
    result = evaluate_pictures(EvaluateConfig(*folders, metrics=("psnr", "l1")), progress)
    assert result.scores[0].value == np.inf
    told = "psnr is infinite because 1 of 3 pairs are equal; the mean of the others is 28.13"
    assert [note for note in progress.notes if "infinite" in note] == [told]
    progress = NotesProgress()
    evaluate_pictures(EvaluateConfig(folders[0], folders[0], metrics=("psnr",)), progress)
    assert not any("infinite" in note for note in progress.notes)


def test_without_names_what_can_not_be_computed_is_skipped_with_the_reason(folders: tuple[Path, Path]) -> None:
    result, scores = evaluate(*(folder / "p0.png" for folder in folders))
    assert list(scores) == ["fid", "lpips", "ssim", "psnr", "l1", "flicker", "keypoints"]
    reasons = {
        "fid": "inception-2015",
        "lpips": "alexnet",
        "flicker": "pass a video",
        "keypoints": "no picture shows a person",
    }
    assert {name for name, score in scores.items() if score.value is None} == set(reasons)
    for name, part in reasons.items():
        assert part in str(scores[name].skipped)
    assert result.refused == []


def test_skipped_metrics_that_were_asked_for_by_name_are_refused(folders: tuple[Path, Path]) -> None:
    result, scores = evaluate(*folders, "l1", "fid", "lpips", "flicker")
    assert [score.name for score in result.refused] == ["fid", "lpips", "flicker"]
    for name, hint in {"fid": "pass --fetch", "lpips": "alexnet-owt", "flicker": "pass videos"}.items():
        assert hint in str(scores[name].skipped)
    assert scores["l1"].value is not None


def test_damaged_weights_are_not_loaded(folders: tuple[Path, Path], empty_cache: Path) -> None:
    file = empty_cache / "hub" / "checkpoints" / "weights-inception-2015-12-05-6726825d.pth"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"anything")
    _, scores = evaluate(*folders, "fid")
    assert "damaged" in str(scores["fid"].skipped)


def test_fid_is_computed_against_the_reference_or_another_folder(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a stand-in for Inception whose features are the mean colour."""
    file = protocols.INCEPTION_2015
    monkeypatch.setattr(PublishedFile, "obtain", lambda file, fetch: file.path)
    stand_in = protocols.Inception(file, lambda path: MeanColour(), "stand-in", features=3)
    monkeypatch.setitem(protocols.PROTOCOLS, "standard", replace(protocols.STANDARD, inception=stand_in))
    made, true = folders
    _, scores = evaluate(made, true, "fid")
    assert scores["fid"].how == f"stand-in, against {true}, 3 generated, 3 reference pictures"
    assert scores["fid"].value == pytest.approx(3 * 10**2, rel=1e-6)  # the means of three colours differ by 10
    _, scores = evaluate(made, true, "fid", fid_reference=made)
    assert scores["fid"].value == pytest.approx(0, abs=1e-4)
    assert scores["fid"].pictures == 3
    _, scores = evaluate(made / "p0.png", true / "p0.png", "fid")
    assert "too few pictures (1 generated, 1 reference pictures)" in str(scores["fid"].skipped)


class MeanColour(nn.Module):
    """uint8 [n, 3, H, W] -> [n, 3]."""

    def forward(self, pictures: Tensor) -> Tensor:
        return pictures.double().mean((2, 3))


def test_every_score_comes_with_its_conditions(folders: tuple[Path, Path]) -> None:
    result, _ = evaluate(*folders, "l1", resize=(32, 40), crop=(16, 20), fid_reference=folders[0])
    (score,) = result.summary()["metrics"]
    assert score["resize"] == "32x40, Pillow bicubic"
    assert score["crop"] == "middle 16x20"
    assert score["compared"] == "3 pictures of 16x20"
    assert score["generated"] == f"{folders[0]} (png)"
    assert score["fid reference"] == f"{folders[0]} (png), 3 pictures"
    assert {"resize: 32x40, Pillow bicubic", "crop: middle 16x20"} <= set(result.describe_conditions())
    assert result.describe_conditions()[-1].startswith("versions: ")
    assert "torchmetrics 1" in result.describe_conditions()[-1]


def test_videos_are_measured_frame_by_frame(tmp_path: Path) -> None:
    first = write_video(tmp_path / "a.mp4", frames=4)
    result, scores = evaluate(first, Path(shutil.copy(first, tmp_path / "b.mp4")), "psnr", "flicker", "ssim")
    assert [score.value for score in result.scores] == [np.inf, 0, 1]
    assert result.summary()["metrics"][0]["value"] == "inf"
    assert result.conditions["compared"] == "4 frames of 96x96"
    assert scores["flicker"].pictures == 4


def test_keypoint_distance_measures_how_far_a_person_moved(tmp_path: Path) -> None:
    picture = np.asarray(Image.open(SOURCE).convert("RGB"))
    small = np.asarray(Image.fromarray(picture).resize((picture.shape[1] // 2, picture.shape[0] // 2)))
    Image.fromarray(small).save(tmp_path / "a.png")
    Image.fromarray(np.roll(small, 12, 1)).save(tmp_path / "b.png")
    _, scores = evaluate(tmp_path / "a.png", tmp_path / "b.png", "keypoints")
    body = 0.65 * small.shape[0]
    assert scores["keypoints"].value == pytest.approx(12 / body, rel=0.35)
    assert "1 of 1" in scores["keypoints"].how


def test_the_authors_protocol(folders: tuple[Path, Path]) -> None:
    made, true = folders
    for file in sorted(made.iterdir()):
        Image.open(file).save(made / f"someone_2_{file.stem}_vis.jpg", quality=95)
        file.unlink()
    write_picture(true / "never_asked_for.png")
    result, scores = evaluate(made, true, protocol="gfla")
    assert list(scores) == ["fid", "lpips", "ssim", "ssim256", "psnr", "l1", "mae"]
    assert "--fid-reference" in str(scores["fid"].skipped)
    assert result.conditions["compared"] == "3 pictures of 60x64"
    assert scores["l1"].value == pytest.approx(10 / 255, rel=0.3)
    assert "window 51" in scores["ssim"].how


def test_pictures_that_the_authors_would_not_have_written_are_noted(folders: tuple[Path, Path]) -> None:
    for protocol, count in (("standard", 0), ("gfla", 1)):
        progress = NotesProgress()
        config = EvaluateConfig(*folders, metrics=("l1",), protocol=protocol)  # pyright: ignore[reportArgumentType]
        evaluate_pictures(config, progress)
        assert len(progress.notes) == count
    assert "is not all JPEG" in progress.notes[0]


def test_a_fid_reference_that_is_not_a_folder_is_refused(folders: tuple[Path, Path]) -> None:
    with pytest.raises(InputError, match=r"p0\.png is not a folder: pass a folder"):
        evaluate(*folders, "l1", fid_reference=folders[0] / "p0.png")
