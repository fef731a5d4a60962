"""Jobs, checks and messages as HTML. All text that comes from outside is escaped here; nothing else makes HTML.

In: rows of a journal. Out: fragments, whose buttons have `data-action`, `data-place` and `data-job`; assets/actions.js
reports clicks on them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from gfla_cli.console import duration
from gfla_cli.ui.checks import CheckAnswer, CheckStep
from gfla_cli.ui.places import token_of
from gfla_cli.ui.routes import SHOWN
from pipelines.batch.events import JobRow
from pipelines.batch.queue import CANCELLED, JobProgress

MAX_ROWS = 200  # of a list
STATES = {"queued": "Waiting", "started": "Running", "done": "Done", "failed": "Failed"}
STAGES = {  # of jobs, in words
    "keypoints": "Finding the person",
    "background": "Filling in the background",
    "animate": "Animating",
    "face": "Animating the face",
    "view synthesis": "Turning",
}
VERDICTS = {"good": "Looks good", "doubtful": "It will work, but", "impossible": "This can't be animated"}

Shorten = Callable[[str], str]


def job_list(
    rows: Sequence[JobRow],
    progress: JobProgress | None,
    place: str,
    selected: str | None,
    shorten: Shorten,
    *,
    empty: str,
) -> str:
    """A button for each job, the latest first; `selected` is the token of one."""
    if not rows:
        return f'<p class="empty">{escape(empty)}</p>'
    shown = list(reversed(rows))[:MAX_ROWS]
    items = "".join(_list_item(row, progress, place, token_of(row["name"]) == selected, shorten) for row in shown)
    more = f'<p class="empty">and {len(rows) - MAX_ROWS} more</p>' if len(rows) > MAX_ROWS else ""
    return f'<ul class="jobs">{items}</ul>{more}'


@dataclass(frozen=True)
class Shown:
    """What the panel needs to know about a job besides its row."""

    progress: JobProgress | None
    """Of the job that runs in this place."""
    is_here: bool
    """Whether the job is waiting or running in this process."""
    has_output: bool
    """Whether its result is where it was written."""
    can_run: bool
    """Whether it could be run here: no other process is working on the folder."""
    driver: str | None = None
    """URL of the driving video, to show beside the result."""
    offset: float = 0.0
    """Where the part of the driving video begins, in seconds."""


def job_panel(row: JobRow, place: str, shown: Shown, shorten: Shorten) -> str:
    """One job with its result, progress or failure, and what can be done."""
    running = shown.progress if shown.progress and shown.progress.name == row["name"] else None
    kind, state = ("started", STATES["started"]) if running else (_kind(row), _state(row))
    head = f'<header><h2>{escape(row["name"])}</h2><span class="state {kind}">{state}</span></header>'
    if row["state"] == "done" and shown.has_output:
        body = _result(row, place, shown.driver, shown.offset, shorten)
    elif row["state"] == "done":
        body = "<p>The result is no longer where it was written.</p>" + _retry(place, row, shown, "Make it again")
    elif row["state"] == "failed":
        body = _failure(row, place, shown, shorten)
    elif running is not None:
        body = _bar(running) + _buttons(place, row, cancel="Cancel")
    elif shown.is_here:
        body = "<p>Waits until the jobs before it have ended.</p>" + _buttons(place, row, cancel="Cancel")
    else:
        about = "Left unfinished." if shown.can_run else "Another process is working on it."
        body = f"<p>{about}</p>" + _retry(place, row, shown, "Run it here")
    return f'<article class="panel">{head}{body}</article>'


def check_step(step: CheckStep) -> str:
    """What a check is doing."""
    share = step.done / step.total if step.total else None
    counted = f"{step.done} of {step.total}" if step.total else ""
    return (
        '<article class="panel"><header><h2>Preview</h2></header>'
        f"{_progress_bar(share, f'Looking at both files: {step.stage}')}"
        f'<p class="about"><span>Looking at both files: {escape(step.stage)}</span><span>{counted}</span></p></article>'
    )


def check_answer(answer: CheckAnswer, shorten: Shorten) -> str:
    """The verdict, why, what to expect, and the sheet."""
    report = answer.report
    verdict, reasons = str(report["verdict"]), [shorten(str(each)) for each in report["reasons"]]
    doubts = "".join(f"<li>{escape(each)}</li>" for each in reasons)
    facts = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in _facts(report))
    sheet = ""
    if answer.sheet is not None:
        link = f"sheets/{answer.sheet.stem}"
        alt = "Frames of the driving video with the skeleton, each beside the result"
        sheet = f'<a href="{link}" target="_blank"><img class="sheet" src="{link}" alt="{alt}"></a>'
    return (
        f'<article class="panel"><header><h2>Preview</h2></header><p class="verdict {escape(verdict)}">'
        f"{escape(VERDICTS.get(verdict, verdict))}</p>"
        f"{f'<ul class=doubts>{doubts}</ul>' if doubts else ''}{sheet}"
        f"{f'<dl>{facts}</dl>' if facts else ''}</article>"
    )


def _facts(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    if report["verdict"] == "impossible":
        return []
    return [
        ("Time", f"about {duration(report['seconds'])} for {report['frames']} frames"),
        ("Person", f"in {report['person_share']:.0%} of the frames that were looked at"),
        ("Memory", f"about {report['memory'] / 1e9:.1f} GB"),
    ]


def message(text: str, *, kind: str = "error") -> str:
    """One line about what happened; `kind` is "error" or "note"."""
    return f'<p class="message {kind}" role="status">{escape(text)}</p>' if text else ""


def welcome(title: str, text: str) -> str:
    """What the panel says before there is anything to show."""
    return f'<article class="panel welcome"><h2>{escape(title)}</h2><p>{escape(text)}</p></article>'


def describe_counts(counts: Mapping[str, int]) -> str:
    """`12 jobs: 9 done, 3 failed`."""
    total = sum(counts.values())
    parts = [f"{counts[state]} {label.lower()}" for state, label in STATES.items() if counts.get(state)]
    return f"{total} job{'s' * (total != 1)}: {', '.join(parts)}"


def _list_item(row: JobRow, progress: JobProgress | None, place: str, is_selected: bool, shorten: Shorten) -> str:
    token, running = token_of(row["name"]), progress if progress and progress.name == row["name"] else None
    picture = '<span class="thumb"></span>'
    if row["state"] == "done":
        picture = f'<img class="thumb" src="jobs/{place}/{token}/thumbnail" alt="" loading="lazy">'
    about = _state(row) if running is None else _describe_progress(running)
    if _kind(row) == "failed":
        about = f"{about}: {shorten(row['reason'] or '')}"
    bar = _progress_bar(_share(running), row["name"]) if running else ""
    return (
        f'<li><button type="button" class="job" aria-pressed="{str(is_selected).lower()}" data-action="select" '
        f'data-place="{place}" data-job="{token}">{picture}<span class="text"><b>{escape(row["name"])}</b>'
        f'<span class="state {_kind(row)}">{escape(about)}</span>{bar}</span></button></li>'
    )


def _result(row: JobRow, place: str, driver: str | None, offset: float, shorten: Shorten) -> str:
    token = token_of(row["name"])
    url, suffix = f"jobs/{place}/{token}/result", Path(row["output"]).suffix.lower()
    own = _media(url, suffix, "Result", main=True)
    beside = _media(driver, ".mp4", "Driving video", main=False, offset=offset) if driver else ""
    facts = [
        f"{row['frames']} frames" if row["frames"] else "",
        f"made in {duration(row['seconds'])}" if row["seconds"] else "",
    ]
    notes = "".join(f"<li>{escape(shorten(each))}</li>" for each in row["warnings"])
    remove = {"remove": "Delete"} if place == "queue" else {}
    name = escape(Path(row["output"]).name)
    links = (
        f'<a class="button main" href="{url}" download="{name}">Download</a>'
        f'<a class="button" href="jobs/{place}/{token}/report" download>Report (JSON)</a>'
    )
    return (
        f'<div class="media{" pair" if beside else ""}">{own}{beside}</div>'
        f"{f'<ul class=doubts>{notes}</ul>' if notes else ''}"
        f"{_buttons(place, row, links=links, **remove)}"
        f'<p class="about"><span>{", ".join(filter(None, facts))}</span></p>'
    )


def _media(url: str, suffix: str, title: str, *, main: bool, offset: float = 0.0) -> str:
    kind = SHOWN.get(suffix, "")
    if kind.startswith("video"):
        role = "controls autoplay loop" if main else f'data-follows data-offset="{offset:g}"'
        shown = f'<video src="{url}" {role} muted playsinline aria-label="{title}"></video>'
    elif kind:
        shown = f'<img src="{url}" alt="{title}">'
    else:
        shown = '<p class="empty">Browsers can\'t play this type.</p>'
    return f"<figure>{shown}<figcaption>{title}</figcaption></figure>"


def _failure(row: JobRow, place: str, shown: Shown, shorten: Shorten) -> str:
    reason = (
        "" if row["reason"] == CANCELLED else f'<p class="message error">{escape(shorten(row["reason"] or ""))}</p>'
    )
    return reason + _retry(place, row, shown, "Run again")


def _retry(place: str, row: JobRow, shown: Shown, label: str) -> str:
    retry = {"retry": label} if shown.can_run else {}
    remove = {"remove": "Delete"} if place == "queue" else {}
    return _buttons(place, row, **retry, **remove)


def _buttons(place: str, row: JobRow, *, links: str = "", **actions: str) -> str:
    about = f'data-place="{place}" data-job="{token_of(row["name"])}"'
    made = "".join(
        f'<button type="button" class="button" data-action="{action}" {about}'
        f"{' data-confirm=' + chr(34) + 'Delete this job and its files?' + chr(34) if action == 'remove' else ''}>"
        f"{label}</button>"
        for action, label in actions.items()
    )
    return f'<div class="buttons">{links}{made}</div>'


def _bar(progress: JobProgress) -> str:
    return _progress_bar(_share(progress), progress.name) + (
        f'<p class="about"><span>{escape(_describe_progress(progress))}</span>'
        f"<span>{duration(progress.seconds)} so far</span></p>"
    )


def _progress_bar(share: float | None, label: str) -> str:
    value = "" if share is None else f' value="{share:.3f}"'
    return f'<progress max="1"{value} aria-label="{escape(label)}"></progress>'


def _describe_progress(progress: JobProgress) -> str:
    counted = f" {progress.done} of {progress.total}" if progress.total else ""
    left = f", about {duration(progress.left)} left" if progress.left is not None else ""
    return f"{STAGES.get(progress.stage, progress.stage.capitalize()) or 'Starting'}{counted}{left}"


def _share(progress: JobProgress) -> float | None:
    return progress.done / progress.total if progress.total else None


def _kind(row: JobRow) -> str:
    return "cancelled" if row["reason"] == CANCELLED and row["state"] == "failed" else row["state"]


def _state(row: JobRow) -> str:
    return "Cancelled" if _kind(row) == "cancelled" else STATES[row["state"]]


def batch_head(folder: str, counts: Mapping[str, int], other_process: int | None) -> str:
    """The folder of a batch, how its jobs are, who is working on it, and a button if some have failed."""
    failed, retry = counts.get("failed", 0), ""
    if other_process is not None:
        busy = f"Process {other_process} is working on this folder. Jobs can run again when it has ended."
        retry = message(busy, kind="note")
    elif failed:
        label = f"Run {'the failed job' if failed == 1 else f'{failed} failed jobs'} again"
        action = 'data-action="retry-failed" data-place="batch" data-job=""'
        retry = f'<div class="buttons"><button type="button" class="button main" {action}>{label}</button></div>'
    about = f'<p class="folder">{escape(folder)}</p><p class="counts">{escape(describe_counts(counts))}</p>'
    return about + retry
