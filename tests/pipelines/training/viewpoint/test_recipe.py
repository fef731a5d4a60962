import torch
from torch.nn.functional import grid_sample

from models.viewpoint import FILL, Answer, azimuth_target
from pipelines.runtime.progress import SilentProgress
from pipelines.synthetic.objects import render, sample_objects
from pipelines.training.engine.session import Processes, Session, TrainConfig
from pipelines.training.viewpoint.data import OTHER, VIEWS, Recipe, filling, sample
from pipelines.training.viewpoint.recipe import Trainer, losses, recognised, validate


def seeded(seed=1):
    return torch.Generator().manual_seed(seed)


def test_labels_fit_their_pictures():
    seen = sample(Recipe(others=0.25), 24, 64, seeded())
    assert seen.images.shape == (24, 3, 64, 64)
    assert (seen.images.min() >= -1, seen.images.max() <= 1) == (True, True)
    assert (seen.kind[-6:] == OTHER).all()
    assert (seen.kind[:-6] != OTHER).all()
    assert all((group == group[0]).all() for group in seen.kind[:16].split(VIEWS))
    assert not torch.equal(seen.azimuth[0], seen.azimuth[1])


def test_objects_fill_their_pictures_and_the_frame_leads_back():
    objects = sample_objects(category="all", batch=6, generator=seeded(3))
    views = render(objects, torch.arange(6)[:, None] * 55.0, torch.zeros(6, 1), size=128)
    images, mask, frame = filling(views.images[:, 0], views.mask[:, 0])
    for picture in mask[:, 0] > 0.5:
        rows, columns = (picture.any(axis).nonzero()[:, 0] for axis in (1, 0))
        sides = [int(line[-1] - line[0]) + 1 for line in (rows, columns)]
        assert abs(max(sides) / 128 - FILL) < 0.03
        assert all(abs((line[0] + line[-1]) / 2 - 63.5) < 2 for line in (rows, columns))
    axis = (torch.arange(128) + 0.5) / 64 - 1
    square = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1)
    grid = square * frame[:, 2].exp()[:, None, None, None] + 2 * frame[:, None, None, :2]
    back = 1 - grid_sample(1 - images, grid, align_corners=False)
    assert (back - views.images[:, 0]).abs().mean() < 0.02
    assert (images - views.images[:, 0]).abs().mean() > 0.05


def test_losses_vanish_for_the_truth_and_other_things_have_no_azimuth():
    truth = sample(Recipe(others=0.5), 8, 64, seeded())
    known = azimuth_target(truth.azimuth, 72, 1.0).clamp(min=1e-6).log()
    kind = 40 * torch.nn.functional.one_hot(truth.kind, 3).float()
    right = losses(Recipe(spread=1.0), Answer(known, kind, truth.elevation, truth.frame), truth)
    assert max(right[name] for name in ("kind", "elevation", "frame")) < 1e-6
    wrong = Answer(known.roll(36, 1), kind.roll(1, 1), truth.elevation + 10, truth.frame + 0.1)
    assert all(losses(Recipe(spread=1.0), wrong, truth)[name] > value + 0.01 for name, value in right.items())
    truth.kind[:] = OTHER
    nothing = losses(Recipe(), wrong, truth)
    assert nothing["azimuth"] == nothing["elevation"] == nothing["frame"] == 0


def test_an_iteration_learns_and_validation_counts(tmp_path):
    config = TrainConfig(out=tmp_path, batch=8, steps=4, device="cpu", warmup=1)
    training = Trainer(Session(config, Processes("cpu"), SilentProgress()), Recipe(), SilentProgress())
    before = {key: value.clone() for key, value in training.network.state_dict().items()}
    found = training.iterate()
    assert all(torch.isfinite(value) for value in found.values())
    changed = [key for key, value in training.network.named_parameters() if not torch.equal(before[key], value)]
    assert len(changed) > 0.9 * len(list(training.network.parameters()))
    numbers = validate(training.averaged(), "car", 4)
    assert all(0 <= numbers[name] <= 1 for name in ("reversed", "within20", "confidence", "kind"))
    assert 0 <= numbers["median"] <= 180
    assert 0 <= recognised(training.averaged(), 4) <= 1
