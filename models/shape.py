"""What an object looks like from elsewhere, coarsely: ours in place of the paper's flow net, for rigid objects.

The features of the picture are lifted into a volume, the volume is turned with the object, and what the other camera
sees of it says how far away the surface is there. So every angle is a rotation, known exactly, and both flows follow
from one depth. B batch, C channels, D cells in depth, H, W image size, h, w map size.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.generators.config import ViewConfig
from models.layers import EncoderBlock, Jump, ResBlockDecoder, ResBlocks, channels_at
from models.turning import rigid_flow, turned

DEEPEST = 0.55  # diagonals: a little more than half of the longest


@dataclass(frozen=True)
class Outlook:
    """What is known of one view per attended layer, coarse to fine.

    depths [B,1,h,w]; flows [B,2,h,w] and masks [B,1,h,w] into each source, `flows[source][level]`.
    """

    depths: list[Tensor]
    flows: list[list[Tensor]]
    masks: list[list[Tensor]]


class ShapeNet(nn.Module):
    """Lifts a picture into a volume, and reads the volume from another side.

    All sources of a view share the depth; each has a mask and a flow that is added to the rigid one.
    """

    def __init__(self, config: ViewConfig, *, sources: int) -> None:
        super().__init__()
        self.config, self.sources = config, sources
        self.top = max(config.attention_layers)
        self.headed = [layer for layer in range(self.top, 0, -1) if layer in config.attention_layers]
        sizes = [
            channels_at(level, width=config.flow_width, max_width=config.flow_max_width)
            for level in range(config.flow_layers)
        ]
        self._add_picture(config, sizes)
        self._add_view(config, sizes)

    def _add_picture(self, config: ViewConfig, sizes: Sequence[int]) -> None:
        """U-Net from the picture to the volume's size."""
        inputs = [config.image_channels, *sizes]
        self.down = nn.ModuleList(
            EncoderBlock(inputs=inputs[level], outputs=inputs[level + 1], norm=config.norm)
            for level in range(config.flow_layers)
        )
        self.posed = _residual(sizes[-1] + config.pose_channels, sizes[-1], config.norm)
        levels = range(config.flow_layers - 1, self.top - 1, -1)
        self.up = nn.ModuleList(_doubling(sizes[level], sizes[level - 1], config.norm) for level in levels)
        self.jumps = nn.ModuleList(Jump(inputs=sizes[level - 1], outputs=sizes[level - 1]) for level in levels)
        self.lift = nn.Conv2d(sizes[self.top - 1], config.volume_channels * config.volume_depth, 1)

    def _add_view(self, config: ViewConfig, sizes: Sequence[int]) -> None:
        """From the turned volumes down to all layers with heads."""
        cells = self.sources * config.volume_channels * config.volume_depth
        shown = config.channels(config.layers - 1)
        self.look = nn.Conv2d(cells, shown, 1)
        self.around = EncoderBlock(inputs=shown + 2 * config.pose_channels, outputs=shown, norm=config.norm)
        self.back = _doubling(shown, shown, config.norm)
        self.sharpen = nn.ModuleList()
        self.heads = nn.ModuleList()
        for layer in range(self.top, min(self.headed) - 1, -1):
            inputs, outputs = (shown if layer == self.top else sizes[layer]), sizes[layer - 1]
            same = layer == self.top
            self.sharpen.append(
                _residual(shown, outputs, config.norm) if same else _doubling(inputs, outputs, config.norm)
            )
            if layer in self.headed:
                self.heads.append(_silent(nn.Conv2d(outputs, 1 + 3 * self.sources, 3, padding=1)))

    def read(self, image: Tensor, code: Tensor) -> Tensor:
        """Picture [B,3,H,W] and the code [B,P,1,1] of its pose -> the volume [B,C,D,h,w] that it shows."""
        skips = []
        for block in self.down:
            image = block(image)
            skips.append(image)
        x = self.posed(_with_code(image, code))
        for level, (up, jump) in enumerate(zip(self.up, self.jumps, strict=True)):
            x = up(x) + jump(skips[-2 - level])
        return self.lift(x).unflatten(1, (self.config.volume_channels, self.config.volume_depth))  # [B,C,D,h,w]

    def view(self, volumes: Sequence[Tensor], turns: Sequence[Tensor], code: Tensor) -> tuple[Tensor, Outlook]:
        """What the camera sees of the sources' volumes [B,C,D,h,w].

        turns: [B,3,3] from its axes to those of each source's camera; code: [B,2*P,1,1] of its pose, itself and seen
        from the first source.

        Returns:
            Features [B,C,h,w] at the coarsest attended layer, and the Outlook.
        """
        cells = [turned(volume, turn).flatten(1, 2) for volume, turn in zip(volumes, turns, strict=True)]
        x = self.look(torch.cat(cells, 1))
        features = x = x + self.back(self.around(_with_code(x, code)))
        depths, flows, masks = [], [[] for _ in turns], [[] for _ in turns]
        heads = iter(self.heads)
        for layer, block in zip(range(self.top, 0, -1), self.sharpen, strict=False):
            x = block(x)
            if layer not in self.headed:
                continue
            head = next(heads)
            # Positions need more than half precision, as in `models.flow`.
            with torch.autocast(device_type=x.device.type, enabled=False):
                found = head(x.to(head.weight.dtype))
                depth = DEEPEST * found[:, :1].tanh()
                depths.append(depth)
                for source, turn in enumerate(turns):
                    own = found[:, 1 + 3 * source : 4 + 3 * source]
                    flows[source].append(rigid_flow(depth, turn.to(depth.dtype)) + own[:, :2])
                    masks[source].append(own[:, 2:].sigmoid())
        return features, Outlook(depths, flows, masks)


def _with_code(x: Tensor, code: Tensor) -> Tensor:
    return torch.cat([x, code.to(x.dtype).expand(-1, -1, *x.shape[-2:])], 1)


def _residual(inputs: int, outputs: int, norm: str) -> ResBlocks:
    return ResBlocks(inputs=inputs, outputs=outputs, hidden=outputs, norm=norm)


def _doubling(inputs: int, outputs: int, norm: str) -> ResBlockDecoder:
    return ResBlockDecoder(inputs=inputs, outputs=outputs, hidden=outputs, norm=norm)


def _silent(module: nn.Module) -> nn.Module:
    """`module` with all parameters 0: the flow starts as that of a plane."""
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    return module
