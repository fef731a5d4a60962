"""Cameras of rendered objects: from how far, from how high and how large they show them.

Training data calls `sample_cameras`; `views.sample_views` calls `sample_lenses`.

Legend: B objects, V views of each.
"""

import torch
from torch import Generator, Tensor

from models.turning import HIGHEST, LOWEST, Camera
from pipelines.synthetic.rendering.noise import chance, uniform

NEAREST = 1.1  # diagonals of the object from its centre to the camera
ORTHOGRAPHIC = 0.1  # share of the cameras
SCALES = (0.72, 0.96)  # of a ball around an object that reaches into its corners, in widths of the picture


def sample_lenses(batch: int, generator: Generator) -> tuple[Tensor, Tensor]:
    """Nearness and scale [B] of cameras, as in `models.turning.Camera`; all of every object is in the picture.

    1 / distance is uniform, so distances of 1.1 and 2.2 diagonals are as far apart as 2.2 and infinity.
    """
    lowest = -ORTHOGRAPHIC / (1 - ORTHOGRAPHIC) / NEAREST
    nearness = uniform(generator, batch, low=lowest, high=1 / NEAREST).clamp(min=0)
    scale = uniform(generator, batch, low=SCALES[0], high=SCALES[1])
    return nearness, scale * (1 - nearness.square() / 4).sqrt()


def sample_cameras(
    batch: int, views: int, generator: Generator, *, level: float = 0.0, turning: float = 0.0, varied: float = 0.0
) -> Camera:
    """Cameras [B, V] at any azimuth.

    Args:
        level: share of the objects that are seen from elevation 0.
        turning: share of the other objects whose views have one elevation.
        varied: share of the objects whose views have different lenses.
    """
    azimuth = uniform(generator, batch, views, high=360.0)
    elevation = uniform(generator, batch, views, low=LOWEST, high=HIGHEST)
    elevation = torch.where(chance(generator, turning, batch, 1), elevation[:, :1], elevation)
    elevation = elevation.masked_fill(chance(generator, level, batch, 1), 0.0)
    several = chance(generator, varied, batch, 1)
    lenses = (each.view(batch, views) for each in sample_lenses(batch * views, generator))
    nearness, scale = (torch.where(several, each, each[:, :1]) for each in lenses)
    return Camera(azimuth, elevation, nearness, scale)
