"""How a pipeline reports what it is doing, without knowing who listens."""

from collections.abc import Iterable
from typing import Protocol


class Progress(Protocol):
    """Receives stages, steps and one-line notes; the command line prints them."""

    def stage(self, name: str, total: int | None) -> None:
        """Begin a stage of `total` steps; None if their number is not known."""
        ...

    def advance(self, n: int = 1) -> None:
        """Count `n` more steps of the current stage."""
        ...

    def note(self, message: str) -> None:
        """Report one line that the user should know."""
        ...


class SilentProgress:
    """Ignores everything."""

    def stage(self, name: str, total: int | None) -> None: ...

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
