"""Metrics that compare two pictures pixel by pixel, each averaged over the pictures.

H, W: size of the pictures. Pictures go in as float64 [1, 3, H, W] in 0..1. SSIM is scikit-image's: torchmetrics' is
off by up to 2e-3 on bright pictures in float32, and in float64 the same number after 25 times as long.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from skimage.metrics import structural_similarity
from torch import Tensor
from torchmetrics.functional.regression import mean_absolute_error, mean_squared_error

from models.errors import InputError

GAUSSIAN_SIGMA, GAUSSIAN_WINDOW = 1.5, 11
UNIFORM_WINDOW = 51


class Meter(Protocol):
    """One metric in the making: fed with every pair, then asked for its value."""

    name: str
    better: str
    how: str

    def add(self, generated: Tensor, reference: Tensor) -> None: ...
    def value(self) -> float: ...


@dataclass
class Mean:
    """The mean over all pairs of what `measure` says of each."""

    name: str
    better: str
    how: str
    measure: Callable[[Tensor, Tensor], Tensor | float]
    values: list[float] = field(default_factory=list)

    def add(self, generated: Tensor, reference: Tensor) -> None:
        self.values.append(float(self.measure(generated, reference)))

    def value(self) -> float:
        return float(np.mean(self.values))


class Flicker:
    """How much the frame-to-frame change differs from the reference's; 0 if only what stands still is wrong.

    NaN for a single frame.
    """

    name, better = "flicker", "lower"
    how = "mean |(g[t] - g[t-1]) - (r[t] - r[t-1])| over frames and pixels, range 0..1"

    def __init__(self) -> None:
        self.error: Tensor | None = None
        self.changes: list[float] = []

    def add(self, generated: Tensor, reference: Tensor) -> None:
        before, self.error = self.error, generated - reference
        if before is not None:
            self.changes.append(float((self.error - before).abs().mean()))

    def value(self) -> float:
        return float(np.mean(self.changes)) if self.changes else float("nan")


def to_tensor(picture: np.ndarray) -> Tensor:
    """uint8 RGB [H, W, 3] -> float64 [1, 3, H, W] in 0..1."""
    return torch.from_numpy(np.array(picture.transpose(2, 0, 1)[None])).double() / 255


def psnr(generated: Tensor, reference: Tensor) -> float:
    """Peak signal-to-noise ratio in dB for peak 1; infinite for equal pictures.

    From torchmetrics' squared error: its own PSNR takes a logarithm in float32, which costs 2e-6 dB.
    """
    error = float(mean_squared_error(generated.flatten(), reference.flatten()))
    return -10 * math.log10(error) if error else math.inf


def l1(generated: Tensor, reference: Tensor) -> Tensor:
    """Mean absolute difference."""
    return mean_absolute_error(generated.flatten(), reference.flatten())


def mae(generated: Tensor, reference: Tensor) -> Tensor:
    """The authors' relative error: sum |g - r| over sum (g + r); 0 for two black pictures."""
    total = (generated + reference).sum()
    return (generated - reference).abs().sum() / total if total > 0 else total


def ssim(generated: Tensor, reference: Tensor, *, data_range: float = 1.0) -> float:
    """Structural similarity as published: Gaussian of sigma 1.5, only where its 11 x 11 window lies in the picture.

    Raises InputError for pictures smaller than the window.
    """
    how = {"gaussian_weights": True, "sigma": GAUSSIAN_SIGMA, "use_sample_covariance": False}
    return _similarity(generated, reference, GAUSSIAN_WINDOW, data_range=data_range, **how)


def ssim_of_prediction(generated: Tensor, reference: Tensor) -> float:
    """The authors' second SSIM: the same with the range of the generated picture in place of 1."""
    return ssim(generated, reference, data_range=float(generated.max() - generated.min()) or 1.0)


def ssim_uniform(generated: Tensor, reference: Tensor) -> float:
    """The authors' first SSIM: uniform window of 51, sample covariance, range 1. Raises InputError below 51 pixels."""
    return _similarity(generated, reference, UNIFORM_WINDOW, data_range=1.0)


def _similarity(generated: Tensor, reference: Tensor, window: int, **how: Any) -> float:
    check_size(generated, window, "SSIM's window")
    first, second = reference[0].numpy(), generated[0].numpy()
    found: Any = structural_similarity(first, second, win_size=window, channel_axis=0, **how)
    return float(found)


def check_size(picture: Tensor, least: int, what: str) -> None:
    """Raises InputError if [1, 3, H, W] is smaller than `least` pixels either way."""
    height, width = picture.shape[-2:]
    if min(height, width) < least:
        raise InputError(f"pictures of {width}x{height} are smaller than {what} of {least}: choose other --metric")
