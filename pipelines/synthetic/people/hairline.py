"""Where hair grows on heads, and where it ends: the line along forehead, temples, ears and nape.

In: places on the average head and the numbers of a person's hairline. Out: how far inside of it the places are.
`hair_mesh` cuts hair along it, `face_paint` paints the roots.

Places are metres on the average body, y from the pupils upwards. Legend: B people.
"""

import math

import torch
from torch import Generator, Tensor

from pipelines.synthetic.rendering.noise import chance, uniform
from pipelines.synthetic.tensors import constant

EARS_Z = 0.045  # m, of the axis around which the line runs
_CROWN = (0.0, 0.104, -0.005)  # m, where hair on the top of the head thins out first
# Degrees from the middle of the forehead: corner of the forehead, temple, sideburn, ear, nape.
_STOPS = (0.0, 18.0, 34.0, 47.0, 57.0, 64.0, 71.0, 77.0, 99.0, 106.0, 140.0, 180.0)
# Heights (m) at the stops: constant, then shares of the line's height in front, recession and height at the nape.
_HEIGHTS = (
    (0.0, 1.0, 0.0, 0.0), (0.0, 1.0, 0.3, 0.0), (-0.003, 1.0, 1.0, 0.0), (-0.011, 0.92, 0.5, 0.0),
    (0.016, 0.2, 0.0, 0.0), (-0.012, 0.0, 0.0, 0.0), (-0.016, 0.0, 0.0, 0.0), (0.013, 0.0, 0.0, 0.0),
    (0.014, 0.0, 0.0, 0.0), (-0.024, 0.0, 0.0, 0.3), (0.0, 0.0, 0.0, 0.9), (0.0, 0.0, 0.0, 1.0),
)  # fmt: skip


def sample_hairlines(female: Tensor, years: Tensor, generator: Generator) -> Tensor:
    """Hairlines [B, 5] of people: height in front, recession of the corners, height at the nape (negative), radius of
    the bare crown, all in metres, and the opacity of roots on the scalp.

    female: [B] bool; years: [B].
    """
    batch = len(years)
    old = ((years - 22) / 45).clamp(0, 1) * torch.where(female, 0.15, 1.0)
    thinning = chance(generator, 0.45, batch) * old * uniform(generator, batch, low=0.3, high=1.0)
    front = uniform(generator, batch, low=0.058, high=0.074) + 0.012 * thinning
    rounded = torch.where(female, 0.5, 1.0) * uniform(generator, batch, low=-0.006, high=0.022)
    nape = uniform(generator, batch, low=-0.085, high=-0.06)
    crown = 0.065 * ((thinning - 0.45) / 0.4).clamp(0, 1) - 0.02
    roots = uniform(generator, batch, low=0.75, high=0.95)
    return torch.stack([front, rounded + 0.016 * thinning, nape, crown, roots], 1)


def measure_hairline(place: tuple[Tensor, Tensor, Tensor], hairline: Tensor) -> Tensor:
    """About how many metres [...] places are outside of a hairline, negative inside.

    place: x, y, z [...]; hairline: [..., 5] of `sample_hairlines`.
    """
    x, y, z = place
    angle = torch.atan2(x.abs(), z - EARS_Z) * (180 / math.pi)
    stops, table = constant(_STOPS, y.device), constant(_HEIGHTS, y.device)
    index = torch.searchsorted(stops, angle.contiguous()).clamp(1, len(_STOPS) - 1)
    share = (angle - stops[index - 1]) / (stops[index] - stops[index - 1])
    heights = torch.lerp(table[index - 1], table[index], share[..., None])  # [..., 4]
    edge = heights[..., 0] + (heights[..., 1:] * hairline[..., :3]).sum(-1)
    far = sum((axis - middle).square() for axis, middle in zip(place, _CROWN, strict=True))
    return torch.maximum(edge - y, hairline[..., 3] - torch.as_tensor(far).sqrt())
