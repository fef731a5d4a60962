"""Videos whose time stamps start again, are missing or do not rise: every frame is shown, and what was done is said."""

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import av
import numpy as np
import pytest

from pipelines.media.frames import ReadStats
from pipelines.media.sources import open_video
from pipelines.media.time_stamps import repair_times
from tests.helpers.videos import TICKS, make_clip, read_shade

TICK = Fraction(1, 25)
QUIET = {"x265-params": "log-level=none"}


def join(path: Path, *parts: Path) -> Path:
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def times(source) -> list[float]:
    """When the frames are shown, in seconds from the first one."""
    stamps = [frame.pts * source.info.time_base for frame in source]
    return [round(float(stamp - stamps[0]), 3) for stamp in stamps]


def evenly(frames: int, rate: float = 25) -> list[float]:
    return [round(number / rate, 3) for number in range(frames)]


@pytest.mark.parametrize(
    ("name", "codec", "time_base"),
    [
        ("clip.ts", "libx264", TICKS),
        ("clip.m2ts", "libx264", TICKS),
        ("clip.mkv", "libx264", TICKS),
        ("clip.webm", "libvpx-vp9", TICKS),
        ("clip.ogv", "libvpx", TICK),
    ],
)
def test_joined_files_are_shown_one_after_the_other(tmp_path: Path, name: str, codec: str, time_base: Fraction):
    clip = make_clip(tmp_path / name, codec=codec, time_base=time_base, options={"g": "5"})
    source = open_video(join(tmp_path / f"joined{clip.suffix}", clip, clip))
    assert times(source) == evenly(20)
    assert [read_shade(frame.image) for frame in source] == [*range(10)] * 2
    assert "its time starts again 1 time(s)" in source.warnings[0]
    assert len(source.warnings) == (2 if codec == "libvpx" else 1)  # FFmpeg takes the header of the second for a frame
    assert list(source)[-1].duration in (None, round(TICK / source.info.time_base))


@pytest.mark.parametrize(("suffix", "count", "read"), [("mkv", 3, 2), ("flv", 2, 1), ("mp4", 2, 1)])
def test_joined_files_of_which_a_part_can_not_be_read(tmp_path: Path, suffix: str, count: int, read: int):
    clip = make_clip(tmp_path / f"clip.{suffix}")
    source = open_video(join(tmp_path / f"joined.{suffix}", *[clip] * count))
    assert len(list(source)) == 10 * read
    assert f"it is {count} files that were joined by appending, of which {read} can be read" in source.warnings[-1]


def test_a_part_of_a_joined_file(tmp_path: Path):
    """Seeking finds a time in any of the parts, so that it would read the wrong one."""
    clip = make_clip(tmp_path / "clip.ts", frames=50, options={"g": "10"})
    joined = join(tmp_path / "joined.ts", clip, clip)
    for first in (40, 60, 90):
        with open_video(joined, start=Fraction(first, 25), end=Fraction(first + 5, 25)) as source:
            assert [read_shade(frame.image) for frame in source] == [(first + n) % 50 % 26 for n in range(5)]


@pytest.mark.parametrize("order", ["later first", "earlier first"])
@pytest.mark.parametrize("seconds", [12, 3600])
def test_parts_that_are_far_apart(tmp_path: Path, order: str, seconds: int):
    late = [round((Fraction(number, 25) + seconds) / TICKS) for number in range(10)]
    parts = [make_clip(tmp_path / "late.ts", pts=late), make_clip(tmp_path / "early.ts")]
    source = open_video(join(tmp_path / "joined.ts", *(parts if order == "later first" else reversed(parts))))
    assert times(source) == evenly(20)
    assert "starts again 1 time(s)" in source.warnings[0]
    assert list(source)[-1].duration in (None, 3600)
    assert source.info.duration is None or seconds == 12


def test_pauses_of_a_recording_stay(tmp_path: Path):
    source = open_video(make_clip(tmp_path / "clip.mkv", pts=[0, 512, 12800 * 60, 12800 * 60 + 512], frames=4))
    assert times(source) == [0, 0.04, 60, 60.04]
    assert source.warnings == []


def restamp(clip: Path, path: Path, pts: int | None) -> Path:
    """A copy whose packets all have one pts and dts."""
    with av.open(str(clip)) as old, av.open(str(path), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream, packet.pts, packet.dts = stream, pts, pts
                new.mux(packet)
    return path


def test_frames_that_are_all_at_one_time(tmp_path: Path):
    clip = make_clip(tmp_path / "clip.mkv", frames=40)
    source = open_video(restamp(clip, tmp_path / "zero.mkv", 0))
    assert times(source) == evenly(40)
    assert [read_shade(frame.image) for frame in source] == [number % 26 for number in range(40)]
    assert source.warnings == [
        "zero.mkv: 39 frame(s) have no usable time stamp: they are shown in the order of decoding, at 25 frames per "
        "second"
    ]


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("clip.h264", "libx264", {"x264-params": "fps=25"}),
        ("clip.264", "libx264", {"bf": "2"}),
        ("clip.hevc", "libx265", QUIET),
        ("clip.m2v", "mpeg2video", {}),
        ("clip.mjpeg", "mjpeg", {}),
    ],
)
def test_raw_streams_are_read_whole(tmp_path: Path, name: str, codec: str, options: dict[str, str]):
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    clip = make_clip(tmp_path / name, frames=20, codec=codec, options=options, time_base=TICK, pix_fmt=pix_fmt)
    source = open_video(clip)
    assert times(source) == evenly(20)
    assert [read_shade(frame.image) for frame in source] == [*range(20)]
    note = f"{name} has no time stamps: it is shown at 25 frames per second; --fps sets another rate"
    assert source.warnings == [note]
    slow = open_video(clip, fps=10)
    assert times(slow) == evenly(20, rate=10)
    assert slow.warnings == []
    with open_video(clip, fps=10, start=1.2, max_frames=3) as part:
        assert [read_shade(frame.image) for frame in part] == [12, 13, 14]


def test_a_raw_stream_says_its_rate(tmp_path: Path):
    with av.open(str(tmp_path / "clip.h264"), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"x264-params": "force-cfr=1"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(6):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))))
        container.mux(stream.encode(None))
    assert open_video(tmp_path / "clip.h264").info.rate == 30


def frame(pts: int | None, dts: int | None = None) -> Any:
    return cast(Any, SimpleNamespace(pts=pts, dts=dts))


@pytest.mark.parametrize(
    ("frames", "expected", "restarts", "retimed"),
    [
        ([(0, 0), (4, 4), (8, 8)], [0, 4, 8], 0, 0),
        ([(None, 0), (None, 4), (None, 8)], [0, 4, 8], 0, 3),  # decoding times only
        ([(None, None)] * 3, [7, 11, 15], 0, 3),  # nothing at all
        ([(0, 0), (4, 4), (8, 8), (6, 12), (16, 16)], [0, 4, 8, 12, 16], 0, 1),  # one is wrong
        ([(0, None), (8, None), (8, None), (12, None)], [0, 8, 10, 12], 0, 1),  # two at a time
        ([(0, None), (4, None), (4, None)], [0, 4, 8], 0, 1),  # the last one
        ([(0, 0), (4, 4), (0, 0), (4, 4), (8, 8)], [0, 4, 8, 12, 16], 1, 0),  # joined
        ([(0, 0), (0, 0), (0, 0)], [0, 4, 8], 0, 2),
        ([(0, 0), (900, 900), (904, 904)], [0, 4, 8], 1, 0),  # a gap that is no pause
        ([(0, 0), (900, 900), (8, 8)], [0, 4, 8], 0, 1),  # a wild one
        ([(-4, -4), (0, 0)], [-4, 0], 0, 0),
    ],
)
def test_repairs(frames: list[tuple], expected: list[int], restarts: int, retimed: int):
    stats = ReadStats()
    repaired = repair_times([frame(*each) for each in frames], stats, first=7, step=4, max_gap=100)
    assert [pts for pts, _ in repaired] == expected
    assert (stats.restarts, stats.retimed) == (restarts, retimed)
