"""Videos on standard output: what a reader of the pipe gets, and what else is printed."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from models.errors import InputError
from pipelines.media.writer import check_video_output
from tests.helpers.videos import make_clip, make_shade, read_shade

STDOUT = Path("-")
# Frames that count themselves; library functions print to standard output before and meanwhile.
SCRIPT = """
import os, sys
from fractions import Fraction
from pathlib import Path
from pipelines.media.audio import AudioPlan
from pipelines.media.standard_output import reserve_standard_output
from pipelines.media.writer import open_output
from tests.helpers.videos import make_shade
import numpy as np

frames, sound, options = eval(sys.argv[1])
noise = np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8)
shape = {"width": 64, "height": 48} if frames < 100 else {"width": 640, "height": 480}
with reserve_standard_output():
    print("printed early")
    settings = {"time_base": Fraction(1, 25), "audio": sound and AudioPlan(Path(sound)), **shape, **options}
    try:
        with open_output("-", **settings) as writer:
            for number in range(frames):
                os.write(1, b"printed late\\n")
                frame = make_shade(number) if frames < 100 else np.roll(noise, number, 0)
                writer.write(np.dstack([frame, frame[..., :1]]) if options.get("transparent") else frame, number)
    except BrokenPipeError:
        sys.exit(141)
print("after", end="")
"""


@contextmanager
def written(frames: int, *, sound: str | None = None, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A process that writes a video to standard output, which is a pipe."""
    words = [sys.executable, "-c", SCRIPT, repr((frames, sound, options))]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        yield process


@pytest.mark.parametrize(("options", "codecs"), [({}, ["h264", "aac"]), ({"stream": "webm"}, ["vp9", "opus"])])
def test_a_video_can_be_read_from_the_pipe(options: dict[str, str], codecs: list[str], tmp_path: Path) -> None:
    sound = make_clip(tmp_path / "sound.mp4", frames=30, sound="aac")
    with written(30, sound=str(sound), **options) as process:
        with av.open(process.stdout, "r") as container:
            assert [stream.codec_context.name for stream in container.streams] == codecs
            shades = [(read_shade(f.to_ndarray(format="rgb24")), f.time) for f in container.decode(video=0)]
        assert process.stderr
        printed = process.stderr.read().decode()
    assert [shade for shade, _ in shades] == [number % 26 for number in range(30)]
    assert [time for _, time in shades] == pytest.approx([number / 25 for number in range(30)], abs=0.001)
    assert (process.returncode, printed.count("printed early"), printed.count("printed late")) == (0, 1, 30)


def test_sound_arrives_with_the_pictures(tmp_path: Path) -> None:
    sound = make_clip(tmp_path / "sound.mp4", frames=30, sound="aac")
    with written(30, sound=str(sound)) as process, av.open(process.stdout, "r") as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
    assert samples / 44100 == pytest.approx(1.2, abs=0.05)


def test_raw_pictures_are_the_frames_and_nothing_else() -> None:
    with written(3, stream="rgb") as process:
        assert process.stdout
        data = process.stdout.read()
    frames = np.frombuffer(data.removesuffix(b"after"), np.uint8).reshape(3, 48, 64, 3)
    assert all((frame == make_shade(number)).all() for number, frame in enumerate(frames))


def test_what_is_transparent_becomes_webm() -> None:
    with written(3, transparent=True) as process, av.open(process.stdout, "r") as container:
        assert container.streams.video[0].metadata["alpha_mode"] == "1"
        assert len(list(container.decode(video=0))) == 3


@pytest.mark.parametrize("stream", ["mp4", "rgb"])
def test_a_reader_that_has_seen_enough_ends_it_without_a_word(stream: str) -> None:
    with written(200, stream=stream) as process:
        assert process.stdout
        assert process.stderr
        assert len(process.stdout.read(1000)) == 1000
        process.stdout.close()
        lines = set(process.stderr.read().decode().split("\n"))
    assert (process.returncode, lines) == (141, {"printed early", "printed late", ""})


@pytest.mark.parametrize(
    ("path", "options", "line"),
    [
        (STDOUT, {"stream": "rgb", "transparent": True}, "--format rgb can't be transparent"),
        (STDOUT, {"stream": "mp4", "transparent": True}, "--format mp4 can't be transparent"),
        (STDOUT, {"stream": "rgb", "crf": 20}, "--format rgb: --codec and --crf apply to"),
        (STDOUT, {"stream": "avi"}, "--format 'avi' is none of mp4, webm and rgb"),
        (STDOUT, {"codec": "vp9"}, "can't be stored in mp4"),
        (Path("a.mp4"), {"stream": "webm"}, "--format webm is for standard output"),
        (Path("/dev/stdout"), {}, "name a file or folder"),
    ],
)
def test_what_cannot_be_is_refused(path: Path, options: dict[str, Any], line: str) -> None:
    with pytest.raises(InputError, match=line):
        check_video_output(path, **options)


def test_a_terminal_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    with pytest.raises(InputError, match="standard output is a terminal"):
        check_video_output(STDOUT)
