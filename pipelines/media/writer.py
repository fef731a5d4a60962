"""Video outputs with exact time stamps: `open_output` for videos, GIFs and sequences of pictures.

In: frames uint8 RGB [H, W, 3], or RGBA [H, W, 4] of a transparent output, with pts and durations in units of a time
base, a `Fraction` of seconds. Called by `pipelines.generation.video_output` and view synthesis; `check_video_output`
refuses early what can't work.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np

from models.errors import InputError, ProcessingError
from pipelines.media.audio import AudioPlan
from pipelines.media.encoders import GifEncoder, VideoEncoder
from pipelines.media.files import atomic_output, check_output, report_write_errors, resolve_output, temporary_folder
from pipelines.media.formats import STREAMS, TRANSPARENT_OUTPUTS, choose_codec, choose_container, output_kind
from pipelines.media.segments import SegmentedVideo, Segments
from pipelines.media.sequences import PictureSequence, check_sequence
from pipelines.media.standard_output import RawEncoder, check_standard_output, reserve_standard_output
from pipelines.media.tags import Tags, complete_file, container_metadata, picture_metadata
from pipelines.option_groups import STANDARD


class Encoder(Protocol):
    """Writes one kind of output."""

    notes: list[str]
    """One-line notes for the user."""

    def add(self, image: np.ndarray, pts: int, duration: int) -> None:
        """Write a frame uint8 [H, W, 3 or 4]; pts start at 0 and increase."""

    def finish(self) -> None:
        """Complete the output; nothing is called afterwards."""

    def abort(self) -> None:
        """Release everything without completing the output; must not raise for an output that is broken."""


class Writer:
    """An open output; `path` is its name, `frames` the number of frames written so far.

    Args:
        path: the output.
        encoder: writes it.
        width, height: of all frames.
        duration: of frames without one, in units of the time base.
        transparent: whether they are RGBA.
        frames: that an earlier run has written; then pts count from the first of them.
    """

    def __init__(
        self,
        path: Path,
        encoder: Encoder,
        *,
        width: int,
        height: int,
        duration: int,
        transparent: bool = False,
        frames: int = 0,
    ):
        self.path = path
        self.frames = frames
        self._encoder = encoder
        self._shape = (height, width, 4 if transparent else 3)
        self._default = duration
        self._first, self._last = 0, -1

    @property
    def notes(self) -> list[str]:
        """One-line notes for the user."""
        return self._encoder.notes

    def write(self, image: np.ndarray, pts: int, duration: int | None = None) -> None:
        """Write a frame.

        Args:
            image: uint8 RGB [H, W, 3], or RGBA [H, W, 4] of a transparent output.
            pts: when it is shown, in units of the time base; must increase. The first one becomes time 0.
            duration: for how long, in the same units; None for one frame of the nominal rate.

        Raises:
            ValueError: wrong shape or type, or pts that don't increase.
            ProcessingError: the disk is full.
        """
        if image.shape != self._shape or image.dtype != np.uint8:
            raise ValueError(f"frame is {image.dtype} {image.shape}, but the output was opened for uint8 {self._shape}")
        if self.frames and pts <= self._last:
            raise ValueError(f"pts {pts} must be greater than the last one, {self._last}")
        self._first = self._first if self.frames else pts
        self._last = pts
        self.frames += 1
        with report_write_errors(self.path):
            self._encoder.add(image, pts - self._first, duration or self._default)

    def end_segment(self) -> Callable[[], None]:
        """End a segment of those of `open_output`; the next frame begins another one.

        Returns:
            What has everything so far on the disk when it returns, in any thread, before the block of the output ends.
        """
        assert isinstance(self._encoder, SegmentedVideo | PictureSequence)
        return self._encoder.end_segment()


def check_video_output(
    path: Path,
    *,
    codec: str | None = None,
    crf: int | None = None,
    stream: str | None = None,
    transparent: bool = False,
    overwrite: bool = False,
    inputs: Iterable[Path] = (),
) -> None:
    """Check before the work that `open_output` can write to `path`.

    Raises:
        InputError: the output exists (unless `overwrite`) or is an input, its folder is missing or not writable, its
            suffix is unknown, or codec, crf, `stream` or `transparent` don't fit it.
        BackendUnavailable: PyAV was built without the encoder.
    """
    if path == STANDARD:
        check_standard_output()
    elif stream is not None:
        raise InputError(f"--format {stream} is for standard output (-o -): the suffix of {path} says what it will be")
    else:
        check_output(path, overwrite=overwrite, inputs=inputs, may_be_folder=True)
    kind = output_kind(path)
    container = choose_container(path, stream, transparent=transparent)
    if kind == "stream" and container is None and stream != "rgb":
        raise InputError(f"--format {stream!r:.60} is none of {', '.join(STREAMS)} and rgb")
    if transparent and kind == "stream" and (container is None or not container.transparent):
        raise InputError(f"--format {stream} can't be transparent: use --format webm")
    if transparent and (kind == "gif" or (container and not container.transparent)):
        raise InputError(f"{path} can't be transparent: use {TRANSPARENT_OUTPUTS}")
    if container:
        choose_codec(container, codec=codec, crf=crf, transparent=transparent)
    elif codec is not None or crf is not None:
        what = f"--format {stream}" if kind == "stream" else path
        raise InputError(f"{what}: --codec and --crf apply to .mp4, .mov, .mkv and .webm only")
    if kind in ("folder", "pattern"):
        check_sequence(path, pattern=kind == "pattern", overwrite=overwrite, inputs=inputs)


def written_size(path: Path, size: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the frames that `open_output` writes to `path` if they are given in `size`."""
    width, height = size
    return (width + width % 2, height + height % 2) if choose_container(path) else size


@contextmanager
def open_output(
    path: str | Path,
    *,
    width: int,
    height: int,
    time_base: Fraction,
    rate: Fraction | None = None,
    codec: str | None = None,
    crf: int | None = None,
    stream: str | None = None,
    transparent: bool = False,
    audio: AudioPlan | None = None,
    threads: int | None = None,
    overwrite: bool = False,
    inputs: Iterable[Path] = (),
    segments: Segments | None = None,
    tags: Tags | None = None,
) -> Iterator[Writer]:
    """Open an output for frames; its suffix determines the format.

    .mp4 and .mov keep the time stamps exactly, .mkv and .webm round them to 1 ms, .gif to 1/100 s with at most 50
    frames per second; pictures have no time stamps. In YUV formats an odd height or width gains one repeated row or
    column. The output gets its name when the block ends without an exception; until then, or if the process is killed,
    its name is hidden.

    Args:
        path: a .mp4, .m4v, .mov, .mkv, .webm or .gif file, a folder, a pattern such as out/%05d.png, or - (stdout).
        width, height: of all frames, in pixels.
        time_base: unit of the frames' pts and durations, in seconds.
        rate: nominal frames per second, 25 by default.
        codec: h264, hevc, vp9, av1 or, of a transparent .mov, prores; the format's default if None.
        crf: quality, 0 is the best; the codec's default if None.
        stream: format of standard output: mp4 (in fragments), webm, or rgb without a container; mp4 if None, webm if
            it is transparent.
        transparent: the frames are RGBA with straight alpha; .mov becomes ProRes 4444, .webm VP9 with alpha.
        audio: the sound, from `plan_audio`; only videos can have sound.
        threads: of the encoder, by default what suits the cores; the bytes of a video depend on it.
        overwrite: replace an existing output.
        inputs: files that must not be overwritten.
        segments: encode in segments, which stay in their folder until the output is complete, and go on behind those
            that are there; not for a .gif.
        tags: metadata of the file, or of each picture.

    Raises:
        InputError: see `check_video_output`.
        BackendUnavailable: see `check_video_output`.
        ProcessingError: the disk is full, a frame can't be encoded, or no frame was written.
    """
    path = Path(path)
    options = {"codec": codec, "crf": crf, "transparent": transparent}
    check_video_output(path, **options, stream=stream, overwrite=overwrite, inputs=inputs)
    kind, container = output_kind(path), choose_container(path, stream, transparent=transparent)
    rate = rate or Fraction(25)
    duration = max(1, round(1 / rate / time_base))
    size = {"width": width, "height": height, "duration": duration, "transparent": transparent}
    done = segments.frames if segments else 0
    if kind in ("folder", "pattern"):
        place = path if kind == "folder" else path.parent / "frames"
        with nullcontext(segments.folder) if segments else temporary_folder(place) as temporary:
            settings = {"overwrite": overwrite, "count": done, "metadata": picture_metadata(tags, ".png")}
            finished = segments and segments.finished
            sequence = PictureSequence(path, temporary, pattern=kind == "pattern", finished=finished, **settings)
            with _finish_or_abort(Writer(path, sequence, **size, frames=done), sequence) as writer:
                yield writer
        return
    with _open_target(path, segments, overwrite=overwrite) as target:
        with report_write_errors(path):
            if container:
                chosen = choose_codec(container, **options)
                shape = {"size": (width, height), "time_base": time_base, "rate": rate}
                settings = {"threads": threads, "metadata": container_metadata(tags, container)}
                encoder = VideoEncoder(target, container, chosen, **shape, audio=audio, **settings)
                encoder = SegmentedVideo(encoder, segments) if segments else encoder
            elif isinstance(target, int):
                encoder = RawEncoder(target, (width, height), float(rate))
            else:
                encoder = GifEncoder(target, width=width, height=height, time_base=time_base)
        with _finish_or_abort(Writer(path, encoder, **size, frames=done), encoder) as writer:
            yield writer
        if isinstance(target, Path):
            with report_write_errors(path):
                complete_file(target, tags)
                if segments and segments.finished:
                    segments.finished({resolve_output(path).name: target})


def _open_target(path: Path, segments: Segments | None, *, overwrite: bool) -> AbstractContextManager[Path | int]:
    """The temporary file of an output, or the descriptor of standard output."""
    if path == STANDARD:
        return reserve_standard_output()
    return atomic_output(path, overwrite=overwrite, folder=segments and segments.folder)


@contextmanager
def _finish_or_abort(writer: Writer, encoder: Encoder) -> Iterator[Writer]:
    try:
        yield writer
        if not writer.frames:
            raise ProcessingError(f"{writer.path}: there was no frame to write")
        with report_write_errors(writer.path):
            encoder.finish()
    except BaseException:
        encoder.abort()
        raise
