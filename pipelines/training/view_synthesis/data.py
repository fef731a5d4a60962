"""Training data of the view-synthesis generator: rendered objects from two sides, with true depths and flows.

`draw_pairs` makes a batch; the recipe's numbers are in `Recipe`.

Legend: B samples (a source and a target view each), V views of an object, H = W image size. Images are in [-1, 1],
cameras as in `models.turning`, angles in degrees, flows in pixels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

import torch
import torch.nn.functional as F
from torch import Tensor

from models.errors import InputError
from models.generators.view import WHITE
from models.turning import Camera
from pipelines.synthetic.objects import Views, render, sample_objects
from pipelines.synthetic.objects.cameras import sample_cameras
from pipelines.synthetic.objects.classes import CLASSES
from pipelines.synthetic.rendering.noise import chance, normal, uniform
from pipelines.training.data.augmentation import compress, subset
from pipelines.training.data.object_sampler import SampleObjects

UNKNOWN = -1  # number of a kind that is not given
SOFT_SCALE = 0.4  # size to which soft samples are reduced before they are enlarged again


@dataclass(frozen=True)
class Recipe:
    """Shape of the data and weights of the losses; the defaults trained the shipped generator.

    Every ordered pair of an object's views is a sample.
    """

    category: str = "any"
    """What is rendered: a class, all classes, or any object, which may be of no class."""
    without: tuple[str, ...] = ()
    """Styles of objects that are never drawn, separated by commas; the validation measures them by themselves."""
    size: int = 256
    """Height and width of the images, in pixels."""
    chunk: int = 32
    """Samples per update; the whole batch is rendered at once."""
    views: int = 3
    """Views of each object."""
    level: float = 0.35
    """Fraction of the objects that are seen from elevation 0; the others from -10 to 40 degrees."""
    turning: float = 0.7
    """Fraction of those others whose views have one elevation."""
    varied: float = 0.25
    """Fraction of the objects whose views have different distances and scales."""
    unknown: float = 0.15
    """Fraction of the objects whose kind is not given; their azimuths count from the source's."""
    azimuth_noise: float = 3.0
    """Largest standard deviation of the azimuth that is given for the source, in degrees; a sample's own is uniform."""
    elevation_noise: float = 2.0
    """The same of the elevation of both views."""
    nearness_noise: float = 0.08
    """The same of 1 / distance of both views, in diagonals of the object."""
    scale_noise: float = 0.04
    """The same of the logarithm of the scale of both views."""
    soft: float = 0.2
    """Fraction of the samples that are as soft as enlarged images."""
    compressed: float = 0.15
    """Fraction of the sources that went through a codec; what is generated should not look so."""
    coloured: float = 0.3
    """Fraction of the samples whose result is judged on a coloured background, where white fringes show."""
    picture: float = 5.0
    """Weight of the L1 distance of the result."""
    gradient: float = 5.0
    """Weight of the distance of the result's gradients."""
    generated: float = 1.0
    """Weight of the L1 distance of what the generator made before copying."""
    warped: float = 2.0
    """Weight of the L1 distance of the warped sources where they show the target."""
    depth: float = 5.0
    """Weight of the depth's error, in diagonals of the object."""
    alpha: float = 1.0
    """Weight of the coverage's error."""
    flow: float = 0.5
    """Weight of the flows' error, in pixels of their own maps."""
    fine_flow: float = 0.05
    """Weight of the full-resolution flows' error, in pixels."""
    mask: float = 0.1
    """Weight of the attention masks' error."""
    adversarial: float = 0.1
    """Weight of the adversarial loss."""
    features: float = 1.5
    """Weight of the distance of the discriminator's features."""
    copy: float = 0.15
    """Weight of the penalty for generating what the source shows."""
    adversarial_from: float = 0.8
    """Fraction of the run at which the adversarial losses start; above 1: never."""
    validation: int = 200
    """Number of held-out objects of each category."""


@dataclass
class Inputs:
    """What the generator gets."""

    image: Tensor
    """The source [B, 3, H, W]."""
    source: Tensor
    """The source's camera [B, 4], about right: `Camera.stack`."""
    target: Tensor
    """The target's camera [B, 4]."""
    kind: Tensor
    """Number of the object's class in `CLASSES` [B], or `UNKNOWN`."""

    def tensors(self) -> tuple[Tensor, ...]:
        """The fields in order."""
        return tuple(vars(self).values())


@dataclass
class Truth:
    """What the target view is, and where the source shows it."""

    image: Tensor
    """The target on white [B, 3, H, W]."""
    mask: Tensor
    """Coverage by the object [B, 1, H, W], 0 to 1."""
    depth: Tensor
    """[B, 1, H, W] in diagonals of the object, in front of its middle; 0 beside the object."""
    flow: Tensor
    """Flow into the source [B, 2, H, W]."""
    visible: Tensor
    """Where the source shows the target's object [B, 1, H, W], 0 or 1."""
    flow_mirrored: Tensor
    """Flow into the source's mirror image [B, 2, H, W]."""
    visible_mirrored: Tensor
    """Where the mirror image shows the target's object [B, 1, H, W], 0 or 1."""
    background: Tensor
    """Colour on which the result is judged [B, 3, 1, 1]."""

    def tensors(self) -> tuple[Tensor, ...]:
        """The fields in order."""
        return tuple(vars(self).values())

    def on_background(self) -> Tensor:
        """The image on its background [B, 3, H, W]."""
        return self.image + (1 - self.mask) * (self.background - WHITE)


@dataclass
class ViewPairs:
    """A training batch."""

    inputs: Inputs
    truth: Truth

    def chunks(self, size: int) -> Iterator["ViewPairs"]:
        """The samples in groups of `size`."""
        for start in range(0, len(self.inputs.image), size):
            part = slice(start, start + size)
            inputs, truth = ([tensor[part] for tensor in each.tensors()] for each in (self.inputs, self.truth))
            yield ViewPairs(Inputs(*inputs), Truth(*truth))


def join(parts: Sequence[ViewPairs]) -> ViewPairs:
    """All samples of the parts, in their order."""
    inputs = zip(*(part.inputs.tensors() for part in parts), strict=True)
    truth = zip(*(part.truth.tensors() for part in parts), strict=True)
    return ViewPairs(Inputs(*map(torch.cat, inputs)), Truth(*map(torch.cat, truth)))


def number_classes(names: Sequence[str], device: torch.device) -> Tensor:
    """Numbers [B] of the classes in `CLASSES`, those of others `UNKNOWN`."""
    known = list(CLASSES)
    return torch.tensor([known.index(name) if name in known else UNKNOWN for name in names], device=device)


def pair_views(recipe: Recipe, batch: int) -> list[tuple[int, int]]:
    """Numbers of the source and the target view of each sample of an object.

    Raises:
        InputError: the batch is not a multiple of them.
    """
    pairs = list(permutations(range(recipe.views), 2))
    if not pairs or batch % len(pairs):
        raise InputError(f"--batch {batch}: must be a multiple of the {len(pairs)} pairs of {recipe.views} views")
    return pairs


def draw_pairs(
    recipe: Recipe, batch: int, generator: torch.Generator, sample: SampleObjects = sample_objects
) -> ViewPairs:
    """`batch` rendered samples on the generator's device, in random order; `sample` puts the objects together.

    Raises:
        InputError: see `pair_views`.
    """
    pairs = pair_views(recipe, batch)
    count = batch // len(pairs)
    objects = sample(category=recipe.category, batch=count, generator=generator, without=recipe.without)
    how = {"level": recipe.level, "turning": recipe.turning, "varied": recipe.varied}
    views = render(objects, sample_cameras(count, recipe.views, generator, **how), size=recipe.size)
    kind = _choose_kinds(recipe, objects.classes, generator)
    columns = zip(*(_pair_views(views, kind, source, target) for source, target in pairs), strict=True)
    order = torch.randperm(batch, generator=generator, device=generator.device)
    background = uniform(generator, batch, 3, 1, 1, low=-1.0)
    background = torch.where(chance(generator, recipe.coloured, batch, 1, 1, 1), background, WHITE)
    inputs, truth = (_join(column, order) for column in columns)
    drawn = ViewPairs(Inputs(*inputs), Truth(*truth, background=background))
    _soften(recipe, drawn, generator)
    drawn.inputs.image = 2 * compress((drawn.inputs.image + 1) / 2, generator, share=recipe.compressed) - 1
    _misjudge_cameras(recipe, drawn.inputs, generator)
    return drawn


def _choose_kinds(recipe: Recipe, classes: Sequence[str], generator: torch.Generator) -> Tensor:
    """The kinds [B] that are given for objects of these classes."""
    kind = number_classes(classes, generator.device)
    return kind.masked_fill(chance(generator, recipe.unknown, len(classes)), UNKNOWN)


def _pair_views(views: Views, kind: Tensor, source: int, target: int) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """The fields of Inputs, and those of Truth but the background.

    The azimuth of an object of unknown kind counts from the source's; where the mirror image shows it nobody knows.
    """
    unknown = kind == UNKNOWN
    front = torch.where(unknown, views.camera.azimuth[:, source], 0.0)
    cameras = (views.camera[:, view] for view in (source, target))
    given = (replace(camera, azimuth=camera.azimuth - front).stack() for camera in cameras)
    truth = [views.images[:, target], views.mask[:, target], views.depth(target)]
    for mirrored in (False, True):
        flow, visible, on_object = views.flow(target, source, mirrored=mirrored)
        if mirrored:
            on_object = on_object * ~unknown[:, None, None, None]
        truth += [flow, visible * on_object]
    return (views.images[:, source], *given, kind), tuple(truth)


def _misjudge_cameras(recipe: Recipe, inputs: Inputs, generator: torch.Generator) -> None:
    """Give cameras as they are estimated, in place; both views of a sample have the same error, but for the azimuth."""
    noise = (recipe.azimuth_noise, recipe.elevation_noise, recipe.nearness_noise, recipe.scale_noise)
    size = len(inputs.source), len(noise)
    error = uniform(generator, *size) * inputs.source.new_tensor(noise) * normal(generator, *size)
    _, *same = error.unbind(1)
    for given, azimuth in ((inputs.source, error[:, 0]), (inputs.target, 0.0)):
        camera = Camera.unstack(given)
        moved = Camera(
            camera.azimuth + azimuth,
            camera.elevation + same[0],
            (camera.nearness + same[1]).clamp(min=0),
            camera.scale * same[2].exp(),
        )
        given.copy_(moved.stack())


def _join(parts: Sequence[tuple[Tensor, ...]], order: Tensor) -> list[Tensor]:
    """Each field of all parts, in this order."""
    return [torch.cat(column)[order] for column in zip(*parts, strict=True)]


def _soften(recipe: Recipe, sample: ViewPairs, generator: torch.Generator) -> None:
    """Reduce and enlarge some samples, in place."""
    inputs, truth = sample.inputs, sample.truth
    chosen = subset(generator, recipe.soft, len(inputs.image))
    if not len(chosen):
        return
    for part, lowest in ((inputs.image, -1.0), (truth.image, -1.0), (truth.mask, 0.0)):
        small = F.interpolate(part[chosen], scale_factor=SOFT_SCALE, mode="bilinear", antialias=True)
        large = F.interpolate(small, size=part.shape[-2:], mode="bicubic")
        part[chosen] = large.clamp(lowest, 1.0)
