"""Training crops of the landmark network: rendered faces stretched, turned, hidden in part and degraded.

`draw_crops` makes a batch; the recipe's numbers are in `Recipe`.

Legend: B crops, K = 68 landmarks, H = W crop size. Images are [B, 3, H, W].
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor

from models.landmarks import LANDMARK_FLIP
from pipelines.synthetic.rendering.backgrounds import sample_backgrounds
from pipelines.synthetic.rendering.noise import chance, normal, pick, uniform
from pipelines.training.data.augmentation import Placement, degrade, place, subset, swap_sides
from pipelines.training.data.things import add_things
from pipelines.training.keypoints.appearance import restyle
from pipelines.training.landmarks.faces import Faces, bend, face_extent, render_faces
from pipelines.training.landmarks.hiding import continue_border, put_on_glasses

BACKGROUND_THINGS = (0.4, 0.3, 0.2, 0.15)  # sizes as fractions of the crop
FOREGROUND_THINGS = (0.35, 0.25, 0.15)
# How large the face is in the crop and how far its middle is from the crop's, as fractions of the crop, and how far it
# may be tilted, in degrees: as a crop that follows it has it, as a search finds it, and largely outside of the crop.
FOLLOWED, SEARCHED, CUT_OFF = range(3)
EXTENTS = ((0.56, 0.8), (0.3, 0.95), (0.4, 1.1))
SHIFTS = ((0.0, 0.09), (0.0, 0.25), (0.3, 0.9))
TILTS = (14.0, 45.0, 45.0)
PRESENT, ABSENT = 0.7, 0.3  # share of the landmarks in the crop from which on, and up to which, a face counts


@dataclass(frozen=True)
class Recipe:
    """Data and weights of the losses; the defaults trained the shipped network."""

    chunk: int = 256
    """Crops per update; the whole batch is rendered at once."""
    moments: int = 4
    """Pictures of every rendered person, of different moments."""
    looks: int = 4
    """Crops of every picture."""
    source: int = 320
    """Height and width at which heads are rendered, in pixels."""
    searched: float = 0.3
    """Fraction of the crops in which the face has any size and place, as in a search."""
    cut_off: float = 0.14
    """Fraction in which a part or all of the face is outside of the crop."""
    nobody: float = 0.12
    """Fraction without anybody."""
    bend: float = 0.08
    """Strength of the bends that change the shapes of faces: the deviation of the displacement's slope."""
    stretch: float = 0.12
    """Deviation of the logarithm of the ratio of width to height."""
    glasses: float = 0.1
    """Fraction of the faces with painted glasses, beside those that wear some."""
    occluder: float = 0.16
    """Fraction with each of three things in front."""
    border: float = 0.12
    """Fraction in which the picture ends within the crop."""
    worn: float = 0.8
    """Fraction that went through a camera and a codec."""
    restyled: float = 0.15
    """Fraction with each of five random looks: filters, hues, tones, low light, motion blur."""
    spread: float = 1.0
    """Standard deviation of the places' target distribution, in cells of 4 pixels."""
    point: float = 10.0
    """Weight of the distance of the landmarks, in units of the distance between the eyes."""
    opening: float = 20.0
    """Weight of the error of how far lids, and lips, are apart, in the same units."""
    presence: float = 1.0
    """Weight of the presence of a face."""
    validation: int = 512
    """Number of held-out crops of each of the two kinds."""


def followed_crops(recipe: Recipe) -> Recipe:
    """The crops of a detector that follows a face: nothing in front, fair images, always somebody."""
    return replace(recipe, searched=0.0, cut_off=0.0, nobody=0.0, occluder=0.0, border=0.0, worn=0.5, restyled=0.0)


@dataclass
class Crops:
    """Images and what the network has to find in them."""

    images: Tensor
    """[B, 3, H, W] in [-1, 1]."""
    landmarks: Tensor
    """[B, K, 3]: x, y in pixels and a weight, 0 for a landmark that is outside of the image or of nobody."""
    presence: Tensor
    """[B, 2]: 1 for a face, 0 for none, and a weight, 0 for a crop in which a face is neither in nor out."""

    def __getitem__(self, chosen: Tensor | slice) -> "Crops":
        return Crops(*(tensor[chosen] for tensor in vars(self).values()))

    def __len__(self) -> int:
        return len(self.images)


def join(parts: Sequence[Crops]) -> Crops:
    """All crops of the parts, in their order."""
    return Crops(*(torch.cat(column) for column in zip(*(vars(part).values() for part in parts), strict=True)))


def draw_crops(recipe: Recipe, batch: int, size: int, generator: Generator) -> Crops:
    """`batch` crops of `size` pixels on the generator's device, `recipe.looks` of each picture."""
    people = -(-batch // (recipe.looks * recipe.moments))
    faces = render_faces(recipe.source, people, recipe.moments, generator)
    looks = torch.arange(batch, device=generator.device) % len(faces)
    return compose(recipe, bend(faces[looks], recipe.bend, generator), size, generator)


def compose(recipe: Recipe, faces: Faces, size: int, generator: Generator) -> Crops:
    """A crop of `size` pixels of each face, before and behind other things."""
    batch = len(faces)
    placement, landmarks, visible = _place(recipe, faces, size, generator)
    present = torch.ones(batch, 1, 1, 1, device=landmarks.device)
    present[subset(generator, recipe.nobody, batch)] = 0
    image = sample_backgrounds(batch, size, size, generator)
    image, _ = add_things(image, BACKGROUND_THINGS, 0.25, generator)
    layer = placement.warp(faces.layers, size) * present
    gain = torch.exp(0.25 * normal(generator, batch, 1, 1, 1) + 0.07 * normal(generator, batch, 3, 1, 1))
    image = image * (1 - layer[:, 3:]) + (layer[:, :3] * gain).clamp(0, 1)
    worn = subset(generator, recipe.glasses, batch)
    image[worn] = torch.lerp(image[worn], put_on_glasses(image[worn], landmarks[worn], generator), present[worn])
    image, covered = add_things(image, FOREGROUND_THINGS, recipe.occluder, generator)
    image = restyle(continue_border(image, recipe.border, generator), recipe.restyled, generator)
    worn = subset(generator, recipe.worn, batch)
    if len(worn):
        image[worn] = degrade(image[worn], generator)
    weight, presence = _weigh(landmarks, visible, covered, present[:, 0, 0, 0])
    return Crops(image * 2 - 1, torch.cat([landmarks, weight[..., None]], -1), presence)


def _place(recipe: Recipe, faces: Faces, size: int, generator: Generator) -> tuple[Placement, Tensor, Tensor]:
    """Where the faces are in the crops, their landmarks [B, K, 2] there, and which [B, K] the head does not hide."""
    batch, device = len(faces), faces.landmarks.device
    kind = pick(generator, (1 - recipe.searched - recipe.cut_off, recipe.searched, recipe.cut_off), batch)
    extents, shifts, tilts = (torch.tensor(values, device=device)[kind] for values in (EXTENTS, SHIFTS, TILTS))
    share = torch.lerp(extents[:, 0], extents[:, 1], uniform(generator, batch))
    scale = share * size / face_extent(faces.landmarks)
    away = torch.lerp(shifts[:, 0], shifts[:, 1], uniform(generator, batch))
    around = uniform(generator, batch, high=2 * torch.pi)
    target = (size - 1) / 2 + (away * size)[:, None] * torch.stack([around.cos(), around.sin()], -1)
    source = (faces.landmarks.amax(1) + faces.landmarks.amin(1)) / 2
    angle = torch.deg2rad(tilts * uniform(generator, batch, low=-1.0))
    mirrored = chance(generator, 0.5, batch)
    upright = place(scale, angle, mirrored, source, target)
    ratio = (recipe.stretch * normal(generator, batch)).clamp(-0.3, 0.3).exp().sqrt()
    linear = upright.linear * torch.stack([ratio, 1 / ratio], -1)[:, None]  # stretched before it is turned
    placement = Placement(linear, target - (linear @ source[..., None])[..., 0])
    landmarks = swap_sides(placement.points(faces.landmarks), mirrored, LANDMARK_FLIP)
    return placement, landmarks, swap_sides(faces.visible, mirrored, LANDMARK_FLIP)


def _weigh(landmarks: Tensor, visible: Tensor, covered: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
    """Weights [B, K] of landmarks [B, K, 2], 1 visible, 0.5 hidden, 0 outside of the crop; and `Crops.presence`.

    A head that is turned away is a face; one behind other things is none.
    """
    size = covered.shape[-1]
    inside = ((landmarks > -0.5) & (landmarks < size - 0.5)).all(-1) & (present > 0)[:, None]
    nearest = landmarks.round().long().clamp(0, size - 1)
    rows = torch.arange(len(landmarks), device=landmarks.device)[:, None]
    hidden = covered[rows, 0, nearest[..., 1], nearest[..., 0]] > 0.5
    share, seen = inside.float().mean(1), (inside & ~hidden).float().mean(1)
    known = ((share >= PRESENT) & (seen >= 0.5)) | (share <= ABSENT)
    weight = inside * torch.where(hidden | ~visible, 0.5, 1.0)
    return weight, torch.stack([(share >= PRESENT).float(), known.float()], -1)
