"""Training pictures of the keypoint network: rendered people pasted, turned and worn on cluttered square crops.

Legend: B batch, S source size, H = W crop size, K = 17 COCO joints. Pictures are [B, 3, H, W] in [0, 1] here.
"""

from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor

from pipelines.keypoints.layouts import COCO17_FLIP
from pipelines.synthetic.backgrounds import random_shape
from pipelines.synthetic.clips import ClipConfig, Scene, sample_scene
from pipelines.synthetic.noise import (
    chance,
    column,
    gaussian_blur,
    natural_noise,
    normal,
    pick,
    pixel_grid,
    uniform,
)  # fmt: skip
from pipelines.synthetic.palettes import cloth_colours, skin_tones
from pipelines.synthetic.skeleton import Frames, rotation_about
from pipelines.training.augment import degrade, place, swap_sides


@dataclass(frozen=True)
class CropConfig:
    """What the crops look like.

    size: of the crops; source: of the rendered people before they are scaled; poses: pictures drawn of each person;
    uses: crops made of each picture; keep: batches drawn of the same people; beside, before: chance that another person
    stands behind or in front; occluder: chance of each of two things in front; clutter: chance of each of six things
    behind; any_heading: chance that a person is turned by any angle; else its heading is the motion's, mostly frontal.
    """

    size: int = 256
    source: int = 256
    supersample: int = 2
    poses: int = 2
    uses: int = 2
    keep: int = 4
    texture_size: int = 128
    beside: float = 0.4
    before: float = 0.15
    occluder: float = 0.22
    clutter: float = 0.4
    any_heading: float = 0.55
    worn: bool = True


@dataclass
class Cutouts:
    """Rendered people on nothing: colours times coverage [B, 3, S, S], coverage [B, 1, S, S], joints [B, K, 2] pixels,
    seen [B, K] bool; backgrounds [B, 3, S, S] to put them on."""

    colours: Tensor
    coverage: Tensor
    joints: Tensor
    seen: Tensor
    backgrounds: Tensor

    def repeated(self, times: int, count: int) -> "Cutouts":
        """Each person `times` times in a row, `count` in all."""
        return Cutouts(*(tensor.repeat_interleave(times, 0)[:count] for tensor in vars(self).values()))

    def rolled(self, shift: int) -> "Cutouts":
        """The same people, in other places of the batch."""
        return Cutouts(*(tensor.roll(shift, 0) for tensor in vars(self).values()))


class Crops:
    """An endless stream of batches; people and places are drawn anew every `config.keep` batches."""

    def __init__(self, config: CropConfig, batch: int, generator: Generator) -> None:
        self.config, self.batch, self.generator = config, batch, generator
        self.drawn = 0
        self.scene: Scene | None = None

    def next(self) -> tuple[Tensor, Tensor]:
        """One batch as of `sample_crops`."""
        if self.scene is None or self.drawn % self.config.keep == 0:
            self.scene = draw_scene(self.config, self.batch, self.generator)
        self.drawn += 1
        return compose(self.config, render_cutouts(self.config, self.scene, self.generator), self.batch, self.generator)


def sample_crops(config: CropConfig, batch: int, generator: Generator) -> tuple[Tensor, Tensor]:
    """Draws training pictures.

    Returns:
        images [B, 3, H, W] in [-1, 1]; keypoints [B, K, 3]: x, y in pixels and a weight: 1 seen, 0.5 hidden behind
        something, 0 outside of the picture.
    """
    return Crops(config, batch, generator).next()


def compose(config: CropConfig, people: "Cutouts", batch: int, generator: Generator) -> tuple[Tensor, Tensor]:
    """Crops with `people` put on backgrounds, behind and in front of others; see `sample_crops`."""
    people = people.repeated(config.uses, batch)
    same = config.poses * config.uses
    image = _background(people.backgrounds, config.size, generator)
    image, _ = _things(image, (0.3, 0.25, 0.2, 0.15, 0.12, 0.1), config.clutter, generator)
    scale, centre, joints, layer = _labelled(config, people, generator)
    neighbour = _neighbour(config, people.rolled(same), scale, centre, config.beside, 0.12, generator)
    image = _over(image, *_toned(neighbour, generator))
    image = image * (1 - _contact_shadow(layer[1], generator))
    image = _over(image, *_toned(layer, generator))
    front = _neighbour(config, people.rolled(2 * same), scale, centre, config.before, 0.3, generator)
    image = _over(image, *_toned(front, generator))
    image, covered = _things(image, (0.32, 0.2), config.occluder, generator)
    covered = torch.maximum(covered, front[1])
    weight = _weights(joints, people.seen, covered, config.size)
    if config.worn:
        image = degrade(image, generator)
    return image * 2 - 1, torch.cat([joints, weight[..., None]], -1)


def draw_scene(config: CropConfig, batch: int, generator: Generator) -> Scene:
    """People in motion, enough for `batch` crops."""
    clips = ClipConfig(
        height=config.source, width=config.source, length=25, fps=5.0, fill=(0.8, 0.86), shift=0.0,
        texture_size=config.texture_size, supersample=config.supersample, shadow=0.0,
    )  # fmt: skip
    return sample_scene(clips, batch=-(-batch // (config.poses * config.uses)), generator=generator)


def render_cutouts(config: CropConfig, scene: Scene, generator: Generator) -> Cutouts:
    """Renders every person of the scene in `config.poses` poses, seen from any side."""
    times = torch.randint(
        0, scene.config.length, (len(scene.gamma), config.poses), generator=generator, device=generator.device
    )
    turned = _turned(scene, config.any_heading, generator)
    clip = replace(scene, frames=turned, background=torch.zeros_like(scene.background)).render(times)
    return Cutouts(
        (clip.images.flatten(0, 1) + 1) / 2,
        clip.mask.flatten(0, 1),
        clip.coco.flatten(0, 1),
        clip.coco_visible.flatten(0, 1),
        scene.background.repeat_interleave(config.poses, 0),
    )


def _turned(scene: Scene, share: float, generator: Generator) -> Frames:
    """The motion seen from a random side, for a `share` of the frames; people stay where they are."""
    frames = scene.frames
    angle = uniform(generator, *frames.origin.shape[:2], low=-torch.pi, high=torch.pi)
    turn = rotation_about(1, angle * chance(generator, share, *angle.shape))[:, :, None]
    pelvis = frames.origin[:, :, :1]
    return Frames(turn @ frames.rotation, (turn @ (frames.origin - pelvis)[..., None])[..., 0] + pelvis)


def _background(sources: Tensor, size: int, generator: Generator) -> Tensor:
    """Backgrounds at any zoom, place and orientation, as crops of larger pictures."""
    batch, side = len(sources), sources.shape[-1]
    scale = uniform(generator, batch, low=1.02, high=1.9) * size / side
    middle = uniform(generator, batch, 2, low=-0.5, high=0.5) * (side - size / scale)[:, None] * 0.95 + (side - 1) / 2
    target = torch.full_like(middle, (size - 1) / 2)
    mirrored = chance(generator, 0.5, batch)
    return place(scale, torch.zeros_like(scale), mirrored, middle, target).warp(sources, size)


def _labelled(
    config: CropConfig, people: Cutouts, generator: Generator
) -> tuple[Tensor, Tensor, Tensor, tuple[Tensor, Tensor]]:
    """The person that is asked for: scale [B], middle [B, 2] and joints [B, K, 2] in the crop, colours and coverage."""
    batch, size = len(people.joints), config.size
    low, high = people.joints.amin(1), people.joints.amax(1)
    extent = (high - low).amax(1) * 1.15
    kind = pick(generator, (0.5, 0.25, 0.15, 0.1), batch)
    bounds = torch.tensor([[0.6, 0.98], [0.33, 0.6], [0.98, 1.35], [1.3, 2.4]], device=kind.device)[kind]
    share = torch.lerp(bounds[:, 0], bounds[:, 1], uniform(generator, batch))
    scale = share * size / extent
    source = (low + high) / 2
    upper = people.joints[:, 5:13].mean(1) * 0.6 + people.joints[:, :5].mean(1) * 0.4
    source = torch.where((kind == 3)[:, None], upper, source)
    free = (1 - share).clamp(min=0.12, max=0.35)[:, None]
    centre = (size - 1) / 2 + uniform(generator, batch, 2, low=-0.5, high=0.5) * free * size
    angle = normal(generator, batch) * 0.14
    angle = torch.where(chance(generator, 0.06, batch), uniform(generator, batch, low=-1.7, high=1.7), angle)
    mirrored = chance(generator, 0.5, batch)
    placement = place(scale, angle, mirrored, source, centre)
    joints = swap_sides(placement.points(people.joints), mirrored, COCO17_FLIP)
    people.seen = swap_sides(people.seen, mirrored, COCO17_FLIP)
    layer = placement.warp(torch.cat([people.colours, people.coverage], 1), size)
    return scale, centre, joints, (layer[:, :3], layer[:, 3:])


def _neighbour(
    config: CropConfig, people: Cutouts, scale: Tensor, centre: Tensor, share: float, apart: float, generator: Generator
) -> tuple[Tensor, Tensor]:
    """Another person for a `share` of the crops, not larger and not nearer to the centre; colours and coverage."""
    batch, size = len(scale), config.size
    scale = scale.clamp(max=size / config.source * 1.2) * uniform(generator, batch, low=0.45, high=1.02)
    side = torch.where(chance(generator, 0.5, batch), 1.0, -1.0)
    shift = side * size * uniform(generator, batch, low=apart, high=0.6)
    target = centre + torch.stack([shift, size * uniform(generator, batch, low=-0.12, high=0.12)], -1)
    source = (people.joints.amin(1) + people.joints.amax(1)) / 2
    placement = place(scale, 0.1 * normal(generator, batch), chance(generator, 0.5, batch), source, target)
    layer = placement.warp(torch.cat([people.colours, people.coverage], 1), size)
    layer = layer * column(chance(generator, share, batch), 4)
    return layer[:, :3], layer[:, 3:]


def _toned(layer: tuple[Tensor, Tensor], generator: Generator) -> tuple[Tensor, Tensor]:
    """A layer under its own exposure and colour of light."""
    colours, coverage = layer
    gain = torch.exp(0.18 * normal(generator, len(colours), 1) + 0.05 * normal(generator, len(colours), 3))
    return (colours * column(gain, 4)).clamp(0, 1), coverage


def _over(image: Tensor, colours: Tensor, coverage: Tensor) -> Tensor:
    """A layer of colours times coverage over a picture."""
    return image * (1 - coverage) + colours


def _contact_shadow(coverage: Tensor, generator: Generator) -> Tensor:
    """Soft darkness around and below a person, [B, 1, H, W] in 0 .. 0.5."""
    batch, size = len(coverage), coverage.shape[-1]
    small = coverage[..., ::4, ::4]
    soft = gaussian_blur(small, uniform(generator, batch, low=1.0, high=5.0), max_sigma=5.0)
    shift = int(0.02 * size / 4) + 1
    soft = torch.nn.functional.interpolate(soft.roll((shift, shift), (2, 3)), size=(size, size), mode="bilinear")
    return soft * column(uniform(generator, batch, high=0.5) * chance(generator, 0.5, batch), 4)


def _things(image: Tensor, sizes: tuple[float, ...], share: float, generator: Generator) -> tuple[Tensor, Tensor]:
    """A picture with textured boxes, bars and discs, each for a `share` of the batch, and their mask [B, 1, H, W]."""
    batch, size = len(image), image.shape[-1]
    x, y = pixel_grid(size, size, image.device)
    covered = torch.zeros_like(image[:, :1])
    texture = natural_noise(batch, size, size, generator)
    for extent in sizes:
        mask = random_shape(x, y, batch, extent, generator) * column(chance(generator, share, batch), 4)
        skin = chance(generator, 0.15, batch, 1)
        fill = torch.where(skin, skin_tones(batch, generator), cloth_colours(batch, generator, neutral=0.6))
        strength = column(uniform(generator, batch, high=0.3), 4)
        fill = (column(fill, 4) * (1 + strength * texture)).clamp(0, 1)
        image, covered = torch.lerp(image, fill, mask), torch.maximum(covered, mask)
    return image, covered


def _weights(joints: Tensor, seen: Tensor, covered: Tensor, size: int) -> Tensor:
    """[B, K] weights: 1 seen, 0.5 hidden, 0 outside of the picture."""
    inside = ((joints > -0.5) & (joints < size - 0.5)).all(-1)
    nearest = joints.round().long().clamp(0, size - 1)
    rows = torch.arange(len(joints), device=joints.device)[:, None]
    hidden = (covered[rows, 0, nearest[..., 1], nearest[..., 0]] > 0.5) | ~seen
    return inside * torch.where(hidden, 0.5, 1.0)
