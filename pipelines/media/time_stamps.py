"""Repairs of the time stamps of a video: where they start again, are missing, or do not rise.

Used by `pipelines.media.reader`. Whatever is changed is counted in `ReadStats`, which tells the user. Time stamps are
integers in units of the stream's time base; pts say when a frame is shown, dts when its packet is decoded.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, pairwise

from av.packet import Packet
from av.video.frame import VideoFrame

from pipelines.media.frames import ReadStats


def repair_times(
    frames: Iterable[VideoFrame], stats: ReadStats, *, first: int, step: int, max_gap: int | None = None
) -> Iterator[tuple[int, VideoFrame]]:
    """Give every frame a pts after that of the one before; no frame is left out. Reads one frame ahead.

    Where time starts again and goes on from there, as in recordings that were joined by appending their files, the rest
    follows what came before. A single frame without a usable pts gets its dts, or the next pts at the nominal rate.

    Args:
        frames: in display order.
        first: pts of a first frame that has none.
        step: frame interval at the nominal rate.
        max_gap: a larger step forward is taken for a restart, too; None for formats whose gaps are meant.
    """
    previous: int | None = None
    offset = 0  # between the time stamps of the file and those that are returned
    for frame, following in pairwise(chain(frames, (None,))):
        assert frame is not None
        pts, dts, after = (_shift(time, offset) for time in (frame.pts, frame.dts, following and following.pts))
        if previous is None:
            time = next((each for each in (pts, dts) if each is not None), first)
            stats.retimed += pts is None
        elif pts is not None and _is_restart(previous, pts, after, max_gap):
            time = previous + step
            offset += time - pts
            stats.restarts += 1
        elif pts is not None and _follows(previous, pts, max_gap):
            time = pts
        else:
            time = _choose_time(previous, dts, after, step, max_gap)
            stats.retimed += 1
        previous = time
        yield time, frame


def has_restarts(packets: Iterable[Packet], *, max_gap: int) -> bool:
    """Whether the time stamps of a stream's packets go back, or forward by more than `max_gap`."""
    times = (packet.dts for packet in packets if packet.dts is not None)
    return any(not 0 <= after - before <= max_gap for before, after in pairwise(times))


def part_shifts(packets: Iterable[Packet], *, step: int, max_gap: int) -> list[int]:
    """By how much `repair_times` moves each part of a joined file, in their order; [0] for a file of one part.

    Args:
        packets: of a video stream.
        step, max_gap: as of `repair_times`.
    """
    parts: list[tuple[int, int]] = []  # first and last pts
    previous: int | None = None
    for packet in packets:
        if packet.pts is None or packet.dts is None:
            continue
        if previous is None or not 0 <= packet.dts - previous <= max_gap:
            parts.append((packet.pts, packet.pts))
        parts[-1] = min(parts[-1][0], packet.pts), max(parts[-1][1], packet.pts)
        previous = packet.dts
    shifts = [0]
    for (_, last), (first, _) in pairwise(parts):
        shifts.append(shifts[-1] + last + step - first)
    return shifts


def _choose_time(previous: int, dts: int | None, after: int | None, step: int, max_gap: int | None) -> int:
    """The time of a frame without a usable pts, between the times of the frames around it if they allow it."""
    limit = after if after is not None and after > previous + 1 else None
    rises = dts is not None and dts >= previous + step // 2 and _follows(previous, dts, max_gap)
    if dts is not None and rises and (limit is None or dts < limit):
        return dts
    return previous + (step if limit is None else min(step, (limit - previous) // 2))


def _follows(previous: int, time: int, max_gap: int | None) -> bool:
    return time > previous and (max_gap is None or time - previous <= max_gap)


def _is_restart(previous: int, time: int, after: int | None, max_gap: int | None) -> bool:
    """Whether time continues at `time` instead of after `previous`: the frame after it, at `after`, tells."""
    if after is None or after <= time:
        return False
    if time <= previous:
        return after <= previous
    return max_gap is not None and time - previous > max_gap


def _shift(time: int | None, offset: int) -> int | None:
    return None if time is None else time + offset
