"""Videos in segments: interrupted or not they are the same bytes, and their frames and times are those of any video."""

from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from pipelines.media.audio import AudioPlan
from pipelines.media.segments import Segments
from pipelines.media.writer import open_output
from tests.helpers.media_files import DRIVING

FRAMES, SEGMENT = 31, 8
TICK = Fraction(1, 600)
KINDS = [("out.mp4", None), ("out.mp4", "hevc"), ("out.mov", "prores"), ("out.webm", None), ("clear.webm", "vp9")]
KINDS += [("out.mkv", None), ("out.mp4", "av1")]
TIMES = np.cumsum(np.random.default_rng(1).integers(15, 40, FRAMES + 1)).tolist()  # an uneven rate


class Killed(Exception):
    pass


def picture(number: int, *, transparent: bool) -> np.ndarray:
    slope = np.indices((96, 64)).sum(0)[..., None] * 1.7 + np.arange(4 if transparent else 3) * 20
    return ((slope + 3 * number) % 255).astype(np.uint8)


def write(
    path: Path,
    codec: str | None,
    segments: Segments | None,
    *,
    until: int = FRAMES,
    segment: int = SEGMENT,
    audio: AudioPlan | None = None,
) -> None:
    """Write the frames up to `until`, from where the segments end; killed if that is not the last one."""
    clear = codec == "prores" or path.stem == "clear"
    output: dict[str, Any] = {
        "time_base": TICK,
        "codec": codec,
        "transparent": clear,
        "threads": 1,
        "segments": segments,
        "audio": audio,
    }
    begin = segments.frames if segments else 0
    with suppress(Killed), open_output(path, width=64, height=96, **output) as writer:
        for number in range(begin, until):
            times = TIMES[number] - TIMES[0], TIMES[number + 1] - TIMES[number]
            writer.write(picture(number, transparent=clear), *times)
            if segments and number % segment == segment - 1:
                writer.end_segment()()
        if until < FRAMES:
            raise Killed


def make_folder(path: Path) -> Path:
    path.mkdir()
    return path


def read_stream(path: Path) -> tuple[list[int], list[bytes]]:
    """Times and pictures."""
    with av.open(str(path)) as file:
        frames = [(frame.pts or 0, frame.to_ndarray(format="rgb24").tobytes()) for frame in file.decode(video=0)]
    return [pts for pts, _ in frames], [content for _, content in frames]


@pytest.mark.parametrize(("name", "codec"), KINDS)
def test_a_video_that_was_interrupted_is_the_same_bytes(tmp_path: Path, name: str, codec: str | None) -> None:
    whole, parts = make_folder(tmp_path / "whole"), make_folder(tmp_path / "parts")
    sound = None if codec == "hevc" else AudioPlan(DRIVING)
    write(whole / name, codec, Segments(make_folder(whole / "kept")), audio=sound)
    kept = make_folder(parts / "kept")
    write(parts / name, codec, Segments(kept), until=13, audio=sound)
    assert not (parts / name).exists()
    write(parts / name, codec, Segments(kept, 1, SEGMENT), until=27, audio=sound)
    write(parts / name, codec, Segments(kept, 3, 3 * SEGMENT), audio=sound)
    assert (parts / name).read_bytes() == (whole / name).read_bytes()
    write(tmp_path / name, codec, None, audio=sound)
    times, pictures = read_stream(tmp_path / name)
    segmented = read_stream(whole / name)
    assert segmented[0] == times
    assert codec != "prores" or segmented[1] == pictures


@pytest.mark.parametrize(("name", "codec"), [kind for kind in KINDS if kind[1] not in ("hevc", "av1")])  # table sdtp
def test_a_video_of_one_segment_is_the_same_bytes_as_without(tmp_path: Path, name: str, codec: str | None) -> None:
    usual, kept = make_folder(tmp_path / "usual"), make_folder(tmp_path / "kept")
    write(usual / name, codec, None)
    write(tmp_path / name, codec, Segments(kept), segment=FRAMES + 1)
    assert (tmp_path / name).read_bytes() == (usual / name).read_bytes()


def test_numbered_pictures_go_on_where_they_ended(tmp_path: Path) -> None:
    kept = make_folder(tmp_path / "kept")
    write(tmp_path / "frames", None, Segments(kept), until=13)
    write(tmp_path / "frames", None, Segments(kept, 1, SEGMENT))
    write(tmp_path / "usual", None, None)
    names = [f"{number:05d}.png" for number in range(FRAMES)]
    assert sorted(path.name for path in (tmp_path / "frames").iterdir()) == names
    assert all((tmp_path / "frames" / name).read_bytes() == (tmp_path / "usual" / name).read_bytes() for name in names)
