"""`animate_face` with our own kind of weights: the head is a layer over the picture, with or without known irises."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from models.errors import WeightsError
from models.generators import config
from models.generators.animation import AnimationGenerator
from models.joints import FACE_CHANNELS, FACE_LIMBS, FACE_STRUCTURES
from models.weights import load_weights, save_weights
from pipelines import FaceResult, animate_face
from pipelines.generation.networks import load_generator
from tests.helpers.faces import make_config, write_face_inputs, write_landmarks

FRAMES = 3


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `source.png`, `driving/`, and landmarks of both."""
    return write_face_inputs(tmp_path_factory.mktemp("face"), frames=FRAMES)


@pytest.fixture
def run(inputs: Path, tmp_path: Path) -> Callable[..., FaceResult]:
    """Animates the inputs into the folder `made`, with other values of some fields."""

    def animate(**changed: Any) -> FaceResult:
        return animate_face(make_config(inputs, tmp_path / "made", **changed))

    return animate


def read(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def points(path: Path) -> np.ndarray:
    return np.loadtxt(path, delimiter=",")


@pytest.fixture(params=FACE_STRUCTURES)
def layer_weights(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Weights of a small generator of faces as layers whose structures are lines alone, lines and openings, or all."""
    torch.manual_seed(5)
    sizes = {"width": 8, "max_width": 16, "flow_width": 8, "flow_max_width": 16, "attention_hidden": 8}
    limbs = FACE_LIMBS if request.param == FACE_CHANNELS else FACE_LIMBS[:-2]  # without irises
    bundled = replace(config.bundled_face(), structure_channels=request.param, limbs=limbs)
    model = AnimationGenerator(config=replace(bundled, **sizes))
    path = tmp_path / "layers.safetensors"
    save_weights(path, model, architecture="animation", licence="none", command="none", extra={})
    return path


def test_our_own_weights_lay_the_head_over_the_picture(
    run: Callable[..., FaceResult], inputs: Path, tmp_path: Path, layer_weights: Path
) -> None:
    large = np.full((400, 500, 3), (10, 200, 90), np.uint8)
    large[100:280, 150:350] = read(inputs / "source.png")
    Image.fromarray(large).save(tmp_path / "photo.png")
    write_landmarks(tmp_path / "photo.txt", points(inputs / "source.txt") + np.array((150, 100)))
    photo = {"source": tmp_path / "photo.png", "source_landmarks": tmp_path / "photo.txt"}
    result = run(**photo, weights=str(layer_weights), compare=True, debug=("flow", "plate"))
    left, top, right, bottom = result.canvas
    assert right - left == bottom - top
    row = read(tmp_path / "made" / "00001.png")
    made, outside = row[-400:, -500:], np.ones((400, 500), bool)
    outside[top:bottom, left:right] = False
    np.testing.assert_array_equal(made[outside], large[outside])
    assert (made[~outside] != large[~outside]).mean() > 0.05
    assert row.shape[1] > 3 * 400
    assert result.certainty is not None
    cropped = run(**photo, weights=str(layer_weights), frame="crop", overwrite=True)
    assert cropped.size == (right - left, bottom - top)


def test_eyes_look_where_the_driver_s_do_if_the_weights_see_irises(
    run: Callable[..., FaceResult], inputs: Path, tmp_path: Path, layer_weights: Path
) -> None:
    def animate(name: str, aside: float) -> np.ndarray:
        """The last frame, of a driver who looks so many pixels to the left in it and in the one before."""

        def write(file: Path, aside: float = 0) -> Path:
            face = points(inputs / file.name if file.stem == "source" else inputs / "landmarks" / file.name)
            irises = (face[[36, 42]] + face[[39, 45]]) / 2 + (aside, 0)
            return write_landmarks(file, np.concatenate([face, irises]))

        (folder := tmp_path / name).mkdir()
        for number in range(FRAMES):
            write(folder / f"{number}.txt", aside * (number > 0))
        files = {"landmarks": folder, "source_landmarks": write(tmp_path / "source.txt")}
        result = run(**files, weights=str(layer_weights), overwrite=True)
        return read(sorted(result.output.iterdir())[-1]).astype(int)

    ahead, aside = animate("ahead", 0), animate("aside", 4)
    eyes = points(inputs / "source.txt")[36:48]
    (left, top), (right, bottom) = eyes.min(0).astype(int) - 12, eyes.max(0).astype(int) + 12
    changed = np.abs(aside - ahead).max(-1)
    if load_weights(str(layer_weights)).config.structure_channels == FACE_CHANNELS:  # pyright: ignore
        assert changed[top:bottom, left:right].mean() > 5 * changed.mean() > 0
    else:
        assert not changed.any()


def test_layered_face_weights_are_for_faces_only(layer_weights: Path) -> None:
    with pytest.raises(WeightsError, match="which are for gfla face"):
        load_generator(str(layer_weights), torch.device("cpu"), "fp32", ("animation",))
