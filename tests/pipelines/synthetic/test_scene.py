"""Scenes before they are rendered: the configuration decides what is drawn."""

import torch

from pipelines.synthetic.clip_config import ClipConfig
from pipelines.synthetic.scene import Scene, sample_scene

BATCH = 3


def draw(**settings) -> Scene:
    config = ClipConfig(height=32, width=24, length=12, texture_size=16, **settings)
    return sample_scene(config, batch=BATCH, generator=torch.Generator().manual_seed(4))


def test_tensors_have_the_shapes_of_their_docstrings():
    scene = draw()
    assert scene.frames.origin.shape == (BATCH, 12, 18, 3)
    assert scene.background.shape == (BATCH, 3, 32, 24)
    assert scene.shadow.shape == scene.gain.shape == (BATCH, 3)
    assert scene.gamma.shape == (BATCH,)


def test_the_motion_stays_in_the_picture():
    scene = draw(fill=(0.9, 0.9), shift=0.0)
    pixels = scene.camera.project(scene.frames.origin)
    assert (pixels >= -0.5).all()
    assert (pixels <= torch.tensor([23.5, 31.5])).all()


def test_separate_actions_follow_one_another_without_a_transition():
    steps = draw(actions=3).frames.origin.diff(dim=1).norm(dim=-1).amax((0, 2))  # [11]
    assert steps[[3, 7]].min() > 2 * steps[[0, 1, 2, 4, 5, 6, 8, 9, 10]].max()


def test_shadows_follow_their_probability():
    assert (draw(shadow=0.0).shadow[:, :2] == 0).all()
    assert (draw(shadow=1.0).shadow[:, 0] > 0).all()
