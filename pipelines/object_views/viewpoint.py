"""Estimation of the camera by which a picture shows an object.

A picture file goes in; the object is cut out, the viewpoint network sees it, and it comes out framed as the
view-synthesis network was trained to see it. Called by `pipelines.view_synthesis`.
H, W: height and width of the picture; S: side of the square picture for view synthesis. Angles are in degrees and as in
`models.generators.view_codes`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch

from models.errors import InputError
from models.generators.config import ANY
from models.turning import HIGHEST, LOWEST, SCALE
from models.viewpoint import (
    FILL,
    OTHER,
    ViewpointEstimate,
    ViewpointNetwork,
    average_views,
    decode_viewpoint,
    join_answers,
    mirror_answer,
)
from pipelines.media.tensors import image_to_tensor
from pipelines.object_views.foreground import Foreground, segment_foreground
from pipelines.object_views.source import SIDE, WHITE, ObjectView, resize_square
from pipelines.runtime.progress import Progress, note_all

# Of what was estimated: below it the note recommends the option.
MIN_CONFIDENCE = {"azimuth": 0.6, "elevation": 0.4, "distance": 0.4}
MIN_KIND_PROBABILITY = 0.5  # of a kind other than the category: above it a note says so
FORMER_ELEVATIONS = 0.0, 29.0  # degrees that networks without lens know
MIN_DISTANCE, MAX_DISTANCE = 1.0, 20.0  # diagonals of the object
SQUARE_SIZES = 0.95, 1.0, 1.05  # of the squares that the network sees, whose answers differ by their sampling
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
    categories: Sequence[str],
    azimuth: float | None,
    elevation: float | None,
    distance: float | None,
    progress: Progress,
) -> ObjectView:
    """The object of a picture file on white, framed as in training, with its camera.

    Args:
        category: what the picture should show; a note says so if it shows something else. "auto": the one of
            `categories` that it shows.
        categories: what the generator knows.
        azimuth, elevation, distance: what is known of the camera; the network estimates what is None, but for the
            azimuth of `ANY` object, which is 0.
        progress: receives notes on whatever is doubtful; what was estimated says `note_camera`.

    Raises:
        InputError: the file is unreadable, too small, nothing stands out from its background, or what it shows is none
            of the categories.
    """
    foreground = segment_foreground(path)
    note_all(progress, (f"{path.name}: {warning}" for warning in foreground.warnings))
    box = _square_around_object(foreground)
    estimate = _run_network(network, foreground.picture, box)
    probabilities = dict(zip(network.config.kinds, estimate.kinds.tolist(), strict=True))
    if category == "auto":
        category = _choose_category(path, probabilities, categories, progress)
    else:
        _note_other_kind(path, probabilities, category, progress)
    picture, scale = _frame_object(foreground, _place_frame(box, estimate))
    found = _find_camera(network, estimate, FOLDS.get(category, 1))
    front = 0.0 if category == ANY and azimuth is None else azimuth
    for name, value in {"azimuth": front, "elevation": elevation, "distance": distance}.items():
        if value is not None:
            found[name] = Found(value, None)
    return ObjectView(
        picture,
        azimuth=found["azimuth"].value,
        elevation=found["elevation"].value,
        category=category,
        distance=found["distance"].value,
        scale=scale,
        confidence=found["azimuth"].confidence,
        elevation_confidence=found["elevation"].confidence,
        distance_confidence=found["distance"].confidence,
        background=tuple(foreground.background.tolist()),
    )


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
def _run_network(network: ViewpointNetwork, picture: np.ndarray, box: Square) -> ViewpointEstimate:
    """The mean estimate of squares of several sizes around that of a picture, and of their mirror images, without the
    batch dimension; the frame is relative to `box`."""
    device = next(network.parameters()).device
    squares = [box._replace(side=box.side * size) for size in SQUARE_SIZES]
    pixels = [image_to_tensor(crop_square(picture, each, network.config.size)) for each in squares]
    batch = torch.stack(pixels).to(device)  # [N, 3, size, size]
    answers = join_answers(network(batch), mirror_answer(network(batch.flip(3))))
    found = decode_viewpoint(average_views(answers, torch.tensor(2 * SQUARE_SIZES)))
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


def _choose_category(
    path: Path, probabilities: Mapping[str, float], categories: Sequence[str], progress: Progress
) -> str:
    """The category that is likelier than all others together; else `ANY` if the generator knows it."""
    likely = max(probabilities, key=probabilities.__getitem__)
    if likely in categories and probabilities[likely] > MIN_KIND_PROBABILITY:
        progress.note(f"{path.name}: taken for a {likely} (probability {probabilities[likely]:.2f})")
        return likely
    if ANY in categories:
        progress.note(f"{path.name}: taken for an object of no known category, of unknown front")
        return ANY
    raise InputError(f"{path} shows none of {', '.join(categories)} on a plain background: if it does, pass --category")


def _note_other_kind(path: Path, probabilities: Mapping[str, float], category: str, progress: Progress) -> None:
    likely = max(probabilities, key=probabilities.__getitem__)
    if category not in (ANY, likely) and probabilities[likely] > MIN_KIND_PROBABILITY:
        hint = "" if likely == OTHER else f" but like a {likely}"
        progress.note(f"{path.name} does not look like a {category} on a plain background{hint}: results will be poor")


def note_camera(path: Path, view: ObjectView, progress: Progress) -> None:
    """Say what was estimated of the view of a picture, how sure it is, and which options help where it is not."""
    all_found = {
        "azimuth": Found(view.azimuth, view.confidence),
        "elevation": Found(view.elevation, view.elevation_confidence),
        "distance": Found(view.distance, view.distance_confidence),
    }
    estimated = {name: found for name, found in all_found.items() if found.confidence is not None}
    if not estimated:
        return
    units = {"azimuth": "azimuth {:.0f}", "elevation": "elevation {:.0f}", "distance": "{:.1f} diagonals away"}
    parts = [f"{units[name].format(each.value)} (confidence {each.confidence:.2f})" for name, each in estimated.items()]
    doubtful = [f"--{name}" for name, each in estimated.items() if (each.confidence or 0) < MIN_CONFIDENCE[name]]
    hint = f"; if that is wrong, pass {' and '.join(doubtful)}" if doubtful else ""
    progress.note(f"{path.name}: seen from {', '.join(parts)}{hint}")
