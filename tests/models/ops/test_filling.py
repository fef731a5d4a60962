"""Push-pull: smooth fillings that leave what is known alone."""

import pytest
import torch

from models.ops.filling import push_pull


@pytest.mark.parametrize("size", [(16, 16), (13, 22), (1, 7)])
def test_known_pixels_stay_and_a_plain_image_is_completed(size: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(0)
    known = (torch.rand(2, 1, *size, generator=generator) < 0.3).float()
    known[..., 0, 0] = 1
    image = torch.rand(2, 3, *size, generator=generator)
    filled = push_pull(image, known)
    torch.testing.assert_close(filled * known, image * known)
    plain = torch.full_like(image, 0.4)
    torch.testing.assert_close(push_pull(plain * known, known), plain)


def test_a_hole_goes_over_from_one_side_to_the_other() -> None:
    image = torch.zeros(1, 1, 32, 32)
    image[..., 24:] = 1
    known = torch.ones_like(image)
    known[..., 8:24] = 0
    row = push_pull(image, known)[0, 0, 16]
    assert (row.diff() >= -0.02).all()
    assert row[9] < 0.3 < 0.7 < row[22]


def test_what_is_unknown_is_not_read_and_nothing_known_gives_zero() -> None:
    known = torch.ones(1, 1, 8, 8)
    known[..., 2:5, 2:5] = 0
    image = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(push_pull(image, known), push_pull(torch.where(known > 0, image, 9.0), known))
    assert push_pull(image, torch.zeros_like(known)).abs().max() == 0
