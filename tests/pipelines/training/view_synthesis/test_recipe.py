from dataclasses import replace

import pytest
import torch

from models.errors import InputError
from models.generators.config import ViewConfig
from models.generators.view import ViewGenerator
from models.ops.sampling import warp
from models.turning import DISTANCE, FOCAL, camera_axes, rigid_flow, turn_between
from pipelines.evaluation import image_metrics as pixels
from pipelines.runtime.progress import SilentProgress
from pipelines.synthetic.objects import render, sample_objects
from pipelines.training.engine.session import Processes, Session, TrainConfig
from pipelines.training.view_synthesis import validation as view_validation
from pipelines.training.view_synthesis.data import Recipe, chunks, sample
from pipelines.training.view_synthesis.losses import reconstruction
from pipelines.training.view_synthesis.recipe import Trainer
from pipelines.training.view_synthesis.validation import psnr, ssim, unseen, validate

SMALL = Recipe(size=64, chunk=2, views=2, adversarial_from=0.0, validation=1)
ARCHITECTURE = ViewConfig(
    width=8, max_width=16, flow_width=8, flow_max_width=16, flow_layers=4, kernel_sizes=(3, 3),
    attention_hidden=8, norm="batch", volume_channels=4, volume_depth=8, detail_hidden=8,
)  # fmt: skip


def seeded(seed=1):
    return torch.Generator().manual_seed(seed)


def trainer(out, recipe=SMALL, *, steps=8, learning_rate=4e-4, average=0.999):
    config = TrainConfig(
        out=out, batch=4, device="cpu", steps=steps, warmup=1, learning_rate=learning_rate, average=average
    )
    session = Session(config, Processes("cpu"), SilentProgress())
    torch.manual_seed(0)
    return Trainer(session, recipe, ViewGenerator(config=ARCHITECTURE))


@pytest.mark.parametrize("category", ["car", "chair"])
def test_true_flow_fetches_the_target_from_the_picture_and_from_its_mirror_image(category):
    given, truth = sample(Recipe(category=category, size=96, views=2, soft=0, azimuth_noise=0), 12, seeded(4))
    for picture, flow, visible in (
        (given.image, truth.flow, truth.visible),
        (given.image.flip(-1), truth.flow_mirrored, truth.visible_mirrored),
    ):
        error = (warp(picture, flow) - truth.image).abs().mean(1, keepdim=True) * visible
        beside = (truth.image - picture).abs().mean(1, keepdim=True) * visible
        assert visible.mean() > 0.01
        assert (visible <= (truth.mask > 0)).all()
        assert error.sum() < 0.5 * beside.sum()


@pytest.mark.parametrize("away", [1, 2])
def test_the_rigid_flow_of_the_true_depth_is_the_true_flow(away: int):
    objects = sample_objects(category="all", batch=4, generator=seeded(2))
    objects.focal.fill_(away * FOCAL)
    objects.distance.fill_(away * DISTANCE)
    azimuth, elevation = torch.tensor([[20.0, 75.0]]).expand(4, -1), torch.tensor([[0.0, 15.0]]).expand(4, -1)
    views = render(objects, azimuth, elevation, size=96)
    axes = [camera_axes(azimuth[:, view], elevation[:, view]) for view in range(2)]
    mirrored = camera_axes(-azimuth[:, 0], elevation[:, 0])
    for source, other in ((axes[0], False), (mirrored, True)):
        flow, _, on_object = views.flow(1, 0, mirrored=other)
        found = rigid_flow(views.depth(1), turn_between(axes[1], source), away * DISTANCE)
        assert on_object.sum() > 1000
        assert ((found - flow).abs() * on_object).max() < 0.05


def test_the_source_comes_with_an_error_of_its_azimuth_and_some_samples_are_soft():
    sharp = sample(Recipe(size=64, views=2, soft=0, azimuth_noise=0), 8, seeded())
    other = sample(Recipe(size=64, views=2, soft=1, azimuth_noise=5), 8, seeded())
    assert torch.equal(sharp[0].target_azimuth, other[0].target_azimuth)
    assert 0.2 < (sharp[0].azimuth - other[0].azimuth).abs().max() < 20
    changes = [(image[..., 1:] - image[..., :-1]).abs().mean() for image in (sharp[1].image, other[1].image)]
    assert changes[1] < 0.9 * changes[0]
    assert [len(given.image) for given, _ in chunks(sharp, 3)] == [3, 3, 2]


def test_a_batch_of_part_objects_is_refused():
    with pytest.raises(InputError, match="multiple of the 6 pairs"):
        sample(Recipe(size=64, views=3), 4, seeded())


def test_an_iteration_updates_both_networks_once_per_chunk(tmp_path):
    training = trainer(tmp_path)
    networks = training.generator, training.discriminator
    before = [{key: value.clone() for key, value in network.state_dict().items()} for network in networks]
    losses = training.iterate()
    assert training.session.step == 2
    expected = {"picture", "gradient", "generated", "alpha", "depth", "flow", "mask", "fine_flow", "warped", "copy"}
    assert set(losses) == expected | {"adversarial", "features"}
    assert all(torch.isfinite(value) for value in losses.values())
    for old, network in zip(before, networks, strict=True):
        changed = [key for key, value in network.named_parameters() if not torch.equal(old[key], value)]
        assert len(changed) > 0.9 * len(list(network.parameters()))


def test_true_depth_flow_and_alpha_cost_nothing():
    """What the losses ask for is what the renderer says."""
    given, truth = sample(Recipe(size=64, views=2, soft=0, azimuth_noise=0), 4, seeded(3))
    torch.manual_seed(0)
    view = ViewGenerator(config=ARCHITECTURE).eval()(*vars(given).values())
    before = reconstruction(SMALL, view, truth)
    detail = replace(view.detail, flow_reference=truth.flow, flow_previous=truth.flow_mirrored)
    better = replace(view, image=truth.image, alpha=truth.mask, detail=detail)
    after = reconstruction(SMALL, better, truth)
    assert max(after[name] for name in ("picture", "gradient", "fine_flow")) < 1e-4
    assert (truth.ground != 1).any()
    beside = (truth.mask == 0).expand_as(truth.image)
    assert torch.equal(truth.grounded[beside], truth.ground.expand_as(truth.image)[beside])
    assert torch.equal(truth.grounded[~beside & (truth.mask == 1)], truth.image[~beside & (truth.mask == 1)])
    assert after["alpha"] < 0.2 * before["alpha"]
    assert min(before[name] for name in ("picture", "gradient", "fine_flow", "depth", "flow")) > 0


def test_one_object_is_learned_by_heart(tmp_path):
    """Gradients do what they should: depth and flow find their truth, and the view beats copying the source."""
    recipe = replace(SMALL, chunk=2, category="car", adversarial_from=2.0, soft=0, azimuth_noise=0)
    training = trainer(tmp_path, recipe, learning_rate=3e-3, steps=1000, average=0.5)
    given, truth = sample(recipe, 2, seeded(9))
    inputs = *vars(given).values(), *vars(truth).values()
    first = training.named(training.learn(*inputs)[1])
    for _ in range(45):
        image, losses = training.learn(*inputs)
    last = training.named(losses)
    assert last["depth"] < 0.5 * first["depth"]
    assert last["flow"] < 0.5 * first["flow"]
    assert psnr(image, truth.grounded).mean() > psnr(given.image, truth.image).mean() + 8


def test_validation_objects_are_the_same_every_time_and_the_source_is_left_out(monkeypatch):
    monkeypatch.setattr(view_validation, "TOGETHER", 2)
    first, again = (list(unseen("chair", 3, size=32, device=torch.device("cpu"))) for _ in range(2))
    assert [len(group.images) for group in first] == [2, 1]
    assert first[0].images.shape == (2, 18, 3, 32, 32)
    assert all(torch.equal(a.images, b.images) for a, b in zip(first, again, strict=True))
    assert torch.equal(first[0].sources[1], first[0].images[1, first[0].source[1]])
    torch.manual_seed(0)
    model = ViewGenerator(config=ARCHITECTURE).eval()
    numbers, rows = validate(model, "chair", 2, size=64)
    assert set(numbers) == {"psnr", "ssim", "l1", "copy", "copy_ssim", "copy_l1"}
    assert [row.shape for row in rows] == [(7, 3, 64, 64)] * 2
    (group,) = unseen("chair", 2, size=64, device=torch.device("cpu"))
    others = [
        psnr(group.images[i : i + 1, group.source[i]], group.images[i : i + 1, view])
        for i in range(2)
        for view in range(18)
        if view != group.source[i]
    ]
    assert numbers["copy"] == pytest.approx(float(torch.cat(others).mean()), abs=1e-4)


def test_similarity_is_that_of_evaluation():
    generator = seeded()
    first = torch.rand(1, 3, 40, 48, generator=generator).double()
    second = (first + 0.3 * torch.rand(1, 3, 40, 48, generator=generator)).clamp(0, 1)
    assert float(ssim(2 * first - 1, 2 * second - 1)) == pytest.approx(pixels.ssim(first, second), abs=1e-6)
