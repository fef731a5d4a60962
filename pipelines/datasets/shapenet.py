"""ShapeNet: views of cars or chairs in one HDF5 file (official format, sections 9.6 and 10).

    data_CATEGORY.hdf5               a group per view: image uint8 [256, 256, 3], pose (azimuth / 10 degrees, elevation)
    id_CATEGORY_PHASE.txt            views MODEL_AZIMUTH_ELEVATION, in the units of `pose`
    name_CATEGORY_PHASE.txt          models

`registry` opens and checks the folder; `object_views.source` reads single views.

Legend: S = 21 channels of the code of a view, H, W size of a picture.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from models.errors import BackendUnavailable, InputError, install_command
from models.generators.view_codes import AZIMUTHS, view_code
from pipelines.datasets.base import SeededDataset
from pipelines.datasets.files import find_one, read_words
from pipelines.datasets.report import DatasetReport
from pipelines.datasets.samples import Pair
from pipelines.datasets.transforms import resize
from pipelines.media.tensors import image_to_tensor

SIZE = 256  # side of the pictures, pixels
DEGREES_PER_UNIT = 10  # of azimuths in `pose`
UNITS = 2  # between two of the 18 views


def required(category: str, phase: str) -> list[str]:
    """Patterns of what must be in the folder."""
    return [f"data_{category}.hdf5", *(f"{kind}_{category}_{phase}*.txt" for kind in ("id", "name"))]


class ObjectPairs(SeededDataset[Pair]):
    """Pairs of views of one model.

    In training one item per view, its target another view of the same model; in the test all 18 targets of every model
    at elevation 0, from the source at (index of the model mod 18) times 20 degrees.

    Args:
        size: H = W of the images.

    Raises:
        InputError: a file is missing; for an item, its view can't be read.
        BackendUnavailable: h5py is not installed.
    """

    def __init__(self, folder: Path, phase: str, *, category: str, size: int = SIZE, seed: int = 0) -> None:
        super().__init__(seed)
        data, ids, names = (find_one(folder, pattern) for pattern in required(category, phase))
        self.data, self.size, self.training = data, size, phase == "train"
        self.ids, self.names = read_words(ids), read_words(names)
        self.views: dict[str, list[str]] = {}
        for view in self.ids:
            self.views.setdefault(model_of(view), []).append(view)
        self._opened: tuple[int, Any] | None = None
        open_hdf5(self.data).close()

    def __len__(self) -> int:
        return len(self.ids) if self.training else AZIMUTHS * len(self.names)

    def __getitem__(self, index: int) -> Pair:
        if not 0 <= index < len(self):
            raise IndexError(index)
        source, target = self.pair(index)
        return Pair(*self._read(source), *self._read(target))

    def __getstate__(self) -> dict:
        return self.__dict__ | {"_opened": None}

    def pair(self, index: int) -> tuple[str, str]:
        """The names of the views of an item: source and target."""
        if self.training:
            source = self.ids[index]
            others = [view for view in self.views[model_of(source)] if view != source] or [source]
            return source, others[int(self.item_random(index).integers(len(others)))]
        model, target = divmod(index, AZIMUTHS)
        name = self.names[model]
        return f"{name}_{UNITS * (model % AZIMUTHS)}_0", f"{name}_{UNITS * target}_0"

    def _read(self, name: str) -> tuple[Tensor, Tensor]:
        """Image [3, size, size] and code [S, 1, 1] of a view."""
        picture, (azimuth, elevation) = read_view(self._open(), name)
        image = image_to_tensor(resize(picture, (self.size, self.size)))
        return image, view_code(DEGREES_PER_UNIT * azimuth, elevation)

    def _open(self) -> Any:
        """The open file, one per process: a handle doesn't survive a fork."""
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened = os.getpid(), open_hdf5(self.data)
        return self._opened[1]


def model_of(view: str) -> str:
    """MODEL from a name MODEL_AZIMUTH_ELEVATION."""
    return view.rsplit("_", 2)[0]


def open_hdf5(path: Path) -> Any:
    """Opens an HDF5 file for reading. Raises BackendUnavailable without h5py, InputError if it is damaged."""
    try:
        import h5py
    except ImportError:
        raise BackendUnavailable(f"HDF5 files need the package h5py: {install_command('research')}") from None
    try:
        return h5py.File(path, "r")
    except OSError:
        raise InputError(f"{path} is not an HDF5 file, or is damaged; copy it again") from None


def read_view(file: Any, name: str) -> tuple[np.ndarray, tuple[float, float]]:
    """Picture uint8 [H, W, 3] and pose of a view: azimuth in units of 10 degrees, elevation in degrees.

    Raises:
        InputError: the view is missing or has another form.
    """
    where = f"{file.filename} view {name}"
    if name not in file:
        raise InputError(f"{where} is missing")
    try:
        picture, pose = np.asarray(file[name]["image"]), np.asarray(file[name]["pose"], np.float64).ravel()
    except (KeyError, TypeError, ValueError, OSError):
        raise InputError(f"{where} must be a group with image and pose") from None
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise InputError(f"{where}: image is {picture.dtype} {picture.shape}, not uint8 (H, W, 3)")
    try:
        azimuth, elevation = pose.tolist()
        view_code(DEGREES_PER_UNIT * azimuth, elevation)
    except ValueError:
        form = "an azimuth in units of 10 degrees and an elevation of 0 to 29 degrees"
        raise InputError(f"{where}: pose {pose.tolist()} must be {form}") from None
    return picture, (azimuth, elevation)


def check(folder: Path, phase: str, report: DatasetReport, category: str) -> None:
    """Checks every view of one phase."""
    with report.collect_errors("unreadable files"):
        data = ObjectPairs(folder, phase, category=category)
        views = data.ids if phase == "train" else [data.pair(index)[1] for index in range(len(data))]
        with open_hdf5(data.data) as file:
            report.items[phase] = sum([_is_good_view(file, view, report) for view in views])


def _is_good_view(file: Any, name: str, report: DatasetReport) -> bool:
    """Whether a view is there in the right form; another size is noted."""
    report.progress.advance()
    before = report.count_problems()
    with report.collect_errors("missing or malformed views"):
        picture, _ = read_view(file, name)
        if picture.shape[:2] != (SIZE, SIZE):
            what = f"images that are not {SIZE}x{SIZE} and get resized to it"
            report.add_note(what, f"{file.filename} view {name}")
    return report.count_problems() == before
