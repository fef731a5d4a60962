"""The options of every command, one frozen dataclass per pipeline. Nothing here imports torch.

The bases are option groups; `panel` is the heading under which `gfla COMMAND --help` lists a group's fields. The
docstring under a field is its documentation and, as far as its first sentence, its help text. Field names are part of
the job keys of `gfla batch`: a renamed field would run every job of an old batch again.
"""

from dataclasses import KW_ONLY, dataclass
from fractions import Fraction
from pathlib import Path, PurePath
from typing import ClassVar, Literal, TypeVar, get_args

Precision = Literal["auto", "fp32", "bf16", "fp16"]
DetectorName = Literal["auto", "yolo", "bundled"]
PoseLayout = Literal["coco17", "h36m17"]
OnMissing = Literal["interpolate", "hold", "fail"]
Retarget = Literal["body", "fit", "none"]
FaceRetarget = Literal["fit", "none"]
Framing = Literal["full", "crop"]
DebugView = Literal["flow", "mask", "skeleton", "attention"]
ObjectCategory = Literal["car", "chair"]
ObjectBackground = Literal["white", "transparent", "original"]
Protocol = Literal["standard", "gfla"]
Metric = Literal["fid", "lpips", "ssim", "ssim256", "psnr", "l1", "mae", "flicker", "keypoints"]
Seconds = Fraction | float
AnyPath = TypeVar("AnyPath", bound=PurePath)

DEFAULT_DISTANCE = 1.8  # diagonals of the object: measured best on true views, farther than training's renders
DEBUG_VIEWS: tuple[DebugView, ...] = get_args(DebugView)


@dataclass(frozen=True, kw_only=True)
class SelectionOptions:
    """Which frames of the driving video are used."""

    panel: ClassVar[str] = "Frames"

    start: Seconds | None = None
    """Start at this time of the driving video. In seconds after its first frame."""
    end: Seconds | None = None
    """Stop at this time of the driving video. In seconds after its first frame; the frame at that time is left out."""
    max_frames: int | None = None
    """Use at most N frames."""
    fps: Seconds | None = None
    """Resample the driving video to this frame rate. In frames per second; the video's own time stamps by default."""
    on_missing: OnMissing = "interpolate"
    """What to do with frames in which nobody is detected. `interpolate` between the frames around the gap, `hold` the
    pose before it, or `fail`."""


@dataclass(frozen=True, kw_only=True)
class DetectionOptions:
    """How people are detected and which one is followed."""

    panel: ClassVar[str] = "Pose"

    keypoints: str = "auto"
    """Keypoint detector, or a file with the poses of the driving video. `auto` is YOLO if its weights are available,
    otherwise the bundled network."""
    yolo_weights: Path | None = None
    """Weights file of a YOLO pose model."""
    person: str = "largest"
    """Person to follow: the largest, or the N-th from the left, counted from 1."""


@dataclass(frozen=True, kw_only=True)
class PoseOptions(DetectionOptions):
    """How detected poses become poses of the source person."""

    retarget: Retarget = "body"
    """How the driving pose is fitted to the source person. `body` keeps the source person's limb lengths and place,
    `fit` scales and moves the driving body as a whole, `none` leaves it where it is in the frame."""
    motion: str = "motion"
    """Weights of the motion network that cleans poses. A name of `gfla weights list`, or a file."""


@dataclass(frozen=True, kw_only=True)
class DeviceOptions:
    """Where networks run."""

    panel: ClassVar[str] = "Model"

    device: str = "auto"
    """Device to run on. `auto` is the GPU if there is one; `cpu`, `cuda`, `cuda:N`, `mps`."""


@dataclass(frozen=True, kw_only=True)
class ModelOptions(DeviceOptions):
    """Which generator runs, where and how precisely."""

    weights: str | None = None
    """Weights of the generator. A name of `gfla weights list`, or a file."""
    precision: Precision = "auto"
    """Floating-point precision of the networks. `auto` is bf16 on GPUs that support it, otherwise fp32."""


@dataclass(frozen=True, kw_only=True)
class OutputOptions:
    """Where results go."""

    panel: ClassVar[str] = "Output"

    output: Path | None = None
    """Output file or folder."""
    overwrite: bool = False
    """Replace existing output."""


@dataclass(frozen=True, kw_only=True)
class PictureOptions(OutputOptions):
    """What the pictures of people show."""

    compare: bool = False
    """Write source | driving | skeleton | result side by side."""
    frame: Framing = "full"
    """Write the full picture, or only the model's canvas. `full` pastes the result back into the source picture,
    `crop` writes the region that the generator works on."""


@dataclass(frozen=True, kw_only=True)
class VideoOptions(PictureOptions):
    """How the output video is written."""

    debug: tuple[DebugView, ...] = ()
    """Write a second video that shows these views of the generator. It is named OUTPUT--debug."""
    audio: str = "driving"
    """Sound of the output: that of the driving video, none, or a file."""
    crf: int | None = None
    """Quality of the encoded video, 0 to 63; lower is better. The codec's own default if omitted."""
    codec: str | None = None
    """Video codec instead of the container's default. `h264` or `hevc` in .mp4 and .mov, `vp9` in .webm."""


@dataclass(frozen=True)
class AnimateConfig(VideoOptions, SelectionOptions, PoseOptions, ModelOptions):
    """One job of `gfla animate`."""

    source: Path
    """Picture of a person."""
    driving: Path
    """Video, GIF, folder of pictures, or pose track whose motion to transfer."""
    _: KW_ONLY
    weights: str = "person"
    """Weights of the generator. A name of `gfla weights list`, or a file."""
    seed: int = 0
    """Has no effect: nothing in the pipeline is random. Kept because it is part of the keys of old batch jobs."""

    @property
    def target(self) -> Path:
        """Output path: `output`, or SOURCE--DRIVING.mp4 in the working directory."""
        return self.output or Path(f"{self.source.stem}--{self.driving.stem}.mp4")


@dataclass(frozen=True)
class FaceConfig(VideoOptions, SelectionOptions, ModelOptions):
    """One job of `gfla face`."""

    source: Path
    """Picture of a face."""
    driving: Path
    """Video, GIF or folder of pictures of a talking face."""
    _: KW_ONLY
    landmarks: Path | None = None
    """68 landmarks of the driving face: a folder with a text file of x,y lines per frame. Detected with dlib if
    omitted."""
    source_landmarks: Path | None = None
    """68 landmarks of the source face: a text file of x,y lines. Detected with dlib if omitted."""
    retarget: FaceRetarget = "fit"
    """How the driving face is fitted to the source face. `fit` brings it to the source face's place and size, `none`
    uses both pictures uncropped, as in the paper."""
    person: str = "largest"
    """Face to follow: the largest, or the N-th from the left, counted from 1."""
    weights: str = "face"
    """Weights of a face generator. None are bundled: import the authors' with `gfla weights import` or train your
    own."""

    @property
    def target(self) -> Path:
        """Output path: `output`, or SOURCE--DRIVING.mp4 in the working directory."""
        return self.output or Path(f"{self.source.stem}--{self.driving.stem}.mp4")


@dataclass(frozen=True)
class PoseConfig(PictureOptions, PoseOptions, ModelOptions):
    """One job of `gfla pose`."""

    source: Path
    """Picture of a person."""
    targets: tuple[Path, ...]
    """Target poses: pictures of people, pose files (ours, OpenPose, AlphaPose), or folders of either."""
    _: KW_ONLY
    keypoints: DetectorName = "auto"
    """Keypoint detector. `auto` is YOLO if its weights are available, otherwise the bundled network."""
    weights: str = "person"
    """Weights of the generator. A name of `gfla weights list`, or a file."""

    def target(self, count: int) -> Path:
        """Output path of `count` results: `output`, else SOURCE--TARGET.png or the folder SOURCE--poses."""
        single = f"{self.source.stem}--{self.targets[0].stem}.png"
        return self.output or Path(single if count == 1 else f"{self.source.stem}--poses")


@dataclass(frozen=True)
class ViewSynthConfig(OutputOptions, ModelOptions):
    """One job of `gfla view-synth`; angles in degrees as in `models.generators.view_codes`."""

    panel: ClassVar[str] = "View"

    images: tuple[Path, ...]
    """Pictures of objects, one object each."""
    category: ObjectCategory
    """What the pictures show."""
    _: KW_ONLY
    weights: str | None = None
    """Weights of the generator. A name of `gfla weights list`, or a file; the bundled ones if omitted."""
    viewpoint: str = "viewpoint"
    """Weights of the network that estimates azimuth and size of the object. A name of `gfla weights list`, or a
    file."""
    azimuth: float | None = None
    """Azimuth from which the picture shows the object: 0 front, 90 front to the right, 180 back, 270 front to the left.
    In degrees; estimated if omitted."""
    elevation: float = 0.0
    """Elevation of the camera, from 0 to below 30; with a given azimuth also that of the picture. In degrees."""
    distance: float = DEFAULT_DISTANCE
    """Distance of the camera in diagonals of the object. Small ones (1.3) make the near end look large."""
    views: int | None = None
    """Number of views in one turn. 72 by default, 18 with the authors' weights."""
    angles: tuple[float, ...] = ()
    """Render these azimuths instead of a full turn. In degrees."""
    background: ObjectBackground = "white"
    """Background of the views. `original` is the colour around the object in the picture."""
    compare: Path | None = None
    """Compare with the true views az_DDD.png in this folder."""
    shapenet: Path | None = None
    """Read the view --id from this ShapeNet HDF5 file instead of pictures. Needs the extra `research`."""
    id: str | None = None
    """Name of the view in the ShapeNet file."""

    @property
    def inputs(self) -> tuple[Path, ...]:
        """The pictures, or the one HDF5 file."""
        return (self.shapenet,) if self.shapenet else self.images

    @property
    def generator(self) -> str:
        """Name or file of the weights."""
        return self.weights or "objects"

    def targets(self) -> list[Path]:
        """One output per input: `output`, or IMAGE--turntable.mp4; of several pictures in the folder `output`."""
        if self.output and len(self.inputs) == 1:
            return [self.output]
        folder = self.output or Path()
        suffix = "mp4" if self.background != "transparent" else "png"
        names = [self.id] if self.id else [path.stem for path in self.images]
        return [folder / f"{name}--turntable.{suffix}" for name in names]


@dataclass(frozen=True)
class KeypointsConfig(SelectionOptions, DetectionOptions, DeviceOptions):
    """One job of `gfla keypoints`."""

    input: Path
    """Video, GIF, picture, folder of pictures; or a pose track, OpenPose folder or AlphaPose file to import."""
    output: Path
    """Pose track to write (.json)."""
    _: KW_ONLY
    keypoints: DetectorName = "auto"
    """Keypoint detector. `auto` is YOLO if its weights are available, otherwise the bundled network."""
    overwrite: bool = False
    """Replace existing output."""
    layout: PoseLayout = "coco17"
    """Joint layout of the track. `coco17` as detected, gaps filled; `h36m17` cleaned by the motion network."""


@dataclass(frozen=True)
class EvaluateConfig(DeviceOptions):
    """One job of `gfla evaluate`; sizes are (width, height) in pixels."""

    generated: Path
    """Folder of generated pictures, or a video."""
    reference: Path
    """Folder of pictures with the same names, or a video of equal length."""
    fid_reference: Path | None = None
    """Folder of pictures for FID instead of REFERENCE."""
    metrics: tuple[Metric, ...] = ()
    """Metrics to compute. All of the protocol if empty."""
    protocol: Protocol = "standard"
    """How metrics are computed. `gfla` follows the authors' script."""
    resize: tuple[int, int] | None = None
    """Resize every picture to this size first (bicubic)."""
    crop: tuple[int, int] | None = None
    """Center-crop every picture to this size before comparing."""
    fetch: bool = False
    """Download the feature weights that FID and LPIPS need."""


def debug_path(output: AnyPath) -> AnyPath:
    """Path of the second video of `debug`: OUTPUT--debug beside OUTPUT."""
    return output.with_name(f"{output.stem}--debug{output.suffix}")
