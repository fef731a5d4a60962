"""Results of a small batch for the report to show."""

from fractions import Fraction
from pathlib import Path

from PIL import Image

from pipelines.batch.rows import Row
from pipelines.media.writer import open_output
from tests.helpers.media_files import scenery

HOSTILE = '</script><img src=x onerror="document.title=1">'


def row(name: str, output: str = "", *, state: str = "done", **values) -> Row:
    """A row of a job that went well, unless `values` say otherwise."""
    plain: Row = {
        "name": name,
        "command": "animate",
        "state": state,
        "source": "anna.jpg",
        "driving": "walk.mp4",
        "output": output or f"{name}.mp4",
        "sha256": "ab" * 32 if state == "done" else None,
        "seconds": 12.5 if state == "done" else None,
        "frames": 100 if state == "done" else None,
        "warnings": [],
        "reason": None,
    }
    return plain | values  # pyright: ignore[reportReturnType]


def clip(path: Path, *, frames: int = 50, side: int = 96) -> Path:
    """A video, GIF or folder whose frames brighten from one to the next."""
    with open_output(path, width=side, height=side, time_base=Fraction(1, 25)) as writer:
        for number in range(frames):
            writer.write(scenery(side, side, shift=2 * number - 60), number, 1)
    return path


def results(folder: Path) -> list[Row]:
    """Files of each kind in `folder`, and rows for them and for jobs that made none."""
    (folder / "in deep").mkdir()
    clip(folder / "in deep" / "50% #1?.mp4")
    clip(folder / "turn.gif", frames=5)
    clip(folder / "poses", frames=3)
    clip(folder / "in deep" / "p%03d.png", frames=4)
    clip(folder / "web.webm", frames=5)
    Image.fromarray(scenery(300, 200)).save(folder / "sheet.png")
    return [
        row("video", "in deep/50% #1?.mp4", seconds=3661.0, warnings=["2 of 100 frames show nobody: interpolate"]),
        row("gif", "turn.gif", command="view-synth", driving="", frames=5, seconds=2.0),
        row("folder", "poses", command="pose", frames=3, seconds=9.0),
        row("pattern", "in deep/p%03d.png", command="pose", frames=4, seconds=10.0),
        row("webm", "web.webm", source="bea.png", warnings=["one", "two", "three"]),
        row("sheet", "sheet.png", command="view-synth", driving=""),
        row("gone", "gone.mp4"),
        row(HOSTILE, "x.mp4", state="failed", reason=f"{HOSTILE}: no person found", source=HOSTILE),
        row("bad-10", state="failed", reason="walk.mp4 is empty"),
        row("bad-9", state="failed", reason="walk.mp4 is empty"),
        row("waiting", state="queued"),
        row("now", state="started"),
    ]


def many(rows: list[Row], number: int) -> list[Row]:
    """`number` rows that repeat those given under names of their own."""
    return [row | {"name": f"{row['name']}-{index}"} for index in range(number) for row in [rows[index % len(rows)]]]  # pyright: ignore[reportReturnType]
