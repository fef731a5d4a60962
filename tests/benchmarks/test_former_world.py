"""The held-out clips of the former world that are kept as files."""

from dataclasses import replace

import pytest
import torch

from benchmarks.former_world import CLIPS, FOLDER, read_clips
from models.generators.animation import AnimationConfig, AnimationGenerator
from models.joints import DETAILED_CHANNELS, STRUCTURE_CHANNELS
from models.layer import compose
from pipelines.training.animation.plates import fill_smoothly
from pipelines.training.animation.validation import FRAMES, HeldOutClips, validate

SMALL = AnimationConfig(
    width=4, max_width=8, flow_width=4, flow_max_width=8, attention_hidden=4, norm="batch", image_channels=4
)


def read(count: int, *, details: bool = False) -> HeldOutClips:
    return read_clips(count, device=torch.device("cpu"), fill=fill_smoothly, details=details)


def test_the_files_fit_each_other() -> None:
    clips = read(CLIPS, details=True)
    assert clips.images.shape == (CLIPS, FRAMES, 3, 256, 256)
    first, coverage = clips.images[:, 0], clips.source[:, 3:]
    assert 1e-3 < (coverage - clips.mask[:, 0]).abs().mean() < 0.02  # cut out imperfectly
    over = compose(clips.source, clips.images[:, 0])
    inside = ((coverage > 0.98) & (clips.mask[:, 0] > 0.98)).expand_as(first)
    assert (over - first)[inside].abs().mean() < 0.02
    place = clips.coco[..., 11:13, :].round().long()  # hips are on the person
    rows, columns = place[..., 1].clamp(0, 255), place[..., 0].clamp(0, 255)
    covered = clips.mask[:, :, 0].flatten(2).gather(2, rows * 256 + columns)
    assert covered.mean() > 0.95
    assert clips.details.isnan().any()  # hidden ones
    assert not clips.coco_depth.isnan().any()


def test_they_stay_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 3e6


@pytest.mark.parametrize("detailed", [False, True])
def test_generators_with_and_without_details_are_measured(detailed: bool) -> None:
    clips = read(1)
    assert clips.details.isnan().all()
    few = HeldOutClips(
        **{name: value[:, :9] if name not in ("source", "plate") else value for name, value in vars(clips).items()}
    )
    torch.manual_seed(0)
    model = AnimationGenerator(
        config=replace(SMALL, shadow=True, structure_channels=DETAILED_CHANNELS if detailed else STRUCTURE_CHANNELS)
    ).eval()
    numbers, _ = validate(model, few)
    assert 5 < numbers["psnr"] < 40
    assert 0 < numbers["coverage"] < 1
