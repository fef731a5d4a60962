"""The sound of an output video: copied if the container supports its codec, otherwise re-encoded.

`VideoEncoder` feeds an `AudioTrack` while the video grows. Times are `Fraction` seconds, pts integers in units of the
sound stream's time base.
"""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from typing import cast

from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.error import BlockingIOError as MoreInputNeeded
from av.error import EOFError as EndOfStream
from av.error import FFmpegError, InvalidDataError
from av.filter import Graph
from av.format import Flags
from av.packet import Packet

from models.errors import InputError
from pipelines.media.audio import AudioPlan, choose_track
from pipelines.media.containers import open_media, to_fraction
from pipelines.media.formats import MEDIA_ERRORS, Container, describe_media_error
from pipelines.media.reader import VideoFile

MIN_RESTART = Fraction(1, 2)  # seconds by which time falls back where a file is joined of several
MAX_JITTER = 0.01  # seconds by which time stamps may differ from the number of samples before them
MAX_GAP = 10  # seconds between packets of a format whose parts may be joined; a larger one is no pause
SEEK_MARGIN = 2  # seconds before the first video frame at which reading begins
PREROLL = 4  # packets that decoders may need before the first one that is heard: MP3 three, Opus 80 ms
BIT_RATE = 160_000  # bits per second of re-encoded sound


@dataclass
class AudioTrack:
    """The sound stream of an output: call `feed` while the video grows and `finish` at its end.

    If the sound is damaged, it ends early with a note; the video continues.

    Raises:
        ValueError or another of MEDIA_ERRORS: nothing of the sound can be used this way.
    """

    plan: AudioPlan
    """Which sound."""

    container: OutputContainer
    """The open output."""

    spec: Container
    """The output's format."""

    copy: bool = True
    """Copy packets if the format supports their codec; otherwise always re-encode."""

    notes: list[str] = field(default_factory=list)
    """One-line notes for the user."""

    def __post_init__(self):
        self.input = open_media(self.plan.path)
        try:
            self._open()
        except BaseException:
            self.input.close()
            raise

    def _open(self) -> None:
        stream = choose_track(self.input)
        clock = to_fraction(stream.time_base) if stream else None
        if stream is None or clock is None:
            raise ValueError("no usable sound track")
        self.source: AudioStream = stream
        self.source_clock = clock
        self.clock = min(clock, Fraction(1, stream.codec_context.sample_rate))  # in AVI one packet is a tick
        self.copy = self.copy and stream.codec_context.codec.canonical_name in self.spec.copied_audio
        self.output = self._add_copied_stream() if self.copy else self._add_encoded_stream()
        self.offset = round(self.plan.start / self.clock)
        self.may_restart = bool(self.input.format.flags & Flags.ts_discont.value)
        self.last_dts: int | None = None
        self.dropped = 0  # packets that can't be decoded, or have wrong time stamps
        self.packets = self._read_packets()
        self.pending = next(self.packets, None)

    def close(self) -> None:
        """Close the file with the sound."""
        self.packets.close()
        self.input.close()

    def feed(self, until: Fraction) -> None:
        """Mux the packets that end by `until`, in seconds from the first video frame."""
        while (packet := self.pending) is not None and self._start(packet) + self._length(packet) <= until:
            self._mux(packet)
            self.pending = next(self.packets, None)

    def finish(self, end: Fraction) -> None:
        """Mux the remaining packets up to `end`, in seconds from the first video frame; the last one is cut there."""
        while self.pending is not None and self._start(self.pending) < end:
            packet, self.pending = self.pending, next(self.packets, None)
            left = floor((end - self._start(packet)) / self._clock_of(packet))
            if packet.duration and packet.duration > left > 0:
                packet.duration = left
            self._mux(packet)
        if self.last_dts is None:
            self.notes.append(f"{self.plan.path.name}: there is no sound at this part, so the output is silent")
        if self.dropped:
            self.notes.append(
                f"{self.plan.path.name}: {self.dropped} damaged or overlapping packet(s) of the sound were left out"
            )

    def _clock_of(self, packet: Packet) -> Fraction:
        return to_fraction(packet.time_base) or self.clock

    def _start(self, packet: Packet) -> Fraction:
        return (packet.pts or 0) * self._clock_of(packet)

    def _length(self, packet: Packet) -> Fraction:
        return (packet.duration or 0) * self._clock_of(packet)

    def _mux(self, packet: Packet) -> None:
        if packet.dts is None or (self.last_dts is not None and packet.dts <= self.last_dts):
            self.dropped += 1
            return
        self.last_dts = packet.dts
        packet.stream = self.output
        self.container.mux(packet)

    def _add_copied_stream(self) -> AudioStream:
        return self.container.add_stream_from_template(self.source)

    def _add_encoded_stream(self) -> AudioStream:
        rate = self.source.codec_context.sample_rate
        rate = rate if rate in self.spec.sample_rates else 48000
        stream = cast(AudioStream, self.container.add_stream(self.spec.audio_encoder, rate=rate))
        context: AudioCodecContext = stream.codec_context
        context.layout = "mono" if self.source.codec_context.channels == 1 else "stereo"
        context.bit_rate = BIT_RATE
        context.time_base = Fraction(1, rate)
        return stream

    def _read_packets(self) -> Generator[Packet]:
        """The packets to mux, pts counted from the first video frame; ends with a note if the sound is damaged."""
        begun = False
        try:
            self._seek()
            for packet in self._copy_packets() if self.copy else self._encode_packets():
                yield packet
                begun = True
        except MEDIA_ERRORS as error:
            if not begun:
                raise
            reason = describe_media_error(error)
            self.notes.append(f"{self.plan.path.name}: the sound is damaged and ends early ({reason})")

    def _seek(self) -> None:
        if self.may_restart:  # a time may occur twice
            return
        target = round((self.plan.start - SEEK_MARGIN) / self.source_clock)
        if target > (self.source.start_time or 0):
            try:
                self.input.seek(target, stream=self.source)
            except FFmpegError:  # the file is not seekable: read it from the beginning
                return

    def _demux(self) -> Iterator[Packet]:
        """The packets of the sound; parts of a joined file follow each other as they do in the video."""
        shifts = self._find_shifts()
        part, shift = 0, 0
        end: int | None = None
        back, gap = (round(seconds / self.source_clock) for seconds in (MIN_RESTART, MAX_GAP))
        for packet in self.input.demux(self.source):
            if packet.pts is not None:
                step = 0 if end is None else packet.pts + shift - end
                if step < -back or (self.may_restart and step > gap):
                    part += 1
                    shift = shifts[part] if part < len(shifts) else shift - step
                packet.pts += shift
                end = packet.pts + (packet.duration or 0)
            yield packet

    def _find_shifts(self) -> list[int]:
        """By how many ticks of the source's clock the video moves each part; [0] for a file of one part."""
        if not self.may_restart or not self.input.streams.video:
            return [0]
        with suppress(InputError):  # no video but a cover picture
            return [round(shift / self.source_clock) for shift in VideoFile(self.plan.path).part_shifts()]
        return [0]

    def _copy_packets(self) -> Iterator[Packet]:
        before: deque[Packet] = deque(maxlen=PREROLL)  # which the edit list hides
        for packet in self._demux():
            if packet.pts is None or not packet.size:
                continue
            ticks = self.source_clock / self.clock
            packet.pts = packet.dts = round(packet.pts * ticks) - self.offset
            packet.duration = round((packet.duration or 0) * ticks)
            packet.time_base = self.clock
            if packet.pts + (packet.duration or 0) <= 0:
                before.append(packet)
                continue
            if self.spec.edit_list or packet.pts >= 0:
                yield from before if self.spec.edit_list else ()
                yield packet
            before.clear()

    def _encode_packets(self) -> Iterator[Packet]:
        self.output.codec_context.open(strict=False)
        graph = self._build_graph()
        for frame in self._convert(self._decode_frames()):
            graph.push(frame)
            yield from self._encode_from(graph)
        graph.push(None)
        yield from self._encode_from(graph)
        yield from self.output.encode(None)

    def _decode_frames(self) -> Iterator[AudioFrame]:
        """The decoded sound, pts in samples from the first video frame."""
        end = 0
        for packet in self._demux():
            try:
                frames = packet.decode()
            except InvalidDataError:  # a single bad packet becomes a moment of silence
                self.dropped += 1
                continue
            for frame in frames:
                begin = None if frame.pts is None else frame.pts * self.source_clock - self.plan.start
                frame.pts = end if begin is None else round(begin * frame.sample_rate)
                frame.time_base = Fraction(1, frame.sample_rate)
                end = frame.pts + frame.samples
                yield frame

    def _convert(self, frames: Iterable[AudioFrame]) -> Iterator[AudioFrame]:
        """Frames in the encoder's sample format, rate and layout. The decoder decides what comes in, not the header.

        It may also change on the way, as at the end of an advertisement.
        """
        context = self.output.codec_context
        target = (context.format.name, context.layout.name, context.sample_rate)
        resampler, current = AudioResampler(*target), None
        for frame in frames:
            given = (frame.format.name, frame.layout.name, frame.sample_rate)
            if current not in (None, given):
                yield from _flush(resampler)
                resampler = AudioResampler(*target)
            current = given
            yield from resampler.resample(frame)
        yield from _flush(resampler)

    def _build_graph(self) -> Graph:
        """Filters that cut the sound at the first video frame, fill gaps and make frames of the encoder's size."""
        context = self.output.codec_context
        rate = context.sample_rate
        graph = Graph()
        chain = [
            graph.add_abuffer(
                sample_rate=rate, format=context.format.name, layout=context.layout.name, time_base=Fraction(1, rate)
            ),
            graph.add("atrim", "start_pts=0"),
            graph.add("aresample", f"{rate}:async=1:min_hard_comp={MAX_JITTER}:first_pts=0"),
            graph.add("aformat", f"sample_fmts={context.format.name}"),
            graph.add("asetnsamples", f"n={context.frame_size or 1024}:p=0"),
            graph.add("abuffersink"),
        ]
        graph.link_nodes(*chain).configure()
        return graph

    def _encode_from(self, graph: Graph) -> Iterator[Packet]:
        while True:
            try:
                frame = graph.pull()
            except (MoreInputNeeded, EndOfStream):
                return
            yield from self.output.encode(cast(AudioFrame, frame))


def _flush(resampler: AudioResampler) -> list[AudioFrame]:
    """The samples that are still inside; a resampler that has nothing to do returns None for them."""
    return [frame for frame in resampler.resample(None) if frame is not None]
