"""How a pipeline reports what it is doing, without knowing who listens.

Every chain and training run takes a Progress. The command line passes its console; users of the Python API pass
TqdmProgress, or any object with the same methods.
"""

import sys
from collections.abc import Iterable
from typing import Any, Protocol, Self

from models.errors import BackendUnavailable


class Progress(Protocol):
    """Receives stages, steps and one-line notes."""

    def stage(self, name: str, total: int | None, *, done: int = 0, unit: str = "") -> None:
        """Begin a stage.

        Args:
            total: its steps; None if their number is not known.
            done: steps that an earlier run has done.
            unit: what a step is called, if not as usual.
        """
        ...

    def advance(self, n: int = 1) -> None:
        """Count `n` more steps of the current stage; 0 only says that the work goes on."""
        ...

    def note(self, message: str) -> None:
        """Report one line that the user should know."""
        ...


class SilentProgress:
    """Ignores everything."""

    def stage(self, name: str, total: int | None, *, done: int = 0, unit: str = "") -> None: ...

    def advance(self, n: int = 1) -> None: ...

    def note(self, message: str) -> None: ...


SILENT = SilentProgress()


def note_all(progress: Progress, messages: Iterable[str]) -> None:
    """Report every message."""
    for message in messages:
        progress.note(message)


class NotesProgress(SilentProgress):
    """Collects the notes in `notes` and ignores the rest."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, message: str) -> None:
        self.notes.append(message)


class TqdmProgress:
    """A tqdm bar for each stage, on stderr or in a notebook, with the notes printed above it.

        with TqdmProgress() as progress:
            animate(config, progress)

    Args:
        unit: what a step is called.
        prefix: begins every note.

    Raises:
        BackendUnavailable: tqdm is not installed.
    """

    def __init__(self, *, unit: str = "frames", prefix: str = "") -> None:
        try:
            from tqdm.auto import tqdm
        except ModuleNotFoundError:
            raise BackendUnavailable("the progress bar needs tqdm: pip install tqdm") from None
        self.unit, self.prefix = unit, prefix
        self._tqdm = tqdm
        self._bar: Any | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def stage(self, name: str, total: int | None, *, done: int = 0, unit: str = "") -> None:
        """Close the bar of the previous stage and begin a new one."""
        self.close()
        self._bar = self._tqdm(
            desc=name, total=total, initial=done, unit=f" {unit or self.unit}", dynamic_ncols=True, file=sys.stderr
        )

    def advance(self, n: int = 1) -> None:
        """Move the bar of the stage by `n` steps."""
        if self._bar is not None:
            self._bar.update(n)

    def note(self, message: str) -> None:
        """Print one line above the bar."""
        self._tqdm.write(self.prefix + " ".join(message.split()), file=sys.stderr)

    def close(self) -> None:
        """Finish the last bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
