"""The validation of people who are laid over plates."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from models.generators.animation import AnimationConfig, AnimationGenerator
from models.joints import STRUCTURE_CHANNELS
from models.layer import premultiply
from pipelines.training.animation.validation import HeldOutClips, draw_sheet, render_held_out, validate

SMALL = AnimationConfig(width=4, max_width=8, flow_width=4, flow_max_width=8, attention_hidden=4, norm="batch")
FRAMES, SIZE = 24, 64


@pytest.fixture(scope="module")
def held_out() -> HeldOutClips:
    return render_held_out(2, FRAMES, size=SIZE, device=torch.device("cpu"))


class Truthful:
    """Generates grey people who cover what they should cover."""

    config = SimpleNamespace(image_channels=4, structure_channels=STRUCTURE_CHANNELS, structure_details=False)

    def __init__(self, clips: HeldOutClips, coverage: torch.Tensor) -> None:
        self.clips, self.coverage, self.frame = clips, coverage, 0

    def encode_reference(self, image: torch.Tensor, structure: torch.Tensor, joints: torch.Tensor) -> Any:
        return SimpleNamespace(image=image, structure=structure, joints=joints)

    def step(self, *_: Any) -> Any:
        self.frame += 1
        coverage = self.coverage[:, self.frame]
        image = premultiply(torch.zeros_like(coverage).expand(-1, 3, -1, -1), coverage)
        return SimpleNamespace(image=image, shadow=self.clips.shadow[:, self.frame], state=None)


def test_the_truth_over_the_true_plate_is_perfect(held_out: HeldOutClips) -> None:
    plate = held_out.plate[:, None]
    images = (1 - held_out.mask) * ((plate + 1) * (1 - held_out.shadow) - 1)  # grey people
    clips = replace(held_out, images=images)
    numbers, made = validate(Truthful(clips, clips.mask), clips)  # pyright: ignore[reportArgumentType]
    assert numbers["psnr"] == numbers["psnr_people"] == numbers["psnr_hands"] == pytest.approx(100)
    assert numbers["coverage"] == numbers["shadow"] == 0
    assert made.images.shape == (2, FRAMES - 1, 3, SIZE, SIZE)
    larger = (clips.mask + 0.1).clamp(max=1)
    worse, _ = validate(Truthful(clips, larger), clips)  # pyright: ignore[reportArgumentType]
    assert worse["coverage"] == pytest.approx(float((larger - clips.mask)[:, 1:].mean()), rel=1e-3)
    assert worse["psnr"] < 40


def test_mattes_and_plates_are_estimated_and_the_same_every_time(held_out: HeldOutClips) -> None:
    twice = [render_held_out(2, 2, size=SIZE, device=torch.device("cpu")) for _ in range(2)]
    assert torch.equal(twice[0].source, twice[1].source)
    error = (held_out.source[:, 3:] - held_out.mask[:, 0]).abs().mean()
    assert 1e-4 < error < 0.12
    away = torch.maximum(held_out.mask[:, 0], held_out.shadow[:, 0]) < 1e-3
    away &= held_out.source[:, 3:] == 0
    changed = (held_out.plate - held_out.images[:, 0]).abs().amax(1, keepdim=True)
    assert (changed[away] == 0).float().mean() > 0.9
    assert changed[held_out.mask[:, 0] > 0.9].mean() > 0.1


@pytest.mark.parametrize("layered", [True, False])
def test_generators_of_layers_and_of_whole_pictures_are_measured(held_out: HeldOutClips, layered: bool) -> None:
    config = replace(SMALL, image_channels=4, shadow=True) if layered else SMALL
    numbers, made = validate(AnimationGenerator(config=config).eval(), held_out)
    assert all(0 <= value <= 100 for value in numbers.values())
    rows = draw_sheet(held_out, made)
    assert [tuple(row.shape) for row in rows] == [(5, 3, SIZE, SIZE)] * 6
    assert (made.rgba[:, :, 3:] == 1).all() == (not layered)
