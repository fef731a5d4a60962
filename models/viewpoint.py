"""Viewpoint network: by which camera an image shows an object, what the object is, and where its centre is.

In: the object on white, centred, its longer side filling `FILL` of the image. Out: azimuth, elevation, nearness, kind,
and the frame: the square in which the object has the usual scale. Our addition to the paper; used by
`pipelines.object_views.viewpoint`.

A frame [B,3] is x, y of the square's centre relative to the image's centre, and the logarithm of the square's side, in
units of the image's side. B batch, H = W size of the image, N bins of the azimuth, K kinds, r reach in bins. Angles are
in degrees; cameras are as in `models.turning`. The errors of elevation and nearness are taken to have a Laplace
distribution; its scale is estimated as well, in the same units.
"""

import math
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.layers import EncoderBlock, activation

OTHER = "other"  # the kind of what is no object
USUAL_DISTANCE = 1.8  # diagonals of the object, what networks without lens say: measured best on true views
FILL = 0.8  # share of the image's side that the object's longer side fills
REACH = 20.0  # degrees: an azimuth this close to the truth counts as correct
ELEVATION_REACH = 5.0  # degrees, likewise
NEARNESS_REACH = 0.15  # likewise: between distances of 1.5 and 2 diagonals, or 4 and 10
LOG_SPREADS = (-4.0, 1.0)  # limits of the logarithm of an error's scale, in the units of the network's last layer


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

    kinds: tuple[str, ...] = ("car", "chair", OTHER)
    """Kinds that the network tells apart; the last is `OTHER`."""

    lens: bool = False
    """Whether nearness and the errors of elevation and nearness are estimated."""

    @property
    def outputs(self) -> tuple[int, ...]:
        """Channels of the last layer: azimuth, kind, elevation, frame, nearness and errors."""
        return self.bins, len(self.kinds), 1, 3, 3 * self.lens


@dataclass(frozen=True)
class ViewpointOutput:
    """What the network returns."""

    azimuth: Tensor
    """[B,N] logits of the bins; bin n is n * 360 / N degrees."""

    kind: Tensor
    """[B,K] logits of the config's kinds."""

    elevation: Tensor
    """[B] degrees."""

    frame: Tensor
    """[B,3]."""

    nearness: Tensor
    """[B], 0 for an orthographic camera."""

    spread: Tensor
    """[B,2] scales of the errors of elevation and nearness; inf if they are not estimated."""


@dataclass(frozen=True)
class ViewpointEstimate:
    """The network's output as angles and probabilities."""

    azimuth: Tensor
    """[B] degrees, 0 <= azimuth < 360."""

    confidence: Tensor
    """[B] probability that the azimuth is correct to within `REACH` degrees."""

    elevation: Tensor
    """[B] degrees."""

    elevation_confidence: Tensor
    """[B] probability that it is correct to within `ELEVATION_REACH` degrees; 0 if that is not estimated."""

    nearness: Tensor
    """[B], at least 0."""

    nearness_confidence: Tensor
    """[B] probability that it is correct to within `NEARNESS_REACH`; 0 if it is not estimated."""

    kinds: Tensor
    """[B,K] probabilities of the config's kinds."""

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
            nn.Linear(config.hidden, sum(config.outputs)),
        )

    def forward(self, image: Tensor) -> ViewpointOutput:
        """Image [B,3,H,W] in [-1, 1] of the config's size -> its viewpoint, as logits."""
        azimuth, kind, elevation, frame, lens = self.head(self.down(image)).float().split(self.config.outputs, 1)
        nearness, spread = (
            torch.full_like(elevation[:, 0], 1 / USUAL_DISTANCE),
            torch.full_like(frame[:, :2], torch.inf),
        )
        if self.config.lens:
            nearness, errors = 0.5 + 0.3 * lens[:, 0], lens[:, 1:].clamp(*LOG_SPREADS).exp()
            spread = torch.stack([10 * errors[:, 0], 0.3 * errors[:, 1]], 1)
        return ViewpointOutput(azimuth, kind, 10 + 10 * elevation[:, 0], 0.1 * frame, nearness, spread)


def mirror_answer(answer: ViewpointOutput) -> ViewpointOutput:
    """The answer to pictures whose mirror images were seen, of objects whose sides are alike."""
    azimuth = answer.azimuth.flip(1).roll(1, 1)  # bin n becomes bin -n
    frame = torch.cat([-answer.frame[:, :1], answer.frame[:, 1:]], 1)
    return replace(answer, azimuth=azimuth, frame=frame)


def join_answers(*answers: ViewpointOutput) -> ViewpointOutput:
    """Answers one after the other along the batch."""
    columns = zip(*(vars(each).values() for each in answers), strict=True)
    return ViewpointOutput(*(torch.cat(column) for column in columns))


def average_views(answer: ViewpointOutput, sizes: Tensor) -> ViewpointOutput:
    """One answer, a batch of 1, from those to the same object in squares of B sizes.

    Probabilities are averaged, and all else as it is.

    Args:
        sizes: [B] sides of the squares; their frames become relative to a square of side 1.
    """
    sizes = sizes.to(answer.frame)[:, None]  # [B,1]
    frame = torch.cat([answer.frame[:, :2] * sizes, answer.frame[:, 2:] + sizes.log()], 1)
    azimuth, kind = (logits.softmax(1).mean(0, keepdim=True).log() for logits in (answer.azimuth, answer.kind))
    means = (each.mean(0, keepdim=True) for each in (answer.elevation, frame, answer.nearness, answer.spread))
    return ViewpointOutput(azimuth, kind, *means)


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
    elevation_spread, nearness_spread = answer.spread.unbind(1)
    return ViewpointEstimate(
        azimuth=azimuth % 360,
        confidence=confidence,
        elevation=answer.elevation,
        elevation_confidence=1 - (-ELEVATION_REACH / elevation_spread).exp(),
        nearness=answer.nearness.clamp(min=0),
        nearness_confidence=1 - (-NEARNESS_REACH / nearness_spread).exp(),
        kinds=answer.kind.softmax(1),
        frame=answer.frame,
    )


def azimuth_target(azimuth: Tensor, bins: int, spread: float, folds: Tensor | int = 1) -> Tensor:
    """Training target: azimuths [B] in degrees -> probabilities [B,N] of the bins, a von Mises density.

    Args:
        spread: standard deviation of the density in degrees.
        folds: n, a number or [B]: an object that looks the same after 1 / n of a turn has n equal peaks, which run into
            one another where they are closer than their spread.
    """
    middle = torch.arange(bins, device=azimuth.device)[:, None] * (360 / bins)
    closeness = (folds * (azimuth - middle)).deg2rad().cos() / (folds * math.radians(spread)) ** 2  # [N,B]
    return closeness.softmax(0).T


def angle_between(first: Tensor, second: Tensor, folds: Tensor | int = 1) -> Tensor:
    """Smallest angle in degrees, 0..180, between two directions in degrees of any common shape.

    folds: n, a number or of that shape: directions that are 1 / n of a turn apart are the same.
    """
    half = 180 / folds
    return ((first - second + half) % (2 * half) - half).abs()
