"""Viewpoint network: from which side an image shows an object, what the object is, and where its centre is.

In: the object on white, centred, its longer side filling `FILL` of the image. Out: azimuth, elevation, kind, and the
frame: the square that view synthesis needs around the object. Our addition to the paper; used by
`pipelines.object_views.viewpoint`.

A frame [B,3] is x, y of the square's centre relative to the image's centre, and the logarithm of the square's side, in
units of the image's side. B batch, H = W size of the image, N bins of the azimuth, r reach in bins. Angles are in
degrees, as in `models.turning.camera_axes`.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.layers import EncoderBlock, activation

KINDS = ("car", "chair", "other")
FILL = 0.8  # share of the image's side that the object's longer side fills
REACH = 20.0  # degrees: an estimate this close to the truth counts as correct


@dataclass(frozen=True)
class ViewpointConfig:
    """Size of the viewpoint network."""

    widths: tuple[int, ...] = (24, 48, 96, 128, 192)
    """Channels at 1/2, 1/4, ... of the image's size."""

    hidden: int = 192
    """Channels of the hidden layer of the perceptron."""

    bins: int = 72
    """N: bin n stands for an azimuth of n * 360 / N degrees."""

    size: int = 128
    """H = W, pixels; the only image size that the network takes."""


@dataclass(frozen=True)
class ViewpointOutput:
    """What the network returns."""

    azimuth: Tensor
    """[B,N] logits of the bins; bin n is n * 360 / N degrees."""

    kind: Tensor
    """[B,3] logits of `KINDS`."""

    elevation: Tensor
    """[B] degrees."""

    frame: Tensor
    """[B,3]."""


@dataclass(frozen=True)
class ViewpointEstimate:
    """The network's output as angles and probabilities."""

    azimuth: Tensor
    """[B] degrees, 0 <= azimuth < 360."""

    confidence: Tensor
    """[B] probability that the azimuth is correct to within `REACH` degrees."""

    elevation: Tensor
    """[B] degrees."""

    kinds: Tensor
    """[B,3] probabilities of `KINDS`."""

    frame: Tensor
    """[B,3]."""


class ViewpointNetwork(nn.Module):
    """Convolutions down to 1/32 of the image's size, and a small perceptron on the flattened features."""

    def __init__(self, *, config: ViewpointConfig) -> None:
        super().__init__()
        self.config = config
        sizes = (3, *config.widths)
        self.down = nn.Sequential(
            *(EncoderBlock(inputs=a, outputs=b, norm="batch") for a, b in zip(sizes, config.widths, strict=False)),
            nn.BatchNorm2d(config.widths[-1]),
            activation(),
        )
        cells = (config.size // 2 ** len(config.widths)) ** 2
        self.head = nn.Sequential(
            nn.Flatten(),
            nn.Linear(config.widths[-1] * cells, config.hidden),
            activation(),
            nn.Linear(config.hidden, config.bins + len(KINDS) + 4),
        )

    def forward(self, image: Tensor) -> ViewpointOutput:
        """Image [B,3,H,W] in [-1, 1] of the config's size -> its viewpoint, as logits."""
        found = self.head(self.down(image)).float().split([self.config.bins, len(KINDS), 1, 3], 1)
        azimuth, kind, elevation, frame = found
        return ViewpointOutput(azimuth, kind, 10 + 10 * elevation[:, 0], 0.1 * frame)


def decode_viewpoint(answer: ViewpointOutput) -> ViewpointEstimate:
    """Turn the network's output into angles and probabilities.

    The azimuth is the mean direction of the most probable arc of REACH degrees to both sides, and the arc's
    probability is the confidence.
    """
    chances = answer.azimuth.softmax(1)
    bins = chances.shape[1]
    reach = round(REACH * bins / 360)
    arcs = F.pad(chances[:, None], (reach, reach), mode="circular").unfold(2, 2 * reach + 1, 1)[:, 0]  # [B,N,2r+1]
    confidence, middle = arcs.sum(-1).max(1)
    inside = arcs.gather(1, middle[:, None, None].expand(-1, 1, 2 * reach + 1))[:, 0]  # [B,2r+1]
    offset = torch.arange(-reach, reach + 1, device=chances.device, dtype=chances.dtype)
    azimuth = (middle + (inside * offset).sum(1) / confidence) * (360 / bins)
    return ViewpointEstimate(azimuth % 360, confidence, answer.elevation, answer.kind.softmax(1), answer.frame)


def azimuth_target(azimuth: Tensor, bins: int, spread: float) -> Tensor:
    """Training target: azimuths [B] in degrees -> probabilities [B,N] of the bins, a von Mises density.

    spread: standard deviation of the density in degrees.
    """
    middle = torch.arange(bins, device=azimuth.device) * (360 / bins)
    closeness = (azimuth[:, None] - middle).deg2rad().cos() / torch.tensor(spread).deg2rad().item() ** 2
    return closeness.softmax(1)


def angle_between(first: Tensor, second: Tensor) -> Tensor:
    """Smallest angle in degrees, 0..180, between two directions in degrees of any common shape."""
    return ((first - second + 180) % 360 - 180).abs()
