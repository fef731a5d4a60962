"""Complexions: the colours of skin, hair, lips and eyes, make-up, beards, freckles and the marks of age of people.

In: the shapes of people and a generator. Out: a `Complexion` that `skin_paint`, `face_paint` and `eye_paint` read.

Legend: B people. Colours are sRGB values in [0, 1].
"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from pipelines.synthetic.people.body_shapes import ANCESTRIES, Shape
from pipelines.synthetic.rendering.noise import chance, normal, pick, uniform
from pipelines.synthetic.rendering.palettes import (
    EYES,
    HAIR,
    HAIR_WEIGHTS,
    SKIN,
    from_table,
    luminance,
    saturated,
)
from pipelines.synthetic.tensors import constant

_TONES = {"african": 0.74, "asian": 0.38, "caucasian": 0.24}  # places in the table of skin colours, 0..1
_GREY, _WHITE = 8, 9  # rows of the table of hair colours


@dataclass(frozen=True)
class Complexion:
    """What the skin of B people looks like."""

    skin: Tensor
    """[B, 3] colour."""
    hair: Tensor
    """[B, 3] colour of the hair of the head."""
    brow: Tensor
    """[B, 3] colour of brows and beard."""
    lips: Tensor
    """[B, 3] colour, lipstick included."""
    iris: Tensor
    """[B, 3] colour."""
    lid: Tensor
    """[B, 3] colour of the upper lids, eye shadow included."""
    nails: Tensor
    """[B, 3] colour, polish included."""
    gloss: Tensor
    """[B] how much the skin shines, 0..1."""
    blush: Tensor
    """[B] redness of cheeks, nose, ears and joints, 0..1."""
    freckles: Tensor
    """[B] share of the cells of a face that have a freckle, 0..1."""
    wrinkles: Tensor
    """[B] depth of the wrinkles, 0..1."""
    lashes: Tensor
    """[B] strength of the line of the lashes, liner included, 0..1."""
    brow_shape: Tensor
    """[B, 3] half thickness and height of the arch in metres, opacity."""
    beard: Tensor
    """[B, 3] opacity of the beard on cheeks and jaw, on the lip, on the chin."""
    stubble: Tensor
    """[B] 1 where a beard is short and shows the skin, 0 where it is long."""
    hairline: Tensor
    """[B, 5] numbers of `hairline.sample_hairlines`: where roots of hair show on the scalp, and how much."""
    seed: Tensor
    """[B] number in 0..1 that places moles, freckles and blotches."""


def sample_complexion(shape: Shape, hairline: Tensor, generator: Generator) -> Complexion:
    """Complexions that suit age, sex and ancestry; hairline: [B, 5] of `hairline.sample_hairlines`."""
    batch = len(shape.years)

    def number(low: float = 0.0, high: float = 1.0) -> Tensor:
        """Uniform numbers [B]."""
        return uniform(generator, batch, low=low, high=high)

    def some(share: float) -> Tensor:
        """1 for a share of the people, else 0: [B]."""
        return chance(generator, share, batch).float()

    female, adult = shape.female.float(), ((shape.years - 13) / 4).clamp(0, 1)
    skin = _sample_skin(shape, generator)
    hair = _sample_hair(shape, generator)
    light = luminance(skin)  # [B, 1]
    old = ((shape.years - 38) / 40).clamp(0, 1)
    made_up = female * adult * some(0.6)
    return Complexion(
        skin=skin,
        hair=hair,
        brow=torch.minimum(hair * 0.75, 0.25 + 0.45 * skin),
        lips=_sample_lips(skin, made_up, generator),
        iris=_sample_irises(shape, generator),
        lid=_mix(
            skin * (0.9 - 0.06 * number()[:, None]),
            saturated(batch, generator) * 0.5 + skin * 0.25,
            made_up * some(0.5) * 0.6,
        ),
        nails=_mix(skin * 0.75 + 0.23, saturated(batch, generator), female * adult * some(0.35)),
        gloss=number(0.25, 1.0) * (1 - 0.4 * made_up),
        blush=number(0.15, 0.8) + 0.25 * made_up,
        freckles=some(0.3) * number(0.1, 0.5) * (light[:, 0] - 0.35).clamp(min=0) * 1.5,
        wrinkles=(old * number(0.6, 1.1)).clamp(max=1),
        lashes=0.35 + 0.25 * female + 0.4 * made_up,
        brow_shape=torch.stack(
            [number(0.0024, 0.0042) * (1.08 - 0.3 * female), number(-0.0005, 0.0035), number(0.55, 0.92)], 1
        ),
        beard=_sample_beards((1 - female) * adult, generator),
        stubble=some(0.55) * number(0.4, 1.0),
        hairline=hairline,
        seed=number(),
    )


def _mix(first: Tensor, second: Tensor, share: Tensor) -> Tensor:
    """From colours `first` [B, 3] to `second` [B, 3] by the shares [B]."""
    return torch.lerp(first, second.expand_as(first), share[:, None])


def _sample_skin(shape: Shape, generator: Generator) -> Tensor:
    """Skin colours [B, 3] around those of the person's ancestry."""
    batch = len(shape.years)
    middle = shape.ancestry @ constant(tuple(_TONES[name] for name in ANCESTRIES), shape.years.device)
    place = (middle + 0.13 * normal(generator, batch)).clamp(0, 0.999) * (len(SKIN) - 1)
    low = place.long()
    tone = torch.lerp(from_table(SKIN, low), from_table(SKIN, low + 1), (place - low)[:, None])
    return (tone * (1 + 0.025 * normal(generator, batch, 3))).clamp(0.05, 0.97)


def _sample_hair(shape: Shape, generator: Generator) -> Tensor:
    """Hair colours [B, 3]: dark for most, fair for some of European ancestry, grey with age, dyed for a few."""
    batch = len(shape.years)
    dark = from_table(HAIR, pick(generator, (4, 4, 3, 1), batch))
    light = from_table(HAIR, pick(generator, HAIR_WEIGHTS[:_GREY], batch))
    fair = uniform(generator, batch) < shape.ancestry[:, ANCESTRIES.index("caucasian")]
    natural = torch.where(fair[:, None], light, dark) * (1 + 0.12 * normal(generator, batch, 1))
    dyed = chance(generator, 0.03, batch) & (shape.years > 15)
    natural = torch.where(dyed[:, None], saturated(batch, generator), natural)
    grey = ((shape.years - 42 - 15 * uniform(generator, batch)) / 25).clamp(0, 1) * (
        1 - 0.6 * shape.female * chance(generator, 0.6, batch)
    )
    white = torch.lerp(
        from_table(HAIR, torch.tensor(_GREY, device=grey.device)),
        from_table(HAIR, torch.tensor(_WHITE, device=grey.device)),
        uniform(generator, batch, 1),
    )
    return _mix(natural, white, grey).clamp(0.02, 0.97)


def _sample_irises(shape: Shape, generator: Generator) -> Tensor:
    """Iris colours [B, 3], brown for all but some of European ancestry."""
    batch = len(shape.years)
    brown = from_table(EYES, pick(generator, (5, 3), batch))
    light = from_table(EYES, pick(generator, (2, 2, 1.4, 1.4, 2.4, 1.2), batch))
    fair = uniform(generator, batch) < shape.ancestry[:, ANCESTRIES.index("caucasian")]
    return torch.where(fair[:, None], light, brown) * (1 + 0.1 * normal(generator, batch, 1))


def _sample_lips(skin: Tensor, made_up: Tensor, generator: Generator) -> Tensor:
    """Lip colours [B, 3]: a redder, darker skin, or lipstick for some of the `made_up` [B]."""
    batch = len(skin)
    redder = constant((0.88, 0.66, 0.66), skin.device) + 0.06 * normal(generator, batch, 1)
    stick = saturated(batch, generator) * 0.25 + constant((0.55, 0.1, 0.16), skin.device) * uniform(
        generator, batch, 1, low=0.6, high=1.3
    )
    worn = made_up * chance(generator, 0.75, batch) * uniform(generator, batch, low=0.3, high=0.9)
    return _mix(skin * redder, stick, worn).clamp(0.03, 0.95)


def _sample_beards(wearers: Tensor, generator: Generator) -> Tensor:
    """Opacities [B, 3] of cheeks and jaw, lip and chin: shaved, moustache, goatee or full; `wearers` [B] have some."""
    kinds = constant(((0.12, 0.12, 0.12), (0.0, 1.0, 0.0), (0.06, 0.85, 1.0), (1.0, 0.9, 1.0)), wearers.device)
    kind = kinds[pick(generator, (5, 0.5, 1.2, 3), len(wearers))]
    return kind * (wearers * uniform(generator, len(wearers), low=0.55, high=1.0))[:, None]
