"""One job of `gfla view-synth`: what was asked for, what can be refused before any work, and the report."""

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from models.errors import InputError
from models.generators.view_codes import ELEVATION_STEP, ELEVATIONS
from models.weights import read_metadata
from pipelines.diagnostics import versions
from pipelines.generation.networks import fingerprint, plain_options
from pipelines.media.stills import SUFFIXES, check_stills
from pipelines.media.writer import check_video_output
from pipelines.object_views.comparison import ViewScores, means, true_views
from pipelines.object_views.source import ObjectView

OBJECTS, VIEWPOINT = "objects", "viewpoint"  # names of the weights
DISTANCE = 1.8  # diagonals of the object: measured best on true views, farther than training's renders
NEAREST, FARTHEST = 1.0, 20.0


@dataclass(frozen=True)
class ViewSynthConfig:
    """One job, as the options of `gfla view-synth`; degrees as in `models.generators.view_codes`.

    `angles` are the azimuths wanted; without them `views` of them go once around, from the source's own on. `azimuth`
    None is to be estimated with the weights `viewpoint`. `distance` is the camera's, in diagonals of the object.
    `compare` is a folder of true views.
    """

    images: tuple[Path, ...]
    category: str
    output: Path | None = None
    overwrite: bool = False
    device: str = "auto"
    precision: str = "auto"
    weights: str | None = None
    viewpoint: str = VIEWPOINT
    azimuth: float | None = None
    elevation: float = 0.0
    distance: float = DISTANCE
    views: int | None = None
    angles: tuple[float, ...] = ()
    background: str = "white"
    compare: Path | None = None
    shapenet: Path | None = None
    id: str | None = None

    @property
    def inputs(self) -> tuple[Path, ...]:
        """The pictures, or the one HDF5 file."""
        return (self.shapenet,) if self.shapenet else self.images

    @property
    def generator(self) -> str:
        """Name or file of the weights."""
        return self.weights or OBJECTS

    def targets(self) -> list[Path]:
        """One output per input: `output`, or IMAGE--turntable.mp4; of several pictures in the folder `output`."""
        if self.output and len(self.inputs) == 1:
            return [self.output]
        folder = self.output or Path()
        suffix = "mp4" if self.background != "transparent" else "png"
        names = [self.id] if self.id else [path.stem for path in self.images]
        return [folder / f"{name}--turntable.{suffix}" for name in names]


@dataclass(frozen=True)
class ViewSynthResult:
    """What a run made and what it took; `azimuths` of the views and the `sources` by output, `seconds` by stage,
    `compared` views where there are true ones."""

    config: ViewSynthConfig
    azimuths: dict[Path, list[float]]
    sources: list[ObjectView]
    device: str
    seconds: dict[str, float]
    compared: list[ViewScores] = field(default_factory=list)

    @property
    def means(self) -> dict[str, float]:
        """Of what was compared."""
        return means(self.compared)

    def summary(self) -> dict[str, Any]:
        """One JSON-ready object: inputs with SHA-256, options, versions, timings, outputs."""
        config = self.config
        seen = [
            {name: getattr(source, name) for name in ("azimuth", "elevation", "confidence")} for source in self.sources
        ]
        compared = {"views": [asdict(view) for view in self.compared], "means": self.means} if self.compared else {}
        return {
            "outputs": [str(path) for path in self.azimuths],
            "azimuths": list(self.azimuths.values()),
            "inputs": [fingerprint(path) for path in config.inputs],
            "sources": seen,
            "compared": compared,
            "options": plain_options(config),
            "versions": versions(),
            "weights": config.generator,
            "device": self.device,
            "seconds": {name: round(value, 3) for name, value in self.seconds.items()},
        }


def check(config: ViewSynthConfig) -> bool:
    """Whether the weights are of the project's own generator, once everything is refused that can be before any work.

    Raises:
        InputError: wrong options, an output that exists or can't be written.
        WeightsError: no such weights, or damaged ones.
    """
    if bool(config.images) == bool(config.shapenet) or (config.shapenet is None) != (config.id is None):
        raise InputError("give either pictures, or --shapenet FILE with --id of one of its views")
    own = read_metadata(config.generator)["architecture"] == "view"
    if config.images and config.azimuth is None and not own:
        raise InputError("these weights need --azimuth: from where the picture shows the object (0 front, 180 back)")
    if not all(map(math.isfinite, (config.azimuth or 0, *config.angles))):
        raise InputError("--azimuth and --angles must be numbers of degrees")
    if not 0 <= config.elevation < ELEVATIONS * ELEVATION_STEP:
        raise InputError(f"elevation {config.elevation:g} must be from 0 to less than {ELEVATIONS * ELEVATION_STEP}")
    if not NEAREST <= config.distance <= FARTHEST:
        raise InputError(
            f"--distance {config.distance:g} must be from {NEAREST:g} to {FARTHEST:g} diagonals of the object"
        )
    if config.distance != DISTANCE and not own:
        raise InputError("--distance: the authors' generators know one camera only")
    if config.background != "white" and not own:
        raise InputError(f"--background {config.background}: the authors' generators know white only")
    _check_targets(config)
    return own


def _check_targets(config: ViewSynthConfig) -> None:
    targets = config.targets()
    if len(set(targets)) < len(targets):
        raise InputError("two pictures have the same name, so their results would too: make them one after the other")
    clear = config.background == "transparent"
    for target in targets:
        if clear and target.suffix.lower() not in ("", ".png", ".webp"):
            raise InputError(f"{target} can't be transparent: use sheet.png, a folder or %05d.png")
        refuse = (
            check_video_output if not is_sheet(target) else lambda path, **rest: check_stills(path, count=1, **rest)
        )
        refuse(target, overwrite=config.overwrite, inputs=config.inputs)
    if config.compare:
        if len(targets) > 1:
            raise InputError("--compare takes one picture: its folder holds views of one object")
        if config.background != "white":
            raise InputError("--compare needs --background white: the true views are on white")
        true_views(config.compare)


def is_sheet(path: Path) -> bool:
    """Whether all views go into one picture."""
    return path.suffix.lower() in SUFFIXES and "%" not in path.name and not path.is_dir()
