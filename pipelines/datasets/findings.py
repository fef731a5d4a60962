"""What a check of a data set finds: usable items, what is missing or broken, what is worth knowing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from models.errors import InputError
from pipelines.progress import Progress

EXAMPLES = 3


@dataclass
class Findings:
    """items: usable ones by phase. problems and notes: the places, by what is wrong or remarkable there."""

    progress: Progress
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

    def lines(self) -> Iterator[str]:
        """The report as text."""
        for phase, count in self.items.items():
            yield f"{phase}: {count} usable items"
        for kind, found in (("problem", self.problems), ("note", self.notes)):
            for what, places in found.items():
                yield f"{kind}: {what} ({len(places)}): {_first(places)}"

    def summary(self) -> dict:
        """The report as JSON."""
        groups = {
            kind: [{"what": what, "count": len(places), "first": places[:EXAMPLES]} for what, places in found.items()]
            for kind, found in (("problems", self.problems), ("notes", self.notes))
        }
        return {"whole": self.whole, "items": self.items} | groups


def _first(places: list[str]) -> str:
    return ", ".join(places[:EXAMPLES]) + (", ..." if len(places) > EXAMPLES else "")
