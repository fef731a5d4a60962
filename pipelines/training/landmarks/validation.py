"""Held-out crops and the quality of a landmark network on them, called by `landmarks.recipe`.

Legend: N crops, K = 68 landmarks, H = W crop size. Images are in [-1, 1].
"""

import torch
from torch import Tensor

from models.landmarks import LandmarkNetwork, decode_landmarks
from pipelines.runtime.progress import SILENT, Progress
from pipelines.training.landmarks.data import Crops, Recipe, draw_crops, join
from pipelines.training.landmarks.metrics import FAILURE, LIDS, LIPS, mean_errors, opening_slope

VALIDATION_SEED = 6868
AT_ONCE, AT_ONCE_ON_CPU = 256, 16  # crops that are rendered or looked at together
RIGHT_COLOUR, LEFT_COLOUR = (-1.0, -0.2, 1.0), (1.0, -1.0, -1.0)
MIDDLES = (8, 27, 28, 29, 30, 33, 51, 57, 62, 66)
MIDDLE_COLOUR = (1.0, 1.0, -1.0)
LEFT = frozenset((*range(9, 17), *range(22, 27), 34, 35, *range(42, 48), *range(52, 57), 63, 64, 65))


def at_once(device: torch.device) -> int:
    """Crops that are rendered together on this device."""
    return AT_ONCE_ON_CPU if device.type == "cpu" else AT_ONCE


def render_held_out(recipe: Recipe, number: int, size: int, device: torch.device, progress: Progress = SILENT) -> Crops:
    """`number` crops from a seed of their own, which training never draws."""
    generator = torch.Generator(device).manual_seed(VALIDATION_SEED)
    parts = []
    for start in range(0, number, at_once(device)):
        count = min(at_once(device), number - start)
        parts.append(draw_crops(recipe, count, size, generator))
        progress.advance(count)
    return join(parts)


@torch.no_grad()
def validate(
    network: LandmarkNetwork, crops: Crops, progress: Progress = SILENT
) -> tuple[dict[str, float], Tensor, Tensor]:
    """Numbers, and what was found.

    Returns:
        `nme`: mean error of the landmarks that are in the crop, of all faces that are, in distances of the outer
        corners of the eyes; `failures`: share of these faces whose error is above `metrics.FAILURE`; `lids`, `lips`:
        how far they are found to move apart when they do, 1 as far as in truth, 0 not at all; `presence`: share
        of the crops in which it is known whether a face is there and the network is right;
        landmarks [N, K, 2] in pixels of the crop; presences [N] in 0 to 1.
    """
    points, presences = [], []
    for images in crops.images.split(at_once(crops.images.device)):
        answer = network(images)
        points.append(decode_landmarks(answer.maps))
        presences.append(answer.presence.float().sigmoid())
        progress.advance(len(images))
    found, presence = torch.cat(points), torch.cat(presences)
    there, known = (column > 0 for column in crops.presence.unbind(-1))
    faces = there & known
    errors = mean_errors(found, crops.landmarks)[faces]
    right = ((presence > 0.5) == there)[known].float()
    numbers = {
        "nme": float(errors.mean()) if len(errors) else 0.0,
        "failures": float((errors > FAILURE).float().mean()) if len(errors) else 0.0,
        "lids": float(opening_slope(found[faces], crops.landmarks[faces], LIDS)),
        "lips": float(opening_slope(found[faces], crops.landmarks[faces], LIPS)),
        "presence": float(right.mean()) if len(right) else 0.0,
    }
    return numbers, found, presence


def draw_landmarks(images: Tensor, landmarks: Tensor, presence: Tensor) -> Tensor:
    """Images [N, 3, H, W] with dots at landmarks [N, K, 2], those on the left of the face red, on the right blue;
    images with a presence [N] below a half are darkened instead."""
    result = torch.where((presence > 0.5).view(-1, 1, 1, 1), images, 0.4 * (images + 1) - 1)
    axis = torch.arange(images.shape[-1], device=images.device)
    for point in range(landmarks.shape[1]):
        colour = MIDDLE_COLOUR if point in MIDDLES else (LEFT_COLOUR if point in LEFT else RIGHT_COLOUR)
        x, y = landmarks[:, point].unbind(-1)
        near = (axis - x[:, None]).square()[:, None, :] + (axis - y[:, None]).square()[:, :, None] < 1.0
        dot = (near & (presence > 0.5)[:, None, None])[:, None]  # [N, 1, H, W]
        result = torch.where(dot, result.new_tensor(colour).view(1, 3, 1, 1), result)
    return result
