"""From where an object is seen, and how the view-synthesis network reads it (official format, section 9.6).

Azimuth 0 looks at the front. With rising azimuth the camera goes clockwise around the object, seen from above, so in
the pictures the object turns counter-clockwise: at 90 the front points to the right and the object's own right side is
seen, at 180 its back, at 270 the front points to the left. Elevation is the camera's height above the horizon.
"""

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
    azimuth, elevation = known_view(azimuth, elevation)
    code[azimuth // AZIMUTH_STEP] = 1
    code[AZIMUTHS + elevation // ELEVATION_STEP] = 1
    return code


def known_view(azimuth: float, elevation: float) -> tuple[int, int]:
    """The azimuth 0, 20 .. 340 and the elevation 0, 10, 20 that the code stands for: both rounded down."""
    return int(azimuth % 360) // AZIMUTH_STEP * AZIMUTH_STEP, int(elevation) // ELEVATION_STEP * ELEVATION_STEP
