"""Which inputs have arrived completely, while others are still being copied, downloaded or written.

Called by `pipelines.batch.watch`. Times are seconds of any clock.
"""

import json
from pathlib import Path
from typing import Any

from PIL import Image

from pipelines.media.completeness import read_structure
from pipelines.media.containers import open_media
from pipelines.media.suffixes import DRIVING_SUFFIXES, PICTURE_SUFFIXES
from pipelines.runtime.fingerprints import file_identity

SETTLED = 2.0  # seconds in which a file must not have changed
PATIENCE = 60.0  # seconds after which a file that is not whole is taken as it is, so that its job says why it fails


class Arrivals:
    """Looks at files again and again, until they no longer change and are whole."""

    def __init__(self) -> None:
        self._changed: dict[str, tuple[list[Any], float]] = {}  # identity, and since when it is so
        self._complete: dict[str, list[Any]] = {}

    def is_complete(self, path: str, now: float) -> bool:
        """Whether a file or folder of pictures, which may be missing, has arrived by the time `now`."""
        identity = file_identity(Path(path))
        if self._complete.get(path) == identity:
            return True
        before, since = self._changed.get(path, (None, now))
        if before != identity:
            self._changed[path] = identity, now
        is_there, unchanged = len(identity) > 1, now - since if before == identity else 0.0
        if not is_there or unchanged < SETTLED or (unchanged < PATIENCE and not is_whole(Path(path))):
            return False
        self._complete[path] = identity
        return True


def is_whole(path: Path) -> bool:
    """Whether a picture, video or pose file can be read to its end; True for everything else."""
    suffix = path.suffix.lower()
    try:
        if path.is_dir():
            return True
        if suffix == ".json":
            json.loads(path.read_bytes())
        elif suffix in PICTURE_SUFFIXES:
            with Image.open(path) as picture:
                picture.load()
        elif suffix in DRIVING_SUFFIXES:
            with open_media(path) as media:
                return not read_structure(path, media.format.name).cut_short
    except Exception:  # of any library that reads it; what is wrong with it is the job's to say
        return False
    return True
