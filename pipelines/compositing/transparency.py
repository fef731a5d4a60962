"""Pictures with an alpha channel: colours where they are transparent, and how they are shown without one.

RGBA is uint8 [H, W, 4] with straight alpha. Called by `layers` and by the chains.
"""

import cv2
import numpy as np

from pipelines.compositing.spreading import spread

SHRINK = 8  # reach of the colours: they are spread at this share of the size
TILE = 16  # pixels, side of a square of the checkerboard
GREYS = (204, 255)  # of its squares


def spread_colour(image: np.ndarray) -> np.ndarray:
    """The RGBA picture with colours of its visible parts, softened, where it is fully transparent.

    Programs that scale pictures with straight alpha, and codecs that store fewer colours than pixels, mix what is
    hidden into the edge: black would leave a dark rim.
    """
    height, width = image.shape[:2]
    alpha = image[..., 3]
    if not alpha.any() or alpha.all():
        return image
    colours = spread(image[..., :3].astype(np.float32), alpha.astype(np.float32), SHRINK)
    spread_out = cv2.resize(np.rint(colours).astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.dstack([np.where(alpha[..., None] > 0, image[..., :3], spread_out), alpha])


def show_transparency(image: np.ndarray) -> np.ndarray:
    """The RGBA picture over a grey and white checkerboard, uint8 RGB [H, W, 3]."""
    rows, columns = np.indices(image.shape[:2]) // TILE
    board = np.array(GREYS, np.float32)[(rows + columns) % 2][..., None]
    alpha = image[..., 3:].astype(np.float32) / 255
    return np.rint(image[..., :3] * alpha + board * (1 - alpha)).astype(np.uint8)
