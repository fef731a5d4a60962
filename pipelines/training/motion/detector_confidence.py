"""How sure detectors say they are: the confidences of joints of which it is known how well they were found.

`motion.detector_noise.detect` calls `draw_confidence`. Legend: B clips, T frames, K = 17 COCO joints.
"""

import torch
from torch import Tensor

from pipelines.keypoints.tracking import CONFIDENT
from pipelines.training.motion.sampler import Sampler


def draw_confidence(sampler: Sampler, hidden: Tensor, wrong: Tensor, found: Tensor) -> Tensor:
    """Confidences [B, T, 17] in 0..1: below `CONFIDENT` where nothing was found, at least that where something was.

    A quarter of the clips know 0 and 1 alone, as imported tracks do. Of the others, some doubt much and some nearly
    nothing; errors are noticed in part of them.

    Args:
        hidden: [B, T, 17] how much the body hides each joint, 0..1.
        wrong: [B, T, 17] bool, joints that are far from where they should be.
        found: [B, T, 17] bool.
    """
    noise = sampler.smooth_noise(3.0, 17) + 0.5 * sampler.normal(sampler.length, 17)
    doubt = 0.03 + 0.06 * noise.abs() + hidden * sampler.uniform(1, 1) * 0.7
    doubt = doubt + wrong * sampler.clips(0.5, 1) * sampler.uniform(sampler.length, 17) * 0.9
    style = torch.exp(1.2 * sampler.normal(1, 1) - 0.5)  # from hardly ever in doubt to always
    seen = (1 - doubt * style).clamp(CONFIDENT + 0.01, 1)
    seen = torch.where(sampler.clips(0.25, 1) > 0, 1.0, seen)
    return torch.where(found, seen, CONFIDENT * 0.95 * sampler.uniform(sampler.length, 17))
