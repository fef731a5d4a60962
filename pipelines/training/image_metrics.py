"""PSNR, SSIM and L1 of batches of images, on the training device.

Unlike `pipelines.evaluation.image_metrics`, these take tensors and need nothing but torch, because training machines
may lack scikit-image. Called by the validations.

Legend: B images, H, W size. Images are in [-1, 1], results for a range of 0 to 1.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

WINDOW, SIGMA = 11, 1.5  # side and standard deviation of the SSIM's Gaussian window, in pixels
SSIM_C1, SSIM_C2 = 1e-4, 9e-4


def psnr(images: Tensor, truth: Tensor, weight: Tensor | None = None) -> Tensor:
    """Images [..., 3, H, W] each -> [...] dB, at most 100; with a weight [..., 1, H, W] of the weighted error."""
    error = ((images - truth) / 2).square()
    if weight is None:
        mean = error.mean((-3, -2, -1))
    else:
        mean = (error * weight).sum((-3, -2, -1)) / (3 * weight.sum((-3, -2, -1))).clamp(min=1)
    return -10 * torch.log10(mean.clamp(min=1e-10))


def ssim(images: Tensor, truth: Tensor, weight: Tensor | None = None) -> Tensor:
    """Images [B, 3, H, W] each -> [B], at most 1.

    With a weight [B, 1, H, W] the weighted mean over all pixels, the images mirrored beyond their borders; without one
    the mean where the window is inside.
    """
    x, y = (images + 1) / 2, (truth + 1) / 2
    if weight is not None:
        x, y = (F.pad(each, (WINDOW // 2,) * 4, mode="reflect") for each in (x, y))
    mean_x, mean_y = _blur(x), _blur(y)
    variance_x, variance_y = _blur(x * x) - mean_x**2, _blur(y * y) - mean_y**2
    covariance = _blur(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + SSIM_C1) / (mean_x**2 + mean_y**2 + SSIM_C1)
    values = luminance * (2 * covariance + SSIM_C2) / (variance_x + variance_y + SSIM_C2)
    if weight is None:
        return values.mean((1, 2, 3))
    return (values * weight).sum((1, 2, 3)) / (3 * weight.sum((1, 2, 3))).clamp(min=1)


def l1(images: Tensor, truth: Tensor) -> Tensor:
    """Images [B, 3, H, W] each -> [B] mean absolute errors."""
    return ((images - truth) / 2).abs().mean((1, 2, 3))


def _blur(x: Tensor) -> Tensor:
    """Gaussian means [B, 3, H - 10, W - 10] where the window is inside the image [B, 3, H, W]."""
    axis = torch.arange(WINDOW, device=x.device, dtype=x.dtype) - WINDOW // 2
    line = torch.exp(-0.5 * (axis / SIGMA).square())
    line = (line / line.sum()).expand(x.shape[1], 1, 1, -1)  # [3, 1, 1, 11]
    return F.conv2d(F.conv2d(x, line, groups=x.shape[1]), line.mT, groups=x.shape[1])
