"""Check of the options of `gfla view-synth`, before any work. Called by `pipelines.view_synthesis`."""

import math
from pathlib import Path

from models.errors import InputError
from models.generators.view_codes import ELEVATION_STEP, ELEVATIONS
from models.turning import HIGHEST, LOWEST
from models.weights import read_metadata
from pipelines.configs import ViewSynthConfig
from pipelines.media.credentials import check_credentials
from pipelines.media.tags import MODEL_SUFFIX
from pipelines.object_views.comparison import find_true_views
from pipelines.object_views.model_file import check_model
from pipelines.object_views.output import check_view_output
from pipelines.object_views.viewpoint import MAX_DISTANCE, MIN_DISTANCE
from pipelines.runtime.input_files import list_input_files

AUTHORS_ELEVATIONS = ELEVATIONS * ELEVATION_STEP  # degrees, exclusive


def check_options(config: ViewSynthConfig) -> None:
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
    for option, elevation in _list_elevations(config):
        if not LOWEST <= elevation <= HIGHEST:
            raise InputError(f"--{option} {elevation:g} must be from {LOWEST:g} to {HIGHEST:g} degrees")
    if config.distance is not None and not MIN_DISTANCE <= config.distance <= MAX_DISTANCE:
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
    for option, elevation in _list_elevations(config):
        if not 0 <= elevation < AUTHORS_ELEVATIONS:
            raise InputError(f"--{option} {elevation:g}: these weights know 0 to below {AUTHORS_ELEVATIONS} degrees")
    if config.distance is not None:
        raise InputError(f"--distance {config.distance:g}: the camera of the authors' generators is fixed, omit it")
    if config.background != "white":
        raise InputError(f"--background {config.background}: the authors' generators render on white only, omit it")
    if any(target.suffix.lower() == MODEL_SUFFIX for target in config.targets()):
        raise InputError(f"{config.generator} weights know too few views for a {MODEL_SUFFIX} file: use `objects`")


def _list_elevations(config: ViewSynthConfig) -> list[tuple[str, float]]:
    """Option and value of each elevation that was given."""
    both = ("elevation", config.elevation), ("view-elevation", config.view_elevation)
    return [(option, elevation) for option, elevation in both if elevation is not None]


def _validate_outputs(config: ViewSynthConfig) -> None:
    targets = config.targets()
    if len(set(targets)) < len(targets):
        raise InputError("two pictures have the same name, so their outputs would too: pass them one at a time")
    for target in targets:
        check_credentials(config, target)
        how = {"transparent": config.background == "transparent", "overwrite": config.overwrite}
        check = check_model if target.suffix.lower() == MODEL_SUFFIX else check_view_output
        check(target, **how, inputs=list_input_files(config))


def _validate_comparison(config: ViewSynthConfig, folder: Path) -> None:
    if len(config.targets()) > 1:
        raise InputError("--compare takes a single picture, because its folder holds views of one object")
    if config.background != "white":
        raise InputError("--compare needs --background white, because the true views are on white")
    find_true_views(folder)
