"""What hides parts of faces: glasses, and the end of the picture. Called by `landmarks.data`.

Legend: B images, K = 68 landmarks, H = W size. Images are [B, 3, H, W] in [0, 1].
"""

import torch
from torch import Generator, Tensor

from pipelines.synthetic.rendering.noise import chance, column, over, soft_step, uniform
from pipelines.training.data.augmentation import subset

RIGHT_EYE, LEFT_EYE = slice(36, 42), slice(42, 48)  # of the person
EARS = (0, 16)


def put_on_glasses(images: Tensor, landmarks: Tensor, generator: Generator) -> Tensor:
    """Images in which the faces with landmarks [B, K, 2] wear glasses; one pair in three is dark."""
    batch, size = len(images), images.shape[-1]
    if not batch:
        return images
    right, left = landmarks[:, RIGHT_EYE].mean(1), landmarks[:, LEFT_EYE].mean(1)
    apart = (left - right).norm(dim=-1).clamp(min=2)
    along = (left - right) / apart[:, None]  # [B, 2]
    axis = torch.arange(size, device=images.device, dtype=torch.float32)
    pixels = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1)  # [H, W, 2]

    def draw(low: float, high: float) -> Tensor:
        return column(uniform(generator, batch, low=low, high=high), 3)

    wide, high, power, width = draw(0.36, 0.46), draw(0.24, 0.42), draw(2.0, 5.0), draw(0.03, 0.09)
    lens, rim = images.new_zeros(batch, size, size), images.new_zeros(batch, size, size)
    blur = 1.5 / column(apart, 3)
    for eye, ear, side in zip((right, left), EARS, (-1.0, 1.0), strict=True):
        u, v = _axes(pixels, eye, along, apart)
        v = v - 0.05
        level = ((u.abs() / wide).pow(power) + (v.abs() / high).pow(power)).pow(1 / power)
        depth = (1 - level) * high  # inside of the lens, in distances of the eyes
        lens = torch.maximum(lens, soft_step(depth, blur))
        rim = torch.maximum(rim, soft_step(depth, blur) * soft_step(width - depth, blur))
        start = eye + (side * wide[:, 0] * apart[:, None]) * along
        rim = torch.maximum(rim, _line(pixels, start, landmarks[:, ear], apart, 0.4 * width, blur))
    u, v = _axes(pixels, (right + left) / 2, along, apart)
    bridge = soft_step(0.5 * width - (v + 0.02).abs(), blur) * soft_step(0.5 - wide - u.abs(), blur)
    rim = torch.maximum(rim, bridge)
    dark = column(chance(generator, 0.33, batch), 3) * draw(0.4, 0.95)
    shine = draw(0.0, 0.2)
    glass = torch.lerp(images, images.new_ones(1), (lens * shine)[:, None])
    glass = over(glass, (lens * dark)[:, None], uniform(generator, batch, 3, high=0.2))
    return over(glass, rim[:, None], uniform(generator, batch, 3) * uniform(generator, batch, 1))


def _axes(pixels: Tensor, origin: Tensor, along: Tensor, apart: Tensor) -> tuple[Tensor, Tensor]:
    """Places [B, H, W] of pixels [H, W, 2] along the line of the eyes and below it, in distances of the eyes."""
    offset = (pixels - column(origin, 2)[:, None, None]) / column(apart, 4)  # [B, H, W, 2]
    u = offset[..., 0] * column(along[:, 0], 3) + offset[..., 1] * column(along[:, 1], 3)
    v = offset[..., 1] * column(along[:, 0], 3) - offset[..., 0] * column(along[:, 1], 3)
    return u, v


def _line(pixels: Tensor, start: Tensor, end: Tensor, apart: Tensor, width: Tensor, blur: Tensor) -> Tensor:
    """Mask [B, H, W] of lines from `start` to `end` [B, 2], `width` wide to both sides in distances of the eyes."""
    way = end - start
    offset = pixels - start[:, None, None]
    share = ((offset * way[:, None, None]).sum(-1) / way.square().sum(-1).clamp(min=1e-3)[:, None, None]).clamp(0, 1)
    distance = (offset - share[..., None] * way[:, None, None]).norm(dim=-1) / column(apart, 3)
    return soft_step(width - distance, blur)


def continue_border(images: Tensor, share: float, generator: Generator) -> Tensor:
    """Images of which a fraction `share` end within the crop on one or two sides, where their border continues."""
    chosen = subset(generator, share, len(images))
    if not len(chosen):
        return images
    picture, size = images[chosen], images.shape[-1]
    axis = torch.arange(size, device=images.device)
    for dimension in (2, 3):
        cut = (size * uniform(generator, len(chosen), 1, high=0.4)).long()
        lower = torch.where(chance(generator, 0.35, len(chosen), 1), cut, 0)
        upper = torch.where(chance(generator, 0.35, len(chosen), 1), size - 1 - cut, size - 1)
        index = axis.clamp(lower, upper)  # [C, size]
        index = index[:, None, :, None] if dimension == 2 else index[:, None, None, :]
        picture = picture.gather(dimension, index.expand_as(picture))
    return images.index_copy(0, chosen, picture)
