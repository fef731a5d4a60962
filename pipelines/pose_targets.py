"""The poses a picture shall take: from pictures of people, pose files, and folders of either.

P people of a picture.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipelines.keypoints.detection import Sighting, detect_image
from pipelines.keypoints.detectors.registry import KeypointDetector
from pipelines.keypoints.track import PoseTrack, is_track, load_track
from pipelines.media.files import check_readable
from pipelines.media.folders import PictureFolder
from pipelines.media.pictures import load_picture


@dataclass(frozen=True)
class Target:
    """One pose: a picture still to be looked at, or a track of one frame. `name` stands in messages."""

    name: str
    picture: Path | None = None
    track: PoseTrack | None = None

    def image(self) -> np.ndarray | None:
        """uint8 RGB [H, W, 3], None for a pose from a file. Raises InputError for an unreadable picture."""
        return load_picture(self.picture) if self.picture else None

    def sight(self, extractor: KeypointDetector) -> Sighting:
        """The people of the target. Raises InputError for an unreadable picture."""
        if self.track is not None:
            return Sighting(self.track, [None])
        image = self.image()
        assert image is not None
        return detect_image(image, extractor)


def find_targets(paths: Iterable[Path]) -> list[Target]:
    """Every target of these files and folders, in order; frames of a track are targets of their own.

    Raises:
        InputError: a path that does not exist, an empty folder, a damaged pose file.
    """
    return [target for path in paths for target in _targets(path)]


def _targets(path: Path) -> Iterator[Target]:
    check_readable(path)
    if is_track(path):
        track = load_track(path)
        several = len(track.frames) > 1
        for number, frame in enumerate(track.frames, 1):
            one = PoseTrack(track.layout, track.width, track.height, track.time_base, [frame])
            yield Target(f"{path} frame {number}" if several else str(path), track=one)
    else:
        files = PictureFolder(path, rate=None).files if path.is_dir() else [path]
        yield from (Target(str(file), picture=file) for file in files)
