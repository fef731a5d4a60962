"""From where a picture shows an object: the object is cut out, looked at by the viewpoint network, and framed.

H, W picture; S side of the square that view synthesis reads.
"""

from pathlib import Path

import cv2
import numpy as np
import torch

from models.viewpoint import FILL, KINDS, Estimate, ViewpointNetwork, decode
from pipelines.media.tensors import image_to_tensor
from pipelines.object_views.foreground import Foreground, segment_foreground
from pipelines.object_views.source import SIDE, ObjectView, scaled
from pipelines.runtime.progress import Progress

SURE, DOUBTFUL = 0.6, 0.5  # confidence of an azimuth, chance of a kind
# Shares of the side and of its logarithm: a picture that is framed about right stays as it is.
MAX_CENTRE_OFFSET, MAX_LOG_SCALE = 0.06, 0.25
HIGHEST = 29.0  # degrees of elevation

Square = tuple[float, float, float]  # x, y of the middle and side of a square, in pixels of the picture


def estimate_view(
    path: Path,
    network: ViewpointNetwork,
    *,
    category: str,
    azimuth: float | None,
    elevation: float,
    progress: Progress,
) -> ObjectView:
    """The object of a picture file on white, framed as in training, and from where it is seen.

    `azimuth` None asks the network, which then also knows the elevation. What is doubtful is said in a note.

    Raises:
        InputError: unreadable, too small, or nothing that stands out from its background.
    """
    cutout = segment_foreground(path)
    if cutout.doubt:
        progress.note(f"{path.name}: {cutout.doubt}")
    whole = _whole(cutout)
    background = tuple(cutout.background.tolist())
    box = _box(cutout)
    found = _estimate(network, squared(cutout.picture, box, network.config.size))
    _tell_kind(path, found, category, progress)
    frame = _frame(box, found)
    keep = cutout.untouched and _close(frame, whole) and cutout.picture.shape[0] == cutout.picture.shape[1]
    picture = scaled(cutout.picture) if keep else squared(cutout.picture, frame, SIDE)
    if azimuth is not None:
        return ObjectView(picture, azimuth, elevation, background=background)
    seen, sure, height = float(found.azimuth), float(found.confidence), float(found.elevation.clamp(0, HIGHEST))
    hint = "" if sure >= SURE else "; it may be wrong, --azimuth says it better"
    progress.note(f"{path.name}: seen from azimuth {seen:.0f}, elevation {height:.0f}, confidence {sure:.2f}{hint}")
    return ObjectView(picture, seen, height, sure, background)


def squared(picture: np.ndarray, frame: Square, size: int) -> np.ndarray:
    """What a square of the picture uint8 [H, W, 3] shows, [size, size, 3]; beyond the picture it is white."""
    x, y, side = frame
    scale = size / side
    if scale < 1:
        height, width = picture.shape[:2]
        picture = cv2.resize(
            picture, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA
        )
        x, y, scale = (x + 0.5) * picture.shape[1] / width - 0.5, (y + 0.5) * picture.shape[0] / height - 0.5, 1.0
    middle = (size - 1) / 2
    place = np.array([[scale, 0, middle - scale * x], [0, scale, middle - scale * y]])
    return cv2.warpAffine(picture, place, (size, size), flags=cv2.INTER_CUBIC, borderValue=(255, 255, 255))


def _whole(cutout: Foreground) -> Square:
    """The square around the picture."""
    height, width = cutout.mask.shape
    return (width - 1) / 2, (height - 1) / 2, float(max(height, width))


def _box(cutout: Foreground) -> Square:
    """The square that the object fills as the network wants it."""
    left, top, right, bottom = cutout.box
    return (left + right - 1) / 2, (top + bottom - 1) / 2, max(right - left, bottom - top) / FILL


@torch.inference_mode()
def _estimate(network: ViewpointNetwork, picture: np.ndarray) -> Estimate:
    device = next(network.parameters()).device
    found = decode(network(image_to_tensor(picture)[None].to(device)))
    return Estimate(*(value[0].cpu() for value in vars(found).values()))


def _frame(box: Square, found: Estimate) -> Square:
    """The square in which view synthesis wants the object."""
    x, y, side = found.frame.tolist()
    return box[0] + x * box[2], box[1] + y * box[2], box[2] * float(np.exp(side))


def _close(frame: Square, other: Square) -> bool:
    away = max(abs(frame[0] - other[0]), abs(frame[1] - other[1])) / other[2]
    return away < MAX_CENTRE_OFFSET and abs(np.log(frame[2] / other[2])) < MAX_LOG_SCALE


def _tell_kind(path: Path, found: Estimate, category: str, progress: Progress) -> None:
    chances = dict(zip(KINDS, found.kinds.tolist(), strict=True))
    likely = max(chances, key=chances.__getitem__)
    if likely != category and chances[likely] > DOUBTFUL:
        other = "" if likely == "other" else f" but like a {likely}"
        progress.note(f"{path.name} does not look like a {category} on a plain background{other}: don't expect much")
