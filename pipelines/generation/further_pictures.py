"""Further pictures of the person who is animated, from other sides for example (`--also`).

Each is found and cut out like the source picture; processors put them where its person is. H, W: picture.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from models.errors import InputError
from pipelines.compositing.matte import Matte
from pipelines.generation.background import makes_layers
from pipelines.generation.cutout import describe_certainty, find_matte
from pipelines.generation.networks import PersonNetworks
from pipelines.generation.resources import Resources
from pipelines.keypoints.motion import SourcePerson, find_source_person
from pipelines.media.pictures import load_with_alpha
from pipelines.option_groups import PersonOptions
from pipelines.runtime.progress import Progress, note_all


@dataclass(frozen=True)
class FurtherPicture:
    """Another picture of the person."""

    person: SourcePerson
    """Upright, with the pose in its own pixels."""
    matte: Matte
    """The person, cut out."""


def check_further_pictures(config: PersonOptions, weights: str) -> None:
    """Refuse further pictures where no network can use them.

    Raises:
        InputError: weights that paint the background with the person.
        WeightsError: no such weights, or damaged ones.
    """
    if config.also and not makes_layers(weights):
        raise InputError(f"--also: {weights} weights don't make the person alone; use --weights person")


def find_further_pictures(
    paths: Sequence[Path], networks: PersonNetworks, resources: Resources, progress: Progress
) -> list[FurtherPicture]:
    """Find the largest person in every picture and cut them out.

    Raises:
        InputError: unreadable, or nobody in it.
    """
    return [_find_picture(path, networks, resources, progress) for path in paths]


def _find_picture(path: Path, networks: PersonNetworks, resources: Resources, progress: Progress) -> FurtherPicture:
    picture, alpha = resources.load(load_with_alpha, path)
    tools = networks.detector, networks.cleaner, networks.track_cache
    person = find_source_person(path, picture, *tools, alpha=alpha, find_mask=networks.find_mask)
    matte = find_matte(person)
    note_all(progress, (f"{path.name}: {note}" for note in _notes(person, matte)))
    return FurtherPicture(replace(person, notes=()), matte)


def _notes(person: SourcePerson, matte: Matte) -> Iterator[str]:
    yield from person.notes
    if unsure := describe_certainty(matte.certainty):
        yield unsure
