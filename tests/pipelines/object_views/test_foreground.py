"""Rendered objects are cut out of backgrounds that are plain, shaded, transparent or cluttered."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.errors import InputError
from models.turning import Camera
from pipelines.object_views.foreground import segment_foreground
from pipelines.synthetic.objects import render, sample_objects
from pipelines.synthetic.objects.film import Film

SIZE = 256


@pytest.fixture(scope="module")
def objects() -> tuple[np.ndarray, np.ndarray]:
    """Pictures [4, H, W, 3] of two cars and two chairs on white in 0..255, and their coverage [4, H, W, 1] in 0..1."""
    pictures, masks = [], []
    for category, styles in (("car", ["sedan", "SUV"]), ("chair", ["armchair", "upholstered"])):
        generator = torch.Generator().manual_seed(15)
        sampled = sample_objects(category=category, batch=2, generator=generator, styles=styles)
        sampled = replace(sampled, film=Film.plain(2, torch.device("cpu")))
        views = render(sampled, Camera.usual(torch.full((2, 1), 50.0), torch.full((2, 1), 10.0)), size=SIZE)
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
    assert (found.warnings, found.was_on_white) == ((), False)
    assert np.abs(found.background - ground.mean((0, 1))).max() < 10


def test_an_object_on_white_stays_as_it_is(objects: tuple, tmp_path: Path) -> None:
    picture = lay_on(objects, 0, np.full(3, 255.0))
    Image.fromarray(picture).save(tmp_path / "white.png")
    found = segment_foreground(tmp_path / "white.png")
    np.testing.assert_array_equal(found.picture, picture)
    rows, columns = (np.flatnonzero((objects[1][0][..., 0] > 0.5).any(axis)) for axis in (1, 0))
    assert np.abs(np.array(found.box) - (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)).max() <= 1
    assert found.was_on_white


def test_a_pale_object_on_white_is_found_but_not_its_specks(tmp_path: Path) -> None:
    picture = np.full((200, 300, 3), 255, np.uint8)
    picture[40:140, 100:220] = 245
    picture[180:182, 10:12] = 0
    Image.fromarray(picture).save(tmp_path / "pale.png")
    found = segment_foreground(tmp_path / "pale.png")
    assert found.box == (100, 40, 220, 140)
    np.testing.assert_array_equal(found.picture, picture)


def test_transparency_shows_where_the_object_is_whatever_the_hidden_colours(objects: tuple, tmp_path: Path) -> None:
    clutter = np.random.default_rng(0).integers(0, 255, (SIZE, SIZE, 3)).astype(float)
    alpha = np.where(objects[1][1] > 0.5, 255, 0)
    picture = np.concatenate([lay_on(objects, 1, clutter), alpha], -1).astype(np.uint8)
    Image.fromarray(picture, "RGBA").save(tmp_path / "clear.png")
    found = segment_foreground(tmp_path / "clear.png")
    assert (found.picture[alpha[..., 0] == 0] == 255).all()
    assert ((found.mask >= 128) == (alpha[..., 0] == 255)).mean() > 0.99
    assert found.warnings == ()
    assert found.was_on_white


def test_clutter_gives_a_warning(objects: tuple, tmp_path: Path) -> None:
    clutter = np.random.default_rng(0).integers(0, 255, (16, 16, 3), np.uint8)
    ground = np.asarray(Image.fromarray(clutter).resize((SIZE, SIZE)), float)
    Image.fromarray(lay_on(objects, 0, ground)).save(tmp_path / "clutter.png")
    (warning,) = segment_foreground(tmp_path / "clutter.png").warnings
    assert "not plain" in warning


@pytest.mark.parametrize("ground", [255.0, 120.0], ids=["white", "grey"])
@pytest.mark.parametrize("number", range(4))
def test_an_object_that_is_cut_off_is_told_and_one_framed_closely_is_not(
    number: int, ground: float, objects: tuple, tmp_path: Path
) -> None:
    picture, solid = lay_on(objects, number, np.full(3, ground)), objects[1][number][..., 0] > 0.5
    rows, columns = (np.flatnonzero(solid.any(axis)) for axis in (1, 0))
    near = picture[rows[0] - 4 : rows[-1] + 5, columns[0] - 4 : columns[-1] + 5]
    for name, pixels in (("near", near), ("cut", picture[:, columns[len(columns) // 3] :])):
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    assert segment_foreground(tmp_path / "near.png").warnings == ()
    (warning,) = segment_foreground(tmp_path / "cut.png").warnings
    assert warning.startswith("the object reaches the edge of the picture")


def test_two_objects_in_one_picture_are_told(objects: tuple, tmp_path: Path) -> None:
    pair = np.concatenate([lay_on(objects, number, np.full(3, 255.0)) for number in (0, 1)], axis=1)
    Image.fromarray(pair).save(tmp_path / "pair.png")
    (warning,) = segment_foreground(tmp_path / "pair.png").warnings
    assert warning.startswith("2 things stand apart in the picture")


def test_an_empty_picture_is_refused(tmp_path: Path) -> None:
    shade = 200 + np.linspace(0, 8, SIZE)[:, None, None] + np.zeros((1, SIZE, 3))
    Image.fromarray(shade.astype(np.uint8)).save(tmp_path / "empty.png")
    with pytest.raises(InputError, match=r"empty\.png shows nothing"):
        segment_foreground(tmp_path / "empty.png")
