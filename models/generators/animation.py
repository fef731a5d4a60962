"""Animation generator: one picture of a person, moved by a sequence of structures (animation paper, section 3.2).

B batch, T frames, S structure channels, H, W image size (multiples of 2^flow_layers), h, w size of a feature map.
Images are in [-1, 1]; flows are in pixels of their own map; lists of flows and masks run from coarse to fine.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.attention import LocalAttention
from models.detail import Detail, DetailHead
from models.flow import FlowNet
from models.layers import EncoderBlock, Output, ResBlockDecoder, ResBlocks, channels_at


@dataclass(frozen=True)
class AnimationConfig:
    """Size of the generator; the defaults are the authors'.

    `attention_layers` are resolutions (layer l is 1/2^l of the image) and `kernel_sizes` belongs to them one by one.
    `detail_hidden` 0 leaves the detail head out.
    """

    image_channels: int = 3
    structure_channels: int = 20
    width: int = 64
    max_width: int = 512
    layers: int = 3
    flow_width: int = 32
    flow_max_width: int = 256
    flow_layers: int = 5
    attention_layers: tuple[int, ...] = (2, 3)
    kernel_sizes: tuple[int, ...] = (5, 3)
    attention_hidden: int = 128
    norm: str = "instance"
    detail_hidden: int = 0

    def channels(self, level: int) -> int:
        """Feature channels at 1/2^(level+1) of the image size."""
        return channels_at(level, width=self.width, max_width=self.max_width)

    @property
    def attended(self) -> tuple[tuple[int, int], ...]:
        """(decoder step, kernel size) of every attention, coarse to fine."""
        pairs = zip(self.attention_layers, self.kernel_sizes, strict=True)
        return tuple(sorted((self.layers - layer, kernel) for layer, kernel in pairs))


def dance_fashion() -> AnimationConfig:
    """The authors' generator for danceFashion."""
    return AnimationConfig()


def dance_iper() -> AnimationConfig:
    """The authors' generator for iPER: the same network, trained with masks."""
    return AnimationConfig()


def bundled_person() -> AnimationConfig:
    """The generator that ships with this package."""
    return AnimationConfig(
        width=32,
        max_width=256,
        flow_width=24,
        flow_max_width=192,
        kernel_sizes=(3, 3),
        attention_hidden=64,
        norm="batch",
        detail_hidden=24,
    )


@dataclass(frozen=True)
class Reference:
    """The source picture with everything that all frames share: attended features and their attention halves."""

    image: Tensor
    structure: Tensor
    features: list[Tensor]
    projected: list[Tensor]


@dataclass(frozen=True)
class State:
    """The frame before: image [B,3,H,W], structure [B,S,H,W]."""

    image: Tensor
    structure: Tensor

    @classmethod
    def initial(cls, reference: Reference) -> "State":
        """Before the first frame the source picture stands in."""
        return cls(reference.image, reference.structure)

    def __getitem__(self, batch: slice) -> "State":
        return State(self.image[batch], self.structure[batch])


@dataclass(frozen=True)
class Step:
    """One frame: image [B,3,H,W]; flows [B,2,h,w] and masks [B,1,h,w] per attended layer; with a detail head also
    `detail`, and `generated` is then the image before it."""

    image: Tensor
    structure: Tensor
    generated: Tensor
    flows_previous: list[Tensor]
    flows_reference: list[Tensor]
    masks_previous: list[Tensor]
    masks_reference: list[Tensor]
    detail: Detail | None = None

    @property
    def state(self) -> State:
        """What the next step needs."""
        return State(self.image, self.structure)


class AnimationGenerator(nn.Module):
    """Recurrent generator with two sources, the previous frame and the reference picture."""

    def __init__(self, *, config: AnimationConfig) -> None:
        super().__init__()
        self.config = config
        self.source_previous = _SourceEncoder(config)
        self.source_reference = _SourceEncoder(config)
        self.target = _TargetDecoder(config)
        self.flow_net_previous = _flow_net(config)
        self.flow_net_reference = _flow_net(config)
        self.detail = _detail_head(config) if config.detail_hidden else None

    def encode_reference(self, image: Tensor, structure: Tensor) -> Reference:
        """Image [B,3,H,W] and its structure [B,S,H,W] -> what `step` needs of them, computed once."""
        self._check(image, structure)
        features = self.source_reference(image)
        return Reference(image, structure, features, self.target.project_reference(features))

    def step(self, reference: Reference, previous: State, structure: Tensor) -> Step:
        """One frame in the pose `structure` [B,S,H,W]. Raises ValueError for sizes that don't fit."""
        self._check(previous.image, structure)
        flows_p, masks_p = self.flow_net_previous(torch.cat([previous.image, previous.structure, structure], dim=1))
        flows_r, masks_r = self.flow_net_reference(torch.cat([reference.image, reference.structure, structure], dim=1))
        features = self.target(
            structure,
            _Guide(self.source_previous(previous.image), flows_p, masks_p, None),
            _Guide(reference.features, flows_r, masks_r, reference.projected),
        )
        generated = self.target.outconv(features)
        image, detail = generated, None
        if self.detail is not None:
            flows, masks = (flows_p[-1], flows_r[-1]), (masks_p[-1], masks_r[-1])
            image, detail = self.detail(features, generated, previous.image, reference.image, flows, masks)
        return Step(image, structure, generated, flows_p, flows_r, masks_p, masks_r, detail)

    def forward(
        self,
        structures: Tensor,
        reference_image: Tensor,
        reference_structure: Tensor,
        previous_image: Tensor | None = None,
        previous_structure: Tensor | None = None,
    ) -> list[Step]:
        """Structures [B,T,S,H,W] -> T steps, gradients flowing through time; without a previous frame the reference
        takes its place."""
        reference = self.encode_reference(reference_image, reference_structure)
        state = State.initial(reference)
        if previous_image is not None and previous_structure is not None:
            state = State(previous_image, previous_structure)
        steps = []
        for structure in structures.unbind(1):
            steps.append(self.step(reference, state, structure))
            state = steps[-1].state
        return steps

    def _check(self, image: Tensor, structure: Tensor) -> None:
        config, size = self.config, tuple(image.shape[-2:])
        if image.shape[1] != config.image_channels or structure.shape[1] != config.structure_channels:
            expected = f"[B,{config.image_channels},H,W] and structure [B,{config.structure_channels},H,W]"
            raise ValueError(f"need image {expected}, got {tuple(image.shape)} and {tuple(structure.shape)}")
        if structure.shape[-2:] != size or any(side % 2**config.flow_layers for side in size):
            raise ValueError(
                f"image and structure must share a size in multiples of {2**config.flow_layers}, "
                f"got {size} and {tuple(structure.shape[-2:])}"
            )


@dataclass(frozen=True)
class _Guide:
    """One source of the target decoder; `projected` is the known source half of its attentions."""

    features: Sequence[Tensor]
    flows: Sequence[Tensor]
    masks: Sequence[Tensor]
    projected: Sequence[Tensor] | None


class _SourceEncoder(nn.Module):
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


class _TargetDecoder(nn.Module):
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

    def forward(self, structure: Tensor, previous: _Guide, reference: _Guide) -> Tensor:
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

    def _blend(self, source: str, step: int, level: int, x: Tensor, guide: _Guide) -> Tensor:
        """The masked mix of x [B,C,h,w] and what one guide offers for it; the mixes of both guides are added."""
        projected = guide.projected[level] if guide.projected else None
        offered = self._attention(source, step)(guide.features[level], x, guide.flows[level], projected=projected)
        return torch.lerp(x, offered.to(x.dtype), guide.masks[level].to(x.dtype))

    def _attention(self, source: str, step: int) -> LocalAttention:
        return getattr(self, f"attn_{source}{step}")


def _flow_net(config: AnimationConfig) -> FlowNet:
    return FlowNet(
        inputs=config.image_channels + 2 * config.structure_channels,
        width=config.flow_width,
        max_width=config.flow_max_width,
        layers=config.flow_layers,
        attention_layers=config.attention_layers,
        norm=config.norm,
    )


def _detail_head(config: AnimationConfig) -> DetailHead:
    return DetailHead(
        channels=config.channels(0),
        hidden=config.detail_hidden,
        scale=2 ** min(config.attention_layers),
        image_channels=config.image_channels,
    )
