"""`gfla view-synth`: views of an object from all sides, from one picture of it.

Picture of an object -> cut out and framed, its viewpoint estimated -> generator, once for each azimuth -> turntable,
contact sheet or numbered pictures. The authors' generators take the picture as it is, with a given viewpoint (official
format, sections 9.6, 9.7 and 10).
S = 256: side of source pictures and views. Angles are in degrees and as in `models.generators.view_codes`.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.errors import InputError, WeightsError
from models.generators.picture import PictureGenerator
from models.generators.view import ViewGenerator
from models.generators.view_codes import CHANNELS, ELEVATION_STEP, ELEVATIONS
from models.viewpoint import ViewpointNetwork
from models.weights import load_weights, read_metadata
from pipelines.configs import DEFAULT_DISTANCE, ViewSynthConfig
from pipelines.generation.provenance import Record, make_record, make_tags
from pipelines.generation.resources import Resources
from pipelines.media.credentials import check_credentials
from pipelines.object_views.comparison import ViewScores, find_true_views, mean_scores, score_view, show_the_same
from pipelines.object_views.output import check_view_output, write_views
from pipelines.object_views.renderers import GridViewRenderer, ObjectRenderer, ViewRenderer
from pipelines.object_views.source import ObjectView, load_shapenet_view, load_square_picture
from pipelines.object_views.viewpoint import estimate_view
from pipelines.runtime.devices import autocast, choose_device, choose_precision
from pipelines.runtime.input_files import list_input_files
from pipelines.runtime.progress import SILENT, Progress, note_all
from pipelines.runtime.stopwatch import Stopwatch
from pipelines.runtime.summaries import describe_input, summarize_run

MIN_DISTANCE, MAX_DISTANCE = 1.0, 20.0  # of the camera, in diagonals of the object
MAX_ELEVATION = ELEVATIONS * ELEVATION_STEP  # degrees, exclusive


@dataclass(frozen=True)
class ViewSynthResult:
    """What a run wrote and how long it took."""

    config: ViewSynthConfig
    azimuths: dict[Path, list[float]]
    """Azimuths of the views in each output, 0 <= azimuth < 360."""
    sources: list[ObjectView]
    """One per output, in the same order."""
    device: str
    """The device that the generator ran on."""
    precision: str
    """The precision it ran in: fp32, bf16 or fp16."""
    seconds: dict[str, float]
    """By stage: `load`, `generate`, `encode`, `compare`."""
    compared: list[ViewScores] = field(default_factory=list)
    """Scores of the views that have a true one."""
    record: Record = field(default_factory=dict)
    """Of what and how the outputs were made."""

    @property
    def means(self) -> dict[str, float]:
        """The means of `compared`."""
        return mean_scores(self.compared)

    def summary(self) -> dict[str, Any]:
        """One JSON-ready object: inputs with SHA-256, options, versions, timings, outputs."""
        viewpoint = ("azimuth", "elevation", "confidence")
        compared = {"views": [asdict(view) for view in self.compared], "means": self.means} if self.compared else {}
        return {
            "outputs": [str(path) for path in self.azimuths],
            "azimuths": list(self.azimuths.values()),
            "inputs": [describe_input(path) for path in self.config.inputs],
            "sources": [{name: getattr(source, name) for name in viewpoint} for source in self.sources],
            "compared": compared,
            "record": self.record,
            **summarize_run(
                self.config,
                weights=self.config.generator,
                device=self.device,
                precision=self.precision,
                seconds=self.seconds,
            ),
        }


def synthesize_views(
    config: ViewSynthConfig, progress: Progress = SILENT, resources: Resources | None = None
) -> ViewSynthResult:
    """Render the object of every picture from all sides and write the views.

    Args:
        resources: loaded networks that several jobs share.

    Raises:
        InputError: an unreadable input, an existing or unwritable output, or an invalid option.
        WeightsError, BackendUnavailable: the weights or the device can't be used.
        ProcessingError: the work started but could not be finished, for example because the disk is full.
    """
    resources, stopwatch = resources or Resources(), Stopwatch()
    # 1. Refuse whatever can be refused before any work
    validate(config)
    device = choose_device(config.device, progress.note)
    precision = choose_precision(config.precision, device)
    with stopwatch("load"):
        # 2. Networks: the generator and, if it takes objects that are cut out and framed, the viewpoint network
        renderer, viewpoint = load_networks(config, device, precision, resources)
        # 3. Source views: uint8 [S, S, 3] with a viewpoint, one for each output
        sources = load_sources(config, viewpoint, progress)
    used = {"weights": [config.generator, config.viewpoint], "device": str(device), "precision": precision}
    written, compared = dict[Path, list[float]](), list[ViewScores]()  # azimuths, scores
    for source, target in zip(sources, config.targets(), strict=True):
        azimuths = choose_azimuths(config, source, renderer.views_per_turn)
        elevation = choose_elevation(config, source)
        if warning := renderer.warning(source, azimuths, elevation):
            progress.note(warning)
        # 4. Render: uint8 [S, S, 3 or 4] for each azimuth
        progress.stage(target.name, len(azimuths))
        views = render_views(renderer, source, azimuths, elevation, stopwatch, progress)
        # 5. Write the views as they come
        how = {"transparent": config.background == "transparent", "overwrite": config.overwrite}
        own = replace(config, images=config.images[len(written) :][:1])
        with stopwatch("encode"):
            tags = make_tags(make_record("view-synth", own, **used), config)
            notes = write_views(target, views, count=len(azimuths), **how, threads=resources.threads, tags=tags)
        note_all(progress, notes)
        written[target] = [azimuth % 360 for azimuth in azimuths]
        # 6. Compare with true views
        if config.compare:
            with stopwatch("compare"):
                compared += compare_views(renderer, source, config, progress)
    facts = str(device), precision, dict(stopwatch.seconds), compared, make_record("view-synth", config, **used)
    return ViewSynthResult(config, written, sources, *facts)


# 1. Validation


def validate(config: ViewSynthConfig) -> None:
    """Refuse whatever can be refused before any work.

    Raises:
        InputError: an invalid option, or an output that exists or can't be written.
        WeightsError: no such weights, or damaged ones.
    """
    if bool(config.images) == bool(config.shapenet) or (config.shapenet is None) != (config.id is None):
        raise InputError("pass either pictures, or --shapenet FILE with --id, one of its views")
    if not holds_view_generator(config.generator):
        _validate_for_authors_generators(config)
    for angle in (config.azimuth or 0.0, *config.angles):
        if not math.isfinite(angle):
            raise InputError(f"angle {angle:g}: --azimuth and --angles must be finite numbers of degrees")
    if not 0 <= config.elevation < MAX_ELEVATION:
        raise InputError(f"--elevation {config.elevation:g} must be at least 0 and below {MAX_ELEVATION} degrees")
    if not MIN_DISTANCE <= config.distance <= MAX_DISTANCE:
        limits = f"from {MIN_DISTANCE:g} to {MAX_DISTANCE:g} diagonals of the object"
        raise InputError(f"--distance {config.distance:g} must be {limits}")
    _validate_outputs(config)
    if config.compare:
        _validate_comparison(config, config.compare)


def holds_view_generator(weights: str) -> bool:
    """Whether weights are of the project's generator, which takes framed objects and renders any viewpoint.

    Otherwise they have to be of one of the authors', which take pictures as they are and know 54 viewpoints on white.
    """
    return read_metadata(weights)["architecture"] == "view"


def _validate_for_authors_generators(config: ViewSynthConfig) -> None:
    if config.images and config.azimuth is None:
        raise InputError(
            "these weights need --azimuth, the direction from which the picture shows the object (0 front, 180 back)"
        )
    if config.distance != DEFAULT_DISTANCE:
        raise InputError(f"--distance {config.distance:g}: the camera of the authors' generators is fixed, omit it")
    if config.background != "white":
        raise InputError(f"--background {config.background}: the authors' generators render on white only, omit it")


def _validate_outputs(config: ViewSynthConfig) -> None:
    targets = config.targets()
    if len(set(targets)) < len(targets):
        raise InputError("two pictures have the same name, so their outputs would too: pass them one at a time")
    for target in targets:
        check_credentials(config, target)
        how = {"transparent": config.background == "transparent", "overwrite": config.overwrite}
        check_view_output(target, **how, inputs=list_input_files(config))


def _validate_comparison(config: ViewSynthConfig, folder: Path) -> None:
    if len(config.targets()) > 1:
        raise InputError("--compare takes a single picture, because its folder holds views of one object")
    if config.background != "white":
        raise InputError("--compare needs --background white, because the true views are on white")
    find_true_views(folder)


# 2. Networks


def load_networks(
    config: ViewSynthConfig, device: torch.device, precision: str, resources: Resources
) -> tuple[ViewRenderer, ViewpointNetwork | None]:
    """The generator, and the viewpoint network unless it is not needed: the authors' generators take pictures as they
    are, and ShapeNet's views have a viewpoint.

    Raises WeightsError if the weights are of another architecture or of another category of objects.
    """
    if not holds_view_generator(config.generator):
        generator = resources.load(_load_authors_generator, config.generator, config.category, device)
        return GridViewRenderer(generator, autocast(precision, device)), None
    generator = resources.load(load_weights, config.generator, device=device, expect="view")
    assert isinstance(generator, ViewGenerator)
    renderer = ObjectRenderer(generator, precision, background=config.background, distance=config.distance)
    if config.shapenet:
        return renderer, None
    viewpoint = resources.load(load_weights, config.viewpoint, device=device, expect="viewpoint")
    assert isinstance(viewpoint, ViewpointNetwork)
    return renderer, viewpoint


def _load_authors_generator(weights: str, category: str, device: torch.device) -> PictureGenerator:
    generator = load_weights(weights, device=device, expect="picture")
    assert isinstance(generator, PictureGenerator)
    if not generator.config.coded or generator.config.structure_channels != CHANNELS:
        raise WeightsError(f"{weights} weights generate people, not objects: see `gfla weights list`")
    official = read_metadata(weights).get("official", "")
    if official and official != f"shapenet_{category}":
        raise WeightsError(f"{weights} holds {official} weights, which don't match --category {category}")
    return generator


# 3. Source views


def load_sources(config: ViewSynthConfig, viewpoint: ViewpointNetwork | None, progress: Progress) -> list[ObjectView]:
    """The view of the ShapeNet file, or one of each picture: framed by the viewpoint network if there is one."""
    if config.shapenet and config.id is not None:
        view = load_shapenet_view(config.shapenet, config.id)
        return [view if config.azimuth is None else replace(view, azimuth=config.azimuth)]
    if viewpoint is None:
        assert config.azimuth is not None  # see `validate`
        return [ObjectView(load_square_picture(path), config.azimuth, config.elevation) for path in config.images]
    given = {"category": config.category, "azimuth": config.azimuth, "elevation": config.elevation}
    return [estimate_view(path, viewpoint, **given, progress=progress) for path in config.images]


# 4. Rendering


def choose_azimuths(config: ViewSynthConfig, source: ObjectView, views_per_turn: int) -> list[float]:
    """The azimuths asked for, or those of a full turn that begins at the source's."""
    count = config.views or views_per_turn
    return list(config.angles) or [source.azimuth + 360 * view / count for view in range(count)]


def choose_elevation(config: ViewSynthConfig, source: ObjectView) -> float:
    """That asked for; a full turn for which none was asked for stays at the source's, so that it begins at its view."""
    own = config.azimuth is None and config.elevation == 0 and not config.angles
    return source.elevation if own else config.elevation


def render_views(
    renderer: ViewRenderer,
    source: ObjectView,
    azimuths: Sequence[float],
    elevation: float,
    stopwatch: Stopwatch,
    progress: Progress,
) -> Iterator[np.ndarray]:
    """Views uint8 [S, S, 3 or 4], timed and counted."""
    views = renderer.render(source, azimuths, elevation)
    for _ in azimuths:
        with stopwatch("generate"):
            view = next(views)
        yield view
        progress.advance()


# 6. Comparison


def compare_views(
    renderer: ViewRenderer, source: ObjectView, config: ViewSynthConfig, progress: Progress
) -> list[ViewScores]:
    """Scores of all views that have a true one in `config.compare`, except the source's own."""
    assert config.compare
    true = find_true_views(config.compare)
    for azimuth, path in list(true.items()):
        if azimuth == source.azimuth % 360 or any(show_the_same(path, image) for image in config.images):
            progress.note(f"{path.name} shows the source's own view: not compared")
            del true[azimuth]
    if not true:
        raise InputError(f"{config.compare} has no view but the source's own: add true views from other sides")
    views = renderer.render(source, list(true), config.elevation)
    return [score_view(azimuth, view, path) for (azimuth, path), view in zip(true.items(), views, strict=True)]
