"""What every generator is put together from: source encoder, flow net and target decoder (paper, section 3).

B batch, S structure channels, H, W image size, C channels, h, w size of a feature map.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.attention import LocalAttention
from models.flow import FlowNet
from models.generators.config import GeneratorConfig
from models.layers import EncoderBlock, Output, ResBlockDecoder, ResBlocks


@dataclass(frozen=True)
class Guide:
    """One source of the target decoder; `projected` is the known source half of its attentions."""

    features: Sequence[Tensor]
    flows: Sequence[Tensor]
    masks: Sequence[Tensor]
    projected: Sequence[Tensor] | None = None


class SourceEncoder(nn.Module):
    """Picture [B,3,H,W] -> features of the attended layers, coarse to fine."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.layers, self.attended = config.layers, config.attended
        _add_encoders(self, config, inputs=config.image_channels)

    def forward(self, image: Tensor) -> list[Tensor]:
        maps = list(_encode(self, image))
        return [maps[self.layers - 1 - step] for step, _ in self.attended]


class TargetDecoder(nn.Module):
    """Structure -> features [B,width,H,W], textured from all guides on the way up.

    Args:
        sources: what the key of each guide's attentions has before the decoder step.
        doublings: the structure is not a map [B,S,H,W] but coarse features [B,S,h,w], this often to be doubled in size
            to become what the first decoder step reads.
    """

    def __init__(
        self, config: GeneratorConfig, *, sources: Sequence[str] = ("",), doublings: int | None = None
    ) -> None:
        super().__init__()
        self.layers, self.attended, self.sources = config.layers, config.attended, tuple(sources)
        self.doublings = doublings
        if doublings is None:
            _add_encoders(self, config, inputs=config.structure_channels)
        else:
            self._add_blocks(config, doublings)
        for step, kernel in config.attended:
            channels = config.channels(config.layers - 1 - step)
            for source in self.sources:
                attention = LocalAttention(channels=channels, kernel_size=kernel, hidden=config.attention_hidden)
                self.add_module(f"attn{source}{step}", attention)
        for step in range(config.layers):
            inputs, outputs = (
                config.channels(config.layers - 1 - step),
                config.channels(max(config.layers - 2 - step, 0)),
            )
            same = ResBlocks(inputs=inputs, outputs=inputs, hidden=inputs, norm=config.norm)
            decoder = ResBlockDecoder(inputs=inputs, outputs=outputs, hidden=inputs, norm=config.norm)
            self.add_module(f"decoder{step}", nn.Sequential(same, decoder))
        self.outconv = Output(inputs=config.channels(0), outputs=config.image_channels)

    def project(self, source: str, features: Sequence[Tensor]) -> list[Tensor]:
        """The halves of a guide's attentions that depend on its features alone."""
        pairs = zip(self.attended, features, strict=True)
        return [self._attention(source, step).project(feature) for (step, _), feature in pairs]

    def forward(self, structure: Tensor, *guides: Guide) -> Tensor:
        x = self._begin(structure)
        levels = {step: level for level, (step, _) in enumerate(self.attended)}
        for step in range(self.layers):
            if step in levels:
                pairs = zip(self.sources, guides, strict=True)
                mixes = [self._blend(source, step, levels[step], x, guide) for source, guide in pairs]
                x = sum(mixes[1:], mixes[0])
            x = self.get_submodule(f"decoder{step}")(x)
        return x

    def _begin(self, structure: Tensor) -> Tensor:
        if self.doublings is None:
            return list(_encode(self, structure))[-1]
        for block in range(self.doublings):
            structure = self.get_submodule(f"block{block}")(structure)
        return structure

    def _add_blocks(self, config: GeneratorConfig, doublings: int) -> None:
        """From coarse features up to the first decoder step's."""
        sizes = [config.structure_channels, *[config.channels(0)] * (doublings - 1), config.channels(self.layers - 1)]
        for block in range(doublings):
            inputs, outputs = sizes[block : block + 2]
            decoder = ResBlockDecoder(inputs=inputs, outputs=outputs, hidden=inputs, norm=config.norm)
            self.add_module(f"block{block}", decoder)

    def _blend(self, source: str, step: int, level: int, x: Tensor, guide: Guide) -> Tensor:
        """The masked mix of x [B,C,h,w] and what one guide offers for it; the mixes of all guides are added."""
        projected = guide.projected[level] if guide.projected else None
        offered = self._attention(source, step)(guide.features[level], x, guide.flows[level], projected=projected)
        return torch.lerp(x, offered.to(x.dtype), guide.masks[level].to(x.dtype))

    def _attention(self, source: str, step: int) -> LocalAttention:
        return getattr(self, f"attn{source}{step}")


def flow_net(config: GeneratorConfig, *, inputs: int, flows: int = 1, limbs: int = 0, codes: int = 0) -> FlowNet:
    """The flow net of a generator; see `FlowNet`."""
    return FlowNet(
        inputs=inputs,
        width=config.flow_width,
        max_width=config.flow_max_width,
        layers=config.flow_layers,
        attention_layers=config.attention_layers,
        norm=config.norm,
        flows=flows,
        limbs=limbs,
        codes=codes,
    )


def check_maps(config: GeneratorConfig, image: Tensor, structure: Tensor) -> None:
    """Raise ValueError unless image [B,3,H,W] and structure [B,S,H,W] fit the config and each other."""
    check_image(config, image)
    if structure.shape[1] != config.structure_channels or structure.shape[-2:] != image.shape[-2:]:
        height, width = image.shape[-2:]
        expected = f"[B,{config.structure_channels},{height},{width}]"
        raise ValueError(f"need structure {expected}, got {tuple(structure.shape)}")


def check_image(config: GeneratorConfig, image: Tensor) -> None:
    """Raise ValueError unless image [B,3,H,W] has sizes that can be halved `flow_layers` times."""
    cell = 2**config.flow_layers
    if image.shape[1] != config.image_channels or any(side % cell for side in image.shape[-2:]):
        expected = f"[B,{config.image_channels},H,W], H and W multiples of {cell}"
        raise ValueError(f"need image {expected}, got {tuple(image.shape)}")


def _add_encoders(module: nn.Module, config: GeneratorConfig, *, inputs: int) -> None:
    sizes = [inputs, *(config.channels(level) for level in range(config.layers))]
    for level in range(config.layers):
        name = f"encoder{level - 1}" if level else "block0"
        module.add_module(name, EncoderBlock(inputs=sizes[level], outputs=sizes[level + 1], norm=config.norm))


def _encode(module: "SourceEncoder | TargetDecoder", x: Tensor) -> Iterator[Tensor]:
    """The features after each encoder block, fine to coarse."""
    for level in range(module.layers):
        x = module.get_submodule(f"encoder{level - 1}" if level else "block0")(x)
        yield x
