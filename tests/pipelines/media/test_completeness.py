"""Files that were cut short, in every container: said where the structure tells, and never of a complete file."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.media.sources import open_video
from tests.helpers.videos import TICKS, make_clip

TICK = Fraction(1, 25)
FRAGMENTS = {"muxer": {"movflags": "frag_keyframe+empty_moov"}, "options": {"g": "4"}}
CONTAINERS = {
    "index first.mp4": ("libx264", TICKS, {"muxer": {"movflags": "+faststart"}}),
    "fragments.mp4": ("libx264", TICKS, FRAGMENTS),
    "fragments.mov": ("libx264", TICKS, FRAGMENTS),
    "clip.mkv": ("libx264", TICKS, {}),
    "clip.webm": ("libvpx", TICK, {}),
    "live.mkv": ("libx264", TICKS, {"muxer": {"live": "1"}}),
    "live.webm": ("libvpx", TICK, {"muxer": {"live": "1"}}),
    "clip.avi": ("mpeg4", TICK, {}),
    "clip.ts": ("libx264", TICKS, {}),
    "clip.m2ts": ("libx264", TICKS, {}),
    "clip.mpg": ("mpeg2video", TICK, {}),
    "clip.flv": ("libx264", TICKS, {"sound": "aac"}),
    "clip.ogv": ("libvpx", TICK, {}),
    "clip.wmv": ("wmv2", TICK, {}),
    "clip.mxf": ("mpeg2video", TICK, {}),
    "clip.ivf": ("libvpx", TICK, {}),
}
SILENT = {
    "clip.h264": "libx264",
    "clip.m2v": "mpeg2video",
    "clip.mjpeg": "mjpeg",
}  # these say nothing about their length


def noise(number: int, side: int = 64) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 255, (side, side, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("clips")
    frames = [noise(number) for number in range(20)]
    return {
        name: make_clip(folder / name, frames=frames, codec=codec, time_base=base, **options)
        for name, (codec, base, options) in CONTAINERS.items()
    }


def cut(path: Path, to: Path, share: float) -> Path:
    """A copy of the beginning of a file; it ends inside a packet of a transport stream."""
    data = path.read_bytes()
    length = int(len(data) * share)
    to.write_bytes(data[: length - length % (188 * 192) % 188 - 30])
    return to


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_complete_file_is_not_called_cut_short(clips: dict[str, Path], name: str):
    source = open_video(clips[name])
    assert len(list(source)) == 20
    assert not source.stats.incomplete
    assert not any("cut short" in note for note in source.warnings)


@pytest.mark.parametrize("share", [0.6, 0.85])
@pytest.mark.parametrize("name", CONTAINERS)
def test_a_file_that_was_cut_short(clips: dict[str, Path], tmp_path: Path, name: str, share: float):
    source = open_video(cut(clips[name], tmp_path / name, share))
    frames = len(list(source))
    assert 5 <= frames < 20
    assert source.stats.incomplete
    assert any(note.startswith(f"{name}: damaged or cut short, only ") for note in source.warnings)
    with open_video(tmp_path / name, max_frames=3) as beginning:
        assert len(list(beginning)) == 3
        assert not beginning.stats.incomplete


def test_a_live_recording_whose_clusters_have_no_length(clips: dict[str, Path], tmp_path: Path):
    """As browsers record them: every part but the blocks has an unknown length."""
    data = bytearray(clips["live.mkv"].read_bytes())
    begin, clusters = 0, 0
    while (begin := data.find(b"\x1f\x43\xb6\x75", begin)) >= 0:
        width = 9 - data[begin + 4].bit_length()
        data[begin + 4 : begin + 4 + width] = ((1 << 7 * width + 1) - 1).to_bytes(width, "big")
        begin, clusters = begin + 4, clusters + 1
    assert clusters
    for name, end, incomplete in (("whole.mkv", len(data), False), ("cut.mkv", len(data) * 2 // 3, True)):
        (tmp_path / name).write_bytes(data[:end])
        source = open_video(tmp_path / name)
        assert (len(list(source)) == 20) != incomplete
        assert source.stats.incomplete == incomplete


@pytest.mark.parametrize("name", SILENT)
def test_raw_streams_end_anywhere(tmp_path: Path, name: str):
    codec = SILENT[name]
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    make_clip(tmp_path / name, frames=[noise(n) for n in range(20)], codec=codec, time_base=TICK, pix_fmt=pix_fmt)
    source = open_video(cut(tmp_path / name, tmp_path / f"cut {name}", 0.6))
    assert 5 <= len(list(source)) < 20
    assert not source.stats.incomplete


def test_digital_video_frames(tmp_path: Path):
    frames = [np.zeros((576, 720, 3), np.uint8)] * 3
    clip = make_clip(tmp_path / "clip.dv", frames=frames, codec="dvvideo", time_base=TICK)
    source = open_video(clip)
    assert (len(list(source)), source.info.rate, source.warnings) == (3, 25, [])
    source = open_video(cut(clip, tmp_path / "cut.dv", 0.9))
    assert list(source)
    assert source.stats.incomplete


def test_repeated_frames_of_avi_are_not_missing(tmp_path: Path):
    """AVI stores a frame that is shown longer as empty ones, which its index counts."""
    clip = make_clip(tmp_path / "clip.avi", codec="mpeg4", time_base=TICK, frames=10, pts=[4 * n for n in range(10)])
    source = open_video(clip)
    assert source.backend.file_info.frames == 37
    assert len(list(source)) == 10
    assert source.warnings == []


@pytest.mark.parametrize("suffix", ["gif", "png"])
def test_animations_that_were_cut_short(tmp_path: Path, suffix: str):
    first, *rest = [Image.fromarray(noise(number)) for number in range(10)]
    clip = tmp_path / f"clip.{suffix}"
    first.save(clip, save_all=True, append_images=rest, duration=40, loop=0)
    assert open_video(clip).warnings == []
    for share, least in ((0.6, 5), (0.15, 1)):
        source = open_video(cut(clip, tmp_path / f"cut.{suffix}", share))
        assert len(list(source)) >= least
        assert source.stats.incomplete
        assert "cut short" in source.warnings[0]


def test_a_gif_that_ends_between_two_frames(tmp_path: Path):
    first, *rest = [Image.fromarray(noise(number)) for number in range(10)]
    first.save(tmp_path / "clip.gif", save_all=True, append_images=rest, duration=40)
    data = (tmp_path / "clip.gif").read_bytes()
    for _ in range(4):
        data = data[: data.rindex(b"\x21\xf9\x04")]
    (tmp_path / "cut.gif").write_bytes(data)
    source = open_video(tmp_path / "cut.gif")
    assert len(list(source)) == 6
    assert source.warnings == ["cut.gif has no end mark: if it has more than 6 frames, it was cut short"]
