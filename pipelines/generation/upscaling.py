"""Finished frames made larger by a network of others, whose file the user names; spandrel knows what kind it is.

Frames are uint8 RGB [H, W, 3] or RGBA [H, W, 4]. Called by `pipelines.generation.video_output` and pose transfer.
"""

from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from torch import Tensor

from models.errors import BackendUnavailable, InputError, WeightsError, install_command
from pipelines.media.files import check_readable
from pipelines.option_groups import PictureOptions
from pipelines.runtime.devices import choose_device

if TYPE_CHECKING:
    from spandrel import ImageModelDescriptor

TILE = 512  # pixels of a frame that the network sees at once, which bounds its memory
CONTEXT = 32  # pixels that it sees around them, so that tiles fit together


class Upscaler:
    """Makes frames `scale` times as large.

    Args:
        path: file of a network for RGB pictures.
        scale: by default what the network makes; other sizes are made of that.
        device: where it runs, as the user names it.

    Raises:
        BackendUnavailable: spandrel is not installed, or there is no such device.
        InputError, WeightsError: the file can't be read, or is of no such network.
    """

    def __init__(self, path: Path, scale: float | None, device: str) -> None:
        self.device = choose_device(device)
        self.network = load_network(path).to(self.device)
        self.scale = scale or self.network.scale

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Width and height that frames of a size get."""
        return round(size[0] * self.scale), round(size[1] * self.scale)

    @torch.inference_mode()
    def __call__(self, frame: np.ndarray) -> np.ndarray:
        """The larger frame; the opacity of RGBA is interpolated."""
        height, width = frame.shape[:2]
        colours = torch.from_numpy(np.ascontiguousarray(frame[..., :3])).to(self.device).permute(2, 0, 1)[None]
        factor = self.network.scale
        enlarged = torch.empty(3, height * factor, width * factor, dtype=torch.uint8, device=self.device)
        for rows in _tiles(height):
            for columns in _tiles(width):
                self._enlarge(colours, enlarged, rows, columns)
        size = self.size((width, height))
        result = _resize(enlarged.permute(1, 2, 0).cpu().numpy(), size)
        return result if frame.shape[2] == 3 else np.dstack([result, _resize(frame[..., 3], size)])

    def _enlarge(self, colours: Tensor, enlarged: Tensor, rows: slice, columns: slice) -> None:
        """Write a tile of [1, 3, H, W] into its place in [3, H factor, W factor]."""
        factor, height, width = self.network.scale, *colours.shape[-2:]
        top, left = max(rows.start - CONTEXT, 0), max(columns.start - CONTEXT, 0)
        bottom, right = min(rows.stop + CONTEXT, height), min(columns.stop + CONTEXT, width)
        result = self.network(colours[..., top:bottom, left:right].float() / 255)[0]
        inner = result[:, _scaled(rows, -top, factor), _scaled(columns, -left, factor)]
        place = _scaled(rows, 0, factor), _scaled(columns, 0, factor)
        enlarged[:, place[0], place[1]] = (inner.clamp(0, 1) * 255).round().byte()


def check_spandrel() -> None:
    """Raises BackendUnavailable if the library is not installed."""
    if find_spec("spandrel") is None:
        raise BackendUnavailable(f"--upscaler needs spandrel: {install_command('upscale')}")


def check_upscaler(options: PictureOptions) -> None:
    """Refuse before the work what `make_upscaler` would refuse. Raises what `Upscaler` raises."""
    if options.scale and not options.upscaler:
        raise InputError("--scale needs a network that makes pictures larger: name its file with --upscaler")
    if options.upscaler:
        load_network(options.upscaler)


def make_upscaler(options: PictureOptions, device: str) -> Upscaler | None:
    """The upscaler that options ask for; None if they ask for none."""
    return Upscaler(options.upscaler, options.scale, device) if options.upscaler else None


@lru_cache(1)  # it is checked before it is used
def load_network(path: Path) -> "ImageModelDescriptor":
    """The network in a file, on the CPU. Raises what `Upscaler` raises."""
    check_spandrel()
    from spandrel import ImageModelDescriptor, ModelLoader

    check_readable(path)
    try:
        network = ModelLoader(device="cpu").load_from_file(path)
    except Exception as error:  # whatever is in the file
        reason = " ".join(str(error).split()) or type(error).__name__
        raise WeightsError(f"{path} is no network that spandrel knows ({reason:.120})") from None
    if not isinstance(network, ImageModelDescriptor) or (network.input_channels, network.output_channels) != (3, 3):
        raise WeightsError(f"{path} is a network for other things than RGB pictures: use one that makes them larger")
    return network.eval()


def _tiles(length: int) -> Iterator[slice]:
    count = -(-length // TILE)
    ends = np.linspace(0, length, count + 1).astype(int).tolist()
    return (slice(*pair) for pair in pairwise(ends))


def _scaled(part: slice, shift: int, factor: int) -> slice:
    return slice((part.start + shift) * factor, (part.stop + shift) * factor)


def _resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    smaller = size[0] < image.shape[1]
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
