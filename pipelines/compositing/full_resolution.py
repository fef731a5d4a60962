"""The person at the picture's own resolution: what the flow copies keeps the photo's pixels.

The generator works on a small canvas. Its detail head says for every canvas pixel where it comes from in the reference
and in the previous result, and how much is taken from each; here the same is done with the full-resolution person, and
only what the network generated itself is enlarged. Everything is premultiplied RGBA: colour 0..255 times coverage, and
coverage 0..1. H, W: the box around the person; h, w: canvas.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
import torch
from torch import Tensor

from models.generators.animation import Step
from pipelines.compositing.layers import Layer, PendingLayer, PendingTensor
from pipelines.media.boxes import Box

Picture = np.ndarray  # float32
Part = tuple[slice, slice]  # rows and columns

STILL_FLOW = 0.25
MOVING_FLOW = 0.75
MIN_SHARE = 1 / 1024  # a share of the blend that changes no pixel by a quarter of a level
MIN_COVERAGE = 1 / 512  # coverage or shadow that changes no pixel by half a level
# Traces of the source's outline are not shown: spots without a pixel of the canvas that is half covered, and places
# where a pixel and its neighbours are covered less than the first number; from the second on everything is.
FAINT, SURE = 0.1, 0.35
TILE_MARGIN = 3  # canvas pixels: enlarging and sharp edges carry the person this far
TILES = 16  # per side; only those are composed in which something is


def suppress_tremor(flow: Picture) -> Picture:
    """Flow [2, h, w] in canvas pixels without its tremor: below a length of STILL_FLOW 0, above MOVING_FLOW as it is.

    Cloth that is copied with a wandering twentieth of a pixel would shimmer, and lose its grain frame by frame.
    """
    return flow * np.clip((cv2.magnitude(*flow) - STILL_FLOW) / (MOVING_FLOW - STILL_FLOW), 0, 1)


def find_person(image: Tensor) -> Picture:
    """Where the network's result [1, 4, h, w] shows the person or what is next to them, [h, w], 0 to 1."""
    near = cv2.dilate(_planes(image)[3], np.ones((3, 3)))
    count, spots = cv2.connectedComponents((near > FAINT).astype(np.uint8))
    spots, is_real = spots.astype(np.intp), np.zeros(count, bool)
    is_real[spots[near > 0.5]] = True
    return np.clip((near - FAINT) / (SURE - FAINT), 0, 1) * is_real[spots]


class TiledCompositor:
    """A compositor (`pipelines.compositing.compositors`) on the CPU, of the tiles in which person or shadow are."""

    def __init__(self, sources: Sequence[np.ndarray], box: Box, memory: Tensor | None = None) -> None:
        self.sources, self.box = [np.ascontiguousarray(source, np.float32) for source in sources], box
        self.height, self.width = sources[0].shape[:2]
        self.previous = self.sources[0].copy() if memory is None else memory.numpy()  # [H, W, 4]
        self._result = np.empty_like(self.sources[0])
        self._rows = np.arange(self.height, dtype=np.float32)[:, None]
        self._columns = np.arange(self.width, dtype=np.float32)
        self._places: tuple[Picture, Picture] | None = None

    def memory(self) -> PendingTensor:
        """See `pipelines.compositing.compositors.Compositor.memory`."""
        return lambda: torch.from_numpy(self.previous.copy())

    def compose(self, step: Step) -> Layer:
        """See `pipelines.compositing.compositors.Compositor.compose`."""
        image, person, result = _planes(step.image), find_person(step.image), self._result
        shadow = None if step.shadow is None else _planes(step.shadow)
        shown = image[3] > MIN_COVERAGE
        stretches = self._stretches(shown if shadow is None else shown | (shadow[0] > MIN_COVERAGE))
        generated, copies = _to_levels(_planes(step.generated)), []
        if step.detail is None:
            generated = generated * person
        else:
            shares = _planes(step.detail.blend) * person
            generated = generated * shares[0]
            pictures = self.previous, *self.sources
            flows = step.detail.flow_previous, step.detail.flow_reference, *step.detail.flows_others
            copies += [self._copy(*each) for each in zip(pictures, flows, shares[1:], strict=True)]
        generated = cv2.merge(list(generated))
        result.fill(0)
        for part in stretches:
            composed = self._enlarge(generated, part)
            for copy in copies:
                self._add(copy, part, composed)
            clip_premultiplied(composed)
            result[part] = composed
        self.previous, self._result = result, self.previous
        place = _around(stretches)
        dark = None if shadow is None or not stretches else self._enlarge(shadow[0], place)
        return cut_layer(result[place], dark, self.box, place)

    def begin(self, step: Step) -> PendingLayer:
        """See `pipelines.compositing.compositors.Compositor.begin`."""
        return partial(self.compose, step)

    def _copy(self, picture: Picture, flow: Tensor, share: Picture) -> "_Copy":
        """The `share` [h, w] of `picture` [H, W, 4], to be read at the places that a flow [1, 2, h, w] points to."""
        x, y = suppress_tremor(_planes(flow))
        moving = self._stretches(((x != 0) | (y != 0)) & (share > MIN_SHARE))
        x, y = x * (self.width / x.shape[1]), y * (self.height / y.shape[0])
        return _Copy(picture, cv2.merge([x, y]), cv2.merge([share] * 4), moving)

    def _add(self, copy: "_Copy", part: Part, composed: Picture) -> None:
        """Add a part of a copy to what is there."""
        taken = copy.picture[part]
        if any(_meet(part, moving) for moving in copy.moving):
            x, y = cv2.split(self._enlarge(copy.flow, part))
            x += self._columns[part[1]]
            y += self._rows[part[0]]
            taken = cv2.remap(copy.picture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        cv2.accumulateProduct(taken, self._enlarge(copy.share, part), composed)

    def _enlarge(self, values: Picture, part: Part) -> Picture:
        """A part of the box from a canvas [h, w] or [h, w, C]; faster than all of it by `cv2.resize`."""
        if self._places is None:
            height, width = values.shape[:2]
            x = (self._columns + 0.5) * (width / self.width) - 0.5
            y = (self._rows + 0.5) * (height / self.height) - 0.5
            self._places = np.tile(x, (self.height, 1)), np.tile(y, (1, self.width))
        x, y = (places[part] for places in self._places)
        return cv2.remap(values, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def _stretches(self, where: np.ndarray) -> list[Part]:
        """The parts of the box that hold marked pixels of the canvas [h, w], or almost: rectangles of whole tiles."""
        side = 2 * TILE_MARGIN + 1
        near = cv2.dilate(where.astype(np.uint8), np.ones((side, side), np.uint8))
        height, width = near.shape
        tiles = near.reshape(TILES, height // TILES, TILES, width // TILES).any((1, 3))  # [TILES, TILES]
        rows, columns = (np.linspace(0, size, TILES + 1).astype(int) for size in (self.height, self.width))
        steps = np.diff(np.pad(tiles, ((0, 0), (1, 1))).astype(np.int8), axis=1)  # 1 where a stretch begins
        (begun, first), (_, last) = np.nonzero(steps == 1), np.nonzero(steps == -1)  # row by row
        bounds = (each.tolist() for each in (rows[begun], rows[begun + 1], columns[first], columns[last]))
        tops: dict[tuple[int, int, int], int] = {}  # by bottom, left, right; stretches of the same width are joined
        for top, bottom, left, right in zip(*bounds, strict=True):
            tops[bottom, left, right] = tops.pop((top, left, right), top)
        return [(slice(top, bottom), slice(left, right)) for (bottom, left, right), top in tops.items()]


@dataclass(frozen=True)
class _Copy:
    """A picture to be read at other places."""

    picture: Picture
    """[H, W, 4]."""
    flow: Picture
    """[h, w, 2] in pixels of the picture."""
    share: Picture
    """How much of it counts, the same four times: [h, w, 4]."""
    moving: list[Part]
    """Where anything is read at another place than its own."""


def clip_premultiplied(rgba: Picture) -> None:
    """Bring [h, w, 4] into range in place: coverage to 0..1, colours to 0..255 times coverage."""
    alpha = np.clip(rgba[..., 3], 0, 1)
    most = 255 * alpha
    cv2.min(rgba, cv2.merge([most, most, most, alpha]), dst=rgba)
    np.maximum(rgba, 0, out=rgba)


def cut_layer(rgba: Picture, shadow: Picture | None, box: Box, place: Part) -> Layer:
    """The rows and columns `place` of a box, [H, W, 4] and shadow [H, W], as a layer."""
    left, top = box[0] + place[1].start, box[1] + place[0].start
    height, width = rgba.shape[:2]
    if not rgba.size:
        return Layer(np.zeros((0, 0, 3), np.float32), np.zeros((0, 0), np.float32), (left, top, left, top))
    colour, alpha = cv2.cvtColor(rgba, cv2.COLOR_RGBA2RGB), cv2.extractChannel(rgba, 3)
    return Layer(colour, alpha, (left, top, left + width, top + height), shadow)


def _to_levels(planes: Picture) -> Picture:
    """The network's premultiplied planes [4, h, w], colours -1..1 times coverage -> colours 0..255 times coverage."""
    return np.concatenate([(planes[:3] + planes[3:]) * 127.5, planes[3:]])


def _planes(values: Tensor) -> Picture:
    """[1, C, h, w] tensor -> [C, h, w] array."""
    return np.ascontiguousarray(values[0].float().cpu().numpy())


def _around(parts: list[Part]) -> Part:
    """The rows and columns that hold all parts."""
    rows, columns = zip(*parts, strict=True) if parts else ([slice(0, 0)], [slice(0, 0)])
    first, second = (slice(min(each.start for each in s), max(each.stop for each in s)) for s in (rows, columns))
    return first, second


def _meet(first: Part, second: Part) -> bool:
    """Whether two parts share pixels."""
    return all(a.start < b.stop and b.start < a.stop for a, b in zip(first, second, strict=True))
