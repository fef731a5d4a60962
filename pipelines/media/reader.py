"""Decoding a video file with PyAV: seeking, time stamps, damage.

In: a file. Out: frames uint8 RGB [H, W, 3] with the pts of the file; H, W is the size as shown, after rotation and
pixel aspect. The backend of `pipelines.media.stream.FrameSource` for videos.
"""

from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, partial
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.format import Flags
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from models.errors import InputError
from pipelines.media.completeness import Structure, read_structure
from pipelines.media.containers import open_container, to_fraction
from pipelines.media.formats import MEDIA_ERRORS
from pipelines.media.frames import NOMINAL_RATE, FileInfo, ReadStats
from pipelines.media.pixels import frame_to_rgb, read_display_matrix
from pipelines.media.time_stamps import has_restarts, part_shifts, repair_times
from pipelines.media.timing import TimedFrame
from pipelines.media.video_streams import describe_choice, find_alpha_decoder, find_video_stream

SEEK_MARGIN = 1  # seconds: seeking is by decoding time, which is ahead of presentation time
MAX_READ_ERRORS = 32  # in a row, after which the rest of the file is given up
MISSING_SHARE = 0.02  # of the frames in the index may be missing
MAX_GAP = 10  # seconds between frames of a format whose parts may be joined; a larger one is no pause
MAX_RATE_RATIO = Fraction(3, 2)  # of the average to the nominal rate
MIN_BIT_RATE = 500  # bits per second of a file whose duration is believed
MAX_RATE = 500  # frames per second; what states more counts ticks


class VideoFile:
    """The video stream of a file that `find_video_stream` chooses.

    Args:
        path: the file.
        rate: frames per second if the file has no time stamps; by default what the stream says, or NOMINAL_RATE.

    Raises:
        InputError: there is none, or the file can't be opened.
    """

    def __init__(self, path: Path, *, rate: Fraction | None = None):
        self.path = path
        with open_container(path) as container:
            stream = find_video_stream(container, path)
            self.format = _FormatTraits.of(container)
            self.aspect = to_fraction(stream.sample_aspect_ratio) or Fraction(1)
            if not Fraction(1, 4) <= self.aspect <= 4:  # the header is wrong
                self.aspect = Fraction(1)
            describe = _describe_timed if self.format.has_times else partial(_describe_untimed, rate=rate)
            self.file_info = describe(container, stream)
        self.step = round(1 / (self.file_info.rate or NOMINAL_RATE) / self.file_info.time_base) or 1
        self.max_gap = round(MAX_GAP / self.file_info.time_base)

    def read(self, start: int, stats: ReadStats) -> Generator[TimedFrame]:
        """Frames in display order, from the last key frame at or before pts `start` or from the file's beginning.

        Holds no more frames than the decoder does. `stats` is updated while the frames are read.
        """
        with open_container(self.path) as container:
            matrix: bytes | None = None
            scaler = VideoReformatter()
            for pts, frame in self._time(self._decode_from(container, start, stats), stats):
                if not stats.decoded:
                    matrix = read_display_matrix(frame)
                stats.decoded += 1
                load = partial(frame_to_rgb, frame, scaler=scaler, aspect=self.aspect, matrix=matrix)
                yield TimedFrame(pts=pts, duration=frame.duration or None, load=load)
        stats.incomplete |= self._is_cut_short or (start <= self.file_info.start_pts and self._lacks_frames(stats))
        stats.recordings, stats.finished = self._structure.recordings, True

    def _time(self, frames: Iterator[VideoFrame], stats: ReadStats) -> Iterator[tuple[int, VideoFrame]]:
        """Frames with their pts, in units of the time base of `file_info`."""
        if self.format.has_times:
            gap = self.max_gap if self.format.may_restart else None
            yield from repair_times(frames, stats, first=self.file_info.start_pts, step=self.step, max_gap=gap)
            return
        for number, frame in enumerate(frames):
            frame.duration = 1
            yield number, frame

    def _decode_from(self, container: InputContainer, start: int, stats: ReadStats) -> Generator[VideoFrame]:
        stream = find_video_stream(container, self.path)
        stream.thread_type = "AUTO"
        target = start - round(SEEK_MARGIN / self.file_info.time_base)
        if target <= self.file_info.start_pts or not self._can_seek:
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

    @cached_property
    def _can_seek(self) -> bool:
        """Whether a time is found by seeking; not if it occurs twice in the file, or nowhere."""
        if not self.format.has_times or not self.format.may_restart:
            return self.format.has_times
        with open_container(self.path) as container:
            packets = read_packets(container, find_video_stream(container, self.path), ReadStats())
            return not has_restarts(packets, max_gap=self.max_gap)

    def part_shifts(self) -> list[Fraction]:
        """By how many seconds each part of a file that was joined by appending is moved; [0] for other files."""
        if not self.format.may_restart:
            return [Fraction(0)]
        with open_container(self.path) as container:
            packets = read_packets(container, find_video_stream(container, self.path), ReadStats())
            shifts = part_shifts(packets, step=self.step, max_gap=self.max_gap)
        return [shift * self.file_info.time_base for shift in shifts]

    @cached_property
    def _structure(self) -> Structure:
        return read_structure(self.path, self.format.name)

    @property
    def _is_cut_short(self) -> bool:
        """Whether the file ends too early; of an MP4 with an index only its frames count."""
        indexed = "mp4" in self.format.name.split(",") and self.file_info.frames is not None
        return not indexed and self._structure.cut_short

    def _lacks_frames(self, stats: ReadStats) -> bool:
        """Whether the index has more frames than could be read from the file's beginning to its end."""
        listed = self.file_info.frames if self.format.counts_frames else None
        return listed is not None and listed - stats.decoded - stats.corrupt > max(2, listed * MISSING_SHARE)


@dataclass(frozen=True)
class _FormatTraits:
    """What is known about a container format."""

    name: str
    """FFmpeg's name."""
    has_times: bool
    """Whether packets have time stamps."""
    may_restart: bool
    """Whether time stamps may jump, as in files that are made to be joined by appending."""
    counts_frames: bool
    """Whether the number of frames in its index is exact; AVI counts repeated frames that are not stored."""

    @classmethod
    def of(cls, container: InputContainer) -> "_FormatTraits":
        name, flags = container.format.name, container.format.flags
        return cls(
            name,
            has_times=not flags & Flags.no_timestamps.value and not name.endswith("_pipe"),
            may_restart=bool(flags & Flags.ts_discont.value),
            counts_frames=name != "avi",
        )


def decode_frames(container: InputContainer, stream: VideoStream, stats: ReadStats) -> Generator[VideoFrame]:
    """Frames in display order; packets and frames that can't be decoded are skipped and counted in `stats`."""
    decoder = find_alpha_decoder(stream)
    for packet in read_packets(container, stream, stats):
        try:
            frames = decoder.decode(packet) if decoder else packet.decode()
        except MEDIA_ERRORS:
            stats.corrupt += 1
            continue
        for frame in frames:
            if frame.is_corrupt:
                stats.corrupt += 1
            else:
                yield frame


def read_packets(container: InputContainer, stream: VideoStream, stats: ReadStats) -> Iterator[av.Packet]:
    """The packets of a stream; after MAX_READ_ERRORS errors in a row the rest is given up."""
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


def _describe_timed(container: InputContainer, stream: VideoStream) -> FileInfo:
    time_base = to_fraction(stream.time_base)
    if time_base is None:
        raise InputError(f"{container.name}: the video stream has no time base: convert the file to MP4 first")
    return FileInfo(
        kind="video",
        time_base=time_base,
        rate=_choose_rate(stream),
        frames=_count_shown_frames(container, stream),
        duration=_read_duration(container, stream, time_base),
        has_audio=_has_audio(container),
        start_pts=stream.start_time or 0,
        notes=describe_choice(container, stream),
    )


def _describe_untimed(container: InputContainer, stream: VideoStream, *, rate: Fraction | None) -> FileInfo:
    """A file without time stamps: one frame per unit of the time base."""
    nominal = rate or to_fraction(stream.guessed_rate) or NOMINAL_RATE
    note = f"has no time stamps: it is shown at {float(nominal):.5g} frames per second; --fps sets another rate"
    return FileInfo(
        kind="video",
        time_base=1 / nominal,
        rate=nominal,
        has_audio=_has_audio(container),
        timed=False,
        notes=(*describe_choice(container, stream), *(() if rate else (note,))),
    )


def _count_shown_frames(container: InputContainer, stream: VideoStream) -> int | None:
    """The frames that the index lists, None if it doesn't; without those that the edit list of a trimmed MP4 hides."""
    if stream.frames and "mp4" in container.format.name.split(","):
        return sum(not entry.is_discard for entry in stream.index_entries)
    return stream.frames or None


def _choose_rate(stream: VideoStream) -> Fraction | None:
    """Nominal frames per second, None if unknown; a far higher average counts fields or ticks instead of frames."""
    average, guessed, base = map(to_fraction, (stream.average_rate, stream.guessed_rate, stream.base_rate))
    if average and guessed and average > MAX_RATE_RATIO * guessed:
        average = None
    return next((rate for rate in (average, guessed, base) if rate and rate <= MAX_RATE), None)


def _has_audio(container: InputContainer) -> bool:
    return any(audio.codec_context is not None for audio in container.streams.audio)


def _read_duration(container: InputContainer, stream: VideoStream, time_base: Fraction) -> Fraction | None:
    """Seconds; None where the time stamps at the end of a file belong to another part than those at its beginning."""
    if stream.duration:
        duration = stream.duration * time_base
        may_restart = container.format.flags & Flags.ts_discont.value
        return None if may_restart and container.size * 8 < duration * MIN_BIT_RATE else duration
    if "DURATION" in stream.metadata:  # Matroska, whose container duration includes the sound
        with suppress(ValueError):
            hours, minutes, seconds = stream.metadata["DURATION"].split(":")
            return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)
    return Fraction(container.duration, av.time_base) if container.duration else None
