"""A progress that remembers what it was told."""

from dataclasses import dataclass

from pipelines.runtime.progress import NotesProgress


@dataclass
class Stage:
    """A stage of a run."""

    name: str
    total: int | None
    done: int
    """Steps so far, with those of an earlier run."""


class RecordedProgress(NotesProgress):
    """Collects notes, and stages with their steps."""

    def __init__(self) -> None:
        super().__init__()
        self.stages: list[Stage] = []
        self.begun: list[tuple[str, int]] = []  # names, and the steps of an earlier run

    def stage(self, name: str, total: int | None, *, done: int = 0, unit: str = "") -> None:
        self.stages.append(Stage(name, total, done))
        self.begun.append((name, done))

    def advance(self, n: int = 1) -> None:
        self.stages[-1].done += n
