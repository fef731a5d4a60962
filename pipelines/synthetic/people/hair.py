"""Hair styles: what grows on the head follows the head, what hangs follows the hair frame.

Legend: B batch. Lengths in parts of the head's height `h`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Generator, Tensor

from pipelines.synthetic.people.primitives import Sculptor
from pipelines.synthetic.people.skeleton import CROWN
from pipelines.synthetic.rendering.noise import chance, pick, uniform

if TYPE_CHECKING:
    from pipelines.synthetic.people.body import Figure

STYLES = ("bald", "buzz", "short", "quiff", "afro", "bob", "long", "bun", "ponytail", "cap")
MALE_WEIGHTS = (0.8, 1.5, 5, 2, 0.4, 0.2, 0.4, 0.2, 0.2, 0.6)
FEMALE_WEIGHTS = (0.05, 0.1, 0.8, 0.2, 0.4, 2.2, 5, 1.6, 2, 0.3)


def add_hair(s: Sculptor, figure: Figure, generator: Generator) -> None:
    """Draws a hair style per person and adds its primitives."""
    batch = s.batch
    male, female = pick(generator, MALE_WEIGHTS, batch), pick(generator, FEMALE_WEIGHTS, batch)
    style = torch.where(figure.female > 0.5, female, male)

    def worn(*names: str) -> Tensor:
        return torch.stack([style == STYLES.index(name) for name in names]).any(0)

    _add_cap(s, figure, worn, generator)
    _add_hanging(s, figure, worn, generator)
    _add_tied(s, figure, worn, generator)
    _add_hat(s, figure, worn("cap"))


def _line(s: Sculptor, h: Tensor, bottom: Tensor | float = -0.2) -> dict:
    return {"part": "hair", "slot": "hair", "chart": (s.at("head", 0, CROWN * h), s.at("head", 0, bottom * h))}


def _add_cap(s: Sculptor, figure: Figure, worn, generator: Generator) -> None:
    """Hair on the skull, cut along the hairline, with volume on top for some."""
    h, batch = figure.h, s.batch
    thick = torch.where(worn("buzz", "cap"), 0.02, uniform(generator, batch, low=0.045, high=0.1))
    thick = torch.where(worn("afro"), uniform(generator, batch, low=0.2, high=0.45), thick)
    front = uniform(generator, batch, low=0.48, high=0.6)
    hairline = ((0.0, 0.66, -0.75), s.at("head", 0, front * h, 0.39 * h))
    s.ellipsoid(
        "head", s.at("head", 0, (0.31 + 0.2 * thick) * h, (-0.03 - 0.15 * thick) * h),
        ((0.34 + 0.75 * thick) * h, (0.43 + thick) * h, (0.425 + thick) * h),
        clip=hairline, present=~worn("bald"), **_line(s, h),
    )  # fmt: skip
    fringe = (worn("bob", "long") & chance(generator, 0.35, batch)) | (worn("short") & chance(generator, 0.3, batch))
    drop = uniform(generator, batch, low=0.36, high=0.46)
    s.ellipsoid(
        "head", s.at("head", 0, 0.36 * h, 0.02 * h), (0.35 * h, 0.39 * h, 0.43 * h),
        clip=((0.0, 0.98, -0.2), s.at("head", 0, drop * h, 0.42 * h)), present=fringe, **_line(s, h),
    )  # fmt: skip
    lean = uniform(generator, batch, low=-0.12, high=0.12)
    s.ellipsoid(
        "head", s.at("head", lean * h, 0.58 * h, 0.1 * h), (0.27 * h, 0.2 * h, 0.33 * h),
        present=worn("quiff"), **_line(s, h),
    )  # fmt: skip


def _add_hanging(s: Sculptor, figure: Figure, worn, generator: Generator) -> None:
    """Back hair and two locks beside the face."""
    h, batch = figure.h, s.batch
    chin, chest = uniform(generator, batch, low=0.15, high=0.5), uniform(generator, batch, low=0.8, high=2.2)
    end = torch.where(worn("bob"), chin, chest)
    wide = uniform(generator, batch, low=0.34, high=0.44)
    hangs, line = worn("bob", "long"), _line(s, h, -end)
    flat = 0.6
    s.cone(
        "hair", s.at("head", 0, 0.3 * h, -0.14 * h), s.at("head", 0, -end * h, (-0.16 - 0.2 * end.clamp(max=1.2)) * h),
        (wide * 1.0 * h * flat, wide * h * flat * uniform(generator, batch, low=0.6, high=1.1)),
        wide=1 / flat, deep=0.62 / flat, present=hangs, **line,
    )  # fmt: skip
    for sign in (-1.0, 1.0):
        falls = hangs & chance(generator, 0.75, batch)
        low = torch.where(worn("bob"), end * 0.9, end * uniform(generator, batch, low=0.5, high=1.0)).clamp(max=1.7)
        root = s.at("head", sign * 0.3 * h, 0.42 * h, 0.06 * h)
        turn = s.at("head", sign * 0.36 * h, -0.2 * h, 0.06 * h)
        s.cone("head", root, turn, (0.09 * h, 0.105 * h), deep=1.4, present=falls, **line)
        s.cone(
            "hair", turn, s.at("head", sign * 0.38 * h, -0.12 * h - low * h, (0.08 + 0.2 * low.clamp(max=1)) * h),
            (0.105 * h, 0.07 * h), deep=1.3, present=falls, **line,
        )  # fmt: skip


def _add_tied(s: Sculptor, figure: Figure, worn, generator: Generator) -> None:
    """Bun and ponytail."""
    h, batch = figure.h, s.batch
    height = uniform(generator, batch, low=0.15, high=0.8)
    back = (-0.5 + 0.55 * (height - 0.35).clamp(min=0)) * h
    size = uniform(generator, batch, low=0.13, high=0.21) * h
    s.ellipsoid("head", s.at("head", 0, height * h, back), (size, size, size * 0.9), present=worn("bun"), **_line(s, h))
    end = uniform(generator, batch, low=0.6, high=1.6)
    knot = s.at("head", 0, (0.3 + 0.2 * height) * h, -0.5 * h)
    turn = s.at("head", 0, 0.1 * h, -0.62 * h)
    s.cone("head", knot, turn, (0.09 * h, 0.13 * h), present=worn("ponytail"), **_line(s, h))
    s.cone(
        "hair", turn, s.at("head", 0, -end * h, -0.6 * h), (0.13 * h, 0.06 * h),
        present=worn("ponytail"), **_line(s, h, -end),
    )  # fmt: skip


def _add_hat(s: Sculptor, figure: Figure, present: Tensor) -> None:
    """A cap with a peak."""
    h = figure.h
    cloth = {"part": "hair", "slot": "belt", "present": present}
    s.ellipsoid(
        "head", s.at("head", 0, 0.42 * h, -0.02 * h), (0.37 * h, 0.36 * h, 0.46 * h),
        clip=((0.0, 0.98, -0.1), s.at("head", 0, 0.44 * h, 0.3 * h)), **cloth,
    )  # fmt: skip
    s.ellipsoid("head", s.at("head", 0, 0.45 * h, 0.5 * h), (0.3 * h, 0.03 * h, 0.24 * h), **cloth)
