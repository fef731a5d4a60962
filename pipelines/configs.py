"""The options of every command, one frozen dataclass per pipeline. Nothing here imports torch.

The bases are the groups of `pipelines.option_groups`. The docstring under a field is its documentation, its help text
and its row in docs/cli.md: one or two short sentences with the unit and what happens if the field is omitted. Field
names are part of the job keys of `gfla batch`: a renamed field would run every job of an old batch again.
"""

from dataclasses import KW_ONLY, dataclass
from pathlib import Path, PurePath
from typing import ClassVar, Literal, TypeVar

from pipelines.option_groups import (
    DetectionOptions,
    DetectorName,
    DeviceOptions,
    ModelOptions,
    OutputOptions,
    PersonOptions,
    PoseOptions,
    PrecisionOptions,
    SelectionOptions,
    VideoOptions,
)

PoseLayout = Literal["coco17", "h36m17"]
Place = Literal["frame", "follow", "still"]
LandmarkDetectorName = Literal["mediapipe", "dlib", "bundled"]
FaceRetarget = Literal["fit", "none"]
TrackView = Literal["skeleton"]
ObjectCategory = Literal["car", "chair"]
ObjectBackground = Literal["white", "transparent", "original"]
Protocol = Literal["standard", "gfla"]
Metric = Literal["fid", "lpips", "ssim", "ssim256", "psnr", "l1", "mae", "flicker", "keypoints"]
AnyPath = TypeVar("AnyPath", bound=PurePath)


@dataclass(frozen=True)
class AnimateConfig(PersonOptions, VideoOptions, SelectionOptions, PoseOptions, ModelOptions):
    """One job of `gfla animate`."""

    source: Path
    """Picture of a person."""
    driving: Path
    """Video, GIF, folder of pictures, or pose track with the motion to transfer."""
    _: KW_ONLY
    place: Place = "frame"
    """Path of the body through the picture: `frame` scales and shifts the driving person's path if the body would leave
    the picture, `follow` keeps it, `still` leaves the body in its place. Has no effect with `--retarget none`."""
    people: str | None = None
    """Move several people: pairs such as `1:2,2:1`, each a person of the picture and whom of the video they follow, or
    `all` for as many pairs as there are, in order. People are counted from 1, from the left; those of the video in the
    first frame that shows as many as are needed, of all who are in a fifth of the frames or more. Everybody else in the
    picture stays there."""
    face: bool = False
    """Also move the face: mouth, eyes and brows as the driver's, where both faces are at least 48 pixels wide."""
    resume: bool = False
    """Keep what is done beside the output, so that the same command goes on there after a kill or a power cut."""
    weights: str = "person"
    """Weights of the generator: a name (see `gfla weights list`) or a file."""
    seed: int = 0
    """Has no effect: nothing in the pipeline is random. Kept because it is part of the keys of old batch jobs."""

    @property
    def target(self) -> Path:
        """Output path: `output`, or SOURCE--DRIVING.mp4 in the working directory, .mov if it is transparent."""
        suffix = ".mov" if self.transparent else ".mp4"
        return self.output or Path(f"{self.source.stem}--{self.driving.stem}{suffix}")


@dataclass(frozen=True)
class PreviewConfig(AnimateConfig):
    """One job of `gfla preview`: the animation of which it shows a few frames. How videos are written has no effect."""

    panel: ClassVar[str] = "Preview"
    _: KW_ONLY
    output: Path | None = None
    """Sheet to write (.png, .jpg, .webp)."""
    count: int = 12
    """Number of frames to show, spread evenly over the part of the video that is used."""

    @property
    def target(self) -> Path:
        """Path of the sheet: `output`, or SOURCE--DRIVING.png in the working directory."""
        return self.output or Path(f"{self.source.stem}--{self.driving.stem}.png")


@dataclass(frozen=True)
class FaceConfig(VideoOptions, SelectionOptions, ModelOptions):
    """One job of `gfla face`."""

    panel: ClassVar[str] = "Face"
    source: Path
    """Picture of a face."""
    driving: Path
    """Video, GIF or folder of pictures of a talking face."""
    _: KW_ONLY
    landmarks: Path | LandmarkDetectorName | None = None
    """Landmark detector, `mediapipe`, `dlib` or `bundled`, by default the first that can run; or a folder with 68
    landmarks per driving frame, as text files of x,y lines."""
    source_landmarks: Path | None = None
    """Text file with the 68 landmarks of the source face, as x,y lines; detected if omitted."""
    retarget: FaceRetarget = "fit"
    """Fit of the driving face: `fit` to the source's place, size and (with our own weights) proportions; `none` uses
    both uncropped, as in the paper."""
    person: str = "largest"
    """Face to follow: `largest`, or the N-th from the left, counted from 1."""
    weights: str = "face"
    """Weights of a face generator: a name or a file, the project's own or the authors'."""

    @property
    def target(self) -> Path:
        """Output path: `output`, or SOURCE--DRIVING.mp4 in the working directory."""
        return self.output or Path(f"{self.source.stem}--{self.driving.stem}.mp4")


@dataclass(frozen=True)
class PoseConfig(PersonOptions, PoseOptions, ModelOptions):
    """One job of `gfla pose`."""

    source: Path
    """Picture of a person."""
    targets: tuple[Path, ...]
    """Target poses: pictures of people, pose files (ours, OpenPose, AlphaPose), or folders of either."""
    _: KW_ONLY
    output: Path | None = None
    """Picture to write (.png, .jpg, .webp); for several targets a folder/ or poses/%05d.png."""
    keypoints: DetectorName = "auto"
    """Keypoint detector; `auto` is the first that can run of `yolo`, `mediapipe`, `rtm` and `bundled`."""
    weights: str = "person"
    """Weights of the generator: a name (see `gfla weights list`) or a file."""

    def target(self, count: int) -> Path:
        """Output path of `count` results: `output`, else SOURCE--TARGET.png or the folder SOURCE--poses."""
        single = f"{self.source.stem}--{self.targets[0].stem}.png"
        return self.output or Path(single if count == 1 else f"{self.source.stem}--poses")


@dataclass(frozen=True)
class ViewSynthConfig(OutputOptions, ModelOptions):
    """One job of `gfla view-synth`; angles in degrees as in `models.generators.view_codes`."""

    panel: ClassVar[str] = "View"
    images: tuple[Path, ...]
    """Pictures of objects, one object each; leave them out with `--shapenet`."""
    category: ObjectCategory
    """Kind of object in the pictures."""
    _: KW_ONLY
    output: Path | None = None
    """Video, .gif, contact sheet.png, folder/, views/%05d.png or model.glb to write; a folder of videos for several
    pictures."""
    weights: str | None = None
    """Weights of the generator: a name (see `gfla weights list`) or a file; the bundled ones if omitted."""
    viewpoint: str = "viewpoint"
    """Weights of the network that estimates the camera and the size of the object: a name or a file."""
    azimuth: float | None = None
    """Azimuth, in degrees, from which the picture shows the object: 0 front, 90 front to the right, 180 back, 270 front
    to the left. Estimated if omitted."""
    elevation: float | None = None
    """Elevation, -10 to 40 degrees, from which the picture shows the object, and the views unless `--view-elevation`
    says otherwise. Estimated if omitted; 0 with the authors' weights, which know 0 to below 30."""
    distance: float | None = None
    """Distance of the camera, 1 to 20 diagonals of the object; a small one makes the near end look large. Estimated if
    omitted."""
    view_elevation: float | None = None
    """Elevation of the views, if not the picture's."""
    views: int | None = None
    """Number of views in one turn; 72, or 18 with the authors' weights, if omitted."""
    angles: tuple[float, ...] = ()
    """Azimuths to render instead of a full turn, in degrees."""
    background: ObjectBackground = "white"
    """Background of the views; `original` is the colour around the object in the picture."""
    compare: Path | None = None
    """Folder with the true views, az_DDD.png, to measure the results against."""
    shapenet: Path | None = None
    """ShapeNet HDF5 file to read the view `id` from instead of a picture; needs the extra `research`."""
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
class KeypointsConfig(SelectionOptions, DetectionOptions, PrecisionOptions):
    """One job of `gfla keypoints`."""

    panel: ClassVar[str] = "Output"
    input: Path
    """Video, GIF, picture or folder of pictures; or a pose track, OpenPose folder or AlphaPose file to import."""
    output: Path
    """Pose track to write (.json)."""
    _: KW_ONLY
    keypoints: DetectorName = "auto"
    """Keypoint detector; `auto` is the first that can run of `yolo`, `mediapipe`, `rtm` and `bundled`."""
    overwrite: bool = False
    """Replace existing output."""
    hands: bool = False
    """Also find 21 points of each hand; needs `mediapipe` or `rtm`."""
    face: bool = False
    """Also find a mesh of 468 points of the face; needs `mediapipe`, as does `mask`."""
    mask: bool = False
    """Also write OUTPUT--mask, a folder with a picture per frame that is white where the person is."""
    debug: tuple[TrackView, ...] = ()
    """Write OUTPUT--debug.mp4, the video with the `skeleton` and everything else that was found over it."""
    layout: PoseLayout = "coco17"
    """Joint layout of the track: `coco17` as detected with gaps filled, `h36m17` cleaned by the motion network."""


@dataclass(frozen=True)
class EvaluateConfig(DeviceOptions):
    """One job of `gfla evaluate`; sizes are (width, height) in pixels."""

    panel: ClassVar[str] = "Metrics"
    generated: Path
    """Folder of generated pictures, or a video."""
    reference: Path
    """Folder of pictures with the same names, or a video of equal length."""
    fid_reference: Path | None = None
    """Folder of pictures to compute FID against instead of REFERENCE."""
    metrics: tuple[Metric, ...] = ()
    """Any of `fid`, `lpips`, `ssim`, `ssim256`, `psnr`, `l1`, `mae`, `flicker`, `keypoints`; all of the protocol if
    omitted."""
    protocol: Protocol = "standard"
    """How metrics are computed; `gfla` follows the authors' script."""
    resize: tuple[int, int] | None = None
    """Resize every picture to this width and height, in pixels, first (bicubic)."""
    crop: tuple[int, int] | None = None
    """Keep only the centre of every picture, of this width and height, in pixels; after `resize`."""
    fetch: bool = False
    """Download feature weights that FID and LPIPS need."""


def debug_path(output: AnyPath) -> AnyPath:
    """Path of the second video of `debug`: OUTPUT--debug beside OUTPUT."""
    return output.with_name(f"{output.stem}--debug{output.suffix}")
