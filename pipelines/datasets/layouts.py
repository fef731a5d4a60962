"""The data sets by name: opened for training, or checked."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from models.errors import InputError
from pipelines.datasets import dance, faces, human36m, persons, views
from pipelines.datasets.chance import Drawn
from pipelines.datasets.findings import Findings
from pipelines.progress import Progress, Silent

PHASES = ("train", "test")


@dataclass(frozen=True)
class Layout:
    """open(folder, phase, **options) -> data set; required(phase) -> patterns; check(folder, phase, findings)."""

    open: Callable[..., Drawn[Any]]
    required: Callable[[str], list[str]]
    check: Callable[[Path, str, Findings], None]


def _persons(layout: persons.PersonLayout) -> Layout:
    opened, checked = partial(persons.PersonPairs, layout=layout), partial(persons.check, layout=layout)
    return Layout(opened, layout.required, checked)


def _dance(layout: dance.DanceLayout) -> Layout:
    return Layout(partial(dance.Dance, layout=layout), layout.required, partial(dance.check, layout=layout))


def _views(category: str) -> Layout:
    opened, checked = partial(views.Views, category=category), partial(views.check, category=category)
    return Layout(opened, partial(views.required, category), checked)


LAYOUTS = {
    "fashion": _persons(persons.FASHION),
    "market": _persons(persons.MARKET),
    "dance-fashion": _dance(dance.FASHION),
    "dance-iper": _dance(dance.IPER),
    "faceforensics": Layout(faces.Faces, faces.required, faces.check),
    "shapenet-car": _views("car"),
    "shapenet-chair": _views("chair"),
    "human36m": Layout(human36m.Human36m, human36m.required, human36m.check),
}


def open_dataset(name: str, folder: Path, phase: str = "train", **options: Any) -> Drawn[Any]:
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


def check_dataset(name: str, folder: Path, progress: Progress | None = None) -> Findings:
    """Everything that is missing or broken in a folder that should have the layout `name`.

    Raises:
        InputError: unknown name, no folder, or nothing of this layout in it.
        BackendUnavailable: a library that the layout needs is missing.
    """
    _must_be_a_folder(folder)
    layout, findings = _layout(name), Findings(progress or Silent())
    patterns = list(dict.fromkeys(pattern for phase in PHASES for pattern in layout.required(phase)))
    missing = [pattern for pattern in patterns if not any(folder.glob(pattern))]
    if missing == patterns:
        raise InputError(f"{folder} is no {name} data set: it has none of {', '.join(patterns)}; see docs/datasets.md")
    for pattern in missing:
        findings.problem("missing folders or files", pattern)
    for phase in PHASES:
        findings.progress.stage(phase, None)
        layout.check(folder, phase, findings)
    return findings


def _layout(name: str) -> Layout:
    if name not in LAYOUTS:
        raise InputError(f"no data set layout is called {name!r}: choose from {', '.join(LAYOUTS)}")
    return LAYOUTS[name]


def _must_be_a_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder: give the data set's")
