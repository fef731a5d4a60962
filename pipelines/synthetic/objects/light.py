"""The light that falls on objects: up to three lamps and light from everywhere, Lambert's or Phong's.

`scene` draws a `Light` and lights what the cameras see with it. Five looks, since pictures of models differ in it more
than in anything else: soft light from above, bare lamps, a harsh lamp, a lamp at the camera, and no shading at all.

Legend: B objects, M surface points, L = 3 lamps. Colours are in 0..1.
"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn.functional import normalize

from pipelines.synthetic.rendering.noise import chance, normal, pick, soft_step, uniform

LOOKS = ("soft", "lamps", "harsh", "camera", "unshaded")
_WEIGHTS = (4.0, 3.0, 1.6, 2.0, 0.4)
LAMPS = 3


@dataclass
class Light:
    """Light of B objects, fixed to them but for the headlight."""

    lamp: Tensor
    """[B, L, 3] unit vectors to the lamps."""
    strength: Tensor
    """[B, L] of the lamps."""
    ambient: Tensor
    """[B] strength of the light from everywhere."""
    sky: Tensor
    """[B] how much more of it comes from above than from below, 0..1."""
    headlight: Tensor
    """[B] strength of a lamp at the camera."""
    reflection: Tensor
    """[B] strength of the highlights of the first lamp and of the headlight."""
    sharpness: Tensor
    """[B] exponent of the highlights."""
    mirror: Tensor
    """[B] strength of the sky's reflection."""
    shoulder: Tensor
    """[B] bool, whether bright surfaces stay a little darker than the white background."""
    flat: Tensor
    """[B] bool, whether each triangle has one normal."""


def sample_light(batch: int, generator: Generator) -> Light:
    """Draws one of `LOOKS` for each object; in about half of the cases both sides of an object get equal light."""
    look = pick(generator, _WEIGHTS, batch)
    soft, lamps, harsh, camera, unshaded = (look == number for number in range(len(LOOKS)))
    key = uniform(generator, batch, low=0.25, high=0.7)
    key = torch.where(lamps, uniform(generator, batch, low=0.35, high=0.9), key)
    key = torch.where(harsh, uniform(generator, batch, low=0.7, high=1.1), key)
    headlight = uniform(generator, batch, low=0.0, high=0.35)
    headlight = torch.where(camera, uniform(generator, batch, low=0.35, high=0.9), headlight * ~harsh)
    ambient = uniform(generator, batch, low=0.95, high=1.25) - 0.75 * key - 0.4 * headlight
    ambient = torch.where(lamps, uniform(generator, batch, low=0.3, high=0.6), ambient)
    ambient = torch.where(harsh, uniform(generator, batch, low=0.15, high=0.4), ambient)
    ambient = torch.where(camera, 1.05 - headlight, ambient)
    second = uniform(generator, batch, low=0.05, high=0.3) + 0.25 * lamps
    third = uniform(generator, batch, low=0.0, high=0.4) * (lamps & chance(generator, 0.5, batch))
    strength = torch.stack([key, second * ~harsh, third], 1) * ~(camera | unshaded)[:, None]
    shiny = chance(generator, 0.55, batch)
    return Light(
        lamp=_sample_lamps(batch, generator),
        strength=strength,
        ambient=torch.where(unshaded, uniform(generator, batch, low=0.8, high=1.0), ambient),
        sky=torch.where(soft, 0.15, 0.3 * uniform(generator, batch) * lamps),
        headlight=headlight * ~unshaded,
        reflection=uniform(generator, batch, low=0.1, high=0.7) * shiny * ~unshaded,
        sharpness=torch.exp(uniform(generator, batch, low=1.8, high=4.6)),
        mirror=uniform(generator, batch, low=0.2, high=1.0) * (soft | chance(generator, 0.25, batch)) * ~unshaded,
        shoulder=soft | chance(generator, 0.5, batch),
        flat=chance(generator, 0.14, batch),
    )


def _sample_lamps(batch: int, generator: Generator) -> Tensor:
    """Unit vectors [B, L, 3]: the key light from above, the second from the other side, the third from anywhere."""
    side = normal(generator, batch) * 0.9 * chance(generator, 0.5, batch)
    around = torch.where(chance(generator, 0.6, batch), 0.0, torch.pi) + side
    lift = uniform(generator, batch, low=0.15, high=1.8)
    key = torch.stack([around.cos(), around.sin(), lift], -1)
    back = torch.stack([-around.cos(), -around.sin(), uniform(generator, batch, low=-0.2, high=0.8)], -1)
    other = normal(generator, batch, 3)
    return normalize(torch.stack([key, back, other], 1), dim=-1)


def light_points(colour: Tensor, gloss: Tensor, light: Light, row: Tensor, normals: Tensor, towards: Tensor) -> Tensor:
    """Colour [M, 3] in 0..1 of surface points in the light of the objects `row` [M].

    colour: [M, 3] of the paint; gloss: [M]; normals, towards: [M, 3] unit vectors outwards and to the camera.
    """
    up = normals[:, 2]
    lamp, strength = light.lamp[row], light.strength[row]
    facing = (normals * towards).sum(-1).clamp(0, 1)
    diffuse = ((lamp @ normals[..., None])[..., 0].clamp(min=0) * strength).sum(-1)
    level = light.ambient[row] * (1 + light.sky[row] * (up - 1)) + diffuse + light.headlight[row] * facing
    excess = torch.relu(level - 0.75)  # bends towards 1.05, so that white stays apart from the background
    bent = level - excess + 0.3 * (1 - torch.exp(-excess / 0.3))
    level = torch.where(light.shoulder[row], bent, level)
    halfway = normalize(lamp[:, 0] + towards, dim=-1)
    sharpness = light.sharpness[row]
    glint = (normals * halfway).sum(-1).clamp(min=1e-4).pow(sharpness) * strength[:, 0]
    glint = glint + light.headlight[row] * facing.clamp(min=1e-4).pow(sharpness)
    mirrored = 2 * facing * up - towards[:, 2]
    sky = soft_step(mirrored - 0.15, 0.9) * (0.06 + 0.5 * (1 - facing).pow(4))
    shine = gloss * (light.reflection[row] * glint + light.mirror[row] * sky)
    return (colour * level[:, None] + shine[:, None]).clamp(0, 1)
