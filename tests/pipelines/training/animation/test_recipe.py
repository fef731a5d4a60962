"""Training of the animation generator at tiny size."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.errors import InputError
from models.generators.animation import AnimationConfig, AnimationGenerator, bundled_person
from models.joints import DETAILED_CHANNELS, STRUCTURE_CHANNELS
from models.weights import save_weights
from pipelines.runtime.progress import NotesProgress, SilentProgress
from pipelines.training.animation.data import Recipe
from pipelines.training.animation.recipe import AnimationTask
from pipelines.training.animation.validation import render_held_out, validate
from pipelines.training.config import TrainConfig
from pipelines.training.engine.distributed import Processes
from pipelines.training.engine.session import Session

SMALL = Recipe(
    size=64, clip_length=24, rollout=2, returns=1, chunk=1, structure_details=False, adversarial_from=0.0
)  # fmt: skip
ARCHITECTURE = AnimationConfig(
    width=8, max_width=16, flow_width=8, flow_max_width=16, kernel_sizes=(3, 3), attention_hidden=8, norm="batch",
    detail_hidden=8, image_channels=4, shadow=True,
)  # fmt: skip


def make_task(config: TrainConfig, recipe: Recipe = SMALL) -> AnimationTask:
    session = Session(config, Processes("cpu"), SilentProgress())
    return AnimationTask(session, recipe, AnimationGenerator(config=ARCHITECTURE))


def test_a_batch_updates_both_networks_once_per_chunk_and_target(tmp_path: Path) -> None:
    task = make_task(TrainConfig(out=tmp_path, batch=2, steps=8, device="cpu", warmup=1))
    networks = task.generator, task.discriminator
    before = [{key: value.clone() for key, value in network.state_dict().items()} for network in networks]
    losses = task.update(task.draw_batch())
    assert task.session.step == 6
    assert {"picture", "flow", "fine_flow", "warped", "mask", "adversarial", "features"} <= set(losses)
    assert all(torch.isfinite(value) for value in losses.values())
    for old, network in zip(before, networks, strict=True):
        changed = [key for key, value in network.named_parameters() if not torch.equal(old[key], value)]
        assert len(changed) > 0.9 * len(list(network.parameters()))


def test_a_run_without_further_pictures_is_one_of_single_ones(tmp_path: Path) -> None:
    config = TrainConfig(out=tmp_path, batch=1, steps=3, device="cpu", warmup=1)
    task = make_task(config, replace(SMALL, pictures=1))
    batch = task.draw_batch()
    assert batch.others == ()
    assert all(torch.isfinite(value) for value in task.update(batch).values())


def test_a_generator_that_sees_details_is_trained_and_validated(tmp_path: Path) -> None:
    recipe = replace(SMALL, rollout=1, returns=0, structure_details=True, validation_clips=1)
    session = Session(TrainConfig(out=tmp_path, batch=1, steps=2, device="cpu"), Processes("cpu"), SilentProgress())
    generator = AnimationGenerator(config=replace(ARCHITECTURE, structure_channels=DETAILED_CHANNELS))
    task = AnimationTask(session, recipe, generator)
    losses = task.update(task.draw_batch())
    assert all(torch.isfinite(value) for value in losses.values())
    weight = generator.target.get_parameter("block0.model.2.weight")
    assert weight.grad is not None
    held_out = render_held_out(4, 5, size=64, device=torch.device("cpu"))
    numbers, frames = validate(generator.eval(), held_out)
    assert all(map(math.isfinite, numbers.values()))
    nothing = torch.full_like(held_out.details, torch.nan)
    other = validate(generator, replace(held_out, details=nothing))[1]
    assert (frames.images - other.images).abs().max() > 1e-5, "the generator sees hands and feet"


def test_the_recipe_chooses_what_the_generator_sees(tmp_path: Path) -> None:
    for detailed, channels in ((False, STRUCTURE_CHANNELS), (True, DETAILED_CHANNELS)):
        session = Session(TrainConfig(out=tmp_path, device="cpu", init="person"), Processes("cpu"), NotesProgress())
        task = AnimationTask(session, Recipe(structure_details=detailed))
        hidden = bundled_person().finger_hidden if detailed else 0
        assert task.generator.config == replace(bundled_person(), structure_channels=channels, finger_hidden=hidden)
        assert task.generator.config.structure_details == detailed
        assert session.progress.notes == []  # pyright: ignore[reportAttributeAccessIssue]


def test_only_the_chosen_parameters_are_trained(tmp_path: Path) -> None:
    task = make_task(TrainConfig(out=tmp_path, batch=1, steps=8, device="cpu", only="target."))
    before = {key: value.clone() for key, value in task.generator.named_parameters()}
    task.update(task.draw_batch())
    changed = {key for key, value in task.generator.named_parameters() if not torch.equal(before[key], value)}
    assert changed
    assert all(key.startswith("target.") for key in changed)


def test_the_adversarial_losses_start_when_they_are_due(tmp_path: Path) -> None:
    config = TrainConfig(out=tmp_path, batch=1, steps=6, device="cpu")
    task = make_task(config, replace(SMALL, rollout=1, returns=0, adversarial_from=0.4))
    seen = []
    while task.session.running():
        seen.append("adversarial" in task.update(task.draw_batch()))
    assert seen == [False, False, False, True, True, True]


def test_a_batch_that_chunks_do_not_divide_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="multiple"):
        make_task(TrainConfig(out=tmp_path, batch=3, device="cpu"), Recipe(size=64, chunk=2))


def test_a_run_takes_what_matches_from_weights_of_another_size(tmp_path: Path) -> None:
    other = AnimationGenerator(config=replace(bundled_person(), flow_width=8, flow_max_width=16, limbs=()))
    path = tmp_path / "other.safetensors"
    save_weights(path, other, architecture="animation", licence="", command="", extra={})
    progress = NotesProgress()
    config = TrainConfig(out=tmp_path, init=str(path), device="cpu")
    model = AnimationTask(Session(config, Processes("cpu"), progress), Recipe()).generator
    assert model.config == replace(bundled_person(), structure_channels=DETAILED_CHANNELS)
    taken, given = model.target.outconv.conv1.weight, other.target.outconv.conv1.weight
    torch.testing.assert_close(taken, given.half().float(), atol=0, rtol=0)
    assert len(progress.notes) == 1
    assert f"of {len(model.state_dict())} tensors loaded" in progress.notes[0]
