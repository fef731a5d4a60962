"""How a pipeline tells what it is doing, without knowing who listens."""

from typing import Protocol


class Progress(Protocol):
    """Receives stages, steps and one-line notes; the command line prints them."""

    def stage(self, name: str, total: int | None) -> None:
        """Begin a stage of `total` steps, None where that is not known."""
        ...

    def advance(self, n: int = 1) -> None:
        """Count `n` more steps of the stage."""
        ...

    def note(self, message: str) -> None:
        """One line worth knowing."""
        ...


class SilentProgress:
    """Nobody listens."""

    def stage(self, name: str, total: int | None) -> None: ...

    def advance(self, n: int = 1) -> None: ...

    def note(self, message: str) -> None: ...


SILENT = SilentProgress()


class NotesProgress(SilentProgress):
    """Keeps what was noted."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, message: str) -> None:
        self.notes.append(message)
