"""What a training run tells: a line per report in `log.jsonl`, the same for TensorBoard, sheets of pictures."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from torch import Tensor

from models.errors import InputError
from pipelines.runtime.progress import Progress

MISSING = "no TensorBoard logs: pip install 'gfla[research]' adds them"
DIGITS = 6


class Reports:
    """The log and pictures of the run in the folder `out`, continued after the step `resumed`."""

    def __init__(self, out: Path, progress: Progress, *, resumed: int = 0) -> None:
        self.out, self.progress = out, progress
        if resumed:
            self._forget_after(resumed)
        self._board = _open_board(out / "tensorboard", resumed)
        if self._board is None:
            progress.note(MISSING)

    def numbers(self, kind: str, step: int, seconds: float, values: Mapping[str, float | Tensor]) -> None:
        """Log and show named numbers."""
        exact = {key: float(value) for key, value in values.items()}
        shown = {key: float(f"{value:.{DIGITS}g}") for key, value in exact.items()}
        line = {"kind": kind, "step": step, "seconds": round(seconds, 1), **shown}
        with (self.out / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")
        if self._board:
            for key, value in exact.items():
                self._board.add_scalar(f"{kind}/{key}", value, step)
            self._board.flush()
        listed = "  ".join(f"{key} {value:.4g}" for key, value in shown.items())
        self.progress.note(f"{kind} step {step}  {line['seconds']:g} s  {listed}")

    def sheet(self, step: int, rows: Sequence[Tensor]) -> None:
        """Write `sheet.png` of rows of images, each [N, 3, H, W] in [-1, 1]."""
        picture = picture_sheet(self.out / "sheet.png", rows)
        if self._board:
            self._board.add_image("sheet", picture, step, dataformats="HWC")
            self._board.flush()

    def _forget_after(self, step: int) -> None:
        """Drop the log's lines of later steps: they come again."""
        log = self.out / "log.jsonl"
        if log.exists():
            whole = [line for line in log.read_text().splitlines() if line.endswith("}")]
            log.write_text("".join(f"{line}\n" for line in whole if json.loads(line)["step"] <= step))


def _open_board(folder: Path, resumed: int) -> Any | None:
    """TensorBoard's writer, earlier entries after the step `resumed` void; None without the package."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=resumed + 1 if resumed else None)


def picture_sheet(path: Path, rows: Sequence[Tensor]) -> np.ndarray:
    """Write rows of images as one PNG: each row is [N, 3, H, W] in [-1, 1], laid out left to right.

    Returns:
        uint8 [rows * H, N * W, 3].
    """
    strips = [row.detach().float().cpu().permute(2, 0, 3, 1).flatten(1, 2).numpy() for row in rows]  # [H, N*W, 3]
    sheet = ((np.concatenate(strips) + 1) * 127.5).clip(0, 255).astype(np.uint8)
    if not cv2.imwrite(str(path), np.ascontiguousarray(sheet[..., ::-1])):
        raise InputError(f"can't write {path}: is the folder writable?")
    return sheet
