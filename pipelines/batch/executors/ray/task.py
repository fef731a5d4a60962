"""A Ray task as whoever has submitted it sees it: what it has said, and its outputs on their way."""

from dataclasses import dataclass, field, replace
from typing import Any

from models.errors import GflaError, explain
from pipelines.batch.events import Event
from pipelines.batch.executors.ray.node import Item, TaskSpec, TaskStarted
from pipelines.batch.executors.ray.transfer import FileChunk, IncomingOutputs
from pipelines.batch.jobs import Group, Job


@dataclass(eq=False)
class Task:
    """A group on its way.

    order: keeps its parcels. number: of its line in the progress. stream: of what it says. arrivals: where its outputs
    come in, None if the node writes them itself. node: where it is done, once it has begun.
    """

    order: TaskSpec
    number: int
    stream: Any
    arrivals: IncomingOutputs | None
    node: str | None = None
    started: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    _trouble: GflaError | None = None

    @property
    def group(self) -> Group:
        return self.order.group

    @property
    def left(self) -> tuple[Job, ...]:
        """Jobs that are neither done nor failed."""
        return tuple(job for job in self.group.jobs if job.name not in self.ended)

    def heard(self, item: Item) -> Event | None:
        """What an item says to others."""
        if isinstance(item, TaskStarted):
            self.node = item.node
        elif isinstance(item, Event):
            return self._noted(replace(item, worker=self.number))
        elif self.arrivals and not self._trouble:
            self._take(self.arrivals, item)
        return None

    def fail(self, job: Job, reason: str) -> Event:
        """Give a job up."""
        return self._noted(Event(job.name, "failed", self.number, reason=" ".join(reason.split())))

    def drop(self) -> None:
        """Remove outputs that are not there as a whole."""
        if self.arrivals:
            self.arrivals.drop()

    def _take(self, arrivals: IncomingOutputs, piece: FileChunk) -> None:
        try:
            arrivals.add(piece)
        except GflaError as error:  # told when the job is done
            self._trouble = error

    def _noted(self, event: Event) -> Event:
        if event.state == "started":
            self.started.add(event.job)
        if event.state == "done" and self.arrivals:
            event = self._delivered(event, self.arrivals)
        if event.state in ("done", "failed"):
            self.ended.add(event.job)
        return event

    def _delivered(self, event: Event, arrivals: IncomingOutputs) -> Event:
        trouble, self._trouble = self._trouble, None
        try:
            if trouble:
                raise trouble
            return arrivals.deliver(event)
        except (GflaError, OSError) as error:
            arrivals.drop()
            return replace(event, state="failed", files=None, frames=None, reason=" ".join(explain(error).split()))
