"""Images to tensors and back: values, shapes, rounding, and what the module does without."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from pipelines.media.tensors import Rounding, image_to_tensor, normalise_pixels, quantise, tensor_to_image

LEVELS = np.arange(256, dtype=np.uint8)


def colours(*leading: int) -> np.ndarray:
    """uint8 [*leading, 4, 5, 3]."""
    return np.random.default_rng(0).integers(0, 256, (*leading, 4, 5, 3)).astype(np.uint8)


@pytest.mark.parametrize("leading", [(), (2,), (2, 3)])
def test_axes_and_values(leading: tuple[int, ...]) -> None:
    image = colours(*leading)
    tensor = image_to_tensor(image)
    assert (tensor.shape, tensor.dtype) == ((*leading, 3, 4, 5), torch.float32)
    assert tensor.is_contiguous()
    np.testing.assert_allclose(tensor[..., 1, :, :], image[..., 1] / 127.5 - 1, atol=1e-7)
    np.testing.assert_array_equal(tensor_to_image(tensor, rounding="round"), image)


def test_a_view_of_an_image_will_do() -> None:
    image = colours()
    assert torch.equal(image_to_tensor(image[:, ::-1]), image_to_tensor(image).flip(-1))


def test_the_tensor_does_not_share_memory_with_the_image() -> None:
    image = colours()
    tensor = image_to_tensor(image)
    expected = tensor.clone()
    image[:] = 0
    assert torch.equal(tensor, expected)


def test_loading_is_the_official_formula_bit_for_bit() -> None:
    official = (torch.from_numpy(LEVELS).float() / 255 - 0.5) / 0.5
    assert torch.equal(normalise_pixels(torch.from_numpy(LEVELS)), official)


def test_truncation_is_the_official_formula_bit_for_bit() -> None:
    values = torch.cat([torch.linspace(-1, 1, 100_001), torch.from_numpy(LEVELS) / 127.5 - 1])
    assert torch.equal(quantise(values, rounding="truncate"), ((values + 1) / 2 * 255).to(torch.uint8))


@pytest.mark.parametrize(("rounding", "levels"), [("truncate", [0, 127, 254, 255]), ("round", [0, 128, 255, 255])])
def test_rounding_is_as_named(rounding: Rounding, levels: list[int]) -> None:
    values = (torch.tensor([0.4, 127.9, 254.6, 255.0]) - 127.5) / 127.5
    assert quantise(values, rounding=rounding).tolist() == levels


@pytest.mark.parametrize("rounding", ["truncate", "round"])
def test_values_outside_are_clipped(rounding: Rounding) -> None:
    assert quantise(torch.tensor([-9.0, -1.001, 1.001, 9.0]), rounding=rounding).tolist() == [0, 0, 255, 255]


def test_half_precision_is_converted_in_float32() -> None:
    exact = torch.linspace(-1, 1, 99).half()
    assert torch.equal(quantise(exact, rounding="round"), quantise(exact.float(), rounding="round"))


def test_four_channels_stay_four() -> None:
    assert tensor_to_image(torch.zeros(4, 2, 6), rounding="round").shape == (2, 6, 4)


def test_neither_pyav_nor_opencv_is_needed() -> None:
    script = "import sys, pipelines.media.tensors; sys.exit(bool({'av', 'cv2'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
