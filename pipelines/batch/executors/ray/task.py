"""A Ray task as seen from where it was submitted: what it has yielded, and its outputs on their way.

`RayExecutor` feeds it the items of its stream and passes on the events that come out.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from models.errors import GflaError, explain
from pipelines.batch.events import Event
from pipelines.batch.executors.ray.node import Item, TaskSpec, TaskStarted
from pipelines.batch.executors.ray.transfer import FileChunk, IncomingOutputs
from pipelines.batch.jobs import Group, Job


@dataclass(eq=False)
class Task:
    """A group on the cluster."""

    spec: TaskSpec
    """Also keeps its bundles in the object store."""
    number: int
    """Worker number of its events."""
    stream: Any
    """Of references to its items, see `Cluster.submit`."""
    incoming: IncomingOutputs | None
    """Where its outputs arrive; None with shared storage."""
    node: str | None = None
    """Id of its node, once it has started."""
    started: set[str] = field(default_factory=set)
    """Names of its jobs that have begun."""
    ended: set[str] = field(default_factory=set)
    """Names of its jobs that are done or failed."""
    _transfer_error: GflaError | None = None

    @property
    def group(self) -> Group:
        """Its jobs."""
        return self.spec.group

    @property
    def jobs_left(self) -> tuple[Job, ...]:
        """Jobs that are neither done nor failed."""
        return tuple(job for job in self.group.jobs if job.name not in self.ended)

    def receive(self, item: Item) -> Event | None:
        """Take an item of the stream; returns the event to pass on, if there is one."""
        if isinstance(item, TaskStarted):
            self.node = item.node
        elif isinstance(item, Event):
            return self._track(replace(item, worker=self.number))
        elif self.incoming and not self._transfer_error:
            self._store(self.incoming, item)
        return None

    def fail(self, job: Job, reason: str) -> Event:
        """Give a job up; returns its event."""
        return self._track(Event(job.name, "failed", self.number, reason=" ".join(reason.split())))

    def discard_outputs(self) -> None:
        """Remove outputs that have not arrived completely."""
        if self.incoming:
            self.incoming.discard()

    def _store(self, incoming: IncomingOutputs, chunk: FileChunk) -> None:
        try:
            incoming.append(chunk)
        except GflaError as error:  # fails the job when its "done" arrives
            self._transfer_error = error

    def _track(self, event: Event) -> Event:
        if event.state == "started":
            self.started.add(event.job)
        if event.state == "done" and self.incoming:
            event = self._deliver(event, self.incoming)
        if event.state in ("done", "failed"):
            self.ended.add(event.job)
        return event

    def _deliver(self, event: Event, incoming: IncomingOutputs) -> Event:
        """The event once the outputs are in place, or as a failure."""
        error, self._transfer_error = self._transfer_error, None
        try:
            if error:
                raise error
            return incoming.deliver(event)
        except (GflaError, OSError) as error:
            incoming.discard()
            return replace(event, state="failed", files=None, frames=None, reason=" ".join(explain(error).split()))
