"""Rendered objects are cut out of backgrounds that are plain, shaded, transparent or cluttered."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.errors import InputError
from pipelines.object_views.foreground import segment_foreground
from pipelines.synthetic.objects import render, sample_objects

SIZE = 256


@pytest.fixture(scope="module")
def objects() -> tuple[np.ndarray, np.ndarray]:
    """Pictures [4, H, W, 3] of two cars and two chairs on white in 0..255, and their coverage [4, H, W, 1] in 0..1."""
    pictures, masks = [], []
    for category in ("car", "chair"):
        sampled = sample_objects(category=category, batch=2, generator=torch.Generator().manual_seed(11))
        views = render(sampled, torch.full((2, 1), 50.0), torch.full((2, 1), 10.0), size=SIZE)
        pictures.append((views.images[:, 0] + 1).mul(127.5).permute(0, 2, 3, 1).numpy())
        masks.append(views.mask[:, 0].permute(0, 2, 3, 1).numpy())
    return np.concatenate(pictures), np.concatenate(masks)


def lay_on(objects: tuple[np.ndarray, np.ndarray], number: int, ground: np.ndarray) -> np.ndarray:
    picture, mask = objects[0][number], objects[1][number]
    return (picture + (1 - mask) * (ground - 255.0)).clip(0, 255).round().astype(np.uint8)


@pytest.mark.parametrize("number", range(4))
def test_an_object_in_front_of_a_shaded_noisy_wall_is_cut_out(objects: tuple, number: int, tmp_path: Path) -> None:
    shade = np.linspace(0, 14, SIZE)[:, None, None] + np.random.default_rng(0).normal(0, 2, (SIZE, SIZE, 1))
    ground = np.array([(150, 160, 175), (215, 210, 200), (230, 230, 230), (60, 90, 150)][number]) - shade
    Image.fromarray(lay_on(objects, number, ground)).save(tmp_path / "one.jpg", quality=90)
    found = segment_foreground(tmp_path / "one.jpg")
    true, mask = objects[1][number][..., 0] > 0.5, found.mask >= 128
    assert (mask & true).sum() / (mask | true).sum() > 0.85
    assert np.abs(found.picture.astype(float) - objects[0][number]).mean() < 4
    assert (found.warning, found.was_on_white) == (None, False)
    assert np.abs(found.background - ground.mean((0, 1))).max() < 10


def test_an_object_on_white_stays_as_it_is(objects: tuple, tmp_path: Path) -> None:
    picture = lay_on(objects, 0, np.full(3, 255.0))
    Image.fromarray(picture).save(tmp_path / "white.png")
    found = segment_foreground(tmp_path / "white.png")
    np.testing.assert_array_equal(found.picture, picture)
    rows, columns = (np.flatnonzero((objects[1][0][..., 0] > 0.5).any(axis)) for axis in (1, 0))
    assert np.abs(np.array(found.box) - (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)).max() <= 1
    assert found.was_on_white


def test_transparency_shows_where_the_object_is_whatever_the_hidden_colours(objects: tuple, tmp_path: Path) -> None:
    clutter = np.random.default_rng(0).integers(0, 255, (SIZE, SIZE, 3)).astype(float)
    alpha = np.where(objects[1][1] > 0.5, 255, 0)
    picture = np.concatenate([lay_on(objects, 1, clutter), alpha], -1).astype(np.uint8)
    Image.fromarray(picture, "RGBA").save(tmp_path / "clear.png")
    found = segment_foreground(tmp_path / "clear.png")
    assert (found.picture[alpha[..., 0] == 0] == 255).all()
    assert ((found.mask >= 128) == (alpha[..., 0] == 255)).mean() > 0.99
    assert found.warning is None
    assert found.was_on_white


def test_clutter_gives_a_warning(objects: tuple, tmp_path: Path) -> None:
    clutter = np.random.default_rng(0).integers(0, 255, (16, 16, 3), np.uint8)
    ground = np.asarray(Image.fromarray(clutter).resize((SIZE, SIZE)), float)
    Image.fromarray(lay_on(objects, 0, ground)).save(tmp_path / "clutter.png")
    warning = segment_foreground(tmp_path / "clutter.png").warning
    assert warning is not None
    assert "not plain" in warning


def test_an_empty_picture_is_refused(tmp_path: Path) -> None:
    shade = 200 + np.linspace(0, 8, SIZE)[:, None, None] + np.zeros((1, SIZE, 3))
    Image.fromarray(shade.astype(np.uint8)).save(tmp_path / "empty.png")
    with pytest.raises(InputError, match=r"empty\.png shows nothing"):
        segment_foreground(tmp_path / "empty.png")
