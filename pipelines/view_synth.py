"""`gfla view-synth`: views of an object all around, from one picture of it.

Picture of the object -> square of 256 pixels in -1..1 -> generator with the codes of the source's and each target's
viewpoint -> turntable, contact sheet or numbered pictures (official format, sections 9.6, 9.7 and 10).
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.errors import InputError, WeightsError
from models.generators.picture import PictureGenerator
from models.weights import load_weights, read_metadata
from models.weights.user import user_files
from pipelines.datasets.pictures import to_image, to_picture
from pipelines.devices import autocast, choose_device
from pipelines.environment import versions
from pipelines.media.stills import SUFFIXES, check_stills, write_stills
from pipelines.media.writer import check_target, open_output
from pipelines.object_picture import SIDE, SourceView, load_object, load_shapenet
from pipelines.parts import fingerprint, plain_options
from pipelines.performance import Stopwatch
from pipelines.progress import Progress, Silent
from pipelines.studio import Studio
from pipelines.viewpoint import AZIMUTHS, CHANNELS, ELEVATION_STEP, ELEVATIONS, known_view, view_code

TURN = 3  # seconds that a turntable takes
COLUMNS = 6


@dataclass(frozen=True)
class ViewSynthConfig:
    """One job, as the options of `gfla view-synth`; degrees as in `pipelines.viewpoint`.

    `angles` are the azimuths wanted; without them `views` of them go once around, from the source's own on.
    """

    images: tuple[Path, ...]
    category: str
    output: Path | None = None
    overwrite: bool = False
    device: str = "auto"
    precision: str = "auto"
    weights: str | None = None
    azimuth: float | None = None
    elevation: float = 0.0
    views: int = AZIMUTHS
    angles: tuple[float, ...] = ()
    shapenet: Path | None = None
    id: str | None = None

    @property
    def inputs(self) -> tuple[Path, ...]:
        """The pictures, or the one HDF5 file."""
        return (self.shapenet,) if self.shapenet else self.images

    @property
    def generator(self) -> str:
        """`weights`, or the authors' of the category once they are imported."""
        return self.weights or f"shapenet_{self.category}"

    def targets(self) -> list[Path]:
        """One output per input: `output`, or IMAGE--turntable.mp4; of several pictures in the folder `output`."""
        if self.output and len(self.inputs) == 1:
            return [self.output]
        folder = self.output or Path()
        names = [self.id] if self.id else [path.stem for path in self.images]
        return [folder / f"{name}--turntable.mp4" for name in names]


@dataclass(frozen=True)
class ViewSynthResult:
    """What a run made and what it took; `azimuths` of the views by output, `seconds` by stage."""

    config: ViewSynthConfig
    azimuths: dict[Path, list[float]]
    device: str
    seconds: dict[str, float]

    def summary(self) -> dict[str, Any]:
        """One JSON-ready object: inputs with SHA-256, options, versions, timings, outputs."""
        config = self.config
        return {
            "outputs": [str(path) for path in self.azimuths],
            "azimuths": list(self.azimuths.values()),
            "inputs": [fingerprint(path) for path in config.inputs],
            "options": plain_options(config),
            "versions": versions(),
            "weights": config.generator,
            "device": self.device,
            "seconds": {name: round(value, 3) for name, value in self.seconds.items()},
        }


def run(config: ViewSynthConfig, progress: Progress | None = None, studio: Studio | None = None) -> ViewSynthResult:
    """Make the views of every picture and write them.

    `studio` has what several jobs share.

    Raises:
        InputError: unreadable input, existing or unwritable output, wrong option.
        WeightsError, BackendUnavailable: weights or device asked for can't be used.
        ProcessingError: the work started and could not be finished (full disk).
    """
    progress, studio, clock = progress or Silent(), studio or Studio(), Stopwatch()
    _check(config)
    device = choose_device(config.device)
    with clock("load"):
        generator = studio.once(_load, config.generator, config.category, device)
        sources = _sources(config)
    made = {}
    for source, target in zip(sources, config.targets(), strict=True):
        azimuths = list(config.angles) or [source.azimuth + 360 * view / config.views for view in range(config.views)]
        _tell_steps([source.azimuth, *azimuths], [source.elevation, config.elevation], progress)
        progress.stage(target.name, len(azimuths))
        pictures = _views(generator, source, azimuths, config, clock)
        _write(target, _counted(pictures, progress), len(azimuths), overwrite=config.overwrite, threads=studio.threads)
        made[target] = [azimuth % 360 for azimuth in azimuths]
    return ViewSynthResult(config, made, str(device), dict(clock.seconds))


def synthesise(
    generator: PictureGenerator, picture: np.ndarray, source: tuple[float, float], target: tuple[float, float]
) -> np.ndarray:
    """One view uint8 [256, 256, 3] of the object on `picture` uint8 [256, 256, 3].

    source, target: azimuth and elevation in degrees. The result is truncated to bytes, as the authors save it.
    """
    device = next(generator.parameters()).device
    codes = [view_code(*view)[None].to(device) for view in (source, target)]
    return to_picture(generator(to_image(picture)[None].to(device), *codes).image[0])


def contact_sheet(pictures: Iterable[np.ndarray]) -> np.ndarray:
    """Pictures uint8 [h, w, 3] of one size in rows of at most 6, white where the last row is short."""
    cells = list(pictures)
    columns = min(len(cells), COLUMNS)
    rows = math.ceil(len(cells) / columns)
    cells += [np.full_like(cells[0], 255)] * (rows * columns - len(cells))
    return np.concatenate([np.concatenate(cells[row * columns : (row + 1) * columns], 1) for row in range(rows)])


def _check(config: ViewSynthConfig) -> None:
    """Everything that can be refused before any work."""
    if config.weights is None and config.generator not in user_files():
        raise WeightsError(
            f"no {config.category} weights come with gfla yet: give --weights of `gfla train view-synth`, or "
            f"`gfla weights import FILE.pth --as shapenet_{config.category}`"
        )
    if bool(config.images) == bool(config.shapenet) or (config.shapenet is None) != (config.id is None):
        raise InputError("give either pictures, or --shapenet FILE with --id of one of its views")
    if config.images and config.azimuth is None:
        raise InputError("these weights need --azimuth: from where the picture shows the object (0 front, 180 back)")
    if not all(map(math.isfinite, (config.azimuth or 0, *config.angles))):
        raise InputError("--azimuth and --angles must be numbers of degrees")
    if not 0 <= config.elevation < ELEVATIONS * ELEVATION_STEP:
        raise InputError(f"elevation {config.elevation:g} must be from 0 to less than {ELEVATIONS * ELEVATION_STEP}")
    targets = config.targets()
    if len(set(targets)) < len(targets):
        raise InputError("two pictures have the same name, so their results would too: make them one after the other")
    for target in targets:
        check = check_target if not _is_sheet(target) else lambda path, **rest: check_stills(path, count=1, **rest)
        check(target, overwrite=config.overwrite, inputs=config.inputs)


def _load(weights: str, category: str, device: torch.device) -> PictureGenerator:
    generator = load_weights(weights, device=device, expect="picture")
    assert isinstance(generator, PictureGenerator)
    if not generator.config.coded or generator.config.structure_channels != CHANNELS:
        raise WeightsError(f"{weights} makes pictures of people, not of objects: see `gfla weights list`")
    official = read_metadata(weights).get("official", "")
    if official and official != f"shapenet_{category}":
        raise WeightsError(f"{weights} are {official} weights, which don't fit --category {category}")
    return generator


def _sources(config: ViewSynthConfig) -> list[SourceView]:
    if config.shapenet and config.id is not None:
        view = load_shapenet(config.shapenet, config.id)
        return [view if config.azimuth is None else SourceView(view.picture, config.azimuth, view.elevation)]
    assert config.azimuth is not None
    return [SourceView(load_object(path), config.azimuth, config.elevation) for path in config.images]


def _tell_steps(azimuths: list[float], elevations: list[float], progress: Progress) -> None:
    views = [(azimuth, elevations[0]) for azimuth in azimuths] + [(0.0, elevation) for elevation in elevations]
    if any((azimuth % 360, elevation) != known_view(azimuth, elevation) for azimuth, elevation in views):
        progress.note("these weights know azimuths in steps of 20 and elevations in steps of 10 degrees: rounded down")


def _views(
    generator: PictureGenerator, source: SourceView, azimuths: list[float], config: ViewSynthConfig, clock: Stopwatch
) -> Iterator[np.ndarray]:
    device = next(generator.parameters()).device
    own = source.azimuth, source.elevation
    for azimuth in azimuths:
        with clock("generate"), torch.inference_mode(), autocast(config.precision, device):
            picture = synthesise(generator, source.picture, own, (azimuth, config.elevation))
        yield picture


def _counted(pictures: Iterable[np.ndarray], progress: Progress) -> Iterator[np.ndarray]:
    for picture in pictures:
        yield picture
        progress.advance()


def _write(target: Path, pictures: Iterator[np.ndarray], count: int, *, overwrite: bool, threads: int | None) -> None:
    if _is_sheet(target):
        write_stills(target, (contact_sheet(pictures) for _ in range(1)), overwrite=overwrite)
        return
    rate = Fraction(count, TURN)
    size = {"width": SIDE, "height": SIDE, "time_base": 1 / rate, "rate": rate}
    with open_output(target, **size, overwrite=overwrite, threads=threads) as writer:
        for number, picture in enumerate(pictures):
            writer.write(picture, number)


def _is_sheet(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and "%" not in path.name and not path.is_dir()
