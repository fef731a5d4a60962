"""Time of every kernel of local attention after its second layer on CUDA: as it is launched, and with other settings.

    python -m benchmarks.attention_tuning [--shape 0..3] [--batches N ...] [--precision bf16|fp32]

Settings are rows and columns of positions (or pixels) that a program handles, its warps, `UNROLL` and `CHUNK`. They are
compiled in several processes first. One line per batch and kernel is printed as soon as it is known, the fastest
settings first. What is better at all batches belongs into `TILES`, `PROGRAMS`, `GATHER_TILE`, `UNROLL`, `CHUNK` and the
launches in `models.ops`; `pytest -m gpu tests/models/ops` then says whether they are still right.
"""

import argparse
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import Any
from unittest.mock import patch

import torch

from benchmarks.attention_kernels import SHAPES, time_call
from models.ops import attention_triton, cells_triton, neighbours_triton
from tests.helpers.attention_parts import Shape, differentiate, make_parts

PROCESSES = 12  # that compile at the same time
MODULES = {
    "_attend": attention_triton,
    "_sort": cells_triton,
    "_attend_backward": attention_triton,
    "_collect": neighbours_triton,
}
TILES = (2, 2), (2, 4), (4, 4), (4, 8), (8, 8)
VALUES = range(8, 65)  # of a tile in each thread: fewer are mostly overhead, more don't fit into the registers
PRECISIONS = {"bf16": torch.bfloat16, "fp32": torch.float32}


@dataclass(frozen=True)
class Setting:
    """What a kernel is launched with instead of what `models.ops` chooses."""

    kernel: str
    warps: int
    arguments: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return " ".join([*(f"{name}={value}" for name, value in self.arguments.items()), f"warps={self.warps}"])


@dataclass(frozen=True)
class Launch:
    """A kernel with its grid and arguments, which can be launched again."""

    kernel: Any
    grid: tuple[int]
    arguments: tuple
    options: dict[str, int]
    """Such as `num_warps`."""

    def change(self, setting: Setting, positions: int) -> "Launch":
        """The same work, which is on this many positions, with another setting."""
        arguments = dict(zip(self.kernel.arg_names, self.arguments, strict=True)) | setting.arguments
        tiled = "TILE_H" in setting.arguments
        grid = (positions // (arguments["TILE_H"] * arguments["TILE_W"]),) if tiled else self.grid
        return Launch(self.kernel, grid, tuple(arguments.values()), {"num_warps": setting.warps})

    def __call__(self) -> None:
        self.kernel[self.grid](*self.arguments, **self.options)


@dataclass(frozen=True)
class Recorder:
    """Takes the place of a kernel and keeps its launches."""

    kernel: Any
    launches: dict[str, Launch]
    launch: bool

    def __getitem__(self, grid: tuple[int]) -> Callable[..., None]:
        return partial(self._record, grid)

    def _record(self, grid: tuple[int], *arguments: object, **options: int) -> None:
        launch = Launch(self.kernel, grid, arguments, options)
        self.launches[self.kernel.fn.__name__] = launch
        if self.launch:
            launch()


def record(shape: Shape, batch: int, precision: torch.dtype, *, launch: bool) -> dict[str, Launch]:
    """The launches of `attend` forward and backward, by kernel; launch: not only record them."""
    launches: dict[str, Launch] = {}
    with ExitStack() as stack:
        for name, module in MODULES.items():
            stack.enter_context(patch.object(module, name, Recorder(getattr(module, name), launches, launch)))
        *_, part = make_parts(shape, batch, precision)
        differentiate(part.trained_form, part.inputs, torch.randn_like(part.inputs[0]))
    return launches


def choose_settings(shape: Shape) -> list[Setting]:
    """All that are timed: about 50."""
    settings = [Setting("_sort", warps, {"CHUNK": chunk}) for warps, chunk in product((4, 8, 16), (1024, 2048, 4096))]
    for (rows, columns), warps in product(TILES, (1, 2, 4, 8)):
        if rows * columns * shape.channels // (32 * warps) in VALUES:
            tile = {"TILE_H": rows, "TILE_W": columns}
            settings += [Setting(kernel, warps, tile) for kernel in ("_attend", "_attend_backward")]
            settings += [Setting("_collect", warps, tile | {"UNROLL": unroll}) for unroll in (2, 4)]
    return settings


def compile_settings(shape: Shape, precision: torch.dtype, settings: list[Setting]) -> None:
    """Put the kernels into Triton's cache on disk, without launching them."""
    launches = record(shape, 8, precision, launch=False)
    for setting in settings:
        launch = launches[setting.kernel].change(setting, 8 * shape.size**2)
        launch.kernel.warmup(*launch.arguments, grid=launch.grid, **launch.options)


def show_batch(shape: Shape, batch: int, precision: torch.dtype, settings: list[Setting]) -> None:
    """Print a line per kernel, times in us."""
    for name, launch in record(shape, batch, precision, launch=True).items():
        usual = time_call(launch, graph=True)
        times: dict[str, float] = {}
        for setting in settings:
            if setting.kernel == name:
                times[str(setting)] = time_call(launch.change(setting, batch * shape.size**2), graph=True)
        fastest = sorted(times, key=times.__getitem__)
        words = f"{usual:.1f} as launched", *(f"{times[setting]:.1f} {setting}" for setting in fastest)
        print(f"B={batch} {name}:", ", ".join(words), flush=True)


def main() -> None:
    """Print the table of one shape."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", type=int, default=1, choices=range(len(SHAPES)))
    parser.add_argument("--batches", type=int, nargs="+", default=(8, 64))
    parser.add_argument("--precision", default="bf16", choices=PRECISIONS)
    options = parser.parse_args()
    shape, precision, start = SHAPES[options.shape], PRECISIONS[options.precision], time.perf_counter()
    settings = choose_settings(shape)
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn")) as pool:
        parts = [settings[first::PROCESSES] for first in range(PROCESSES)]
        list(pool.map(partial(compile_settings, shape, precision), parts))
    print(f"{shape}, {options.precision}: {len(settings)} settings compiled in {time.perf_counter() - start:.0f} s")
    for batch in options.batches:
        show_batch(shape, batch, precision, settings)


if __name__ == "__main__":
    main()
