"""`gfla view-synth`: views of an object from all sides, from one picture of it.

Picture of an object -> cut out and framed, its viewpoint estimated -> generator, once for each azimuth -> turntable,
contact sheet or numbered pictures. The authors' generators take the picture as it is, with a given viewpoint (official
format, sections 9.6, 9.7 and 10).
S = 256: side of source pictures and views. Angles are in degrees and as in `models.generators.view_codes`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.errors import InputError, WeightsError
from models.generators.picture import PictureGenerator
from models.generators.view import ViewGenerator
from models.generators.view_codes import CHANNELS
from models.turning import Camera
from models.viewpoint import ViewpointNetwork
from models.weights import load_weights, read_metadata
from pipelines.configs import ViewSynthConfig
from pipelines.generation.provenance import Record, make_record, make_tags
from pipelines.generation.resources import Resources
from pipelines.media.tags import MODEL_SUFFIX, Tags
from pipelines.object_views.comparison import ViewScores, find_true_views, mean_scores, score_view, show_the_same
from pipelines.object_views.model_file import write_model
from pipelines.object_views.options import check_options, holds_view_generator
from pipelines.object_views.output import write_views
from pipelines.object_views.renderers import GridViewRenderer, ObjectRenderer, ViewRenderer
from pipelines.object_views.shape import Survey, build_mesh
from pipelines.object_views.source import ObjectView, load_shapenet_view, load_square_picture
from pipelines.object_views.symmetry import refine_azimuth
from pipelines.object_views.viewpoint import estimate_view, note_camera
from pipelines.runtime.devices import autocast, choose_device, choose_precision, limit_threads
from pipelines.runtime.progress import SILENT, Progress, note_all
from pipelines.runtime.stopwatch import Stopwatch
from pipelines.runtime.summaries import describe_input, summarize_run


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
        viewpoint = (
            "category",
            "azimuth",
            "elevation",
            "distance",
            "confidence",
            "elevation_confidence",
            "distance_confidence",
        )
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
    check_options(config)
    device = choose_device(config.device, progress.note)
    limit_threads(device)
    precision = choose_precision(config.precision, device)
    with stopwatch("load"):
        # 2. Networks: the generator and, if it takes objects that are cut out and framed, the viewpoint network
        renderer, viewpoint = load_networks(config, device, precision, resources)
        # 3. Source views: uint8 [S, S, 3] with a viewpoint, one for each output
        sources = load_sources(config, renderer, viewpoint, progress)
    used = {"weights": [config.generator, config.viewpoint], "device": str(device), "precision": precision}
    written, compared = dict[Path, list[float]](), list[ViewScores]()  # azimuths, scores
    for source, target in zip(sources, config.targets(), strict=True):
        own = replace(config, images=config.images[len(written) :][:1])
        tags = make_tags(make_record("view-synth", own, **used), config)
        if target.suffix.lower() == MODEL_SUFFIX and isinstance(renderer, ObjectRenderer):
            make_model(renderer, source, target, config, tags, stopwatch, progress)
            written[target] = [(source.azimuth + azimuth) % 360 for azimuth, _ in renderer.survey_angles]
            continue
        azimuths = choose_azimuths(config, source, renderer.views_per_turn)
        elevation = choose_elevation(config, source)
        if warning := renderer.warning(source, azimuths, elevation):
            progress.note(warning)
        # 4. Render: uint8 [S, S, 3 or 4] for each azimuth
        progress.stage(target.name, len(azimuths))
        views = render_views(renderer, source, azimuths, elevation, stopwatch, progress)
        # 5. Write the views as they come
        how = {"transparent": config.background == "transparent", "overwrite": config.overwrite}
        with stopwatch("encode"):
            notes = write_views(target, views, count=len(azimuths), **how, threads=resources.threads, tags=tags)
        note_all(progress, notes)
        written[target] = [azimuth % 360 for azimuth in azimuths]
        # 6. Compare with true views
        if config.compare:
            with stopwatch("compare"):
                compared += compare_views(renderer, source, elevation, config, progress)
    facts = str(device), precision, dict(stopwatch.seconds), compared, make_record("view-synth", config, **used)
    return ViewSynthResult(config, written, sources, *facts)


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
    if config.category not in ("auto", *generator.config.categories):
        known = ", ".join(generator.config.categories)
        raise WeightsError(
            f"{config.generator} weights know {known}: use weights that know --category {config.category}"
        )
    renderer = ObjectRenderer(generator, precision, background=config.background)
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
    if official and category != "auto" and official != f"shapenet_{category}":
        raise WeightsError(f"{weights} holds {official} weights, which don't match --category {category}")
    return generator


# 3. Source views


def load_sources(
    config: ViewSynthConfig, renderer: ViewRenderer, viewpoint: ViewpointNetwork | None, progress: Progress
) -> list[ObjectView]:
    """The view of the ShapeNet file, or one of each picture: framed by the viewpoint network if there is one, and its
    azimuth refined."""
    if config.shapenet and config.id is not None:
        view = load_shapenet_view(config.shapenet, config.id)
        camera = {name: getattr(config, name) for name in ("azimuth", "elevation", "distance")}
        given = {name: value for name, value in camera.items() if value is not None}
        return [replace(view, category=config.category, **given)]
    if viewpoint is None or not isinstance(renderer, ObjectRenderer):
        assert config.azimuth is not None  # see `check_options`
        return [
            ObjectView(load_square_picture(path), config.azimuth, config.elevation or 0.0) for path in config.images
        ]
    given = {name: getattr(config, name) for name in ("category", "azimuth", "elevation", "distance")}
    given["categories"] = renderer.generator.config.categories
    views = []
    for path in config.images:
        view = refine_azimuth(renderer, estimate_view(path, viewpoint, **given, progress=progress))
        note_camera(path, view, progress)
        views.append(view)
    return views


# 4. Rendering


def choose_azimuths(config: ViewSynthConfig, source: ObjectView, views_per_turn: int) -> list[float]:
    """The azimuths asked for, or those of a full turn that begins at the source's."""
    count = config.views or views_per_turn
    return list(config.angles) or [source.azimuth + 360 * view / count for view in range(count)]


def choose_elevation(config: ViewSynthConfig, source: ObjectView) -> float:
    """That asked for; otherwise the source's, so that a full turn begins at its view."""
    return source.elevation if config.view_elevation is None else config.view_elevation


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


def make_model(
    renderer: ObjectRenderer,
    source: ObjectView,
    target: Path,
    config: ViewSynthConfig,
    tags: Tags,
    stopwatch: Stopwatch,
    progress: Progress,
) -> None:
    """Write the object's shape with the colours of views all around."""
    progress.stage(target.name, len(renderer.survey_angles))
    cameras, colours, alphas = [], [], []
    with stopwatch("generate"):
        for camera, view in renderer.survey(source):
            cameras.append(camera.stack())
            colours.append(view.colours.float())
            alphas.append(view.alpha.float())
            progress.advance()
    with stopwatch("encode"):
        survey = Survey(Camera.unstack(torch.cat(cameras)), torch.cat(colours), torch.cat(alphas))
        write_model(target, build_mesh(survey), overwrite=config.overwrite, tags=tags)


# 6. Comparison


def compare_views(
    renderer: ViewRenderer, source: ObjectView, elevation: float, config: ViewSynthConfig, progress: Progress
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
    views = renderer.render(source, list(true), elevation)
    return [score_view(azimuth, view, path) for (azimuth, path), view in zip(true.items(), views, strict=True)]
