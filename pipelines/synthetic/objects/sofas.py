"""Sofas of fourteen styles: measures, base, seat, back, arms and cushions, and their paints.

`classes` lists `add_sofas`. Slots and paints are those of chairs. x forward, y left, z up, floor at z = 0, metres.

Legend: B objects; tensors without a shape are [B].
"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from pipelines.synthetic.objects.chair_measures import BACK, DARK, FRAME, METAL, PLINTH, SEAT
from pipelines.synthetic.objects.kit import Kit
from pipelines.synthetic.objects.paint import KINDS, Paint
from pipelines.synthetic.objects.paths import make_path
from pipelines.synthetic.objects.sofa_frames import add_base, add_curved, add_settee
from pipelines.synthetic.objects.upholstery import sample_furniture_paint
from pipelines.synthetic.rendering.noise import chance, pick, uniform
from pipelines.synthetic.rotations import rotation_about

Range = tuple[float, float]
ARMS = ("square", "rolled", "slope", "panel", "none")
_MOST_SEATS = 4


@dataclass(frozen=True)
class SofaStyle:
    """What the sofas of a style have in common. Lengths in metres."""

    weight: float
    """How often it is drawn."""
    arms: dict[str, float]
    """Weights of `ARMS`."""
    width: Range = (1.6, 2.4)
    """Without arms."""
    depth: Range = (0.62, 0.85)
    """Of the seat."""
    height: Range = (0.36, 0.46)
    """Of the seat."""
    back: Range = (0.32, 0.5)
    """Of the back above the seat."""


_ANY = {"square": 3.0, "rolled": 1.0, "slope": 1.0, "panel": 1.0}
SOFA_STYLES = {
    "lawson": SofaStyle(2.5, {"square": 2, "slope": 1}),
    "tuxedo": SofaStyle(1.5, {"square": 1}, back=(0.26, 0.36)),
    "chesterfield": SofaStyle(1.5, {"rolled": 1}, back=(0.28, 0.36)),
    "camelback": SofaStyle(1, {"rolled": 2, "slope": 1}, back=(0.38, 0.55)),
    "modern": SofaStyle(
        2.5, {"square": 1, "panel": 1, "none": 0.5}, width=(1.6, 2.8), height=(0.3, 0.42), back=(0.26, 0.42)
    ),
    "loveseat": SofaStyle(2, _ANY, width=(1.0, 1.4)),
    "armless": SofaStyle(1, {"none": 1}, width=(1.2, 2.2)),
    "daybed": SofaStyle(0.8, {"none": 1, "rolled": 0.5}, width=(1.6, 2.1), depth=(0.7, 0.95), height=(0.3, 0.42)),
    "chaise": SofaStyle(0.8, {"rolled": 1, "slope": 1}, width=(1.5, 1.9), depth=(0.6, 0.8)),
    "sectional": SofaStyle(2, {"square": 2, "none": 1, "slope": 0.5}, width=(1.8, 2.8), depth=(0.62, 0.8)),
    "curved": SofaStyle(0.8, {"none": 1}, width=(1.5, 2.4), back=(0.26, 0.42)),
    "settee": SofaStyle(1.2, {"none": 1}, width=(1.0, 1.9), depth=(0.45, 0.62), height=(0.4, 0.48), back=(0.38, 0.6)),
    "futon": SofaStyle(
        0.8, {"none": 1, "panel": 1}, width=(1.7, 2.1), depth=(0.6, 0.9), height=(0.32, 0.42), back=(0.4, 0.6)
    ),
    "high-back": SofaStyle(0.8, _ANY, back=(0.55, 0.8)),
}
MEASURES = ("width", "depth", "height", "back")


class Sofa:
    """Measures [B] of the sofas; see `SofaStyle`. base: thickness of the box below the seat's cushions, m."""

    def __init__(self, kind: Tensor, generator: Generator) -> None:
        self.batch, self.generator, self.kind = len(kind), generator, kind
        styles = list(SOFA_STYLES.values())
        ranges = torch.tensor([[getattr(style, name) for name in MEASURES] for style in styles])[kind]
        drawn = ranges[..., 0] + uniform(generator, self.batch, len(MEASURES)) * (ranges[..., 1] - ranges[..., 0])
        self.width, self.depth, self.height, self.back = drawn.unbind(1)
        self.is_style = {name: kind == number for number, name in enumerate(SOFA_STYLES)}
        bounds = torch.tensor([[float(style.arms.get(name, 0)) for name in ARMS] for style in styles])[kind].cumsum(1)
        self.arms = (uniform(generator, self.batch, 1) * bounds[:, -1:] >= bounds).sum(1).clamp(max=len(ARMS) - 1)
        self.tilt = self.between(0.03, 0.3)
        self.base = self.height * self.between(0.35, 0.75)
        self.cushion = self.between(0.08, 0.17)

    def chance(self, probability: float) -> Tensor:
        """[B] true with the given probability."""
        return chance(self.generator, probability, self.batch)

    def between(self, low: float, high: float) -> Tensor:
        """[B] uniform numbers."""
        return uniform(self.generator, self.batch, low=low, high=high)


def add_sofas(kit: Kit, kind: Tensor, generator: Generator) -> tuple[Paint, Tensor]:
    """Adds a sofa of each `kind`, an index into `SOFA_STYLES`; returns paints and which are alike on both sides."""
    sofa = Sofa(kind, generator)
    curved, settee = sofa.is_style["curved"], sofa.is_style["settee"]
    usual = ~curved & ~settee
    count = (sofa.width / sofa.between(0.55, 1.0)).round().clamp(1, _MOST_SEATS)
    count = torch.where(sofa.chance(0.2) | sofa.is_style["futon"] | sofa.is_style["daybed"], 1.0, count)
    low = sofa.height - sofa.cushion - sofa.base * 0.6
    _add_seat(kit, sofa, count, usual)
    _add_back(kit, sofa, count, usual & ~sofa.is_style["daybed"])
    _add_arms(kit, sofa, low, usual)
    add_base(kit, (sofa.depth, sofa.width), low, sofa.generator, present=usual)
    add_curved(kit, (sofa.depth, sofa.width, sofa.height, sofa.back), sofa.generator, present=curved)
    add_settee(kit, (sofa.depth, sofa.width, sofa.height, sofa.back), sofa.generator, present=settee)
    lopsided = _add_extension(kit, sofa, low) | _add_pillows(kit, sofa, usual)
    paint = sample_furniture_paint(usual, generator)
    tufted = sofa.is_style["chesterfield"] | sofa.chance(0.08)
    for slot in (SEAT, BACK):
        paint.kind[:, slot] = torch.where(tufted, KINDS.index("quilted"), paint.kind[:, slot])
        paint.second[:, slot] = torch.where(tufted[:, None], paint.colour[:, slot] * 0.65, paint.second[:, slot])
        paint.scale[:, slot] = torch.where(tufted, sofa.between(10.0, 22.0), paint.scale[:, slot])
    return paint, ~lopsided & ~sofa.is_style["chaise"]


def _add_seat(kit: Kit, sofa: Sofa, count: Tensor, present: Tensor) -> None:
    """A box below `count` cushions side by side."""
    low, level = sofa.height - sofa.cushion - sofa.base * 0.6, sofa.height - sofa.cushion
    half = (sofa.depth / 2, sofa.width / 2, (level - low) / 2 + 0.01)
    kit.add_box(SEAT, (0.0, 0.0, (level + low) / 2), half, radius=0.02, present=present)
    wide = sofa.width / count
    for number in range(_MOST_SEATS):
        y = ((number + 0.5) / count - 0.5) * sofa.width
        size = (sofa.depth / 2 + 0.01, wide / 2 - 0.004, sofa.cushion / 2)
        kit.add_box(
            BACK,
            (0.01, y, level + sofa.cushion / 2),
            size,
            radius=sofa.cushion * 0.35,
            puff=sofa.cushion * sofa.between(0.0, 0.25),
            present=present & (number < count),
        )


def _add_back(kit: Kit, sofa: Sofa, count: Tensor, present: Tensor) -> None:
    """A padded wall, with a hump or a roll on some, and `count` loose cushions before it."""
    thick = sofa.between(0.1, 0.22)
    tall = (sofa.back + sofa.cushion + 0.1) / 2
    turn = rotation_about(1, -torch.pi / 2 - sofa.tilt)
    x = -sofa.depth / 2 - thick * 0.3 - sofa.tilt.sin() * (sofa.back - tall)
    z = sofa.height + sofa.tilt.cos() * (sofa.back - tall)
    hump = sofa.is_style["camelback"]
    half_chaise = sofa.is_style["chaise"]
    size = (tall, sofa.width / 2 * torch.where(half_chaise, 0.55, 1.0), thick / 2)
    side = torch.where(half_chaise, sofa.width * 0.225, 0.0)
    kit.add_box(
        SEAT, (x, side, z), size, radius=thick * sofa.between(0.15, 0.49), turn=turn, puff=0.01, present=present
    )
    top = (x - sofa.tilt.sin() * tall, sofa.height + sofa.tilt.cos() * sofa.back)
    points = [
        (top[0], share * sofa.width / 2, top[1] + rise)
        for share, rise in ((-0.95, -0.1), (-0.5, -0.01), (0.0, 0.07), (0.5, -0.01), (0.95, -0.1))
    ]
    kit.add_tube(
        SEAT,
        make_path(points, sofa.batch, rounds=2),
        thick.clamp(min=0.13) * 0.6,
        normal=(1.0, 0.0, 0.0),
        sides=10,
        present=present & hump,
    )
    roll = present & sofa.is_style["chesterfield"]
    kit.add_rod(
        SEAT,
        (top[0] - 0.02, -sofa.width / 2 - 0.1, top[1]),
        (top[0] - 0.02, sofa.width / 2 + 0.1, top[1]),
        thick * 0.62,
        present=roll,
    )
    loose = present & sofa.chance(0.65) & ~sofa.is_style["chesterfield"] & ~half_chaise
    pad = sofa.between(0.08, 0.18)
    wide, high = sofa.width / count, sofa.back * sofa.between(0.4, 0.52)
    for number in range(_MOST_SEATS):
        y = ((number + 0.5) / count - 0.5) * sofa.width
        size = (high, wide / 2 - 0.006, pad / 2)
        at = (x + thick / 2 + pad * 0.45 - sofa.tilt.sin() * high * 0.3, y, sofa.height + high * sofa.tilt.cos())
        kit.add_box(BACK, at, size, radius=pad * 0.42, turn=turn, puff=pad * 0.25, present=loose & (number < count))


def _add_arms(kit: Kit, sofa: Sofa, low: Tensor, present: Tensor) -> None:
    """Boxes, boxes with a roll, boxes that slope down, or thin panels on both sides."""
    square, rolled, slope, panel, _ = (present & (sofa.arms == number) for number in range(len(ARMS)))
    half = torch.where(panel, sofa.between(0.02, 0.05), sofa.between(0.06, 0.17))
    up = sofa.back * torch.where(sofa.is_style["tuxedo"], 1.0, sofa.between(0.35, 0.75))
    up = torch.where(sofa.is_style["chesterfield"], sofa.back * 0.9, up)
    top = sofa.height + up
    y = sofa.width / 2 + half
    size = (sofa.depth / 2 + sofa.between(0.0, 0.08), half, (top - low) / 2)
    lean = rotation_about(0, -sofa.between(0.0, 0.18) * sofa.chance(0.3))
    radius = torch.where(panel, 0.01, half * sofa.between(0.1, 0.8))
    kit.add_box(SEAT, (0.0, y, (top + low) / 2), size, radius=radius, turn=lean, present=square | rolled, mirror=True)
    kit.add_box(FRAME, (0.0, y, (top + low) / 2), size, radius=0.01, present=panel & sofa.chance(0.5), mirror=True)
    kit.add_box(SEAT, (0.0, y, (top + low) / 2), size, radius=radius, present=panel, mirror=True)
    ends = [(x, y + 0.01, top - 0.02) for x in (-sofa.depth / 2 - 0.03, sofa.depth / 2 + 0.05)]
    kit.add_rod(SEAT, ends[0], ends[1], half * 1.25, present=rolled, mirror=True, round=True)
    rear = sofa.height + sofa.back * 0.9
    across = torch.tensor([-1.0, -1.0, 1.0, 1.0])
    rings = []
    for x, height in (
        (sofa.depth / 2 + 0.04, sofa.height + 0.12),
        (0.0, (sofa.height + rear) / 2 - 0.03),
        (-sofa.depth / 2 - 0.05, rear),
    ):
        z = torch.stack([low, height, height, low], -1)
        rings.append(
            torch.stack(
                [torch.as_tensor(x).expand(sofa.batch)[:, None].expand_as(z), y[:, None] + half[:, None] * across, z],
                -1,
            )
        )
    grid = torch.stack(rings, 1)
    for sign in (1.0, -1.0):
        kit.add_hull(torch.tensor(SEAT), grid * torch.tensor([1.0, sign, 1.0]), present=slope)


def _add_extension(kit: Kit, sofa: Sofa, low: Tensor) -> Tensor:
    """The long end of sectionals, on one side, with or without a back of its own; returns who has it."""
    present = sofa.is_style["sectional"]
    if not present.any():
        return present
    sign = torch.where(sofa.chance(0.5), 1.0, -1.0)
    wide, long = sofa.between(0.6, 0.9), sofa.between(0.5, 1.3)
    level = sofa.height - sofa.cushion
    x, y = sofa.depth / 2 + long / 2, sign * (sofa.width - wide) / 2
    kit.add_box(
        SEAT, (x, y, (level + low) / 2), (long / 2, wide / 2, (level - low) / 2 + 0.01), radius=0.02, present=present
    )
    kit.add_box(
        BACK,
        (x, y, level + sofa.cushion / 2),
        (long / 2, wide / 2 - 0.004, sofa.cushion / 2),
        radius=sofa.cushion * 0.35,
        puff=0.01,
        present=present,
    )
    backed = present & sofa.chance(0.5)
    thick = sofa.between(0.1, 0.2)
    place = (x, sign * (sofa.width / 2 + thick * 0.2), (low + sofa.height + sofa.back) / 2)
    kit.add_box(
        SEAT, place, (long / 2, thick / 2, (sofa.height + sofa.back - low) / 2), radius=thick * 0.3, present=backed
    )
    for along in (0.1, 0.9):
        foot = (sofa.depth / 2 + along * long, y, 0.0)
        kit.add_rod(METAL, foot, (foot[0], foot[1], low), 0.02, present=present)
    return present


def _add_pillows(kit: Kit, sofa: Sofa, present: Tensor) -> Tensor:
    """Loose pillows and throws on some sofas; returns who has them on one side only."""
    present = present & sofa.chance(0.25)
    pair = sofa.chance(0.5)
    half, pad = sofa.between(0.18, 0.24), sofa.between(0.05, 0.08)
    turn = rotation_about(1, -torch.pi / 2 - sofa.between(0.3, 0.6))
    place = (-sofa.depth * 0.12, sofa.width / 2 - half - 0.05, sofa.height + half * 0.85)
    slot = pick(sofa.generator, (1, 1, 1), sofa.batch)
    for number, paint in enumerate((PLINTH, FRAME, DARK)):
        shown = present & (slot == number)
        for who, mirror in ((shown & pair, True), (shown & ~pair, False)):
            kit.add_box(
                paint, place, (half, half, pad), radius=pad * 0.9, turn=turn, puff=pad * 0.5, present=who, mirror=mirror
            )
    return present & ~pair
