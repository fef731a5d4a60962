import gc
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, ColorTrc, VideoReformatter
from av.video.stream import VideoStream
from PIL import Image

from models.errors import InputError
from pipelines.media.reader import frame_to_rgb
from pipelines.media.sources import open_video
from tests.helpers.videos import (
    TICKS,
    add_sound,
    corner_pixels,
    encode_beep,
    make_clip,
    make_corners,
    make_shade,
    read_shade,
)

VARIABLE = [0, 512, 1000, 1100, 3333, 4000, 4001, 9999]


def stamps(source):
    return [(frame.pts, frame.duration) for frame in source]


def test_plain_clip_and_again(tmp_path: Path):
    with open_video(make_clip(tmp_path / "clip.mp4", frames=12)) as source:
        assert (source.info.width, source.info.height, source.info.frames) == (64, 48, 12)
        assert source.info.duration == Fraction(12, 25)
        assert source.info.rate == 25
        assert not source.info.has_audio
        assert source.info.kind == "video"
        numbers = [read_shade(frame.image) for frame in source]
        assert numbers == list(range(12)) == [read_shade(frame.image) for frame in source]
        assert source.corrupt == 0
        assert source.warnings == []


def test_variable_rate_keeps_every_time_stamp(tmp_path: Path):
    source = open_video(make_clip(tmp_path / "clip.mp4", frames=8, pts=VARIABLE))
    assert source.info.time_base == TICKS
    assert [pts for pts, _ in stamps(source)] == VARIABLE
    assert [duration for _, duration in stamps(source)][:-1] == list(np.diff(VARIABLE))


@pytest.mark.parametrize(("rotation", "first"), [(90, "green"), (-90, "blue"), (180, "white"), (0, "red")])
def test_rotation_is_applied(tmp_path: Path, rotation: int, first: str):
    clip = make_clip(tmp_path / "clip.mp4", frames=[make_corners()] * 3, rotation=rotation)
    source = open_video(clip)
    image = next(iter(source)).image
    assert image.shape == ((64, 48, 3) if abs(rotation) == 90 else (48, 64, 3))
    assert image.flags.c_contiguous
    assert (source.info.height, source.info.width) == image.shape[:2]
    expected = {"red": (200, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 200), "white": (220, 220, 220)}[first]
    assert np.abs(image[4, 4].astype(int) - expected).max() < 16


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("clip.mp4", "libx264", "yuv420p10le"),
        ("clip.mp4", "libx265", "yuv420p10le"),
        ("clip.webm", "libvpx-vp9", "yuv420p"),
        ("clip.mkv", "ffv1", "yuv444p16le"),
        ("clip.avi", "mpeg4", "yuv420p"),
        ("clip.ts", "libx264", "yuv420p"),
        ("clip.mkv", "ffv1", "bgra"),
    ],
)
def test_containers_and_bit_depths(tmp_path: Path, name: str, codec: str, pix_fmt: str):
    options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    base = Fraction(1, 25) if name.endswith("avi") else TICKS
    clip = make_clip(
        tmp_path / name, frames=[make_corners()] * 5, codec=codec, pix_fmt=pix_fmt, options=options, time_base=base
    )
    frames = list(open_video(clip))
    assert len(frames) == 5
    image = frames[2].image
    assert image.dtype == np.uint8
    assert image.shape == (48, 64, 3)
    assert np.abs(image[4, 4].astype(int) - (200, 30, 30)).max() < 16


@pytest.mark.parametrize(("matrix", "full_range"), [(1, False), (1, True), (5, False), (5, True)])
def test_colour_matrix_and_range(tmp_path: Path, matrix: int, full_range: bool):
    clip = make_clip(tmp_path / "clip.mp4", frames=[make_corners()] * 2, matrix=matrix, full_range=full_range)
    image = next(iter(open_video(clip))).image
    assert np.abs(corner_pixels(image) - corner_pixels(make_corners())).max() < 8


def test_alpha_is_white(tmp_path: Path):
    image = np.dstack([make_corners(), np.full((48, 64), 255, np.uint8)])
    image[:24] = 0
    clip = make_clip(tmp_path / "clip.mov", frames=[image] * 2, codec="png", pix_fmt="rgba")
    shown = next(iter(open_video(clip))).image
    assert (shown[:20] == 255).all()
    assert np.abs(shown[40, 4].astype(int) - (30, 30, 200)).max() < 4


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(None, "0.2", range(5)), ("2.2", "2.4", range(55, 60)), ("3.9", None, range(98, 100))],
)
def test_range_seeks_exactly(tmp_path: Path, start, end, expected):
    clip = make_clip(tmp_path / "clip.mp4", frames=100, options={"g": "12"})
    source = open_video(clip, start=start, end=end)
    frames = list(source)
    assert [frame.pts // 512 for frame in frames] == list(expected)
    assert [read_shade(frame.image) for frame in frames] == [number % 26 for number in expected]
    assert source.info.frames == len(expected)
    assert source.info.start == Fraction(expected[0], 25)


def test_max_frames(tmp_path: Path):
    source = open_video(make_clip(tmp_path / "clip.mp4"), max_frames=3)
    assert source.info.frames == 3 == len(list(source))


def test_every_third_frame_of_what_was_chosen(tmp_path: Path):
    with open_video(make_clip(tmp_path / "clip.mp4", frames=20), start=0.2, max_frames=4, every=3) as source:
        assert [read_shade(frame.image) for frame in source] == [5, 8, 11, 14]
        assert source.info.frames == 4


def test_skipped_pictures_are_not_opened(tmp_path: Path):
    for number in range(5):
        Image.fromarray(make_shade(number)).save(tmp_path / f"{number}.png")
    (tmp_path / "1.png").write_bytes(b"no picture")
    with open_video(tmp_path, every=2) as source:
        assert [read_shade(frame.image) for frame in source] == [0, 2, 4]
        assert (source.info.frames, source.corrupt) == (3, 0)


@pytest.mark.parametrize(
    ("fps", "expected"), [("12.5", [0, 2, 4, 6, 8]), (50, [n // 2 for n in range(20)]), (25, range(10))]
)
def test_resampling_drops_and_duplicates(tmp_path: Path, fps, expected):
    source = open_video(make_clip(tmp_path / "clip.mp4"), fps=fps)
    frames = list(source)
    assert [frame.pts for frame in frames] == list(range(len(expected)))
    assert source.info.time_base == 1 / Fraction(fps)
    assert source.info.frames == len(expected)
    shown = [read_shade(frame.image) for frame in frames]
    assert np.abs(np.subtract(shown, list(expected))).max() <= (1 if fps == "12.5" else 0)
    assert len(set(shown)) == len(set(expected))


def test_folder_in_natural_order(tmp_path: Path):
    for number in (10, 9, 1, 2):
        Image.fromarray(make_shade(number)).save(tmp_path / f"frame{number}.png")
    (tmp_path / "notes.txt").write_text("x")
    source = open_video(tmp_path)
    assert [read_shade(frame.image) for frame in source] == [1, 2, 9, 10]
    assert source.info.rate == 25
    assert source.info.kind == "folder"
    assert open_video(tmp_path, fps="30000/1001").info.time_base == Fraction(1001, 30000)
    assert [read_shade(frame.image) for frame in open_video(tmp_path, start="0.05", end="0.09")] == [9]


def test_folder_with_a_broken_picture(tmp_path: Path):
    for number in range(4):
        Image.fromarray(make_shade(number)).save(tmp_path / f"{number}.png")
    (tmp_path / "2.png").write_bytes((tmp_path / "2.png").read_bytes()[:60])
    source = open_video(tmp_path)
    assert [frame.pts for frame in source] == [0, 1, 3]
    assert source.corrupt == 1
    assert "1 corrupt" in source.warnings[0]


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_animated_pictures(tmp_path: Path, suffix: str):
    first, *rest = [Image.fromarray(make_shade(number * 3)) for number in range(5)]
    path = tmp_path / f"clip.{suffix}"
    delays = [40, 60, 80, 100, 120]
    first.save(path, save_all=True, append_images=rest, duration=delays, loop=0, lossless=True)
    source = open_video(path)
    assert stamps(source) == [(0, 40), (40, 60), (100, 80), (180, 100), (280, 120)]
    assert [read_shade(frame.image) for frame in source] == [0, 3, 6, 9, 12]
    assert source.info.time_base == Fraction(1, 1000)
    assert source.info.frames == 5
    assert [frame.pts for frame in open_video(path, start="0.1", end="0.2")] == [100, 180]


def test_one_pixel_video_opens(tmp_path: Path):
    frame = np.zeros((1, 1, 3), np.uint8)
    source = open_video(make_clip(tmp_path / "one.mkv", frames=[frame] * 2, codec="ffv1", pix_fmt="bgr0"))
    assert (source.info.width, source.info.height) == (1, 1)


def test_pixel_aspect_is_applied(tmp_path: Path):
    clip = make_clip(tmp_path / "wide.mp4", frames=[make_corners()] * 2, options={"aspect": "2:1"})
    with av.open(str(clip)) as container:
        assert container.streams.video[0].sample_aspect_ratio == 2
    assert next(iter(open_video(clip))).image.shape == (48, 128, 3)


@pytest.mark.slow
def test_frames_are_freed_as_they_go(tmp_path: Path):
    clip = make_clip(tmp_path / "clip.mp4", frames=60, rotation=90)
    gc.collect()
    gc.disable()
    try:
        for _ in open_video(clip):
            alive = sum(isinstance(item, VideoFrame) for item in gc.get_objects())
    finally:
        gc.enable()
    assert alive < 12


def test_hdr_reference_white_becomes_white():
    frame = VideoFrame(64, 16, "yuv420p10le")
    for plane, level in zip(frame.planes, (64 + round(876 * 0.58), 512, 512), strict=True):
        plane.update(np.full(plane.buffer_size // 2, level, "<u2").tobytes())
    frame.colorspace, frame.color_range = 9, ColorRange.MPEG
    frame.color_trc, frame.color_primaries = ColorTrc.SMPTE2084, ColorPrimaries.BT2020
    assert np.abs(frame_to_rgb(frame, scaler=VideoReformatter()).astype(int) - 250).max() <= 12


def test_sound_with_a_cover_picture_is_no_video(tmp_path: Path):
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as container:
        cover = cast(VideoStream, container.add_stream("mjpeg", rate=1, width=64, height=48, pix_fmt="yuvj420p"))
        cover.disposition = Disposition.attached_pic
        track = add_sound(container, "aac")
        container.mux(cover.encode(VideoFrame.from_ndarray(make_corners(), format="rgb24")))
        container.mux(encode_beep(track, Fraction(1), Fraction(0)))
    with pytest.raises(InputError, match="only sound"):
        open_video(path)
