"""What each output suffix means: container, encoders, quality range, and the sound it carries without re-encoding."""

from dataclasses import dataclass
from pathlib import Path

import av
import cv2

from models.errors import BackendUnavailable, InputError


@dataclass(frozen=True)
class VideoCodec:
    """An encoder with its default constant quality (0 = best, `worst` = smallest file) and private options."""

    encoder: str
    crf: int
    worst: int
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Container:
    """A muxer: codecs by public name (first = default), sound codecs copied as they are, and the one to convert to.

    edit_list: packets may begin before time 0 and the player skips the rest, so that sound is cut to the sample.
    """

    muxer: str
    codecs: dict[str, VideoCodec]
    copied: frozenset[str]
    sound: str
    sample_rates: tuple[int, ...]
    edit_list: bool
    options: tuple[tuple[str, str], ...] = ()


# With AVX-512 x264 reads memory that nobody has written, so that the same pictures give other bytes each time.
AVX2 = 11  # CV_CPU_AVX2
STEADY = (("x264-params", "asm=AVX2"),) if cv2.checkHardwareSupport(AVX2) else ()
H264 = VideoCodec("libx264", crf=18, worst=51, options=(("preset", "medium"), *STEADY))
HEVC = VideoCodec("libx265", crf=20, worst=51, options=(("preset", "medium"), ("x265-params", "log-level=error")))
VP9 = VideoCodec("libvpx-vp9", crf=28, worst=63, options=(("deadline", "good"), ("cpu-used", "4"), ("row-mt", "1")))
AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)
FAST_START = (("movflags", "+faststart"),)
MP4 = Container(
    muxer="mp4",
    codecs={"h264": H264, "hevc": HEVC},
    copied=frozenset(("aac", "mp3", "ac3", "eac3", "opus", "alac")),
    sound="aac",
    sample_rates=AAC_RATES,
    edit_list=True,
    options=FAST_START,
)
MOV = Container(
    muxer="mov",
    codecs={"h264": H264, "hevc": HEVC},
    copied=frozenset(("aac", "mp3", "ac3", "eac3", "alac", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be")),
    sound="aac",
    sample_rates=AAC_RATES,
    edit_list=True,
    options=FAST_START,
)
WEBM = Container(
    muxer="webm",
    codecs={"vp9": VP9},
    copied=frozenset(("opus", "vorbis")),
    sound="libopus",
    sample_rates=(48000,),
    edit_list=False,
    options=(("fflags", "+bitexact"),),  # no random identifiers
)
CONTAINERS = {".mp4": MP4, ".m4v": MP4, ".mov": MOV, ".webm": WEBM}


def output_kind(path: Path) -> str:
    """`video`, `gif`, `pattern` (a %05d.png name) or `folder`. Raises InputError for any other suffix."""
    suffix = path.suffix.lower()
    if path.is_dir():
        return "folder"
    if suffix in CONTAINERS:
        return "video"
    if suffix == ".gif":
        return "gif"
    if suffix == ".png" and "%" in path.name:
        return "pattern"
    if not suffix:
        return "folder"
    raise InputError(f"output {path}: unknown type {suffix}; use .mp4, .mov, .webm, .gif, a folder, or %05d.png")


def choose_codec(container: Container, *, codec: str | None, crf: int | None) -> tuple[str, dict[str, str]]:
    """Encoder name and its options. Raises InputError for what the container can't hold, BackendUnavailable."""
    name = codec or next(iter(container.codecs))
    if name not in container.codecs:
        raise InputError(f"codec {name!r} does not go into {container.muxer}: use {', '.join(container.codecs)}")
    chosen = container.codecs[name]
    if crf is not None and not 0 <= crf <= chosen.worst:
        raise InputError(f"crf {crf} is out of range for {name}: give 0 (best) to {chosen.worst} (smallest)")
    if chosen.encoder not in av.codecs_available:
        raise BackendUnavailable(f"this PyAV has no {chosen.encoder} encoder: choose another --codec or suffix")
    constant = {"b": "0"} if chosen is VP9 else {}
    return chosen.encoder, {"crf": str(chosen.crf if crf is None else crf), **constant, **dict(chosen.options)}
