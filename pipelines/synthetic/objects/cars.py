"""Cars of eighteen styles from one kit of parts.

`classes` lists `add_cars`. x forward, y left, z up, road at z = 0, metres.

Legend: B objects.
"""

import torch
from torch import Generator, Tensor

from pipelines.synthetic.objects.car_body import add_body, add_cabin
from pipelines.synthetic.objects.car_ends import add_front, add_rear
from pipelines.synthetic.objects.car_extras import add_extras, add_fenders, add_interior
from pipelines.synthetic.objects.car_formula import add_formula
from pipelines.synthetic.objects.car_measures import Car
from pipelines.synthetic.objects.car_paint import sample_car_paint
from pipelines.synthetic.objects.car_wheels import add_wheel, sample_wheel
from pipelines.synthetic.objects.kit import Kit
from pipelines.synthetic.objects.paint import Paint


def add_cars(kit: Kit, kind: Tensor, generator: Generator) -> tuple[Paint, Tensor]:
    """Adds a car of each `kind`, an index into `CAR_STYLES`; returns the paints and which are alike on both sides."""
    car = Car(kind, generator)
    wheel = sample_wheel(car)
    usual = ~car.is_kind["formula"]
    add_body(kit, car, usual)
    add_cabin(kit, car, usual & ~car.topless)
    for at in (car.front, car.back):
        add_wheel(kit, car, wheel, car.x(at), radius=car.wheel, outer=car.outer, broad=wheel.broad, present=usual)
    add_front(kit, car, usual)
    add_rear(kit, car, usual)
    add_extras(kit, car, usual)
    add_interior(kit, car, usual)
    add_fenders(kit, car, usual)
    add_formula(kit, car, wheel, ~usual)
    return sample_car_paint(car.clear & usual, car.topless, generator), torch.ones_like(kit.coarse)
