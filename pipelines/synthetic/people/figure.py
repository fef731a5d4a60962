"""The build of people: widths and girths that fit a skeleton, from which body, hair and clothes are modelled.

In: proportions of `skeleton`. Out: a `Figure`, which `body.sample_people` draws and `body`, `hair` and `clothes` read.

Legend: B batch. A "standard metre" is a metre on an adult of standard height; it shrinks with children.
"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from pipelines.synthetic.people.primitives import PeopleBuilder, Point
from pipelines.synthetic.people.skeleton import INDEX, STANDARD_HEIGHT, Proportions
from pipelines.synthetic.rendering.noise import chance, normal, uniform

_AVERAGE_SHOULDER, _AVERAGE_HIP = 0.177, 0.0894  # distance of the joints from the middle, standard metres


@dataclass
class Figure:
    """Build of B people; every field is [B]."""

    scale: Tensor
    """Metres per standard metre: size against a standard adult."""
    head: Tensor
    """Height of the head from chin to crown, m."""
    female: Tensor
    """1.0 or 0.0."""
    stout: Tensor
    """About -1 slim .. 2 stout."""
    strong: Tensor
    """About -1 .. 1."""
    limb_girth: Tensor
    """Factor of the girth of arms and legs."""
    trunk_girth: Tensor
    """Factor of the girth of the trunk."""
    chest: Tensor
    """Half width of the chest, m."""
    waist: Tensor
    """Half width of the waist, m."""
    hip: Tensor
    """Half width of the hips, m."""

    @property
    def arm_girth(self) -> Tensor:
        """Factor of the girth of arms, [B]."""
        return self.limb_girth * (1 - 0.1 * self.female)

    @property
    def leg_girth(self) -> Tensor:
        """Factor of the girth of legs, [B]."""
        return self.limb_girth * (1 + 0.04 * self.female)


def sample_figure(proportions: Proportions, generator: Generator) -> Figure:
    """Draws a build that fits the skeleton: wider for wide shoulders and hips, rounder for stout people."""
    batch = len(proportions.head)
    scale = proportions.height / STANDARD_HEIGHT
    female = chance(generator, 0.55, batch).float()
    stout = (0.15 + 0.55 * normal(generator, batch)).clamp(-0.9, 2.2)
    stout = torch.where(chance(generator, 0.07, batch), uniform(generator, batch, low=1.2, high=2.4), stout)
    strong = normal(generator, batch).clamp(-1.5, 1.5) * 0.6 - 0.3 * female
    shoulders = proportions.offsets[:, INDEX["l_shoulder"], 0] / (_AVERAGE_SHOULDER * scale)  # 1 for average shoulders
    hips = proportions.offsets[:, INDEX["l_hip"], 0] / (_AVERAGE_HIP * scale)
    trunk = 1 + 0.12 * stout
    return Figure(
        scale=scale,
        head=proportions.head,
        female=female,
        stout=stout,
        strong=strong,
        limb_girth=1 + 0.1 * stout + 0.05 * strong,
        trunk_girth=trunk,
        chest=scale * trunk * (0.155 - 0.019 * female + 0.008 * strong) * (0.4 + 0.6 * shoulders),
        waist=scale * (0.139 - 0.022 * female + 0.03 * stout + 0.005 * uniform(generator, batch, low=-1)),
        hip=scale * trunk * (0.163 + 0.009 * female) * (0.4 + 0.6 * hips),
    )


def top_line(builder: PeopleBuilder, figure: Figure) -> tuple[Point, Point]:
    """Line along which the textures of tops run: from the base of the neck to the hips, two points [B, 3]."""
    start = builder.point("chest", 0, 0.225, -0.01, unit=figure.scale)
    return start, builder.point("pelvis", 0, -0.06, -0.02, unit=figure.scale)


def upper_arm_line(builder: PeopleBuilder, figure: Figure, side: str) -> tuple[Point, Point]:
    """Line along which the textures of upper arms and their sleeves run: shoulder to elbow, two points [B, 3]."""
    return builder.point(f"{side}_shoulder", 0, 0.03, unit=figure.scale), builder.point(f"{side}_elbow")


def trouser_line(builder: PeopleBuilder, figure: Figure, x: float | Tensor) -> tuple[Point, Point]:
    """Line at `x` (m, a number or [B]) along which the textures of trousers run: waist to knee, two points [B, 3]."""
    waist, knee = builder.point("pelvis", 0, 0.1, -0.008, unit=figure.scale), builder.point("r_knee")
    middle = builder.expand(x)[:, None]
    return torch.cat([middle, waist[:, 1:]], 1), torch.cat([middle, knee[:, 1:2], waist[:, 2:]], 1)
