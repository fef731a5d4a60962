"""What rendered people wear and how their hair is cut: the shapes that go with the colours of a `textures.Outfit`.

In: an `Outfit`, who people are, and a generator. Out: a `Wardrobe`, from which `dressed.DressedBody` builds meshes.

Legend: B batch. Lengths are metres on an adult of 1.72 m; `down` is measured from the base of the neck.
"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from pipelines.synthetic.people.haircuts import HAIR, sample_haircuts
from pipelines.synthetic.people.textures import STYLES, Outfit
from pipelines.synthetic.rendering.noise import chance, pick, uniform

SHOES = ("sneaker", "boot", "ballerina", "heeled", "sandal")
HATS = ("none", "cap", "backward", "beanie", "brim")
COLLARS = ("none", "stand", "turned", "hood", "turtle")
GLASSES = ("none", "clear", "sun")
BAGS = ("none", "crossbody", "backpack")
_MALE_SHOES, _FEMALE_SHOES = (6, 2, 0.1, 0.8, 0.5), (5, 1.6, 1.6, 1.2, 0.9)
_HATTED, _HATS = 0.15, (0, 2.2, 0.6, 0, 1)
_ELBOW, _KNEE = (0.8, 1.2), (0.84, 1.22)
_SHIN, _OVER_BOOTS = 0.42, 0.4  # length of a shin; narrower trousers than this are worn inside of boots
WAIST, LOWEST_HEM = 0.43, 0.6  # down to the natural waist, and to the lowest hem of a top
TUCKED_HEM = WAIST + 0.05  # down
_UNDER_COAT = 0.5  # down to where the shell of a coat ends and its hanging part goes on


@dataclass(frozen=True)
class Wardrobe:
    """Cuts of the clothes, hair and accessories of B people."""

    loose: Tensor
    """[B] 0 tight .. 1 wide, of the top."""
    hem: Tensor
    """[B] where the top ends, `down`."""
    sleeve: Tensor
    """[B] length of the sleeves: 0 none, 1 to the elbow, 2 to the wrist."""
    bell: Tensor
    """[B] widening of the sleeves at their end."""
    neck: Tensor
    """[B, 2] depth and half width of the neckline."""
    pointed: Tensor
    """[B] bool, the neckline is V-shaped."""
    straps: Tensor
    """[B] bool, the top is held by two straps."""
    opening: Tensor
    """[B] half width of the gap of an open jacket at the neck, 0 closed."""
    collar: Tensor
    """[B] index into `COLLARS`."""
    unbuttoned: Tensor
    """[B] bool, a collar is open in front."""
    coat: Tensor
    """[B] length of the jacket or coat below the hips, 0 none."""
    trousers: Tensor
    """[B] bool, trousers or shorts."""
    leg: Tensor
    """[B] length of the legs of trousers: 0 none, 1 to the knee, 2 to the ankle."""
    wide: Tensor
    """[B] 0 tight .. 1 wide, of trousers."""
    flare: Tensor
    """[B] widening of the trouser legs at their end."""
    skirt: Tensor
    """[B] length of skirt or dress from the waist, 0 none."""
    skirt_flare: Tensor
    """[B] how much wider a skirt is at its hem than around the legs."""
    shoe: Tensor
    """[B] index into `SHOES`."""
    shaft: Tensor
    """[B] height of boots over the ankle, 0 for other shoes."""
    hair: Tensor
    """[B] index into `HAIR`."""
    hairline: Tensor
    """[B, 5] numbers of `hairline.sample_hairlines`."""
    hair_volume: Tensor
    """[B, 3] thickness of the hair at the sides and on top, and what is added in front."""
    hair_pole: Tensor
    """[B, 3] unit vector from the middle of the head to where the strands start."""
    hair_length: Tensor
    """[B] how far hair hangs down from the level of the eyes."""
    parted: Tensor
    """[B] 1 where a furrow runs from the forehead to where the strands start, else 0."""
    fringe: Tensor
    """[B] how far above the pupils a fringe ends, 0 for people without."""
    hat: Tensor
    """[B] index into `HATS`."""
    glasses: Tensor
    """[B] index into `GLASSES`."""
    bag: Tensor
    """[B] index into `BAGS`."""
    phase: Tensor
    """[B, 3] angles in 0..2 pi, for what merely has to differ between people: folds of skirts, strands and lumps of
    hair, height of a bun, width of a brim, size of lenses."""

    def wears(self, field: str, names: tuple[str, ...], *chosen: str) -> Tensor:
        """[B] bool, whether the index in `field` is that of one of the `chosen` names."""
        return torch.stack([getattr(self, field) == names.index(name) for name in chosen]).any(0)


def sample_wardrobe(female: Tensor, years: Tensor, outfit: Outfit, generator: Generator) -> Wardrobe:
    """Cuts for people in an outfit; female: [B] bool; years: [B]."""
    batch = len(female)
    style = {name: outfit.style == index for index, name in enumerate(STYLES)}
    jacket = style["jacket"] | style["zip"]
    legless = outfit.leg < 0.9
    skirted = legless & (outfit.one_piece | (female & chance(generator, 0.75, batch)))
    one_piece = outfit.one_piece & skirted
    loose = uniform(generator, batch).square()
    loose = torch.where(jacket, 0.3 + 0.7 * loose, loose)
    tucked = skirted | (~jacket & chance(generator, 0.3, batch))
    hem = torch.where(tucked, TUCKED_HEM, uniform(generator, batch, low=0.5, high=LOWEST_HEM))
    cropped = ~tucked & ~jacket & chance(generator, 0.06, batch)
    hem = torch.where(cropped, uniform(generator, batch, low=0.34, high=0.44), hem)
    coat = torch.where(jacket & ~skirted & chance(generator, 0.35, batch), _lengths(generator, batch), 0.0)
    open_front = (style["jacket"] & chance(generator, 0.8, batch)) | (style["zip"] & chance(generator, 0.3, batch))
    opening = torch.where(open_front, uniform(generator, batch, low=0.02, high=0.09), 0.0)
    neck = torch.stack(
        [uniform(generator, batch, low=0.03, high=0.12), uniform(generator, batch, low=0.075, high=0.105)], 1
    )
    collar = _sample_collar(style, jacket, generator)
    # Shirts are closed or open to the second button; what else has a collar is closed up to it.
    unbuttoned = (style["shirt"] | style["polo"]) & chance(generator, 0.6, batch)
    slit = torch.stack([uniform(generator, batch, low=0.07, high=0.14), torch.full_like(loose, 0.058)], 1)
    closed = (collar > 0) & (opening == 0)
    neck = torch.where(closed[:, None], torch.where(unbuttoned[:, None], slit, neck.new_tensor([0.03, 0.075])), neck)
    length = torch.where(
        chance(generator, 0.6, batch),
        uniform(generator, batch, low=0.36, high=0.66),
        uniform(generator, batch, low=0.5, high=0.98),
    )
    haircut = sample_haircuts(female, years, outfit.curly, generator)
    shoe = torch.where(female, pick(generator, _FEMALE_SHOES, batch), pick(generator, _MALE_SHOES, batch))
    shaft = torch.where(shoe == SHOES.index("boot"), uniform(generator, batch, low=0.06, high=0.34), 0.0)
    wide = uniform(generator, batch).square()
    leg = _avoid(torch.where(outfit.leg > 1.9, 1.97, outfit.leg.clamp(min=0.42)), *_KNEE)
    booted = (shaft > 0) & (wide < _OVER_BOOTS)
    leg = torch.where(booted, torch.minimum(leg, 1.97 - (shaft - 0.03) / _SHIN), leg)
    return Wardrobe(
        loose=loose,
        hem=torch.where(coat > 0, _UNDER_COAT, hem),
        sleeve=_avoid(torch.where(outfit.sleeve > 1.9, 1.97, outfit.sleeve), *_ELBOW),
        bell=uniform(generator, batch).pow(3),
        neck=neck,
        pointed=torch.where(closed, unbuttoned, chance(generator, 0.3, batch)),
        straps=style["straps"] | (style["dress"] & (outfit.sleeve == 0)),
        opening=opening,
        collar=collar,
        unbuttoned=unbuttoned,
        coat=coat,
        trousers=~skirted,
        leg=leg,
        wide=wide,
        flare=uniform(generator, batch).pow(3),
        skirt=torch.where(skirted, torch.where(one_piece, length.clamp(min=0.42), length), 0.0),
        skirt_flare=0.13 * uniform(generator, batch).square() * (0.4 + length),
        shoe=shoe,
        shaft=shaft,
        hat=_sample_hats(outfit.knitted, generator) * (haircut["hair"] != HAIR.index("afro")),
        glasses=pick(generator, (8, 1, 0.6), batch),
        bag=pick(generator, (12, 1, 1), batch),
        phase=uniform(generator, batch, 3, high=6.283),
        **haircut,
    )


def _avoid(length: Tensor, low: float, high: float) -> Tensor:
    """Lengths [B] along a limb that don't end between `low` and `high`, at its joint, where cloth would tear."""
    inside = (length > low) & (length < high)
    return torch.where(inside, torch.where(length < (low + high) / 2, low, high), length)


def _lengths(generator: Generator, batch: int) -> Tensor:
    """Lengths [B] of coats below the hips: many short, some to the calf."""
    return 0.2 + 0.55 * uniform(generator, batch).square()


def _sample_collar(style: dict[str, Tensor], jacket: Tensor, generator: Generator) -> Tensor:
    """Indices [B] into `COLLARS`."""
    batch = len(jacket)
    plain, stand, turned, hood, turtle = range(len(COLLARS))
    collar = torch.where(style["shirt"] | style["polo"], turned, plain)
    outer = torch.where(chance(generator, 0.4, batch), hood, torch.where(chance(generator, 0.5, batch), stand, turned))
    collar = torch.where(jacket, outer, collar)
    knitted = style["tee"] & chance(generator, 0.08, batch)
    hooded = style["print"] & chance(generator, 0.2, batch)
    return torch.where(knitted, turtle, torch.where(hooded, hood, collar))


def _sample_hats(knitted: Tensor, generator: Generator) -> Tensor:
    """Indices [B] into `HATS`; knitted: [B] bool, for whom a hat is a beanie."""
    batch = len(knitted)
    sewn = pick(generator, _HATS, batch)
    return torch.where(knitted, HATS.index("beanie"), sewn) * chance(generator, _HATTED, batch)
