"""How much of the shadow that a network makes suits a picture.

The network sees the person alone, not the light around them. In the source picture it can be seen how dark the shadow
is, and what is left of it on the plate would be dark twice. `LayerProcessor` asks for it.
"""

import numpy as np

from pipelines.generation.cutout import SEEN_ALPHA


def fit_shadow(shadow: np.ndarray, picture: np.ndarray, plate: np.ndarray, alpha: np.ndarray) -> float:
    """The share of a shadow, 0 to 1, with which the plate is closest to the picture around the person.

    Args:
        shadow: [h, w] from 0 to 1, made for the person as they are in the picture.
        picture, plate: RGB [h, w, 3] from 0 to 255, with and without the person.
        alpha: [h, w] from 0 to 1, the person's coverage.

    Returns:
        The least-squares solution of picture = plate * (1 - share * shadow), to 1/64; 1 where there is no shadow.
    """
    around = alpha < SEEN_ALPHA
    darker = (plate.astype(np.float64) - picture)[around]
    expected = (shadow[..., None] * plate.astype(np.float64))[around]
    power = (expected**2).sum()
    if not power:
        return 1.0
    # Rounded, so that the last bits of the network's arithmetic don't reach the video.
    return float(np.clip(np.rint(64 * (expected * darker).sum() / power) / 64, 0, 1))
