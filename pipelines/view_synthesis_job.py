"""One job of `gfla view-synth`: what was asked for, what can be refused before any work, and the report."""

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from models.errors import InputError
from models.generators.view_codes import ELEVATION_STEP, ELEVATIONS
from models.weights import read_metadata
from pipelines.configs import DEFAULT_DISTANCE, ViewSynthConfig
from pipelines.media.stills import SUFFIXES, check_stills
from pipelines.media.writer import check_video_output
from pipelines.object_views.comparison import ViewScores, means, true_views
from pipelines.object_views.source import ObjectView
from pipelines.runtime.summaries import describe_input, plain_options
from pipelines.runtime.versions import versions

NEAREST, FARTHEST = 1.0, 20.0


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
            "inputs": [describe_input(path) for path in config.inputs],
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
    if config.distance != DEFAULT_DISTANCE and not own:
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
