"""Single-seaters with open wheels: a slim body, wings, side boxes, struts and a helmet.

`cars.add_cars` calls `add_formula`. x forward, y left, z up, road at z = 0, metres.

Legend: B objects; tensors without a shape are [B].
"""

import torch
from torch import Tensor

from pipelines.synthetic.objects.car_measures import BODY, DARK, METAL, PLATE, SECOND, TRIM, Car
from pipelines.synthetic.objects.car_wheels import Wheel, add_wheel
from pipelines.synthetic.objects.kit import Kit
from pipelines.synthetic.objects.lofts import add_loft


def add_formula(kit: Kit, car: Car, wheel: Wheel, present: Tensor) -> None:
    """Adds whole single-seaters, modern ones with wings and old ones like cigars."""
    if not present.any():
        return
    old = car.chance(0.25)
    half = car.side * car.between(0.2, 0.27)
    low, seat, top = car.between(0.08, 0.14), car.between(0.5, 0.6), car.height
    nose = torch.where(old, 0.35, car.between(0.14, 0.4))  # height of the tip
    tip = torch.where(old, 0.12, car.between(0.04, 0.1))
    x = car.x
    stations = [
        (x(0.0), tip, nose - 0.05, nose + 0.04), (x(0.08), tip * 1.4, nose - 0.12, nose + 0.1),
        (x(0.3), half * 0.85, low, 0.5),
        (x(0.42), half, low, seat), (x(0.56), half, low, seat),
        (x(0.585), half * 0.9, low, torch.where(old, seat, top)),
        (x(0.7), half * 0.75, low, torch.where(old, seat * 0.95, top * 0.86)), (x(0.9), half * 0.35, low + 0.08, 0.45),
        (x(0.985), half * 0.2, 0.25, 0.36),
    ]  # fmt: skip
    add_loft(kit, BODY, stations, square=car.between(2.2, 4.0), present=present)
    cockpit = ((x(0.43), half * 0.5, seat - 0.08, seat + 0.012), (x(0.47), half * 0.75, seat - 0.08, seat + 0.015),
               (x(0.56), half * 0.7, seat - 0.08, seat + 0.015))  # fmt: skip
    add_loft(kit, DARK, cockpit, present=present)
    head = [(0.02, -0.12), (0.11, -0.1), (0.13, 0.0), (0.11, 0.08), (0.05, 0.125), (0.01, 0.13)]
    kit.add_lathe(SECOND, (x(0.535), 0.0, seat + 0.1), head, sides=12, present=present & car.chance(0.75))
    pods = present & ~old
    wide, high = car.side * car.between(0.3, 0.4), car.between(0.4, 0.55)
    pod = [
        (x(0.4), wide * 0.36, low, high),
        (x(0.44), wide * 0.5, low, high),
        (x(0.66), wide * 0.45, low, high * 0.95),
        (x(0.84), wide * 0.15, low, high * 0.55),
    ]
    add_loft(kit, BODY, pod, square=4.0, side=half + wide * 0.45, present=pods, mirror=True)
    inlet = (x(0.4) + 0.004, half + wide * 0.45, (low + high) / 2)
    kit.add_box(DARK, inlet, (0.01, wide * 0.28, (high - low) * 0.36), radius=0.008, present=pods, mirror=True)
    kit.add_box(DARK, (x(0.55), 0.0, low - 0.01), (car.length * 0.2, car.side * 0.6, 0.015), radius=0.01, present=pods)
    _add_wings(kit, car, pods)
    _add_axles(kit, car, wheel, half, present)


def _add_wings(kit: Kit, car: Car, present: Tensor) -> None:
    """Wings with plates at their ends: one at the nose, one or two at the tail."""
    x, span = car.x(0.03), car.side * car.between(0.8, 0.98)
    for slot, back, rise, depth in ((BODY, 0.0, 0.0, 0.16), (SECOND, 0.2, 0.07, 0.07)):
        kit.add_box(slot, (x - back, 0.0, 0.13 + rise), (depth, span, 0.012), radius=0.01, present=present)
    kit.add_box(BODY, (x - 0.06, span, 0.19), (0.24, 0.012, 0.1), radius=0.01, present=present, mirror=True)
    x, span, top = car.x(0.965), car.side * car.between(0.48, 0.62), car.height * car.between(0.85, 1.02)
    for slot, back, drop, depth in ((SECOND, 0.0, 0.0, 0.17), (BODY, -0.12, 0.12, 0.12)):
        kit.add_box(slot, (x - back, 0.0, top - drop), (depth, span, 0.016), radius=0.012, present=present)
    kit.add_box(SECOND, (x, span, top - 0.14), (0.22, 0.012, 0.2), radius=0.01, present=present, mirror=True)
    kit.add_box(TRIM, (x + 0.1, 0.06, (top + 0.3) / 2), (0.06, 0.015, (top - 0.3) / 2), present=present, mirror=True)
    kit.add_box(
        PLATE,
        (x, span + 0.012, top - 0.12),
        (0.12, 0.004, 0.07),
        radius=0.003,
        present=present & car.chance(0.4),
        mirror=True,
    )


def _add_axles(kit: Kit, car: Car, wheel: Wheel, half: Tensor, present: Tensor) -> None:
    """Four broad wheels and the struts that hold them."""
    small = car.between(0.88, 1.0)
    for at, size, broad in (
        (car.front, small, car.between(0.24, 0.32)),
        (car.back, torch.ones_like(small), car.between(0.32, 0.42)),
    ):
        x, radius = car.x(at), car.wheel * size
        add_wheel(kit, car, wheel, x, radius=radius, outer=car.side, broad=broad, present=present)
        inner = car.side - broad
        for shift in (-0.2, 0.2):
            for rise in (0.08, -0.1):
                ends = (x + shift, half * 0.5, radius + rise), (x, inner, radius + rise * 0.8)
                kit.add_rod(METAL, *ends, 0.018, present=present, mirror=True)
