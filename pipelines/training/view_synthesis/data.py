"""What the view-synthesis generator is trained on: rendered objects from any side, with true depths and flows.

B samples (a source and a target view each), V views of an object, H = W image size; angles in degrees.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

import torch
import torch.nn.functional as F
from torch import Tensor

from models.errors import InputError
from models.generators.view import WHITE
from pipelines.synthetic.objects import Views, render, sample_objects
from pipelines.synthetic.rendering.noise import chance, normal, uniform
from pipelines.training.data.augmentation import subset

HIGHEST = 20.0  # degrees of elevation
SOFT = 0.4  # size of the picture that is enlarged again, in parts


@dataclass(frozen=True)
class Recipe:
    """Shape of the data and weights of the losses; the defaults train the generator that is to be shipped.

    Objects of the `category` are rendered from `views` sides each, a share `level` of them from elevation 0; every
    ordered pair of views is a sample. They are rendered at once and trained on in chunks. The azimuth that is given for
    the source has an error of up to `azimuth_noise` degrees (standard deviation), a share `soft` of the samples has the
    sharpness of small pictures. A share `coloured` of the results is judged on another background than white, where
    what is white beside the object shows. `copy` is what it costs not to take from the source what it shows;
    `validation` is the number of unseen objects of each category.
    """

    category: str = "all"
    size: int = 256
    chunk: int = 32
    views: int = 3
    level: float = 0.6
    azimuth_noise: float = 3.0
    soft: float = 0.2
    coloured: float = 0.3
    picture: float = 5.0
    gradient: float = 5.0
    generated: float = 1.0
    warped: float = 2.0
    depth: float = 5.0
    alpha: float = 1.0
    flow: float = 0.5
    fine_flow: float = 0.05
    mask: float = 0.1
    adversarial: float = 0.1
    features: float = 1.5
    copy: float = 0.15
    adversarial_from: float = 0.8
    validation: int = 200


@dataclass
class Given:
    """What the generator is told: source picture [B, 3, H, W], its azimuth and elevation, those of the target [B]."""

    image: Tensor
    azimuth: Tensor
    elevation: Tensor
    target_azimuth: Tensor
    target_elevation: Tensor


@dataclass
class Truth:
    """What the target view is: image [B, 3, H, W] and mask [B, 1, H, W] coverage by the object; depth [B, 1, H, W] in
    diagonals, 0 beside the object; flow [B, 2, H, W] into the source and into its mirror image, and where they are true
    [B, 1, H, W]; ground [B, 3, 1, 1] the background to be judged on."""

    image: Tensor
    mask: Tensor
    depth: Tensor
    flow: Tensor
    visible: Tensor
    flow_mirrored: Tensor
    visible_mirrored: Tensor
    ground: Tensor

    @property
    def grounded(self) -> Tensor:
        """The image on its ground."""
        return self.image + (1 - self.mask) * (self.ground - WHITE)


Sample = tuple[Given, Truth]


def sample(recipe: Recipe, batch: int, generator: torch.Generator) -> Sample:
    """`batch` samples on the generator's device, in random order.

    Raises:
        InputError: the batch can't be made of whole objects.
    """
    pairs = list(permutations(range(recipe.views), 2))
    if not pairs or batch % len(pairs):
        raise InputError(f"batch {batch} must be a multiple of the {len(pairs)} pairs of {recipe.views} views")
    objects = sample_objects(category=recipe.category, batch=batch // len(pairs), generator=generator)
    azimuth = uniform(generator, batch // len(pairs), recipe.views, high=360.0)
    level = chance(generator, recipe.level, len(azimuth), 1)
    elevation = uniform(generator, *azimuth.shape, high=HIGHEST).masked_fill(level, 0.0)
    views = render(objects, azimuth, elevation, size=recipe.size)
    given, truth = zip(*(_pair(views, source, target) for source, target in pairs), strict=True)
    order = torch.randperm(batch, generator=generator, device=generator.device)
    ground = uniform(generator, batch, 3, 1, 1, low=-1.0)
    ground = torch.where(chance(generator, recipe.coloured, batch, 1, 1, 1), ground, WHITE)
    given, truth = Given(*_joined(given, order)), Truth(*_joined(truth, order), ground=ground)
    _soften(recipe, given, truth, generator)
    given.azimuth += uniform(generator, batch) * recipe.azimuth_noise * normal(generator, batch)
    return given, truth


def chunks(sample: Sample, size: int) -> Iterator[Sample]:
    """The samples in groups of `size`."""
    given, truth = sample
    for start in range(0, len(given.image), size):
        part = slice(start, start + size)
        yield (
            Given(*(each[part] for each in vars(given).values())),
            Truth(*(each[part] for each in vars(truth).values())),
        )


def _pair(views: Views, source: int, target: int) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """The fields of Given, and of Truth but the ground."""
    poses = [angle[:, view] for view in (source, target) for angle in (views.azimuth, views.elevation)]
    truth = [views.images[:, target], views.mask[:, target], views.depth(target)]
    for mirrored in (False, True):
        flow, visible, on_object = views.flow(target, source, mirrored=mirrored)
        truth += [flow, visible * on_object]
    return (views.images[:, source], *poses), tuple(truth)


def _joined(parts: Sequence[tuple[Tensor, ...]], order: Tensor) -> list[Tensor]:
    """Each field of all parts, in this order."""
    return [torch.cat(column)[order] for column in zip(*parts, strict=True)]


def _soften(recipe: Recipe, given: Given, truth: Truth, generator: torch.Generator) -> None:
    """Some samples as if made of small pictures, in place."""
    chosen = subset(generator, recipe.soft, len(given.image))
    if not len(chosen):
        return
    for part, lowest in ((given.image, -1.0), (truth.image, -1.0), (truth.mask, 0.0)):
        small = F.interpolate(part[chosen], scale_factor=SOFT, mode="bilinear", antialias=True)
        large = F.interpolate(small, size=part.shape[-2:], mode="bicubic")
        part[chosen] = large.clamp(lowest, 1.0)
