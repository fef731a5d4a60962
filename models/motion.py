"""Motion extraction network (animation paper, section 3.1; official format, section 3.8).

In: a noisy pose track in COCO-17. Out: a clean one in Human3.6M-17, shorter by a margin on both sides. Used by
`pipelines.keypoints.cleaning`.

B batch, K joints, T frames, C channels. Positions are divided by the image width and scaled to -1..1; y comes before x
(official format, section 9.4).
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn import Parameter

from models.ops.local_attention import SLOPE

STYLE_HIDDEN = 128
EPSILON = 1e-5


@dataclass(frozen=True)
class MotionConfig:
    """Size of the network; the defaults are the authors'."""

    joints: int = 17
    """K, number of joints of input and output."""

    channels: int = 256
    """C, channels of all hidden layers."""

    layers: int = 4
    """Number of temporal convolutions of kernel size 3, dilated by 1, 3, 9, ... frames."""

    @property
    def margin(self) -> int:
        """Frames that the output is shorter on each side: 40 with the authors' numbers."""
        return sum(3**level for level in range(self.layers))


class MotionNetwork(nn.Module):
    """Temporal convolutions whose normalisation is scaled and shifted by a style vector of the complete window."""

    def __init__(self, *, config: MotionConfig) -> None:
        super().__init__()
        self.config = config
        self.kp_input = _Lifter(config)

    def forward(self, track: Tensor) -> Tensor:
        """Clean a window of a pose track.

        Norm and style see the complete window, so the result for a frame depends on the window's length.

        Args:
            track: [B,2K,T], K rows of y, then K rows of x.

        Returns:
            [B,2K,T-2*margin], in the same units.

        Raises:
            ValueError: wrong shape, or a window that is not longer than both margins.
        """
        if track.ndim != 3 or track.shape[1] != 2 * self.config.joints or track.shape[2] <= 2 * self.config.margin:
            shape = f"[B,{2 * self.config.joints},T>{2 * self.config.margin}]"
            raise ValueError(f"expected track {shape}, got {tuple(track.shape)}")
        return self.kp_input(track)


class _Lifter(nn.Module):
    """All layers, under the authors' key `kp_input`."""

    def __init__(self, config: MotionConfig) -> None:
        super().__init__()
        values, channels = 2 * config.joints, config.channels
        self.feature_conv_1 = nn.Conv1d(values, channels, 3, stride=2, bias=False)
        self.feature_conv_2 = nn.Conv1d(channels, channels, 3, stride=2, bias=False)
        self.feature_conv_3 = nn.Conv1d(channels, channels, 3, stride=2, bias=False)
        self.expand_conv = nn.Conv1d(values, channels, 3, bias=False)
        self.expand_ln = _WindowNorm(channels)
        self.dropout = nn.Dropout(0.15)
        self.dilations = [3**level for level in range(1, config.layers)]
        self.layers_conv = nn.ModuleList()
        for dilation in self.dilations:
            self.layers_conv.append(nn.Conv1d(channels, channels, 3, dilation=dilation, bias=False))
            self.layers_conv.append(nn.Conv1d(channels, channels, 1, bias=False))
        self.layers_ln = nn.ModuleList(_StyleNorm(channels) for _ in self.layers_conv)
        self.shrink = nn.Conv1d(channels, values, 1)

    def forward(self, track: Tensor) -> Tensor:
        style = self._style(track)
        x = self._activate(self.expand_ln(self.expand_conv(track)))
        for block, dilation in enumerate(self.dilations):
            cropped = x[:, :, dilation:-dilation]  # [B,C,T-2*dilation], as the convolution returns it
            for index in (2 * block, 2 * block + 1):
                x = self._activate(self.layers_ln[index](self.layers_conv[index](x), style))
            x = x + cropped
        return self.shrink(x)

    def _style(self, track: Tensor) -> Tensor:
        """Track [B,2K,T] -> style vector [B,C]."""
        for convolution in (self.feature_conv_1, self.feature_conv_2, self.feature_conv_3):
            track = F.leaky_relu(convolution(track), SLOPE)
        return track.mean(dim=2)

    def _activate(self, x: Tensor) -> Tensor:
        return self.dropout(F.leaky_relu(x, SLOPE))


class _WindowNorm(nn.Module):
    """Normalises [B,C,T] over channels and time together, then scales and shifts each channel -> [B,C,T]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = Parameter(torch.ones(channels, 1))
        self.bias = Parameter(torch.zeros(channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, x.shape[1:], eps=EPSILON) * self.weight + self.bias


class _StyleNorm(nn.Module):
    """The same norm, its scale and shift computed from a style vector [B,C]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mlp_shared = nn.Sequential(nn.Linear(channels, STYLE_HIDDEN), nn.ReLU())
        self.mlp_gamma = nn.Linear(STYLE_HIDDEN, channels)
        self.mlp_beta = nn.Linear(STYLE_HIDDEN, channels)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        hidden = self.mlp_shared(style)
        gamma, beta = self.mlp_gamma(hidden)[..., None], self.mlp_beta(hidden)[..., None]  # [B,C,1]
        return F.layer_norm(x, x.shape[1:], eps=EPSILON) * (1 + gamma) + beta
