"""What an object looks like from elsewhere, coarsely: ours in place of the paper's flow net, for rigid objects.

The features of the picture are lifted into a volume, the volume is turned with the object, and what the other camera
sees of it says how far away the surface is there. So every angle is a rotation, known exactly, and the flows into all
sources follow from one depth. B batch, C channels, D cells in depth, P channels of a pose's code, H, W image size, h, w
map size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from models.generators.config import ViewConfig
from models.layers import EncoderBlock, Jump, ResBlockDecoder, ResBlocks, channels_at
from models.turning import DISTANCE, rigid_flow, turned

DEEPEST = 0.55  # diagonals from the object's middle: a little more than half of one


@dataclass(frozen=True)
class Outlook:
    """What is known of one view per attended layer, coarse to fine: depths [B,1,h,w] in diagonals of the object, and
    `flows[source][level]` [B,2,h,w] and `masks[source][level]` [B,1,h,w] into each source."""

    depths: list[Tensor]
    flows: list[list[Tensor]]
    masks: list[list[Tensor]]


class VolumeEncoder(nn.Module):
    """U-Net from a picture to the volume that it shows, whose height and width are those of the decoder's first map."""

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
            inputs=sizes[-1] + config.pose_channels, outputs=sizes[-1], hidden=sizes[-1], norm=config.norm
        )
        levels = range(config.flow_layers - 1, config.layers - 1, -1)
        self.up = nn.ModuleList(_doubling(sizes[level], sizes[level - 1], config.norm) for level in levels)
        self.jumps = nn.ModuleList(Jump(inputs=sizes[level - 1], outputs=sizes[level - 1]) for level in levels)
        self.lift = nn.Conv2d(sizes[config.layers - 1], config.volume_channels * config.volume_depth, 1)

    def forward(self, image: Tensor, code: Tensor) -> Tensor:
        """Picture [B,3,H,W] and the code [B,P,1,1] of its pose -> volume [B,C,D,h,w]."""
        skips = []
        for block in self.down:
            image = block(image)
            skips.append(image)
        x = self.posed(_with_code(image, code))
        for skip, up, jump in zip(skips[-2::-1], self.up, self.jumps, strict=False):
            x = up(x) + jump(skip)
        return self.lift(x).unflatten(1, self.volume)  # [B,C,D,h,w]


class VolumeReader(nn.Module):
    """What a camera sees of the volumes of one or more sources, as far as flows and masks need it.

    All sources share the depth; each has a mask and a flow that is added to the rigid one.

    Raises:
        ValueError: the config's attended layers don't follow each other up to the decoder's first.
    """

    def __init__(self, config: ViewConfig, *, sources: int) -> None:
        super().__init__()
        layers = sorted(config.attention_layers, reverse=True)
        if layers != list(range(config.layers, min(layers) - 1, -1)):
            raise ValueError(f"attended layers {config.attention_layers} must go from one to {config.layers}")
        sizes, shown = _sizes(config), config.channels(config.layers - 1)
        self.collapse = nn.Conv2d(sources * config.volume_channels * config.volume_depth, shown, 1)
        self.around = EncoderBlock(inputs=shown + 2 * config.pose_channels, outputs=shown, norm=config.norm)
        self.back = _doubling(shown, shown, config.norm)
        outputs = [sizes[layer - 1] for layer in layers]
        first = ResBlocks(inputs=shown, outputs=outputs[0], hidden=outputs[0], norm=config.norm)
        finer = (_doubling(*pair, config.norm) for pair in pairwise(outputs))
        self.decoder = nn.ModuleList([first, *finer])
        self.heads = nn.ModuleList(_silent(nn.Conv2d(size, 1 + 3 * sources, 3, padding=1)) for size in outputs)

    def forward(
        self, volumes: Sequence[Tensor], turns: Sequence[Tensor], code: Tensor, distance: float = DISTANCE
    ) -> tuple[Tensor, Outlook]:
        """Volumes [B,C,D,h,w] -> features [B,C,h,w] for the decoder, and the Outlook.

        turns: [B,3,3] from the camera's axes to those of each volume's; code: [B,2*P,1,1] of the camera's pose, as it
        is and from the first source's point of view; distance: of all cameras, in diagonals of the object.
        """
        cells = [turned(volume, turn, distance).flatten(1, 2) for volume, turn in zip(volumes, turns, strict=True)]
        seen = self.collapse(torch.cat(cells, 1))
        features = x = seen + self.back(self.around(_with_code(seen, code)))
        outlook = Outlook([], [[] for _ in turns], [[] for _ in turns])
        for block, head in zip(self.decoder, self.heads, strict=True):
            x = block(x)
            # Positions need more than half precision, as in `models.flow`.
            with torch.autocast(device_type=x.device.type, enabled=False):
                _add_level(outlook, head(x.float() if x.dtype != torch.float64 else x), turns, distance)
        return features, outlook


def _add_level(outlook: Outlook, found: Tensor, turns: Sequence[Tensor], distance: float) -> None:
    """Turn a head's result [B,1+3*sources,h,w] into depth, flows and masks."""
    depth, *rest = found.split([1, *[2, 1] * len(turns)], 1)
    depth = DEEPEST * depth.tanh()
    outlook.depths.append(depth)
    for source, turn in enumerate(turns):
        outlook.flows[source].append(rigid_flow(depth, turn.to(depth.dtype), distance) + rest[2 * source])
        outlook.masks[source].append(rest[2 * source + 1].sigmoid())


def _sizes(config: ViewConfig) -> list[int]:
    """Channels at 1/2, 1/4, ... of the picture."""
    widths = {"width": config.flow_width, "max_width": config.flow_max_width}
    return [channels_at(level, **widths) for level in range(config.flow_layers)]


def _with_code(x: Tensor, code: Tensor) -> Tensor:
    return torch.cat([x, code.to(x.dtype).expand(-1, -1, *x.shape[-2:])], 1)


def _doubling(inputs: int, outputs: int, norm: str) -> ResBlockDecoder:
    return ResBlockDecoder(inputs=inputs, outputs=outputs, hidden=outputs, norm=norm)


def _silent(module: nn.Module) -> nn.Module:
    """`module` with all parameters 0: the flow starts as that of a plane."""
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    return module
