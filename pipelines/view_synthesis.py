"""`gfla view-synth`: views of an object all around, from one picture of it.

Picture of the object -> cut out, framed, seen from an azimuth -> generator, given each target's viewpoint -> turntable,
contact sheet or numbered pictures. The authors' generators take the picture as it is (official format, sections 9.6,
9.7 and 10).
"""

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch

from models.errors import WeightsError
from models.generators.picture import PictureGenerator
from models.generators.view import ViewGenerator
from models.generators.view_codes import CHANNELS
from models.viewpoint import ViewpointNetwork
from models.weights import load_weights, read_metadata
from pipelines.configs import ViewSynthConfig
from pipelines.generation.resources import Resources
from pipelines.generation.rollout import Stopwatch
from pipelines.media.stills import write_stills
from pipelines.media.writer import open_output
from pipelines.object_views.comparison import ViewScores, compare, true_views
from pipelines.object_views.renderers import GridViewRenderer, ObjectRenderer, ViewRenderer
from pipelines.object_views.source import SIDE, ObjectView, load_object, load_shapenet
from pipelines.object_views.viewpoint import estimate_view
from pipelines.runtime.devices import autocast, choose_device
from pipelines.runtime.progress import Progress, SilentProgress
from pipelines.view_synthesis_job import ViewSynthResult, check, is_sheet

TURN = 3  # seconds that a turntable takes
COLUMNS = 6


def synthesize_views(
    config: ViewSynthConfig, progress: Progress | None = None, studio: Resources | None = None
) -> ViewSynthResult:
    """Make the views of every picture and write them.

    `studio` has what several jobs share.

    Raises:
        InputError: unreadable input, existing or unwritable output, wrong option.
        WeightsError, BackendUnavailable: weights or device asked for can't be used.
        ProcessingError: the work started and could not be finished (full disk).
    """
    progress, studio, clock = progress or SilentProgress(), studio or Resources(), Stopwatch()
    own = check(config)
    device = choose_device(config.device)
    with clock("load"):
        viewer = _viewer(config, device, studio, own=own)
        sources = list(_sources(config, device, studio, progress, own=own))
    made, compared = {}, []
    for source, target in zip(sources, config.targets(), strict=True):
        count = config.views or viewer.views
        azimuths = list(config.angles) or [source.azimuth + 360 * view / count for view in range(count)]
        if doubt := viewer.doubt(source, azimuths, config.elevation):
            progress.note(doubt)
        progress.stage(target.name, len(azimuths))
        pictures = _timed(viewer.show(source, azimuths, config.elevation), clock, progress)
        _write(target, pictures, len(azimuths), config, studio.threads)
        made[target] = [azimuth % 360 for azimuth in azimuths]
        if config.compare:
            compared += _compared(viewer, source, config.compare, config.elevation)
    return ViewSynthResult(config, made, sources, str(device), dict(clock.seconds), compared)


def contact_sheet(pictures: Iterable[np.ndarray]) -> np.ndarray:
    """Pictures uint8 [h, w, 3 or 4] of one size in rows of at most 6, blank where the last row is short."""
    cells = list(pictures)
    columns = min(len(cells), COLUMNS)
    rows = math.ceil(len(cells) / columns)
    empty = np.full_like(cells[0], 255 if cells[0].shape[2] == 3 else 0)
    cells += [empty] * (rows * columns - len(cells))
    return np.concatenate([np.concatenate(cells[row * columns : (row + 1) * columns], 1) for row in range(rows)])


def _viewer(config: ViewSynthConfig, device: torch.device, studio: Resources, *, own: bool) -> ViewRenderer:
    precision = autocast(config.precision, device)
    if own:
        generator = studio.load(load_weights, config.generator, device=device, expect="view")
        assert isinstance(generator, ViewGenerator)
        return ObjectRenderer(generator, precision, background=config.background, distance=config.distance)
    return GridViewRenderer(studio.load(_load_official, config.generator, config.category, device), precision)


def _load_official(weights: str, category: str, device: torch.device) -> PictureGenerator:
    generator = load_weights(weights, device=device, expect="picture")
    assert isinstance(generator, PictureGenerator)
    if not generator.config.coded or generator.config.structure_channels != CHANNELS:
        raise WeightsError(f"{weights} makes pictures of people, not of objects: see `gfla weights list`")
    official = read_metadata(weights).get("official", "")
    if official and official != f"shapenet_{category}":
        raise WeightsError(f"{weights} are {official} weights, which don't fit --category {category}")
    return generator


def _sources(
    config: ViewSynthConfig, device: torch.device, studio: Resources, progress: Progress, *, own: bool
) -> Iterator[ObjectView]:
    if config.shapenet and config.id is not None:
        view = load_shapenet(config.shapenet, config.id)
        yield view if config.azimuth is None else ObjectView(view.picture, config.azimuth, view.elevation)
        return
    if not own:
        assert config.azimuth is not None
        for path in config.images:
            yield ObjectView(load_object(path), config.azimuth, config.elevation)
        return
    network = _viewpoint(config, device, studio)
    asked = {"azimuth": config.azimuth, "elevation": config.elevation, "progress": progress}
    for path in config.images:
        yield estimate_view(path, network, category=config.category, **asked)


def _viewpoint(config: ViewSynthConfig, device: torch.device, studio: Resources) -> ViewpointNetwork:
    network = studio.load(load_weights, config.viewpoint, device=device, expect="viewpoint")
    assert isinstance(network, ViewpointNetwork)
    return network


def _timed(pictures: Iterator[np.ndarray], clock: Stopwatch, progress: Progress) -> Iterator[np.ndarray]:
    while True:
        with clock("generate"):
            picture = next(pictures, None)
        if picture is None:
            return
        yield picture
        progress.advance()


def _compared(viewer: ViewRenderer, source: ObjectView, folder: Path, elevation: float) -> list[ViewScores]:
    """Every true view but the source's own."""
    views = {azimuth: path for azimuth, path in true_views(folder).items() if azimuth != source.azimuth % 360}
    made = viewer.show(source, list(views), elevation)
    return [compare(azimuth, picture, path) for (azimuth, path), picture in zip(views.items(), made, strict=True)]


def _write(
    target: Path, pictures: Iterator[np.ndarray], count: int, config: ViewSynthConfig, threads: int | None
) -> None:
    if is_sheet(target):
        write_stills(target, (contact_sheet(pictures) for _ in range(1)), overwrite=config.overwrite)
        return
    if config.background == "transparent":
        write_stills(target, pictures, overwrite=config.overwrite)
        return
    rate = Fraction(count, TURN)
    size = {"width": SIDE, "height": SIDE, "time_base": 1 / rate, "rate": rate}
    with open_output(target, **size, overwrite=config.overwrite, threads=threads) as writer:
        for number, picture in enumerate(pictures):
            writer.write(picture, number)
