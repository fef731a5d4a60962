"""Follows a person through a video on a GPU: the crop of each frame is found there from the pose of the one before.

So nothing waits for a pose to arrive on the CPU, and the GPU computes while the next frames are decoded. It finds what
`BundledDetector` finds frame by frame, but for rounding. H, W: size of the frame; S: side of the network's input; K
joints. Crops are float32 [3]: left, top and side in pixels of the frame.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

import numpy as np
import torch
from torch import Tensor

from pipelines.keypoints.detectors.crops import CROP_SMOOTHING, EDGE, FOREHEAD, GREY, MARGIN
from pipelines.keypoints.detectors.decoding import choose_pairs, find_candidates
from pipelines.keypoints.detectors.scores import CONFIDENT
from pipelines.media.square_crop import SquareCrop
from pipelines.media.tensors import normalise_pixels
from pipelines.runtime.cuda_graphs import GraphedFunctions
from pipelines.runtime.device_copies import PendingArrays, fetch, send


@dataclass(frozen=True)
class Place:
    """Where a person is in a frame and where to look in the next one, on the device."""

    pose: Tensor
    """float32 [K, 3] in pixels of the frame."""
    crop: Tensor
    """Of the next frame, [3]."""


class DeviceFollower:
    """Finds a person near where they were; any number of threads may use it, each for its own video.

    Args:
        predict: crops [1, 3, S, S] in [-1, 1] -> logits of heat maps [1, K, S/4, S/4].
        size: S.
    """

    def __init__(self, predict: Callable[[Tensor], Tensor], device: torch.device, *, size: int) -> None:
        self.predict, self.device, self.size = predict, device, size
        self._find = GraphedFunctions(self._find_next, enabled=device.type == "cuda")
        self._lock = Lock()  # all threads share the graph's tensors

    def begin(self, pose: np.ndarray, crop: SquareCrop) -> Place:
        """The pose float32 [K, 3] in a frame, and the crop of the next one."""
        values = pose.astype(np.float32), np.array([crop.left, crop.top, crop.side], np.float32)
        return Place(*(send(torch.from_numpy(value), self.device) for value in values))

    @torch.inference_mode()
    def follow(self, image: np.ndarray, before: Place) -> tuple[Place, PendingArrays]:
        """The person in the next frame uint8 [H, W, 3]: on the device, and the pose [K, 3] to be fetched.

        Where nobody is, poses have low confidences, and those of later frames mean nothing.
        """
        frame = send(torch.from_numpy(np.require(image, requirements=["C", "W"])), self.device)
        with self._lock:
            pixels = sample_on_device(frame, before.crop, self.size)
            pose, crop = self._find(pixels, before.pose, before.crop, _frame_size(*image.shape[:2], self.device))
            return Place(pose.clone(), crop.clone()), fetch(pose)

    def _find_next(self, pixels: Tensor, before: Tensor, crop: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
        """The pose in the frame and the crop of the next one, from the crop's levels [1, 3, S, S] and the pose of the
        frame before; size: W and H."""
        origin, scale = crop[:2], self.size / crop[2]
        expected = torch.cat([(before[:, :2] - origin + 0.5) * scale - 0.5, before[:, 2:]], 1)
        logits = self.predict(normalise_pixels(pixels))
        found = choose_pairs(find_candidates(logits), expected[None])[0]
        places = (found[:, :2] + 0.5) / scale - 0.5 + origin
        margin = EDGE * crop[2]
        inside = ((places >= -margin) & (places <= size - 1 + margin)).all(1, keepdim=True)
        pose = torch.cat([places, found[:, 2:] * inside], 1)
        return pose, next_crop_on_device(pose, crop, size)


def next_crop_on_device(pose: Tensor, crop: Tensor, size: Tensor) -> Tensor:
    """See `crops.next_crop`: from a pose [K, 3] and the crop that it was found in; size: W and H of the frame."""
    places, sure = pose[:, :2], pose[:, 2:] >= CONFIDENT
    left, low = places.masked_fill(~sure, torch.inf).amin(0).unbind()
    right, high = places.masked_fill(~sure, -torch.inf).amax(0).unbind()
    low = low - FOREHEAD * (high - low)
    longer = torch.maximum(torch.minimum(high + (high - low), size[1] - 1), high)
    high = torch.where(sure[15:17].any(), high, longer)  # no ankle is visible
    side = MARGIN * torch.maximum(right - left, high - low).clamp(min=8)
    side = torch.minimum(side, 2 * size.amax()).round().clamp(min=2)
    first = [(centre - (side - 1) / 2).round() for centre in ((left + right) / 2, (low + high) / 2)]
    smooth = (CROP_SMOOTHING * crop[2] + (1 - CROP_SMOOTHING) * side).round().clamp(min=2)
    ratio = side / crop[2]
    chosen = torch.where((ratio > 0.5) & (ratio < 2), smooth, side)
    return torch.stack([*((begin + (side - chosen) / 2).round() for begin in first), chosen])


def sample_on_device(image: Tensor, crop: Tensor, size: int) -> Tensor:
    """See `crops.sample_crop`: a crop [3] of a frame uint8 [H, W, 3] -> levels float32 0..255, [1, 3, size, size]."""
    height, width = image.shape[:2]
    across, down = _shares(crop, max(height, width), size)
    levels = image.float() - GREY  # so that zeros beyond the frame are grey
    lines = (down[:, :height] @ levels.reshape(height, -1)).view(size, width, 3)
    return ((across[:, :width] @ lines).permute(2, 0, 1)[None] + GREY).round()


def _shares(crop: Tensor, length: int, size: int) -> Tensor:
    """Shares [2, size, length] of the columns and of the rows of a frame in those of a canvas that shows the crop [3]:
    of their areas if they are reduced, otherwise linear between their centres."""
    side = crop[2]
    scale = side / size
    pixel = torch.arange(length, device=crop.device) - crop[:2, None, None]  # [2, 1, length]
    place = torch.arange(size, device=crop.device)[:, None]
    ends = torch.minimum((place + 1) * scale, pixel + 1) - torch.maximum(place * scale, pixel)
    centre = torch.minimum(((place + 0.5) * scale - 0.5).clamp(min=0), side - 1)
    return torch.where(side > size, ends / scale, 1 - (centre - pixel).abs()).clamp(min=0)


@lru_cache(16)
def _frame_size(height: int, width: int, device: torch.device) -> Tensor:
    """W and H on a device, float32 [2]."""
    return torch.tensor([width, height], dtype=torch.float32, device=device)
