"""Files with several video streams: which one is read, and that it is said."""

from pathlib import Path
from typing import cast

import av
import pytest
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from pipelines.media.sources import open_video
from tests.helpers.videos import make_shade

SMALL, LARGE = (32, 24), (64, 48)
NONE, DEFAULT, COVER = Disposition(0), Disposition.default, Disposition.attached_pic


def make_streams(path: Path, *streams: tuple[tuple[int, int], Disposition]) -> Path:
    """A video with a stream of 5 frames for each (width, height) and disposition."""
    with av.open(str(path), "w") as container:
        for (width, height), disposition in streams:
            stream = cast(VideoStream, container.add_stream("mjpeg", rate=25))
            stream.width, stream.height, stream.pix_fmt = width, height, "yuvj420p"
            stream.disposition = disposition
        for number in range(5):
            for stream in container.streams.video:
                image = make_shade(number, stream.height, stream.width)
                frame = VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuvj420p")
                frame.pts = number
                container.mux(stream.encode(frame))
        for stream in container.streams.video:
            container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov"])
@pytest.mark.parametrize(
    ("streams", "size", "words"),
    [
        ([(SMALL, NONE), (LARGE, DEFAULT)], LARGE, "number 2 (64x48) is used, the default one"),
        ([(SMALL, DEFAULT), (LARGE, NONE)], SMALL, "number 1 (32x24) is used, the default one"),
        ([(SMALL, DEFAULT), (LARGE, DEFAULT)], LARGE, "number 2 (64x48) is used, the first of the largest"),
        ([(LARGE, DEFAULT), (LARGE, DEFAULT)], LARGE, "number 1 (64x48) is used, the first of the largest"),
        ([(LARGE, NONE)], LARGE, None),
    ],
)
def test_the_default_or_largest_stream_is_read(tmp_path: Path, suffix: str, streams, size, words: str | None):
    with open_video(make_streams(tmp_path / f"clip.{suffix}", *streams)) as source:
        assert (source.info.width, source.info.height) == size
        assert len(list(source)) == 5
        assert [bool(words) and words in note for note in source.warnings] == ([True] if words else [])


def test_a_cover_is_no_choice(tmp_path: Path):
    clip = make_streams(tmp_path / "clip.mp4", (LARGE, COVER), (SMALL, DEFAULT))
    with open_video(clip) as source:
        assert (source.info.width, source.info.height, source.warnings) == (*SMALL, [])
