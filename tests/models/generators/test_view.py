"""The view-synthesis generator: what its wiring promises."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from models.fold import fold_batch_norm
from models.generators.config import ViewConfig, bundled_objects
from models.generators.view import MIRRORED, OWN, View, ViewGenerator
from models.ops.sampling import warp
from models.turning import Camera
from models.weights import load_weights, save_weights
from tests.helpers.golden import assert_close

SMALL = ViewConfig(
    width=4, max_width=16, flow_width=4, flow_max_width=16, flow_layers=4, kernel_sizes=(3, 3),
    attention_hidden=8, norm="batch", volume_channels=2, volume_depth=4, detail_hidden=4,
)  # fmt: skip


def build(**changes: object) -> ViewGenerator:
    torch.manual_seed(3)
    return ViewGenerator(config=replace(SMALL, **changes))


def degrees(value: float, batch: int = 1) -> Tensor:
    return torch.full((batch,), float(value))


def picture(batch: int = 1) -> Tensor:
    torch.manual_seed(5)
    return torch.rand(batch, 3, 64, 64) * 2 - 1


def camera(azimuth: float, batch: int = 1, **lens: float) -> Camera:
    return Camera.usual(degrees(azimuth, batch), degrees(0.0, batch), **lens)


def seen(generator: ViewGenerator, image: Tensor, azimuth: float, target: float) -> View:
    return generator(image, camera(azimuth, len(image)), camera(target, len(image)))


def test_shapes_and_ranges() -> None:
    view = seen(build().eval(), picture(2), 30, 200)
    assert view.image.shape == view.colours.shape == (2, 3, 64, 64)
    assert (view.image.min() >= -1, view.image.max() <= 1) == (True, True)
    assert view.alpha.shape == (2, 1, 64, 64)
    assert (view.alpha.min() >= 0, view.alpha.max() <= 1) == (True, True)
    for source in (OWN, MIRRORED):
        assert [flow.shape[1:] for flow in view.geometry.flows[source]] == [(2, 8, 8), (2, 16, 16)]
        assert [mask.shape[1:] for mask in view.geometry.masks[source]] == [(1, 8, 8), (1, 16, 16)]
    assert_close("white", view.on(1.0), view.image, 1e-6)
    assert_close("blend", view.detail.compose(view.generated), view.image, 1e-6)
    assert (view.alpha >= (1 - view.image).amax(1, keepdim=True) / 2).all()
    assert_close("colours", 0.2 + view.alpha * (view.colours - 0.2), view.on(0.2), 1e-4)


def test_encoding_once_is_the_same_and_views_do_not_depend_on_each_other() -> None:
    generator, image = build().eval(), picture()
    source = generator.encode(image, camera(30))
    first = [generator.view(source, camera(azimuth)).image for azimuth in (10.0, 77.0)]
    for azimuth, found in zip((10.0, 77.0), first, strict=True):
        assert torch.equal(found, seen(generator, image, 30, azimuth).image)
    assert not torch.equal(*first)


def test_an_untrained_view_from_the_source_reads_the_source_in_place() -> None:
    """No depth and no turn: the flow is zero, and the copied picture is the picture."""
    image = picture()
    view = seen(build().eval(), image, 130, 130)
    assert view.geometry.flows[OWN][-1].abs().max() < 1e-4
    assert_close("copied", view.detail.warped_reference, image, 1e-3)
    mirrored = warp(image.flip(-1), view.detail.flow_previous)
    assert_close("from the mirror", view.detail.warped_previous, mirrored, 1e-6)


def test_seen_from_the_front_the_mirror_image_is_as_near_as_the_picture() -> None:
    """At azimuth 0 the mirror image shows the object from azimuth 0 too; at 90 from the other side."""
    generator = build().eval()
    front, side = seen(generator, picture(), 0, 0), seen(generator, picture(), 90, 90)
    assert front.geometry.flows[MIRRORED][-1].abs().max() < 1e-4
    assert side.geometry.flows[MIRRORED][-1].abs().max() > 1


def test_whole_turns_change_nothing() -> None:
    generator = build().eval()
    once, again = seen(generator, picture(), 30, 100), seen(generator, picture(), 390, -260)
    assert_close("image", again.image, once.image, 1e-4)


def test_every_parameter_learns() -> None:
    generator = build()
    view = seen(generator, picture(2), 30, 200)
    (view.image.square().sum() + view.geometry.depths[0].sum()).backward()
    assert [name for name, parameter in generator.named_parameters() if parameter.grad is None] == []


def test_a_generator_with_lenses_and_classes_sees_both_and_one_without_turns_by_them_alone() -> None:
    """Weights of before know neither: only the projection changes with the camera."""
    image = picture()
    views = {}
    for name, changes in (("old", {}), ("new", {"lens": True, "classes": ("car", "chair")})):
        generator = build(**changes).eval()
        for kind in (None, -1, 0, 1):
            given = None if kind is None else torch.tensor([kind])
            views[name, kind] = generator(image, camera(30), camera(200), given).image
        cameras = (camera(azimuth, distance=torch.inf, scale=0.7) for azimuth in (30, 200))
        views[name, "lens"] = generator(image, *cameras).image
    assert torch.equal(views["old", 0], views["old", None])
    assert torch.equal(views["new", -1], views["new", None])
    assert not torch.equal(views["new", 0], views["new", 1])
    assert not torch.equal(views["old", "lens"], views["old", None])


def test_autocast_leaves_flows_and_images_exact_types() -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        view = seen(build(), picture(2), 30, 200)
    assert {view.geometry.flows[OWN][0].dtype, view.detail.flow_previous.dtype, view.image.dtype} == {torch.float32}


def test_folding_is_exact() -> None:
    generator = build()
    for _ in range(3):
        seen(generator, picture(2), 30, 200)  # moves the running statistics
    expected = seen(generator.eval(), picture(), 30, 200)
    assert_close("image", seen(fold_batch_norm(generator), picture(), 30, 200).image, expected.image, 1e-4)


def test_saved_and_loaded_it_is_the_same(tmp_path: Path) -> None:
    generator = build().eval()
    save_weights(
        tmp_path / "w.safetensors", generator, architecture="view", licence="", command="", extra={}, exact=True
    )
    loaded = load_weights(tmp_path / "w.safetensors", expect="view")
    assert isinstance(loaded, ViewGenerator)
    assert loaded.config == SMALL
    assert torch.equal(seen(loaded, picture(), 30, 200).image, seen(generator, picture(), 30, 200).image)


def test_files_from_before_lenses_and_classes_are_read_as_without(tmp_path: Path) -> None:
    path, generator = tmp_path / "w.safetensors", build().eval()
    save_weights(path, generator, architecture="view", licence="", command="", extra={}, exact=True)
    with safe_open(path, framework="pt") as file:
        tensors, metadata = {key: file.get_tensor(key) for key in file.keys()}, json.loads(file.metadata()["gfla"])  # noqa: SIM118
    for field in ("lens", "classes"):
        del metadata["config"][field]
    save_file(tensors, path, metadata={"gfla": json.dumps(metadata)})
    loaded = load_weights(path, expect="view")
    assert isinstance(loaded, ViewGenerator)
    assert torch.equal(seen(loaded, picture(), 30, 200).image, seen(generator, picture(), 30, 200).image)


@pytest.mark.parametrize("shape", [(1, 3, 64, 80), (1, 3, 72, 72), (1, 1, 64, 64)])
def test_wrong_sizes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected"):
        build().encode(torch.zeros(shape), camera(0))


def test_the_shipped_size_is_small() -> None:
    config = replace(bundled_objects(), lens=True, classes=("car", "chair", "sofa", "table"))
    with torch.device("meta"):
        generator = ViewGenerator(config=config)
    assert sum(parameter.numel() for parameter in generator.parameters()) < 6_000_000
