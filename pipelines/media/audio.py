"""Which sound an output video gets, decided before the work: that of the driving video, of another file, or none.

`plan_audio` is called by the chains; `pipelines.media.audio_track` writes the sound. Times are `Fraction` seconds.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition

from models.errors import InputError
from pipelines.media.containers import open_media
from pipelines.media.files import check_readable
from pipelines.media.formats import MEDIA_ERRORS, output_kind
from pipelines.media.stream import FrameSource


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
        choice: `driving`, `none` or a file with sound, which begins with the first frame.
        source: the driving video; None for a pose track, which has no sound.
        output: the output file; only videos can have sound.

    Returns:
        The sound, None for a silent output, and one-line notes for the user.

    Raises:
        InputError: the file with sound can't be read, or has none.
    """
    if choice == "none":
        return None, []
    if choice != "driving":
        return _plan_file(Path(choice), output)
    if source is None or source.info.kind != "video":
        return None, []
    with open_media(source.path) as container:
        tracks, track = container.streams.audio, choose_track(container)
        if not tracks:
            return None, []
        if track is None:
            return None, [f"{source.path.name}: its sound can't be decoded, so the output is silent; try --audio FILE"]
        return _plan_track(AudioPlan(source.path, source.info.start), track, len(tracks), output)


def _plan_file(path: Path, output: Path) -> tuple[AudioPlan | None, list[str]]:
    check_readable(path)
    try:
        with open_media(path) as container:
            track = choose_track(container)
            if track is None:
                raise InputError(f"{path} has no sound: use a file with sound, `driving` or `none`")
            plan = AudioPlan(path, Fraction(container.start_time or 0, av.time_base))
            return _plan_track(plan, track, len(container.streams.audio), output)
    except MEDIA_ERRORS:
        raise InputError(f"{path} can't be read as sound: use a file with sound, `driving` or `none`") from None


def _plan_track(plan: AudioPlan, track: AudioStream, count: int, output: Path) -> tuple[AudioPlan | None, list[str]]:
    """The plan with a note if there are several tracks; no sound, and a note, for outputs that can't contain it."""
    if output_kind(output) not in ("video", "stream"):
        return None, [f"{output.name} can't contain sound: use .mp4, .mov or .webm to keep it"]
    if count == 1:
        return plan, []
    number = 1 + [stream.index for stream in track.container.streams.audio].index(track.index)
    language = f" ({track.language})" if track.language else ""
    defaults = [stream for stream in track.container.streams.audio if stream.disposition & Disposition.default]
    reason = "because the default one can't be decoded" if defaults else "because none is the default"
    default = "the default one" if track.disposition & Disposition.default else reason
    return plan, [
        f"{plan.path.name} has {count} sound tracks: number {number}{language} is used, {default}; "
        "for another one save it to a file and pass that with --audio"
    ]


def choose_track(container: InputContainer) -> AudioStream | None:
    """The default sound track, or the first one, of those with a decoder and a sample rate; None if there is none."""
    usable = [
        stream
        for stream in container.streams.audio
        if stream.codec_context is not None and stream.codec_context.sample_rate
    ]
    return next((stream for stream in usable if stream.disposition & Disposition.default), next(iter(usable), None))
