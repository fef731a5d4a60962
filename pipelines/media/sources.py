"""Opens every kind of driving input: a video, an animated picture, a single picture or a folder of pictures.

In: a path and the part to read. Out: a `FrameSource` of frames uint8 RGB [H, W, 3] with time stamps. Called by the
chains, `gfla check`, the evaluation and the batch.
"""

from fractions import Fraction
from pathlib import Path

from models.errors import InputError
from pipelines.media.files import check_readable
from pipelines.media.folders import AnimatedPicture, PictureFolder
from pipelines.media.frames import Frame, FrameSelection, SourceInfo
from pipelines.media.reader import VideoFile
from pipelines.media.stream import FrameSource

__all__ = ["Frame", "FrameSource", "SourceInfo", "open_video"]


def open_video(
    path: str | Path,
    *,
    start: Fraction | float | str | None = None,
    end: Fraction | float | str | None = None,
    max_frames: int | None = None,
    fps: Fraction | float | str | None = None,
    every: int = 1,
) -> FrameSource:
    """Open a video, GIF, animated WebP or PNG, single picture, or folder of pictures.

    Args:
        path: the file or folder.
        start, end: the part to read, in seconds from the first frame; None for the beginning and the end.
        max_frames: read at most this many frames.
        fps: constant rate in frames per second to which frames are resampled by time stamp; None keeps the time
            stamps. For a folder or a video without time stamps, such as a raw H.264 stream, the rate at
            which it is shown; a folder's is 25 by default.
        every: read every n-th frame only; `max_frames` counts these.

    Raises:
        InputError: the path can't be read, has no frame in this part, or a value is out of range.
    """
    path = Path(path)
    rate = _to_fraction(fps, "fps")
    selection = FrameSelection(
        start=_to_fraction(start, "start"), end=_to_fraction(end, "end"), max_frames=max_frames, fps=rate, every=every
    )
    check_readable(path)
    if path.is_dir():
        return FrameSource(path, PictureFolder(path, rate=selection.fps), selection)
    backend = AnimatedPicture.open(path) or VideoFile(path, rate=selection.fps)
    return FrameSource(path, backend, selection)


def _to_fraction(value: Fraction | float | str | None, name: str) -> Fraction | None:
    """An exact number; `name` is what the message calls it."""
    try:
        return None if value is None else Fraction(str(value)) if isinstance(value, float) else Fraction(value)
    except (ValueError, ZeroDivisionError, OverflowError):
        raise InputError(f"{name} {value!r} is not a number: use one like 2.5 or 30000/1001") from None
