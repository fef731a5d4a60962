"""Output formats by file suffix: container, encoders, range of qualities, and sound that needs no re-encoding.

Used by `pipelines.media.writer`, `encoders` and `audio`.
"""

import os
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import cv2
from av.codec.context import CodecContext
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext

from models.errors import BackendUnavailable, InputError
from pipelines.option_groups import STANDARD


@dataclass(frozen=True)
class VideoCodec:
    """A video encoder of FFmpeg."""

    encoder: str
    """FFmpeg's name."""

    crf: int | None = None
    """Default quality (constant rate factor): 0 is the best, `max_crf` the smallest file; None if it has no such
    setting."""

    max_crf: int = 0
    """Highest possible crf."""

    options: tuple[tuple[str, str], ...] = ()
    """Options of the encoder, as (name, value)."""

    tag: str | None = None
    """Four characters that name the codec in MP4 and MOV, where FFmpeg's own are refused by some players."""

    pixel_format: str = "yuv420p"
    """FFmpeg's name of the pixels that are stored."""

    quality: str = "crf"
    """FFmpeg's name of the setting that `crf` chooses."""

    on_gpu: bool = False
    """Whether an NVIDIA GPU encodes, which not every one of them can."""


@dataclass(frozen=True)
class Container:
    """A container format."""

    muxer: str
    """FFmpeg's name."""

    codecs: dict[str, VideoCodec]
    """Video codecs by the name that users give with --codec; the first is the default."""

    copied_audio: frozenset[str]
    """Sound codecs whose packets are copied without re-encoding."""

    audio_encoder: str
    """The encoder for all other sound."""

    sample_rates: tuple[int, ...]
    """Sample rates of that encoder in Hz; others are resampled to 48000."""

    edit_list: bool
    """Whether packets may start before time 0, where players skip them, so that sound is cut to the sample."""

    options: tuple[tuple[str, str], ...] = ()
    """Options of the muxer, as (name, value)."""

    comment_tag: str = "comment"
    """Metadata that players show as a comment."""

    record_tag: str = "gfla"
    """Metadata for the record of how the output was made; one that the muxer writes."""

    transparent: dict[str, VideoCodec] = field(default_factory=dict)
    """Video codecs with an alpha channel, like `codecs`; empty if no player shows one in this container."""


# The largest picture of the highest level (6.2) of H.264, HEVC and VP9; few players show more.
MAX_PIXELS = 35_651_584
MAX_SIDE = 16_384
TRANSPARENT_OUTPUTS = ".mov, .webm, a folder, or %05d.png"
SMALLER = "use a smaller picture, --frame crop, or numbered pictures (-o frames/)"
MEDIA_ERRORS = (FFmpegError, ValueError, EOFError)  # what PyAV raises for files that are damaged or of no use
# With AVX-512, x264 reads uninitialised memory, so that encoding the same frames twice would give different bytes.
AVX2 = 11  # CV_CPU_AVX2
REPRODUCIBLE = (("x264-params", "asm=AVX2"),) if cv2.checkHardwareSupport(AVX2) else ()
H264 = VideoCodec("libx264", crf=18, max_crf=51, options=(("preset", "medium"), *REPRODUCIBLE))
HEVC = VideoCodec(
    "libx265",
    crf=20,
    max_crf=51,
    options=(("preset", "medium"), ("x265-params", "log-level=error")),
    tag="hvc1",  # Apple's players refuse hev1
)
os.environ.setdefault("SVT_LOG", "1")  # errors only: otherwise the encoder prints what it is about to do
AV1 = VideoCodec("libsvtav1", crf=30, max_crf=63, options=(("preset", "6"),))
VP9_OPTIONS = (("b", "0"), ("deadline", "good"), ("cpu-used", "4"), ("row-mt", "1"))
VP9 = VideoCodec("libvpx-vp9", crf=28, max_crf=63, options=VP9_OPTIONS)
TRANSPARENT_VP9 = VideoCodec(
    "libvpx-vp9",
    crf=20,
    max_crf=63,
    options=(*VP9_OPTIONS, ("auto-alt-ref", "0")),  # with alternate references FFmpeg refuses alpha
    pixel_format="yuva420p",
)
PRORES_4444 = VideoCodec(
    "prores_ks",
    options=(("profile", "4444"), ("alpha_bits", "16"), ("vendor", "apl0")),  # some editors refuse other vendors
    pixel_format="yuva444p10le",
)
NVENC_OPTIONS = (("preset", "p5"), ("tune", "hq"), ("rc", "vbr"), ("b", "0"))
H264_NVENC = VideoCodec("h264_nvenc", crf=19, max_crf=51, options=NVENC_OPTIONS, quality="cq", on_gpu=True)
HEVC_NVENC = VideoCodec("hevc_nvenc", crf=21, max_crf=51, options=NVENC_OPTIONS, tag="hvc1", quality="cq", on_gpu=True)
AV1_NVENC = VideoCodec("av1_nvenc", crf=24, max_crf=63, options=NVENC_OPTIONS, quality="cq", on_gpu=True)
SHARED_CODECS = {"h264": H264, "hevc": HEVC, "h264_nvenc": H264_NVENC, "hevc_nvenc": HEVC_NVENC}  # of MP4 and MOV
AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)
FAST_START = (("movflags", "+faststart"),)
MP4 = Container(
    muxer="mp4",
    codecs=SHARED_CODECS | {"av1": AV1, "av1_nvenc": AV1_NVENC},
    copied_audio=frozenset(("aac", "mp3", "ac3", "eac3", "opus", "alac")),
    audio_encoder="aac",
    sample_rates=AAC_RATES,
    edit_list=True,
    options=FAST_START,
    record_tag="synopsis",  # MP4 has no names of one's own beside those that players know
)
MOV = Container(
    muxer="mov",
    codecs=SHARED_CODECS,
    copied_audio=frozenset(("aac", "mp3", "ac3", "eac3", "alac", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be")),
    audio_encoder="aac",
    sample_rates=AAC_RATES,
    edit_list=True,
    options=(("movflags", "+faststart+use_metadata_tags"),),
    comment_tag="com.apple.quicktime.comment",
    transparent={"prores": PRORES_4444},
)
WEBM = Container(
    muxer="webm",
    codecs={"vp9": VP9, "av1": AV1, "av1_nvenc": AV1_NVENC},
    copied_audio=frozenset(("opus", "vorbis")),
    audio_encoder="libopus",
    sample_rates=(48000,),
    edit_list=False,
    options=(("fflags", "+bitexact"),),  # no random identifiers
    transparent={"vp9": TRANSPARENT_VP9},
)
MKV = Container(
    muxer="matroska",
    codecs=MP4.codecs | WEBM.codecs,
    copied_audio=MP4.copied_audio | MOV.copied_audio | WEBM.copied_audio | {"flac", "dts"},
    audio_encoder="aac",
    sample_rates=AAC_RATES,
    edit_list=False,
    options=WEBM.options,
)
CONTAINERS = {".mp4": MP4, ".m4v": MP4, ".mov": MOV, ".mkv": MKV, ".webm": WEBM}
# MP4 in pieces that are complete when they are written, because what went through a pipe can't be changed any more.
FRAGMENTS = (("movflags", "frag_keyframe+delay_moov+default_base_moof"), ("frag_duration", "1000000"))
STREAMS = {"mp4": replace(MP4, options=FRAGMENTS), "webm": WEBM}
"""What standard output can be, besides raw `rgb`; the first is the default, or the first that can be transparent."""


def describe_media_error(error: Exception) -> str:
    """The reason of one of MEDIA_ERRORS without file names, for a message to the user."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def output_kind(path: Path) -> str:
    """The kind of an output: "video", "gif", "pattern" (numbered files such as out/%05d.png), "folder", or "stream" for
    standard output.

    Raises:
        InputError: any other suffix.
    """
    suffix = path.suffix.lower()
    if path == STANDARD:
        return "stream"
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
    raise InputError(f"output {path}: unknown type {suffix}; use .mp4, .mov, .mkv, .webm, .gif, a folder, or %05d.png")


@dataclass(frozen=True)
class ChosenCodec:
    """A video encoder with its options, in FFmpeg's terms."""

    encoder: str
    """Its name."""

    options: dict[str, str]
    """Its options, quality included."""

    tag: str | None = None
    """See `VideoCodec.tag`."""

    pixel_format: str = "yuv420p"
    """See `VideoCodec.pixel_format`."""


def choose_codec(container: Container, *, codec: str | None, crf: int | None, transparent: bool = False) -> ChosenCodec:
    """The encoder for a codec of a container, with an alpha channel if `transparent`, which the container must support.

    Defaults for None.

    Raises:
        InputError: the container doesn't support the codec, or crf is out of range.
        BackendUnavailable: PyAV was built without the encoder, or no GPU here has it.
    """
    codecs = container.transparent if transparent else container.codecs
    name = codec or next(iter(codecs))
    if name not in codecs:
        kind = "as transparent video " if transparent else ""
        raise InputError(f"codec {name!r} can't be stored {kind}in {container.muxer}: use {', '.join(codecs)}")
    chosen = codecs[name]
    if crf is not None and chosen.crf is None:
        raise InputError(f"crf {crf}: the quality of {name} is fixed; leave --crf out")
    if crf is not None and not 0 <= crf <= chosen.max_crf:
        raise InputError(
            f"crf {crf} is out of range for {name}: use 0 (best quality) to {chosen.max_crf} (smallest file)"
        )
    if chosen.encoder not in av.codecs_available:
        raise BackendUnavailable(f"this PyAV has no {chosen.encoder} encoder: choose another --codec or suffix")
    if chosen.on_gpu and (problem := find_encoder_problem(chosen.encoder)):
        other = name.removesuffix("_nvenc")
        other = other if other in codecs else next(iter(codecs))
        raise BackendUnavailable(
            f"codec {name!r} needs an NVIDIA GPU with an encoder, and none can be opened here ({problem}): "
            f"use --codec {other}, which encodes on all cores"
        )
    quality = {} if chosen.crf is None else {chosen.quality: str(chosen.crf if crf is None else crf)}
    return ChosenCodec(chosen.encoder, quality | dict(chosen.options), chosen.tag, chosen.pixel_format)


def choose_container(path: Path, stream: str | None = None, *, transparent: bool = False) -> Container | None:
    """The container of a video file, by its suffix, or of standard output, by its `stream` format; None for others."""
    if path != STANDARD:
        return CONTAINERS.get(path.suffix.lower()) if not path.is_dir() else None
    fitting = [name for name, container in STREAMS.items() if container.transparent or not transparent]
    return STREAMS.get(stream or fitting[0])


@cache
def find_encoder_problem(encoder: str) -> str | None:
    """Why an encoder of FFmpeg can't be opened on this machine; None if it can."""
    context = CodecContext.create(encoder, "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt, context.time_base = 256, 256, "yuv420p", Fraction(1, 25)
    try:
        context.open()
    except PermissionError:  # what FFmpeg returns if it can't load the driver
        return "no driver"
    except (*MEDIA_ERRORS, OSError) as error:
        return describe_media_error(error)
    return None


def describe_excess(width: int, height: int) -> str | None:
    """A note about a picture that is larger than every level of the video codecs allows; None for others."""
    if width * height <= MAX_PIXELS and max(width, height) <= MAX_SIDE:
        return None
    return (
        f"{width}x{height} is beyond every level of the video codecs ({MAX_PIXELS / 1e6:.0f} megapixels), so most "
        f"players will not show it: {SMALLER}"
    )
