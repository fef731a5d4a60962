"""Videos that are encoded in segments, each on the disk before the next one begins, and joined at the end.

A run that was killed goes on behind its last segment, and its file has the same bytes as if nothing had happened.
Called by `pipelines.media.writer`. N packets of a segment.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.packet import PacketSideData, packet_sidedata_type_from_literal
from av.video.codeccontext import VideoCodecContext
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from pipelines.media.encoders import VideoEncoder
from pipelines.media.files import atomic_output, report_write_errors

ALPHA = "matroska_block_additional"  # where VP9 keeps it, beside the packet


@dataclass(frozen=True)
class Segments:
    """Where an output is kept until it is complete, and what an earlier run has left there."""

    folder: Path
    """Of this output alone, on its drive."""
    count: int = 0
    """Segments that are complete."""
    frames: int = 0
    """Frames in them."""
    finished: Callable[[dict[str, Path]], None] | None = None
    """Is told the complete files of the output by the names that they get next."""


class SegmentedVideo:
    """An encoder (`pipelines.media.writer.Encoder`) that keeps packets in files and muxes them when it finishes.

    Args:
        file: the open output, into which nothing is encoded directly.
        segments: earlier ones are part of the output.
    """

    def __init__(self, file: VideoEncoder, segments: Segments) -> None:
        self.file, self.folder, self.count = file, segments.folder, segments.count
        self.notes = file.notes
        self.context: VideoCodecContext | None = None
        self.packets: list[av.Packet] = []
        self.durations: dict[int, int] = {}

    def add(self, image: np.ndarray, pts: int, duration: int) -> None:
        """Encode a frame uint8 [H, W, 3 or 4]; pts count from the beginning of the output."""
        self.context = self.context or self.file.make_context()
        self.durations[pts] = duration
        self.packets += self.context.encode(self.file.convert(image, pts))

    def end_segment(self) -> Callable[[], None]:
        """Let the next frame begin another segment; returns what encodes the rest of this one and writes it."""
        assert self.context is not None
        complete = partial(_complete, self.context, self.packets, self.durations, self._path(self.count))
        self.context, self.packets, self.durations = None, [], {}
        self.count += 1
        return complete

    def finish(self) -> None:
        """Join all segments and close the file; the earlier ones must be complete."""
        if self.context is not None:
            self.end_segment()()
        times = _decoding_times([self._path(number) for number in range(self.count)])
        end = 0
        for number in range(self.count):
            for packet, duration in _unpack(load_file(self._path(number))):
                packet.dts, packet.time_base, packet.stream = next(times), self.file.time_base, self.file.stream
                assert packet.pts is not None
                self.file.durations[packet.pts] = duration
                end = max(end, packet.pts + duration)
                self.file.mux([packet], end)
        self.file.finish()

    def abort(self) -> None:
        """Release everything; the segments that are complete stay."""
        self.file.abort()

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:05d}.safetensors"


def _complete(context: VideoCodecContext, packets: list[av.Packet], durations: dict[int, int], path: Path) -> None:
    """Encode what is still inside the encoder, and write all packets of the segment; durations by pts."""
    packets += context.encode(None)
    with atomic_output(path, overwrite=True) as temporary, report_write_errors(path):
        save_file(_pack(packets, durations), temporary)


def _pack(packets: list[av.Packet], durations: dict[int, int]) -> dict[str, np.ndarray]:
    """The bytes of all packets and of their alpha, one after the other, with their lengths [N]; times [N] in units of
    the time base; and which are key frames [N]."""
    data, alpha = [bytes(packet) for packet in packets], [_alpha_of(packet) for packet in packets]
    return {
        "data": np.frombuffer(b"".join(data), np.uint8),
        "lengths": np.array([len(each) for each in data]),
        "alpha": np.frombuffer(b"".join(alpha), np.uint8),
        "alpha_lengths": np.array([len(each) for each in alpha]),
        "pts": np.array([packet.pts for packet in packets]),
        "dts": np.array([packet.dts for packet in packets]),
        "durations": np.array([durations[packet.pts or 0] for packet in packets]),
        "key_frames": np.array([packet.is_keyframe for packet in packets]),
    }


def _unpack(tensors: dict[str, np.ndarray]) -> Iterator[tuple[av.Packet, int]]:
    """The packets, without decoding times, and the duration of each."""
    data, alpha = (
        np.split(tensors[name], np.cumsum(tensors[lengths])[:-1])
        for name, lengths in (("data", "lengths"), ("alpha", "alpha_lengths"))
    )
    for number, content in enumerate(data):
        packet = av.Packet(content.tobytes())
        packet.pts, packet.is_keyframe = int(tensors["pts"][number]), bool(tensors["key_frames"][number])
        if len(alpha[number]):
            make: Any = PacketSideData  # whose arguments PyAV's stubs lack
            side_data = make(packet_sidedata_type_from_literal(ALPHA), len(alpha[number]))
            side_data.update(alpha[number].tobytes())
            packet.set_sidedata(side_data)
        yield packet, int(tensors["durations"][number])


def _decoding_times(segments: list[Path]) -> Iterator[int]:
    """When each packet of the joined video is decoded, in units of the time base.

    An encoder that reorders frames decodes every packet as many frames before it would without as its first packets are
    decoded before the first frame is shown. A segment would begin so while the one before is still being decoded.
    """
    pts = sorted(time for path in segments for time in _read(path, "pts"))
    first = _read(segments[0], "dts")
    lead = sum(time < pts[0] for time in first)
    yield from first[:lead]
    yield from pts[: len(pts) - lead]


def _read(path: Path, name: str) -> list[int]:
    """One tensor of a segment."""
    with safe_open(path, framework="numpy") as file:
        return file.get_tensor(name).tolist()


def _alpha_of(packet: av.Packet) -> bytes:
    return bytes(packet.get_sidedata(ALPHA)) if packet.has_sidedata(ALPHA) else b""
