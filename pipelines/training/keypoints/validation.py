"""Held-out crops and the quality of a keypoint network on them, called by `keypoints.recipe`.

Legend: N crops, K = 17 COCO joints, H = W crop size. Images are in [-1, 1].
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from models.keypoints import KeypointNetwork
from pipelines.keypoints.detectors.decoding import decode_pairs
from pipelines.runtime.progress import SILENT, Progress
from pipelines.training.keypoints.crops import Crops
from pipelines.training.keypoints.data import draw_crops
from pipelines.training.keypoints.framing import CropConfig
from pipelines.training.keypoints.metrics import mask_overlap, measure

VALIDATION_SEED = 7717
AT_ONCE, AT_ONCE_ON_CPU = 64, 8  # crops that are rendered or detected together
MIN_CONFIDENCE = 0.2  # of a keypoint that is drawn
NOSE_COLOUR, LEFT_COLOUR, RIGHT_COLOUR = (1.0, 1.0, -1.0), (1.0, -1.0, -1.0), (-1.0, -0.2, 1.0)


def render_held_out(config: CropConfig, number: int, device: torch.device, progress: Progress = SILENT) -> Crops:
    """`number` crops from a seed of their own, which training never draws."""
    generator = torch.Generator(device).manual_seed(VALIDATION_SEED)
    at_once, parts = _at_once(device), []
    for start in range(0, number, at_once):
        count = min(at_once, number - start)
        parts.append(draw_crops(config, count, generator))
        progress.advance(count)
    return Crops(*(torch.cat(part) for part in zip(*parts, strict=True)))


def _at_once(device: torch.device) -> int:
    return AT_ONCE_ON_CPU if device.type == "cpu" else AT_ONCE


@torch.no_grad()
def validate(
    network: KeypointNetwork, crops: Crops, progress: Progress = SILENT
) -> tuple[dict[str, float], Tensor, Tensor]:
    """Numbers, and what was found.

    Returns:
        The numbers of `metrics.measure` and `mask_iou`; the keypoints [N, K, 3] as the detector decodes them; the masks
        [N, 1, H/2, W/2] in 0 to 1.
    """
    poses, masks = [], []
    for images in crops.images.split(_at_once(crops.images.device)):
        joints, mask = network(images, mask=True)
        assert mask is not None
        poses.append(torch.from_numpy(decode_pairs(joints)))
        masks.append(mask.float().sigmoid())
        progress.advance(len(images))
    predicted, found = torch.cat(poses).to(crops.images.device), torch.cat(masks)
    numbers = measure(predicted, crops.keypoints) | {"mask_iou": mask_overlap(found, crops.mask)}
    return {name: float(value) for name, value in numbers.items()}, predicted, found


def draw_keypoints(images: Tensor, keypoints: Tensor, masks: Tensor) -> Tensor:
    """Images [N, 3, H, W] with dots at the confident ones of keypoints [N, K, 3] (x, y, confidence), left red, right
    blue, and everything outside of masks [N, 1, H/2, W/2] at half of its brightness."""
    size = images.shape[-1]
    axis = torch.arange(size, device=images.device)
    light = 0.5 + 0.5 * F.interpolate(masks, size=images.shape[-2:], mode="bilinear")
    result = (images + 1) * light - 1
    for joint in range(keypoints.shape[1]):
        colour = NOSE_COLOUR if joint == 0 else (LEFT_COLOUR if joint % 2 else RIGHT_COLOUR)
        x, y, confidence = keypoints[:, joint].unbind(-1)
        near = (axis - x[:, None]).square()[:, None, :] + (axis - y[:, None]).square()[:, :, None] < (size / 90) ** 2
        dot = (near & (confidence > MIN_CONFIDENCE)[:, None, None])[:, None]  # [N, 1, H, W]
        result = torch.where(dot, result.new_tensor(colour).view(1, 3, 1, 1), result)
    return result
