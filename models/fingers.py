"""Fingers at the image's resolution: our addition to the paper.

The target decoder knows a structure only through features of 1/8 of the image size, where a hand is a few cells wide.
This head shows it the maps of both hands once more, behind its last features.

B batch, C features, H, W image size.
"""

from torch import Tensor, nn

from models.fused import Unfinished, convolve
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
        hands = structure[:, -HAND_MAPS:].to(features.dtype)
        hidden = convolve(self.features, features).finish(SLOPE, other=convolve(self.hands, hands))
        return convolve(self.added, hidden).finish(other=Unfinished(features))
