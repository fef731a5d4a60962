"""Actions of the whole body: phrases of key poses, jumps, and bodies that settle on the ground."""

import math

import pytest
import torch

from pipelines.synthetic.motion.floor_phrases import FLOOR_PHRASES
from pipelines.synthetic.motion.ground import lowest_point, settle
from pipelines.synthetic.motion.inverse_kinematics import solve_pose
from pipelines.synthetic.motion.jump_actions import JUMP_ACTIONS, jump_in_shape
from pipelines.synthetic.motion.keyposes import KeyPose, Phrase
from pipelines.synthetic.motion.pose import Pose
from pipelines.synthetic.motion.timeline import Action, Timeline
from pipelines.synthetic.motion.turn_phrases import TURN_PHRASES
from pipelines.synthetic.motion.whole_body import WHOLE_BODY_ACTIONS, WHOLE_BODY_CHANCES
from pipelines.synthetic.people.skeleton import INDEX, LIMITS, Frames, Motion, forward_kinematics, standard_proportions

BATCH, LENGTH = 16, 75


def play(action: Action, *, batch: int = BATCH, seed: int = 2) -> tuple[Pose, Motion, Frames]:
    """Three seconds of an action of standard adults."""
    timeline = Timeline(batch, torch.arange(LENGTH)[None] / 25, LENGTH / 25, torch.Generator().manual_seed(seed))
    pose = Pose.neutral(batch, LENGTH)
    action(timeline, pose)
    motion = settle(solve_pose(pose), pose)
    return pose, motion, forward_kinematics(standard_proportions(batch), motion)


def find(name: str) -> Action:
    return {action.__name__: action for action in WHOLE_BODY_ACTIONS}[name]


@pytest.mark.parametrize("action", WHOLE_BODY_ACTIONS, ids=lambda action: action.__name__)
def test_bodies_rest_on_the_ground_and_move_as_people_can(action: Action):
    pose, motion, frames = play(action)
    low = lowest_point(frames)
    assert low.min() > -1e-4
    assert low[pose.lift == 0].max() < 1e-4
    speed = frames.origin.diff(dim=1).norm(dim=-1) * 25
    assert speed.max() < 25  # metres a second: a ball player's hand
    assert (speed > 12).float().mean() < 0.02
    assert speed.amax((1, 2)).median() > 0.7
    turn = (motion.rotations[:, 1:] @ motion.rotations[:, :-1].mT).diagonal(dim1=-2, dim2=-1).sum(-1)
    angle = torch.acos(((turn - 1) / 2).clamp(-1, 1))
    assert angle.max() < 2.0  # no joint flips between two frames
    assert (angle > 1.0).float().mean() < 0.01
    for side in "rl":
        for name, sign, key in (("elbow", -1, "elbow_flexion"), ("knee", 1, "knee_flexion")):
            hinge = motion.rotations[:, :, INDEX[f"{side}_{name}"]]
            flexion = sign * torch.atan2(hinge[..., 2, 1], hinge[..., 1, 1])
            assert flexion.min() > -1e-3
            assert flexion.max() < LIMITS[key][1] + 1e-3


def test_phrases_end_as_they_begin_but_for_whole_turns_and_the_way():
    for phrase in (action for action in WHOLE_BODY_ACTIONS if isinstance(action, Phrase)):
        first, last = phrase.keys[0], phrase.keys[-1]
        for name in ("pelvis", "hips", "spine", "neck", "right", "left", "right_hand", "left_hand", "lift"):
            assert getattr(first, name) == getattr(last, name), (phrase.name, name)
        for start, end in ((first.turn, last.turn), *zip(first.tumble, last.tumble, strict=True)):
            assert math.remainder(end - start, 2 * math.pi) == pytest.approx(0, abs=1e-6)


def test_a_phrase_goes_through_its_key_poses_on_either_side():
    raised = (0.0, 0.5, 0.3, 0.0, 0.0)
    phrase = Phrase("raise_foot", (KeyPose(), KeyPose(right=raised), KeyPose()), pause=(0.2, 0.4), overlap=1.0)
    pose, _, _ = play(phrase, batch=64)
    highest = pose.legs[..., 1].amax(1)  # [B, 2]
    assert highest.amax(1).min() > 0.4
    assert highest.amin(1).max() < 1e-6  # only one of the feet
    assert 0.3 < (highest[:, 0] > highest[:, 1]).float().mean() < 0.7


def test_many_repetitions_fill_a_long_clip():
    timeline = Timeline(8, torch.linspace(0, 60, 240)[None], 60.0, torch.Generator().manual_seed(0))
    pose = Pose.neutral(8, 240)
    find("push_up")(timeline, pose)
    late = pose.tumble[:, 180:, 0]
    assert (late.amax(1) - late.amin(1)).min() > 0.1


def test_kicks_are_high_and_cartwheels_upside_down():
    for name in ("front_kick", "side_kick", "roundhouse_kick"):
        feet = play(find(name))[2].origin[:, :, [INDEX["r_ankle"], INDEX["l_ankle"]], 1]
        assert feet.amax((1, 2)).median() > 0.75
    frames = play(find("cartwheel"))[2]
    up = frames.rotation[:, :, INDEX["chest"], 1, 1]
    assert up.amin(1).max() < -0.7
    wrists = frames.origin[:, :, [INDEX["r_wrist"], INDEX["l_wrist"]], 1].amin((1, 2))
    assert wrists.max() < 0.25


def test_people_lie_and_get_up_again():
    chest = play(find("lie_down"), batch=40)[2].rotation[:, :, INDEX["chest"], 1, 1]
    assert (chest.amin(1) < 0.3).float().mean() > 0.3
    assert (chest.amax(1) > 0.9).float().mean() > 0.3


def test_jumps_are_as_high_as_their_time_in_the_air_allows():
    timeline = Timeline(200, torch.linspace(0, 4, 400)[None], 4.0, torch.Generator().manual_seed(0))
    pose = Pose.neutral(200, 400)
    jump_in_shape(timeline, pose)
    height = pose.lift.amax(1) * 0.83  # metres
    assert height.max() < 0.8
    assert height.min() > 0.05
    order = timeline.beat[:, 0].argsort()
    assert height[order[:50]].mean() < 0.5 * height[order[-50:]].mean()


def test_settling_lowers_a_tipped_body_and_keeps_a_flying_one():
    pose = Pose.neutral(2, 1)
    pose.tumble[..., 0] = math.pi / 2
    pose.lift[1] = 0.5
    solved = solve_pose(pose)
    heights = lowest_point(forward_kinematics(standard_proportions(2), settle(solved, pose)))[:, 0]
    assert heights[0].abs() < 1e-5
    assert heights[1] > 0.3


def test_the_families_are_complete_and_their_chances_add_up():
    names = [action.__name__ for action in WHOLE_BODY_ACTIONS]
    assert len(set(names)) == len(names)
    assert {action.__name__ for action in (*FLOOR_PHRASES, *TURN_PHRASES, *JUMP_ACTIONS)} < set(names)
    assert sum(WHOLE_BODY_CHANCES) == pytest.approx(1)
