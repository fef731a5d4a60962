"""Loose clothes as open cones over the body: hems, sleeves, trouser legs, skirts, coats, collars and belts.

Legend: B batch. Lengths in metres for a person of standard height, scaled by the figure's `k`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Generator, Tensor

from pipelines.synthetic.people.garments import STYLES
from pipelines.synthetic.people.primitives import Sculptor
from pipelines.synthetic.people.skeleton import INDEX
from pipelines.synthetic.people.textures import Outfit
from pipelines.synthetic.rendering.noise import chance, uniform

if TYPE_CHECKING:
    from pipelines.synthetic.people.body import Figure

SIDES = (("r", -1.0), ("l", 1.0))
FLAT = 0.3  # height of the rounded ends of closed clothes, in parts of their width


def add_clothes(s: Sculptor, figure: Figure, outfit: Outfit, skirt: Tensor, generator: Generator) -> None:
    """Adds the loose parts of the outfit, and a skirt where `skirt` [B]; tight clothes are textures on the body."""
    loose = uniform(generator, s.batch).square()
    for side, sign in SIDES:
        _add_sleeve(s, figure, outfit, loose, side, sign)
        _add_trouser_leg(s, figure, outfit, loose, skirt, side)
    _add_top(s, figure, outfit, loose, skirt, generator)
    _add_skirt(s, figure, skirt, generator)


def hips(s: Sculptor, f: Figure) -> Tensor:
    """Half width [B] over hips and thighs (m)."""
    return torch.maximum(f.hip, s.origins[:, INDEX["l_hip"], 0] + 0.076 * f.k * f.limb)


def wears_skirt(figure: Figure, outfit: Outfit, generator: Generator) -> Tensor:
    """Dresses, and skirts over bare legs or tights, [B] bool."""
    likely = (figure.female > 0.5) & (outfit.leg < 0.9) & chance(generator, 0.75, len(figure.k))
    return likely | (outfit.one_piece & (outfit.leg < 0.9))


def _add_sleeve(s: Sculptor, f: Figure, outfit: Outfit, loose: Tensor, side: str, sign: float) -> None:
    k, limb = f.k, f.limb * (1 - 0.1 * f.female)
    shoulder, elbow, wrist = (f"{side}_{name}" for name in ("shoulder", "elbow", "wrist"))
    upper = {"part": f"{side}_upper_arm", "slot": "sleeve", "chart": (s.at(shoulder, 0, 0.03 * k), s.at(elbow))}
    lower = {"part": f"{side}_forearm", "slot": "forearm", "chart": (s.at(elbow), s.at(wrist))}
    clothed, length = outfit.sleeve > 0.1, (s.at(shoulder) - s.at(elbow)).norm(dim=-1)
    wide = (0.004 + 0.022 * loose) * k
    end = s.at(shoulder, 0, 0.03 * k - (length + 0.03 * k) * outfit.sleeve.clamp(max=1.0))
    taper = 0.058 - 0.012 * outfit.sleeve.clamp(max=1.0)
    s.cone(
        shoulder, s.at(shoulder, -sign * 0.008 * k, -0.01 * k), end,
        (0.055 * k * limb + wide * 0.5, taper * k * limb + wide),
        opened=(False, outfit.sleeve < 1.2), present=clothed, **upper,
    )  # fmt: skip
    long = outfit.sleeve > 1.15
    forearm = (s.at(elbow) - s.at(wrist)).norm(dim=-1)
    cuff = s.at(elbow, 0, -forearm * (outfit.sleeve - 1).clamp(0.05, 0.97))
    bell = wide * torch.where(loose > 0.6, 1.3, 0.5)
    s.cone(
        elbow, s.at(elbow), cuff, (0.042 * k * limb + wide, 0.032 * k * limb + bell),
        opened=(False, True), present=long, **lower,
    )  # fmt: skip
    s.ellipsoid(
        f"{side}_sleeve", s.at(elbow), (0.043 * k * limb + wide, 0.055 * k * limb, 0.043 * k * limb + wide),
        present=long, part=f"{side}_forearm", slot="sleeve", chart=upper["chart"],
    )  # fmt: skip


def _add_trouser_leg(s: Sculptor, f: Figure, outfit: Outfit, loose: Tensor, skirt: Tensor, side: str) -> None:
    k, limb = f.k, f.limb * (1 + 0.04 * f.female)
    hip, knee, ankle = (f"{side}_{name}" for name in ("hip", "knee", "ankle"))
    centre = s.at(hip)
    waist = s.at("pelvis", 0, 0.1 * k)
    line = torch.stack([centre[:, 0], waist[:, 1], centre[:, 2]], -1), s.at(knee)
    wide = (0.003 + 0.03 * loose) * k
    clothed = ~skirt & (outfit.leg > 0.15)
    reach = (line[0] - s.at(knee)).norm(dim=-1)
    end = line[0] - torch.stack([0 * reach, reach * outfit.leg.clamp(max=1.0), 0 * reach], -1)
    shorts = 0.074 - 0.016 * outfit.leg.clamp(max=1.0)
    s.cone(
        hip, s.at(hip, 0, -0.02 * k), end, (0.08 * k * limb + wide * 0.5, shorts * k * limb + wide), deep=1.05,
        opened=(True, outfit.leg < 1.1), present=clothed, part=f"{side}_thigh", slot="bottom", chart=line,
    )  # fmt: skip
    shin = (s.at(knee) - s.at(ankle)).norm(dim=-1)
    hem = s.at(knee, 0, -shin * (outfit.leg - 1).clamp(0.05, 0.985))
    flare = torch.where(loose > 0.75, 0.02 * k, 0.0)
    s.cone(
        knee, s.at(knee), hem,
        (0.054 * k * limb + wide, (0.046 - 0.004 * (loose < 0.1)) * k * limb + wide * 0.9 + flare),
        opened=(False, True), present=clothed & (outfit.leg > 1.1), deep=1.06,
        part=f"{side}_shin", slot="lower_leg", chart=(s.at(knee), s.at(ankle)),
    )  # fmt: skip


def _add_top(s: Sculptor, f: Figure, outfit: Outfit, loose: Tensor, skirt: Tensor, generator: Generator) -> None:
    """What hangs below the waist, a belt under it, and a collar."""
    k, batch = f.k, s.batch
    line = s.at("chest", 0, 0.225 * k, -0.01 * k), s.at("pelvis", 0, -0.06 * k, -0.02 * k)
    hangs = ~outfit.one_piece & chance(generator, 0.62, batch)
    hem = uniform(generator, batch, low=-0.08, high=0.05) * k
    ease = (0.008 + 0.03 * loose) * k
    s.cone(
        "pelvis", s.at("pelvis", 0, 0.13 * k, -0.014 * k), s.at("pelvis", 0, hem, -0.01 * k),
        ((f.waist + 0.6 * ease) * FLAT, (hips(s, f) + ease) * FLAT), wide=1 / FLAT, deep=0.78 / FLAT,
        opened=(False, True), present=hangs, part="torso", slot="top", chart=line,
    )  # fmt: skip
    s.cone(
        "spine", s.at("chest", 0, -0.02 * k, 0.0), s.at("spine", 0, -0.02 * k, 0.004 * k),
        ((f.chest + 0.3 * ease) * FLAT, (f.waist + 0.7 * ease) * FLAT), wide=1 / FLAT, deep=0.74 / FLAT,
        present=loose > 0.25, part="torso", slot="top", chart=line,
    )  # fmt: skip
    tall, belt = 0.012 * k, f.waist * 0.55 + f.hip * 0.45 + 0.008 * k
    s.cone(
        "pelvis", s.at("pelvis", 0, 0.085 * k - tall, -0.008 * k), s.at("pelvis", 0, 0.085 * k + tall, -0.008 * k),
        (belt, belt), deep=0.74, opened=(True, True),
        present=~hangs & chance(generator, 0.7, batch), part="torso", slot="belt",
    )  # fmt: skip
    collared = torch.stack([outfit.style == STYLES.index(name) for name in ("shirt", "jacket", "polo", "zip")]).any(0)
    s.cone(
        "chest", s.at("chest", 0, 0.17 * k, -0.008 * k), s.at("chest", 0, 0.215 * k, -0.002 * k),
        (0.08 * k, 0.068 * k), opened=(True, True), present=collared, part="torso", slot="top", chart=line,
        clip=((0.0, 0.55, -0.83), s.at("chest", 0, 0.165 * k, 0.055 * k)),
    )  # fmt: skip


def _add_skirt(s: Sculptor, f: Figure, skirt: Tensor, generator: Generator) -> None:
    k, batch = f.k, s.batch
    length = uniform(generator, batch, low=0.34, high=0.9) * k
    length = torch.where(chance(generator, 0.6, batch), length.clamp(max=0.62 * k), length)
    flare = uniform(generator, batch, low=0.02, high=0.15) * k * (0.5 + 0.5 * length / k)
    line = s.at("pelvis", 0, 0.1 * k, -0.01 * k), s.at("pelvis", 0, 0.1 * k - length, -0.01 * k)
    cloth = {"part": "skirt", "slot": "skirt", "chart": line, "present": skirt}
    width = hips(s, f) + 0.014 * k
    s.cone(
        "pelvis", s.at("pelvis", 0, 0.11 * k, -0.01 * k), s.at("pelvis", 0, -0.005 * k, -0.014 * k),
        ((f.waist + 0.008 * k) * FLAT, width * FLAT), wide=1 / FLAT, deep=0.82 / FLAT, **cloth,
    )  # fmt: skip
    s.cone(
        "skirt", s.at("pelvis", 0, -0.005 * k, -0.014 * k), line[1], (width * FLAT, (width + flare) * FLAT),
        wide=1 / FLAT, deep=0.8 / FLAT, opened=(False, True), **cloth,
    )  # fmt: skip
    for side, _ in SIDES:
        _add_skirt_over_leg(s, f, side, length, cloth)


def _add_skirt_over_leg(s: Sculptor, f: Figure, side: str, length: Tensor, cloth: dict) -> None:
    """The part of the skirt that goes with a leg: inside the rest of the skirt until the leg is raised."""
    k, limb = f.k, f.limb * (1 + 0.04 * f.female)
    hip, knee = f"{side}_hip", f"{side}_knee"
    thigh = (s.at(hip) - s.at(knee)).norm(dim=-1)
    below = length - 0.15 * k  # from about the hip joint to a little above the hem
    end = s.at(hip, 0, -torch.minimum(below, thigh))
    s.cone(
        hip, s.at(hip, 0, -0.02 * k), end, (0.087 * k * limb, 0.076 * k * limb + 0.012 * k), deep=1.06,
        opened=(False, below < thigh + 0.05 * k), **cloth,
    )  # fmt: skip
    shin = (below - thigh).clamp(min=0.02)
    s.cone(
        knee, s.at(knee), s.at(knee, 0, -shin), (0.076 * k * limb + 0.01 * k, 0.08 * k * limb + 0.02 * k),
        opened=(False, True), **cloth | {"present": cloth["present"] & (below > thigh + 0.05 * k)},
    )  # fmt: skip
