"""The log of a training run: numbers in `log.jsonl` and TensorBoard, sheets of images in `sheet.png`.

`engine.session.Session` opens a RunLog in the run's folder and writes to it.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from torch import Tensor

from models.errors import InputError, install_command
from pipelines.media.tensors import tensor_to_image
from pipelines.runtime.progress import Progress

NO_TENSORBOARD = f"TensorBoard is not installed, so there are no TensorBoard logs: {install_command('research')}"
DIGITS = 6  # significant digits of numbers in the log


class RunLog:
    """Log and images of the run in the folder `out`.

    resumed_at: the update from which the run was resumed, 0 for a new one; what was logged after it is dropped, since
    those updates are made again.
    """

    def __init__(self, out: Path, progress: Progress, *, resumed_at: int = 0) -> None:
        self.out, self.progress = out, progress
        if resumed_at:
            self._drop_after(resumed_at)
        self._tensorboard = _open_tensorboard(out / "tensorboard", resumed_at)
        if self._tensorboard is None:
            progress.note(NO_TENSORBOARD)

    def write_numbers(self, kind: str, step: int, seconds: float, values: Mapping[str, float | Tensor]) -> None:
        """Log and show named numbers of update `step`, `seconds` after the start; kind: "train" or "validation"."""
        exact = {key: float(value) for key, value in values.items()}
        rounded = {
            key: float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None  # JSON has no word for the others
            for key, value in exact.items()
        }
        line = {"kind": kind, "step": step, "seconds": round(seconds, 1), **rounded}
        with (self.out / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")
        if self._tensorboard:
            for key, value in exact.items():
                self._tensorboard.add_scalar(f"{kind}/{key}", value, step)
            self._tensorboard.flush()
        listed = "  ".join(f"{key} {value:.4g}" for key, value in exact.items())
        self.progress.note(f"{kind} step {step}  {line['seconds']:g} s  {listed}")

    def write_sheet(self, step: int, rows: Sequence[Tensor]) -> None:
        """Write `sheet.png` of rows of images, each [N, 3, H, W] in [-1, 1]."""
        sheet = save_sheet(self.out / "sheet.png", rows)
        if self._tensorboard:
            self._tensorboard.add_image("sheet", sheet, step, dataformats="HWC")
            self._tensorboard.flush()

    def _drop_after(self, step: int) -> None:
        """Remove the log's lines of later updates, and a line that is incomplete."""
        log = self.out / "log.jsonl"
        if log.exists():
            complete = [line for line in log.read_text().splitlines() if line.endswith("}")]
            log.write_text("".join(f"{line}\n" for line in complete if json.loads(line)["step"] <= step))


def _open_tensorboard(folder: Path, resumed_at: int) -> Any | None:
    """TensorBoard's writer, which hides earlier entries after `resumed_at`; None without the package."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=resumed_at + 1 if resumed_at else None)


def save_sheet(path: Path, rows: Sequence[Tensor]) -> np.ndarray:
    """Write rows of images as one PNG: each row is [N, 3, H, W] in [-1, 1], its images side by side.

    Returns:
        The sheet, uint8 RGB [rows * H, N * W, 3].

    Raises:
        InputError: the file cannot be written.
    """
    images = [tensor_to_image(row.detach(), rounding="truncate") for row in rows]  # [N, H, W, 3] each
    sheet = np.concatenate([np.concatenate(list(row), axis=1) for row in images])
    if not cv2.imwrite(str(path), np.ascontiguousarray(sheet[..., ::-1])):
        raise InputError(f"can't write {path}: is the folder writable?")
    return sheet
