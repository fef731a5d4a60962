"""The sound of an output video: copied if the container supports its codec, otherwise re-encoded.

`plan_audio` decides before the work which sound is used; `VideoEncoder` feeds an `AudioTrack` while the video grows.
Times are `Fraction` seconds, pts integers in units of the sound stream's time base.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import cast

from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import BlockingIOError as MoreInputNeeded
from av.error import EOFError as EndOfStream
from av.error import FFmpegError, InvalidDataError
from av.filter import Graph
from av.packet import Packet

from models.errors import InputError
from pipelines.media.containers import open_media, to_fraction
from pipelines.media.files import check_readable
from pipelines.media.formats import MEDIA_ERRORS, Container, output_kind
from pipelines.media.stream import FrameSource

SEEK_MARGIN = 2  # seconds before the first video frame at which reading begins
BIT_RATE = 160_000  # bits per second of re-encoded sound


@dataclass(frozen=True)
class AudioPlan:
    """The sound of an output video."""

    path: Path
    """The file with the sound."""

    start: Fraction = Fraction(0)
    """Time in the file at which the first video frame is shown, in seconds on the file's own clock."""


def plan_audio(choice: str | Path, source: FrameSource | None, output: Path) -> tuple[AudioPlan | None, list[str]]:
    """Choose the sound of an output.

    Args:
        choice: `driving`, `none` or a file with sound.
        source: the driving video; None for a pose track, which has no sound.
        output: the output file; only videos can have sound.

    Returns:
        The sound, None for a silent output, and one-line notes for the user.

    Raises:
        InputError: the file with sound can't be read, or has none.
    """
    source = source if choice == "driving" and source and source.info.has_audio else None
    if choice == "none" or (choice == "driving" and source is None):
        return None, []
    if output_kind(output) != "video":
        return None, [f"{output.name} can't contain sound: use .mp4, .mov or .webm to keep it"]
    if source is not None:
        return AudioPlan(source.path, source.info.start), []
    path = Path(choice)
    check_readable(path)
    try:
        with open_media(path) as container:
            stream = find_audio_stream(container)
            start = (stream.start_time or 0) * (to_fraction(stream.time_base) or Fraction(0)) if stream else Fraction(0)
    except MEDIA_ERRORS:
        raise InputError(f"{path} can't be read as sound: use a file with sound, `driving` or `none`") from None
    if stream is None:
        raise InputError(f"{path} has no sound: use a file with sound, `driving` or `none`")
    return AudioPlan(path, start), []


def find_audio_stream(container: InputContainer) -> AudioStream | None:
    """The first audio stream with a decoder and a sample rate; None if there is none."""
    for stream in container.streams.audio:
        if stream.codec_context is not None and stream.codec_context.sample_rate:
            return stream
    return None


@dataclass
class AudioTrack:
    """The sound stream of an output: call `feed` while the video grows and `finish` at its end.

    If the sound is damaged, it ends early with a note; the video continues.
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
        stream = find_audio_stream(self.input)
        clock = to_fraction(stream.time_base) if stream else None
        if stream is None or clock is None:
            raise ValueError("no usable audio stream")
        if len(self.input.streams.audio) > 1:
            self.notes.append(f"{self.plan.path.name} has several sound tracks: the first is used")
        self.source: AudioStream = stream
        self.clock = clock
        self.copy = self.copy and stream.codec_context.codec.canonical_name in self.spec.copied_audio
        self.output = self._add_copied_stream() if self.copy else self._add_encoded_stream()
        self.offset = round(self.plan.start / self.clock)
        self.last_dts: int | None = None
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
            left = floor((end - self._start(packet)) / packet.time_base)
            if packet.duration and packet.duration > left > 0:
                packet.duration = left
            self._mux(packet)

    def _start(self, packet: Packet) -> Fraction:
        return (packet.pts or 0) * packet.time_base

    def _length(self, packet: Packet) -> Fraction:
        return (packet.duration or 0) * packet.time_base

    def _mux(self, packet: Packet) -> None:
        if packet.dts is None or (self.last_dts is not None and packet.dts <= self.last_dts):
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
        try:
            self._seek()
            yield from self._copy_packets() if self.copy else self._encode_packets()
        except MEDIA_ERRORS as error:
            self.notes.append(f"{self.plan.path.name}: the sound is damaged and ends early ({type(error).__name__})")

    def _seek(self) -> None:
        target = self.offset - round(SEEK_MARGIN / self.clock)
        if target > (self.source.start_time or 0):
            try:
                self.input.seek(target, stream=self.source)
            except FFmpegError:  # the file is not seekable: read it from the beginning
                return

    def _copy_packets(self) -> Iterator[Packet]:
        before: Packet | None = None  # decoders need the packet before the first; the edit list hides it
        for packet in self.input.demux(self.source):
            if packet.pts is None or not packet.size:
                continue
            packet.pts -= self.offset
            packet.dts = packet.pts
            if packet.pts + (packet.duration or 0) <= 0:
                before = packet
                continue
            if self.spec.edit_list or packet.pts >= 0:
                if before is not None and self.spec.edit_list:
                    yield before
                yield packet
            before = None

    def _encode_packets(self) -> Iterator[Packet]:
        graph = self._build_graph()
        for frame in self._decode_frames():
            graph.push(frame)
            yield from self._encode_from(graph)
        graph.push(None)
        yield from self._encode_from(graph)
        yield from self.output.encode(None)

    def _decode_frames(self) -> Iterator[AudioFrame]:
        for packet in self.input.demux(self.source):
            try:
                frames = packet.decode()
            except InvalidDataError:  # a single bad packet becomes a moment of silence
                continue
            yield from (frame for frame in frames if frame.pts is not None)

    def _build_graph(self) -> Graph:
        """Filters that cut the sound at the first video frame and convert it to the encoder's format and frame size."""
        context = self.output.codec_context
        context.open(strict=False)
        graph = Graph()
        chain = [
            graph.add_abuffer(template=self.source),
            graph.add("atrim", start_pts=str(self.offset)),
            graph.add("asetpts", f"PTS-{self.offset}"),
            graph.add("aresample", f"{context.sample_rate}:async=1:first_pts=0"),
            graph.add(
                "aformat",
                f"sample_fmts={context.format.name}:sample_rates={context.sample_rate}"
                f":channel_layouts={context.layout.name}",
            ),
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
