"""One small folder per layout for all tests here; whoever harms one takes a copy."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.datasets.human36m import SUBJECTS
from tests.helpers import dataset_folders as folders

MAKERS: dict[str, Callable[[Path], Path]] = {
    "fashion": folders.fashion,
    "market": folders.market,
    "dance-fashion": lambda folder: folders.dance(folder, frames=5),
    "dance-iper": lambda folder: folders.dance(folder, frames=5, masks=True),
    "faceforensics": lambda folder: folders.faceforensics(folder, frames=4),
    "shapenet-car": lambda folder: folders.shapenet(folder, size=64),
    "human36m": lambda folder: folders.human36m(folder, subjects=sum(SUBJECTS.values(), ())),
}


@pytest.fixture(scope="package")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder with the layout of this name, made on first use."""
    made: dict[str, Path] = {}

    def make(name: str) -> Path:
        if name not in made:
            made[name] = MAKERS[name](tmp_path_factory.mktemp(name))
        return made[name]

    return make
