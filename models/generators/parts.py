"""What every generator is put together from: source encoder and target decoder (paper, section 3.3).

B batch, S structure channels, H, W image size, C channels, h, w size of a feature map.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.attention import LocalAttention
from models.generators.config import AnimationConfig
from models.layers import EncoderBlock, Output, ResBlockDecoder, ResBlocks


@dataclass(frozen=True)
class Guide:
    """One source of the target decoder; `projected` is the known source half of its attentions."""

    features: Sequence[Tensor]
    flows: Sequence[Tensor]
    masks: Sequence[Tensor]
    projected: Sequence[Tensor] | None


class SourceEncoder(nn.Module):
    """Picture [B,3,H,W] -> features of the attended layers, coarse to fine."""

    def __init__(self, config: AnimationConfig) -> None:
        super().__init__()
        self.layers, self.attended = config.layers, config.attended
        self.block0 = EncoderBlock(inputs=config.image_channels, outputs=config.channels(0), norm=config.norm)
        for level in range(1, config.layers):
            inputs, outputs = config.channels(level - 1), config.channels(level)
            self.add_module(f"encoder{level - 1}", EncoderBlock(inputs=inputs, outputs=outputs, norm=config.norm))

    def forward(self, image: Tensor) -> list[Tensor]:
        maps = [self.block0(image)]
        for level in range(1, self.layers):
            maps.append(self.get_submodule(f"encoder{level - 1}")(maps[-1]))
        return [maps[self.layers - 1 - step] for step, _ in self.attended]


class TargetDecoder(nn.Module):
    """Structure [B,S,H,W] -> features [B,width,H,W], textured from both guides on the way up."""

    def __init__(self, config: AnimationConfig) -> None:
        super().__init__()
        self.layers, self.attended = config.layers, config.attended
        self.block0 = EncoderBlock(inputs=config.structure_channels, outputs=config.channels(0), norm=config.norm)
        for level in range(1, config.layers):
            inputs, outputs = config.channels(level - 1), config.channels(level)
            self.add_module(f"encoder{level - 1}", EncoderBlock(inputs=inputs, outputs=outputs, norm=config.norm))
        for step, kernel in config.attended:
            channels = config.channels(config.layers - 1 - step)
            for source in "pr":
                attention = LocalAttention(channels=channels, kernel_size=kernel, hidden=config.attention_hidden)
                self.add_module(f"attn_{source}{step}", attention)
        for step in range(config.layers):
            inputs, outputs = (
                config.channels(config.layers - 1 - step),
                config.channels(max(config.layers - 2 - step, 0)),
            )
            decoder = ResBlockDecoder(inputs=inputs, outputs=outputs, hidden=inputs, norm=config.norm)
            self.add_module(f"decoder{step}", nn.Sequential(ResBlocks(channels=inputs, norm=config.norm), decoder))
        self.outconv = Output(inputs=config.channels(0), outputs=config.image_channels)

    def project_reference(self, features: Sequence[Tensor]) -> list[Tensor]:
        """The reference halves of the attentions, the same for all frames."""
        pairs = zip(self.attended, features, strict=True)
        return [self._attention("r", step).project(feature) for (step, _), feature in pairs]

    def forward(self, structure: Tensor, previous: Guide, reference: Guide) -> Tensor:
        x = self.block0(structure)
        for level in range(1, self.layers):
            x = self.get_submodule(f"encoder{level - 1}")(x)
        levels = {step: level for level, (step, _) in enumerate(self.attended)}
        for step in range(self.layers):
            if step in levels:
                x = self._blend("p", step, levels[step], x, previous) + self._blend(
                    "r", step, levels[step], x, reference
                )
            x = self.get_submodule(f"decoder{step}")(x)
        return x

    def _blend(self, source: str, step: int, level: int, x: Tensor, guide: Guide) -> Tensor:
        """The masked mix of x [B,C,h,w] and what one guide offers for it; the mixes of both guides are added."""
        projected = guide.projected[level] if guide.projected else None
        offered = self._attention(source, step)(guide.features[level], x, guide.flows[level], projected=projected)
        return torch.lerp(x, offered.to(x.dtype), guide.masks[level].to(x.dtype))

    def _attention(self, source: str, step: int) -> LocalAttention:
        return getattr(self, f"attn_{source}{step}")
