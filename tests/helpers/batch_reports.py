"""Results and rows of a small batch, for the report to show."""

import hashlib
from fractions import Fraction
from pathlib import Path

from PIL import Image

from pipelines.batch.events import JobRow
from pipelines.media.writer import open_output
from tests.helpers.media_files import make_scenery

HOSTILE = '</script><img src=x onerror="document.title=1">'


def make_report_row(name: str, output: str = "", *, state: str = "done", **values) -> JobRow:
    """The row of a job that is done, unless `values` say otherwise."""
    plain: JobRow = {
        "name": name,
        "command": "animate",
        "state": state,
        "source": "anna.jpg",
        "driving": "walk.mp4",
        "output": output or f"{name}.mp4",
        "sha256": hashlib.sha256(name.encode()).hexdigest() if state == "done" else None,
        "seconds": 12.5 if state == "done" else None,
        "frames": 100 if state == "done" else None,
        "warnings": [],
        "reason": None,
    }
    return plain | values  # pyright: ignore[reportReturnType]


def write_brightening_clip(path: Path, *, frames: int = 50, side: int = 96) -> Path:
    """A video, GIF or folder whose frames brighten from one to the next."""
    with open_output(path, width=side, height=side, time_base=Fraction(1, 25)) as writer:
        for number in range(frames):
            writer.write(make_scenery(side, side, shift=2 * number - 60), number, 1)
    return path


def write_results(folder: Path) -> list[JobRow]:
    """Write results of each kind into `folder`; returns rows for them, and for jobs without a result."""
    (folder / "in deep").mkdir()
    write_brightening_clip(folder / "in deep" / "50% #1?.mp4")
    write_brightening_clip(folder / "turn.gif", frames=5)
    write_brightening_clip(folder / "poses", frames=3)
    write_brightening_clip(folder / "in deep" / "p%03d.png", frames=4)
    write_brightening_clip(folder / "web.webm", frames=5)
    Image.fromarray(make_scenery(300, 200)).save(folder / "sheet.png")
    return [
        make_report_row("video", "in deep/50% #1?.mp4", seconds=3661.0, warnings=["2 of 100 frames show nobody"]),
        make_report_row("gif", "turn.gif", command="view-synth", driving="", frames=5, seconds=2.0),
        make_report_row("folder", "poses", command="pose", frames=3, seconds=9.0),
        make_report_row("pattern", "in deep/p%03d.png", command="pose", frames=4, seconds=10.0),
        make_report_row("webm", "web.webm", source="bea.png", warnings=["one", "two", "three"]),
        make_report_row("sheet", "sheet.png", command="view-synth", driving=""),
        make_report_row("gone", "gone.mp4"),
        make_report_row(HOSTILE, "x.mp4", state="failed", reason=f"{HOSTILE}: no person found", source=HOSTILE),
        make_report_row("bad-10", state="failed", reason="walk.mp4 is empty"),
        make_report_row("bad-9", state="failed", reason="walk.mp4 is empty"),
        make_report_row("waiting", state="queued"),
        make_report_row("now", state="started"),
    ]


def repeat_rows(rows: list[JobRow], number: int) -> list[JobRow]:
    """`number` rows that repeat the given ones under distinct names."""
    return [row | {"name": f"{row['name']}-{index}"} for index in range(number) for row in [rows[index % len(rows)]]]  # pyright: ignore[reportReturnType]
