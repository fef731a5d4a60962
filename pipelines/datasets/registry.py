"""The data sets by name: opened for training, or checked."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from models.errors import InputError
from pipelines.datasets import dance, human36m
from pipelines.datasets import faceforensics as faces
from pipelines.datasets import person_pairs as persons
from pipelines.datasets import shapenet as views
from pipelines.datasets.base import SeededDataset
from pipelines.datasets.report import Findings
from pipelines.runtime.progress import Progress, SilentProgress

PHASES = ("train", "test")


@dataclass(frozen=True)
class Layout:
    """items: what they are, in a word. open(folder, phase, **options) -> data set; required(phase) -> patterns;
    check(folder, phase, findings)."""

    items: str
    open: Callable[..., SeededDataset[Any]]
    required: Callable[[str], list[str]]
    check: Callable[[Path, str, Findings], None]


def _persons(layout: persons.PersonLayout) -> Layout:
    opened, checked = partial(persons.PersonPairs, layout=layout), partial(persons.check, layout=layout)
    return Layout("pairs", opened, layout.required, checked)


def _dance(layout: dance.DanceLayout) -> Layout:
    opened, checked = partial(dance.Dance, layout=layout), partial(dance.check, layout=layout)
    return Layout("clips", opened, layout.required, checked)


def _views(category: str) -> Layout:
    opened, checked = partial(views.Views, category=category), partial(views.check, category=category)
    return Layout("views", opened, partial(views.required, category), checked)


LAYOUTS = {
    "fashion": _persons(persons.FASHION),
    "market": _persons(persons.MARKET),
    "dance-fashion": _dance(dance.FASHION),
    "dance-iper": _dance(dance.IPER),
    "faceforensics": Layout("clips", faces.Faces, faces.required, faces.check),
    "shapenet-car": _views("car"),
    "shapenet-chair": _views("chair"),
    "human36m": Layout("clips", human36m.Human36m, human36m.required, human36m.check),
}


def open_dataset(name: str, folder: Path, phase: str = "train", **options: Any) -> SeededDataset[Any]:
    """A data set of the authors' layout `name`, a key of `LAYOUTS`.

    Args:
        phase: "train" draws and augments anew in every epoch; "test" is what the authors test on.
        options: seed, and for most size and frames; see the classes.

    Raises:
        InputError: unknown name, missing or malformed files; later, an item that can't be read.
        BackendUnavailable: a library that the layout needs is missing.
    """
    if phase not in PHASES:
        raise InputError(f"phase {phase!r} must be one of {', '.join(PHASES)}")
    _must_be_a_folder(folder)
    return _layout(name).open(folder, phase, **options)


def check_dataset(
    name: str, folder: Path, phases: tuple[str, ...] = PHASES, progress: Progress | None = None
) -> Findings:
    """Everything that is missing or broken in a folder that should have the layout `name`.

    A phase is looked into only if all its folders and files are there.

    Raises:
        InputError: unknown name, no folder, or nothing of this layout in it.
        BackendUnavailable: a library that the layout needs is missing.
    """
    _must_be_a_folder(folder)
    layout = _layout(name)
    findings = Findings(progress or SilentProgress(), layout.items)
    missing = {phase: [each for each in layout.required(phase) if not any(folder.glob(each))] for phase in phases}
    if all(missing[phase] == layout.required(phase) for phase in phases):
        patterns = ", ".join(dict.fromkeys(each for phase in phases for each in missing[phase]))
        raise InputError(f"{folder} is no {name} data set: it has none of {patterns}; see docs/datasets.md")
    for phase in phases:
        findings.items[phase] = 0
        if missing[phase]:
            findings.problem(f"missing folders or files of {phase}", ", ".join(missing[phase]))
            continue
        findings.progress.stage(phase, None)
        before = findings.count()
        layout.check(folder, phase, findings)
        if not findings.items[phase] and findings.count() == before:
            findings.problem("nothing to load", phase)
    return findings


def _layout(name: str) -> Layout:
    if name not in LAYOUTS:
        raise InputError(f"no data set layout is called {name!r}: choose from {', '.join(LAYOUTS)}")
    return LAYOUTS[name]


def _must_be_a_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder: give the data set's")
