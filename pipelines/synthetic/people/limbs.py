"""Arms, hands, legs and feet of people, one side at a time.

`body.sample_people` calls `add_arm` and `add_leg`.

Legend: B batch. `side` is "r" or "l", `sign` -1.0 or 1.0: the side's direction along x. Points are (x to the person's
left, y up, z to the front) of a joint, in standard metres (times `figure.scale`) unless a function names another unit;
tensors without a shape are [B].
"""

from functools import partial

from torch import Tensor

from pipelines.synthetic.people.figure import Figure, trouser_line, upper_arm_line
from pipelines.synthetic.people.primitives import Cone, PeopleBuilder, Point, Surface
from pipelines.synthetic.people.skeleton import INDEX

_UP = (0.0, 1.0, 0.0)
_HAND_FLAT = 0.35  # thickness of palm and fingers in parts of their width
_GROUND = -0.25  # y of the ground from the ankle, in foot lengths


def add_arm(builder: PeopleBuilder, figure: Figure, side: str, sign: float, hand: Tensor) -> None:
    """Upper arm with its muscle, forearm in two cones that meet where it is thickest, and a hand of length `hand` (m).

    shoulder (====(muscle)====) elbow (===)(======) wrist (palm fingers
    """
    scale, girth = figure.scale, figure.arm_girth
    shoulder, elbow, wrist = (
        partial(builder.point, f"{side}_{joint}", unit=scale) for joint in ("shoulder", "elbow", "wrist")
    )
    upper = Surface(f"{side}_upper_arm", "sleeve", upper_arm_line(builder, figure, side))
    lower = Surface(f"{side}_forearm", "forearm", (elbow(), wrist()))
    radii = 0.054 * scale * girth, 0.041 * scale * girth
    builder.add(f"{side}_shoulder", Cone(shoulder(-sign * 0.006, -0.012), elbow(), radii), upper)
    muscle = (0.045 + 0.006 * figure.strong) * scale * girth
    cone = Cone(shoulder(0, -0.1, 0.008), shoulder(0, -0.2, 0.006), (muscle, muscle * 0.9))
    builder.add(f"{side}_shoulder", cone, upper)
    thickest = elbow(0, -0.07, 0)
    radii = 0.04 * scale * girth, 0.043 * scale * girth
    builder.add(f"{side}_elbow", Cone(elbow(), thickest, radii), lower)
    radii = 0.043 * scale * girth, 0.026 * scale * girth
    builder.add(f"{side}_elbow", Cone(thickest, wrist(0, 0.01), radii), lower)
    _add_hand(builder, figure, side, sign, hand)


def _add_hand(builder: PeopleBuilder, figure: Figure, side: str, sign: float, hand: Tensor) -> None:
    """Palm, two blocks of fingers and a thumb, in hand lengths; here the left hand from the inside:

        wrist
       | palm |      at rest the palm faces the thigh
     //|      |      and the thumb points forward
    //  |f||f|
        |1||2|
    """
    size = hand * (1 - 0.04 * figure.female)
    wrist = partial(builder.point, f"{side}_wrist", unit=size)
    skin = Surface(f"{side}_hand", "hand", (wrist(), wrist(0, -1)))

    def add_blade(start: Point, end: Point, widths: tuple[float, float]) -> None:
        """A flat block with these half widths at its start and end, in hand lengths."""
        first, last = (width * size * _HAND_FLAT for width in widths)
        builder.add(f"{side}_wrist", Cone(start, end, (first, last), wide=1.15, deep=1 / _HAND_FLAT), skin)

    add_blade(wrist(0, -0.02), wrist(0, -0.4, 0.01), (0.15, 0.22))
    add_blade(wrist(-sign * 0.01, -0.5, 0.075), wrist(-sign * 0.05, -0.93, 0.08), (0.1, 0.075))
    add_blade(wrist(-sign * 0.02, -0.48, -0.09), wrist(-sign * 0.12, -0.86, -0.07), (0.1, 0.08))
    thumb = Cone(wrist(-sign * 0.03, -0.12, 0.12), wrist(-sign * 0.1, -0.5, 0.27), (0.085 * size, 0.055 * size))
    builder.add(f"{side}_wrist", thumb, skin)


def add_leg(builder: PeopleBuilder, figure: Figure, side: str, sign: float, foot: Tensor) -> None:
    """Thigh, shin with its calf at the back, and a foot of length `foot` (m).

    hip (========) knee (==(calf)====) ankle
    """
    scale, girth = figure.scale, figure.leg_girth
    knee, ankle = (partial(builder.point, f"{side}_{joint}", unit=scale) for joint in ("knee", "ankle"))
    x = builder.origins[:, INDEX["l_hip"], 0] * sign
    upper = Surface(f"{side}_thigh", "bottom", trouser_line(builder, figure, x))
    lower = Surface(f"{side}_shin", "lower_leg", (knee(), ankle()))
    thick = 0.082 * scale * girth
    inset = (x.abs() + thick - figure.hip).clamp(min=-0.02) * sign  # keeps thighs within the hips
    start = builder.point(f"{side}_hip", -inset, -0.02 * scale)
    builder.add(f"{side}_hip", Cone(start, knee(0, 0, 0.004), (thick, 0.051 * scale * girth), deep=1.06), upper)
    radii = 0.05 * scale * girth, 0.034 * scale * girth
    builder.add(f"{side}_knee", Cone(knee(0, 0, 0.006), ankle(0, 0, -0.004), radii), lower)
    radii = (0.05 + 0.003 * figure.strong) * scale * girth, 0.044 * scale * girth
    builder.add(f"{side}_knee", Cone(knee(0, -0.09, -0.014), knee(0, -0.2, -0.012), radii), lower)
    _add_foot(builder, figure, side, foot)


def _add_foot(builder: PeopleBuilder, figure: Figure, side: str, foot: Tensor) -> None:
    """A shoe in foot lengths, a quarter of it behind the ankle; here from the outside, toes to the right:

    | heel '-.              instep
    |_________'-.____
    (_____sole______toes)   cut off flat just below the ground
    """
    ankle = partial(builder.point, f"{side}_ankle", unit=foot)
    clip = _UP, ankle(0, _GROUND * 1.06)
    surface = Surface(f"{side}_foot", "shoe", (ankle(0, _GROUND * 0.5, -0.25), ankle(0, _GROUND * 0.5, 0.75)))
    toes = foot * (0.165 - 0.012 * figure.female)  # half their width, m

    def add_cone(start: Point, end: Point, radii: tuple[Tensor, Tensor], deep: float = 1.0) -> None:
        """A cone with radii [B] in metres; `deep` is its height in parts of its width."""
        builder.add(f"{side}_ankle", Cone(start, end, radii, deep=deep, front=_UP, clip=clip), surface)

    add_cone(ankle(0, 0.06, -0.031), ankle(0, _GROUND * 0.55, -0.07), (0.135 * foot, 0.15 * foot))
    add_cone(ankle(0, _GROUND * 0.25, -0.02), ankle(0, _GROUND * 0.62, 0.42), (0.15 * foot, 0.115 * foot))
    add_cone(ankle(0, _GROUND * 0.72, 0.36), ankle(0, _GROUND * 0.76, 0.58), (toes, toes * 0.88), deep=0.6)
    sole = _GROUND * 0.98
    add_cone(ankle(0, sole, -0.1), ankle(0, sole, 0.57), (toes * 0.95, toes * 1.06), deep=0.28)
