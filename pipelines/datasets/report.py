"""What a check of a data set finds: usable items, what is missing or broken, what is worth knowing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from models.errors import InputError
from pipelines.media.pictures import load_picture
from pipelines.runtime.progress import Progress

EXAMPLES = 3


@dataclass
class Findings:
    """unit: what the items are. items: usable ones by phase. problems and notes: the places, by what is wrong or
    remarkable there."""

    progress: Progress
    unit: str
    items: dict[str, int] = field(default_factory=dict)
    problems: dict[str, list[str]] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Nothing is missing or broken."""
        return not self.problems

    def problem(self, what: str, where: object) -> None:
        """One place where something is missing or broken; places with the same `what` are counted together."""
        self.problems.setdefault(what, []).append(str(where))

    def note(self, what: str, where: object) -> None:
        """One place where something is unusual and still usable."""
        self.notes.setdefault(what, []).append(str(where))

    @contextmanager
    def noticing(self, what: str) -> Iterator[None]:
        """An InputError inside becomes a problem; its message says where."""
        try:
            yield
        except InputError as error:
            self.problem(what, error)

    def count(self) -> int:
        """How many places with problems there are so far: unchanged, and an item in between was usable."""
        return sum(map(len, self.problems.values()))

    def picture_size(self, path: Path) -> tuple[int, int] | None:
        """(H, W) of a picture that is read to its end; a missing or damaged file is a problem, and None."""
        self.progress.advance()
        if not path.is_file():
            self.problem("missing pictures", path)
            return None
        with self.noticing("unreadable pictures"):
            height, width, _ = load_picture(path).shape
            return height, width
        return None

    def lines(self) -> Iterator[str]:
        """The report as text."""
        for phase, count in self.items.items():
            yield f"{phase}: {count} usable {self.unit}"
        for kind, found in (("problem", self.problems), ("note", self.notes)):
            for what, count, first in _groups(found):
                counted = f" ({count})" if count > 1 else ""
                yield f"{kind}: {what}{counted}: {'; '.join(first)}" + ("; ..." if count > len(first) else "")

    def summary(self) -> dict:
        """The report as JSON."""
        groups = {
            kind: [{"what": what, "count": count, "first": first} for what, count, first in _groups(found)]
            for kind, found in (("problems", self.problems), ("notes", self.notes))
        }
        return {"whole": self.whole, "unit": self.unit, "items": self.items} | groups


def _groups(found: dict[str, list[str]]) -> Iterator[tuple[str, int, list[str]]]:
    """What, in how many places, and the first of them; a place that both phases need counts once."""
    for what, places in found.items():
        different = list(dict.fromkeys(places))
        yield what, len(different), different[:EXAMPLES]
