"""Colours of bare skin at any points of the body: tone, blotches, redness, freckles, moles, palms, nails, hair roots.

In: points of the skin with the columns of `skin_map.SkinMap`. Out: their colours and gloss. `mesh_shading` calls
`paint_skin`, which hands the points of heads on to `face_paint` and eyes and mouths to `eye_paint`.

Everything is a function of the place on the average body, so there is no texture, and any magnification is sharp.

Legend: M points. Colours are sRGB values in [0, 1].
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from pipelines.synthetic.people.complexion import Complexion
from pipelines.synthetic.people.skin_map import COLUMNS
from pipelines.synthetic.rendering.noise import soft_step
from pipelines.synthetic.tensors import constant

FRECKLE_CELL, MOLE_CELL = 0.0042, 0.05  # m
_MOLES = 0.16  # share of the cells that have one
_RED = (0.1, -0.14, -0.12)  # what full redness adds to the skin's colour, in parts of it


@dataclass
class SkinPoints:
    """M points on skins, eyes or mouths."""

    values: Tensor
    """[M, 11] columns of `SkinMap`."""
    surface: Tensor
    """[M] index into `SURFACES`."""
    person: Tensor
    """[M] row of the `Complexion`."""
    width: Tensor
    """[M] metres between neighbouring samples: nothing is painted sharper."""

    def column(self, name: str) -> Tensor:
        """One number of the map, [M]."""
        return self.values[:, COLUMNS[name].start]

    @property
    def place(self) -> tuple[Tensor, Tensor, Tensor]:
        """x, y, z [M] on the average body, metres; y from the pupils upwards."""
        x, y, z = self.values[:, COLUMNS["place"]].unbind(1)
        return x, y, z

    def take(self, chosen: Tensor) -> "SkinPoints":
        """The points with the indices `chosen`."""
        return SkinPoints(self.values[chosen], self.surface[chosen], self.person[chosen], self.width[chosen])


def lay(colour: Tensor, opacity: Tensor, paint: Tensor) -> Tensor:
    """`paint` [M, 3] over `colour` [M, 3] with an opacity [M] in 0..1."""
    return torch.lerp(colour, paint, opacity[:, None])


def scatter_cells(place: tuple[Tensor, ...], cell: float, seed: Tensor) -> tuple[Tensor, Tensor]:
    """A spot in each cell of a lattice: the distance [M] of points to the spot of their cell, and a number [M] in 0..1
    of the cell.

    Args:
        place: x, y, z [M] metres.
        cell: side of the cells, metres; spots are at least 0.3 of it from the sides.
        seed: [M], another one for another person.
    """
    index = [(axis / cell).floor() for axis in place]
    numbers = [_hash(index, seed + 0.137 * salt) for salt in range(4)]
    offset = [
        axis / cell - corner - 0.3 - 0.4 * jitter for axis, corner, jitter in zip(place, index, numbers, strict=False)
    ]
    return cell * (offset[0].square() + offset[1].square() + offset[2].square()).sqrt(), numbers[3]


def smooth_noise(place: tuple[Tensor, ...], cell: float, seed: Tensor) -> Tensor:
    """Noise [M] in -1..1 that varies over distances of `cell` metres; place: x, y, z [M]; seed: [M]."""
    corner = [(axis / cell).floor() for axis in place]
    share = [axis / cell - low for axis, low in zip(place, corner, strict=True)]
    share = [part * part * (3 - 2 * part) for part in share]
    total = torch.zeros_like(seed)
    for code in range(8):
        bits = [code >> axis & 1 for axis in range(3)]
        weight = torch.ones_like(seed)
        for part, bit in zip(share, bits, strict=True):
            weight = weight * (part if bit else 1 - part)
        total = total + weight * _hash([low + bit for low, bit in zip(corner, bits, strict=True)], seed)
    return 2 * total - 1


def _hash(index: list[Tensor], seed: Tensor) -> Tensor:
    """A number [M] in 0..1 for each cell [M] of a lattice."""
    x, y, z = index
    return (torch.sin(x * 12.9898 + y * 78.233 + z * 45.164 + seed * 37.719) * 43758.5453).frac().abs()


def paint_body(points: SkinPoints, complexion: Complexion) -> tuple[Tensor, Tensor]:
    """Colours [M, 3] and gloss [M] of skin below the face's features."""
    person, place = points.person, points.place
    seed = complexion.seed[person]
    skin = complexion.skin[person]
    blotches = 0.6 * smooth_noise(place, 0.035, seed) + 0.4 * smooth_noise(place, 0.009, seed + 1)
    colour = skin * (1 + 0.05 * blotches[:, None])
    tone = constant(_RED, skin.device)
    red = points.column("red") * (0.25 + 0.6 * complexion.blush[person]) + 0.24 * blotches
    colour = colour * (1 + red[:, None] * tone)
    palm = skin * 0.6 + constant((0.34, 0.25, 0.22), skin.device)
    colour = lay(colour, points.column("palm") * 0.6, palm)
    distance, number = scatter_cells(place, MOLE_CELL, seed)
    mole = soft_step(0.0009 + 0.008 * (_MOLES - number).clamp(min=0) - distance, points.width.clamp(min=0.001))
    colour = lay(colour, mole * (number < _MOLES) * 0.6, skin * constant((0.5, 0.38, 0.34), skin.device))
    colour = colour * (1 - 0.22 * points.column("hollow").clamp(-0.4, 1))[:, None]
    return _paint_nails(points, colour, complexion), 0.55 * complexion.gloss[person]


def _paint_nails(points: SkinPoints, colour: Tensor, complexion: Complexion) -> Tensor:
    """Nails with a pale moon's rim, on colours [M, 3]."""
    across, along = points.values[:, COLUMNS["nail"]].unbind(1)
    radius = (across.square().square() + along.square().square()).sqrt().sqrt()
    nail = soft_step(1 - radius, (points.width / 0.005).clamp(min=0.15))
    return lay(colour, nail * 0.75, complexion.nails[points.person])
