"""How people are framed in training crops: where they stand, what cuts them off, and where the picture ends.

`keypoints.crops` calls it and draws what is decided here.

Legend: B batch, K = 17 COCO joints, H = W crop size.
"""

from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor

from pipelines.keypoints.layouts import COCO17_FLIP
from pipelines.synthetic.rendering.noise import chance, normal, pick, uniform
from pipelines.training.data.augmentation import place, swap_sides
from pipelines.training.data.cutouts import CutoutConfig, Cutouts

# Rows of `CropConfig.framing`, and of `CropConfig.cut`.
FOLLOWED, FAR, CLOSE, CUT_OFF = range(4)
BY_CROP, BY_PICTURE, BY_FURNITURE = range(3)
FURNITURE_TOP = (0.45, 1.0)  # row of furniture in front of people who are not cut off, in parts of the crop
INSET = 0.25  # parts of the crop by which the picture may end before it
INSET_SIDES = 0.4  # chance of each side of a picture that ends in the crop
CUT_HEIGHT = (0.3, 0.85)  # visible part of people who are cut off, from the eyes down, of their height to the ankles
# Part of the crop that people take who are cut off, and those behind furniture, of whom detectors expect more below.
CUT_SHARE, BEHIND_SHARE = (0.7, 1.1), (0.4, 0.9)
CROWN = 0.1  # of hair and forehead above the joints, in parts of their height


@dataclass(frozen=True)
class CropConfig(CutoutConfig):
    """What the crops look like. Fractions are of the crops of a batch, unless said otherwise."""

    size: int = 256
    """Height and width of the crops, in pixels."""
    keep: int = 4
    """Renderings of the same people."""
    renew: int = 4
    """Batches between two renderings."""
    pool: int = 12
    """Renderings from which a batch is drawn."""
    framing: tuple[float, float, float, float] = (0.44, 0.12, 0.12, 0.32)
    """Weights of how the person is framed: as a detector that follows it does, far, close, cut off."""
    cut: tuple[float, float, float] = (0.3, 0.4, 0.3)
    """Weights of what cuts people off between chest and ankles: edge of the crop, edge of the picture, furniture."""
    usual: tuple[float, float] = (0.64, 0.98)
    """Part of the crop that a followed person takes, as a range."""
    beside: float = 0.45
    """Fraction with another person behind; half of it have one more."""
    before: float = 0.2
    """Fraction with another person in front."""
    occluder: float = 0.25
    """Fraction with each of two things in front."""
    furniture: float = 0.1
    """Fraction of those who are not cut off with furniture in front."""
    framed: float = 0.25
    """Fraction in which the picture ends before the crop; beyond it is grey."""
    clutter: float = 0.35
    """Fraction with each of six things behind."""
    nobody: float = 0.05
    """Fraction without any person."""
    small: float = 0.12
    """Fraction from pictures in which the person is three times smaller than in the crop."""
    worn: float = 0.85
    """Fraction that went through a camera and a codec."""
    restyled: float = 0.2
    """Fraction with each of five random looks: filters, hues, tones, low light, motion blur."""


def detector_crops(config: CropConfig) -> CropConfig:
    """The crops of a detector that follows one person through an ordinary place: little clutter, fair images."""
    return replace(
        config, framing=(1.0, 0.0, 0.0, 0.0), usual=(0.76, 0.92), beside=0.15, before=0.0, occluder=0.03, furniture=0.0,
        framed=0.0, clutter=0.15, nobody=0.0, small=0.0, worn=0.5, restyled=0.0, athletic=0.0,
    )  # fmt: skip


@dataclass
class Framing:
    """People in their crops, and what is in front of them."""

    scale: Tensor
    """[B] from pixels of the cutout to pixels of the crop."""
    centre: Tensor
    """[B, 2] of the part that is framed, x, y in pixels."""
    joints: Tensor
    """[B, K, 2] in pixels."""
    seen: Tensor
    """Which joints are visible [B, K], bool."""
    layers: Tensor
    """Colours times coverage and coverage [B, 4, H, W]."""
    furniture: Tensor
    """[B] row down from which furniture is in front, infinite for none."""
    picture: Tensor
    """[B, 4] first and last column, first and last row in which there is a picture."""


def frame_people(config: CropConfig, people: Cutouts, generator: Generator) -> Framing:
    """Places the people whose joints are labels."""
    batch, size = len(people), config.size
    kind, cut = pick(generator, config.framing, batch), pick(generator, config.cut, batch)
    low, high = people.joints.amin(1), people.joints.amax(1)
    tall = high[:, 1] - low[:, 1]
    kinds = config.usual, (0.33, config.usual[0]), (0.98, 1.35), CUT_SHARE, BEHIND_SHARE
    row = torch.where((kind == CUT_OFF) & (cut == BY_FURNITURE), CUT_OFF + 1, kind)
    bounds = torch.tensor(kinds, device=kind.device)[row]
    share = torch.lerp(bounds[:, 0], bounds[:, 1], uniform(generator, batch))
    cut_off = kind == CUT_OFF
    part = torch.where(cut_off, uniform(generator, batch, low=CUT_HEIGHT[0], high=CUT_HEIGHT[1]), 1.0)
    box = torch.stack([high[:, 0] - low[:, 0], (part + CROWN * cut_off) * tall], -1)  # [B, 2]
    scale = share * size / (1.15 * box.amax(1))
    source = torch.stack([(low + high)[:, 0] / 2, low[:, 1] - CROWN * cut_off * tall + box[:, 1] / 2], -1)
    free = (1 - share).clamp(min=0.12, max=0.35)[:, None]
    centre = (size - 1) / 2 + uniform(generator, batch, 2, low=-0.5, high=0.5) * free * size
    half = box[:, 1] * scale / 2
    centre[:, 1] = torch.where(cut_off & (cut == BY_CROP), size - half, centre[:, 1])
    angle = normal(generator, batch) * 0.14
    turned = chance(generator, 0.06, batch) & ~cut_off
    angle = torch.where(turned, uniform(generator, batch, low=-1.7, high=1.7), angle)
    mirrored = chance(generator, 0.5, batch)
    placement = place(scale, angle, mirrored, source, centre)
    edge = torch.where(cut_off, centre[:, 1] + half, torch.inf)
    return Framing(
        scale=scale,
        centre=centre,
        joints=swap_sides(placement.points(people.joints), mirrored, COCO17_FLIP),
        seen=swap_sides(people.seen, mirrored, COCO17_FLIP),
        layers=placement.warp(people.layers, size),
        furniture=_place_furniture(config, edge, cut, generator),
        picture=_end_pictures(config, torch.where(cut == BY_PICTURE, edge, torch.inf), generator),
    )


def _place_furniture(config: CropConfig, edge: Tensor, cut: Tensor, generator: Generator) -> Tensor:
    """`Framing.furniture` of people who are cut off at the row `edge` [B], infinite for those who aren't."""
    whole = edge == torch.inf
    anywhere = config.size * uniform(generator, len(edge), low=FURNITURE_TOP[0], high=FURNITURE_TOP[1])
    row = torch.where(whole & chance(generator, config.furniture, len(edge)), anywhere, torch.inf)
    return torch.where(~whole & (cut == BY_FURNITURE), edge, row)


def _end_pictures(config: CropConfig, edge: Tensor, generator: Generator) -> Tensor:
    """`Framing.picture` where the last row is `edge` [B] at most."""
    batch, size = len(edge), config.size
    ends = chance(generator, config.framed, batch, 1) & chance(generator, INSET_SIDES, batch, 4)
    inset = size * INSET * uniform(generator, batch, 4) * ends
    far = size - 1 - inset[:, 2:]
    return torch.stack([inset[:, 0], far[:, 0], inset[:, 1], torch.minimum(far[:, 1], edge)], -1)
