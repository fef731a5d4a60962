"""Segmentation of an object in a photograph by the network, refined by matting.

A picture goes in; the object's alpha, its own colours and how sure the network is come out. Called by
`pipelines.object_views.foreground` if there are weights named "segmentation".

H, W: height and width of the picture.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from models.errors import BackendUnavailable
from models.segmentation import STEP, SegmentationNetwork, judge_mask
from models.weights import catalogue, load_weights
from pipelines.compositing.matte import estimate_matte
from pipelines.media.tensors import image_to_tensor

NAME = "segmentation"  # of the weights
SIDE = 256  # pixels of the longer side that the network sees, as in training
MARGIN = 0.2  # room around what was found when the network looks again, as a share of its sides
OBJECT = 0.5  # coverage from which on a pixel counts as object


@dataclass(frozen=True)
class CutObject:
    """An object that was cut out of a photograph."""

    alpha: np.ndarray
    """float32 [H, W], coverage from 0 to 1."""
    colour: np.ndarray
    """uint8 RGB [H, W, 3], the object's own colours."""
    certainty: float
    """Overlap with the truth that the network expects, 0 to 1."""


def load_segmentation() -> SegmentationNetwork | None:
    """The network, if the catalogue has weights of its name."""
    if all(entry.name != NAME or entry.problem for entry in catalogue()):
        return None
    network = load_weights(NAME, expect="segmentation")
    assert isinstance(network, SegmentationNetwork)
    return network


def cut_object(picture: np.ndarray, network: SegmentationNetwork) -> CutObject:
    """Cut the object in the foreground out of a picture uint8 [H, W, 3].

    The network sees all of the picture, then again only what it found, so that small objects get sharp edges. Without
    PyMatting its coverage is the alpha.
    """
    coverage = _find_coverage(picture, network)
    if (coverage > OBJECT).any():
        place = _find_surroundings(coverage > OBJECT)
        closer = np.zeros_like(coverage)
        closer[place] = _find_coverage(picture[place], network)
        coverage = closer
    certainty = float(judge_mask(torch.from_numpy(coverage)[None, None])[0])
    try:
        matte = estimate_matte(picture, coverage)
    except BackendUnavailable:
        return CutObject(coverage, picture, certainty)
    return CutObject(matte.alpha, matte.colour, certainty)


@torch.inference_mode()
def _find_coverage(picture: np.ndarray, network: SegmentationNetwork) -> np.ndarray:
    """The network's coverage float32 [H, W] in 0..1."""
    height, width = picture.shape[:2]
    scale = SIDE / max(height, width)
    size = [max(STEP, round(side * scale / STEP) * STEP) for side in (width, height)]
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    device = next(network.parameters()).device
    found = network(image_to_tensor(small)[None].to(device)).float().sigmoid()[0, 0].cpu().numpy()
    return cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR)


def _find_surroundings(solid: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of a mask bool [H, W] with room around it."""
    place = []
    for axis in (1, 0):
        line = np.flatnonzero(solid.any(axis))
        room = round(MARGIN * (line[-1] + 1 - line[0])) + 2
        place.append(slice(max(0, line[0] - room), min(solid.shape[1 - axis], line[-1] + 1 + room)))
    return place[0], place[1]
