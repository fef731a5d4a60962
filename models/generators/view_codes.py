"""Camera poses as the one-hot codes that the authors' view synthesis takes (official format, section 9.6).

Angles are in degrees. Azimuth 0 looks at the front. With increasing azimuth the camera moves clockwise around the
object, seen from above, so in the images the object turns counter-clockwise: at 90 the front points to the right and
the object's own right side is visible, at 180 its back, at 270 the front points to the left. Elevation is the angle of
the camera above the horizon. Used by `pipelines.object_views`, the ShapeNet data set and training.
"""

import torch
from torch import Tensor

AZIMUTHS, AZIMUTH_STEP = 18, 20  # number of azimuths, degrees between them
ELEVATIONS, ELEVATION_STEP = 3, 10  # number of elevations, degrees between them
CHANNELS = AZIMUTHS + ELEVATIONS


def view_code(azimuth: float, elevation: float) -> Tensor:
    """One-hot code [21,1,1] of a camera pose: the azimuth in steps of 20 degrees, then the elevation in steps of 10.

    Angles between two steps are rounded down; azimuths outside 0..360 wrap around.

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
    """The azimuth 0, 20, ..., 340 and the elevation 0, 10 or 20 degrees that the code stands for: both rounded down."""
    return int(azimuth % 360) // AZIMUTH_STEP * AZIMUTH_STEP, int(elevation) // ELEVATION_STEP * ELEVATION_STEP
