"""Discriminators: pictures in, a map of logits out.

B batch, C channels, H, W image size.
"""

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm


class PatchDiscriminator(nn.Module):
    """Convolutions only; each output judges one patch. Spectral norm on every layer.

    Used conditionally: picture and structure map are concatenated by the caller.

    Args:
        channels: input channels C.
        width: channels of the first layer; doubled twice.
    """

    def __init__(self, *, channels: int, width: int = 64) -> None:
        super().__init__()
        sizes = [(channels, width, 2), (width, 2 * width, 2), (2 * width, 4 * width, 2), (4 * width, 4 * width, 1)]
        self.layers = nn.ModuleList(spectral_norm(nn.Conv2d(i, o, 4, s, 1)) for i, o, s in sizes)
        self.judge = spectral_norm(nn.Conv2d(4 * width, 1, 4, 1, 1))

    def forward(self, image: Tensor) -> tuple[Tensor, list[Tensor]]:
        """image [B, C, H, W] -> logits [B, 1, H/8 - 2, W/8 - 2] and the features of each layer."""
        features = []
        for layer in self.layers:
            image = F.leaky_relu(layer(image), 0.1)
            features.append(image)
        return self.judge(image), features
