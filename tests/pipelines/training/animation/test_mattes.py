"""People cut out as badly as in use."""

import torch

from pipelines.training.animation.mattes import cut_out, imitate_generated, spoil_coverage

SIZE = 64


def seeded(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def people(batch: int) -> torch.Tensor:
    """Coverage of a square with a thin arm, cut off by the lower edge."""
    mask = torch.zeros(batch, 1, SIZE, SIZE)
    mask[..., 16:, 20:44] = 1
    mask[..., 30:32, 44:60] = 1
    return mask


def test_mattes_are_wrong_at_the_edge_only() -> None:
    exact = people(64)
    mattes = spoil_coverage(exact, seeded())
    assert mattes.min() >= 0
    assert mattes.max() <= 1
    assert (mattes[..., 26:, 28:36] == 1).all(), "the inside stays, down to the picture's edge"
    assert (mattes[..., :6, :] == 0).all()
    assert (mattes[..., :10] == 0).all()
    width = mattes[..., 50, :].sum(-1)
    assert width.min() < 22
    assert width.max() > 26
    arm = mattes[..., 30:32, 48:56].mean((1, 2, 3))
    assert 0.1 < (arm < 0.1).float().mean() < 0.7, "some mattes lose the arm"
    assert (arm > 0.9).any()


def test_the_exact_share_is_exact_and_the_rest_has_the_background_at_the_edge() -> None:
    mask = people(200)
    rgba = torch.cat([mask * 0.5, mask * -0.5, mask * 0.0, mask], 1)
    image = rgba[:, :3] + (1 - mask)  # before white
    made = cut_out(image, rgba, 0.7, seeded(3))
    exact = (made == rgba).all(3).all(2).all(1)
    assert 0.2 < exact.float().mean() < 0.4
    assert (cut_out(image, rgba, 0.0, seeded()) == rgba).all()
    outside = (mask == 0).expand_as(rgba)[:, :1] & (made[:, 3:] > 0.5)
    assert (made[:, :1][outside] / made[:, 3:][outside]).min() > 0.9, "what is too large shows the background"


def test_generated_people_are_imitated_near_the_person_only() -> None:
    mask = people(8)
    made = imitate_generated(torch.cat([mask.expand(-1, 3, -1, -1) * 0.5, mask], 1), seeded())
    assert (made[..., :6, :] == 0).all()
    assert 0.001 < (made[:, 3, 30:60, 24:40] - 1).abs().mean() < 0.05
