"""The folder beside an output in which an unfinished animation is kept, so that the next run goes on inside the video.

It holds the segments of the outputs (`pipelines.media.segments`), the driving poses, and `state.safetensors`: what the
next frame needs of those before, and of which inputs and options they are. That file is replaced in one go after the
segments are on the disk, so whenever a run dies, the folder says how far the output is. Before outputs get their names,
`main.json` and `debug.json` say which files they are, see `FinishedOutput`.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from filelock import Timeout
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from models.errors import InputError
from pipelines.generation.rollout import Start, state_of
from pipelines.media.files import atomic_output, make_output_folder, report_write_errors, resolve_output
from pipelines.media.formats import output_kind
from pipelines.media.segments import Segments
from pipelines.runtime.fingerprints import json_digest
from pipelines.runtime.locks import exclusive_lock

SEGMENT = 120  # frames: what is lost at most, and how often an encoder begins anew
NAME_BYTES = 200  # of an output's name in the name of its folder
CHANGED_NAMES = 4  # in a note
Facts = dict[str, Any]


@dataclass(frozen=True)
class EndedSegment:
    """Frames that are to be kept."""

    frames: int
    """Of the video up to the end of the segment."""
    tensors: dict[str, Tensor]
    """What the next frame needs of them."""
    pieces: Sequence[Callable[[], None]]
    """Each has the segment of one output on the disk when it returns, see `Writer.end_segment`."""


@dataclass(frozen=True)
class FinishedOutput:
    """A complete output whose run was killed before its folder was removed."""

    facts: Facts
    """What it depends on."""
    report: Facts
    """See `ResumeFolder.report`; its lists as tuples."""
    files: list[Path]
    """The file, or the pictures."""


@dataclass
class ResumeFolder:
    """An unfinished output; see `open_resume_folder`."""

    path: Path
    facts: Facts = field(default_factory=dict)
    """What the output depends on, JSON-ready, by names that the user understands."""
    report: Facts = field(default_factory=dict)
    """What the caller says about the output, JSON-ready; `find_finished` returns it when the output is complete."""
    frames: int = 0
    """Frames that are complete."""
    tensors: dict[str, Tensor] = field(default_factory=dict)
    """What the next frame needs of them."""

    @property
    def poses(self) -> Path:
        """Where detected poses are cached."""
        return self.path / "poses"

    @property
    def is_empty(self) -> bool:
        """Whether nothing in it would save work."""
        return not self._state.exists() and not any(self.poses.glob("*.safetensors"))

    def begin(self, facts: Facts) -> list[str]:
        """Read how far an earlier run of the same `facts` got; drop what is of other ones. Notes on either."""
        for record in self._records:
            record.unlink()
        self.facts, found = facts, self._read()
        if found is None:
            return []
        earlier, self.frames, self.tensors = found
        names = sorted(name for name in {*earlier, *facts} if earlier.get(name) != facts.get(name))
        if not names:
            return [f"going on after {self.frames} frames of the run that was interrupted"]
        self.frames, self.tensors = 0, {}
        self._state.unlink()
        more = f" and {len(names) - CHANGED_NAMES} more" if len(names) > CHANGED_NAMES else ""
        changed = ", ".join(names[:CHANGED_NAMES]) + more
        return [f"starting over: {changed} changed since the run that was interrupted"]

    def is_due(self, frames: int, of: int) -> bool:
        """Whether a segment ends behind so many frames of a video; what ends with the video needs no saving."""
        return frames % SEGMENT == 0 and frames < of

    @property
    def start(self) -> Start | None:
        """Where generation begins; None for the first frame."""
        return Start(self.frames, state_of(self.tensors)) if self.frames else None

    def segments(self, name: str) -> Segments:
        """Where the segments of the output of this name are."""
        folder = self.path / name
        folder.mkdir(exist_ok=True)
        return Segments(folder, self.frames // SEGMENT, self.frames, partial(self._record, name))

    def _record(self, name: str, files: dict[str, Path]) -> None:
        """Write down which files an output is, by the names that they are about to get."""
        head = {"facts": self.facts, "report": self.report, "files": {file: _identify(files[file]) for file in files}}
        path = self.path / f"{name}.json"
        with atomic_output(path, overwrite=True) as temporary, report_write_errors(path):
            temporary.write_text(json.dumps(head), "utf-8")
        if len(files) > 1:  # pictures get their names one by one, so from here on they are no segments any more
            self._state.unlink(missing_ok=True)

    def keep(self, segment: EndedSegment) -> None:
        """Have a segment on the disk, and then record that its frames are complete.

        Raises:
            ProcessingError: the disk is full.
        """
        frames, tensors = segment.frames, segment.tensors
        with report_write_errors(self.path):
            for complete in segment.pieces:
                complete()
        stored = {name: tensor.detach().contiguous().cpu() for name, tensor in tensors.items()}
        strides = {name: tensor.stride() for name, tensor in tensors.items()}
        head = {"facts": self.facts, "frames": frames, "strides": strides}
        with atomic_output(self._state, overwrite=True) as temporary, report_write_errors(self._state):
            save_file(stored, temporary, metadata={"head": json.dumps(head)})

    def remove(self) -> None:
        """Remove all of it: the output is complete. What says so goes last, for a run may be killed here as well."""
        records = self._records
        for item in self.path.iterdir():
            if item.is_dir():
                shutil.rmtree(item, ignore_errors=True)
            elif item not in records:
                with suppress(OSError):
                    item.unlink()
        shutil.rmtree(self.path, ignore_errors=True)

    @property
    def _records(self) -> list[Path]:
        return [*self.path.glob("*.json")]

    @property
    def _state(self) -> Path:
        return self.path / "state.safetensors"

    def _read(self) -> tuple[Facts, int, dict[str, Tensor]] | None:
        try:
            with safe_open(self._state, framework="pt") as file:
                head = json.loads(file.metadata()["head"])
                tensors = {name: _lay_out(file.get_tensor(name), head["strides"][name]) for name in head["strides"]}
        except (OSError, SafetensorError):
            return None
        return head["facts"], head["frames"], tensors


@contextmanager
def open_resume_folder(output: Path) -> Iterator[ResumeFolder]:
    """The folder of an unfinished output, for one process at a time; removed when the block ends without an exception.

    Raises:
        InputError: another process is working on it, or it can't be made.
    """
    folder = ResumeFolder(_folder_of(output))
    make_output_folder(folder.path)
    lock = exclusive_lock(folder.path / "lock", wait=False)
    try:
        lock.acquire()
    except Timeout:
        raise InputError(f"another process is making {output}: wait for it, or choose another name with -o") from None
    with lock:
        folder.poses.mkdir(exist_ok=True)
        for left in folder.path.rglob(".*.part*"):  # by a run that was killed while it wrote
            with suppress(OSError):
                left.unlink()
        try:
            yield folder
        except BaseException:
            if folder.is_empty:
                folder.remove()
            raise
    folder.remove()


def find_finished(output: Path, debug: Path | None = None) -> FinishedOutput | None:
    """What the folder of an output says about it, or about its second one if that is given; None unless the files are
    there as the run has made them."""
    target = resolve_output(debug or output)
    try:
        found = json.loads((_folder_of(output) / f"{'debug' if debug else 'main'}.json").read_text("utf-8"))
        files, place = found["files"], target if target.is_dir() else target.parent
        if any(_identify(place / name) != files[name] for name in files):
            return None
    except (OSError, ValueError, KeyError):
        return None
    report = {name: tuple(value) if isinstance(value, list) else value for name, value in found["report"].items()}
    return FinishedOutput(found["facts"], report, [place / name for name in files])


def check_resume(output: Path) -> None:
    """Raises InputError for an output that can't be continued."""
    if (kind := output_kind(output)) in ("gif", "stream"):
        what = "a GIF" if kind == "gif" else "standard output"
        raise InputError(f"--resume can't continue {what}: use .mp4, .mov, .mkv, .webm, a folder, or %05d.png with -o")


def _folder_of(output: Path) -> Path:
    target = resolve_output(output)
    name = target.name if len(os.fsencode(target.name)) <= NAME_BYTES else json_digest(target.name)
    return target.with_name(f".{name}.resume")


def _identify(path: Path) -> list[int]:
    """Size and time of a file, which it keeps when it gets another name. Raises OSError."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def _lay_out(tensor: Tensor, strides: list[int]) -> Tensor:
    """The same tensor in another memory layout: on it depends how networks compute, and so the last bits of results."""
    return torch.empty_strided(tensor.shape, strides, dtype=tensor.dtype).copy_(tensor)
