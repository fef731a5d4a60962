"""How much of the network's shadow suits the source picture, and that frames get so much of it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.generators.recurrent import Step
from pipelines.compositing.backgrounds import PictureBackground
from pipelines.generation.cutout import OWN_ALPHA
from pipelines.generation.layer_processor import LayerProcessor
from pipelines.generation.shadows import fit_shadow
from tests.pipelines.generation.test_layer_processor import PLATE, make_processor
from tests.pipelines.generation.test_people_processor import BLUE, RED, generate, make_person

SHAPE = 40, 50


@pytest.fixture
def shadow() -> np.ndarray:
    columns = np.linspace(0, 0.6, SHAPE[1], dtype=np.float32)
    return np.tile(columns, (SHAPE[0], 1))


@pytest.fixture
def plate() -> np.ndarray:
    return np.random.default_rng(0).integers(60, 255, (*SHAPE, 3)).astype(np.uint8)


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0.0), (0.25, 0.25), (1.0, 1.0), (1.4, 1.0), (-0.3, 0.0)])
def test_the_share_is_as_dark_as_the_picture(
    shadow: np.ndarray, plate: np.ndarray, share: float, expected: float
) -> None:
    alpha = np.zeros(SHAPE, np.float32)
    alpha[10:30, 20:30] = 1
    picture = plate * (1 - share * shadow[..., None])
    picture[alpha > 0] = 0  # what the person hides says nothing
    assert fit_shadow(shadow, picture, plate, alpha) == expected


def test_without_a_shadow_nothing_changes(shadow: np.ndarray, plate: np.ndarray) -> None:
    assert fit_shadow(0 * shadow, plate, plate, np.zeros(SHAPE)) == 1


@pytest.mark.parametrize("change", ["none", "own alpha", "another background"])
def test_shadows_are_fitted_to_the_plate_of_the_picture_alone(change: str) -> None:
    processor = make_processor(note=OWN_ALPHA if change == "own alpha" else None)
    processor = _replace_picture(processor, PLATE)  # without any shadow
    if change == "another background":
        processor.put_on(PictureBackground(np.zeros_like(PLATE)))
    shadow = np.full(processor.canvas.shape[1:], 0.2, np.float32)
    assert processor.fit_shadow(shadow) == (0 if change == "none" else 1)


def test_each_person_has_so_much_of_the_shadow(monkeypatch: pytest.MonkeyPatch) -> None:
    def make_steps(of_blue: float) -> list[tuple[int, Step]]:
        red, blue = make_person(RED), make_person(BLUE)
        monkeypatch.setattr(red, "fit_shadow", lambda _: 1.0)
        monkeypatch.setattr(blue, "fit_shadow", lambda _: of_blue)
        return generate(red, blue)

    for (number, step), (_, other) in zip(make_steps(0.25), make_steps(1.0), strict=True):
        assert step.shadow is not None
        assert other.shadow is not None
        assert other.shadow.any()
        torch.testing.assert_close(step.shadow, other.shadow * (0.25 if number else 1))
        torch.testing.assert_close(step.image, other.image, rtol=0, atol=0)


def _replace_picture(processor: LayerProcessor, picture: np.ndarray) -> LayerProcessor:
    processor.source = replace(processor.source, picture=picture)
    return processor
