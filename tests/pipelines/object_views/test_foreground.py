from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.errors import InputError
from pipelines.object_views.foreground import segment_foreground
from pipelines.object_views.viewpoint import squared
from pipelines.synthetic.objects import render, sample_objects

SIZE = 256


@pytest.fixture(scope="module")
def seen() -> tuple[np.ndarray, np.ndarray]:
    """Pictures [4, H, W, 3] of two cars and two chairs on white in 0..255, and their coverage [4, H, W, 1]."""
    pictures, masks = [], []
    for category in ("car", "chair"):
        objects = sample_objects(category=category, batch=2, generator=torch.Generator().manual_seed(11))
        views = render(objects, torch.full((2, 1), 50.0), torch.full((2, 1), 10.0), size=SIZE)
        pictures.append((views.images[:, 0] + 1).mul(127.5).permute(0, 2, 3, 1).numpy())
        masks.append(views.mask[:, 0].permute(0, 2, 3, 1).numpy())
    return np.concatenate(pictures), np.concatenate(masks)


def laid(seen: tuple[np.ndarray, np.ndarray], number: int, ground: np.ndarray) -> np.ndarray:
    picture, mask = seen[0][number], seen[1][number]
    return (picture + (1 - mask) * (ground - 255.0)).clip(0, 255).round().astype(np.uint8)


@pytest.mark.parametrize("number", range(4))
def test_an_object_before_a_shaded_noisy_wall_is_cut_out(seen: tuple, number: int, tmp_path: Path) -> None:
    shade = np.linspace(0, 14, SIZE)[:, None, None] + np.random.default_rng(0).normal(0, 2, (SIZE, SIZE, 1))
    ground = np.array([(150, 160, 175), (215, 210, 200), (230, 230, 230), (60, 90, 150)][number]) - shade
    Image.fromarray(laid(seen, number, ground)).save(tmp_path / "one.jpg", quality=90)
    cut = segment_foreground(tmp_path / "one.jpg")
    true = seen[1][number][..., 0] > 0.5
    found = cut.mask >= 128
    assert (found & true).sum() / (found | true).sum() > 0.85
    assert np.abs(cut.picture.astype(float) - seen[0][number]).mean() < 4
    assert (cut.doubt, cut.untouched) == ("", False)
    assert np.abs(cut.background - ground.mean((0, 1))).max() < 10


def test_what_is_on_white_already_stays_as_it_is(seen: tuple, tmp_path: Path) -> None:
    picture = laid(seen, 0, np.full(3, 255.0))
    Image.fromarray(picture).save(tmp_path / "white.png")
    cut = segment_foreground(tmp_path / "white.png")
    np.testing.assert_array_equal(cut.picture, picture)
    rows, columns = (np.flatnonzero((seen[1][0][..., 0] > 0.5).any(axis)) for axis in (1, 0))
    assert np.abs(np.array(cut.box) - (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)).max() <= 1
    assert cut.untouched


def test_transparency_says_where_the_object_is(seen: tuple, tmp_path: Path) -> None:
    """Whatever the hidden colours are."""
    clutter = np.random.default_rng(0).integers(0, 255, (SIZE, SIZE, 3)).astype(float)
    alpha = np.where(seen[1][1] > 0.5, 255, 0)
    picture = np.concatenate([laid(seen, 1, clutter), alpha], -1).astype(np.uint8)
    Image.fromarray(picture, "RGBA").save(tmp_path / "clear.png")
    cut = segment_foreground(tmp_path / "clear.png")
    assert (cut.picture[alpha[..., 0] == 0] == 255).all()
    assert ((cut.mask >= 128) == (alpha[..., 0] == 255)).mean() > 0.99
    assert cut.doubt == ""


def test_clutter_is_doubted_and_emptiness_refused(seen: tuple, tmp_path: Path) -> None:
    clutter = np.random.default_rng(0).integers(0, 255, (16, 16, 3), np.uint8)
    ground = np.asarray(Image.fromarray(clutter).resize((SIZE, SIZE)), float)
    Image.fromarray(laid(seen, 0, ground)).save(tmp_path / "clutter.png")
    assert "not plain" in segment_foreground(tmp_path / "clutter.png").doubt
    shade = 200 + np.linspace(0, 8, SIZE)[:, None, None] + np.zeros((1, SIZE, 3))
    Image.fromarray(shade.astype(np.uint8)).save(tmp_path / "empty.png")
    with pytest.raises(InputError, match=r"empty\.png shows nothing"):
        segment_foreground(tmp_path / "empty.png")


@pytest.mark.parametrize("factor", [0.4, 1.0, 2.3])
def test_a_square_is_resampled_about_its_middle(factor: float) -> None:
    y, x = np.mgrid[:200, :300]
    picture = np.stack([x * 0.5 + 20, y * 0.5 + 30, np.full_like(x, 99)], -1).round().astype(np.uint8)
    side = 100.0
    found = squared(picture, (150.0, 90.0, side), round(side * factor))
    middle = (len(found) - 1) / 2
    place = 150 + (np.arange(len(found)) - middle) / factor
    assert np.abs(found[len(found) // 2, 3:-3, 0] - (place[3:-3] * 0.5 + 20)).max() < 1.5
    beyond = squared(picture, (0.0, 0.0, 50.0), 50)
    assert (beyond[:20, :20] == 255).all()
