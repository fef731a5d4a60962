"""Detail head: copies pixels of the previous and the reference picture where the flow can, ours on top of the paper.

B batch, C features, H, W image size, h, w size of the finest flow field.
"""

from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.layers import activation
from models.ops.sampling import warp


@dataclass(frozen=True)
class Detail:
    """What the head decided, so that it can be repeated at another resolution.

    flow_previous, flow_reference: [B,2,H,W] backward flows in image pixels; blend: [B,3,H,W], weights that sum to 1
    over {generated, warped previous, warped reference}; warped_previous, warped_reference: [B,3,H,W] the pictures that
    the flows fetch.
    """

    flow_previous: Tensor
    flow_reference: Tensor
    blend: Tensor
    warped_previous: Tensor
    warped_reference: Tensor

    def compose(self, generated: Tensor) -> Tensor:
        """Blend the generated image [B,3,H,W] with the warped pictures -> [B,3,H,W]."""
        weights = self.blend.split(1, dim=1)  # 3 x [B,1,H,W]
        return generated * weights[0] + self.warped_previous * weights[1] + self.warped_reference * weights[2]


class DetailHead(nn.Module):
    """Refines the finest flows to the image's resolution and blends both warped pictures with the generated one.

    Args:
        channels: C, of the decoder's last features.
        hidden: channels of the blending convolutions.
        scale: H / h.
        image_channels: of the pictures.
        restraint: logits taken from the blend's shares of the generated and of the previous picture outside of training
            mode, so that what the reference shows is rather copied from it than made again or copied from a copy.
    """

    def __init__(
        self,
        *,
        channels: int,
        hidden: int,
        scale: int,
        image_channels: int = 3,
        restraint: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        super().__init__()
        self.scale = scale
        self.register_buffer("restraint", torch.tensor([*restraint, 0.0]).view(3, 1, 1), persistent=False)
        self.before = activation()
        self.residual = nn.Conv2d(channels, 4, 3, padding=1)
        for parameter in self.residual.parameters():
            nn.init.zeros_(parameter)
        self.blend = nn.Sequential(
            nn.Conv2d(channels + 2 * image_channels + 2, hidden, 3, padding=1),
            activation(),
            nn.Conv2d(hidden, 3, 3, padding=1),
        )

    def forward(
        self,
        features: Tensor,
        generated: Tensor,
        previous: Tensor,
        reference: Tensor,
        flows: tuple[Tensor, Tensor],
        masks: tuple[Tensor, Tensor],
    ) -> tuple[Tensor, Detail]:
        """Features [B,C,H,W], three images [B,3,H,W] in [-1, 1], finest flows [B,2,h,w] and masks [B,1,h,w] of
        (previous, reference) -> image [B,3,H,W] and its Detail."""
        residual, hidden = self._read(self.before(features))
        coarse = self._enlarge(torch.cat(flows, dim=1)) * self.scale  # [B,4,H,W]
        flow_previous, flow_reference = (coarse + residual).split(2, dim=1)
        warped_previous, warped_reference = warp(previous, flow_previous), warp(reference, flow_reference)
        seen = torch.cat([warped_previous, warped_reference, self._enlarge(torch.cat(masks, dim=1))], dim=1)
        first, act, last = self.blend
        weight = cast(Tensor, first.weight)[:, features.shape[1] :]
        logits = last(act(hidden + F.conv2d(seen.to(hidden.dtype), weight, padding=1)))
        if not self.training:
            logits = logits - cast(Tensor, self.restraint).to(logits.dtype)
        blend = logits.to(coarse.dtype).contiguous().softmax(dim=1)
        detail = Detail(flow_previous, flow_reference, blend, warped_previous, warped_reference)
        return detail.compose(generated), detail

    def _read(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """The features' share of both first convolutions, in one: residual flows [B,4,H,W], hidden [B,hidden,H,W]."""
        first = cast(nn.Conv2d, self.blend[0])
        weights = self.residual.weight, first.weight[:, : features.shape[1]]
        biases = cast(Tensor, self.residual.bias), cast(Tensor, first.bias)
        both = F.conv2d(features, torch.cat(weights), torch.cat(biases), padding=1)
        residual, hidden = both.split([weights[0].shape[0], weights[1].shape[0]], dim=1)
        return residual, hidden

    def _enlarge(self, x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=self.scale, mode="bilinear", align_corners=False)
