"""Estimation of the camera by which a picture shows an object.

A picture file goes in; the object is cut out, the viewpoint network sees it, and it comes out framed as the
view-synthesis network was trained to see it. Called by `pipelines.view_synthesis`.
H, W: height and width of the picture; S: side of the square picture for view synthesis. Angles are in degrees and as in
`models.generators.view_codes`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch

from models.generators.config import ANY
from models.turning import HIGHEST, LOWEST, SCALE
from models.viewpoint import FILL, OTHER, ViewpointEstimate, ViewpointNetwork, decode_viewpoint
from pipelines.media.tensors import image_to_tensor
from pipelines.object_views.foreground import Foreground, segment_foreground
from pipelines.object_views.source import SIDE, WHITE, ObjectView, resize_square
from pipelines.runtime.progress import Progress, note_all

# Of what was estimated: below it the note recommends the option.
MIN_CONFIDENCE = {"azimuth": 0.6, "elevation": 0.4, "distance": 0.4}
MIN_KIND_PROBABILITY = 0.5  # of a kind other than the category: above it a note says so
FORMER_ELEVATIONS = 0.0, 29.0  # degrees that networks without lens know
MIN_DISTANCE, MAX_DISTANCE = 1.0, 20.0  # diagonals of the object
FOLDS = {"table": 2}  # azimuths from which objects look the same, all of them right and about as probable
# A picture that is framed this closely to the estimate is used as it is: resampling would only blur it.
MAX_CENTRE_OFFSET = 0.06  # share of the picture's side
MAX_LOG_SCALE = 0.25  # natural logarithm of the ratio of the sides


class Found(NamedTuple):
    """A property of the camera."""

    value: float
    confidence: float | None
    """Probability that it is about right; None if that is not estimated."""


class Square(NamedTuple):
    """A square of a picture, which may reach beyond it: its centre x, y and its side, in pixels of the picture."""

    x: float
    y: float
    side: float


def estimate_view(
    path: Path,
    network: ViewpointNetwork,
    *,
    category: str,
    azimuth: float | None,
    elevation: float | None,
    distance: float | None,
    progress: Progress,
) -> ObjectView:
    """The object of a picture file on white, framed as in training, with its camera.

    Args:
        category: what the picture should show; a note says so if it shows something else.
        azimuth, elevation, distance: what is known of the camera; the network estimates what is None, but for the
            azimuth of `ANY` object, which is 0.
        progress: receives notes on the estimate and on whatever is doubtful.

    Raises:
        InputError: the file is unreadable, too small, or nothing stands out from its background.
    """
    foreground = segment_foreground(path)
    note_all(progress, (f"{path.name}: {warning}" for warning in foreground.warnings))
    box = _square_around_object(foreground)
    estimate = _run_network(network, crop_square(foreground.picture, box, network.config.size))
    _note_other_kind(path, network.config.kinds, estimate, category, progress)
    picture, scale = _frame_object(foreground, _place_frame(box, estimate))
    found = _find_camera(network, estimate, FOLDS.get(category, 1))
    front = 0.0 if category == ANY and azimuth is None else azimuth
    for name, value in {"azimuth": front, "elevation": elevation, "distance": distance}.items():
        if value is not None:
            found[name] = Found(value, None)
    view = ObjectView(
        picture,
        azimuth=found["azimuth"].value,
        elevation=found["elevation"].value,
        distance=found["distance"].value,
        scale=scale,
        confidence=found["azimuth"].confidence,
        elevation_confidence=found["elevation"].confidence,
        distance_confidence=found["distance"].confidence,
        background=tuple(foreground.background.tolist()),
    )
    _note_camera(path, found, progress)
    return view


def _find_camera(network: ViewpointNetwork, estimate: ViewpointEstimate, folds: int) -> dict[str, Found]:
    """What the network says of the camera, by the names of the options; folds: see `FOLDS`."""
    lowest, highest = (LOWEST, HIGHEST) if network.config.lens else FORMER_ELEVATIONS
    found = {
        "azimuth": (estimate.azimuth, (folds * estimate.confidence).clamp(max=1)),
        "elevation": (estimate.elevation.clamp(lowest, highest), estimate.elevation_confidence),
        "distance": (1 / estimate.nearness.clamp(1 / MAX_DISTANCE, 1 / MIN_DISTANCE), estimate.nearness_confidence),
    }
    sure = found if network.config.lens else ("azimuth",)
    return {
        name: Found(float(value), float(confidence) if name in sure else None)
        for name, (value, confidence) in found.items()
    }


def crop_square(picture: np.ndarray, square: Square, size: int) -> np.ndarray:
    """Resample a square of a picture uint8 [H, W, 3] to [size, size, 3]; beyond the picture it is white."""
    x, y, side = square
    scale = size / side
    if scale < 1:  # reduce first, by averaging: warpAffine would skip pixels
        height, width = picture.shape[:2]
        reduced = max(1, round(width * scale)), max(1, round(height * scale))
        picture = cv2.resize(picture, reduced, interpolation=cv2.INTER_AREA)
        # Pixel centres are at whole numbers, so the picture's left edge is at -0.5.
        x, y, scale = (x + 0.5) * reduced[0] / width - 0.5, (y + 0.5) * reduced[1] / height - 0.5, 1.0
    centre = (size - 1) / 2
    matrix = np.array([[scale, 0, centre - scale * x], [0, scale, centre - scale * y]])
    return cv2.warpAffine(picture, matrix, (size, size), flags=cv2.INTER_CUBIC, borderValue=WHITE)


def _square_around_object(foreground: Foreground) -> Square:
    """The square in which the viewpoint network expects the object: its longer side fills `FILL` of it."""
    left, top, right, bottom = foreground.box
    return Square((left + right - 1) / 2, (top + bottom - 1) / 2, max(right - left, bottom - top) / FILL)


def _square_around_picture(foreground: Foreground) -> Square:
    height, width = foreground.mask.shape
    return Square((width - 1) / 2, (height - 1) / 2, float(max(height, width)))


@torch.inference_mode()
def _run_network(network: ViewpointNetwork, picture: np.ndarray) -> ViewpointEstimate:
    """uint8 [h, h, 3] of the network's size -> its estimate, without the batch dimension."""
    device = next(network.parameters()).device
    found = decode_viewpoint(network(image_to_tensor(picture)[None].to(device)))
    return ViewpointEstimate(*(value[0].cpu() for value in vars(found).values()))


def _place_frame(box: Square, estimate: ViewpointEstimate) -> Square:
    """The square in which view synthesis expects the object: the estimate is relative to the network's square."""
    x, y, log_side = estimate.frame.tolist()
    return Square(box.x + x * box.side, box.y + y * box.side, box.side * float(np.exp(log_side)))


def _frame_object(foreground: Foreground, frame: Square) -> tuple[np.ndarray, float]:
    """The framed object uint8 [S, S, 3], and its scale as in `models.turning.Camera`.

    A square picture on white that is framed about right is not resampled.
    """
    picture, whole = foreground.picture, _square_around_picture(foreground)
    is_square = picture.shape[0] == picture.shape[1]
    if foreground.was_on_white and is_square and _are_close(frame, whole):
        return resize_square(picture), SCALE * frame.side / whole.side
    return crop_square(picture, frame, SIDE), SCALE


def _are_close(frame: Square, other: Square) -> bool:
    offset = max(abs(frame.x - other.x), abs(frame.y - other.y)) / other.side
    return offset < MAX_CENTRE_OFFSET and abs(np.log(frame.side / other.side)) < MAX_LOG_SCALE


def _note_other_kind(
    path: Path, kinds: Sequence[str], estimate: ViewpointEstimate, category: str, progress: Progress
) -> None:
    probabilities = dict(zip(kinds, estimate.kinds.tolist(), strict=True))
    likely = max(probabilities, key=probabilities.__getitem__)
    if category not in (ANY, likely) and probabilities[likely] > MIN_KIND_PROBABILITY:
        hint = "" if likely == OTHER else f" but like a {likely}"
        progress.note(f"{path.name} does not look like a {category} on a plain background{hint}: results will be poor")


def _note_camera(path: Path, found: dict[str, Found], progress: Progress) -> None:
    """Say what was estimated, how sure it is, and which options help where it is not."""
    estimated = {name: value for name, value in found.items() if value.confidence is not None}
    if not estimated:
        return
    units = {"azimuth": "azimuth {:.0f}", "elevation": "elevation {:.0f}", "distance": "{:.1f} diagonals away"}
    parts = [f"{units[name].format(each.value)} (confidence {each.confidence:.2f})" for name, each in estimated.items()]
    doubtful = [f"--{name}" for name, each in estimated.items() if (each.confidence or 0) < MIN_CONFIDENCE[name]]
    hint = f"; if that is wrong, pass {' and '.join(doubtful)}" if doubtful else ""
    progress.note(f"{path.name}: seen from {', '.join(parts)}{hint}")
