"""Inputs that are broken, cut short or no video at all."""

import os
from pathlib import Path

import numpy as np
import pytest

from models.errors import InputError
from pipelines.media.sources import open_video
from tests.helpers.videos import make_clip, make_sound


def damaged(clip: Path, *, at: float, length: int = 400) -> Path:
    data = bytearray(clip.read_bytes())
    begin = data.index(b"mdat") + int(at * (len(data) - data.index(b"mdat")))
    data[begin : begin + length] = np.random.default_rng(0).bytes(length)
    clip.write_bytes(data)
    return clip


def noise(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 255, (48, 64, 3), dtype=np.uint8)


def test_corrupt_frames_are_counted_not_fatal(tmp_path: Path):
    fast = {"movflags": "+faststart"}
    clip = make_clip(tmp_path / "clip.mp4", frames=[noise(n) for n in range(30)], options={"g": "5"}, muxer=fast)
    source = open_video(damaged(clip, at=0.5, length=9000))
    frames = list(source)
    assert 15 <= len(frames) < 30
    assert source.corrupt > 0
    assert len(list(source)) == len(frames)


def test_truncated_file_gives_what_is_there(tmp_path: Path):
    fast = {"movflags": "+faststart"}
    clip = make_clip(tmp_path / "clip.mp4", frames=[noise(n) for n in range(30)], muxer=fast)
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size * 6 // 10])
    source = open_video(clip)
    assert 5 < len(list(source)) < 25
    assert any("cut short" in warning for warning in source.warnings)


def test_truncated_before_the_first_frame(tmp_path: Path):
    clip = make_clip(tmp_path / "clip.mp4", frames=[noise(n) for n in range(30)], muxer={"movflags": "+faststart"})
    data = clip.read_bytes()
    clip.write_bytes(data[: data.index(b"mdat") + 20])
    with pytest.raises(InputError, match="no frame can be decoded"):
        open_video(clip)


def without_index(folder: Path) -> Path:
    clip = make_clip(folder / "clip.mp4", frames=30)
    data = clip.read_bytes()
    clip.write_bytes(data[: data.index(b"moov") - 4])
    return clip


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.mp4")
    return folder / "pipe.mp4"


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: folder / "none.mp4", "does not exist"),
        (lambda folder: written(folder / "a.mp4", b""), "is empty"),
        (lambda folder: written(folder / "a.mp4", b"just some words\n" * 50), "text file"),
        (lambda folder: written(folder / "a.mp4", bytes(range(256)) * 20), "can be read|can't be read"),
        (without_index, "moov"),
        (lambda folder: make_sound(folder / "a.m4a"), "only sound"),
        (lambda folder: folder, "holds no pictures"),
        (lambda folder: written(folder / "a.txt", b"words\n" * 50), "text file"),
        (lambda folder: written(folder / "a.srt", b"1\n00:00:01,000 --> 00:00:02,000\nwords\n"), "text file|no video"),
        (pipe, "pipe or device"),
        (lambda folder: Path(os.devnull), "pipe or device"),
        (lambda folder: written(folder / "a.png", b"\x89PNG\r\n\x1a\n"), "damaged|not a picture"),
    ],
)
def test_unusable_inputs_say_so_in_one_line(tmp_path: Path, make, words: str):
    path = make(tmp_path)
    with pytest.raises(InputError, match=words) as caught:
        open_video(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"start": 5}, "no frame between"),
        ({"start": -1}, "negative"),
        ({"start": 2, "end": 1}, "not after"),
        ({"fps": 0}, "out of range"),
        ({"max_frames": 0}, "too small"),
        ({"start": "soon"}, "not a number"),
    ],
)
def test_unusable_ranges(tmp_path: Path, options: dict, words: str):
    with pytest.raises(InputError, match=words):
        open_video(make_clip(tmp_path / "clip.mp4"), **options)
