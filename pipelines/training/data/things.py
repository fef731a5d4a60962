"""Things at random places of training images: behind what is to be found, and in front of it.

Called by the data of the keypoints and landmarks recipes.

Legend: B images, H = W size. Images are [B, 3, H, W] in [0, 1].
"""

import torch
from torch import Generator, Tensor

from pipelines.synthetic.rendering.backgrounds import random_shape
from pipelines.synthetic.rendering.noise import chance, column, natural_noise, pixel_grid, uniform
from pipelines.synthetic.rendering.palettes import cloth_colours, skin_tones
from pipelines.training.data.augmentation import subset


def add_things(image: Tensor, sizes: tuple[float, ...], share: float, generator: Generator) -> tuple[Tensor, Tensor]:
    """Images with textured boxes, bars and discs of these sizes, each in a fraction `share` of the batch; their mask
    [B, 1, H, W]."""
    batch, size = len(image), image.shape[-1]
    x, y = pixel_grid(size, size, image.device)
    covered = torch.zeros_like(image[:, :1])
    textures = natural_noise(-(-batch // 4), size, size, generator)
    for extent in sizes:
        chosen = subset(generator, share, batch)
        count = len(chosen)
        if count == 0:
            continue
        mask = random_shape(x, y, count, extent, generator)
        skin = chance(generator, 0.15, count, 1)
        fill = torch.where(skin, skin_tones(count, generator), cloth_colours(count, generator, neutral=0.6))
        strength = column(uniform(generator, count, high=0.3), 4)
        fill = (column(fill, 4) * (1 + strength * textures[chosen % len(textures)])).clamp(0, 1)
        image[chosen] = torch.lerp(image[chosen], fill, mask)
        covered[chosen] = torch.maximum(covered[chosen], mask)
    return image, covered
