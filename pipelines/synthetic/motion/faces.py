"""Faces in motion: speech, expressions, blinks, and eyes that jump from place to place.

In: the `Timeline` of a batch of clips and how the heads turn. Out: a `FaceTrack`. `full_motion` calls
`sample_face_actions`.

Legend: B batch of clips, T frames, M movements of a clip, A = 52 facial actions.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from pipelines.synthetic.motion.expressions import EXPRESSIONS, FACE_ACTIONS, VISEMES, WIDE_MOUTHS, without_side
from pipelines.synthetic.motion.timeline import Timeline
from pipelines.synthetic.tensors import constant

_BLINK = 0.15  # seconds
_BLINK_GAPS = 2.0, 6.0  # seconds
_FARTHEST_GAZE = 0.6, 0.4  # yaw and pitch of the eyes in the head, radians
_STILL, _TALKING = 0.35, 0.4  # shares of clips without expressions, and with speech


@dataclass
class FaceTrack:
    """Faces of B people at T moments."""

    actions: Tensor
    """[B, T, A] in 0..1, in the order of `FACE_ACTIONS`. Those named eyeLook stay 0: `gaze` turns eyes and lids."""
    gaze: Tensor
    """[B, T, 2] yaw and pitch of both eyes in the head, radians: to the own left, and up."""


def sample_face_actions(
    timeline: Timeline,
    neck: Tensor,
    *,
    talking: float = _TALKING,
    blink_gaps: tuple[float, float] = _BLINK_GAPS,
    wide_mouths: float = 0.0,
    shut_eyes: float = 0.0,
) -> FaceTrack:
    """Faces and gaze that fit the angles of the neck [B, T, 3], as in `Pose`.

    A third of the faces are at rest but for blinks; the others make expressions of any strength.

    Args:
        talking: share of the faces that talk.
        blink_gaps: range of the seconds between two blinks.
        wide_mouths: share of the faces whose mouths go from shut to far open and back.
        shut_eyes: share of the faces that shut their eyes for longer than a blink, again and again.
    """
    talks = timeline.chance(talking)
    actions = _express(timeline) * (1 - 0.4 * talks[..., None]) + _talk(timeline) * talks[..., None]
    gaze = _look_around(timeline, neck)
    lids = _blink(timeline, blink_gaps)
    if wide_mouths:
        actions = _open_wide(timeline, actions, wide_mouths)
    if shut_eyes:
        lids = torch.maximum(lids, timeline.chance(shut_eyes) * _rest_lids(timeline))
    actions = _give_sides(timeline, actions)
    blink, wide = (constant(_select(name), timeline.device) for name in ("eyeBlink", "eyeWide"))
    shut = torch.maximum(actions, lids[..., None] * blink)
    actions = torch.where(blink > 0, shut, actions * (1 - lids[..., None] * wide))
    return FaceTrack(actions.clamp(0, 1), gaze)


def _select(name: str) -> tuple[float, ...]:
    """1.0 for the actions of this name on either side, 0.0 for the rest."""
    return tuple(float(without_side(action) == name) for action in FACE_ACTIONS)


def _draw(timeline: Timeline, table: tuple[tuple[tuple[float, ...], float], ...], count: int) -> Tensor:
    """Random rows [B, count, A] of a table of faces and their weights."""
    bounds = constant(tuple(weight for _, weight in table), timeline.device).cumsum(0)
    index = torch.searchsorted(bounds, timeline.uniform(0, 1, count) * bounds[-1]).clamp(max=len(table) - 1)
    return constant(tuple(row for row, _ in table), timeline.device)[index]


def _express(timeline: Timeline) -> Tensor:
    """Expressions [B, T, A] that come, stay and go; some people show more than others, some nothing."""
    starts, lengths = timeline.slow_steps((0.3, 3.0), (0.2, 0.7))
    count = starts.shape[1] + 1
    keys = _draw(timeline, EXPRESSIONS, count) * timeline.uniform(0.3, 1.15, count, 1)
    lively = timeline.uniform(0.35, 1.0) * (1 - timeline.chance(_STILL))
    return timeline.interpolate(keys, starts, lengths) * lively[..., None]


def _talk(timeline: Timeline) -> Tensor:
    """Mouths [B, T, A] that speak 3 to 6 sounds a second, with pauses; now and then the brows go along."""
    rate = timeline.uniform(3.0, 6.0)
    count = int(timeline.duration * 6 / 0.8) + 2
    lengths = timeline.uniform(0.8, 1.25, count) / rate  # [B, M] seconds
    starts = torch.cumsum(lengths, 1) - lengths - timeline.uniform(0, 1)
    sounds = _draw(timeline, VISEMES, count + 1) * timeline.uniform(0.55, 1.15, count + 1, 1)
    mouth = timeline.interpolate(sounds, starts - 0.1 * lengths, 1.2 * lengths)
    begins, takes = timeline.slow_steps((0.5, 2.5), (0.12, 0.25))
    speaks = timeline.chance(0.75, begins.shape[1] + 1, 1)
    mouth = mouth * timeline.interpolate(speaks, begins, takes) * timeline.uniform(0.6, 1.2)[..., None]
    accents = timeline.chance(0.15, count + 1, 1) * timeline.uniform(0.2, 0.7, count + 1, 1)
    brows = constant(_select("browInnerUp"), timeline.device) + constant(_select("browOuterUp"), timeline.device)
    return mouth + timeline.interpolate(accents, starts, lengths) * brows


def _open_wide(timeline: Timeline, actions: Tensor, share: float) -> Tensor:
    """The actions [B, T, A] with mouths that are shut and far open in turns, in a share of the faces."""
    mouth = constant(
        tuple(float(name.startswith(("jaw", "mouth", "tongue"))) for name in FACE_ACTIONS), timeline.device
    )
    chosen = timeline.chance(share)[..., None] * mouth  # [B, 1, A]
    open_now, steps = _alternate(timeline, hold=(0.1, 0.8), move=(0.1, 0.4))
    size = timeline.uniform(0.45, 1.1, open_now.shape[1], 1)
    keys = _draw(timeline, WIDE_MOUTHS, open_now.shape[1]) * size * open_now[..., None]
    return actions * (1 - chosen) + timeline.interpolate(keys, *steps) * chosen


def _rest_lids(timeline: Timeline) -> Tensor:
    """How far lids are closed that are down and up in turns [B, T], 0..1: mostly all the way."""
    shut_now, steps = _alternate(timeline, hold=(0.15, 1.0), move=(0.08, 0.3))
    size = timeline.uniform(0.4, 2.2, shut_now.shape[1]).clamp(max=1)
    return timeline.interpolate((shut_now * size)[..., None], *steps)[..., 0]


def _alternate(
    timeline: Timeline, *, hold: tuple[float, float], move: tuple[float, float]
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Keys [B, M + 1], 0.0 and 1.0 in turns, and the starts and lengths [B, M] of the movements between them."""
    starts, lengths = timeline.slow_steps(hold, move)
    turn = torch.arange(starts.shape[1] + 1, device=timeline.device)
    return (turn + timeline.chance(0.5)) % 2, (starts, lengths)


def _give_sides(timeline: Timeline, actions: Tensor) -> Tensor:
    """Actions [B, T, A] that are a little stronger on one side, as faces are, and never quite still."""
    left = constant(tuple(float(name != without_side(name) and name.endswith("Left")) for name in FACE_ACTIONS),
                    timeline.device)  # fmt: skip
    right = constant(tuple(float(name != without_side(name) and name.endswith("Right")) for name in FACE_ACTIONS),
                     timeline.device)  # fmt: skip
    uneven = timeline.normal(0.1, 1, 1)
    return actions * (1 + uneven * (left - right)) * (1 + 0.06 * timeline.smooth_noise(1))


def _look_around(timeline: Timeline, neck: Tensor) -> Tensor:
    """Gaze [B, T, 2] that jumps and stays; while the head turns, many eyes stay on what they look at.

    neck: [B, T, 3] flexion, twist and bend.
    """
    starts, lengths = timeline.slow_steps((0.15, 2.5), (0.03, 0.07))
    count = starts.shape[1] + 1
    ahead = timeline.chance(0.55, count, 1)
    far = timeline.normal(1.0, count, 2) * constant((0.22, 0.12), timeline.device)
    targets = torch.where(ahead > 0, timeline.normal(0.05, count, 2), far)
    head = torch.stack([neck[..., 1], -neck[..., 0]], -1)
    kept = timeline.uniform(0.0, 0.8, 1, 1) * timeline.chance(0.6, 1, 1)
    drift = 0.006 * timeline.smooth_noise(2, 2.0)
    limit = constant(_FARTHEST_GAZE, timeline.device)
    gaze = timeline.interpolate(targets, starts, lengths) - kept * head + drift
    return limit * torch.tanh(gaze / limit)


def _blink(timeline: Timeline, between: tuple[float, float]) -> Tensor:
    """How far the lids are closed by blinks [B, T], 0..1; between: range of the seconds between two of them."""
    count = int(timeline.duration / between[0]) + 2
    gaps = timeline.uniform(*between, count)
    gaps = torch.where(timeline.chance(0.12, count) > 0, 0.3, gaps)  # twice in a row
    starts = torch.cumsum(gaps, 1) - timeline.uniform(0, 1) * between[1]
    passed = (timeline.time[..., None] - starts[:, None]) / _BLINK  # [B, T, M]
    closing, opening = (passed / 0.35).clamp(0, 1), ((1 - passed) / 0.5).clamp(0, 1)  # quickly shut, slowly open
    blinks = torch.minimum(closing, opening).amax(-1)
    return blinks * blinks * (3 - 2 * blinks)
