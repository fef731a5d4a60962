"""Colours of eyeballs, lids' insides, teeth, tongue and mouth at any points of them.

In: points of the body and complexions. Out: colours and gloss. `face_paint` calls it.

Legend: M points. Colours are sRGB values in [0, 1].
"""

import torch
from torch import Tensor

from pipelines.synthetic.people.body_bones import SURFACES
from pipelines.synthetic.people.complexion import Complexion
from pipelines.synthetic.people.skin_paint import SkinPoints, lay, smooth_noise
from pipelines.synthetic.rendering.noise import soft_step
from pipelines.synthetic.tensors import constant

_EYEBALL = 0.0157  # radius of the average body's, m
_IRIS, _PUPIL, _RING = 0.0056, 0.0024, 0.0012  # radius of iris and pupil, width of the iris's dark rim, m
_WHITE, _BLACK = (0.9, 0.88, 0.86), (0.03, 0.025, 0.025)
_INSIDES = {
    "teeth": (0.86, 0.82, 0.74), "tongue": (0.62, 0.28, 0.27), "mouth": (0.32, 0.1, 0.1), "socket": (0.62, 0.38, 0.34)
}  # fmt: skip


def paint_eyes(points: SkinPoints, complexion: Complexion, eye: Tensor) -> Tensor:
    """Colours [M, 3] of eyeballs; eye: [3] middle of the left one on the average body."""
    x, y, z = points.place
    across, up, ahead = x.abs() - eye[0], y - eye[1], z - eye[2]
    radius = (across.square() + up.square()).sqrt()
    radius = torch.where(ahead > 0, radius, _EYEBALL)
    width = points.width.clamp(min=0.0006)
    white = constant(_WHITE, x.device) * (1 - 0.1 * (radius / _EYEBALL).square()[:, None])
    red = smooth_noise(points.place, 0.0025, complexion.seed[points.person]).clamp(min=0) * (radius / _EYEBALL)
    white = white * (1 - red[:, None] * constant((0.04, 0.14, 0.14), x.device))
    iris = complexion.iris[points.person]
    spokes = torch.sin(torch.atan2(up, across) * 26) * 0.14
    iris = iris * (1.05 + spokes + 0.35 * soft_step(0.0042 - radius, 0.002))[:, None]
    colour = lay(white, soft_step(_IRIS - radius, width), iris)
    ring = soft_step(_RING / 2 - (radius - _IRIS + _RING / 2).abs(), width)
    colour = lay(colour, 0.7 * ring, iris * 0.25)
    return lay(colour, soft_step(_PUPIL - radius, width), constant(_BLACK, x.device).expand_as(colour))


def paint_insides(points: SkinPoints, complexion: Complexion) -> Tensor:
    """Colours [M, 3] of teeth, tongue, mouth and the inner side of lids; what lies deep in the mouth is dark."""
    table = [_INSIDES.get(name, (0.0, 0.0, 0.0)) for name in SURFACES]
    colour = constant(tuple(table), points.values.device)[points.surface]
    lid = complexion.skin[points.person] * constant((0.8, 0.55, 0.5), colour.device)
    socket = points.surface == SURFACES.index("socket")
    depth = ((0.147 - points.place[2]) / 0.03).clamp(0, 1)
    teeth = points.surface == SURFACES.index("teeth")  # which shine in what little light there is
    dark = torch.where(socket, 0.0, torch.where(teeth, 0.45, 0.85) * depth)
    return torch.where(socket[:, None], lid, colour) * (1 - dark)[:, None]
