"""People of varied build, hair and clothes as 60 to 80 round cones, each fixed rigidly to one frame of the rig.

In: proportions of `skeleton`, an outfit of `textures`. Out: `People`. Scenes call `sample_people`.

Legend: B batch. Points are (x to the person's left, y up, z to the front) of a joint, in standard metres (times
`figure.scale`) unless a function names another unit; tensors without a shape are [B].
"""

from functools import partial

import torch
from torch import Generator, Tensor

from pipelines.synthetic.people.clothes import add_clothes
from pipelines.synthetic.people.figure import Figure, sample_figure, top_line, trouser_line
from pipelines.synthetic.people.hair import add_hair
from pipelines.synthetic.people.limbs import add_arm, add_leg
from pipelines.synthetic.people.primitives import Cone, People, PeopleBuilder, Surface, make_ellipsoid, rest_origins
from pipelines.synthetic.people.skeleton import CHIN, CROWN, SIDES, Proportions
from pipelines.synthetic.people.skirts import draw_skirt_wearers
from pipelines.synthetic.people.textures import Outfit, sample_outfit
from pipelines.synthetic.tensors import move_to_device

_PELVIS_FLAT, _JAW_FLAT = 0.55, 0.7  # height of the rounded ends in parts of their width


def sample_people(
    batch: int, generator: Generator, proportions: Proportions, *, outfit: Outfit | None = None
) -> People:
    """Draws B people on the given skeletons, with the geometry of the clothes in `outfit` (drawn if omitted).

    The thousands of tiny steps run on the CPU, where they cost less than their launches on a GPU.
    """
    outfit = outfit or sample_outfit(batch, generator)
    device, seed = generator.device, torch.randint(2**31, (1,), generator=generator, device=generator.device)
    local = generator if device.type == "cpu" else Generator().manual_seed(int(seed))
    proportions, outfit = move_to_device(proportions, "cpu"), move_to_device(outfit, "cpu")
    figure = sample_figure(proportions, local)
    builder = PeopleBuilder(rest_origins(proportions))
    skirt = draw_skirt_wearers(figure, outfit, local)
    _add_trunk(builder, figure)
    _add_buttocks(builder, figure, ~skirt)
    _add_head(builder, figure)
    for side, sign in SIDES:
        add_arm(builder, figure, side, sign, proportions.hand)
        add_leg(builder, figure, side, sign, proportions.foot)
    add_hair(builder, figure, local)
    add_clothes(builder, figure, outfit, skirt, local)
    return move_to_device(builder.build(), device)


def _add_trunk(builder: PeopleBuilder, figure: Figure) -> None:
    """Trunk from the neck to the hips, here from the front:

         .neck.          trapezius: a cone from the neck to either shoulder
    (== shoulders ==)    one bar across
     |  bust  bust |     two ellipsoids in front of three rings, each narrower than the one above
      |   waist   |
      |   belly   |      an ellipsoid, further to the front on stout people
     (== pelvis ===)     a ring from the waist to the hips
    """
    scale, depth = figure.scale, 0.7 + 0.05 * figure.stout.clamp(min=0)  # of the trunk, in parts of its width
    top = Surface("torso", "top", top_line(builder, figure))
    _add_rings(builder, figure, depth, top)
    shoulder, girth = 0.112 * scale * (0.9 + 0.1 * figure.trunk_girth), 0.062 * scale * figure.limb_girth
    right, left = (builder.point("chest", x, 0.115 * scale, -0.004 * scale) for x in (-shoulder, shoulder))
    builder.add("chest", Cone(right, left, (girth, girth), deep=1.15), top)
    for _, sign in SIDES:
        _add_trapezius(builder, figure, sign, top)
        _add_bust(builder, figure, sign, depth, top)
    belly = 0.1 * scale + 0.02 * scale * figure.stout
    forward = 0.015 * scale + 0.045 * scale * (figure.stout - 0.3).clamp(min=0)
    centre = builder.point("spine", 0, 0.01 * scale, forward)
    builder.add("spine", make_ellipsoid(centre, (belly * 1.1, belly * 1.15, belly * 0.9)), top)
    _add_pelvis(builder, figure)


def _add_rings(builder: PeopleBuilder, figure: Figure, depth: Tensor, top: Surface) -> None:
    """The core of the trunk as three flat cones: chest, ribs and waist; `depth` [B] is in parts of their width."""
    chest, waist = figure.chest, figure.waist

    def add_ring(
        frame: str, levels: tuple[float, float], z: float, widths: tuple[Tensor, Tensor], depth: Tensor, flat: float
    ) -> None:
        """From level to level (y); half widths in metres; `flat`: height of the rounded ends in parts of the width."""
        start, end = (builder.point(frame, 0, y, z, unit=figure.scale) for y in levels)
        radii = widths[0] * flat, widths[1] * flat
        builder.add(frame, Cone(start, end, radii, wide=1 / flat, deep=depth / flat), top)

    add_ring("chest", (0.075, -0.05), 0.0, (chest, chest * 0.9), depth, 0.72)
    add_ring("chest", (-0.05, -0.12), 0.0, (chest * 0.89, waist * 1.02), depth, 0.5)
    add_ring("spine", (0.15, -0.01), 0.004, (0.55 * chest + 0.45 * waist, waist), depth * 0.98, 0.5)


def _add_trapezius(builder: PeopleBuilder, figure: Figure, sign: float, top: Surface) -> None:
    """The slope from the neck to the shoulder of one side."""
    scale = figure.scale
    chest = partial(builder.point, "chest", unit=scale)
    radii = (0.036 + 0.006 * figure.strong) * scale, (0.045 + 0.005 * figure.strong) * scale * figure.limb_girth
    cone = Cone(chest(sign * 0.02, 0.205, -0.012), chest(sign * 0.15, 0.14, -0.008), radii, deep=1.1)
    builder.add("chest", cone, top)


def _add_bust(builder: PeopleBuilder, figure: Figure, sign: float, depth: Tensor, top: Surface) -> None:
    """One side of the bust, an ellipsoid set into the chest: deeper for men, so that less of it shows."""
    scale = figure.scale
    bust = scale * (0.062 + 0.008 * figure.female * figure.stout.clamp(-1, 1.5))
    forward = figure.chest * depth - bust * (0.82 - 0.22 * figure.female)
    centre = builder.point("chest", sign * 0.066 * scale, -0.002 * scale, forward)
    builder.add("chest", make_ellipsoid(centre, (bust * 1.2, bust * 1.35, bust)), top)


def _add_pelvis(builder: PeopleBuilder, figure: Figure) -> None:
    """A flat ring from the waist down to the hip joints."""
    pelvis, flat = partial(builder.point, "pelvis", unit=figure.scale), _PELVIS_FLAT
    radii = (0.45 * figure.hip + 0.55 * figure.waist) * flat, figure.hip * flat * 0.99
    cone = Cone(pelvis(0, 0.05, -0.008), pelvis(0, -0.02, -0.008), radii, wide=1 / flat, deep=0.68 / flat)
    builder.add("pelvis", cone, Surface("torso", "bottom", trouser_line(builder, figure, 0.0)))


def _add_buttocks(builder: PeopleBuilder, figure: Figure, present: Tensor) -> None:
    """Two ellipsoids behind the pelvis of the people for whom `present` [B] is true; skirts hide them."""
    scale, trunk = figure.scale, figure.trunk_girth
    surface = Surface("torso", "bottom", trouser_line(builder, figure, 0.0))
    halves = 0.088 * scale * trunk, 0.1 * scale, (0.066 + 0.006 * figure.female) * scale * trunk
    for _, sign in SIDES:
        centre = builder.point("pelvis", sign * 0.068 * scale, -0.03 * scale, -0.05 * scale * trunk)
        builder.add("pelvis", make_ellipsoid(centre, halves), surface, present=present)


def _add_head(builder: PeopleBuilder, figure: Figure) -> None:
    """Neck and head; all numbers are head heights. From the side, looking to the right:

      .------.
    (   skull  )        an ellipsoid around the height of the eyes
    ( ear      )>       nose: a small cone down the middle of the face
      '--.  jaw )       a flat cone from the cheeks to the chin
         |neck|
    """
    height, female = figure.head, figure.female
    head, neck = (partial(builder.point, frame, unit=height) for frame in ("head", "neck"))
    face = Surface("head", "face", (head(0, CROWN, -0.02), head(0, CHIN, -0.02)))
    girth = (0.24 - 0.03 * female + 0.02 * figure.strong + 0.02 * figure.stout) * height
    builder.add("neck", Cone(neck(0, -0.05, 0.02), head(), (girth * 1.12, girth)), Surface("neck", "skin"))
    skull = make_ellipsoid(head(0, 0.3, -0.02), (0.335 * height, 0.43 * height, 0.43 * height))
    builder.add("head", skull, face)
    flat = _JAW_FLAT
    cheek, chin = (0.275 - 0.01 * female) * height, (0.165 - 0.025 * female + 0.012 * figure.stout) * height
    tip = builder.point("head", 0, CHIN * height + chin * flat, 0.22 * height)
    jaw = Cone(head(0, 0.16, 0.11), tip, (cheek * flat, chin * flat), wide=1.08 / flat, deep=0.98 / flat)
    builder.add("head", jaw, face)
    builder.add("head", Cone(head(0, 0.24, 0.385), head(0, 0.07, 0.445), (0.03 * height, 0.055 * height)), face)
    for _, sign in SIDES:
        ear = make_ellipsoid(head(sign * 0.345, 0.14, -0.03), (0.035 * height, 0.125 * height, 0.075 * height))
        builder.add("head", ear, Surface("head", "skin"))
