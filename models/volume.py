"""Volumes of features for view synthesis: they take the place of the paper's flow net where objects are rigid.

In: an image and its camera. Out: features, flows and masks for another camera. The features of the image are lifted
into a volume, the volume is rotated with the object, and the depth of the surface is read from it. So a change of the
camera is an exact projection, and the flows into all sources follow from one depth. Our addition to the paper; used by
`models.generators.view`.

B batch, C channels, D cells in depth, P channels of a code, H, W image size, h, w size of a map. Flow is backward
flow in pixels of its own map, channel 0 = x; masks are in (0, 1), 1 means "take the warped source"; lists run from
coarse to fine. Distances and depths are in diagonals of the object, as in `models.turning`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from models.generators.config import ViewConfig
from models.layers import EncoderBlock, Jump, PositionConv2d, ResBlockDecoder, ResBlocks, channels_at, zero_parameters
from models.turning import Camera, rigid_flow, rotate_volume

MAX_DEPTH = 0.55  # from the object's centre: no surface is further than half a diagonal


@dataclass(frozen=True)
class ViewGeometry:
    """Depths, flows and masks of one view."""

    depths: list[Tensor]
    """[B,1,h,w] for each attended layer: coordinate d of the surface, towards the camera from the object's centre."""

    flows: list[list[Tensor]]
    """flows[source][level] [B,2,h,w] into each source."""

    masks: list[list[Tensor]]
    """masks[source][level] [B,1,h,w] of each source."""


class VolumeEncoder(nn.Module):
    """U-Net from an image to a volume of features; the volume's h, w are those of the target decoder's first map."""

    def __init__(self, config: ViewConfig) -> None:
        super().__init__()
        self.volume = config.volume_channels, config.volume_depth
        sizes = _sizes(config)
        inputs = [config.image_channels, *sizes]
        self.down = nn.ModuleList(
            EncoderBlock(inputs=inputs[level], outputs=sizes[level], norm=config.norm)
            for level in range(config.flow_layers)
        )
        self.posed = ResBlocks(
            inputs=sizes[-1] + config.source_code_channels, outputs=sizes[-1], hidden=sizes[-1], norm=config.norm
        )
        levels = range(config.flow_layers - 1, config.layers - 1, -1)
        self.up = nn.ModuleList(_upsampling_block(sizes[level], sizes[level - 1], config.norm) for level in levels)
        self.jumps = nn.ModuleList(Jump(inputs=sizes[level - 1], outputs=sizes[level - 1]) for level in levels)
        self.lift = nn.Conv2d(sizes[config.layers - 1], config.volume_channels * config.volume_depth, 1)

    def forward(self, image: Tensor, code: Tensor) -> Tensor:
        """Image [B,3,H,W] in [-1, 1] and the code [B,P,1,1] of its camera -> volume [B,C,D,h,w]."""
        skips = []
        for block in self.down:
            image = block(image)
            skips.append(image)
        x = self.posed(_append_code(image, code))
        for skip, up, jump in zip(skips[-2::-1], self.up, self.jumps, strict=False):
            x = jump(skip, up(x))
        return self.lift(x).unflatten(1, self.volume)  # [B,C,D,h,w]


class VolumeReader(nn.Module):
    """Reads features, flows and masks for a camera out of the volumes of one or more sources.

    All sources share the depth; each has its own mask, and a flow that is added to the rigid one.

    Args:
        config: sizes of the generator.
        sources: number of sources.

    Raises:
        ValueError: the attended layers are not consecutive, or don't end with the decoder's first.
    """

    def __init__(self, config: ViewConfig, *, sources: int) -> None:
        super().__init__()
        layers = sorted(config.attention_layers, reverse=True)
        if layers != list(range(config.layers, min(layers) - 1, -1)):
            raise ValueError(
                f"attention_layers {config.attention_layers} must be consecutive numbers up to {config.layers}"
            )
        sizes, shown = _sizes(config), config.channels(config.layers - 1)
        self.collapse = nn.Conv2d(sources * config.volume_channels * config.volume_depth, shown, 1)
        self.around = EncoderBlock(inputs=shown + config.target_code_channels, outputs=shown, norm=config.norm)
        self.back = _upsampling_block(shown, shown, config.norm)
        outputs = [sizes[layer - 1] for layer in layers]
        first = ResBlocks(inputs=shown, outputs=outputs[0], hidden=outputs[0], norm=config.norm)
        finer = (_upsampling_block(*pair, config.norm) for pair in pairwise(outputs))
        self.decoder = nn.ModuleList([first, *finer])
        # At first the flow is that of a plane through the object's centre.
        heads = (PositionConv2d(size, 1 + 3 * sources, 3, padding=1) for size in outputs)
        self.heads = nn.ModuleList(zero_parameters(head) for head in heads)

    def forward(
        self, volumes: Sequence[Tensor], sources: Sequence[Camera], camera: Camera, code: Tensor
    ) -> tuple[Tensor, ViewGeometry]:
        """Read one view.

        Args:
            volumes: [B,C,D,h,w] of each source.
            sources: the camera of each source.
            camera: that of the view.
            code: [B,P,1,1] code of the view's camera and of the first source's.

        Returns:
            Features [B,channels,h,w] for the target decoder, and depths, flows and masks.
        """
        pairs = zip(volumes, sources, strict=True)
        cells = [rotate_volume(volume, camera, source).flatten(1, 2) for volume, source in pairs]  # [B,C*D,h,w]
        seen = self.collapse(torch.cat(cells, 1))
        features = x = seen + self.back(self.around(_append_code(seen, code)))
        geometry = ViewGeometry([], [[] for _ in sources], [[] for _ in sources])
        for block, head in zip(self.decoder, self.heads, strict=True):
            x = block(x)
            _add_level(geometry, head(x), sources, camera)
        return features, geometry


def _add_level(geometry: ViewGeometry, found: Tensor, sources: Sequence[Camera], camera: Camera) -> None:
    """Split the result [B,1+3*sources,h,w] of a head into depth, flows and masks, and append them to `geometry`."""
    depth, *rest = found.split([1, *[2, 1] * len(sources)], 1)
    depth = MAX_DEPTH * depth.tanh()
    geometry.depths.append(depth)
    for number, source in enumerate(sources):
        geometry.flows[number].append(rigid_flow(depth, camera, source) + rest[2 * number])
        geometry.masks[number].append(rest[2 * number + 1].sigmoid())


def _sizes(config: ViewConfig) -> list[int]:
    """Channels of the U-Net at 1/2, 1/4, ... of the image's size."""
    widths = {"width": config.flow_width, "max_width": config.flow_max_width}
    return [channels_at(level, **widths) for level in range(config.flow_layers)]


def _append_code(x: Tensor, code: Tensor) -> Tensor:
    """[B,C,h,w] and a code [B,P,1,1] -> [B,C+P,h,w]."""
    return torch.cat([x, code.to(x.dtype).expand(-1, -1, *x.shape[-2:])], 1)


def _upsampling_block(inputs: int, outputs: int, norm: str) -> ResBlockDecoder:
    return ResBlockDecoder(inputs=inputs, outputs=outputs, hidden=outputs, norm=norm)
