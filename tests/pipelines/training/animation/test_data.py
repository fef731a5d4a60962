"""Training data of the animation generator."""

from dataclasses import replace

import torch

from models.ops.sampling import warp
from pipelines.training.animation.data import Recipe, draw_clips, draw_times


def seeded(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_targets_follow_each_other_within_one_motion() -> None:
    recipe = Recipe(clip_length=96, actions=2, rollout=6, fastest=3)
    times = draw_times(recipe, 500, seeded(), motions=2)
    assert (times[:, -1] // 48 != times[:, 1] // 48).float().mean() > 0.3, "the further picture is of any moment"
    times = times[:, :-1]
    steps = times[:, 1:].diff(dim=1)
    assert times.min() >= 0
    assert times.max() < 96
    assert (steps == steps[:, :1]).all()
    assert steps.unique().tolist() == [1, 2, 3]
    assert (times[:, 1] // 48 == times[:, -1] // 48).all()
    assert (times[:, 0] // 48 != times[:, 1] // 48).float().mean() > 0.3


def test_the_true_flow_copies_the_target_from_both_sources() -> None:
    clips = draw_clips(Recipe(size=64, clip_length=24, rollout=1, start_share=1.0), 2, seeded(4))
    truth = clips.targets[0]
    for flow, visible in (
        (truth.flow_previous, truth.visible_previous),
        (truth.flow_reference, truth.visible_reference),
    ):
        error = (warp(clips.reference.image, flow) - truth.image).abs() * visible
        assert visible.mean() > 0.3
        assert error.sum() / (3 * visible.sum()) < 0.06
    assert truth.structure.shape == (2, 34, 64, 64)


def test_a_further_picture_shows_the_same_person_or_is_the_reference_itself() -> None:
    recipe = Recipe(size=64, clip_length=24, rollout=1, start_share=0.0, further=0.5)
    clips = draw_clips(recipe, 6, seeded(7))
    other, truth = clips.other, clips.targets[0]
    assert other is not None
    assert truth.flow_other is not None
    assert truth.visible_other is not None
    alone = (other.image == clips.reference.image).flatten(1).all(1)  # [B]
    assert alone.tolist().count(True) in range(1, 6)
    assert torch.equal(truth.flow_other[alone], truth.flow_reference[alone])
    assert torch.equal(other.structure[alone], clips.reference.structure[alone])
    error = (warp(other.image, truth.flow_other) - truth.image).abs() * truth.visible_other
    assert truth.visible_other[~alone].mean() > 0.3
    assert error[~alone].sum() / (3 * truth.visible_other[~alone].sum()) < 0.08
    single = draw_clips(replace(recipe, further=0.0), 1, seeded(7))
    assert single.other is None
    assert len(single.targets[0].tensors()) == len(truth.tensors()) - 2


def test_chunks_divide_every_field() -> None:
    clips = draw_clips(Recipe(size=64, clip_length=24, rollout=1, returns=1), 3, seeded())
    parts = list(clips.chunks(2))
    assert [len(part.previous.image) for part in parts] == [2, 1]
    whole = clips.targets[0].tensors()
    for index, tensor in enumerate(whole):
        joined = torch.cat([part.targets[0].tensors()[index] for part in parts])
        torch.testing.assert_close(joined, tensor, rtol=0, atol=0, equal_nan=True)
