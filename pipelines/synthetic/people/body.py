"""People of varied build, hair and clothes as 60 to 80 round cones, each fixed rigidly to one frame of the rig.

Legend: B batch. Lengths in metres for a person of standard height; `k` scales them, `h` is the height of the head.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Generator, Tensor

from pipelines.synthetic.people.clothes import add_clothes, wears_skirt
from pipelines.synthetic.people.hair import add_hair
from pipelines.synthetic.people.primitives import PARTS, People, Sculptor, rest_origins
from pipelines.synthetic.people.skeleton import CHIN, CROWN, STANDARD_HEIGHT, Proportions
from pipelines.synthetic.people.textures import Outfit, sample_outfit
from pipelines.synthetic.rendering.noise import chance, normal, uniform

__all__ = ["PARTS", "Figure", "People", "sample_figure", "sample_people"]

SIDES = (("r", -1.0), ("l", 1.0))
Record = TypeVar("Record", bound=Any)


@dataclass
class Figure:
    """Build of B people, all [B].

    k: size against a standard adult; h: head height (m); female: 0 or 1; stout: about -1 slim .. 2 stout; strong: about
    -1 .. 1; limb, trunk: factors of the girth of limbs and trunk; waist, hip: half widths (m); crotch: its height below
    the hip joints (m).
    """

    k: Tensor
    h: Tensor
    female: Tensor
    stout: Tensor
    strong: Tensor
    limb: Tensor
    trunk: Tensor
    chest: Tensor
    waist: Tensor
    hip: Tensor


def sample_figure(proportions: Proportions, generator: Generator) -> Figure:
    """Draws a build that fits the skeleton: wider for wide shoulders and hips, rounder for stout people."""
    batch = len(proportions.head)
    k = proportions.height / STANDARD_HEIGHT
    female = chance(generator, 0.55, batch).float()
    stout = (0.15 + 0.55 * normal(generator, batch)).clamp(-0.9, 2.2)
    stout = torch.where(chance(generator, 0.07, batch), uniform(generator, batch, low=1.2, high=2.4), stout)
    strong = normal(generator, batch).clamp(-1.5, 1.5) * 0.6 - 0.3 * female
    shoulder = proportions.offsets[:, 14, 0] / (0.177 * k)
    pelvis = proportions.offsets[:, 8, 0] / (0.0894 * k)
    trunk = 1 + 0.12 * stout
    return Figure(
        k=k,
        h=proportions.head,
        female=female,
        stout=stout,
        strong=strong,
        limb=1 + 0.1 * stout + 0.05 * strong,
        trunk=trunk,
        chest=k * trunk * (0.155 - 0.019 * female + 0.008 * strong) * (0.4 + 0.6 * shoulder),
        waist=k * (0.139 - 0.022 * female + 0.03 * stout + 0.005 * uniform(generator, batch, low=-1)),
        hip=k * trunk * (0.163 + 0.009 * female) * (0.4 + 0.6 * pelvis),
    )


def sample_people(
    batch: int, generator: Generator, proportions: Proportions, *, outfit: Outfit | None = None
) -> People:
    """Draws B people on the given skeletons, with the geometry of the clothes in `outfit` (drawn if not given).

    The thousands of tiny steps run on the CPU, where they cost less than their launches on a GPU.
    """
    outfit = outfit or sample_outfit(batch, generator)
    device, seed = generator.device, torch.randint(2**31, (1,), generator=generator, device=generator.device)
    local = generator if device.type == "cpu" else Generator().manual_seed(int(seed))
    body, outfit = to_device(proportions, "cpu"), to_device(outfit, "cpu")
    figure = sample_figure(body, local)
    sculptor = Sculptor(rest_origins(body))
    skirt = wears_skirt(figure, outfit, local)
    _add_trunk(sculptor, figure)
    _add_seat(sculptor, figure, ~skirt)
    _add_head(sculptor, figure)
    for side, sign in SIDES:
        _add_arm(sculptor, figure, side, sign, body.hand)
        _add_leg(sculptor, figure, side, sign, body.foot)
    add_hair(sculptor, figure, local)
    add_clothes(sculptor, figure, outfit, skirt, local)
    return to_device(sculptor.people(), device)


def to_device(record: Record, device: torch.device | str) -> Record:
    """A dataclass of tensors and such dataclasses on `device`."""
    moved = {}
    for item in dataclasses.fields(record):
        value = getattr(record, item.name)
        moved[item.name] = value.to(device) if isinstance(value, Tensor) else to_device(value, device)
    return dataclasses.replace(record, **moved)


def torso_line(s: Sculptor, f: Figure) -> tuple[Tensor, Tensor]:
    """Line along which the texture of tops runs: base of the neck to the hips."""
    return s.at("chest", 0, 0.225 * f.k, -0.01 * f.k), s.at("pelvis", 0, -0.06 * f.k, -0.02 * f.k)


def _add_trunk(s: Sculptor, f: Figure) -> None:
    k, top = f.k, torso_line(s, f)
    deep = 0.7 + 0.05 * f.stout.clamp(min=0)
    upper = {"part": "torso", "slot": "top", "chart": top}

    def ring(frame: str, y0: Tensor, y1: Tensor, w0: Tensor, w1: Tensor, z: Tensor, flat: float, depth: Tensor) -> None:
        s.cone(
            frame, s.at(frame, 0, y0, z), s.at(frame, 0, y1, z), (w0 * flat, w1 * flat),
            wide=1 / flat, deep=depth / flat, **upper,
        )  # fmt: skip

    ring("chest", 0.075 * k, -0.05 * k, f.chest, f.chest * 0.9, 0.0 * k, 0.72, deep)
    ring("chest", -0.05 * k, -0.12 * k, f.chest * 0.89, f.waist * 1.02, 0.0 * k, 0.5, deep)
    ring("spine", 0.15 * k, -0.01 * k, 0.55 * f.chest + 0.45 * f.waist, f.waist, 0.004 * k, 0.5, deep * 0.98)
    shoulder = 0.112 * k * (0.9 + 0.1 * f.trunk)
    s.cone(
        "chest", s.at("chest", -shoulder, 0.115 * k, -0.004 * k), s.at("chest", shoulder, 0.115 * k, -0.004 * k),
        (0.062 * k * f.limb, 0.062 * k * f.limb), deep=1.15, **upper,
    )  # fmt: skip
    for _, sign in SIDES:
        s.cone(
            "chest", s.at("chest", sign * 0.02 * k, 0.205 * k, -0.012 * k),
            s.at("chest", sign * 0.15 * k, 0.14 * k, -0.008 * k),
            ((0.036 + 0.006 * f.strong) * k, (0.045 + 0.005 * f.strong) * k * f.limb), deep=1.1, **upper,
        )  # fmt: skip
        bust = k * (0.062 + 0.008 * f.female * f.stout.clamp(-1, 1.5))
        s.ellipsoid(
            "chest", s.at("chest", sign * 0.066 * k, -0.002 * k, f.chest * deep - bust * (0.82 - 0.22 * f.female)),
            (bust * 1.2, bust * 1.35, bust), **upper,
        )  # fmt: skip
    belly = 0.1 * k + 0.02 * k * f.stout
    s.ellipsoid(
        "spine", s.at("spine", 0, 0.01 * k, 0.015 * k + 0.045 * k * (f.stout - 0.3).clamp(min=0)),
        (belly * 1.1, belly * 1.15, belly * 0.9), **upper,
    )  # fmt: skip
    flat = 0.55
    s.cone(
        "pelvis", s.at("pelvis", 0, 0.05 * k, -0.008 * k), s.at("pelvis", 0, -0.02 * k, -0.008 * k),
        ((0.45 * f.hip + 0.55 * f.waist) * flat, f.hip * flat * 0.99), wide=1 / flat, deep=0.68 / flat,
        part="torso", slot="bottom", chart=_leg_line(s, f, "pelvis", 0.0),
    )  # fmt: skip


def _add_seat(s: Sculptor, f: Figure, present: Tensor) -> None:
    k = f.k
    for _, sign in SIDES:
        s.ellipsoid(
            "pelvis", s.at("pelvis", sign * 0.068 * k, -0.03 * k, -0.05 * k * f.trunk),
            (0.088 * k * f.trunk, 0.1 * k, (0.066 + 0.006 * f.female) * k * f.trunk),
            present=present, part="torso", slot="bottom", chart=_leg_line(s, f, "pelvis", 0.0),
        )  # fmt: skip


def _leg_line(s: Sculptor, f: Figure, frame: str, x: float | Tensor) -> tuple[Tensor, Tensor]:
    """Line along which trousers run: waist to knee."""
    waist, knee = s.at("pelvis", 0, 0.1 * f.k, -0.008 * f.k), s.at("r_knee")
    centre = s.at(frame)[:, :1] * 0 + s.number(x)[:, None]
    start = torch.cat([centre, waist[:, 1:]], 1)
    return start, torch.cat([centre, knee[:, 1:2], waist[:, 2:]], 1)


def _add_head(s: Sculptor, f: Figure) -> None:
    h, female = f.h, f.female
    face = {
        "part": "head", "slot": "face",
        "chart": (s.at("head", 0, CROWN * h, -0.02 * h), s.at("head", 0, CHIN * h, -0.02 * h)),
    }  # fmt: skip
    neck = (0.24 - 0.03 * female + 0.02 * f.strong + 0.02 * f.stout) * h
    s.cone(
        "neck", s.at("neck", 0, -0.05 * h, 0.02 * h), s.at("head", 0, 0.0, 0.0), (neck * 1.12, neck),
        deep=1.0, part="neck", slot="skin",
    )  # fmt: skip
    s.ellipsoid("head", s.at("head", 0, 0.3 * h, -0.02 * h), (0.335 * h, 0.43 * h, 0.43 * h), **face)
    cheek, chin = (0.275 - 0.01 * female) * h, (0.165 - 0.025 * female + 0.012 * f.stout) * h
    flat = 0.7
    s.cone(
        "head", s.at("head", 0, 0.16 * h, 0.11 * h), s.at("head", 0, CHIN * h + chin * flat, 0.22 * h),
        (cheek * flat, chin * flat), wide=1.08 / flat, deep=0.98 / flat, **face,
    )  # fmt: skip
    s.cone(
        "head", s.at("head", 0, 0.24 * h, 0.385 * h), s.at("head", 0, 0.07 * h, 0.445 * h),
        (0.03 * h, 0.055 * h), **face,
    )  # fmt: skip
    for _, sign in SIDES:
        s.ellipsoid(
            "head", s.at("head", sign * 0.345 * h, 0.14 * h, -0.03 * h), (0.035 * h, 0.125 * h, 0.075 * h),
            part="head", slot="skin",
        )  # fmt: skip


def _add_arm(s: Sculptor, f: Figure, side: str, sign: float, hand: Tensor) -> None:
    k, limb = f.k, f.limb * (1 - 0.1 * f.female)
    shoulder, elbow, wrist = (f"{side}_{name}" for name in ("shoulder", "elbow", "wrist"))
    upper = {"part": f"{side}_upper_arm", "slot": "sleeve", "chart": (s.at(shoulder, 0, 0.03 * k), s.at(elbow))}
    lower = {"part": f"{side}_forearm", "slot": "forearm", "chart": (s.at(elbow), s.at(wrist))}
    top = s.at(shoulder, -sign * 0.006 * k, -0.012 * k)
    s.cone(shoulder, top, s.at(elbow), (0.054 * k * limb, 0.041 * k * limb), **upper)
    muscle = (0.045 + 0.006 * f.strong) * k * limb
    s.cone(
        shoulder, s.at(shoulder, 0, -0.1 * k, 0.008 * k), s.at(shoulder, 0, -0.2 * k, 0.006 * k),
        (muscle, muscle * 0.9), **upper,
    )  # fmt: skip
    middle = s.at(elbow, 0, -0.07 * k, 0)
    s.cone(elbow, s.at(elbow), middle, (0.04 * k * limb, 0.043 * k * limb), **lower)
    s.cone(elbow, middle, s.at(wrist, 0, 0.01 * k), (0.043 * k * limb, 0.026 * k * limb), **lower)
    _add_hand(s, f, side, sign, hand)


def _add_hand(s: Sculptor, f: Figure, side: str, sign: float, hand: Tensor) -> None:
    """Palm, two finger blocks and a thumb; at rest the palm faces the thigh and the thumb points forward."""
    wrist, size = f"{side}_wrist", hand * (1 - 0.04 * f.female)
    skin = {"part": f"{side}_hand", "slot": "hand", "chart": (s.at(wrist), s.at(wrist, 0, -size))}
    thin = 0.35

    def blade(start: Tensor, end: Tensor, w0: Tensor, w1: Tensor) -> None:
        s.cone(wrist, start, end, (w0 * thin, w1 * thin), wide=1.15, deep=1 / thin, **skin)

    inward = -sign * size
    blade(s.at(wrist, 0, -0.02 * size), s.at(wrist, 0, -0.4 * size, 0.01 * size), 0.15 * size, 0.22 * size)
    blade(
        s.at(wrist, 0.01 * inward, -0.5 * size, 0.075 * size),
        s.at(wrist, 0.05 * inward, -0.93 * size, 0.08 * size), 0.1 * size, 0.075 * size,
    )  # fmt: skip
    blade(
        s.at(wrist, 0.02 * inward, -0.48 * size, -0.09 * size),
        s.at(wrist, 0.12 * inward, -0.86 * size, -0.07 * size), 0.1 * size, 0.08 * size,
    )  # fmt: skip
    s.cone(
        wrist, s.at(wrist, 0.03 * inward, -0.12 * size, 0.12 * size),
        s.at(wrist, 0.1 * inward, -0.5 * size, 0.27 * size),
        (0.085 * size, 0.055 * size), **skin,
    )  # fmt: skip


def _add_leg(s: Sculptor, f: Figure, side: str, sign: float, foot: Tensor) -> None:
    k, limb = f.k, f.limb * (1 + 0.04 * f.female)
    hip, knee, ankle = (f"{side}_{name}" for name in ("hip", "knee", "ankle"))
    x = s.origins[:, 8, 0] * sign
    upper = {"part": f"{side}_thigh", "slot": "bottom", "chart": _leg_line(s, f, hip, x)}
    lower = {"part": f"{side}_shin", "slot": "lower_leg", "chart": (s.at(knee), s.at(ankle))}
    girth = 0.082 * k * limb
    inset = (x.abs() + girth - f.hip).clamp(min=-0.02) * sign
    s.cone(
        hip, s.at(hip, -inset, -0.02 * k), s.at(knee, 0, 0, 0.004 * k), (girth, 0.051 * k * limb), deep=1.06, **upper
    )  # fmt: skip
    s.cone(
        knee, s.at(knee, 0, 0, 0.006 * k), s.at(ankle, 0, 0, -0.004 * k), (0.05 * k * limb, 0.034 * k * limb), **lower
    )  # fmt: skip
    s.cone(
        knee, s.at(knee, 0, -0.09 * k, -0.014 * k), s.at(knee, 0, -0.2 * k, -0.012 * k),
        ((0.05 + 0.003 * f.strong) * k * limb, 0.044 * k * limb), **lower,
    )  # fmt: skip
    _add_foot(s, f, side, foot)


def _add_foot(s: Sculptor, f: Figure, side: str, foot: Tensor) -> None:
    """Heel, instep, toes and sole of a shoe; the foot points forward, a quarter of it behind the ankle."""
    ankle, down, upright = f"{side}_ankle", -foot / 4, (0.0, 1.0, 0.0)
    chart = s.at(ankle, 0, down * 0.5, -0.25 * foot), s.at(ankle, 0, down * 0.5, 0.75 * foot)
    clip = upright, s.at(ankle, 0, down * 1.06)
    wide = foot * (0.165 - 0.012 * f.female)

    def cone(y0: Tensor, z0: float, y1: Tensor, z1: float, r0: Tensor, r1: Tensor, deep: float = 1.0) -> None:
        s.cone(
            ankle, s.at(ankle, 0, y0, z0 * foot), s.at(ankle, 0, y1, z1 * foot), (r0, r1), deep=deep,
            part=f"{side}_foot", slot="shoe", front=upright, chart=chart, clip=clip,
        )  # fmt: skip

    cone(0.06 * foot, -0.031, down * 0.55, -0.07, 0.135 * foot, 0.15 * foot)
    cone(down * 0.25, -0.02, down * 0.62, 0.42, 0.15 * foot, 0.115 * foot)
    cone(down * 0.72, 0.36, down * 0.76, 0.58, wide, wide * 0.88, deep=0.6)
    cone(down * 0.98, -0.1, down * 0.98, 0.57, wide * 0.95, wide * 1.06, deep=0.28)
