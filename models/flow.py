"""Global flow field estimator (paper, section 3.1).

B batch, C input channels, H, W image size, l resolution layer: its maps are H/2^l x W/2^l.
"""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from models.layers import EncoderBlock, Jump, ResBlockDecoder, ResBlocks, channels_at
from models.limbs import LimbMotion


class FlowNet(nn.Module):
    """U-Net that predicts a backward flow and a mask for every attended layer.

    Args:
        inputs: C, channels of the concatenated images and structures.
        flows: number of flow fields per layer; each has its own mask.
        layers: halvings of the image size; H and W must be multiples of 2^layers.
        attention_layers: the layers l that get heads.
        limbs: number of rigid limbs that the flow may follow, 0 without. Every head then also weighs the candidates of
            `models.limbs`, and its flow is added to their mix.
        codes: channels of a code that joins the coarsest features, 0 without.
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
        self.layers, self.steps = layers, layers - min(attention_layers)
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
                self.add_module(f"output{step}", nn.Conv2d(shallow, 2 * flows, 3, padding=1))
                self.add_module(f"mask{step}", nn.Sequential(nn.Conv2d(shallow, flows, 3, padding=1), nn.Sigmoid()))
                if limbs:
                    self.add_module(f"limbs{step}", _silent(nn.Conv2d(shallow, 1 + limbs, 3, padding=1)))
                    _silent(self.get_submodule(f"output{step}"))

    def begin(self, part: Tensor, *, first: int = 0) -> Tensor:
        """What input channels first, first+1, ... [B,c,H,W] contribute to the first convolution; parts are added."""
        return self.block0.begin(part, first=first)

    def finish(self, begun: Tensor, motion: LimbMotion | None = None) -> tuple[list[Tensor], list[Tensor]]:
        """The sum of all begun inputs -> flows and masks like `forward`.

        `motion` is needed with `limbs`, from the pose to be made to the source's.
        """
        return self._estimate(self.block0.finish(begun), motion=motion)

    def forward(self, inputs: Tensor, code: Tensor | None = None) -> tuple[list[Tensor], list[Tensor]]:
        """Inputs [B,C,H,W] -> flows [B,2*flows,h,w] in pixels of their own map, masks [B,flows,h,w] in (0, 1), coarse
        to fine. `code` [B,codes,1,1] is needed with `codes`."""
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
            jump = self.get_submodule(f"jump{step}")(skips[self.layers - 2 - step])
            x = self.get_submodule(f"decoder{step}")(x) + jump
            if step in self.headed:
                output = cast(nn.Conv2d, self.get_submodule(f"output{step}"))
                # Positions need more than half precision: bfloat16 is wrong by up to a quarter of a pixel.
                with torch.autocast(device_type=x.device.type, enabled=False):
                    features = x.to(output.weight.dtype)
                    flow = output(features)
                    if motion is not None:
                        cell = 2 ** (self.layers - 1 - step)
                        scores = self.get_submodule(f"limbs{step}")(features)
                        flow = flow + _followed(scores, motion, cell)
                    flows.append(flow)
                masks.append(self.get_submodule(f"mask{step}")(x))
        return flows, masks


def _silent(module: nn.Module) -> nn.Module:
    """`module` with all parameters 0: the flow starts as that of the nearest limb."""
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    return module


def _followed(scores: Tensor, motion: LimbMotion, cell: float) -> Tensor:
    """Scores [B,K,h,w] of the limbs, on top of how near they are -> the mix [B,2,h,w] of their flows."""
    height, width = scores.shape[-2:]
    flows, near = motion.candidates(height, width, cell)
    weights = (scores + near.to(scores.dtype)).softmax(dim=1)
    return (weights[:, :, None] * flows.to(weights.dtype)).sum(1)
