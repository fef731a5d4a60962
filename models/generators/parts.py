"""The parts of every generator: source encoder, flow net and target decoder (paper, section 3).

Layouts and state-dict keys are those of the official format, sections 3.1 to 3.3. Used by the other modules of
`models.generators`.

B batch, I image channels, S structure channels, C channels, H, W image size, h, w size of a feature map. Images are in
[-1, 1]; flow is backward flow in pixels of its own map, channel 0 = x; masks are in (0, 1), 1 means "take the warped
source"; lists run over the attended layers, coarse to fine.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.attention import LocalAttention
from models.choice import choose_sources, mix
from models.flow import FlowNet
from models.generators.config import GeneratorConfig
from models.layers import EncoderBlock, Output, ResBlockDecoder, ResBlocks


@dataclass(frozen=True)
class DecoderSource:
    """What the target decoder reads of one source image."""

    features: Sequence[Tensor]
    """[B,C,h,w] of the source encoder."""

    flows: Sequence[Tensor]
    """[B,2,h,w] into the source."""

    masks: Sequence[Tensor]
    """[B,1,h,w]."""

    projected: Sequence[Tensor] | None = None
    """`TargetDecoder.project` of the features, if it is known already."""

    others: Sequence["DecoderSource"] = ()
    """Further images of what this one shows; every place takes of each as much as `models.choice` says."""


class SourceEncoder(nn.Module):
    """Encodes an image into the features that the attended layers of the target decoder read."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.layers, self.attended = config.layers, config.attended
        _add_encoders(self, config, inputs=config.image_channels)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Image [B,I,H,W] -> features [B,C,h,w]."""
        maps = list(_encode(self, image))
        return [maps[self.layers - 1 - step] for step, _ in self.attended]


class TargetDecoder(nn.Module):
    """Decodes a structure into an image, taking the texture from one or more sources on the way.

    Args:
        config: sizes of the generator.
        sources: for each source the infix in the state-dict keys of its attentions, `attn<infix><step>`.
        doublings: None if the structure is a map [B,S,H,W]; otherwise it is coarse features [B,S,h,w], whose size is
            doubled this many times to become the input of the first decoder step.
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
        self.outconv = Output(inputs=config.channels(0), outputs=config.output_channels)

    def project(self, source: str, features: Sequence[Tensor]) -> list[Tensor]:
        """What the attentions compute from the features [B,C,h,w] of one source alone; see `LocalAttention.project`.

        source: the infix of the source.
        """
        pairs = zip(self.attended, features, strict=True)
        return [self._attention(source, step).project(feature) for (step, _), feature in pairs]

    def forward(self, structure: Tensor, *sources: DecoderSource) -> Tensor:
        """Structure and sources -> features [B,width,H,W]; `outconv` turns them into the image."""
        x = self._encode_structure(structure)
        levels = {step: level for level, (step, _) in enumerate(self.attended)}
        for step in range(self.layers):
            if step in levels:
                pairs = zip(self.sources, sources, strict=True)
                mixes = [self._blend(infix, step, levels[step], x, source) for infix, source in pairs]
                x = sum(mixes[1:], mixes[0])  # added, not averaged
            x = self.get_submodule(f"decoder{step}")(x)
        return x

    def _encode_structure(self, structure: Tensor) -> Tensor:
        """Structure -> features [B,C,h,w] for the first decoder step."""
        if self.doublings is None:
            return list(_encode(self, structure))[-1]
        for block in range(self.doublings):
            structure = self.get_submodule(f"block{block}")(structure)
        return structure

    def _add_blocks(self, config: GeneratorConfig, doublings: int) -> None:
        """Add the blocks that double coarse features until they fit the first decoder step."""
        sizes = [config.structure_channels, *[config.channels(0)] * (doublings - 1), config.channels(self.layers - 1)]
        for block in range(doublings):
            inputs, outputs = sizes[block : block + 2]
            decoder = ResBlockDecoder(inputs=inputs, outputs=outputs, hidden=inputs, norm=config.norm)
            self.add_module(f"block{block}", decoder)

    def _blend(self, infix: str, step: int, level: int, x: Tensor, source: DecoderSource) -> Tensor:
        """x [B,C,h,w], replaced by the attended features of one source where its mask is 1 -> [B,C,h,w]."""
        attention, sources = self._attention(infix, step), (source, *source.others)
        masks = [each.masks[level] for each in sources]
        attended = []
        for each in sources:
            projected = each.projected[level] if each.projected else None
            attended.append(attention(each.features[level], x, each.flows[level], projected=projected))
        shares = choose_sources(masks)
        return torch.lerp(x, mix(attended, shares).to(x.dtype), mix(masks, shares).to(x.dtype))

    def _attention(self, infix: str, step: int) -> LocalAttention:
        return getattr(self, f"attn{infix}{step}")


def flow_net(config: GeneratorConfig, *, inputs: int, flows: int = 1, limbs: int = 0, codes: int = 0) -> FlowNet:
    """The flow net of a generator, for `inputs` channels of images and structures; see `FlowNet`."""
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
    """Raise ValueError unless image [B,I,H,W] and structure map [B,S,H,W] fit the config and each other."""
    check_image(config, image)
    if structure.shape[1] != config.structure_channels or structure.shape[-2:] != image.shape[-2:]:
        height, width = image.shape[-2:]
        expected = f"[B,{config.structure_channels},{height},{width}]"
        raise ValueError(f"expected structure {expected}, got {tuple(structure.shape)}")


def check_image(config: GeneratorConfig, image: Tensor) -> None:
    """Raise ValueError unless image is [B,I,H,W] with H and W multiples of 2^flow_layers."""
    cell = 2**config.flow_layers
    if image.shape[1] != config.image_channels or any(side % cell for side in image.shape[-2:]):
        expected = f"[B,{config.image_channels},H,W], H and W multiples of {cell}"
        raise ValueError(f"expected image {expected}, got {tuple(image.shape)}")


def _add_encoders(module: nn.Module, config: GeneratorConfig, *, inputs: int) -> None:
    sizes = [inputs, *(config.channels(level) for level in range(config.layers))]
    for level in range(config.layers):
        name = f"encoder{level - 1}" if level else "block0"
        module.add_module(name, EncoderBlock(inputs=sizes[level], outputs=sizes[level + 1], norm=config.norm))


def _encode(module: "SourceEncoder | TargetDecoder", x: Tensor) -> Iterator[Tensor]:
    """The features [B,C,h,w] after each encoder block, fine to coarse."""
    for level in range(module.layers):
        x = module.get_submodule(f"encoder{level - 1}" if level else "block0")(x)
        yield x
