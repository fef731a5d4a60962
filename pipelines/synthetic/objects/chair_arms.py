"""Arms of chairs.

`chairs.add_chairs` calls `add_arms`. x forward, y left, z up, floor at z = 0, metres.

Legend: B objects; tensors without a shape are [B].
"""

import torch
from torch import Tensor

from pipelines.synthetic.objects.chair_measures import BACK, DARK, FRAME, METAL, SEAT, Chair
from pipelines.synthetic.objects.kit import Kit
from pipelines.synthetic.objects.paths import make_path


def add_arms(kit: Kit, chair: Chair) -> None:
    """Arms of one of seven styles, or none:

    ______       ____.        ______        .------.     (======)    .-----.      _____.
    |            |   '         |            | solid|     |rolled|    | loop|      |    (
    post+rest    tube          T            '------'     '------'    '-----'      scroll
    """
    height = chair.height
    up = chair.between(0.16, 0.26)  # from the seat to the rest
    side, top = chair.width / 2 + 0.015, height + up
    front, rear = chair.depth * chair.between(0.2, 0.42), -chair.depth / 2
    rear = rear - chair.tilt.sin() * up * 0.8
    thick = chair.between(0.009, 0.018)
    _add_rests(kit, chair, top, side, front, rear, thick)
    _add_bent(kit, chair, top, side, front, rear, thick)
    _add_solid(kit, chair, top, up)


def _add_rests(kit: Kit, chair: Chair, top: Tensor, side: Tensor, front: Tensor, rear: Tensor, thick: Tensor) -> None:
    """A rest on a post at its front, or on one in its middle."""
    post, middle_post = chair.has("arms", "rest"), chair.has("arms", "T")
    middle = (front + rear) / 2
    rest, size = (middle, side, top), ((front - rear) / 2 + 0.01, chair.between(0.015, 0.035), 0.012)
    bend = chair.between(-0.02, 0.0)
    kit.add_box(FRAME, rest, size, radius=0.01, bend=bend, present=post, mirror=True)
    size = (chair.between(0.1, 0.15), chair.between(0.025, 0.045), 0.016)
    kit.add_box(DARK, (middle + 0.03, side, top), size, radius=0.014, bend=bend, present=middle_post, mirror=True)
    low, high = (front - 0.03, side, chair.height - 0.03), (front - 0.02, side, top)
    square = chair.chance(0.4)
    kit.add_rod(FRAME, low, high, thick, present=post & ~square, mirror=True)
    path = make_path([low, high], chair.batch)
    kit.add_tube(FRAME, path, thick * 1.3, sides=4, present=post & square, mirror=True)
    low = chair.height - 0.06
    kit.add_rod(METAL, (middle, side, low), (middle, side, top), thick + 0.006, present=middle_post, mirror=True)
    low = low + 0.01
    kit.add_rod(METAL, (middle, side, low), (middle, 0.0, low), thick, present=middle_post, mirror=True)


def _add_bent(kit: Kit, chair: Chair, top: Tensor, side: Tensor, front: Tensor, rear: Tensor, thick: Tensor) -> None:
    """Bent tubes from the seat up and back, some down to the seat again, some with a scroll at their front."""
    height = chair.height
    tube, loop, scroll = (chair.has("arms", name) for name in ("tube", "loop", "scroll"))
    if not (tube | loop | scroll).any():
        return
    points = [
        (front - 0.02, height - 0.03),
        (front + 0.03, (height + top) / 2),
        (front + 0.03, top),
        (rear, top - 0.01),
    ]
    path = make_path([(x, side, z) for x, z in points], chair.batch, rounds=2)
    kit.add_tube(METAL, path, thick * 0.8, sides=7, present=tube, mirror=True)
    slope = chair.between(-0.04, 0.05)
    seat_rear = -chair.depth / 2 + 0.04
    points = [
        (seat_rear + 0.16, height - 0.02),
        (front + 0.02, height - 0.01),
        (front + 0.04, top + slope),
        (rear + 0.05, top),
        (rear - 0.0, top - 0.07),
    ]
    path = make_path([(x, side, z) for x, z in points], chair.batch, rounds=2)
    flat = chair.chance(0.35)
    kit.add_tube(METAL, path, thick * 0.8, sides=7, present=loop & ~flat, mirror=True)
    kit.add_tube(METAL, path, thick * 0.9, flat=0.4, sides=7, present=loop & flat, mirror=True)
    pad = (front - rear) / 2
    place = ((front + rear) / 2, side, top + slope / 2 + thick)
    kit.add_box(
        DARK, place, (pad * 0.7, 0.022, 0.01), radius=0.009, present=(loop | tube) & chair.chance(0.35), mirror=True
    )
    points = [
        (rear, top + 0.03),
        (front * 0.4, top),
        (front + 0.05, top - 0.01),
        (front + 0.075, top - 0.05),
        (front + 0.04, top - 0.07),
        (front - 0.01, (height + top) / 2 - 0.02),
        (front - 0.04, height - 0.03),
    ]
    path = make_path([(x, side, z) for x, z in points], chair.batch, rounds=2)
    kit.add_tube(FRAME, path, thick * 1.2, sides=7, present=scroll, mirror=True)


def _add_solid(kit: Kit, chair: Chair, top: Tensor, up: Tensor) -> None:
    """Upholstered blocks, some with a roll on top, some with a pad in the colour of the back."""
    solid, rolled = chair.has("arms", "solid"), chair.has("arms", "rolled")
    half = chair.between(0.03, 0.085)
    low = chair.height - chair.thick
    flush = chair.chance(0.3)
    top = torch.where(flush, chair.height + chair.back, top)
    top = torch.where(rolled, chair.height + up * 0.9, top)
    place = (0.0, chair.width / 2 + half * 0.7, (low + top) / 2)
    size = (chair.depth / 2 + chair.between(0.0, 0.05), half, (top - low) / 2)
    kit.add_box(SEAT, place, size, radius=half * chair.between(0.1, 0.9), present=solid | rolled, mirror=True)
    radius = half + chair.between(0.0, 0.025)
    ends = [(x, chair.width / 2 + half * 0.9, top - 0.01) for x in (-chair.depth / 2 - 0.02, chair.depth / 2 + 0.035)]
    kit.add_rod(SEAT, ends[0], ends[1], radius, present=rolled, mirror=True, round=True)
    wooden = solid & chair.chance(0.12)
    size = (chair.depth / 2, half, 0.012)
    kit.add_box(FRAME, (0.0, chair.width / 2 + half * 0.7, top + 0.01), size, radius=0.008, present=wooden, mirror=True)
    ends = [(x, chair.width / 2 + half * 0.9, top - 0.01) for x in (chair.depth / 2 + 0.034, chair.depth / 2 + 0.04)]
    kit.add_rod(BACK, ends[0], ends[1], radius * 0.8, present=rolled & chair.chance(0.4), mirror=True, round=True)
