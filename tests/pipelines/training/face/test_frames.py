"""Frames of clips of heads: references that differ from their targets."""

import pytest
import torch

from models.joints import FACE_LINES
from pipelines.faces.layer_maps import draw_face_maps
from pipelines.synthetic.head_clips import sample_head_scene
from pipelines.synthetic.scene import Scene
from pipelines.training.face.data import Recipe, choose_clips
from pipelines.training.face.frames import _find_directions, _measure_openings, choose_frames
from pipelines.training.face.regions import weigh_features, weigh_openings
from tests.helpers.faces import make_landmarks

RECIPE, CLIPS = Recipe(size=32), 48


@pytest.fixture(scope="module")
def scene() -> Scene:
    return sample_head_scene(choose_clips(RECIPE, 96), batch=CLIPS, generator=torch.Generator().manual_seed(2))


def find_differences(scene: Scene, contrasts: tuple[float, float, float, float]) -> torch.Tensor:
    """Of mouth, eyes, direction and gaze between reference and middle target, [B, 4]."""
    times = choose_frames(RECIPE, scene, contrasts, torch.Generator().manual_seed(3))
    assert times.shape == (CLIPS, 2 + RECIPE.rollout)
    assert (times >= 0).all()
    assert (times < 96).all()
    steps = times[:, 1:].diff(dim=1)
    assert (steps == steps[:, :1]).all()
    assert (steps > 0).all()
    actions, gaze = scene.pose.actions, scene.pose.gaze[..., 0]
    measures = torch.stack([*_measure_openings(actions), _find_directions(scene), gaze], -1)
    clips = torch.arange(CLIPS)
    return (measures[clips, times[:, 0]] - measures[clips, times[:, 4]]).abs()


def test_references_differ_in_what_is_asked_for(scene: Scene) -> None:
    even = find_differences(scene, (0.0, 0.0, 0.0, 0.0))
    for kind in range(4):
        contrasts = tuple(float(each == kind) for each in range(4))
        chosen = find_differences(scene, contrasts)  # pyright: ignore[reportArgumentType]
        assert chosen[:, kind].mean() > 1.4 * even[:, kind].mean()
    mouths, eyes = (
        find_differences(scene, each)[:, kind] for kind, each in enumerate([(1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0)])
    )
    assert (mouths > 0.35).float().mean() > 0.4
    assert (eyes > 0.6).float().mean() > 0.4


def test_openings_are_between_the_lips_and_the_lids() -> None:
    points = torch.from_numpy(make_landmarks(128, 128)).float()[None]
    structure = draw_face_maps(points, size=128)
    mouths, eyes = weigh_openings(structure)
    features = weigh_features(structure)
    for weights, middle in (
        (mouths, points[0, 60:68].mean(0)),
        (eyes, points[0, 36:42].mean(0)),
        (eyes, points[0, 42:48].mean(0)),
    ):
        x, y = middle.round().long()
        assert weights[0, 0, y, x] > 0.9
        assert 0.001 < weights.mean() < features.mean()
    x, y = points[0, 30].round().long()  # tip of the nose
    assert mouths[0, 0, y, x] == eyes[0, 0, y, x] == 0
    assert features[0, 0, y, x] > 0.9
    assert structure.shape[1] == len(FACE_LINES) + 4
