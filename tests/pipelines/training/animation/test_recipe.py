from dataclasses import replace

import pytest
import torch

from models.errors import InputError
from models.generators.animation import AnimationConfig, AnimationGenerator, bundled_person
from models.ops.sampling import warp
from models.weights import save_weights
from pipelines.runtime.progress import SilentProgress
from pipelines.training.animation.data import Recipe, frame_times, sample
from pipelines.training.animation.recipe import Trainer, start
from pipelines.training.engine.session import Processes, Session, TrainConfig

SMALL = Recipe(size=64, clip_length=24, rollout=2, returns=1, chunk=1, adversarial_from=0.0)
ARCHITECTURE = AnimationConfig(
    width=8, max_width=16, flow_width=8, flow_max_width=16, kernel_sizes=(3, 3), attention_hidden=8, norm="batch",
    detail_hidden=8,
)  # fmt: skip


class Listening(SilentProgress):
    def __init__(self):
        self.said = []

    def note(self, message):
        self.said.append(message)


def seeded(seed=1):
    return torch.Generator().manual_seed(seed)


def test_targets_follow_each_other_within_one_motion():
    recipe = Recipe(clip_length=96, actions=2, rollout=6, fastest=3)
    times = frame_times(recipe, 500, seeded())
    steps = times[:, 1:].diff(dim=1)
    assert times.min() >= 0
    assert times.max() < 96
    assert (steps == steps[:, :1]).all()
    assert steps.unique().tolist() == [1, 2, 3]
    assert (times[:, 1] // 48 == times[:, -1] // 48).all()
    assert (times[:, 0] // 48 != times[:, 1] // 48).float().mean() > 0.3


def test_true_flow_fetches_the_target_from_both_sources():
    clips = sample(Recipe(size=64, clip_length=24, rollout=1, start_share=1.0), 2, seeded(4))
    truth = clips.targets[0]
    for flow, visible in (
        (truth.flow_previous, truth.visible_previous),
        (truth.flow_reference, truth.visible_reference),
    ):
        error = (warp(clips.reference.image, flow) - truth.image).abs() * visible
        assert visible.mean() > 0.3
        assert error.sum() / (3 * visible.sum()) < 0.06
    assert truth.structure.shape == (2, 20, 64, 64)


def test_an_iteration_updates_both_networks_once_per_chunk_and_target(tmp_path):
    session = Session(
        TrainConfig(out=tmp_path, batch=2, steps=8, device="cpu", warmup=1), Processes("cpu"), SilentProgress()
    )
    trainer = Trainer(session, SMALL, AnimationGenerator(config=ARCHITECTURE))
    before = [
        {key: value.clone() for key, value in network.state_dict().items()}
        for network in (trainer.generator, trainer.discriminator)
    ]
    losses = trainer.iterate()
    assert session.step == 6
    assert {"picture", "flow", "fine_flow", "warped", "mask", "adversarial", "features"} <= set(losses)
    assert all(torch.isfinite(value) for value in losses.values())
    for old, network in zip(before, (trainer.generator, trainer.discriminator), strict=True):
        changed = [key for key, value in network.named_parameters() if not torch.equal(old[key], value)]
        assert len(changed) > 0.9 * len(list(network.parameters()))


def test_a_batch_that_chunks_do_not_divide_is_refused(tmp_path):
    session = Session(TrainConfig(out=tmp_path, batch=3, device="cpu"), Processes("cpu"), SilentProgress())
    with pytest.raises(InputError, match="multiple"):
        Trainer(session, Recipe(size=64, chunk=2), AnimationGenerator(config=ARCHITECTURE))


def test_a_run_takes_what_fits_from_weights_of_another_size(tmp_path):
    other = AnimationGenerator(config=replace(bundled_person(), flow_width=8, flow_max_width=16, limbs=()))
    path = tmp_path / "other.safetensors"
    save_weights(path, other, architecture="animation", licence="", command="", extra={})
    progress = Listening()
    model = start(TrainConfig(out=tmp_path, init=str(path)), progress)
    assert model.config == bundled_person()
    taken, given = model.target.outconv.conv1.weight, other.target.outconv.conv1.weight
    torch.testing.assert_close(taken, given.half().float(), atol=0, rtol=0)
    assert len(progress.said) == 1
    assert f"of {len(model.state_dict())} tensors taken" in progress.said[0]
