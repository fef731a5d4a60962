"""Small good and broken files that tests hand to the program."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
SOURCE, DRIVING = (ROOT / "gfla_cli" / "demo" / name for name in ("source.png", "driving.mp4"))


def make_scenery(width: int, height: int, shift: int = 0) -> np.ndarray:
    """A soft gradient with nobody in it, uint8 [H, W, 3]."""
    across = np.linspace(0, 200, width)[None, :, None] + np.linspace(0, 40, height)[:, None, None]
    return (across + np.array([0, 10, 20]) + shift).clip(0, 255).astype(np.uint8)


def write_picture(path: Path, *, width: int = 96, height: int = 96) -> Path:
    """A picture without a person."""
    Image.fromarray(make_scenery(width, height)).save(path)
    return path


def write_video(path: Path, *, width: int = 96, height: int = 96, frames: int = 12, moov_first: bool = False) -> Path:
    """A video without a person; `moov_first` puts its index before the frames."""
    codec, pixel_format = ("libx264", "yuv420p") if width > 1 else ("mjpeg", "yuvj420p")
    options = {"movflags": "faststart"} if moov_first else {}
    with av.open(str(path), "w", format=None if width > 1 else "matroska", options=options) as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(make_scenery(width, height, 3 * index), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_sound(path: Path) -> Path:
    """Half a second of a tone, no picture."""
    tone = (8000 * np.sin(np.arange(11025) * 0.06)).astype(np.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=22050, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts = 22050, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def truncate_file(path: Path, share: float) -> Path:
    """The file's first bytes under the same name."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def copy_with_index_first(source: Path, path: Path) -> Path:
    """A copy of an MP4's video, its index before the frames, so that it can be read when it is cut short."""
    with av.open(str(source)) as old, av.open(str(path), "w", options={"movflags": "faststart"}) as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(old.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                new.mux(packet)
    return path
