"""Metrics that compare two pictures, and meters that take many pairs.

Called by `pipelines.evaluation.protocols` and `pipelines.object_views.comparison`.
H, W: height and width of the pictures, which go in as float64 RGB [1, 3, H, W] in 0..1; `generated` comes first. SSIM
is scikit-image's: torchmetrics' is off by up to 2e-3 on bright pictures in float32, and in float64 it takes 25 times as
long for the same number.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from models.errors import InputError

GAUSSIAN_SIGMA = 1.5  # pixels
GAUSSIAN_WINDOW, UNIFORM_WINDOW = 11, 51  # pixels
Measure = Callable[[Tensor, Tensor], Tensor | float]


class Meter(Protocol):
    """A metric that is given one pair of pictures after the other, and then asked for its value."""

    name: str
    better: str
    """Which values are better: lower or higher."""
    how: str
    """The convention it is computed by."""

    def add(self, generated: Tensor, reference: Tensor) -> None: ...
    def value(self) -> float: ...
    def notes(self) -> list[str]:
        """What the value alone would hide, one line each."""
        ...


@dataclass
class MeanMeter:
    """The mean of what `measure` returns for each pair."""

    name: str
    better: str
    how: str
    measure: Measure
    values: list[float] = field(default_factory=list)

    def add(self, generated: Tensor, reference: Tensor) -> None:
        self.values.append(float(self.measure(generated, reference)))

    def value(self) -> float:
        return float(np.mean(self.values))

    def notes(self) -> list[str]:
        """See `Meter.notes`."""
        infinite = sum(map(math.isinf, self.values))
        if not 0 < infinite < len(self.values):
            return []
        others = float(np.mean([value for value in self.values if math.isfinite(value)]))
        return [
            f"{self.name} is infinite because {infinite} of {len(self.values)} pairs are equal; "
            f"the mean of the others is {others:.4g}"
        ]


class FlickerMeter:
    """How much the changes from frame to frame differ from those of the reference; a constant error costs nothing.

    The value of a single frame is NaN.
    """

    name, better = "flicker", "lower"
    how = "mean |(g[t] - g[t-1]) - (r[t] - r[t-1])| over frames and pixels, range 0..1"

    def __init__(self) -> None:
        self.error: Tensor | None = None
        self.changes: list[float] = []

    def add(self, generated: Tensor, reference: Tensor) -> None:
        previous, self.error = self.error, generated - reference
        if previous is not None:
            self.changes.append(float((self.error - previous).abs().mean()))

    def value(self) -> float:
        return float(np.mean(self.changes)) if self.changes else float("nan")

    def notes(self) -> list[str]:
        """See `Meter.notes`."""
        return []


def to_tensor(picture: np.ndarray) -> Tensor:
    """uint8 RGB [H, W, 3] -> float64 [1, 3, H, W] in 0..1."""
    return torch.from_numpy(np.array(picture.transpose(2, 0, 1)[None])).double() / 255


def psnr(generated: Tensor, reference: Tensor) -> float:
    """Peak signal-to-noise ratio in dB for a peak of 1; infinite for equal pictures."""
    error = float(_difference(generated, reference).square().mean())
    return -10 * math.log10(error) if error else math.inf


def l1(generated: Tensor, reference: Tensor) -> Tensor:
    """Mean absolute difference."""
    return _difference(generated, reference).abs().mean()


def mae(generated: Tensor, reference: Tensor) -> Tensor:
    """The authors' relative error, sum |g - r| / sum (g + r); 0 for two black pictures."""
    total = (generated + reference).sum()
    return (generated - reference).abs().sum() / total if total > 0 else total


def ssim(generated: Tensor, reference: Tensor, *, data_range: float = 1.0) -> float:
    """Structural similarity as published (Wang et al. 2004): Gaussian window of sigma 1.5.

    The mean is taken where the window of 11 x 11 pixels is inside the picture. Raises InputError for pictures that are
    smaller than the window.
    """
    how = {"gaussian_weights": True, "sigma": GAUSSIAN_SIGMA, "use_sample_covariance": False}
    return _compute_ssim(generated, reference, GAUSSIAN_WINDOW, data_range=data_range, **how)


def ssim_of_prediction(generated: Tensor, reference: Tensor) -> float:
    """The authors' second SSIM: `ssim` with the range of the generated picture instead of 1."""
    return ssim(generated, reference, data_range=float(generated.max() - generated.min()) or 1.0)


def ssim_uniform(generated: Tensor, reference: Tensor) -> float:
    """The authors' first SSIM: uniform window of 51 x 51 pixels, sample covariance, range 1.

    Raises InputError for pictures that are smaller than the window.
    """
    return _compute_ssim(generated, reference, UNIFORM_WINDOW, data_range=1.0)


def check_size(picture: Tensor, least: int, what: str) -> None:
    """Raises InputError if a picture [1, 3, H, W] has a side of less than `least` pixels; `what` needs them."""
    height, width = picture.shape[-2:]
    if min(height, width) < least:
        raise InputError(f"pictures of {width}x{height} are smaller than {what} of {least}: choose other metrics")


def _difference(generated: Tensor, reference: Tensor) -> Tensor:
    """[3 * H * W], flat so that the order of summation does not depend on the layout in memory."""
    return (generated - reference).flatten()


def _compute_ssim(generated: Tensor, reference: Tensor, window: int, **how: Any) -> float:
    from skimage.metrics import structural_similarity  # here, so that training can use the rest without scikit-image

    check_size(generated, window, "SSIM's window")
    first, second = reference[0].numpy(), generated[0].numpy()
    found: Any = structural_similarity(first, second, win_size=window, channel_axis=0, **how)
    return float(found)
