"""Where the bundled detector looks for people: squares of a frame, resampled to the keypoint network's input.

H, W: size of the frame. Crops, points and units are those of `pipelines.media.square_crop`.
"""

import cv2
import numpy as np

from pipelines.media.square_crop import SquareCrop

GREY = 128
MAX_TILES = 4  # tiles of a coarse search along the longer side of the frame
MAX_ASPECT = 1.25  # longer side over shorter side of a frame beyond which it is also searched in tiles
MIN_TILED_SIDE = 96  # pixels: frames with a shorter side are not searched for small people
SMALL_TILE = 0.55  # side of the tiles of a thorough search, in units of the frame's shorter side
MARGIN = 1.25  # side of a crop around a person, in units of the larger side of the person's box
FOREHEAD = 0.08  # height of forehead and hair above the topmost joint, in units of the joints' height
EDGE = 0.06  # sides of the crop by which a joint may be beyond the edge of the picture and still count as seen
CROP_SMOOTHING = 0.6  # share of the old crop's side in the new one: a crop that breathes shakes the joints


def sample_crop(image: np.ndarray, crop: SquareCrop) -> np.ndarray:
    """Resample a crop of a frame uint8 [H, W, 3] to uint8 [s, s, 3], s = crop.size; grey beyond the frame."""
    height, width = image.shape[:2]
    top, left = np.clip(crop.top, 0, height), np.clip(crop.left, 0, width)
    bottom, right = np.clip(crop.top + crop.side, 0, height), np.clip(crop.left + crop.side, 0, width)
    square = image[top:bottom, left:right]
    if square.shape[:2] != (crop.side, crop.side):
        inside, square = square, np.full((crop.side, crop.side, 3), GREY, np.uint8)
        y, x = top - crop.top, left - crop.left
        square[y : y + inside.shape[0], x : x + inside.shape[1]] = inside
    smaller = crop.size < crop.side
    return cv2.resize(square, (crop.size, crop.size), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)


def search_crops(height: int, width: int, *, size: int, thorough: bool) -> list[SquareCrop]:
    """Where to look for a person without knowing anything about a frame of height x width.

    The complete frame, squares along it if it is long, and, if `thorough`, smaller tiles. size: side of the canvas.
    """
    long, short = max(height, width), min(height, width)
    crops = [SquareCrop.centred((width - 1) / 2, (height - 1) / 2, long, size=size)]
    if long > MAX_ASPECT * short:
        crops += _tiles(height, width, max(short, long // MAX_TILES), size)
    if thorough and short >= MIN_TILED_SIDE:
        crops += _tiles(height, width, max(round(SMALL_TILE * short), long // (2 * MAX_TILES)), size)
    return crops


def _tiles(height: int, width: int, side: int, size: int) -> list[SquareCrop]:
    """Squares that cover the frame and overlap by a third or more."""
    tops, lefts = (_starts(length, side) for length in (height, width))
    return [SquareCrop(left, top, side, size) for top in tops for left in lefts]


def _starts(length: int, side: int) -> list[int]:
    """First pixels of the tiles along one side of the frame."""
    count = int(np.ceil((length - side) / (side * 2 / 3))) + 1
    return [round(start) for start in np.linspace(0, length - side, count)] if count > 1 else [0]


def person_crop(pose: np.ndarray, height: int, width: int, *, size: int, confident: float) -> SquareCrop:
    """The square around a person in a frame of height x width, longer downwards while no ankle is visible.

    Args:
        pose: COCO-17 [17, 3], x, y in pixels of the frame and confidence.
        size: side of the canvas.
        confident: joints with at least this confidence count; at least one must.
    """
    seen = pose[pose[:, 2] >= confident, :2]
    low, high = seen.min(0), seen.max(0)
    low[1] -= FOREHEAD * (high[1] - low[1])
    if (pose[[15, 16], 2] < confident).all():
        high[1] = max(min(high[1] + (high[1] - low[1]), height - 1), high[1])
    side = MARGIN * max((high - low).max(), 8.0)
    x, y = (low + high) / 2
    return SquareCrop.centred(float(x), float(y), min(float(side), 2.0 * max(height, width)), size=size)


def next_crop(
    pose: np.ndarray, crop: SquareCrop, height: int, width: int, *, size: int, confident: float
) -> SquareCrop:
    """Where to look for a person in the next frame: around the pose [17, 3] in this one, which was found in `crop`."""
    fresh = person_crop(pose, height, width, size=size, confident=confident)
    if not 0.5 < fresh.side / crop.side < 2:
        return fresh
    side = CROP_SMOOTHING * crop.side + (1 - CROP_SMOOTHING) * fresh.side
    return SquareCrop.centred(*fresh.centre, side, size=size)


def hide_outside(crop: SquareCrop, pose: np.ndarray, height: int, width: int) -> np.ndarray:
    """A pose [17, 3] of the crop in pixels of the frame; joints that were guessed beyond its edges are unseen."""
    result = crop.from_canvas(pose)
    limit = np.array((width, height)) - 1 + EDGE * crop.side
    inside = ((result[:, :2] >= -EDGE * crop.side) & (result[:, :2] <= limit)).all(1)
    result[:, 2] *= inside
    return result
