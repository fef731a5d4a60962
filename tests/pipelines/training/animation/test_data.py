"""Training data of the animation generator."""

from dataclasses import replace

import torch
from torch import Tensor

from models.ops.sampling import warp
from pipelines.training.animation.data import Recipe, Truth, draw_clips, draw_further_times, draw_times


def seeded(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def measure_copy(image: Tensor, truth: Truth, picture: int, clips: Tensor) -> Tensor:
    """Mean error of people of some clips [B] who are copied by the true flow into a picture, where it shows them."""
    flow, visible = truth.flow_pictures[:, picture], truth.visible_pictures[:, picture] * truth.person
    error = (warp(image, flow) - truth.image).abs() * visible
    return error[clips].sum() / (4 * visible[clips].sum())


def test_targets_follow_each_other_within_one_motion() -> None:
    recipe = Recipe(clip_length=96, actions=2, rollout=6, fastest=3)
    times = draw_times(recipe, 500, seeded(), motions=2)
    steps = times[:, 1:].diff(dim=1)
    assert times.min() >= 0
    assert times.max() < 96
    assert (steps == steps[:, :1]).all()
    assert steps.unique().tolist() == [1, 2, 3]
    assert (times[:, 1] // 48 == times[:, -1] // 48).all()
    assert (times[:, 0] // 48 != times[:, 1] // 48).float().mean() > 0.3


def test_the_first_target_of_still_clips_is_the_reference() -> None:
    clips = draw_clips(Recipe(size=64, clip_length=24, rollout=1, still=1.0, imperfect_mattes=0.0), 2, seeded(4))
    assert torch.equal(clips.targets[0].image, clips.reference.image)
    assert not torch.equal(clips.targets[0].structure, clips.reference.structure), "poses keep their errors"
    assert clips.targets[0].flow_pictures[:, 0].abs().max() < 1e-3


def test_the_true_flow_copies_the_target_from_both_sources() -> None:
    clips = draw_clips(Recipe(size=64, clip_length=24, rollout=1, start_share=1.0), 2, seeded(4))
    truth = clips.targets[0]
    for flow, visible in (
        (truth.flow_previous, truth.visible_previous),
        (truth.flow_pictures[:, 0], truth.visible_pictures[:, 0]),
    ):
        error = (warp(clips.reference.image, flow) - truth.image).abs() * visible
        assert visible.mean() > 0.3
        assert error.sum() / (3 * visible.sum()) < 0.06
    assert truth.structure.shape == (2, 36, 64, 64)


def test_each_further_picture_has_its_own_flow_or_is_the_reference_itself() -> None:
    recipe = Recipe(size=64, clip_length=24, rollout=1, start_share=0.0, further=0.8, imperfect_mattes=0.0, still=0.0)
    clips = draw_clips(recipe, 8, seeded(12))
    truth = clips.targets[0]
    assert truth.flow_pictures.shape == (8, 3, 2, 64, 64)
    alone = torch.stack([(other.image == clips.reference.image).flatten(1).all(1) for other in clips.others])  # [2, B]
    assert {1, 2} <= set((~alone).sum(0).tolist())
    assert (alone[1] | ~alone[0]).all(), "the first place is taken first"
    for number, (other, same) in enumerate(zip(clips.others, alone, strict=True), 1):
        assert torch.equal(truth.flow_pictures[same, number], truth.flow_pictures[same, 0])
        assert torch.equal(other.structure[same], clips.reference.structure[same])
        assert truth.visible_pictures[~same, number].mean() > 0.3
        own, *foreign = (measure_copy(other.image, truth, flow, ~same) for flow in (number, 0, 3 - number))
        assert own < 0.12
        assert min(foreign) > 3 * own
    assert [part.others[1].image.shape[0] for part in clips.chunks(6)] == [6, 2]
    single = draw_clips(replace(recipe, pictures=1), 1, seeded(7))
    assert single.others == ()
    assert single.targets[0].flow_pictures.shape[1] == 1


def test_clips_have_one_to_three_pictures_in_their_shares() -> None:
    recipe, reference = Recipe(further=0.6), torch.full((3000, 1), 100)
    given = (draw_further_times(recipe, reference, seeded()) != 100).sum(1)
    shares = given.bincount() / len(given)
    torch.testing.assert_close(shares, torch.tensor([0.4, 0.3, 0.3]), atol=0.03, rtol=0)


def test_chunks_divide_every_field() -> None:
    clips = draw_clips(Recipe(size=64, clip_length=24, rollout=1, returns=1), 3, seeded())
    parts = list(clips.chunks(2))
    assert [len(part.previous.image) for part in parts] == [2, 1]
    whole = clips.targets[0].tensors()
    for index, tensor in enumerate(whole):
        joined = torch.cat([part.targets[0].tensors()[index] for part in parts])
        torch.testing.assert_close(joined, tensor, rtol=0, atol=0, equal_nan=True)
