"""Faces in motion: expressions, speech, blinks and gaze."""

import pytest
import torch

from pipelines.synthetic.motion.expressions import EXPRESSIONS, FACE_ACTIONS, VISEMES, face
from pipelines.synthetic.motion.faces import FaceTrack, sample_face_actions
from pipelines.synthetic.motion.timeline import Timeline

RATE, SECONDS, BATCH = 50, 12, 200


@pytest.fixture(scope="module")
def track() -> FaceTrack:
    time = torch.arange(RATE * SECONDS)[None] / RATE
    timeline = Timeline(BATCH, time, float(SECONDS), torch.Generator().manual_seed(0))
    return sample_face_actions(timeline, torch.zeros(BATCH, RATE * SECONDS, 3))


def channel(track: FaceTrack, name: str) -> torch.Tensor:
    return track.actions[..., FACE_ACTIONS.index(name)]


def test_the_names_are_the_52_of_arkit():
    assert len(FACE_ACTIONS) == len(set(FACE_ACTIONS)) == 52
    assert list(FACE_ACTIONS) == sorted(FACE_ACTIONS)
    assert sum(name.startswith("mouth") for name in FACE_ACTIONS) == 23
    assert sum(name.startswith("eye") for name in FACE_ACTIONS) == 14


def test_names_without_a_side_stand_for_both():
    row = dict(zip(FACE_ACTIONS, face(mouthSmile=0.5, mouthLeft=0.2, eyeBlinkLeft=0.9), strict=True))
    assert row["mouthSmileLeft"] == row["mouthSmileRight"] == 0.5
    assert (row["mouthLeft"], row["mouthRight"], row["eyeBlinkLeft"], row["eyeBlinkRight"]) == (0.2, 0, 0.9, 0)
    with pytest.raises(AssertionError):
        face(mouthGrin=1.0)


def test_actions_are_shares_and_many_faces_are_still(track: FaceTrack):
    assert track.actions.min() >= 0
    assert track.actions.max() <= 1
    lids = torch.tensor([name.startswith("eye") for name in FACE_ACTIONS])
    strongest = track.actions[..., ~lids].amax((1, 2))
    assert 0.1 < (strongest < 0.05).float().mean() < 0.4
    assert (strongest > 0.7).float().mean() > 0.15
    at_rest = (track.actions[..., ~lids].amax(-1) < 0.1).float().mean()
    assert 0.25 < at_rest < 0.8


def test_blinks_are_short_and_every_few_seconds(track: FaceTrack):
    shut = channel(track, "eyeBlinkLeft") > 0.6
    begins = (shut[:, 1:] & ~shut[:, :-1]).sum(1).float()
    assert 1.5 < SECONDS / begins.mean() < 6
    closed = shut.float().sum(1) / RATE
    assert (closed / begins.clamp(min=1)).median() < 0.15


def test_four_in_ten_talk_with_pauses(track: FaceTrack):
    jaw = channel(track, "jawOpen")
    moves = jaw.diff(dim=1).abs() * RATE
    talks = (moves > 0.3).float().mean(1) > 0.15
    assert 0.25 < talks.float().mean() < 0.55
    turns = (jaw[talks].diff(dim=1).sign().diff(dim=1).abs() > 0).sum(1) / SECONDS / 2  # opens and closes a second
    assert 1 < turns.median() < 6
    assert 0.05 < (jaw[talks] < 0.05).float().mean() < 0.8


def test_the_sides_of_a_face_differ_a_little(track: FaceTrack):
    left, right = channel(track, "mouthSmileLeft"), channel(track, "mouthSmileRight")
    smiling = torch.minimum(left, right) > 0.3
    ratio = (left / right.clamp(min=1e-3))[smiling]
    assert 0.03 < ratio.log().std() < 0.6


def test_eyes_jump_and_stay(track: FaceTrack):
    speed = track.gaze.diff(dim=1).norm(dim=-1) * RATE
    assert (speed > 1.0).float().mean() < 0.2
    assert speed.amax(1).median() > 2.0
    assert track.gaze[..., 0].abs().max() <= 0.6
    assert track.gaze[..., 1].abs().max() <= 0.4
    assert track.gaze[..., 0].std() > 1.3 * track.gaze[..., 1].std()


def test_some_eyes_stay_on_what_they_look_at_while_the_head_turns():
    time = torch.linspace(0, 4, 100)[None]
    neck = torch.zeros(400, 100, 3)
    neck[..., 1] = 0.6 * torch.sin(time)
    still, turning = (
        sample_face_actions(Timeline(400, time, 4.0, torch.Generator().manual_seed(1)), each).gaze[..., 0]
        for each in (torch.zeros_like(neck), neck)
    )
    follow = ((turning - still) * neck[..., 1]).sum(1) / neck[..., 1].square().sum(1)
    assert follow.max() < 0.01
    assert (follow < -0.15).float().mean() > 0.3
    assert (follow > -0.02).float().mean() > 0.3


def test_tables_hold_faces_with_weights():
    for table in (EXPRESSIONS, VISEMES):
        for row, weight in table:
            assert len(row) == 52
            assert 0 <= min(row) <= max(row) <= 1
            assert weight > 0


def test_mouths_open_far_and_eyes_rest_in_turns_where_they_should() -> None:
    time = torch.arange(RATE * 4)[None] / RATE
    neck = torch.zeros(BATCH, RATE * 4, 3)
    plain, lively = (
        sample_face_actions(Timeline(BATCH, time, 4.0, torch.Generator().manual_seed(3)), neck, wide_mouths=share,
                            shut_eyes=share)
        for share in (0.0, 1.0)
    )  # fmt: skip
    for name, far in (("jawOpen", 0.5), ("eyeBlinkLeft", 0.9)):
        seldom, often = ((channel(track, name) > far).float().mean() for track in (plain, lively))
        assert seldom < 0.1
        assert often > 0.15
        assert (channel(lively, name) < 0.1).float().mean() > 0.3
        values = channel(lively, name)
        assert ((values.amax(1) > far) & (values.amin(1) < 0.1)).float().mean() > 0.6, "in the same clip"
