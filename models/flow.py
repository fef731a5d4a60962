"""Global flow field estimator (paper, section 3.1; official format, section 3.2).

In: images and structures of source and target. Out: a flow into the source and a mask for each attended layer. Built
by `models.generators.parts.flow_net` for every generator of images.

B batch, C input channels, K flow candidates, H, W image size, h, w size of a feature map. Layer l is the resolution
H/2^l x W/2^l. Flow is backward flow in pixels of its own map, channel 0 = x; masks are in (0, 1), 1 means "take the
warped source"; lists run from coarse to fine.
"""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from models.fused import pad_convolution, padded
from models.layers import EncoderBlock, Jump, PositionConv2d, ResBlockDecoder, ResBlocks, channels_at, zero_parameters
from models.limbs import LimbMotion
from models.ops.neighbours import can_fuse


class FlowNet(nn.Module):
    """U-Net that predicts a backward flow and a mask for every attended layer.

    Args:
        inputs: C, channels of the concatenated images and structures.
        width: channels of the first layer; every further layer has twice as many, up to max_width.
        max_width: cap of the channels.
        layers: number of times that the image size is halved; H and W must be multiples of 2^layers.
        attention_layers: the layers l that get heads.
        norm: "instance" or "batch".
        flows: number of flow fields per layer; each has its own mask.
        limbs: number of rigid limbs that the flow can follow; 0 for none. Each head then also weighs the candidate
            flows of `models.limbs`, and its own flow is added to their mix.
        codes: channels of a code [B,codes,1,1] that is concatenated to the coarsest features; 0 for none.
    """

    def __init__(
        self,
        *,
        inputs: int,
        width: int,
        max_width: int,
        layers: int,
        attention_layers: Sequence[int],
        norm: str,
        flows: int = 1,
        limbs: int = 0,
        codes: int = 0,
    ) -> None:
        super().__init__()
        sizes = [channels_at(level, width=width, max_width=max_width) for level in range(layers)]
        self.layers, self.steps, self.limbs = layers, layers - min(attention_layers), limbs
        self.headed = [step for step in range(self.steps) if layers - step - 1 in attention_layers]
        self.block0 = EncoderBlock(inputs=inputs, outputs=sizes[0], norm=norm)
        for level in range(1, layers):
            encoder = EncoderBlock(inputs=sizes[level - 1], outputs=sizes[level], norm=norm)
            self.add_module(f"encoder{level - 1}", encoder)
        if codes:
            both = sizes[-1] + codes
            self.cat = ResBlocks(inputs=both, outputs=sizes[-1], hidden=both, norm=norm)
        for step in range(self.steps):
            deep, shallow = sizes[layers - 1 - step], sizes[layers - 2 - step]
            decoder = ResBlockDecoder(inputs=deep, outputs=shallow, hidden=shallow, norm=norm)
            self.add_module(f"decoder{step}", decoder)
            self.add_module(f"jump{step}", Jump(inputs=shallow, outputs=shallow))
            if step in self.headed:
                self.add_module(f"output{step}", PositionConv2d(shallow, 2 * flows, 3, padding=1))
                self.add_module(f"mask{step}", nn.Sequential(nn.Conv2d(shallow, flows, 3, padding=1), nn.Sigmoid()))
                if limbs:
                    # At first the flow is that of the nearest limb.
                    self.add_module(f"limbs{step}", zero_parameters(PositionConv2d(shallow, 1 + limbs, 3, padding=1)))
                    zero_parameters(self.get_submodule(f"output{step}"))

        self.joined = nn.ModuleDict()  # see `join_heads`

    def begin(self, part: Tensor, *, first: int = 0) -> Tensor:
        """Contribution of input channels first, first+1, ... to the first convolution: [B,c,H,W] -> [B,width,H/2,W/2].

        See `EncoderBlock`.
        """
        return self.block0.begin(part, first=first)

    def finish(self, begun: Tensor, motion: LimbMotion | None = None) -> tuple[list[Tensor], list[Tensor]]:
        """Flows and masks, as `forward` returns them, from the sum of what `begin` returned for all inputs.

        begun: [B,width,H/2,W/2]. motion: of the limbs from the target pose back to the source pose; needed if the
        network has limbs.
        """
        return self._estimate(self.block0.finish(begun), motion=motion)

    def forward(self, inputs: Tensor, code: Tensor | None = None) -> tuple[list[Tensor], list[Tensor]]:
        """Inputs [B,C,H,W] -> flows [B,2*flows,h,w] and masks [B,flows,h,w] of the attended layers.

        code: [B,codes,1,1]; needed if the network has codes.
        """
        return self._estimate(self.block0(inputs), code=code)

    def _estimate(
        self, x: Tensor, *, motion: LimbMotion | None = None, code: Tensor | None = None
    ) -> tuple[list[Tensor], list[Tensor]]:
        skips = [x]
        for level in range(1, self.layers):
            x = self.get_submodule(f"encoder{level - 1}")(x)
            skips.append(x)
        if code is not None:
            x = self.cat(torch.cat([x, code.expand(-1, -1, *x.shape[-2:])], dim=1))
        flows, masks = [], []
        for step in range(self.steps):
            x = self.get_submodule(f"decoder{step}")(x)
            x = self.get_submodule(f"jump{step}")(skips[self.layers - 2 - step], x)
            if step in self.headed:
                if motion is None:
                    flow = self.get_submodule(f"output{step}")(x)
                else:
                    flow = motion.follow(*self._weigh_limbs(x, step), 2 ** (self.layers - 1 - step))
                flows.append(flow)
                masks.append(self.get_submodule(f"mask{step}")(x))
        return flows, masks

    def _weigh_limbs(self, x: Tensor, step: int) -> tuple[Tensor, Tensor]:
        """Features [B,C,h,w] of a step -> its flow [B,2,h,w] and scores [B,K,h,w] of the candidates."""
        output, limbs = (cast(nn.Conv2d, self.get_submodule(f"{name}{step}")) for name in ("output", "limbs"))
        if str(step) not in self.joined or not can_fuse(x):
            return output(x), limbs(x)
        flow, scores, _ = self.joined[str(step)](x).tensor_split((2, 2 + limbs.out_channels), dim=1)
        return flow, scores

    def join_heads(self) -> None:
        """Let flow and scores of each step be results of one convolution, where that is faster; for inference."""
        for step in self.headed if self.limbs else ():
            heads = [cast(nn.Conv2d, self.get_submodule(f"{name}{step}")) for name in ("output", "limbs")]
            weight, bias = (torch.cat([getattr(head, name) for head in heads]) for name in ("weight", "bias"))
            sizes = {"inputs": weight.shape[1], "outputs": padded(len(weight))}
            self.joined[str(step)] = pad_convolution(weight, bias, **sizes, kind=PositionConv2d)
