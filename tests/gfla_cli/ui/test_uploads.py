"""Uploads by HTTP, among them those of people who mean harm: what is refused leaves nothing behind."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.media_files import DRIVING, SOURCE
from tests.helpers.ui_pages import ServedPage, serve_page  # skips where the extra is missing

from gfla_cli.ui.probe import describe_upload  # isort: skip
from gfla_cli.ui.uploads import safe_name  # isort: skip
from models.errors import InputError  # isort: skip

LIMIT = 1_000_000  # bytes


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedPage]:
    with serve_page(tmp_path_factory.mktemp("ui"), max_upload=LIMIT) as served:
        yield served


def stored(page: ServedPage) -> list[str]:
    """Names of all files among the uploads."""
    return sorted(path.name for path in page.desk.uploads.folder.rglob("*") if path.is_file())


def forget(page: ServedPage) -> None:
    page.desk.uploads.clean(keep=0)


def test_a_picture_and_a_video_are_stored_and_described(page: ServedPage) -> None:
    status, picture = page.upload("anna.PNG", SOURCE.read_bytes())
    assert (status, picture["name"], picture["kind"]) == (200, "anna.png", "picture")
    status, video = page.upload("dance.mp4", DRIVING.read_bytes(), "driving")
    assert (status, video["kind"], video["frames"]) == (200, "video", 100)
    status, data, headers = page.request("GET", f"/uploads/{video['number']}")
    assert (status, data, headers["content-type"]) == (200, DRIVING.read_bytes(), "video/mp4")
    assert page.request("GET", f"/uploads/{video['number']}", headers={"Range": "bytes=5-8"})[:2] == (206, data[5:9])
    forget(page)
    assert page.request("GET", f"/uploads/{video['number']}")[0] == 404


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../../../tmp/evil.png", "evil.png"),
        ("..\\..\\evil.png", "evil.png"),
        ("/etc/passwd", "passwd"),
        ("a\r\nSet-Cookie: b.png", "a_Set-Cookie_ b.png"),
        ("<img src=x onerror=alert(1)>.png", "img src_x onerror_alert(1).png"),
        ("..", "upload"),
        ("", "upload"),
        (".gfla", "gfla"),
        ("%2e%2e%2fx\0y.jpg", "2e_2e_2fx_y.jpg"),
        ("a" * 3000 + ".png", "a" * 60 + ".png"),
        ("页 – été.MOV", "页 _ été.mov"),
        ("page.html", "page"),
    ],
)
def test_a_name_is_made_of_harmless_characters(name: str, expected: str) -> None:
    assert safe_name(name) == expected


@pytest.mark.parametrize(
    ("name", "kind"), [("../../../../../tmp/evil.png", "image/png"), ("page.html", "application/octet-stream")]
)
def test_a_name_leads_nowhere(page: ServedPage, name: str, kind: str) -> None:
    folder = Path(page.desk.queue.folder)
    before = sorted(folder.iterdir())
    status, answer = page.upload(name, SOURCE.read_bytes())
    assert (status, answer["name"], stored(page)) == (200, safe_name(name), [safe_name(name)])
    assert sorted(folder.iterdir()) == before
    headers = page.request("GET", f"/uploads/{answer['number']}")[2]
    assert (headers["content-type"], headers["x-content-type-options"]) == (kind, "nosniff")
    assert "sandbox" in headers["content-security-policy"]
    forget(page)


HTML = b"<!doctype html><script>alert(1)</script>"
PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:1.0,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
CONCAT = f"ffconcat version 1.0\nfile {DRIVING}\n".encode()


@pytest.mark.parametrize(
    ("name", "body", "kind", "words"),
    [
        ("a.png", HTML, "picture", "is a web page"),
        ("a.mp4", HTML, "driving", "is a web page"),
        ("a.mp4", b"not a video" * 100, "driving", "is a text file"),
        ("a.mp4", os.urandom(5000), "driving", "is not a video that can be read"),
        ("a.m3u8", PLAYLIST, "driving", "a.m3u8"),
        ("a.mp4", CONCAT, "driving", "a.mp4"),
        ("a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>', "picture", "a.svg"),
        ("a.json", b'{"version": 1, "frames": [' + b"[" * 100_000, "driving", "a.json"),
        ("a.mp4", DRIVING.read_bytes()[:100], "driving", "a.mp4"),
        ("a.png", DRIVING.read_bytes(), "picture", "is not a picture"),
        ("a.png", b"", "picture", "is empty"),
    ],
)
def test_what_is_something_else_is_refused(tmp_path: Path, name: str, body: bytes, kind: str, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(body)
    with pytest.raises(InputError, match=words):
        describe_upload(kind, path)


def test_what_is_a_picture_or_a_video_is_described() -> None:
    assert describe_upload("background", SOURCE) == describe_upload("picture", SOURCE)
    assert describe_upload("background", DRIVING)["kind"] == "video"


def test_what_is_refused_is_removed(page: ServedPage) -> None:
    for name, body, kind in (("a.mp4", HTML, "driving"), ("a.png", SOURCE.read_bytes(), "program")):
        status, answer = page.upload(name, body, kind)
        assert (status, list(page.desk.uploads.folder.iterdir())) == (422, [])
        assert str(page.desk.uploads.folder) not in answer["error"]


def test_more_than_the_limit_is_refused_before_and_while_it_comes(page: ServedPage) -> None:
    headers = {"Content-Length": str(3 * 10**9), "X-File-Name": "a.mp4"}
    status, data, _ = page.request("POST", "/uploads?kind=driving", b"", headers)
    assert (status, b"larger than 1 MB" in data) == (413, True)
    pieces = (bytes(100_000) for _ in range(30))
    try:
        status, data, _ = page.request("POST", "/uploads?kind=driving", pieces, {"X-File-Name": "a.mp4"})
        assert status == 413
    except (BrokenPipeError, ConnectionResetError):  # the server no longer listens
        pass
    assert list(page.desk.uploads.folder.iterdir()) == []


def test_an_upload_that_breaks_off_leaves_nothing(page: ServedPage) -> None:
    def break_off() -> Iterator[bytes]:
        yield SOURCE.read_bytes()[:1000]
        raise KeyError

    with pytest.raises(KeyError):
        page.request("POST", "/uploads?kind=picture", break_off(), {"Content-Length": "5000"})
    end = time.monotonic() + 10
    while list(page.desk.uploads.folder.iterdir()) and time.monotonic() < end:
        time.sleep(0.05)
    assert list(page.desk.uploads.folder.iterdir()) == []


def test_uploads_that_no_job_uses_do_not_pile_up(page: ServedPage) -> None:
    uploads = page.desk.uploads
    paths = [uploads.add_copy(SOURCE) for _ in range(20)]
    for number, path in enumerate(paths):
        os.truncate(path, 1)
        os.utime(path.parent, (number, number))
    uploads.clean()
    assert [path.exists() for path in paths] == [False] * 4 + [True] * 16
    for path in paths[-6:]:
        os.truncate(path, LIMIT)
    uploads.clean()
    assert [path.exists() for path in paths] == [False] * 16 + [True] * 4
    forget(page)


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=http://127.0.0.1:9/",
        "/gradio_api/proxy=http://127.0.0.1:9/",
        "/gradio_api/info",
        "/gradio_api/runs",
        "/file=/etc/passwd",
        "/uploads/..%2f..%2fjournal.jsonl",
        "/uploads/%2e%2e",
        "/sheets/..%2f..%2fjournal",
        "/jobs/queue/..%2f..%2fetc%2fpasswd/result",
        "/jobs/batch/x/result",
        "/static/../../../../etc/passwd",
        "/assets/..%2f..%2f..%2f..%2f..%2f..%2f..%2fetc/passwd",
        "/monitoring/summary",
        "/login",
    ],
)
def test_there_is_no_way_to_other_files(page: ServedPage, path: str) -> None:
    status, data, _ = page.request("GET", path)
    assert status in (403, 404)
    assert b"root:" not in data


def test_the_upload_of_gradio_is_closed(page: ServedPage) -> None:
    assert page.request("POST", "/gradio_api/upload", b"x", {"Content-Length": "1"})[0] == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 200),
    ],
)
def test_only_our_own_page_may_call(page: ServedPage, headers: dict[str, str], status: int) -> None:
    assert page.request("GET", "/config", headers=headers)[0] == status


def test_an_event_of_a_megabyte_is_refused(page: ServedPage) -> None:
    assert page.request("POST", "/gradio_api/run/predict", b" " * (2**20 + 1))[0] == 413
    assert page.request("POST", "/gradio_api/run/predict", iter([b"{}"]))[0] == 411


def test_the_browser_may_load_nothing_from_elsewhere(page: ServedPage) -> None:
    headers = page.request("GET", "/")[2]
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "http" not in headers["content-security-policy"]


def submit(page: ServedPage, task: str, values: list[object]) -> tuple[int, str]:
    """Status and answer of a form with values of one's own, as a program sends it, not the page."""
    config = json.loads(page.request("GET", "/config")[1])
    (source,) = [each["id"] for each in config["components"] if each["props"].get("elem_id") == f"{task}-source"]
    event = next(each for each in config["dependencies"] if source in each["inputs"] and not each["queue"])
    data = {
        "data": values + [None] * (len(event["inputs"]) - len(values)),
        "fn_index": event["id"],
        "session_hash": "x",
    }
    body = json.dumps(data | {"event_data": None})
    status, answer, _ = page.request("POST", "/gradio_api/run/predict", body, {"Content-Type": "application/json"})
    return status, answer.decode()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"number": "/etc/passwd", "name": "a.png"}, (200, "this is no upload of this page")),
        ({"number": "../../x", "name": "a.png"}, (200, "this is no upload of this page")),
        ({"number": "0" * 32}, (200, "the upload is gone")),
        ({"path": str(SOURCE), "meta": {"_type": "gradio.FileData"}}, (400, "no such values")),
        ([[{"path": "http://127.0.0.1:9/", "meta": {"_type": "gradio.FileData"}}]], (400, "no such values")),
        (str(SOURCE), (200, "choose a picture first")),
        ([1], (200, "choose a picture first")),
    ],
)
def test_a_job_takes_no_file_that_was_not_uploaded(page: ServedPage, value: object, expected: tuple[int, str]) -> None:
    status, answer = submit(page, "animate", [None, value, value, "picture"])
    assert (status, expected[1] in answer) == (expected[0], True)
    assert page.desk.queue.rows() == []


def test_nested_values_that_no_one_can_read_are_refused(page: ServedPage) -> None:
    body = b"[" * 500_000
    assert page.request("POST", "/gradio_api/run/predict", body, {"Content-Type": "application/json"})[0] == 400
