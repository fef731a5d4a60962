"""Encoding with PyAV: H.264, HEVC, VP9 and ProRes in a container with sound, and GIF with one palette for the clip.

In: frames uint8 RGB [H, W, 3], or RGBA [H, W, 4] for codecs with an alpha channel, with pts and durations in units of
the output's time base. Called by `pipelines.media.writer`, which checks the frames.
"""

from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.container import OutputContainer
from av.filter import Graph
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, VideoReformatter

from models.errors import ProcessingError
from pipelines.media.audio import AudioPlan
from pipelines.media.audio_track import AudioTrack
from pipelines.media.containers import create_media
from pipelines.media.formats import MEDIA_ERRORS, SMALLER, ChosenCodec, Container, describe_excess, describe_media_error
from pipelines.media.timing import round_half_up
from pipelines.runtime.cores import count_cores

GIF_TIME_BASE = Fraction(1, 100)  # seconds
MIN_GIF_DURATION = 2  # in units of that: players slow down anything shorter
PALETTE_FRAMES = 24  # frames from which the palette is made
X264 = "libx264"
MIN_FRAME_THREADS = 4  # from which on threads encode several frames at once
MAX_FRAME_THREADS = 8  # more than that wait for the thread that decides on the kinds of frames


class VideoEncoder:
    """A file with one video stream, YUV tagged as BT.709 limited range, and one sound stream if there is a plan.

    Args:
        path: the file, which is overwritten, or an open descriptor.
        container: its format.
        codec: from `choose_codec`.
        size: width, height of the frames; odd sizes are padded by one.
        time_base: of the frames' pts and durations, in seconds.
        rate: nominal frames per second.
        audio: the sound; if it can be neither copied nor re-encoded, the output is silent and has a note.
        threads: of the encoder; None for what suits the machine, see `choose_threads`.
        metadata: of the container.

    Raises:
        ProcessingError: the frames can't be encoded, or the disk is full.
    """

    def __init__(
        self,
        path: Path | int,
        container: Container,
        codec: ChosenCodec,
        *,
        size: tuple[int, int],
        time_base: Fraction,
        rate: Fraction,
        audio: AudioPlan | None,
        threads: int | None = None,
        metadata: dict[str, str] | None = None,
    ):
        self.metadata = metadata
        self.notes: list[str] = [excess] if (excess := describe_excess(*size)) else []
        if (even := tuple(side + side % 2 for side in size)) != size:
            self.notes.append(f"{size[0]}x{size[1]} is written as {even[0]}x{even[1]}: video needs even sides")
        self.time_base = time_base
        self.threads = threads or choose_threads(codec.encoder, count_cores())
        self.scaler = VideoReformatter()
        self.codec = codec
        self.end = 0
        self.track: AudioTrack | None = None
        self.durations: dict[int | None, int | None] = {}  # pts -> duration of the frames inside the encoder
        self.first_dts: int | None = None
        self.last_packet: av.Packet | None = None
        for copy in (True, False, None) if audio else (None,):  # copied, re-encoded or no sound
            try:
                self._open(path, container, codec, size, rate, audio if copy is not None else None, bool(copy))
                return
            except (*MEDIA_ERRORS, OSError) as error:
                self.abort()
                reason = describe_media_error(error)
                if copy is None:
                    problem = f"can't encode {size[0]}x{size[1]} with {codec.encoder} ({reason})"
                    raise ProcessingError(f"{problem}: {SMALLER}") from error
                if copy is False and audio:
                    self.notes.append(f"{audio.path.name}: the sound can't be used, the output is silent ({reason})")

    def _open(self, path, spec, codec, size, rate, audio, copy) -> None:
        self.track = None
        self.container: OutputContainer = create_media(path, spec.muxer, dict(spec.options), self.metadata)
        self.stream = self.container.add_stream(
            codec.encoder, rate=rate, options=codec.options, time_base=self.time_base
        )
        self.size = tuple(side + side % 2 for side in size)
        self._configure(self.stream.codec_context)
        if audio is not None:
            self.track = AudioTrack(audio, self.container, spec, copy=copy)
        self.container.start_encoding()

    def _configure(self, context: VideoCodecContext) -> None:
        if self.codec.tag:
            context.codec_tag = self.codec.tag
        context.width, context.height = self.size
        context.pix_fmt = self.codec.pixel_format
        context.thread_count = self.threads
        if self.codec.encoder == X264 and self.threads >= MIN_FRAME_THREADS:
            context.thread_type = "FRAME"  # several frames at once, instead of slices of one, which also predict worse
        context.colorspace, context.color_range = 1, ColorRange.MPEG  # AVCOL_SPC_BT709
        context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709

    def make_context(self) -> VideoCodecContext:
        """Another encoder like that of this file, whose packets fit into it; see `mux`."""
        own = self.stream.codec_context
        context = cast(VideoCodecContext, av.CodecContext.create(self.codec.encoder, "w"))
        context.options = self.codec.options
        context.framerate, context.time_base = own.framerate, self.time_base
        context.bit_rate, context.bit_rate_tolerance = own.bit_rate or 0, own.bit_rate_tolerance or 0
        context.flags = own.flags
        self._configure(context)
        return context

    def add(self, image: np.ndarray, pts: int, duration: int) -> None:
        """Encode a frame uint8 RGB [H, W, 3], or RGBA [H, W, 4], that is shown at `pts` for `duration`."""
        self.durations[pts] = duration
        self.mux(self.stream.encode(self.convert(image, pts)), pts + duration)

    def convert(self, image: np.ndarray, pts: int) -> VideoFrame:
        """A frame uint8 RGB [H, W, 3], or RGBA [H, W, 4], as the encoder reads it."""
        frame = self.scaler.reformat(
            VideoFrame.from_numpy_buffer(pad_to_even(image), format="rgba" if image.shape[2] == 4 else "rgb24"),
            format=self.codec.pixel_format,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation="BICUBIC",
            threads=1,  # with more, the scaler of FFmpeg 8 damages the first pixels of a part with 10 bits
        )
        frame.color_primaries, frame.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        frame.pts, frame.time_base = pts, self.time_base
        return frame

    def mux(self, packets: list[av.Packet], end: int) -> None:
        """Write packets of the video, and the sound up to `end`, when the video ends so far."""
        self.end = end
        self._mux(packets)
        if self.track is not None:
            self.track.feed(self.end * self.time_base)

    def finish(self) -> None:
        """Write what is still inside the encoder and the rest of the sound, and close the file."""
        self._mux(self.stream.encode(None))
        self._mux_last()
        if self.track is not None:
            self.track.finish(self.end * self.time_base)
            self.notes += self.track.notes
            self.track.close()
        self.container.close()

    def _mux(self, packets: list[av.Packet]) -> None:
        for packet in packets:  # encoders give every packet the nominal duration
            packet.duration = self.durations.pop(packet.pts, packet.duration)
            self.first_dts = packet.dts if self.first_dts is None else self.first_dts
            if self.last_packet is not None:
                self.container.mux(self.last_packet)
            self.last_packet = packet

    def _mux_last(self) -> None:
        """Mux the last packet; it lasts to the end of the video, because readers of MOV add up the durations."""
        last = self.last_packet
        if last is not None and last.pts is not None and last.dts is not None and self.first_dts is not None:
            last.duration = max(1, min(self.end - (last.dts - self.first_dts), self.end - last.pts))
            self.container.mux(last)

    def abort(self) -> None:
        """Close an incomplete file without an error."""
        with suppress(*MEDIA_ERRORS, OSError):  # the caller deletes the file
            if self.track is not None:
                self.track.close()
            self.container.close()


class GifEncoder:
    """A GIF that loops forever; its palette is made from the first PALETTE_FRAMES frames, to bound the memory.

    Args:
        path: the file, which is overwritten.
        width, height: of the frames.
        time_base: of the frames' pts and durations, in seconds; GIF rounds them to hundredths of a second.
    """

    def __init__(self, path: Path, *, width: int, height: int, time_base: Fraction):
        self.notes: list[str] = []
        self.time_base = time_base
        self.size = (width, height)
        self.waiting: list[tuple[VideoFrame, int, int]] = []
        self.graph: Graph | None = None
        self.container: OutputContainer = create_media(path, "gif")
        self.stream = self.container.add_stream("gif", rate=100, time_base=GIF_TIME_BASE)
        context = self.stream.codec_context
        context.width, context.height, context.pix_fmt = width, height, "pal8"
        self.last = -MIN_GIF_DURATION
        self.dropped = 0

    def add(self, image: np.ndarray, pts: int, duration: int) -> None:
        """Add a frame uint8 RGB [H, W, 3]; one that follows the last within MIN_GIF_DURATION is dropped."""
        begin = round_half_up(pts * self.time_base / GIF_TIME_BASE)
        if begin < self.last + MIN_GIF_DURATION:
            self.dropped += 1
            return
        self.last = begin
        end = round_half_up((pts + duration) * self.time_base / GIF_TIME_BASE)
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24").reformat(format="bgra")
        self.waiting.append((frame, begin, max(end - begin, MIN_GIF_DURATION)))
        if self.graph is not None or len(self.waiting) == PALETTE_FRAMES:
            self._drain()

    def finish(self) -> None:
        """Write the remaining frames and close the file."""
        self._drain()
        self.container.mux(self.stream.encode(None))
        self.container.close()
        if self.dropped:
            self.notes.append(f"a GIF shows at most 50 frames per second: {self.dropped} frame(s) were left out")

    def abort(self) -> None:
        """Close an incomplete file without an error."""
        with suppress(*MEDIA_ERRORS, OSError):  # the caller deletes the file
            self.container.close()

    def _drain(self) -> None:
        """Encode the waiting frames; the first time, their palette is made first."""
        if self.graph is None:
            self.graph = self._build_mapper(self._make_palette())
        for frame, begin, duration in self.waiting:
            frame.pts, frame.time_base = begin, GIF_TIME_BASE
            self.graph.push(frame, at=0)
            mapped = self.graph.vpull()
            mapped.pts, mapped.time_base = begin, GIF_TIME_BASE
            for packet in self.stream.encode(mapped):
                packet.duration = duration
                self.container.mux(packet)
        self.waiting.clear()

    def _add_source(self, graph: Graph):
        return graph.add_buffer(
            width=self.size[0], height=self.size[1], format=av.VideoFormat("bgra"), time_base=GIF_TIME_BASE
        )

    def _make_palette(self) -> VideoFrame:
        graph = Graph()
        graph.link_nodes(
            self._add_source(graph), graph.add("palettegen", "reserve_transparent=0"), graph.add("buffersink")
        ).configure()
        for frame, begin, _ in self.waiting:
            frame.pts, frame.time_base = begin, GIF_TIME_BASE
            graph.push(frame)
        graph.push(None)
        return graph.vpull()

    def _build_mapper(self, palette: VideoFrame) -> Graph:
        """The filters that turn RGB frames into frames of the palette."""
        graph = Graph()
        frames = self._add_source(graph)
        colours = graph.add_buffer(
            width=palette.width, height=palette.height, format=palette.format, time_base=GIF_TIME_BASE
        )
        use = graph.add("paletteuse", "dither=sierra2_4a:diff_mode=rectangle")
        frames.link_to(use, 0, 0)
        colours.link_to(use, 0, 1)
        use.link_to(graph.add("buffersink"))
        graph.configure()
        palette.pts, palette.time_base = 0, GIF_TIME_BASE
        graph.push(palette, at=1)
        graph.push(None, at=1)
        return graph


def choose_threads(encoder: str, cores: int) -> int:
    """Threads of an encoder on a machine with so many cores; 0 leaves it to FFmpeg.

    x264 gets half of the cores if these are MIN_FRAME_THREADS at least: FFmpeg would give it all of them.
    """
    threads = min(cores // 2, MAX_FRAME_THREADS)
    return threads if encoder == X264 and threads >= MIN_FRAME_THREADS else 0


def pad_to_even(image: np.ndarray) -> np.ndarray:
    """Repeat the last row and column of an image [H, W, C] if H or W is odd; the result is contiguous."""
    height, width = image.shape[:2]
    if height % 2 or width % 2:
        image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return np.ascontiguousarray(image)
