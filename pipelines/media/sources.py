"""One door to every driving input: a video, an animated picture or a folder of pictures, as timed RGB frames."""

from fractions import Fraction
from pathlib import Path

from models.errors import InputError
from pipelines.media.files import check_readable
from pipelines.media.folders import AnimatedPicture, PictureFolder
from pipelines.media.reader import VideoFile
from pipelines.media.stream import Frame, FrameSelection, FrameSource, SourceInfo

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
    """Opens a video, GIF, animated WebP or PNG, single picture, or folder of pictures.

    start, end: seconds from the first frame. fps: constant rate to resample to by time stamp; for a folder, the
    rate it is shown at (25 if None). every: 10 gives each tenth frame; `max_frames` counts those. Raises InputError,
    one line, for whatever can't be used.
    """
    path = Path(path)
    rate = _seconds(fps, "fps")
    selection = FrameSelection(
        start=_seconds(start, "start"), end=_seconds(end, "end"), max_frames=max_frames, fps=rate, every=every
    )
    check_readable(path)
    if path.is_dir():
        return FrameSource(path, PictureFolder(path, rate=selection.fps), selection)
    backend = AnimatedPicture.open(path) or VideoFile(path)
    return FrameSource(path, backend, selection)


def _seconds(value: Fraction | float | str | None, name: str) -> Fraction | None:
    try:
        return None if value is None else Fraction(str(value)) if isinstance(value, float) else Fraction(value)
    except (ValueError, ZeroDivisionError, OverflowError):
        raise InputError(f"{name} {value!r} is not a number: give one like 2.5 or 30000/1001") from None
