"""Viewpoint network: an object on white in; from where it is seen, what it is and where its middle lies out.

The object's longer side fills `FILL` of the picture and is in the middle of it, as far as it could be cut out. A frame
[B,3] is the square in which view synthesis wants the object: x, y of its middle from the picture's middle, and the
logarithm of its side, all in parts of the picture's side.
B batch, H = W size of the picture, N bins of the azimuth. Angles are in degrees.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.layers import EncoderBlock, activation

KINDS = ("car", "chair", "other")
FILL = 0.8
REACH = 20.0  # degrees: an estimate counts as right within these


@dataclass(frozen=True)
class ViewpointConfig:
    """Size of the network; `widths` are the channels at 1/2, 1/4, ... of the picture, `size` pixels it is made for."""

    widths: tuple[int, ...] = (24, 48, 96, 128, 192)
    hidden: int = 192
    bins: int = 72
    size: int = 128


@dataclass(frozen=True)
class Answer:
    """Logits of the azimuth's bins [B,N] (bin n is n * 360 / N degrees) and of `KINDS` [B,3]; elevation [B]; frame."""

    azimuth: Tensor
    kind: Tensor
    elevation: Tensor
    frame: Tensor


@dataclass(frozen=True)
class Estimate:
    """azimuth [B] in 0..360, confidence [B] that it is right to `REACH` degrees, elevation [B], kinds [B,3] chances of
    `KINDS`, frame [B,3]."""

    azimuth: Tensor
    confidence: Tensor
    elevation: Tensor
    kinds: Tensor
    frame: Tensor


class ViewpointNetwork(nn.Module):
    """Convolutions down to 1/32, and a small perceptron on the mean of what is left."""

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

    def forward(self, image: Tensor) -> Answer:
        """Image [B,3,H,W] in [-1, 1], H = W = the config's size -> Answer."""
        found = self.head(self.down(image)).float().split([self.config.bins, len(KINDS), 1, 3], 1)
        azimuth, kind, elevation, frame = found
        return Answer(azimuth, kind, 10 + 10 * elevation[:, 0], 0.1 * frame)


def decode(answer: Answer) -> Estimate:
    """The most likely azimuth: of all arcs of twice `REACH` the one with the largest chance, and its mean direction."""
    chances = answer.azimuth.softmax(1)
    bins = chances.shape[1]
    reach = round(REACH * bins / 360)
    arcs = F.pad(chances[:, None], (reach, reach), mode="circular").unfold(2, 2 * reach + 1, 1)[:, 0]  # [B,N,2r+1]
    confidence, middle = arcs.sum(-1).max(1)
    inside = arcs.gather(1, middle[:, None, None].expand(-1, 1, 2 * reach + 1))[:, 0]
    offset = torch.arange(-reach, reach + 1, device=chances.device, dtype=chances.dtype)
    azimuth = (middle + (inside * offset).sum(1) / confidence) * (360 / bins)
    return Estimate(azimuth % 360, confidence, answer.elevation, answer.kind.softmax(1), answer.frame)


def azimuth_target(azimuth: Tensor, bins: int, spread: float) -> Tensor:
    """Degrees [B] -> [B,N] chances of the bins that fall off as a von Mises density; `spread` in degrees."""
    middle = torch.arange(bins, device=azimuth.device) * (360 / bins)
    closeness = (azimuth[:, None] - middle).deg2rad().cos() / torch.tensor(spread).deg2rad().item() ** 2
    return closeness.softmax(1)


def angle_between(first: Tensor, second: Tensor) -> Tensor:
    """Degrees of any shape -> how far they are apart, 0..180."""
    return ((first - second + 180) % 360 - 180).abs()
