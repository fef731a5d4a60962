"""The log of a run: `log.jsonl`, TensorBoard, `sheet.png`."""

import json
import math
import sys
import time
from pathlib import Path

import cv2
import pytest
import torch

from pipelines.runtime.progress import NotesProgress
from pipelines.training.engine.logging import RunLog, save_sheet


def lines(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def test_log_holds_one_object_per_report(tmp_path: Path) -> None:
    progress = NotesProgress()
    log = RunLog(tmp_path, progress)
    log.write_numbers("train", 3, 1.25, {"loss": torch.tensor(0.25)})
    log.write_numbers("validation", 4, 2.0, {"psnr": 20.0})
    assert lines(tmp_path) == [
        {"kind": "train", "step": 3, "seconds": 1.2, "loss": 0.25},
        {"kind": "validation", "step": 4, "seconds": 2.0, "psnr": 20.0},
    ]
    assert progress.notes[0].startswith("train step 3  1.2 s  loss 0.25")


def test_numbers_that_are_not_finite_are_null_in_the_log(tmp_path: Path) -> None:
    progress = NotesProgress()
    RunLog(tmp_path, progress).write_numbers("validation", 1, 0.0, {"psnr": math.inf, "error": math.nan, "l1": 0.0})
    assert lines(tmp_path) == [
        {"kind": "validation", "step": 1, "seconds": 0.0, "psnr": None, "error": None, "l1": 0.0}
    ]
    assert "psnr inf  error nan  l1 0" in progress.notes[0]


def test_a_resumed_log_has_every_report_once(tmp_path: Path) -> None:
    log = RunLog(tmp_path, NotesProgress())
    for step in range(1, 4):
        log.write_numbers("train", step, 0.0, {"loss": step / 3})
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"kind": "train", "st')  # killed while writing
    RunLog(tmp_path, NotesProgress(), resumed_at=2).write_numbers("train", 3, 0.0, {"loss": 7.0})
    assert [(line["step"], line["loss"]) for line in lines(tmp_path)] == [(1, 0.333333), (2, 0.666667), (3, 7.0)]


def test_tensorboard_shows_numbers_and_sheets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log = RunLog(tmp_path, NotesProgress())
    for step in range(1, 4):
        log.write_numbers("train", step, 0.0, {"loss": 0.1 * step})
    later = time.time() + 60
    monkeypatch.setattr(time, "time", lambda: later)  # TensorBoard orders its files by their names, in seconds
    log = RunLog(tmp_path, NotesProgress(), resumed_at=2)
    log.write_numbers("train", 3, 0.0, {"loss": 5.0})
    log.write_sheet(3, [torch.zeros(1, 3, 4, 4)])
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [(event.step, round(event.value, 3)) for event in events.Scalars("train/loss")] == [
        (1, 0.1), (2, 0.2), (3, 5.0),
    ]  # fmt: skip
    assert [event.step for event in events.Images("sheet")] == [3]


def test_without_tensorboard_a_run_says_so_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    progress = NotesProgress()
    log = RunLog(tmp_path, progress)
    log.write_numbers("train", 1, 0.0, {"loss": 1.0})
    log.write_numbers("train", 2, 0.0, {"loss": 2.0})
    assert sum(".[research]" in note for note in progress.notes) == 1
    assert len(lines(tmp_path)) == 2


def test_a_sheet_is_laid_out_row_by_row(tmp_path: Path) -> None:
    red = torch.tensor([1.0, -1.0, -1.0]).view(1, 3, 1, 1).expand(2, 3, 4, 5)
    save_sheet(tmp_path / "sheet.png", [red, -red])
    written = cv2.imread(str(tmp_path / "sheet.png"))
    assert written is not None
    sheet = written[..., ::-1]
    assert sheet.shape == (8, 10, 3)
    assert sheet[0, 0].tolist() == [255, 0, 0]
    assert sheet[-1, -1].tolist() == [0, 255, 255]
