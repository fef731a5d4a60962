"""The files of the report: what they contain, and what hostile names can't do."""

import base64
import hashlib
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from models.errors import InputError
from pipelines.batch.events import JobRow
from pipelines.batch.report import write_report
from tests.helpers.batch_reports import HOSTILE, make_report_row, write_results


class Page(HTMLParser):
    """Start tags with their attributes, the text of script elements by id, and the page's policy."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: dict[str | None, str] = {}
        self.feed(path.read_text("ascii"))
        policies = [values["content"] or "" for _, values in self.tags if "http-equiv" in values]
        (self.policy,) = policies

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "script" and data.strip():
            self.scripts.setdefault(self.tags[-1][1].get("id"), data)

    @property
    def rows(self) -> list[dict[str, Any]]:
        return json.loads(self.scripts["report"])["rows"]

    @property
    def thumbnails(self) -> list[bytes]:
        return [base64.b64decode(text) for text in json.loads(self.scripts["thumbnails"])]


def write_page(folder: Path, rows: list[JobRow], thumbnails: dict[str, bytes] | None = None) -> Page:
    about = {"warnings": ["a: not used: b.txt"], "wall_seconds": 7.5}
    write_report(folder, rows, command="gfla batch a b -o c", thumbnails=thumbnails or {}, **about)
    return Page(folder / "report.html")


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[JobRow], Page]:
    """A folder of results of each kind, its rows and its page."""
    folder = tmp_path_factory.mktemp("batch")
    rows = write_results(folder)
    return folder, rows, write_page(folder, rows)


def test_the_json_report_has_the_rows_and_counts_every_state(batch: tuple[Path, list[JobRow], Page]) -> None:
    folder, rows, _ = batch
    report = json.loads((folder / "report.json").read_bytes())
    assert report["version"] == 1
    assert report["rows"] == rows
    assert report["counts"] == {"queued": 1, "started": 1, "done": 7, "failed": 3}
    assert report["command"] == "gfla batch a b -o c"
    assert (report["warnings"], report["wall_seconds"]) == (["a: not used: b.txt"], 7.5)


def test_names_reach_the_page_as_data_only(batch: tuple[Path, list[JobRow], Page]) -> None:
    _, rows, page = batch
    assert [tag for tag, _ in page.tags].count("script") == 3
    assert "img" not in [tag for tag, _ in page.tags]
    assert not [name for _, values in page.tags for name in values if name.startswith("on")]
    assert [{key: shown[key] for key in row} for shown, row in zip(page.rows, rows, strict=True)] == rows
    assert HOSTILE in [row["name"] for row in page.rows]


def test_the_page_allows_its_own_script_and_no_other(batch: tuple[Path, list[JobRow], Page]) -> None:
    page = batch[2]
    digest = base64.b64encode(hashlib.sha256(page.scripts[None].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page.policy
    assert page.policy.startswith("default-src 'none'")
    assert "http" not in page.policy


def test_each_kind_of_result_is_shown_as_what_it_is(batch: tuple[Path, list[JobRow], Page]) -> None:
    shown = {row["name"]: row for row in batch[2].rows}
    kinds = {name: shown[name]["kind"] for name in ("video", "webm", "gif", "sheet", "folder", "pattern", "bad-9")}
    assert kinds == {
        "video": "video",
        "webm": "video",
        "gif": "picture",
        "sheet": "picture",
        "folder": "pictures",
        "pattern": "pictures",
        "bad-9": None,
    }
    assert shown["video"]["url"] == "./in%20deep/50%25%20%231%3F.mp4"
    assert shown["folder"]["pictures"] == [f"./poses/0000{number}.png" for number in range(3)]
    assert (shown["pattern"]["url"], shown["pattern"]["count"]) == ("./in%20deep/", 4)
    assert shown["pattern"]["pictures"][3] == "./in%20deep/p003.png"


@pytest.mark.parametrize(
    ("output", "url"),
    [
        ("javascript:alert(1).mp4", "./javascript%3Aalert%281%29.mp4"),
        ("//elsewhere/x.mp4", ".///elsewhere/x.mp4"),
        ('a"b<c>.mp4', "./a%22b%3Cc%3E.mp4"),
        ("\udcff.mp4", "./%FF.mp4"),
    ],
)
def test_a_url_stays_in_the_folder_whatever_the_name(output: str, url: str, tmp_path: Path) -> None:
    assert write_page(tmp_path, [make_report_row("odd", output)]).rows[0]["url"] == url


def test_thumbnails_belong_to_their_rows_and_may_be_missing(tmp_path: Path) -> None:
    rows = [make_report_row("first"), make_report_row("second"), make_report_row("third")]
    page = write_page(tmp_path, rows, {"third": b"\xff\xd8", "first": b""})
    assert page.thumbnails == [b"", b"", b"\xff\xd8"]


def test_a_report_replaces_an_earlier_one_and_leaves_nothing_else(tmp_path: Path) -> None:
    write_page(tmp_path, [make_report_row("first", state="queued")])
    page = write_page(tmp_path, [make_report_row("second", state="queued")])
    assert [row["name"] for row in page.rows] == ["second"]
    assert {path.name for path in tmp_path.iterdir()} == {"report.json", "report.html"}


def test_two_missing_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        write_report(tmp_path / "nowhere" / "deeper", [], command="gfla batch", thumbnails={})
