"""The data sets by name: opens one for training or evaluation, or checks its folder.

`gfla data check`, training and evaluation call it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from models.errors import InputError
from pipelines.datasets import dance, faceforensics, human36m, person_pairs, shapenet
from pipelines.datasets.base import SeededDataset
from pipelines.datasets.report import DatasetReport
from pipelines.runtime.progress import Progress, SilentProgress

PHASES = ("train", "test")


@dataclass(frozen=True)
class Layout:
    """A folder layout and what reads it."""

    unit: str
    """What the items are: "pairs", "clips" or "views"."""
    open: Callable[..., SeededDataset[Any]]
    """(folder, phase, **options) -> data set."""
    required: Callable[[str], list[str]]
    """phase -> patterns of what must be in the folder."""
    check: Callable[[Path, str, DatasetReport], None]
    """Fills in the report: (folder, phase, report)."""


def _person_pairs(layout: person_pairs.PersonLayout) -> Layout:
    open_pairs, check = partial(person_pairs.PersonPairs, layout=layout), partial(person_pairs.check, layout=layout)
    return Layout("pairs", open_pairs, layout.required, check)


def _dance(layout: dance.DanceLayout) -> Layout:
    open_clips, check = partial(dance.DanceClips, layout=layout), partial(dance.check, layout=layout)
    return Layout("clips", open_clips, layout.required, check)


def _shapenet(category: str) -> Layout:
    open_pairs, check = partial(shapenet.ObjectPairs, category=category), partial(shapenet.check, category=category)
    return Layout("views", open_pairs, partial(shapenet.required, category), check)


LAYOUTS = {
    "fashion": _person_pairs(person_pairs.FASHION),
    "market": _person_pairs(person_pairs.MARKET),
    "dance-fashion": _dance(dance.FASHION),
    "dance-iper": _dance(dance.IPER),
    "faceforensics": Layout("clips", faceforensics.FaceClips, faceforensics.required, faceforensics.check),
    "shapenet-car": _shapenet("car"),
    "shapenet-chair": _shapenet("chair"),
    "human36m": Layout("clips", human36m.Human36m, human36m.required, human36m.check),
}


def open_dataset(name: str, folder: Path, phase: str = "train", **options: Any) -> SeededDataset[Any]:
    """Opens a folder with the authors' layout `name`, a key of `LAYOUTS`.

    Args:
        phase: "train" draws and augments anew in every epoch; "test" is what the authors test on.
        options: `seed`, and for most layouts `size` and `frames`; see the classes.

    Raises:
        InputError: the name or phase is unknown, files are missing or malformed; later, an item can't be read.
        BackendUnavailable: a library that the layout needs is not installed.
    """
    if phase not in PHASES:
        raise InputError(f"unknown phase {phase!r}: use {' or '.join(PHASES)}")
    _require_folder(folder)
    return _find_layout(name).open(folder, phase, **options)


def check_dataset(
    name: str, folder: Path, phases: tuple[str, ...] = PHASES, progress: Progress | None = None
) -> DatasetReport:
    """Finds everything that is missing or broken in a folder that should have the layout `name`.

    The files of a phase are read only if all of its folders and lists are there.

    Raises:
        InputError: the name is unknown, the folder does not exist, or nothing in it belongs to this layout.
        BackendUnavailable: a library that the layout needs is not installed.
    """
    _require_folder(folder)
    layout = _find_layout(name)
    report = DatasetReport(progress or SilentProgress(), layout.unit)
    missing = {phase: [each for each in layout.required(phase) if not any(folder.glob(each))] for phase in phases}
    if all(missing[phase] == layout.required(phase) for phase in phases):
        patterns = ", ".join(dict.fromkeys(each for phase in phases for each in missing[phase]))
        raise InputError(f"{folder} is not a {name} data set: it has none of {patterns}; see docs/datasets.md")
    for phase in phases:
        _check_phase(layout, folder, phase, missing[phase], report)
    return report


def _check_phase(layout: Layout, folder: Path, phase: str, missing: list[str], report: DatasetReport) -> None:
    """Adds what a phase has to the report; `missing`: patterns of required files that are not there."""
    report.items[phase] = 0
    if missing:
        report.add_problem(f"missing folders or files of {phase}", ", ".join(missing))
        return
    report.progress.stage(phase, None)
    before = report.count_problems()
    layout.check(folder, phase, report)
    if not report.items[phase] and report.count_problems() == before:
        report.add_problem("nothing to load", phase)


def _find_layout(name: str) -> Layout:
    if name not in LAYOUTS:
        raise InputError(f"unknown data set layout {name!r}: choose from {', '.join(LAYOUTS)}")
    return LAYOUTS[name]


def _require_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; pass the folder of the data set")
