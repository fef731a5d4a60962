from collections.abc import Callable
from dataclasses import replace
from functools import partial

import cv2
import numpy as np
import pytest
import torch

from models.detail import Detail
from models.generators.animation import Step
from models.generators.recurrent import map_tensors
from pipelines.compositing.compositors import Compositor, make_compositor
from pipelines.compositing.device_compositor import DeviceCompositor
from pipelines.compositing.full_resolution import (
    MOVING_FLOW,
    STILL_FLOW,
    TiledCompositor,
    suppress_tremor,
)
from pipelines.compositing.layers import Layer, lay_over, to_rgba
from tests.helpers.devices import DEVICES

CANVAS = 64, 32  # height and width
MakeCompositor = Callable[[np.ndarray], Compositor]


def person(scale: float, *, alpha: float = 1.0) -> np.ndarray:
    """Premultiplied RGBA of a box `scale` times the canvas, covered everywhere."""
    height, width = round(CANVAS[0] * scale), round(CANVAS[1] * scale)
    values = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
    colour = cv2.GaussianBlur(values, (0, 0), 2) * np.float32(alpha)
    return np.dstack([colour, np.full((height, width), alpha, np.float32)])


def step(shares: tuple[float, float, float], previous: tuple[float, float], reference: tuple[float, float]) -> Step:
    """The same shares and flows everywhere; what is generated is a grey of 51, opaque."""

    def plane(*values: float) -> torch.Tensor:
        return torch.tensor(values).view(1, -1, 1, 1).expand(1, len(values), *CANVAS)

    grey, unused = plane(-0.6, -0.6, -0.6, 1), plane(0, 0, 0, 0)
    detail = Detail(plane(*previous), plane(*reference), plane(*shares), unused, unused)
    return Step(grey, plane(0), grey, [], [], [], [], detail)


def on_black(layer: Layer, like: np.ndarray) -> np.ndarray:
    return lay_over(np.zeros((*like.shape[:2], 3), np.uint8), layer).astype(float)


def whole(source: np.ndarray) -> tuple[int, int, int, int]:
    return 0, 0, source.shape[1], source.shape[0]


@pytest.fixture(params=["tiles", "torch"])
def make(request: pytest.FixtureRequest) -> MakeCompositor:
    if request.param == "tiles":
        return lambda source: make_compositor([source], whole(source), torch.device("cpu"))
    return lambda source: DeviceCompositor([source], whole(source), torch.device("cpu"))


@pytest.mark.parametrize("scale", [1, 1.5, 2.4])
def test_what_stands_still_keeps_every_pixel(scale: float, make: MakeCompositor) -> None:
    source = person(scale)
    compositor = make(source)
    for _ in range(3):
        layer = compositor.compose(step((0, 0.3, 0.7), (0.1, -0.2), (0, 0.24)))
        np.testing.assert_allclose(on_black(layer, source), source[..., :3], atol=0.51)


def test_a_flow_moves_the_photo_at_its_own_resolution(make: MakeCompositor) -> None:
    """2 pixels of the canvas are 4 of a box twice as large."""
    source = person(2)
    compositor = make(source)
    once = on_black(compositor.compose(step((0, 0, 1), (0, 0), (2, 0))), source)
    np.testing.assert_allclose(once[:, :-4], source[:, 4:, :3], atol=0.51)
    twice = on_black(compositor.compose(step((0, 1, 0), (0, 2), (9, 9))), source)
    np.testing.assert_allclose(twice[:-4, :-4], source[4:, 4:, :3], atol=0.51)


def test_shares_weigh_the_pictures(make: MakeCompositor) -> None:
    source = person(1.6)
    expected = 0.5 * 51 + 0.5 * source[..., :3]
    compositor = make(source)
    layer = compositor.compose(step((0.5, 0.25, 0.25), (0, 0), (0, 0)))
    np.testing.assert_allclose(on_black(layer, source), expected, atol=0.51)
    assert (on_black(compositor.compose(step((1, 0, 0), (0, 0), (0, 0))), source) == 51).all()


def test_coverage_moves_with_the_colour(make: MakeCompositor) -> None:
    source = person(2)
    source[:, :32] = 0
    layer = make(source).compose(step((0, 0, 1), (0, 0), (8, 0)))
    alpha = to_rgba(layer, *source.shape[:2])[20, :, 3]
    assert alpha[12] == 0
    assert alpha[20] == 255


def test_coverage_and_colour_stay_in_their_range(make: MakeCompositor) -> None:
    source = person(2)
    source[::7] = 0
    layer = make(source).compose(step((0, 0, 1), (0, 0), (0, 1.3)))
    assert layer.alpha.min() >= 0
    assert layer.alpha.max() <= 1
    assert (layer.colour <= 255 * layer.alpha[..., None] + 1e-3).all()
    assert layer.colour.min() >= 0


def test_without_a_detail_head_the_generated_image_is_enlarged(make: MakeCompositor) -> None:
    source = person(1.4)
    plain = replace(step((1, 0, 0), (0, 0), (0, 0)), detail=None)
    assert (on_black(make(source).compose(plain), source) == 51).all()


def test_a_layer_is_as_large_as_what_it_shows(make: MakeCompositor) -> None:
    """Empty tiles are left out, and places are those of the picture."""
    source = np.zeros_like(person(4))
    source[100:120, 40:60] = (255, 255, 255, 1)
    canvas = torch.from_numpy(cv2.resize(source, CANVAS[::-1], interpolation=cv2.INTER_AREA)).permute(2, 0, 1)[None]
    canvas = torch.cat([canvas[:, :3] / 127.5 - canvas[:, 3:], canvas[:, 3:]], 1)
    shown = replace(step((0, 0, 1), (0, 0), (0, 0)), image=canvas)
    layer = make(source).compose(shown)
    left, top, right, bottom = layer.box
    assert left <= 40 < 60 <= right
    assert top <= 100 < 120 <= bottom
    assert layer.alpha.shape == (bottom - top, right - left)
    assert layer.alpha.size < source.shape[0] * source.shape[1] / 4
    np.testing.assert_array_equal(on_black(layer, source), source[..., :3])


def test_faint_traces_of_the_source_far_from_the_person_are_not_shown(make: MakeCompositor) -> None:
    source = person(2)
    given = step((0, 0, 1), (0, 0), (0, 0))
    image = given.image.clone()
    image[..., 16:] *= 0.08  # the network's coverage: sure on the left, a trace on the right
    image[:, :, 40:42, 24:26] = 0.3  # and a stronger spot that touches nobody
    alpha = to_rgba(make(source).compose(replace(given, image=image)), *source.shape[:2])[..., 3]
    assert (alpha[:, :32] == 255).all()  # the network's pixels 0 to 15, and what is next to them
    assert not alpha[:, 38:].any()


def test_nobody_is_an_empty_layer(make: MakeCompositor) -> None:
    source = np.zeros_like(person(1))
    nothing = step((0, 0, 1), (0, 0), (0, 0))
    layer = make(source).compose(replace(nothing, image=torch.zeros(1, 4, *CANVAS)))
    assert layer.alpha.size == 0
    assert (on_black(layer, source) == 0).all()


def test_a_shadow_is_enlarged_and_darkens_what_is_behind(make: MakeCompositor) -> None:
    source = np.zeros_like(person(2))
    shadow = torch.zeros(1, 1, *CANVAS)
    shadow[..., 20:40, 8:24] = 0.5
    dark = replace(step((0, 0, 1), (0, 0), (0, 0)), image=torch.zeros(1, 4, *CANVAS), shadow=shadow)
    result = lay_over(np.full((*source.shape[:2], 3), 200, np.uint8), make(source).compose(dark))
    assert (result[60, 32] == 100).all()
    assert (result[5, 5] == 200).all()


@pytest.mark.parametrize("kind", [TiledCompositor, partial(DeviceCompositor, device=torch.device("cpu"))])
def test_further_pictures_are_copied_by_their_own_flows(kind: Callable[..., Compositor]) -> None:
    """A quarter of the first picture, three of the second from 2 canvas pixels to the right, which are 4 of the box."""
    first, second = person(2), person(2)[::-1]
    plain = step((0, 0, 0.25), (0, 0), (0, 0))
    assert plain.detail is not None
    blend = torch.cat([plain.detail.blend, torch.full((1, 1, *CANVAS), 0.75)], 1)
    flow = torch.tensor([2.0, 0]).view(1, 2, 1, 1).expand(1, 2, *CANVAS)
    several = replace(plain, detail=replace(plain.detail, blend=blend, flows_others=(flow,)))
    result = on_black(kind([first, second], whole(first)).compose(several), first)
    expected = 0.25 * first[:, :-4, :3] + 0.75 * second[:, 4:, :3]
    np.testing.assert_allclose(result[:, :-4], expected, atol=0.6)


def test_one_moving_spot_is_resampled_like_the_whole() -> None:
    """Away from the spot nothing changes; inside, tiles leave no seams."""
    height, width = 3 * CANVAS[0], 3 * CANVAS[1]
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    gentle = np.stack([rows, columns, (rows + columns) / 2, np.full_like(rows, 255)], -1) / 255
    gentle[..., :3] *= 255 / 2
    spot = torch.zeros(1, 2, *CANVAS)
    spot[:, 0, 20:40, 6:26] = 3.0
    plain = step((0, 0, 1), (0, 0), (0, 0))
    assert plain.detail is not None
    moved = replace(plain, detail=replace(plain.detail, flow_reference=spot))
    result = on_black(TiledCompositor([gentle], whole(gentle)).compose(moved), gentle)
    shift = cv2.resize(spot[0, 0].numpy(), (width, height)) * 3
    expected = np.minimum(columns + shift, width - 1) / 2
    np.testing.assert_allclose(result[..., 1], expected, atol=1.01)
    np.testing.assert_allclose(result[..., 0], rows / 2, atol=1.01)


@pytest.mark.parametrize("device", DEVICES)
def test_both_compositors_agree(device: str) -> None:
    """Over several frames, with flows, blends and shadows that differ from place to place; some of them as a graph."""
    generator = torch.Generator().manual_seed(3)

    def smooth(channels: int) -> torch.Tensor:
        coarse = torch.randn(1, channels, 5, 4, generator=generator)
        return torch.nn.functional.interpolate(coarse, size=CANVAS, mode="bicubic")

    source = person(3.1)
    y, x = np.mgrid[: source.shape[0], : source.shape[1]]
    inside = ((y - 95) / 80) ** 2 + ((x - 48) / 36) ** 2 < 1
    source *= cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 1.5)[..., None]
    tiled = TiledCompositor([source], whole(source))
    other = DeviceCompositor([source], whole(source), torch.device(device))
    for _ in range(8):
        generated = torch.cat([smooth(3) * 0.3, smooth(1).sigmoid()], 1)
        detail = Detail(smooth(2), smooth(2) * 3, smooth(3).softmax(1), generated, generated)
        image = torch.ones(1, 4, *CANVAS)
        made = Step(image, image, generated, [], [], [], [], detail, shadow=smooth(1).sigmoid())
        behind = np.full((source.shape[0], source.shape[1] - 5, 3), 128, np.uint8)  # the layer reaches beyond it
        expected = lay_over(behind, tiled.compose(made)).astype(int)
        layer = other.make(map_tensors(made, lambda tensor: tensor.to(device)))
        fetched = lay_over(behind, layer.fetch(whole(source))())
        assert np.abs(expected - fetched).max() <= 1
        laid = layer.lay_over(torch.from_numpy(behind).to(device), whole(source))()[0]
        assert np.abs(expected - laid).max() <= 1
        assert (laid != behind).any()


def test_only_trembling_stops() -> None:
    flow = np.array([[[STILL_FLOW * 0.9, MOVING_FLOW, -5.0]], [[0.0, 0.0, 2.0]]], np.float32)
    np.testing.assert_allclose(suppress_tremor(flow), [[[0, MOVING_FLOW, -5]], [[0, 0, 2]]])
