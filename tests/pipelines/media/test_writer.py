import os
import resource
import signal
import subprocess
import sys
import time
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from models.errors import InputError, ProcessingError
from pipelines.media.sources import open_video
from pipelines.media.writer import open_output
from tests.helpers.videos import TICKS, corner_pixels, make_corners, make_shade, read_shade

UNEVEN = [(100, 500), (600, 37), (637, 900), (1537, 3000), (4537, 20), (4557, 5000), (9557, 1111)]


def write(path: Path, *, frames: int = 5, size: tuple[int, int] = (48, 64), **options) -> Path:
    with open_output(path, width=64, height=48, time_base=Fraction(1, 25), rate=Fraction(25), **options) as writer:
        for number in range(frames):
            writer.write(make_shade(number, *size), number, 1)
    return path


def write_stamps(path: Path, stamps: list[int]) -> None:
    with open_output(path, width=64, height=48, time_base=TICKS) as writer:
        for number, stamp in enumerate(stamps):
            writer.write(make_shade(number), stamp, 1)


def fail_while_writing(path: Path, error: type[BaseException], **options) -> None:
    with open_output(path, width=64, height=48, time_base=TICKS, **options) as writer:
        for number in range(30):
            writer.write(make_shade(number), number * 512, 512)
        raise error


def hidden(folder: Path) -> list[str]:
    return [item.name for item in folder.iterdir() if item.name.startswith(".")]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".webm", ".gif"])
def test_uneven_time_stamps_come_back(tmp_path: Path, suffix: str):
    path = tmp_path / f"out{suffix}"
    clock = {".webm": Fraction(1, 1000), ".gif": Fraction(1, 100)}.get(suffix, TICKS)
    stamps = UNEVEN if suffix in (".mp4", ".mov") else [(n * 7 * TICKS.denominator // 100, 0) for n in (0, 1, 3, 4, 9)]
    ends = [begin for begin, _ in stamps[1:]] + [stamps[-1][0] + 1536]
    with open_output(path, width=64, height=48, time_base=TICKS, rate=Fraction(30)) as writer:
        for number, ((begin, _), end) in enumerate(zip(stamps, ends, strict=True)):
            writer.write(make_shade(number), begin, end - begin)
    source = open_video(path)
    frames = list(source)
    base = source.info.time_base
    assert [read_shade(frame.image) for frame in frames] == list(range(len(stamps)))
    for frame, (begin, _), end in zip(frames, stamps, ends, strict=True):
        assert frame.duration is not None
        assert abs(frame.pts * base - (begin - stamps[0][0]) * TICKS) <= (0 if clock == TICKS else clock / 2)
        assert abs(frame.duration * base - (end - begin) * TICKS) <= (0 if clock == TICKS else clock)


@pytest.mark.parametrize("base", [Fraction(1001, 30000), Fraction(1, 90000), Fraction(1, 1000000), Fraction(1, 16)])
def test_clocks_are_kept_exactly(tmp_path: Path, base: Fraction):
    path = tmp_path / "out.mp4"
    step = max(1, round(Fraction(1, 25) / base))
    with open_output(path, width=64, height=48, time_base=base, rate=1 / (step * base)) as writer:
        for number in range(6):
            writer.write(make_shade(number), number * step, step)
    source = open_video(path)
    times = [frame.pts * source.info.time_base for frame in source]
    assert times == [number * step * base for number in range(6)]
    assert source.info.duration == 6 * step * base


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", None), ("a.mov", "hevc"), ("a.webm", None)])
def test_colours_survive_and_are_tagged(tmp_path: Path, name: str, codec: str | None):
    path = tmp_path / name
    with open_output(path, width=64, height=48, time_base=Fraction(1, 25), codec=codec, crf=8) as writer:
        for number in range(3):
            writer.write(make_corners(), number, 1)
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        assert (context.pix_fmt, context.colorspace, context.color_range) == ("yuv420p", 1, 1)
        assert (int(context.color_primaries), int(context.color_trc)) == (1, 1)
    image = next(iter(open_video(path))).image
    assert np.abs(corner_pixels(image) - corner_pixels(make_corners())).max() < 8


def test_mp4_has_its_index_first(tmp_path: Path):
    data = write(tmp_path / "out.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_odd_sizes_repeat_the_last_row_and_column(tmp_path: Path):
    path = tmp_path / "out.mp4"
    with open_output(path, width=63, height=47, time_base=Fraction(1, 25)) as writer:
        writer.write(make_shade(3, 47, 63), 0, 1)
    assert next(iter(open_video(path))).image.shape == (48, 64, 3)
    gif = tmp_path / "out.gif"
    with open_output(gif, width=63, height=47, time_base=Fraction(1, 25)) as writer:
        writer.write(make_shade(3, 47, 63), 0, 1)
    assert next(iter(open_video(gif))).image.shape == (47, 63, 3)


def test_gif_colours_and_length(tmp_path: Path):
    with open_output(tmp_path / "out.gif", width=64, height=48, time_base=Fraction(1, 25)) as writer:
        for number in range(40):
            writer.write(np.roll(make_corners(), number, axis=1), number, 1)
    source = open_video(tmp_path / "out.gif")
    for number, frame in enumerate(source):
        assert np.abs(frame.image.astype(int) - np.roll(make_corners(), number, axis=1)).max() < 8
    assert source.info.frames == 40
    assert source.info.duration == Fraction(40, 25)


def test_gif_leaves_out_what_players_cannot_show(tmp_path: Path):
    with open_output(tmp_path / "out.gif", width=64, height=48, time_base=Fraction(1, 100)) as writer:
        for number in range(10):
            writer.write(make_shade(number), number, 1)
    assert [read_shade(frame.image) for frame in open_video(tmp_path / "out.gif")] == [0, 2, 4, 6, 8]
    assert "5 frame(s) were left out" in writer.notes[0]


def test_folder_and_pattern(tmp_path: Path):
    folder = write(tmp_path / "frames")
    assert sorted(item.name for item in folder.iterdir()) == [f"{number:05d}.png" for number in range(5)]
    assert (np.asarray(Image.open(folder / "00002.png")) == make_shade(2)).all()
    write(folder / "take_%03d.png", frames=2)
    assert (folder / "take_001.png").is_file()
    assert (folder / "00004.png").is_file()
    assert hidden(tmp_path) == hidden(folder) == []
    with pytest.raises(InputError, match="already exists"):
        write(folder / "take_%03d.png", frames=2)
    write(folder / "take_%03d.png", frames=1, overwrite=True)
    assert not (folder / "take_001.png").exists()


def test_folder_overwrite_spares_other_files(tmp_path: Path):
    folder = write(tmp_path / "frames")
    with pytest.raises(InputError, match="already exists"):
        write(folder)
    write(folder, frames=2, overwrite=True)
    assert len(list(folder.iterdir())) == 2
    (folder / "thesis.txt").write_text("x")
    with pytest.raises(InputError, match="other files"):
        write(folder, overwrite=True)
    assert (folder / "thesis.txt").exists()
    assert len(list(folder.iterdir())) == 3


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("out.avi", {}, "unknown type"),
        ("out.mp4", {"codec": "vp9"}, "can't be stored in mp4"),
        ("out.mp4", {"crf": 52}, "out of range"),
        ("out.gif", {"crf": 20}, "apply to"),
        ("none/none/out.mp4", {}, "does not exist"),
        ("input.mp4/out.mp4", {}, "is no folder"),
        ("x" * 252 + ".mp4", {}, "256 bytes"),
        ("input.mp4", {}, "already exists"),
        ("input.mp4", {"overwrite": True, "inputs": "input.mp4"}, "also an input"),
        ("%s.png", {}, "%05d"),
        ("old.gif", {"overwrite": True}, "other files"),
    ],
)
def test_refused_outputs(tmp_path: Path, name: str, options: dict, words: str):
    (tmp_path / "input.mp4").write_bytes(b"precious")
    (tmp_path / "old.gif").mkdir()
    (tmp_path / "old.gif" / "a.txt").write_text("x")
    if "inputs" in options:
        options = options | {"inputs": [tmp_path / options["inputs"]]}
    with pytest.raises(InputError, match=words) as caught:
        write(tmp_path / name, **options)
    assert "\n" not in str(caught.value)
    assert (tmp_path / "input.mp4").read_bytes() == b"precious"
    assert sorted(item.name for item in tmp_path.iterdir()) == ["input.mp4", "old.gif"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_unwritable_folder(tmp_path: Path):
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="can't write into folder"):
        write(tmp_path / "out.mp4")
    tmp_path.chmod(0o700)


@pytest.mark.parametrize("name", ["out.mp4", "out.webm", "out.gif", "frames", "f_%05d.png"])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_nothing_stays_after_an_exception(tmp_path: Path, name: str, error: type[BaseException]):
    with pytest.raises(error):
        fail_while_writing(tmp_path / name, error)
    assert list(tmp_path.iterdir()) == []


def test_overwrite_keeps_the_old_file_until_the_new_one_is_whole(tmp_path: Path):
    path = write(tmp_path / "out.mp4")
    before = path.read_bytes()
    with pytest.raises(RuntimeError):
        fail_while_writing(path, RuntimeError, overwrite=True)
    assert path.read_bytes() == before
    write(path, frames=7, overwrite=True)
    assert len(list(open_video(path))) == 7
    assert hidden(tmp_path) == []


def test_no_frames_is_an_error(tmp_path: Path):
    with pytest.raises(ProcessingError, match="no frame"):
        write(tmp_path / "out.mp4", frames=0)
    assert list(tmp_path.iterdir()) == []


def test_wrong_frames_are_programming_errors(tmp_path: Path):
    with pytest.raises(ValueError, match="must be greater"):
        write_stamps(tmp_path / "a.mp4", [5, 5])
    with pytest.raises(ValueError, match="opened for"):
        write(tmp_path / "a.mp4", size=(10, 10))
    assert list(tmp_path.iterdir()) == []


WRITE_FOREVER = """
import sys
from fractions import Fraction
import numpy as np
from pipelines.media.writer import open_output
with open_output(sys.argv[1], width=64, height=48, time_base=Fraction(1, 25)) as writer:
    for number in range(10**9):
        writer.write(np.random.default_rng(number).integers(0, 255, (48, 64, 3), dtype=np.uint8), number, 1)
        if number == 30:
            print("going", flush=True)
"""


@pytest.mark.parametrize("name", ["out.mp4", "frames"])
def test_killed_leaves_nothing_under_the_name(tmp_path: Path, name: str):
    command = [sys.executable, "-c", WRITE_FOREVER, str(tmp_path / name)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "going\n"
        process.send_signal(signal.SIGKILL)
    left = hidden(tmp_path)
    assert [item.name for item in tmp_path.iterdir()] == left
    assert len(left) == 1
    assert ".part" in left[0]


def test_interrupted_leaves_nothing(tmp_path: Path):
    command = [sys.executable, "-c", WRITE_FOREVER, str(tmp_path / "out.mp4")]
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # jobs in the background ignore it
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, preexec_fn=heard
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "going\n"
        time.sleep(0.05)
        interrupt(process)
    assert list(tmp_path.iterdir()) == []


def interrupt(process: subprocess.Popen) -> None:
    """Ctrl-C, again after a while: Python drops an interrupt that arrives inside a destructor."""
    for _ in range(5):
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            continue
        return
    process.kill()
    pytest.fail("five interrupts did not stop the process")


@pytest.mark.parametrize("name", ["out.mp4", "out.webm", "out.gif", "frames"])
def test_full_disk(tmp_path: Path, name: str):
    """The file size limit of the process stands in for a full disk: the write call fails in the same place."""
    script = WRITE_FOREVER.replace("10**9", "60")
    room = 3_000

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / name)],
        preexec_fn=limit,
        capture_output=True,
        text=True,
        timeout=60,
    )
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 1, done.stderr
    assert "ProcessingError: can't write" in last
    assert list(tmp_path.iterdir()) == []
