"""A video file decoded with PyAV: seeking, time stamps, orientation, pixel aspect and colour.

H, W: size as shown, after rotation and pixel aspect.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, VideoReformatter
from av.video.stream import VideoStream

from models.errors import InputError
from pipelines.media.stream import FileInfo, ReadStats
from pipelines.media.timing import CorruptFrame, TimedFrame

NO_VIDEO = {"tty", "lrc", "srt", "webvtt", "ass", "microdvd"}  # text that FFmpeg is glad to render or list
SEEK_MARGIN = 1  # seconds: key frames are found by decoding time, which runs ahead of showing time
MAX_READ_ERRORS = 32
MISSING_SHARE = 0.02  # fewer frames than the index lists: edit lists hide some of them too
HDR_CURVES = (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67)
PROBLEMS = (FFmpegError, ValueError, EOFError)


class VideoFile:
    """The first real video stream of a file. Raises InputError if there is none or the file can't be opened."""

    def __init__(self, path: Path):
        self.path = path
        with open_container(path) as container:
            stream = find_video_stream(container, path)
            if stream.time_base is None:
                raise InputError(f"{path}: the video stream has no clock; convert the file to MP4 first")
            self.aspect = stream.sample_aspect_ratio or Fraction(1)
            if not Fraction(1, 4) <= self.aspect <= 4:  # nonsense in the header
                self.aspect = Fraction(1)
            self.file_info = FileInfo(
                kind="video",
                time_base=stream.time_base,
                rate=stream.average_rate or stream.guessed_rate or stream.base_rate,
                frames=stream.frames or None,
                duration=_length(container, stream),
                has_audio=any(audio.codec_context is not None for audio in container.streams.audio),
                start_pts=stream.start_time or 0,
            )

    def read(self, start: int, stats: ReadStats) -> Generator[TimedFrame]:
        """Frames in display order from at most one key frame before pts `start`; needs no more than the decoder's."""
        with open_container(self.path) as container:
            matrix: bytes | None = None
            scaler = VideoReformatter()
            for frame in self._from(container, start, stats):
                if frame.pts is None:
                    continue
                if not stats.decoded:
                    matrix = read_display_matrix(frame)
                stats.decoded += 1
                load = partial(frame_to_rgb, frame, scaler=scaler, aspect=self.aspect, matrix=matrix)
                yield TimedFrame(pts=frame.pts, duration=frame.duration or None, load=load)
        listed = self.file_info.frames or 0
        if start <= self.file_info.start_pts and listed - stats.decoded - stats.corrupt > max(
            2, listed * MISSING_SHARE
        ):
            stats.incomplete = True
        stats.finished = True

    def _from(self, container: InputContainer, start: int, stats: ReadStats) -> Generator[VideoFrame]:
        stream = find_video_stream(container, self.path)
        stream.thread_type = "AUTO"
        target = start - round(SEEK_MARGIN / self.file_info.time_base)
        if target <= self.file_info.start_pts:
            yield from decode_frames(container, stream, stats)
            return
        with suppress(FFmpegError):
            container.seek(target, stream=stream)
        frames = decode_frames(container, stream, stats)
        first = next(frames, None)
        if first is not None and first.pts is not None and first.pts <= start:
            yield first
            yield from frames
            return
        frames.close()
        stats.corrupt = 0
        with open_container(self.path) as fresh:  # the index misleads: read from the beginning
            yield from decode_frames(fresh, find_video_stream(fresh, self.path), stats)


@contextmanager
def open_container(path: Path) -> Iterator[InputContainer]:
    """The open container. Raises InputError, one line, with the likely reason."""
    try:
        container = av.open(str(path), metadata_errors="replace")
    except PROBLEMS as error:
        raise InputError(f"{path} {_why_not(path)} ({type(error).__name__})") from None
    with container:
        if container.format.name in NO_VIDEO:
            raise InputError(f"{path} is a text file, not a video")
        yield container


def find_video_stream(container: InputContainer, path: Path) -> VideoStream:
    """The first video stream that is no cover picture and has a decoder. Raises InputError."""
    for stream in container.streams.video:
        if stream.codec_context is not None and not stream.disposition & Disposition.attached_pic:
            return stream
    kind = "only sound" if container.streams.audio else "no video stream that can be decoded"
    raise InputError(f"{path} has {kind}: give a video")


def decode_frames(container: InputContainer, stream: VideoStream, stats: ReadStats) -> Generator[VideoFrame]:
    """Frames in display order; packets and frames that can't be decoded are counted in `stats`."""
    for packet in _packets(container, stream, stats):
        try:
            frames = packet.decode()
        except PROBLEMS:
            stats.corrupt += 1
            continue
        for frame in frames:
            if frame.is_corrupt:
                stats.corrupt += 1
            else:
                yield frame


def _packets(container: InputContainer, stream: VideoStream, stats: ReadStats) -> Iterator[av.Packet]:
    errors = 0
    while errors < MAX_READ_ERRORS:
        try:
            for packet in container.demux(stream):
                errors = 0
                yield packet
            return
        except PROBLEMS:
            errors += 1
            stats.incomplete = True


def read_display_matrix(frame: VideoFrame) -> bytes | None:
    """The 3 x 3 matrix (int32, 16.16) that turns the frame upright. Ties the frame into a cycle: ask once a pass."""
    data = frame.side_data.get("DISPLAYMATRIX")
    return None if data is None else bytes(data)


def frame_to_rgb(
    frame: VideoFrame,
    *,
    scaler: VideoReformatter,
    aspect: Fraction = Fraction(1),
    matrix: bytes | None = None,
) -> np.ndarray:
    """A decoded frame as shown: uint8 RGB [H,W,3]; transparency on white.

    scaler: one for all frames of a pass; it keeps its tables, seconds of work for PQ and HLG. aspect: pixel width /
    height, made square. matrix: display matrix, applied after that.
    Untagged YUV counts as BT.601 up to 576 lines and as BT.709 above, as players do. PQ and HLG are tone-mapped.
    """
    alpha = any(component.is_alpha for component in frame.format.components)
    try:
        image = _converted(frame, scaler, "rgba" if alpha else "rgb24", aspect).to_ndarray()
    except PROBLEMS as error:
        raise CorruptFrame(str(error)) from error
    if alpha:
        image = blend_on_white(image)
    return np.ascontiguousarray(image if matrix is None else _upright(image, matrix))


def blend_on_white(image: np.ndarray) -> np.ndarray:
    """uint8 RGBA [H,W,4] over white as uint8 RGB [H,W,3]."""
    colour, alpha = image[..., :3].astype(np.uint16), image[..., 3:].astype(np.uint16)
    return ((colour * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def _converted(frame: VideoFrame, scaler: VideoReformatter, pixel_format: str, aspect: Fraction) -> VideoFrame:
    hdr = frame.color_trc in HDR_CURVES
    return scaler.reformat(
        frame,
        width=max(1, round(frame.width * aspect)),
        format=pixel_format,
        src_colorspace=_matrix(frame),
        dst_color_range=ColorRange.JPEG,
        dst_color_trc=ColorTrc.IEC61966_2_1 if hdr else None,
        dst_color_primaries=ColorPrimaries.BT709 if hdr else None,
        interpolation="BICUBIC",
    )


def _matrix(frame: VideoFrame) -> int | None:
    if frame.colorspace != 2:  # AVCOL_SPC_UNSPECIFIED
        return None
    return Colorspace.ITU709 if frame.height > 576 else Colorspace.ITU601


def _upright(image: np.ndarray, matrix: bytes) -> np.ndarray:
    """Applies the display matrix [[a b u] [c d v] [x y w]]: quarter turns and mirrors."""
    a, b, _, c, d = np.frombuffer(matrix, dtype=np.int32)[:5].astype(np.int64)
    if abs(a) + abs(d) < abs(b) + abs(c):
        image = image.swapaxes(0, 1)  # [H,W,3] -> [W,H,3]
        a, d = c, b
    return image[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]


def _length(container: InputContainer, stream: VideoStream) -> Fraction | None:
    if stream.duration and stream.time_base is not None:
        return stream.duration * stream.time_base
    if "DURATION" in stream.metadata:  # Matroska: the container's own length includes the sound
        with suppress(ValueError):
            hours, minutes, seconds = stream.metadata["DURATION"].split(":")
            return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)
    return Fraction(container.duration, av.time_base) if container.duration else None


def _why_not(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(4096)
    if head[4:8] in (b"ftyp", b"mdat", b"free", b"wide"):
        return "can't be read: its index (moov atom) is missing, so the recording or copy was cut off"
    if b"\0" not in head:
        return "is a text file, not a video"
    return "is not a video that can be read: damaged, or of an unknown type"
