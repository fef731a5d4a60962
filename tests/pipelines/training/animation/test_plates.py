"""Backgrounds with the person filled in."""

import torch

from pipelines.runtime.progress import NotesProgress
from pipelines.training.animation import plates
from pipelines.training.animation.plates import choose_fill, estimate_plate, fill_smoothly


def ramp(height: int = 48, width: int = 80) -> torch.Tensor:
    return torch.linspace(-1, 1, width).expand(2, 3, height, width).clone()


def test_a_hole_is_filled_with_what_surrounds_it() -> None:
    image, hole = ramp(), torch.zeros(2, 1, 48, 80)
    hole[..., 16:40, 30:42] = 1
    spoiled = torch.where(hole > 0, 9.0, image)
    filled = fill_smoothly(spoiled, hole)
    assert torch.equal(torch.where(hole > 0, 0, filled), torch.where(hole > 0, 0, image))
    assert (filled - image).abs().max() < 0.25


def test_person_and_shadow_are_taken_out() -> None:
    image, coverage, shadow = ramp(), torch.zeros(2, 1, 48, 80), torch.zeros(2, 1, 48, 80)
    coverage[..., 10:30, 20:30] = 1
    shadow[..., 30:34, 16:34] = 0.4
    seen = torch.where(coverage > 0, 1.0, (image + 1) * (1 - shadow) - 1)
    assert (estimate_plate(seen, coverage, shadow, fill_smoothly) - image).abs().max() < 0.3


def test_without_weights_of_a_plate_network_a_note_says_so(monkeypatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise plates.WeightsError("no such weights")

    monkeypatch.setattr(plates, "load_weights", missing)
    progress = NotesProgress()
    assert choose_fill(torch.device("cpu"), progress) is fill_smoothly
    assert "plate" in progress.notes[0]
