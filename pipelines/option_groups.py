"""Groups of options that several commands share: bases of the dataclasses in `pipelines.configs`. Imports no torch.

`panel` is the heading under which `gfla COMMAND --help` lists a group's fields. What is said about fields in
`pipelines.configs` holds here as well.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import ClassVar, Literal

Precision = Literal["auto", "fp32", "bf16", "fp16"]
DetectorName = Literal["auto", "yolo", "mediapipe", "rtm", "bundled"]
OnMissing = Literal["interpolate", "hold", "fail"]
Retarget = Literal["body", "fit", "none"]
Framing = Literal["full", "crop"]
Quality = Literal["fast", "standard", "best"]
DebugView = Literal["flow", "mask", "skeleton", "attention", "matte", "plate", "shadow"]
Metadata = Literal["full", "brief"]
StreamFormat = Literal["mp4", "webm", "rgb"]
Seconds = Fraction | float
STANDARD = Path("-")  # standard input where something is read, standard output where something is written


@dataclass(frozen=True, kw_only=True)
class SelectionOptions:
    """Which frames of the driving video are used."""

    panel: ClassVar[str] = "Frames"
    start: Seconds | None = None
    """Start at this time of the driving video, in seconds."""
    end: Seconds | None = None
    """Stop before this time of the driving video, in seconds."""
    max_frames: int | None = None
    """Use at most this many frames."""
    fps: Seconds | None = None
    """Resample to this many frames per second; folders and raw streams play at it. By default, keep the time stamps."""
    on_missing: OnMissing = "interpolate"
    """Frames without a person: `interpolate` between their neighbours, `hold` the previous pose, or `fail`."""


@dataclass(frozen=True, kw_only=True)
class DetectionOptions:
    """How people are detected and which one is followed."""

    panel: ClassVar[str] = "Pose"
    keypoints: str = "auto"
    """Keypoint detector or pose file; `auto` is the first that can run of `yolo`, `mediapipe`, `rtm` and `bundled`."""
    yolo_weights: Path | None = None
    """Weights file of a YOLO pose model."""
    person: str = "largest"
    """Person to follow: `largest`, or the N-th from the left, counted from 1."""


@dataclass(frozen=True, kw_only=True)
class PoseOptions(DetectionOptions):
    """How detected poses become poses of the source person."""

    retarget: Retarget = "body"
    """Fit of the driving pose to the source person: `body` keeps the source's limb lengths and place, `fit` scales and
    moves the driving body as a whole, `none` leaves it where it is in the frame."""
    motion: str = "motion"
    """Weights of the motion network that cleans poses: a name or a file."""


@dataclass(frozen=True, kw_only=True)
class DeviceOptions:
    """Where networks run."""

    panel: ClassVar[str] = "Model"
    device: str = "auto"
    """Device to compute on; `auto` is the GPU if there is one."""


@dataclass(frozen=True, kw_only=True)
class PrecisionOptions(DeviceOptions):
    """Where and how precisely networks run."""

    precision: Precision = "auto"
    """Floating-point precision of the networks; `auto` is bf16 on GPUs that compute in it and on processors where
    it is faster, which is measured once, otherwise fp32."""


@dataclass(frozen=True, kw_only=True)
class ModelOptions(PrecisionOptions):
    """Which generator runs, where and how precisely."""

    weights: str | None = None
    """Weights of the generator: a name (see `gfla weights list`) or a file."""


@dataclass(frozen=True, kw_only=True)
class OutputOptions:
    """Where results go."""

    panel: ClassVar[str] = "Output"
    output: Path | None = None
    """File or folder to write."""
    overwrite: bool = False
    """Replace existing output."""
    metadata: Metadata = "full"
    """What the output says about itself: `full` also options, and names and SHA-256 of inputs (no folders), for `gfla
    rerun`; `brief` only that gfla made it, in which version and with which weights."""
    c2pa_certificate: Path | None = None
    """Sign the output with Content Credentials (C2PA) that say that gfla generated it: your chain of certificates, PEM.
    Needs the extra `c2pa`; with the signature, the bytes are others each time."""
    c2pa_key: Path | None = None
    """Private key of the first certificate, in PEM without a password."""


@dataclass(frozen=True, kw_only=True)
class PictureOptions(OutputOptions):
    """What the pictures of people show."""

    compare: bool = False
    """Write source | driving | skeleton | result side by side."""
    frame: Framing = "full"
    """What to write: the `full` picture with the result pasted in, or only the `crop` that the generator makes."""
    upscaler: Path | None = None
    """Make results larger with a network of others (ESRGAN, SwinIR ...), from its file; needs the extra `upscale`."""
    scale: float | None = None
    """How many times as large, with `upscaler`; if omitted, what its network makes."""


@dataclass(frozen=True, kw_only=True)
class PersonOptions(PictureOptions):
    """How the person is generated and what is behind."""

    also: tuple[Path, ...] = ()
    """Further picture of the same person, from another side for example; may be repeated. Every place is taken from the
    pictures that show it best."""
    background: str = "picture"
    """What is behind the person: the `picture`'s own background, the `driving` video without its person, a FILE
    (picture or video), a COLOUR (a name, or '#rrggbb' in quotes), or `transparent`."""

    quality: Quality = "standard"
    """Size at which the person is generated: `fast` 192, `standard` 256 or `best` 384 pixels high."""

    @property
    def transparent(self) -> bool:
        """Whether the results have an alpha channel."""
        return self.background == "transparent" and not self.compare


@dataclass(frozen=True, kw_only=True)
class VideoOptions(PictureOptions):
    """How the output video is written."""

    output: Path | None = None
    """Video to write (.mp4, .mov, .mkv, .webm, .gif), or a folder/ or frames/%05d.png for pictures; - is standard
    output."""
    format: StreamFormat | None = None
    """What standard output gets: `mp4` in fragments, `webm`, or raw `rgb` (24 bits a pixel, no container, no sound). By
    default mp4, or webm if it is transparent."""
    debug: tuple[DebugView, ...] = ()
    """Second video, OUTPUT--debug, that shows any of `flow`, `mask`, `skeleton`, `attention`, and of people cut out of
    their background `matte`, `plate`, `shadow`."""
    audio: str = "driving"
    """Soundtrack: that of the `driving` video, `none` for a silent video, or a file."""
    crf: int | None = None
    """Encoding quality, 0 to 63, lower is better; the codec's own default if omitted."""
    codec: str | None = None
    """Video codec instead of the container's default: `h264` or `hevc` in .mp4 and .mov, `vp9` in .webm, `av1` in .mp4
    and .webm, any of these in .mkv; of transparent videos `prores` in .mov, `vp9` in .webm. On NVIDIA GPUs that encode
    also `h264_nvenc`, `hevc_nvenc`, `av1_nvenc`."""
