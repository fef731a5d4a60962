"""What a check of a data set finds: usable items, what is missing or broken, and what is worth knowing.

The `check` functions of this room fill a `DatasetReport` in; `gfla data check` prints it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from models.errors import InputError
from pipelines.media.pictures import load_picture
from pipelines.runtime.progress import Progress

EXAMPLES = 3  # places that are named for each kind of finding


@dataclass
class DatasetReport:
    """Findings of a check, collected while it runs."""

    progress: Progress
    unit: str
    """What the items are: "pairs", "clips" or "views"."""
    items: dict[str, int] = field(default_factory=dict)
    """Usable items by phase."""
    problems: dict[str, list[str]] = field(default_factory=dict)
    """Places where something is missing or broken, by what it is."""
    notes: dict[str, list[str]] = field(default_factory=dict)
    """Places where something is unusual but usable, by what it is."""

    @property
    def complete(self) -> bool:
        """Nothing is missing or broken."""
        return not self.problems

    def add_problem(self, what: str, where: object) -> None:
        """One place where something is missing or broken; places with the same `what` are counted together."""
        self.problems.setdefault(what, []).append(str(where))

    def add_note(self, what: str, where: object) -> None:
        """One place where something is unusual but usable."""
        self.notes.setdefault(what, []).append(str(where))

    @contextmanager
    def collect_errors(self, what: str) -> Iterator[None]:
        """Turns an InputError inside into a problem; its message says where."""
        try:
            yield
        except InputError as error:
            self.add_problem(what, error)

    def count_problems(self) -> int:
        """Places with problems so far; an item is usable if checking it adds none."""
        return sum(map(len, self.problems.values()))

    def check_picture(self, path: Path) -> tuple[int, int] | None:
        """Reads a picture to its last byte: its size (H, W), or None and a problem if it is missing or damaged."""
        self.progress.advance()
        if not path.is_file():
            self.add_problem("missing pictures", path)
            return None
        with self.collect_errors("unreadable pictures"):
            height, width, _ = load_picture(path).shape
            return height, width
        return None

    def lines(self) -> Iterator[str]:
        """The report as text."""
        for phase, count in self.items.items():
            yield f"{phase}: {count} usable {self.unit}"
        for kind, found in (("problem", self.problems), ("note", self.notes)):
            for what, count, first in _group(found):
                counted = f" ({count})" if count > 1 else ""
                yield f"{kind}: {what}{counted}: {'; '.join(first)}" + ("; ..." if count > len(first) else "")

    def summary(self) -> dict:
        """The report as JSON."""
        groups = {
            kind: [{"what": what, "count": count, "first": first} for what, count, first in _group(found)]
            for kind, found in (("problems", self.problems), ("notes", self.notes))
        }
        return {"whole": self.complete, "unit": self.unit, "items": self.items} | groups


def _group(found: dict[str, list[str]]) -> Iterator[tuple[str, int, list[str]]]:
    """What was found, in how many places, and the first of them; a place that both phases need counts once."""
    for what, places in found.items():
        different = list(dict.fromkeys(places))
        yield what, len(different), different[:EXAMPLES]
