"""From where an object is seen, as the view-synthesis network reads it (official format, section 9.6)."""

import torch
from torch import Tensor

AZIMUTHS, AZIMUTH_STEP = 18, 20
ELEVATIONS, ELEVATION_STEP = 3, 10
CHANNELS = AZIMUTHS + ELEVATIONS


def view_code(azimuth: float, elevation: float) -> Tensor:
    """Degrees -> [21, 1, 1]: one-hot of the 20 degree step, then one-hot of the 10 degree step, both rounded down.

    Raises:
        ValueError: an elevation outside 0 <= elevation < 30.
    """
    if not 0 <= elevation < ELEVATIONS * ELEVATION_STEP:
        raise ValueError(f"elevation {elevation:g} must be from 0 to less than {ELEVATIONS * ELEVATION_STEP} degrees")
    code = torch.zeros(CHANNELS, 1, 1)
    code[int(azimuth % 360) // AZIMUTH_STEP] = 1
    code[AZIMUTHS + int(elevation) // ELEVATION_STEP] = 1
    return code
