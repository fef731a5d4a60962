"""What arms and hands do in daily life: arms crossed, a phone, hands at face and hair, in pockets, signs and counting.

`motion.sample_motion_at` picks one of `EVERYDAY_ARMS` in the clips that are to have one.

Legend: B batch of clips, T frames, M movements of a clip, G pairs of hands of a gesture. Hands are given as in
`Pose.arms`, in arm lengths and radians.
"""

from dataclasses import dataclass

import torch

from pipelines.synthetic.motion.hands import RESTING, hand_shape, hold_shapes, vary_fingers, weigh_shapes
from pipelines.synthetic.motion.pose import HANGING, Pose
from pipelines.synthetic.motion.timeline import Action, Timeline
from pipelines.synthetic.tensors import constant

Hand = tuple[float, float, float, float, float, float]

_ON_HIP: Hand = (0.02, -0.60, 0.04, 1.1, -0.5, -0.6)
_IN_POCKET: Hand = (0.02, -0.84, 0.12, 0.5, 0.0, -0.1)
_IN_BACK_POCKET: Hand = (0.05, -0.76, -0.22, 0.7, 0.0, 0.0)
_BEHIND: Hand = (-0.18, -0.70, -0.32, 0.6, 0.0, 0.0)
_AT_EAR: Hand = (-0.2, 0.2, 0.05, 0.6, 0.1, 0.2)
_BEFORE_CHEST: Hand = (-0.22, -0.18, 0.5, 0.4, 0.3, 0.3)
_FOLDED: Hand = (-0.33, -0.64, 0.42, 0.7, 0.2, 0.2)
_ON_ELBOW: Hand = (-0.48, -0.40, 0.42, 0.8, 0.6, 0.0)
_UNDER_ARM: Hand = (-0.46, -0.30, 0.5, 0.9, 0.5, 0.0)
_AT_CHIN: Hand = (-0.24, -0.06, 0.42, 0.4, 0.3, 0.5)
_FOREARM_AHEAD: Hand = (0.0, -0.45, 0.5, 0.3, 0.0, 0.4)
_TOGETHER: Hand = (-0.33, -0.3, 0.5, 0.4, 0.1, 0.1)
_AHEAD: Hand = (0.0, 0.0, 0.55, 0.3, 0.0, 0.0)
_BESIDE_HEAD: Hand = (0.36, 0.25, 0.35, 0.1, -0.1, -1.3)


@dataclass(frozen=True)
class Gesture:
    """Places and shapes of both hands, the first one of either side, to which they go and where they stay."""

    name: str
    """What is done, as an identifier."""
    pairs: tuple[tuple[Hand, Hand], ...]
    """Where the first and the second hand may be."""
    shapes: tuple[str, str] = ("relaxed", "relaxed")
    """Names of the hands' shapes there."""
    stay: float = 0.75
    """Share of the time there; in the rest the arms hang."""
    nod: float = 0.0
    """How far the head bends towards the hands, radians."""
    restless: float = 0.0
    """How far hands move while they are there, arm lengths."""

    @property
    def __name__(self) -> str:
        """As functions, the other actions, have it."""
        return self.name

    def __call__(self, timeline: Timeline, pose: Pose) -> None:
        """Fills in arms and fingers and bends the neck."""
        starts, lengths = timeline.slow_steps((0.4, 3.0), (0.4, 1.0))
        count = starts.shape[1] + 1
        there = timeline.chance(self.stay, count, 1)
        keys = timeline.pick(tuple((*first, *second) for first, second in self.pairs), count).unflatten(-1, (2, 6))
        keys = keys + timeline.normal(1.0, count, 2, 6) * constant((0.03, 0.03, 0.03, 0.12, 0.1, 0.1), timeline.device)
        hanging = constant(HANGING, timeline.device) + timeline.normal(0.03, count, 2, 6)
        keys = torch.where(there[..., None] > 0, keys, hanging)
        arms, there = timeline.interpolate(keys, starts, lengths), timeline.interpolate(there, starts, lengths)
        moved = self.restless * there[..., None] * timeline.smooth_noise(6, 2.0).unflatten(-1, (2, 3))
        arms = torch.cat([arms[..., :3] + moved, arms[..., 3:]], -1)
        shapes = torch.stack([hand_shape(name, timeline.device) for name in self.shapes])  # [2, 5, 4]
        held = vary_fingers(timeline, shapes.expand(*arms.shape[:3], 5, 4))
        resting = hold_shapes(timeline, constant((RESTING,), timeline.device))
        fingers = torch.lerp(resting, held, there[..., None, None])
        swap = timeline.chance(0.4)[..., None] > 0
        pose.arms = torch.where(swap[..., None], arms.flip(2), arms)
        pose.fingers = torch.where(swap[..., None, None], fingers.flip(2), fingers)
        pose.neck = pose.neck + self.nod * there * constant((1.0, 0.0, 0.0), timeline.device)


def count_fingers(timeline: Timeline, pose: Pose) -> None:
    """One hand counts from one to five in front of the shoulder, again and again; the other rests."""
    starts, lengths = timeline.slow_steps((0.25, 0.8), (0.12, 0.3))
    count = starts.shape[1] + 1
    names = ("fist", "point", "peace", "three", "four", "spread")
    shapes = torch.stack([hand_shape(name, timeline.device) for name in names])
    order = torch.arange(count, device=timeline.device)[None] + (timeline.uniform(0, len(names))).long()
    counting = timeline.interpolate(shapes[order % len(names)], starts, lengths)  # [B, T, 5, 4]
    resting = hold_shapes(timeline, constant((RESTING,), timeline.device))
    first = (timeline.chance(0.65) > 0)[..., None] == constant((1.0, 0.0), timeline.device).bool()  # [B, 1, 2] right
    counting = vary_fingers(timeline, counting[:, :, None].expand_as(resting))
    pose.fingers = torch.where(first[..., None, None], counting, resting)
    places = timeline.pick((_BESIDE_HEAD, _AT_CHIN, (0.15, 0.05, 0.55, 0.2, -0.1, -1.2)), 1, 1)
    rest = timeline.pick((HANGING, _ON_HIP, _IN_POCKET), 1, 1)
    arms = torch.where(first[..., None], places, rest) + timeline.normal(0.04, 1, 2, 6)
    pose.arms = arms.expand_as(pose.arms).clone()


def explain(timeline: Timeline, pose: Pose) -> None:
    """Hands of a speaker: both before the body, small strokes to the rhythm, palms that open and turn."""
    base = timeline.pick(((0.0, -0.45, 0.5, 0.4, 0.0, 0.2), (0.15, -0.3, 0.5, 0.4, 0.0, 0.4), _BEFORE_CHEST), 1, 1)
    active = torch.cat([timeline.chance(0.85, 1, 1), timeline.chance(0.85, 1, 1)], 2)[..., None]  # [B, 1, 2, 1]
    starts, lengths = timeline.slow_steps((0.0, 0.6), (0.2, 0.5))
    count = starts.shape[1] + 1
    size = constant((0.16, 0.12, 0.1, 0.2, 0.35, 0.6), timeline.device)
    strokes = timeline.normal(1.0, count, 2, 6) * size
    strokes = torch.where(timeline.chance(0.5, count, 1, 1) > 0, strokes[:, :, :1], strokes)
    moving = base + timeline.interpolate(strokes, starts, lengths)
    hanging = pose.arms + timeline.normal(0.04, 1, 2, 6)
    pose.arms = torch.where(active > 0, moving, hanging)
    weights = weigh_shapes(open=4, relaxed=3, pinch=1.5, spread=1, point=0.8, flat=0.8, cup=0.5, loose_fist=0.5)
    pose.fingers = hold_shapes(timeline, constant((weights,), timeline.device))


EVERYDAY_ARMS: tuple[Action, ...] = (
    explain,
    count_fingers,
    Gesture("cross_arms", ((_ON_ELBOW, _UNDER_ARM), (_UNDER_ARM, _ON_ELBOW)), ("open", "loose_fist"), stay=0.85),
    Gesture("phone_to_ear", ((_AT_EAR, HANGING), (_AT_EAR, _ON_HIP), (_AT_EAR, _UNDER_ARM)), ("phone", "relaxed"), 0.9),
    Gesture("look_at_phone", ((_BEFORE_CHEST, HANGING), (_BEFORE_CHEST, (-0.3, -0.2, 0.5, 0.3, 0.2, 0.2))),
            ("phone", "point"), 0.9, nod=0.4, restless=0.01),
    Gesture("touch_face", ((_AT_CHIN, HANGING), ((-0.2, 0.05, 0.4, 0.5, 0.4, 0.5), HANGING),
                           ((-0.18, 0.2, 0.36, 0.7, 0.5, 0.6), _UNDER_ARM), (_AT_CHIN, _UNDER_ARM)),
            ("pinch", "relaxed"), 0.6, nod=0.08, restless=0.02),
    Gesture("touch_hair", (((-0.06, 0.36, 0.1, 0.8, 0.5, 0.3), HANGING), ((-0.16, 0.44, -0.12, 0.9, 0.5, 0.2), HANGING),
                           ((-0.16, 0.46, -0.1, 0.9, 0.5, 0.2), (-0.16, 0.46, -0.1, 0.9, 0.5, 0.2)),
                           ((-0.2, 0.46, 0.22, 0.8, 0.4, 0.4), HANGING)), ("open", "open"), 0.65, restless=0.04),
    Gesture("hands_in_pockets", ((_IN_POCKET, _IN_POCKET), (_IN_POCKET, HANGING), (_IN_BACK_POCKET, _IN_BACK_POCKET)),
            ("flat", "flat"), 0.9),
    Gesture("hands_on_hips", ((_ON_HIP, _ON_HIP), (_ON_HIP, HANGING)), ("open", "open"), 0.85),
    Gesture("fold_hands", ((_FOLDED, _FOLDED), (_BEHIND, _BEHIND), (_TOGETHER, _TOGETHER)),
            ("cup", "cup"), 0.9),
    Gesture("hold_cup", ((_FOREARM_AHEAD, HANGING), (_BEFORE_CHEST, _IN_POCKET), (_BEFORE_CHEST, _BEFORE_CHEST),
                         ((-0.25, 0.0, 0.42, 0.6, 0.2, 0.2), HANGING)), ("cup", "cup"), 0.9),
    Gesture("point_somewhere", (
        ((0.3, 0.1, 0.9, 0.2, 0.0, -1.0), HANGING), ((0.85, 0.15, 0.35, 0.2, 0.0, -0.8), HANGING),
        ((-0.3, 0.1, 0.8, 0.4, 0.0, -0.8), _ON_HIP), ((0.3, 0.75, 0.5, 0.2, 0.0, -1.0), HANGING),
        ((0.1, -0.4, 0.8, 0.2, 0.0, -0.8), HANGING),
    ), ("point", "relaxed"), 0.65),
    Gesture("thumbs_up", (((0.0, -0.1, 0.6, 0.3, 0.0, 0.0), HANGING), (_AHEAD, _AHEAD)),
            ("thumbs_up", "thumbs_up"), 0.65),
    Gesture("peace_sign", ((_BESIDE_HEAD, HANGING), (_BESIDE_HEAD, _BESIDE_HEAD), (_AT_CHIN, _ON_HIP)),
            ("peace", "peace"), 0.65),
    Gesture("ok_sign", (((0.1, 0.05, 0.55, 0.2, -0.1, -1.1), HANGING), (_BESIDE_HEAD, _ON_HIP)),
            ("ok", "relaxed"), 0.65),
)  # fmt: skip
EVERYDAY_CHANCES = (0.2, 0.05, 0.09, 0.06, 0.09, 0.07, 0.07, 0.09, 0.06, 0.07, 0.05, 0.04, 0.02, 0.02, 0.02)
