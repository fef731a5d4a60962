"""What the page can do, without any layout: uploads, checks, jobs, and what each looks like now.

One desk serves everybody who has the page open. `page` calls it with what fields and buttons say, none of which is
trusted.
"""

import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from fractions import Fraction
from importlib.resources import files
from pathlib import Path

from gfla_cli.ui import views
from gfla_cli.ui.checks import CheckStep, check_inputs
from gfla_cli.ui.forms import BACKGROUNDS, Task
from gfla_cli.ui.places import BatchPlace, Place, find_row, token_of
from gfla_cli.ui.submissions import make_job
from gfla_cli.ui.uploads import Uploads
from models.errors import InputError
from pipelines.batch.events import JobRow
from pipelines.batch.journal import STATE_FOLDER
from pipelines.batch.queue import JobQueue
from pipelines.compositing.background_choice import parse_colour

Selection = tuple[str, str] | None  # place and token of a job; ("preview", "") for a preview
EXAMPLES = ("source.png", "driving.mp4")
WELCOME = (
    "A person in a picture, moved by a video",
    "Choose a picture and a video, or use the example. Preview shows a few frames of the result, and how long it will "
    "take.",
)
WELCOME_TO_BATCH = "Results of the batch", "Choose a job from the list to see what it made, or why it failed."
NO_JOBS = "Nothing yet. What you make is listed here, and stays when you close the page."
STATE_FILTERS = {"Failed": ("failed",), "Waiting": ("queued", "started"), "Done": ("done",)}


class Desk:
    """Everything behind the page.

    Args:
        queue: where new jobs go, open.
        max_upload: bytes of one upload.
        batch: the folder of a batch that is shown as well.
    """

    def __init__(self, queue: JobQueue, max_upload: int, batch: BatchPlace | None = None) -> None:
        self.queue, self.batch = queue, batch
        state = queue.folder / STATE_FOLDER
        self.sheets = state / "sheets"
        self.uploads = Uploads(state / "uploads", max_upload, self._used_files)
        self.places: Mapping[str, Place] = {"queue": queue} | ({"batch": batch} if batch else {})

    def add_example(self) -> list[dict[str, str]]:
        """The bundled picture and video as uploads, as the page knows them."""
        paths = [self.uploads.add_copy(Path(str(files("gfla_cli") / "demo" / name))) for name in EXAMPLES]
        return [{"number": path.parent.name, "name": path.name} for path in paths]

    def read_background(self, kind: object, colour: object, file: object) -> dict[str, str]:
        """The option `background`, from its three fields. Raises InputError."""
        if kind not in BACKGROUNDS:
            raise InputError(f"background {kind!r:.40} must be one of {', '.join(BACKGROUNDS)}")
        if kind == "file":
            return {"background": str(self._find(file, "choose a file for the background"))}
        if kind == "colour":
            return {"background": _read_colour(colour)}
        return {} if kind == "picture" else {"background": str(kind)}

    def read_also(self, file: object) -> dict[str, str]:
        """The option `also`, if there is another picture. Raises InputError."""
        return {} if file is None else {"also": str(self._find(file, "choose the other picture again"))}

    def submit(self, task: Task, source: object, driving: object, options: Mapping[str, str]) -> Selection:
        """Queue a job; returns its selection.

        Raises:
            InputError: a file is missing, or an option is refused.
        """
        paths = self._find_inputs(source, driving, task.driving is not None)
        taken = [row["name"] for row in self.queue.rows()]
        job = make_job(task, *paths, options, self.queue.folder, taken)
        self.queue.add(job)
        return "queue", token_of(job.name)

    async def preview(self, source: object, driving: object, options: Mapping[str, str]) -> AsyncIterator[str]:
        """The panel while a check runs, and with its answer. Raises InputError."""
        picture, video = self._find_inputs(source, driving, True)
        assert video is not None
        yield views.check_step(CheckStep("starting", 0, None))
        async for step in check_inputs(picture, video, options, self.sheets):
            yield (
                views.check_step(step)
                if isinstance(step, CheckStep)
                else views.check_answer(step, self.uploads.shorten)
            )

    def act(self, selection: Selection, action: str, place: str, token: str) -> Selection:
        """What a button of a job does; returns the new selection. Raises InputError."""
        if place not in self.places:
            raise InputError("this job is gone")
        where = self.places[place]
        if action == "retry-failed":
            where.retry([row["name"] for row in where.rows() if row["state"] == "failed"])
            return selection
        row = find_row(where, token)
        if action == "cancel":
            where.cancel(row["name"])
        elif action == "retry":
            where.retry([row["name"]])
        elif action == "remove" and place == "queue":
            self.queue.remove(row["name"])
            self.uploads.clean()
            return None
        return place, token

    def describe(self, selection: Selection, state: str = "All", text: str = "") -> dict[str, str]:
        """HTML of the panel (left out while it shows a preview) and of the lists, by name.

        Args:
            state, text: which jobs of the batch are listed.
        """
        place, token = selection or ("", "")
        shown = {"queue": self._list("queue", self.queue.rows(), place, token, NO_JOBS)}
        if self.batch is not None:
            rows = self.batch.rows()
            chosen = [row for row in rows if _matches(row, state, text)]
            shown["batch"] = self._list("batch", chosen, place, token, "No such job.")
            counts = Counter(row["state"] for row in rows)
            shown["about"] = views.batch_head(str(self.batch.folder), counts, self.batch.other_process())
        return shown if place == "preview" else shown | {"panel": self._panel(place, token)}

    def _list(self, name: str, rows: list[JobRow], place: str, token: str, empty: str) -> str:
        selected = token if place == name else None
        return views.job_list(rows, self.places[name].progress(), name, selected, self.uploads.shorten, empty=empty)

    def _panel(self, place: str, token: str) -> str:
        try:
            row = find_row(self.places[place], token) if place in self.places else None
        except InputError:
            row = None
        if row is None:
            return views.welcome(*(WELCOME if self.batch is None else WELCOME_TO_BATCH))
        where = self.places[place]
        job = self.queue.find(row["name"]) if place == "queue" else None
        number = self.uploads.number_of(job.driving) if job else None
        shown = views.Shown(
            where.progress(),
            where.holds(row["name"]),
            has_output=(where.folder / row["output"]).exists(),
            can_run=self.batch is None or where is not self.batch or self.batch.other_process() is None,
            driver=f"uploads/{number}" if number else None,
            offset=float(Fraction(job.options.get("start") or 0)) if job else 0.0,
        )
        return views.job_panel(row, place, shown, self.uploads.shorten)

    def _find_inputs(self, source: object, driving: object, is_pair: bool) -> tuple[Path, Path | None]:
        picture = self._find(source, "choose a picture first")
        return picture, self._find(driving, "choose a video first") if is_pair else None

    def _find(self, value: object, missing: str) -> Path:
        """The file of a drop zone."""
        if not isinstance(value, dict):
            raise InputError(missing)
        return self.uploads.find(value.get("number"))

    def _used_files(self) -> set[Path]:
        jobs = [self.queue.find(row["name"]) for row in self.queue.rows()]
        return {Path(path) for job in jobs if job for path in job.files}


def _matches(row: JobRow, state: str, text: str) -> bool:
    found = f"{row['name']} {row['reason'] or ''}".casefold()
    return row["state"] in STATE_FILTERS.get(state, (row["state"],)) and text.casefold() in found


def _read_colour(value: object) -> str:
    """`#rrggbb` of what a field for colours says, which may be `rgba(255, 128.5, 0, 1)`. Raises InputError."""
    text = str(value).strip()
    if match := re.fullmatch(r"rgba?\(([\d.]+), *([\d.]+), *([\d.]+)(?:, *[\d.]+)?\)", text):
        text = "#" + "".join(f"{min(255, round(float(part))):02x}" for part in match.groups())
    if parse_colour(text) is None:
        raise InputError(f"{text!r:.40} is no colour: use #rrggbb")
    return text
