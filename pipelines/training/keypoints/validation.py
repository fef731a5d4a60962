"""Held-out crops and the quality of a keypoint network on them, called by `keypoints.recipe`.

Legend: N crops, K = 17 COCO joints, H = W crop size. Images are in [-1, 1].
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from models.keypoints import KeypointNetwork
from pipelines.keypoints.detectors.decoding import decode_pairs
from pipelines.runtime.progress import SILENT, Progress
from pipelines.training.keypoints.crops import CropConfig
from pipelines.training.keypoints.data import draw_crops
from pipelines.training.keypoints.metrics import measure

VALIDATION_SEED = 7717
AT_ONCE, AT_ONCE_ON_CPU = 64, 8  # crops that are rendered or detected together
MIN_CONFIDENCE = 0.2  # of a keypoint that is drawn
NOSE_COLOUR, LEFT_COLOUR, RIGHT_COLOUR = (1.0, 1.0, -1.0), (1.0, -1.0, -1.0), (-1.0, -0.2, 1.0)


@dataclass
class HeldOutCrops:
    """Crops that training never draws."""

    images: Tensor
    """[N, 3, H, W]."""
    keypoints: Tensor
    """[N, K, 3] as of `crops.compose`."""


def render_held_out(config: CropConfig, number: int, device: torch.device, progress: Progress = SILENT) -> HeldOutCrops:
    """`number` crops from a seed of their own."""
    generator = torch.Generator(device).manual_seed(VALIDATION_SEED)
    at_once, parts = _at_once(device), []
    for start in range(0, number, at_once):
        count = min(at_once, number - start)
        parts.append(draw_crops(config, count, generator))
        progress.advance(count)
    images, keypoints = zip(*parts, strict=True)
    return HeldOutCrops(torch.cat(images), torch.cat(keypoints))


def _at_once(device: torch.device) -> int:
    return AT_ONCE_ON_CPU if device.type == "cpu" else AT_ONCE


@torch.no_grad()
def validate(
    network: KeypointNetwork, crops: HeldOutCrops, progress: Progress = SILENT
) -> tuple[dict[str, float], Tensor]:
    """The numbers of `metrics.measure`, and the keypoints [N, K, 3] as the detector decodes them."""
    poses = []
    for part in crops.images.split(_at_once(crops.images.device)):
        poses.append(torch.from_numpy(decode_pairs(network(part))))
        progress.advance(len(part))
    predicted = torch.cat(poses).to(crops.images.device)
    return {name: float(value) for name, value in measure(predicted, crops.keypoints).items()}, predicted


def draw_keypoints(images: Tensor, keypoints: Tensor) -> Tensor:
    """Images [N, 3, H, W] with dots at the confident ones of keypoints [N, K, 3] (x, y, confidence): left red, right
    blue."""
    size = images.shape[-1]
    axis = torch.arange(size, device=images.device)
    result = images.clone()
    for joint in range(keypoints.shape[1]):
        colour = NOSE_COLOUR if joint == 0 else (LEFT_COLOUR if joint % 2 else RIGHT_COLOUR)
        x, y, confidence = keypoints[:, joint].unbind(-1)
        near = (axis - x[:, None]).square()[:, None, :] + (axis - y[:, None]).square()[:, :, None] < (size / 90) ** 2
        dot = (near & (confidence > MIN_CONFIDENCE)[:, None, None])[:, None]  # [N, 1, H, W]
        result = torch.where(dot, result.new_tensor(colour).view(1, 3, 1, 1), result)
    return result
