"""Fingers at the image's resolution: our addition to the paper.

The target decoder knows a structure only through features of 1/8 of the image size, where a hand is a few cells wide.
This head shows it the maps of both hands once more, behind its last features.

B batch, C features, H, W image size.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from models.fused import Unfinished, convolve, pad_convolution, padded
from models.layers import zero_parameters
from models.ops.local_attention import SLOPE

HAND_MAPS = 2  # the last channels of a structure map with all details


class FingerHead(nn.Module):
    """Adds to the decoder's last features what the maps of both hands show; untrained it adds nothing.

    Args:
        channels: C.
        hidden: channels in between.
    """

    def __init__(self, *, channels: int, hidden: int) -> None:
        super().__init__()
        self.features = nn.Conv2d(channels, hidden, 1)
        self.hands = nn.Conv2d(HAND_MAPS, hidden, 3, padding=1, bias=False)
        self.added = nn.Conv2d(hidden, channels, 3, padding=1)
        zero_parameters(self.added)

    def forward(self, features: Tensor, structure: Tensor) -> Tensor:
        """Features [B,C,H,W] and structure map [B,S,H,W], whose last two channels are the hands -> [B,C,H,W]."""
        hands = structure[:, -self.hands.in_channels :].to(features.dtype)
        hidden = convolve(self.features, features).finish(SLOPE, other=convolve(self.hands, hands))
        return convolve(self.added, hidden).finish(other=Unfinished(features))

    def pad(self) -> None:
        """Widen hidden channels and the maps of the hands for tensor cores, with weights of 0 (`pad_convolution`)."""
        hidden, maps = padded(self.hands.out_channels), padded(HAND_MAPS)
        channels, hands = self.features.in_channels, F.pad(self.hands.weight, (0, 0, 0, 0, maps - HAND_MAPS, 0))
        self.features = pad_convolution(self.features.weight, self.features.bias, inputs=channels, outputs=hidden)
        self.hands = pad_convolution(hands, None, inputs=maps, outputs=hidden)
        self.added = pad_convolution(self.added.weight, self.added.bias, inputs=hidden, outputs=channels)
