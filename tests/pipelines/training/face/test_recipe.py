"""Training of the face generator at tiny size."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.generators.animation import AnimationConfig, AnimationGenerator, State
from models.generators.config import bundled_face
from models.joints import FACE_CHANNELS, FACE_LIMBS, FACE_LINES, FACE_STRUCTURES
from models.weights import load_weights, save_weights
from pipelines.runtime.progress import SilentProgress
from pipelines.synthetic.head_clips import sample_head_scene
from pipelines.training.config import TrainConfig
from pipelines.training.engine.distributed import Processes
from pipelines.training.engine.session import Session
from pipelines.training.face.data import Recipe, _hold_gaze, choose_clips, draw_clips
from pipelines.training.face.recipe import FaceTask, build_generator
from pipelines.training.face.validation import render_held_out, validate

SMALL = Recipe(size=64, clip_length=12, rollout=2, returns=1, fastest=1, chunk=1, adversarial_from=0.0)
ARCHITECTURE = AnimationConfig(
    width=8, max_width=16, flow_width=8, flow_max_width=16, flow_layers=4, kernel_sizes=(3, 3), attention_hidden=8,
    norm="batch", detail_hidden=8, image_channels=4, structure_channels=FACE_CHANNELS, limbs=FACE_LIMBS,
)  # fmt: skip


def make_session(out: Path, **changed: object) -> Session:
    config = TrainConfig(out=out, batch=1, steps=4, device="cpu", warmup=1, **changed)  # pyright: ignore[reportArgumentType]
    return Session(config, Processes("cpu"), SilentProgress())


def test_a_batch_updates_both_networks(tmp_path: Path) -> None:
    task = FaceTask(make_session(tmp_path), SMALL, AnimationGenerator(config=ARCHITECTURE))
    before = [{k: v.clone() for k, v in each.named_parameters()} for each in (task.generator, task.discriminator)]
    losses = task.update(task.draw_batch())
    assert task.session.step == 3
    assert {"picture", "flow", "fine_flow", "warped", "mask", "adversarial", "features"} <= set(losses)
    assert all(torch.isfinite(value) for value in losses.values())
    for old, network in zip(before, (task.generator, task.discriminator), strict=True):
        changed = [key for key, value in network.named_parameters() if not torch.equal(old[key], value)]
        assert len(changed) > 0.9 * len(old)


def test_landmarks_of_the_batch_are_those_of_its_maps() -> None:
    clips = draw_clips(SMALL, 2, torch.Generator().manual_seed(5))
    for state in (clips.reference, clips.targets[0]):
        assert state.joints is not None
        assert (state.image.shape, state.structure.shape) == ((2, 4, 64, 64), (2, FACE_CHANNELS, 64, 64))
        x, y = state.joints[0, 33].round().long().clamp(0, 63)  # below the nose
        assert state.structure[0, 4, y, x] > 0.05


def test_held_out_heads_are_measured() -> None:
    recipe = Recipe(size=64)
    held_out = render_held_out(recipe, 1, device=torch.device("cpu"))
    numbers, made = validate(AnimationGenerator(config=ARCHITECTURE).eval(), held_out)
    assert made.shape == held_out.images[:, 1:].shape
    assert all(map(math.isfinite, numbers.values()))
    assert numbers["copy_faces"] < numbers["copy"]
    assert {"psnr_mouths", "psnr_eyes", "psnr_irises", "copy_mouths", "copy_eyes", "copy_irises"} <= set(numbers)


def test_it_keeps_the_size_of_the_faces_it_starts_from(tmp_path: Path) -> None:
    fresh, started = build_generator(make_session(tmp_path)), build_generator(make_session(tmp_path, init="face"))
    assert fresh.config == bundled_face()
    given = load_weights("face")
    assert isinstance(given, AnimationGenerator)
    expected = replace(given.config, structure_channels=FACE_CHANNELS, limbs=FACE_LIMBS)
    assert started.config == expected
    equal = [torch.equal(a, b) for a, b in zip(given.parameters(), started.parameters(), strict=True)]
    assert sum(equal) > 0.9 * len(equal)  # all but what sees structures or weighs limbs


@pytest.mark.parametrize("channels", FACE_STRUCTURES[:-1])
def test_it_starts_from_weights_that_saw_less(channels: int, tmp_path: Path) -> None:
    given = AnimationGenerator(config=replace(bundled_face(), structure_channels=channels)).eval()
    path = tmp_path / "earlier.safetensors"
    save_weights(path, given, architecture="animation", licence="", command="", extra={}, exact=True)
    started = build_generator(make_session(tmp_path, init=str(path))).eval()
    assert started.config.structure_channels == FACE_CHANNELS
    image, structure = torch.rand(1, 4, 64, 64), torch.rand(1, FACE_CHANNELS, 64, 64)
    points = 64 * torch.rand(1, 70, 2)
    old, new = (
        network.step(reference, State.initial(reference), maps, points).image
        for network, maps in ((given, structure[:, :channels]), (started, structure))
        for reference in [network.encode_reference(image, maps, points)]
    )
    torch.testing.assert_close(new, old, atol=1e-5, rtol=0)


def test_errors_between_the_lips_count_several_times(tmp_path: Path) -> None:
    task = FaceTask(make_session(tmp_path), SMALL, AnimationGenerator(config=ARCHITECTURE))
    truth = draw_clips(SMALL, 1, torch.Generator().manual_seed(5)).targets[0]
    truth.image = torch.cat([torch.zeros(1, 3, 64, 64), torch.ones(1, 1, 64, 64)], 1)
    truth.structure = torch.zeros(1, FACE_CHANNELS, 64, 64)
    truth.structure[:, len(FACE_LINES), 10:14, 10:14] = 1  # the inner mouth
    step = task.generator.step(
        reference := task.generator.encode_reference(truth.image, truth.structure, truth.joints),
        State.initial(reference), truth.structure, truth.joints,
    )  # fmt: skip

    def measure(place: slice) -> float:
        image = truth.image.clone()
        image[:, :3, place, place] += 0.5
        return float(task.measure_losses(replace(step, image=image), truth)["picture"])

    assert measure(slice(10, 14)) > 4 * measure(slice(30, 34)) > 0


def test_eyes_whose_irises_are_unknown_stay_still() -> None:
    recipe = replace(SMALL, gaze=0.5, fastest=3)
    scene = sample_head_scene(choose_clips(recipe, 24), batch=2, generator=torch.Generator().manual_seed(5))
    moves = (_hold_gaze(scene, torch.tensor([True, False])).pose.gaze.diff(dim=1) != 0).flatten(1).any(1)
    assert moves.tolist() == [False, True]
    clips = draw_clips(recipe, 6, torch.Generator().manual_seed(5))
    drawn = [state.structure[:, -1].amax((1, 2)) > 0 for state in (clips.reference, clips.previous, *clips.targets)]
    assert 0 < torch.stack(drawn).any(0).sum() < 6
    assert all(target.joints.isfinite().all() and target.joints.shape == (6, 70, 2) for target in clips.targets)
