"""Socks, tights and gloves, which are painted on the body: they are too thin for a mesh of their own.

In: an outfit and the wardrobe that goes with it. Out: a `Hosiery`, and what it hides of the points of legs and hands.
`mesh_shading` calls it.

Legend: B people, M points. Colours are sRGB values in [0, 1].
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from pipelines.synthetic.people.body_bones import PARTS
from pipelines.synthetic.people.textures import Outfit
from pipelines.synthetic.people.wardrobe import SHOES, Wardrobe
from pipelines.synthetic.rendering.noise import soft_step
from pipelines.synthetic.tensors import constant

_TIGHTS = 0.85  # opacity of tights
_EDGE = 0.01  # of the length of a shin over which a sock ends
_SHINS, _THIGHS, _FEET, _HANDS = (
    tuple(float(name[2:] == part) for name in PARTS) for part in ("shin", "thigh", "foot", "hand")
)


@dataclass(frozen=True)
class Hosiery:
    """Socks, tights and gloves of B people."""

    colour: Tensor
    """[B, 3] of socks or tights."""
    length: Tensor
    """[B] share of the shin that socks cover from the ankle up; 0 without socks."""
    tights: Tensor
    """[B] 1 for tights in place of socks."""
    gloves: Tensor
    """[B] 1 for gloves."""
    glove_colour: Tensor
    """[B, 3]."""


def choose_hosiery(outfit: Outfit, wardrobe: Wardrobe) -> Hosiery:
    """What the outfit says, but no socks in sandals and ballerinas."""
    tights = outfit.sock_length >= 1
    barefoot = wardrobe.wears("shoe", SHOES, "sandal", "ballerina") & ~tights
    return Hosiery(
        colour=outfit.sock,
        length=torch.where(barefoot, 0.0, outfit.sock_length),
        tights=tights.float(),
        gloves=outfit.gloves.float(),
        glove_colour=outfit.shoe,
    )


def cover_skin(hosiery: Hosiery, person: Tensor, part: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """Opacity [M] and colour [M, 3] of what is worn on points of the body.

    Args:
        person: [M] row of `hosiery`.
        part: [M] index into `body_bones.PARTS`.
        v: [M] place along the limb, on shins 0 at the knee and 1 at the ankle.
    """
    shin, thigh, foot, hand = (constant(table, v.device)[part] for table in (_SHINS, _THIGHS, _FEET, _HANDS))
    length, tights = hosiery.length[person], hosiery.tights[person]
    sock = (shin * soft_step(v - 1 + length, _EDGE) + foot) * (length > 0)
    legs = torch.lerp(sock, _TIGHTS * (shin + thigh + foot), tights)
    gloves = hand * hosiery.gloves[person]
    colour = torch.lerp(hosiery.colour[person], hosiery.glove_colour[person], gloves[:, None])
    return torch.maximum(legs, gloves), colour
