"""Wheels of cars: tyres, rims that are closed, have spokes or wires.

`cars` and `car_formula` call `add_wheel`. x forward, y left, z up, road at z = 0, metres.

Legend: B objects; tensors without a shape are [B].
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from pipelines.synthetic.objects.car_measures import BODY, DARK, METAL, Car
from pipelines.synthetic.objects.kit import Kit
from pipelines.synthetic.rendering.noise import pick

_MOST_SPOKES = 10


@dataclass
class Wheel:
    """What the wheels of a car look like."""

    rim: Tensor
    """Radius in radii of the wheel."""
    broad: Tensor
    """Width of the tyre, m."""
    spokes: Tensor
    """How many; 0 on closed wheels."""
    thick: Tensor
    """Radius of a spoke in radii of the rim."""
    turned: Tensor
    """Angle of the first spoke, radians."""
    coloured: Tensor
    """Bool: rims in the colour of the body."""


def sample_wheel(car: Car) -> Wheel:
    """Draws the look of the wheels."""
    count = torch.tensor([0, 0, 4, 5, 6, 7, 10])[pick(car.generator, (1, 0.8, 0.6, 3, 1, 1, 1.2), car.batch)]
    wires = car.chance(0.5, "vintage")
    thick = torch.where(wires, 0.05, car.between(0.5, 1.0) / count.clamp(min=4))
    return Wheel(
        rim=torch.where(car.chance(0.25), car.between(0.48, 0.58), car.between(0.6, 0.76)),
        broad=car.between(0.15, 0.25),
        spokes=torch.where(wires, 10, count),
        thick=thick.clamp(max=0.2),
        turned=car.between(0.0, 1.2),
        coloured=car.chance(0.06) | car.chance(0.3, "vintage", "toy"),
    )


def add_wheel(
    kit: Kit, car: Car, wheel: Wheel, x: Tensor, *, radius: Tensor, outer: Tensor, broad: Tensor, present: Tensor
) -> None:
    """A wheel on either side at the place `x`: `outer` is how far out its outer face is, `broad` its width."""
    rim, edge = radius * wheel.rim, radius * 0.93
    discs = (  # paint, y of both faces from the outer face, their radii, who has it
        (DARK, -broad, -0.03, radius, radius, present),
        (DARK, -0.03, 0.0, radius, edge, present),
        (METAL, -0.03, 0.004, rim, rim, present & ~wheel.coloured),
        (BODY, -0.03, 0.004, rim, rim, present & wheel.coloured),
        (DARK, -0.03, 0.007, rim * 0.88, rim * 0.88, present & (wheel.spokes > 0)),
        (METAL, -0.03, 0.016, rim * 0.22, rim * 0.2, present),
    )
    for slot, inner, face, size, end, shown in discs:
        ends = (x, outer + inner, radius), (x, outer + face, radius)
        kit.add_rod(slot, *ends, size, end_radius=end, present=shown, mirror=True, round=True)
    for number in range(_MOST_SPOKES):
        angle = wheel.turned + number * 2 * torch.pi / wheel.spokes.clamp(min=1)
        tip = (x + rim * 0.92 * angle.cos(), outer + 0.002, radius + rim * 0.92 * angle.sin())
        for slot, wanted in ((METAL, ~wheel.coloured), (BODY, wheel.coloured)):
            shown = present & wanted & (number < wheel.spokes)
            kit.add_rod(slot, (x, outer + 0.006, radius), tip, rim * wheel.thick, mirror=True, present=shown, thin=True)
