"""Small videos, sounds and pictures that the tests make for themselves."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream

TICKS = Fraction(1, 12800)
RATE = 44100


def make_corners(height: int = 48, width: int = 64) -> np.ndarray:
    """uint8 RGB with four colours: red top left, green top right, blue bottom left, white bottom right."""
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2, : width // 2] = (200, 30, 30)
    image[: height // 2, width // 2 :] = (30, 200, 30)
    image[height // 2 :, : width // 2] = (30, 30, 200)
    image[height // 2 :, width // 2 :] = (220, 220, 220)
    return image


def corner_pixels(image: np.ndarray) -> np.ndarray:
    """int [4,3]: one pixel of each colour of `corners()`."""
    return image[[4, 4, 40, 40], [4, 60, 4, 60]].astype(int)


def make_shade(number: int, height: int = 48, width: int = 64) -> np.ndarray:
    """A grey picture whose level is the frame's number; `read_shade` reads it."""
    return np.full((height, width, 3), 20 + 8 * (number % 26), np.uint8)


def read_shade(image: np.ndarray) -> int:
    return round((float(image.mean()) - 20) / 8)


def make_clip(
    path: Path,
    *,
    frames: Sequence[np.ndarray] | int = 10,
    pts: Sequence[int] | None = None,
    time_base: Fraction = TICKS,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
    rotation: int = 0,
    sound: str | None = None,
    beep: Fraction = Fraction(0),
    begin: Fraction = Fraction(0),
    sound_begin: Fraction = Fraction(0),
    full_range: bool = False,
    matrix: int | None = None,
    muxer: dict[str, str] | None = None,
) -> Path:
    """A clip of `frames` (or that many shades) at 25 a second unless pts say otherwise; its sound beeps from `beep`.

    Pictures begin at `begin`, sound at `sound_begin`, in seconds on the file's clock.
    """
    images = [make_shade(number) for number in range(frames)] if isinstance(frames, int) else list(frames)
    step = int(1 / (25 * time_base))
    stamps = list(pts) if pts is not None else [step * number for number in range(len(images))]
    length = (stamps[-1] + step) * time_base
    stamps = [stamp + int(begin / time_base) for stamp in stamps]
    quality = {"crf": "10"} if codec.startswith("libx26") else {}
    with av.open(str(path), "w", container_options=muxer or {}) as container:
        stream = cast(
            VideoStream, container.add_stream(codec, rate=25, options=quality | (options or {}), time_base=time_base)
        )
        context = stream.codec_context
        context.height, context.width = images[0].shape[:2]
        context.pix_fmt = pix_fmt
        if full_range:
            context.color_range = ColorRange.JPEG
        if matrix is not None:
            context.colorspace = matrix
        if rotation:
            stream.set_display_rotation(rotation)
        track = add_sound(container, sound) if sound else None
        if track is not None:
            container.mux(encode_beep(track, length, beep, sound_begin))
        for image, stamp in zip(images, stamps, strict=True):
            frame = VideoFrame.from_ndarray(image, format="rgba" if image.shape[2] == 4 else "rgb24").reformat(
                format=pix_fmt,
                dst_colorspace=matrix,
                dst_color_range=ColorRange.JPEG if full_range else ColorRange.MPEG,
            )
            frame.pts, frame.time_base = stamp, time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def make_sound(
    path: Path, *, codec: str = "aac", seconds: Fraction = Fraction(1), beep: Fraction = Fraction(0)
) -> Path:
    with av.open(str(path), "w") as container:
        container.mux(encode_beep(add_sound(container, codec), seconds, beep))
    return path


def add_sound(container: OutputContainer, codec: str) -> AudioStream:
    stream = cast(AudioStream, container.add_stream(codec, rate=48000 if "opus" in codec else RATE))
    stream.codec_context.layout = "mono"
    return stream


def encode_beep(stream: AudioStream, seconds: Fraction, beep: Fraction, begin: Fraction = Fraction(0)) -> list:
    """Silence from `begin` on, after `beep` seconds a loud 440 Hz tone."""
    rate = stream.codec_context.sample_rate
    time = np.arange(int(seconds * rate)) / rate
    wave = np.where(time >= float(beep), 0.5 * np.sin(2 * np.pi * 440 * time), 0).astype(np.float32)
    packets = []
    for first in range(0, len(wave), 960):
        frame = AudioFrame.from_ndarray(wave[None, first : first + 960], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, first + int(begin * rate), Fraction(1, rate)
        packets += stream.encode(frame)
    return packets + stream.encode(None)


def find_beep(path: Path) -> float:
    """When the beep begins (s on the player's clock)."""
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            wave = frame.to_ndarray().astype(np.float64)
            wave = wave if frame.format.is_planar else wave.reshape(-1, len(frame.layout.channels)).T
            scale = 1.0 if frame.format.name.startswith("flt") else 32768.0
            loud = np.flatnonzero(np.abs(wave[0]) / scale > 0.1)
            if len(loud):
                return frame.time + loud[0] / frame.sample_rate
    raise AssertionError("no beep")


def sound_end(path: Path) -> float:
    """When the last packet of the first sound stream ends (s)."""
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(audio=0) if packet.pts is not None]
        return max(float(((packet.pts or 0) + (packet.duration or 0)) * packet.time_base) for packet in packets)


def sound_codec(path: Path) -> str | None:
    with av.open(str(path)) as container:
        return container.streams.audio[0].codec_context.codec.canonical_name if container.streams.audio else None
