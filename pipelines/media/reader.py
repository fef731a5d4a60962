"""Decoding a video file with PyAV: seeking, time stamps, orientation, pixel aspect and colour.

In: a file. Out: frames uint8 RGB [H, W, 3] with the pts of the file; H, W is the size as shown, after rotation and
pixel aspect. The backend of `pipelines.media.stream.FrameSource` for videos.
"""

from collections.abc import Generator, Iterator, Mapping
from contextlib import suppress
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.sidedata.sidedata import Type as SideData
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, VideoReformatter
from av.video.stream import VideoStream

from models.errors import InputError
from pipelines.media.containers import open_container, to_fraction
from pipelines.media.formats import MEDIA_ERRORS
from pipelines.media.frames import FileInfo, ReadStats
from pipelines.media.timing import CorruptFrame, TimedFrame

SEEK_MARGIN = 1  # seconds: seeking is by decoding time, which is ahead of presentation time
MAX_READ_ERRORS = 32  # in a row, after which the rest of the file is given up
MISSING_SHARE = 0.02  # of the frames in the index may be missing: edit lists hide some
HDR_CURVES = (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67)  # PQ and HLG


class VideoFile:
    """The first video stream of a file that is not a cover picture.

    Raises:
        InputError: there is none, or the file can't be opened.
    """

    def __init__(self, path: Path):
        self.path = path
        with open_container(path) as container:
            stream = find_video_stream(container, path)
            time_base = to_fraction(stream.time_base)
            if time_base is None:
                raise InputError(f"{path}: the video stream has no time base: convert the file to MP4 first")
            self.aspect = to_fraction(stream.sample_aspect_ratio) or Fraction(1)
            if not Fraction(1, 4) <= self.aspect <= 4:  # the header is wrong
                self.aspect = Fraction(1)
            self.file_info = FileInfo(
                kind="video",
                time_base=time_base,
                rate=to_fraction(stream.average_rate or stream.guessed_rate or stream.base_rate),
                frames=stream.frames or None,
                duration=_read_duration(container, stream, time_base),
                has_audio=any(audio.codec_context is not None for audio in container.streams.audio),
                start_pts=stream.start_time or 0,
            )

    def read(self, start: int, stats: ReadStats) -> Generator[TimedFrame]:
        """Frames in display order, from the last key frame at or before pts `start` or from the file's beginning.

        Holds no more frames than the decoder does. `stats` is updated while the frames are read.
        """
        with open_container(self.path) as container:
            matrix: bytes | None = None
            scaler = VideoReformatter()
            for frame in self._decode_from(container, start, stats):
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

    def _decode_from(self, container: InputContainer, start: int, stats: ReadStats) -> Generator[VideoFrame]:
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
        with open_container(self.path) as fresh:  # the index is wrong: read from the beginning
            yield from decode_frames(fresh, find_video_stream(fresh, self.path), stats)


def find_video_stream(container: InputContainer, path: Path) -> VideoStream:
    """The first video stream that is not a cover picture and has a decoder.

    Raises:
        InputError: there is none.
    """
    for stream in container.streams.video:
        if stream.codec_context is not None and not stream.disposition & Disposition.attached_pic:
            return stream
    kind = "only sound" if container.streams.audio else "no video stream that can be decoded"
    raise InputError(f"{path} has {kind}: use a video")


def decode_frames(container: InputContainer, stream: VideoStream, stats: ReadStats) -> Generator[VideoFrame]:
    """Frames in display order; packets and frames that can't be decoded are skipped and counted in `stats`."""
    for packet in _read_packets(container, stream, stats):
        try:
            frames = packet.decode()
        except MEDIA_ERRORS:
            stats.corrupt += 1
            continue
        for frame in frames:
            if frame.is_corrupt:
                stats.corrupt += 1
            else:
                yield frame


def _read_packets(container: InputContainer, stream: VideoStream, stats: ReadStats) -> Iterator[av.Packet]:
    errors = 0
    while errors < MAX_READ_ERRORS:
        try:
            for packet in container.demux(stream):
                errors = 0
                yield packet
            return
        except MEDIA_ERRORS:
            errors += 1
            stats.incomplete = True


def read_display_matrix(frame: VideoFrame) -> bytes | None:
    """The display matrix of a frame, 3 x 3 int32 in 16.16 fixed point, which turns it upright; None if it has none.

    Reading it makes a reference cycle that keeps the frame alive, so do it only once per pass.
    """
    data = cast(Mapping, frame.side_data).get(SideData.DISPLAYMATRIX)
    return None if data is None else bytes(data)


def frame_to_rgb(
    frame: VideoFrame,
    *,
    scaler: VideoReformatter,
    aspect: Fraction = Fraction(1),
    matrix: bytes | None = None,
) -> np.ndarray:
    """A decoded frame as it is shown, uint8 RGB [H, W, 3], transparency on white.

    YUV without a colour space is taken as BT.601 up to 576 lines and as BT.709 above, as players do. PQ and HLG are
    tone-mapped.

    Args:
        frame: as decoded.
        scaler: the same for all frames of a pass; for PQ and HLG it holds tables that take seconds to compute.
        aspect: width of a pixel over its height; pixels become square.
        matrix: display matrix, applied last.

    Raises:
        CorruptFrame: the frame can't be converted.
    """
    alpha = any(component.is_alpha for component in frame.format.components)
    try:
        image = _convert(frame, scaler, "rgba" if alpha else "rgb24", aspect).to_ndarray()
    except MEDIA_ERRORS as error:
        raise CorruptFrame(str(error)) from error
    if alpha:
        image = blend_on_white(image)
    return np.ascontiguousarray(image if matrix is None else _turn_upright(image, matrix))


def blend_on_white(image: np.ndarray) -> np.ndarray:
    """Blend uint8 RGBA [H, W, 4] over white -> uint8 RGB [H, W, 3]."""
    colour, alpha = image[..., :3].astype(np.uint16), image[..., 3:].astype(np.uint16)
    return ((colour * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def _convert(frame: VideoFrame, scaler: VideoReformatter, pixel_format: str, aspect: Fraction) -> VideoFrame:
    hdr = frame.color_trc in HDR_CURVES
    return scaler.reformat(
        frame,
        width=max(1, round(frame.width * aspect)),
        format=pixel_format,
        src_colorspace=_choose_colorspace(frame),
        dst_color_range=ColorRange.JPEG,
        dst_color_trc=ColorTrc.IEC61966_2_1 if hdr else None,
        dst_color_primaries=ColorPrimaries.BT709 if hdr else None,
        interpolation="BICUBIC",
    )


def _choose_colorspace(frame: VideoFrame) -> int | None:
    """The colour space of a frame that has none of its own, otherwise None."""
    if frame.colorspace != 2:  # AVCOL_SPC_UNSPECIFIED
        return None
    return Colorspace.ITU709 if frame.height > 576 else Colorspace.ITU601


def _turn_upright(image: np.ndarray, matrix: bytes) -> np.ndarray:
    """Apply the quarter turns and mirrors of the display matrix [[a b u] [c d v] [x y w]] to an image [H, W, 3]."""
    a, b, _, c, d = np.frombuffer(matrix, dtype=np.int32)[:5].astype(np.int64)
    if abs(a) + abs(d) < abs(b) + abs(c):
        image = image.swapaxes(0, 1)  # [H, W, 3] -> [W, H, 3]
        a, d = c, b
    return image[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]


def _read_duration(container: InputContainer, stream: VideoStream, time_base: Fraction) -> Fraction | None:
    if stream.duration:
        return stream.duration * time_base
    if "DURATION" in stream.metadata:  # Matroska, whose container duration includes the sound
        with suppress(ValueError):
            hours, minutes, seconds = stream.metadata["DURATION"].split(":")
            return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)
    return Fraction(container.duration, av.time_base) if container.duration else None
