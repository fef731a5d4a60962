"""What fields and buttons do, without a browser: jobs from forms, and jobs of a batch that run again."""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from models.errors import InputError
from pipelines.batch.events import Event
from pipelines.batch.jobs import Job
from pipelines.batch.journal import open_journal, read_journal
from tests.helpers.media_files import SOURCE
from tests.helpers.ui_pages import serve_page  # skips where the extra is missing

from gfla_cli.ui import views  # isort: skip
from gfla_cli.ui.desk import Desk  # isort: skip
from gfla_cli.ui.forms import TASKS, read_fields  # isort: skip
from gfla_cli.ui.places import BatchPlace, make_queue, token_of  # isort: skip
from gfla_cli.ui.submissions import make_job  # isort: skip

ANIMATE, FACE, TURNTABLE = TASKS
HOSTILE = '<img src=x onerror="alert(1)">'


@pytest.fixture
def batch(tmp_path: Path) -> Path:
    """The folder of a batch with a job that failed because its video is a text, and one that was not reached."""
    (tmp_path / "bad.mp4").write_text("no video")
    options = {"source": str(SOURCE), "driving": str(tmp_path / "bad.mp4"), "device": "cpu"}
    with open_journal(tmp_path / "out") as journal:
        journal.queue([Job(HOSTILE, "animate", options, "a.mp4"), Job("late", "animate", options, "late.mp4")])
        journal.record(Event(HOSTILE, "started", worker=0))
        journal.record(Event(HOSTILE, "failed", worker=0, reason=f"{HOSTILE} is missing"))
    return tmp_path / "out"


@pytest.fixture
def desk(tmp_path: Path, batch: Path) -> Iterator[Desk]:
    with make_queue(tmp_path / "ui", resume=False) as queue:
        place = BatchPlace(batch)
        yield Desk(queue, 1_000_000, place)
        place.close()


def test_fields_at_their_default_are_no_options() -> None:
    names = ["retarget", "face", "start", "fps", "suffix"]
    assert read_fields(names, ["body", False, "", None, ".mp4"], ANIMATE.config) == {}
    given = read_fields(names, ["fit", True, " 0:02 ", "25", ".webm"], ANIMATE.config)
    assert given == {"retarget": "fit", "face": "true", "start": "0:02", "fps": "25", "suffix": ".webm"}


def test_a_form_becomes_a_job(tmp_path: Path) -> None:
    driving = tmp_path / "walk.mp4"
    job = make_job(ANIMATE, SOURCE, driving, {"start": "0:01", "face": "true"}, tmp_path, ())
    assert (job.name, job.output) == ("source--walk", "source--walk.mp4")
    assert (job.options["start"], job.options["face"], job.options["driving"]) == ("1", True, str(driving))
    (tmp_path / "source--walk-2.mp4").touch()
    assert make_job(ANIMATE, SOURCE, driving, {}, tmp_path, ["SOURCE--walk"]).name == "source--walk-3"
    assert make_job(ANIMATE, SOURCE, driving, {"background": "transparent"}, tmp_path, ()).output.endswith(".webm")
    assert make_job(FACE, SOURCE, driving, {"landmarks": "bundled"}, tmp_path, ()).command == "face"
    turned = make_job(TURNTABLE, SOURCE, None, {"category": "chair", "suffix": ".gif"}, tmp_path, ())
    assert (turned.output, turned.options["category"]) == ("source--turntable.gif", "chair")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"start": "later"}, "'later' is not a time"),
        ({"background": "/etc/passwd "}, "background"),
        ({"weights": "x\0"}, "control character"),
        ({"nothing": "1"}, "has no option 'nothing'"),
        ({"suffix": ".exe"}, "can't write this type"),
        ({"suffix": "/../../x.mp4"}, "not inside the folder"),
    ],
)
def test_options_that_the_command_refuses_are_refused(options: dict[str, str], words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words):
        make_job(ANIMATE, SOURCE, tmp_path / "walk.mp4", options, tmp_path, ())


def test_backgrounds_are_read_from_their_fields(desk: Desk) -> None:
    assert desk.read_background("picture", "#fff", None) == {}
    assert desk.read_background("transparent", "#fff", None) == {"background": "transparent"}
    assert desk.read_background("colour", "rgba(255, 128.2, 0, 1)", None) == {"background": "#ff8000"}
    upload = desk.uploads.add_copy(SOURCE)
    number = {"number": upload.parent.name}
    assert desk.read_background("file", "", number) == {"background": str(upload)}
    for values in (("/etc/passwd", "", None), ("file", "", {"number": "../x"}), ("colour", "/etc/passwd", None)):
        with pytest.raises(InputError):
            desk.read_background(*values)


def test_another_picture_is_an_upload_as_well(desk: Desk, tmp_path: Path) -> None:
    upload = desk.uploads.add_copy(SOURCE)
    options = desk.read_also({"number": upload.parent.name, "name": "back.png"})
    assert make_job(ANIMATE, SOURCE, tmp_path / "a.mp4", options, tmp_path, ()).options["also"] == [str(upload)]
    assert desk.read_also(None) == {}
    with pytest.raises(InputError):
        desk.read_also(str(SOURCE))


def test_text_from_outside_is_shown_as_text(desk: Desk) -> None:
    shown = desk.describe(("batch", token_of(HOSTILE)))
    assert "<img src=x" not in "".join(shown.values())
    assert shown["panel"].count("&lt;img src=x") == 2
    assert "<script" not in views.message("<script>alert(1)</script>")


def test_jobs_of_a_batch_are_listed_by_state_and_text(desk: Desk) -> None:
    assert "late" in desk.describe(None)["batch"]
    assert "late" not in desk.describe(None, "Failed", "")["batch"]
    assert "late" in desk.describe(None, "Waiting", "LAT")["batch"]
    assert "2 jobs: 1 waiting, 1 failed" in desk.describe(None)["about"]
    assert "Run it here" in desk.describe(("batch", token_of("late")))["panel"]


@pytest.mark.slow
def test_a_failed_job_of_a_batch_runs_again(desk: Desk, batch: Path) -> None:
    desk.act(None, "retry-failed", "batch", "")
    end = time.monotonic() + 60
    while "1 failed" not in desk.describe(None)["about"] and time.monotonic() < end:
        time.sleep(0.1)
    entries = read_journal(batch).entries
    assert "is a text file, not a video" in entries[HOSTILE].facts["reason"]
    assert entries["late"].state == "queued"
    with open_journal(batch):  # the page has let go of the folder
        pass


def test_while_another_process_works_on_the_batch_nothing_runs_again(desk: Desk, batch: Path) -> None:
    with open_journal(batch), pytest.raises(InputError, match="is working on"):
        desk.act(None, "retry", "batch", token_of(HOSTILE))
    assert read_journal(batch).entries[HOSTILE].state == "failed"


@pytest.mark.parametrize(
    "click", [("remove", "batch", token_of("late")), ("retry", "elsewhere", "x"), ("cancel", "queue", "None")]
)
def test_clicks_of_one_s_own_making_do_nothing(desk: Desk, batch: Path, click: tuple[str, str, str]) -> None:
    before = (batch / ".gfla" / "journal.jsonl").read_bytes()
    with suppress(InputError):
        desk.act(None, *click)
    assert (batch / ".gfla" / "journal.jsonl").read_bytes() == before


def test_results_of_a_batch_are_served_and_links_out_of_it_are_not(tmp_path: Path, batch: Path) -> None:
    (batch / "late.mp4").symlink_to("/etc/passwd")
    with open_journal(batch) as journal:
        journal.record(Event("late", "done", worker=0, files={"late.mp4": ("0", 1, 1)}))
    with serve_page(tmp_path / "ui", batch=batch) as page:
        for what in ("result", "thumbnail", "report", "else"):
            assert page.request("GET", f"/jobs/batch/{token_of('late')}/{what}")[0] == 404
        (batch / "late.mp4").unlink()
        (batch / "late.mp4").write_bytes(b"video")
        status, data, headers = page.request("GET", f"/jobs/batch/{token_of('late')}/result")
    assert (status, data, headers["content-type"]) == (200, b"video", "video/mp4")
