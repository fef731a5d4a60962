"""Downloads of the networks, from a server in this process."""

import importlib.util
import io
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zipfile import ZipFile

import pytest

from models.errors import BackendUnavailable, ProcessingError, WeightsError
from pipelines.keypoints.detectors import yolo
from pipelines.keypoints.detectors.bundled import BundledDetector
from pipelines.keypoints.detectors.registry import DETECTORS, availability, create_detector
from pipelines.keypoints.detectors.rtm import files
from pipelines.keypoints.detectors.rtm.files import PEOPLE, POSE, find_networks

pytest.importorskip("onnxruntime")


def make_archive(content: bytes, member: str = "20230831/end2end.onnx") -> bytes:
    buffer = io.BytesIO()
    with ZipFile(buffer, "w") as archive:
        archive.writestr("20230831/detail.json", "{}")
        archive.writestr(member, content)
    return buffer.getvalue()


ARCHIVES = {f"/{item.folder}/{item.name}.zip": make_archive(item.name.encode()) for item in (PEOPLE, POSE)}
Answers = dict[str, bytes]


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the networks, which does not exist yet."""
    monkeypatch.setenv("GFLA_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(files, "has_network", lambda: True)
    return tmp_path / "weights" / "rtm"


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., list[str]]]:
    """Answer with these files, or cut them short; gives the paths that were asked for."""
    servers: list[ThreadingHTTPServer] = []

    def start(answers: Answers, *, cut: int = 0, pause: float = 0.0) -> list[str]:
        asked: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                content = answers.get(self.path.removeprefix("/here"))
                if content is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                time.sleep(pause)
                self.wfile.write(content[: len(content) - cut])

            def log_message(self, format: str, *args: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setattr(files, "HOSTS", (f"{address}/nothing", f"{address}/here"))
        return asked

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock") if folder.exists() else []


def test_both_networks_are_downloaded_once_from_the_first_server_that_has_them(
    weights: Path, serve: Callable[..., list[str]]
) -> None:
    asked, notes = serve(ARCHIVES), []
    paths = find_networks(seconds=60, note=notes.append)
    assert [path.read_text() for path in paths] == [PEOPLE.name, POSE.name]
    assert [path.parent for path in paths] == [weights] * 2
    assert left_in(weights) == sorted(path.name for path in paths)
    assert len(notes) == 2
    assert all("keypoints: downloading http://127.0.0.1" in note and "MB)" in note for note in notes)
    assert len(asked) == 4
    assert find_networks(seconds=60) == paths
    assert find_networks(seconds=0) == paths
    assert len(asked) == 4


@pytest.mark.parametrize(
    ("answers", "options", "seconds", "error", "message"),
    [
        ({}, {}, 60, BackendUnavailable, r"127\.0\.0\.1:\d+: .*Not Found.*"),
        (ARCHIVES, {"cut": 20}, 60, BackendUnavailable, "IncompleteRead|broke off"),
        (ARCHIVES, {"pause": 0.3}, 0.1, BackendUnavailable, "too slow"),
        (dict.fromkeys(ARCHIVES, b"<html>sorry</html>"), {}, 60, WeightsError, "is no archive with end2end.onnx"),
        (
            dict.fromkeys(ARCHIVES, make_archive(b"", "other.onnx")),
            {},
            60,
            WeightsError,
            "is no archive with end2end.onnx",
        ),
    ],
    ids=["absent", "cut", "slow", "page", "member"],
)
def test_a_download_that_fails_is_one_line_and_leaves_nothing(
    weights: Path,
    serve: Callable[..., list[str]],
    answers: Answers,
    options: dict[str, float],
    seconds: float,
    error: type[Exception],
    message: str,
) -> None:
    serve(answers, **options)
    with pytest.raises(error, match=message) as caught:
        find_networks(seconds=seconds)
    assert "\n" not in str(caught.value)
    assert left_in(weights) == []


def test_offline_it_says_where_to_put_the_file(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "has_network", lambda: False)
    with pytest.raises(
        BackendUnavailable, match=r"no network.*store end2end\.onnx out of https://.*yolox_tiny.*\.zip as .*\.onnx"
    ) as caught:
        create_detector("rtm")
    assert "\n" not in str(caught.value)
    assert not weights.exists()


def test_a_folder_that_can_not_be_made_is_one_line(weights: Path, serve: Callable[..., list[str]]) -> None:
    weights.parent.write_text("a file")
    serve(ARCHIVES)
    with pytest.raises(ProcessingError, match="can't write"):
        find_networks(seconds=60)


def test_the_doctor_downloads_nothing(weights: Path, serve: Callable[..., list[str]]) -> None:
    asked = serve(ARCHIVES)
    assert "--keypoints rtm downloads it" in (availability()["rtm"] or "")
    assert asked == []
    weights.mkdir(parents=True)
    for item in (PEOPLE, POSE):
        item.path.write_bytes(b"here")
    assert availability()["rtm"] is None


def test_auto_takes_it_after_mediapipe_and_only_when_it_is_here(
    weights: Path, serve: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: object, **options: object) -> None:
        raise BackendUnavailable("not here")

    asked, notes = serve(ARCHIVES), []
    monkeypatch.setattr(yolo, "find_weights", refuse)
    stand_ins = {name: BundledDetector.__new__(BundledDetector) for name in ("mediapipe", "rtm", "bundled")}
    for name, detector in stand_ins.items():
        monkeypatch.setitem(DETECTORS, name, lambda detector=detector, **options: detector)
    assert create_detector("auto", note=notes.append) is stand_ins["mediapipe"]
    monkeypatch.setitem(DETECTORS, "mediapipe", refuse)
    assert create_detector("auto", note=notes.append) is stand_ins["bundled"]
    weights.mkdir(parents=True)
    for item in (PEOPLE, POSE):
        item.path.write_bytes(b"here")
    assert create_detector("auto", note=notes.append) is stand_ins["rtm"]
    assert [note.split(" (")[0].removeprefix("keypoints: ") for note in notes] == [
        "MediaPipe",
        "bundled network",
        "RTMW",
    ]
    assert asked == []


def test_without_onnx_runtime_it_says_what_to_install(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "onnxruntime" else real(name))
    with pytest.raises(BackendUnavailable, match=r"pip install '\.\[rtm\]'"):
        create_detector("rtm")
