"""Wrinkles of clothes that come and go with the pose: where a garment is shorter than its cloth, it buckles.

In: dressed people, then their vertices in poses. Out: how much cloth buckles, and from that its slope and shade.
Measuring lengths on the mesh finds the inner sides of elbows and knees, the groin of raised thighs, the waist of
bent and twisted trunks, armpits and shoulders alike. Stretched cloth is drawn into fine lines.

`scene` draws `Wrinkles`, `clips` measures, `mesh_shading` looks slopes up.

Legend: B people, N pictures, W vertices of all layers, v those of shells, G garments (top, bottom), S slots, M samples,
D = 4 ways across a wrinkle: v, u, v + u and v - u of the texture coordinates; n size of the pattern.
"""

from dataclasses import dataclass
from functools import cache

import torch
from torch import Generator, Tensor
from torch.nn.functional import grid_sample, normalize, pad

from pipelines.synthetic.people.body_charts import BodyCharts
from pipelines.synthetic.people.body_model import BodyModel, RestBody, skin_vertices
from pipelines.synthetic.people.body_pose import BodyPose, bone_matrices
from pipelines.synthetic.people.clothing import SHELLS
from pipelines.synthetic.people.dressed import Dressed, DressedBody
from pipelines.synthetic.people.fabrics import KINDS
from pipelines.synthetic.people.layers import neighbours
from pipelines.synthetic.people.skeleton import INDEX, RIG, SIDES, Motion, forward_kinematics
from pipelines.synthetic.people.texels import find_tangents, garment_slots, loosen
from pipelines.synthetic.people.textures import EXTENTS, SLOTS, Outfit
from pipelines.synthetic.people.wardrobe import Wardrobe
from pipelines.synthetic.rendering.noise import normal, uniform
from pipelines.synthetic.rotations import rotation_about
from pipelines.synthetic.tensors import constant

_REACH, _STEPS = 0.04, 6  # m and edges from a vertex to either end of the length that is measured there
_SHORTEST = 0.015  # m; what is shorter at rest says nothing
_SPREAD = 0.7  # radians from straight down of straight arms, as in the rest body
_ROUNDS = 4  # of smoothing
_BUCKLING, _STRETCH = 0.1, 0.12  # change of length from which cloth buckles, or is drawn into lines
_ONSET = 0.08  # change of length over which wrinkles start softly
_TAUT = 0.15  # change of length from which lines get no deeper: cloth slides
_LINES = 0.3  # depth of the lines of stretched cloth against that of buckled cloth
_DEEPEST = 0.5  # change of length from which wrinkles get no deeper
_SIZE, _WAVES = 128, 5.0  # texels of the pattern, and wrinkles across it
_IRREGULAR, _LONG = 1.8, 1.6  # spread of the frequencies across wrinkles and along them, in waves per pattern
_PERIOD = (0.17, 0.25)  # m, range of the size of the pattern
_TRUNK = 1.6  # by which wrinkles of the trunk are wider than those of limbs
_STIFF = {"denim": 1.3, "leather": 1.5, "knit": 1.25}  # by which wrinkles of thick cloth are wider
_HALF = 0.5**0.5  # of a slope at 45 degrees to u and v
_SHADE = 0.3  # by how much the valley of a wrinkle of slope 1 is darker
_OTHER_SIDE = 0.37  # by which left limbs are shifted along the pattern
# Metres around of the pattern on each slot; along limbs the number of patterns around doesn't change.
_GIRTHS = {"top": EXTENTS["top"][0], "sleeve": 0.36, "forearm": 0.36, "bottom": 0.55, "lower_leg": 0.55}
_LENGTHS = {name: extent[1] for name, extent in EXTENTS.items()}  # m along parts
_BEFORE = {"forearm": _LENGTHS["sleeve"], "lower_leg": _LENGTHS["bottom"]}  # m from where the limb starts


@dataclass
class Wrinkles:
    """How the clothes of B people wrinkle."""

    pattern: Tensor
    """[3, n + 1, n + 1] slope along and across wrinkles, which run along the rows, and depth of the valleys; all for
    a slope of 1, the last row and column are the first ones."""
    scale: Tensor
    """[B, S, 2] patterns around a part and along it."""
    start: Tensor
    """[B, S, 2] where a part starts on the pattern."""
    give: Tensor
    """[B, G] how much a garment wrinkles, 0 like skin .. 1."""
    lengths: Tensor
    """[B, v, D] metres of cloth around each vertex of the shells."""


def sample_wrinkles(outfit: Outfit, wardrobe: Wardrobe, dressed: Dressed, generator: Generator) -> Wrinkles:
    """Draws the wrinkles of B people: few on tight clothes, wide ones on thick cloth."""
    batch, device = len(outfit.style), outfit.style.device
    kind = outfit.fabrics.kind.view(3, batch)[:2].T  # [B, G]
    width = uniform(generator, batch, 2, low=_PERIOD[0], high=_PERIOD[1])
    for name, factor in _STIFF.items():
        width = torch.where(kind == KINDS.index(name), factor * width, width)
    period = garment_slots(width) * constant(tuple(_TRUNK if name == "top" else 1.0 for name in SLOTS), device)
    girth, length, before = (
        constant(tuple(table.get(name, other) for name in SLOTS), device)
        for table, other in ((_GIRTHS, 1.0), (_LENGTHS, 1.0), (_BEFORE, 0.0))
    )
    scale = torch.stack([(girth / period).round().clamp(min=1), length / period], -1)
    start = uniform(generator, batch, 1, 2).repeat(1, len(SLOTS), 1)
    start[..., 1] += before / period
    pattern, lengths = _draw_pattern(generator), WrinkleTables.load(device).find_lengths(dressed)
    return Wrinkles(pattern, scale, start, loosen(wardrobe), lengths)


def _draw_pattern(generator: Generator) -> Tensor:
    """`Wrinkles.pattern`: long waves that begin, end and meet, with round ridges and sharp valleys."""
    device = generator.device
    across = torch.fft.fftfreq(_SIZE, 1 / _SIZE, device=device)[:, None]
    along = torch.fft.rfftfreq(_SIZE, 1 / _SIZE, device=device)
    amplitude = torch.exp(-((across.abs() - _WAVES) / _IRREGULAR).square() / 2 - (along / _LONG).square() / 2)
    wave = torch.fft.irfft2(torch.fft.rfft2(normal(generator, _SIZE, _SIZE)) * amplitude, s=(_SIZE, _SIZE))
    height = -torch.exp(-0.7 * wave / wave.std())
    slope = torch.stack([height - height.roll(-1, way) for way in (1, 0)])
    valley = ((height.mean() - height) / height.std()).clamp(0, 2)
    pattern = torch.cat([slope / slope[1].std(), valley[None]])
    return pad(pattern[None], (0, 1, 0, 1), mode="circular")[0]


class WrinkleTables:
    """What the clothes of all people have in common, on one device."""

    shift: Tensor
    """[F] by which triangles are shifted along the pattern, so that left limbs differ from right ones."""

    def __init__(self, dressed: DressedBody, device: torch.device | str) -> None:
        charts = BodyCharts.load()
        vertex = torch.cat([dressed.clothing.shells[name].vertex.cpu() for name in SHELLS])
        template = torch.cat([charts.vertices, charts.vertices[vertex]])
        self._shells = slice(len(charts.vertices), len(template))
        inside = (dressed.triangles.cpu() >= self._shells.start) & (dressed.triangles.cpu() < self._shells.stop)
        chosen = inside.all(1).nonzero()[:, 0]
        triangles, uv = dressed.triangles.cpu()[chosen], dressed.uv.cpu()
        local = triangles - self._shells.start
        adjacent = neighbours(local, len(vertex), keep_rim=False)
        ways = _find_ways(template[triangles], uv[chosen], local, len(vertex))
        ends = [_walk(template[self._shells], adjacent, sign * way) for way in ways for sign in (1, -1)]
        self._ends = torch.stack(ends, 1).unflatten(1, (4, 2)).to(device)  # [v, D, 2]
        self._adjacent = adjacent.T.contiguous().to(device)  # [n, v]
        garment = torch.tensor([int(name == "bottom") for name in SHELLS])
        sizes = torch.tensor([len(dressed.clothing.shells[name].vertex) for name in SHELLS])
        self._garment = garment.repeat_interleave(sizes).to(device)
        self._weights = torch.cat([dressed.clothing.shells[name].layer.weights for name in SHELLS]).to(device)
        left = (template[triangles, 0].mean(1) > 0) & (dressed.slot.cpu()[chosen] != SLOTS.index("top"))
        self.shift = torch.zeros(len(uv)).index_add(0, chosen, _OTHER_SIDE * left).to(device)

    @staticmethod
    @cache
    def load(device: torch.device | str = "cpu") -> "WrinkleTables":
        """The tables of `DressedBody` on `device`; made once for each device."""
        return WrinkleTables(DressedBody.load(device), device)

    def find_lengths(self, dressed: Dressed) -> Tensor:
        """`Wrinkles.lengths` [B, v, D] of people: clothes are cut for straight arms and legs, a little apart."""
        rest = dressed.vertices[:, None, self._shells]
        matrices = bone_matrices(dressed.rest.bones, _straighten(dressed.rest))
        return self._measure(skin_vertices(rest, self._weights, matrices)[:, 0])

    def find_slopes(self, vertices: Tensor, lengths: Tensor, give: Tensor) -> Tensor:
        """Slopes [N, W, D] of the wrinkles at all vertices, by the way across them; 0 off tops and trousers.

        Args:
            vertices: [N, W, 3] metres.
            lengths: [N, v, D] and
            give: [N, G] of `Wrinkles`.
        """
        now = self._measure(vertices[:, self._shells])
        change = torch.where(lengths > _SHORTEST, now / lengths.clamp(min=_SHORTEST) - 1, 0.0)
        change = self._smooth(change)
        across = change.unflatten(-1, (2, 2)).flip(-1).flatten(-2)
        slope = _grow(-change - _BUCKLING) + _LINES * _grow((across - _STRETCH).clamp(max=_TAUT))
        slope = slope * give[:, self._garment, None]
        return pad(slope, (0, 0, self._shells.start, vertices.shape[1] - self._shells.stop))

    def _measure(self, vertices: Tensor) -> Tensor:
        """Lengths [N, v, D] around the vertices [N, v, 3] of shells."""
        first, second = self._ends.unbind(-1)
        return (vertices[:, first] - vertices[:, second]).norm(dim=-1)

    def _smooth(self, values: Tensor) -> Tensor:
        """Values [N, v, D] after rounds of averaging with the neighbours."""
        rows = values.transpose(0, 1).flatten(1)  # [v, N * D]: long rows are gathered fast
        for _ in range(_ROUNDS):
            total = torch.zeros_like(rows)
            for neighbour in self._adjacent:
                total += rows.index_select(0, neighbour)
            rows = 0.5 * rows + total * (0.5 / len(self._adjacent))
        return rows.unflatten(1, (len(values), -1)).transpose(0, 1)


def look_up(wrinkles: Wrinkles, row: Tensor, place: Tensor, shift: Tensor, slope: Tensor) -> tuple[Tensor, Tensor]:
    """Slopes [M, 2] of the cloth along u and v, and factors [M, 1] of its brightness.

    Args:
        row: [M] slots, those of the second person after those of the first.
        place: [M, 2] texture coordinates.
        shift: [M] of `WrinkleTables`.
        slope: [M, D] of `WrinkleTables.find_slopes`.
    """
    scale, start = (table.flatten(0, 1).index_select(0, row) for table in (wrinkles.scale, wrinkles.start))
    u, v = (place * scale + start).unbind(1)
    v = v + shift
    rising, falling = u + v, v - u
    along, across = torch.stack([u, v, falling, rising]), torch.stack([v, u, rising, falling])  # [D, M]
    grid = torch.stack([along, across], -1).remainder_(1).mul_(2).sub_(1)
    found = grid_sample(wrinkles.pattern[None], grid[None], align_corners=True)[0] * slope.T  # [3, D, M]
    (a, b, c, d), (e, f, g, h) = found[0], found[1]
    along_u = a + f + _HALF * (g - c - h + d)
    along_v = e + b + _HALF * (g + c + h + d)
    return torch.stack([along_u, along_v], 1), torch.exp(-_SHADE * found[2].sum(0))[:, None]


def _straighten(rest: RestBody) -> BodyPose:
    """The pose of people who stand with straight arms, one frame; the rest body's elbows are bent."""
    batch, device = len(rest.vertices), rest.vertices.device
    rotations = torch.eye(3, device=device).repeat(batch, 1, len(RIG), 1, 1)
    for side, sign in SIDES:
        rotations[:, 0, INDEX[f"{side}_shoulder"]] = rotation_about(2, rest.vertices.new_full((), sign * _SPREAD))
    frames = forward_kinematics(rest.proportions, Motion(rotations, rest.vertices.new_zeros(batch, 1, 3)))
    actions = rest.vertices.new_zeros(batch, 1, len(BodyModel.load(device).actions))
    return BodyPose(frames, actions.new_zeros(batch, 1, 2, 5, 4), actions, actions.new_zeros(batch, 1, 2))


def _grow(change: Tensor) -> Tensor:
    """Slopes of cloth that is by `change` longer than its place: waves of slope s are s^2 / 2 longer than flat."""
    change = change.clamp(0, _DEEPEST)
    return change * (2 / (change + _ONSET)).sqrt()


def _find_ways(corner: Tensor, uv: Tensor, triangles: Tensor, count: int) -> list[Tensor]:
    """The D ways across wrinkles at vertices, [v, 3] unit vectors; of triangles [f, 3] with corners [f, 3, 3]."""
    along_u, along_v = (
        normalize(corner.new_zeros(count, 3).index_add(0, triangles.flatten(), way.repeat_interleave(3, 0)), dim=-1)
        for way in find_tangents(corner, uv)
    )
    return [along_v, along_u, normalize(along_v + along_u, dim=-1), normalize(along_v - along_u, dim=-1)]


def _walk(vertices: Tensor, adjacent: Tensor, way: Tensor) -> Tensor:
    """The vertices [v] that are `_REACH` away from each vertex, along edges that go its way [v, 3]."""
    at = torch.arange(len(vertices))
    for _ in range(_STEPS):
        offset = vertices[adjacent[at]] - vertices[at][:, None]  # [v, n, 3]
        straight, best = (normalize(offset, dim=-1) * way[at][:, None]).sum(-1).max(1)
        going = (straight > 0.5) & ((vertices[at] - vertices).norm(dim=-1) < _REACH)
        at = torch.where(going, adjacent[at, best], at)
    return at
