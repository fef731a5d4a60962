"""Lights on people: a key light, a fill, one from behind, sky and ground; and what surfaces do to it.

In: a generator; then normals and materials of points. Out: a `Lighting`, and the colours in which cameras see the
points. `mesh_shading` calls it.

The camera looks along -z. Strengths are linear light, 1 shows a white surface as white; colours of materials are sRGB.

Legend: B people, M points.
"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn.functional import normalize

from pipelines.synthetic.rendering.noise import chance, pick, uniform
from pipelines.synthetic.tensors import constant

_DISPLAY = 2.2  # exponent from sRGB values to linear light, nearly
# Kinds of light: share of the key in all light, softness of the key, how dark its shadows are, warmth of key and sky.
_KINDS = (
    (0.5, 0.45, 0.45, 0.0, 0.0),  # studio
    (0.72, 0.06, 0.85, 0.09, -0.1),  # sun and blue sky
    (0.25, 0.8, 0.2, -0.02, -0.03),  # overcast
    (0.5, 0.35, 0.5, 0.1, 0.05),  # lamps indoors
    (0.62, 0.15, 0.75, 0.2, -0.12),  # low sun
)
_KIND_WEIGHTS = (3.0, 1.6, 1.4, 2.0, 0.6)


@dataclass(frozen=True)
class Lighting:
    """The lights on B people."""

    key_way: Tensor
    """[B, 3] unit vector to the key light."""
    key: Tensor
    """[B, 3] its strength in red, green and blue."""
    fill_way: Tensor
    """[B, 3] unit vector to a weak light from the other side."""
    fill: Tensor
    """[B, 3] its strength."""
    rim_way: Tensor
    """[B, 3] unit vector to a light behind the person."""
    rim: Tensor
    """[B, 3] its strength, 0 for most."""
    sky: Tensor
    """[B, 3] strength of the light from above."""
    ground: Tensor
    """[B, 3] strength of the light from below."""
    soft: Tensor
    """[B] softness of the key, 0 hard .. 1 soft."""
    shadow: Tensor
    """[B] how much of the key light its shadows take away, 0..1."""


@dataclass
class Material:
    """What M points are made of."""

    colour: Tensor
    """[M, 3] in 0..1."""
    gloss: Tensor
    """[M] strength of highlights."""
    shine: Tensor
    """[M] exponent of highlights: the higher, the smaller they are."""
    skin: Tensor
    """[M] 1 for skin, which lets red light through at the edge of shadows."""
    strand: Tensor
    """[M, 3] unit vector along hair or zero: highlights of hair go across it."""


def sample_lighting(batch: int, generator: Generator) -> Lighting:
    """Draws studio lights, sun, overcast skies and lamps."""
    device = generator.device
    kind = pick(generator, _KIND_WEIGHTS, batch)
    share, soft, shadow, warm, cool = constant(_KINDS, device)[kind].unbind(1)
    share = (share * uniform(generator, batch, low=0.7, high=1.2))[:, None]
    total = uniform(generator, batch, 1, low=0.95, high=1.3)
    side, lift = 1.25 * uniform(generator, batch, low=-1.0), uniform(generator, batch, low=0.15, high=1.15)
    key_way = torch.stack([torch.sin(side), lift, torch.cos(side)], -1)
    fill_way = torch.stack([-torch.sin(side), torch.full_like(side, 0.15), torch.full_like(side, 0.7)], -1)
    rim_way = torch.stack([-torch.sign(side), 0.4 + 0 * side, -0.6 - 0.4 * lift], -1)
    warmth = constant((1.0, 0.1, -1.0), device)
    tint = 1 + 0.03 * uniform(generator, batch, 3, low=-1.0)
    ambient = (1 - share) * total
    rim = chance(generator, 0.3, batch, 1) * uniform(generator, batch, 1, low=0.2, high=0.9)
    return Lighting(
        key_way=normalize(key_way, dim=-1),
        key=1.25 * share * total * tint * (1 + warm[:, None] * warmth),
        fill_way=normalize(fill_way, dim=-1),
        fill=0.35 * ambient * (1 + cool[:, None] * warmth),
        rim_way=normalize(rim_way, dim=-1),
        rim=rim.expand(-1, 3),
        sky=0.9 * ambient * (1 + cool[:, None] * warmth),
        ground=ambient * uniform(generator, batch, 1, low=0.3, high=0.6) * (1 + 0.08 * warmth),
        soft=soft * uniform(generator, batch, low=0.7, high=1.2),
        shadow=shadow * uniform(generator, batch, low=0.7, high=1.1).clamp(max=1.0),
    )


def light_points(lighting: Lighting, person: Tensor, normal: Tensor, material: Material, lit: Tensor) -> Tensor:
    """Colours [M, 3] of points as the camera shows them, 0..1.

    Args:
        person: [M] row of `lighting`.
        normal: [M, 3] unit vectors.
        material: of the points.
        lit: [M] share of the key light that reaches the points, 1 where nothing is in its way.
    """
    facing = normal[:, 2].clamp(0, 1)
    key_way = lighting.key_way[person]
    wrap = (lighting.soft[person] * 0.5 + 0.06)[:, None]
    # Red light that enters skin comes out a little further on.
    bleed = material.skin[:, None] * constant((0.16, 0.03, 0.0), normal.device)
    toward = (normal * key_way).sum(1, keepdim=True)
    wrap = wrap + bleed
    key = ((toward + wrap) / (1 + wrap)).clamp(min=0)
    reach = 1 - lighting.shadow[person] * (1 - lit)
    fill = ((normal * lighting.fill_way[person]).sum(1, keepdim=True) * 0.7 + 0.3).clamp(min=0)
    height = (0.5 + 0.5 * normal[:, 1])[:, None]
    light = lighting.key[person] * (key * reach[:, None]) + lighting.fill[person] * fill
    light = light + torch.lerp(lighting.ground[person], lighting.sky[person], height) * (0.72 + 0.28 * facing)[:, None]
    shown = material.colour.clamp(min=0).pow(_DISPLAY) * light
    half = normalize(key_way + constant((0.0, 0.0, 1.0), normal.device), dim=-1)
    straight = (normal * half).sum(1).clamp(min=0)
    along = (material.strand * half).sum(1)
    hair = material.strand.square().sum(1)  # 1 for hair
    straight = torch.lerp(straight, (1 - along.square()).clamp(min=0).sqrt() * straight.sqrt(), hair)
    glint = material.gloss * straight.pow(material.shine) * reach
    tint = torch.lerp(torch.ones_like(normal), 1.4 * material.colour, 0.7 * hair[:, None])  # hair reflects its colour
    edge = (1 - facing).square().square()
    behind = (normal * lighting.rim_way[person]).sum(1).clamp(min=0) * edge
    shine = (
        glint[:, None] * tint * lighting.key[person] + (behind * (0.5 + material.gloss))[:, None] * lighting.rim[person]
    )
    shine = shine + (0.12 * edge * material.gloss)[:, None] * lighting.sky[person]
    return (shown + shine).clamp(1e-6, 1).pow(1 / _DISPLAY)
