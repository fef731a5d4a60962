"""How the hair of rendered people is cut and combed.

In: who people are and a generator. Out: the fields of a `Wardrobe` that `hair_mesh` builds hair from.

Legend: B people. Lengths are metres on an adult of 1.72 m.
"""

import torch
from torch import Generator, Tensor
from torch.nn.functional import normalize

from pipelines.synthetic.people.hairline import sample_hairlines
from pipelines.synthetic.rendering.noise import chance, pick, uniform
from pipelines.synthetic.tensors import constant

HAIR = (
    "bald", "buzz", "short", "fade", "swept", "slick", "afro", "curly", "bob", "long", "bun", "ponytail", "braid"
)  # fmt: skip
HAIR_UNDER_HAT = 0.004  # m that hair is thick at most under a hat
_MALE = (0.5, 1.4, 2.6, 2.2, 2.0, 1.0, 0, 0, 0.15, 0.35, 0.15, 0.15, 0.03)
_FEMALE = (0.02, 0.08, 0.4, 0.1, 0.4, 0.25, 0, 0, 1.8, 4.4, 1.4, 1.5, 0.6)
# Range of the thickness at the sides, on top, and what is added in front.
_VOLUMES = {
    "bald": ((0.0, 0.0), (0.0, 0.0), (0.0, 0.0)), "buzz": ((0.0, 0.0), (0.0, 0.0), (0.0, 0.0)),
    "short": ((0.004, 0.009), (0.008, 0.02), (0.0, 0.01)), "fade": ((0.0015, 0.003), (0.012, 0.028), (0.002, 0.02)),
    "swept": ((0.004, 0.011), (0.012, 0.026), (0.004, 0.02)), "slick": ((0.003, 0.008), (0.01, 0.022), (0.002, 0.016)),
    "afro": ((0.03, 0.075), (0.035, 0.085), (0.0, 0.01)), "curly": ((0.012, 0.028), (0.018, 0.04), (0.0, 0.012)),
    "bob": ((0.012, 0.02), (0.008, 0.018), (0.0, 0.006)), "long": ((0.01, 0.02), (0.008, 0.02), (0.0, 0.008)),
    "bun": ((0.004, 0.009), (0.005, 0.012), (0.0, 0.006)), "ponytail": ((0.004, 0.009), (0.005, 0.012), (0.0, 0.006)),
    "braid": ((0.004, 0.009), (0.005, 0.012), (0.0, 0.004)),
}  # fmt: skip
_BARE = (0.0, 0.829, -0.56)  # unit vector to the middle of a bald crown
_COMBED, _HUNG = ("short", "fade", "swept"), ("bob", "long")


def sample_haircuts(female: Tensor, years: Tensor, curly: Tensor, generator: Generator) -> dict[str, Tensor]:
    """Fields of a `Wardrobe`: hair, hairline, hair_volume, hair_pole, hair_length, parted, fringe.

    female: [B] bool; years: [B]; curly: [B] bool.
    """
    batch = len(female)
    hair = torch.where(female, pick(generator, _FEMALE, batch), pick(generator, _MALE, batch))
    tight = pick(generator, (2, 1), batch)
    hair = torch.where(curly, HAIR.index("curly") - tight, hair)
    hairline = sample_hairlines(female, years, generator)
    bare = hairline[:, 3] > 0
    hair = torch.where(bare & (hair > HAIR.index("short")), HAIR.index("short"), hair)
    is_bald = hair == HAIR.index("bald")
    roots = torch.where(is_bald, uniform(generator, batch, low=0.0, high=0.3), hairline[:, 4])
    roots = torch.where(hair == HAIR.index("buzz"), uniform(generator, batch, low=0.6, high=0.95), roots)
    hairline = torch.cat([hairline[:, :4], roots[:, None]], 1)
    low, high = constant(tuple(_VOLUMES[name] for name in HAIR), female.device)[hair].unbind(-1)
    volume = torch.lerp(low, high, uniform(generator, batch, 3))
    length = uniform(generator, batch, low=0.22, high=0.48)
    length = torch.where(hair == HAIR.index("bob"), uniform(generator, batch, low=0.1, high=0.19), length)
    hung, combed = (_is(hair, *names) for names in (_HUNG, _COMBED))
    fringe = chance(generator, 0.24, batch) & ~bare & (hung | _is(hair, "short", "swept", "bun"))
    parted = ((hung & chance(generator, 0.8, batch)) | (_is(hair, "swept") & chance(generator, 0.7, batch))) & ~fringe
    pole = _sample_poles(hair, hung, combed, parted, generator)
    return {
        "hair": hair,
        "hairline": hairline,
        "hair_volume": volume,
        "hair_pole": torch.where(bare[:, None], constant(_BARE, female.device), pole),
        "hair_length": length,
        "parted": parted.float(),
        "fringe": torch.where(fringe, uniform(generator, batch, low=0.02, high=0.044), 0.0),
    }


def _is(hair: Tensor, *names: str) -> Tensor:
    """[B] bool, whether the style [B] is one of the named."""
    return torch.stack([hair == HAIR.index(name) for name in names]).any(0)


def _sample_poles(hair: Tensor, hung: Tensor, combed: Tensor, parted: Tensor, generator: Generator) -> Tensor:
    """Unit vectors [B, 3] from the middle of the head to where strands start: a whorl at the crown, a parting, the
    forehead of hair that is combed back, or where it is tied."""
    batch, device = len(hair), hair.device
    jitter = uniform(generator, batch, 3, low=-0.12, high=0.12)
    pole = constant((0.0, 1.0, -0.35), device) + jitter
    sideways = torch.where(chance(generator, 0.5, batch), 1.0, -1.0) * uniform(generator, batch, low=0.25, high=0.6)
    middle = hung & chance(generator, 0.55, batch)
    sideways = torch.where(middle, 0.1 * sideways, sideways)
    part = torch.stack([sideways, torch.ones_like(sideways), 0.35 + jitter[:, 2]], 1)
    pole = torch.where(parted[:, None] | (combed & chance(generator, 0.4, batch))[:, None], part, pole)
    back = constant((0.0, 0.75, 0.85), device) + jitter * 0.5
    pole = torch.where(_is(hair, "slick")[:, None], back, pole)
    knot = constant((0.0, 0.45, -0.9), device) + jitter
    pole = torch.where(_is(hair, "bun", "ponytail", "braid")[:, None], knot, pole)
    return normalize(pole, dim=1)
