"""DeepFashion and Market-1501 as pairs of pictures of one person (official format, sections 8.3, 9.2 and 10).

    train/ test/                    pictures
    fasion-annotation-PHASE.csv     name:keypoints_y:keypoints_x, JSON lists of 18 OpenPose joints, -1 where missing
    fasion-pairs-PHASE.csv          from,to ("fasion" is the authors' spelling; "fashion" is read as well)

H, W: size of the images.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models.errors import InputError
from pipelines.datasets.base import SeededDataset
from pipelines.datasets.report import Findings
from pipelines.datasets.samples import Pair
from pipelines.datasets.transforms import Jitter, Move, Size, read_image
from pipelines.keypoints.structure_maps import MISSING, person_maps

JOINTS = 18


@dataclass(frozen=True)
class PersonLayout:
    """(H, W) of the pictures that joints belong to, and of the network's images; jitters of training."""

    prefix: str
    annotated: Size
    size: Size
    source: Jitter | None = None
    target: Jitter | None = None

    def required(self, phase: str) -> list[str]:
        """What must be in the folder, as patterns."""
        return [phase, f"{self.prefix}*annotation-{phase}.csv", f"{self.prefix}*pairs-{phase}.csv"]


GREY = (128, 128, 128)
FASHION = PersonLayout("fas*ion-", annotated=(256, 176), size=(256, 256))
MARKET = PersonLayout(
    "market-",
    annotated=(128, 64),
    size=(128, 64),
    source=Jitter(128, angle=5, shift=(5, 5), scale=(0.95, 1.05), fill=GREY),
    target=Jitter(128, angle=1, shift=(2.5, 2.5), fill=GREY),
)


class PersonPairs(SeededDataset[Pair]):
    """Pairs of one phase. `size` (H, W) replaces the official size of the images.

    Raises:
        InputError: a CSV file that is missing, has a malformed line, or pairs a picture without annotation; an item
            whose picture can't be read.
    """

    def __init__(
        self, folder: Path, phase: str, *, layout: PersonLayout, size: Size | None = None, seed: int = 0
    ) -> None:
        super().__init__(seed)
        self.pictures, self.layout, self.size = folder / phase, layout, size or layout.size
        self.augmented = phase == "train"
        _, annotation, pairs = layout.required(phase)
        self.joints = dict(parse_annotation(*row) for row in read_rows(the_file(folder, annotation), ":"))
        self.pairs = [parse_pair(*row, self.joints) for row in read_rows(the_file(folder, pairs), ",")]

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Pair:
        source, target = self.pairs[index]
        chance = self.chance(index)
        return Pair(*self._view(source, self.layout.source, chance), *self._view(target, self.layout.target, chance))

    def _view(self, name: str, jitter: Jitter | None, chance: np.random.Generator) -> tuple[Tensor, Tensor]:
        move: Move | None = jitter.draw(chance, self.size) if jitter and self.augmented else None
        height, width = self.size
        maps = person_maps(
            self.joints[name],
            height=height,
            width=width,
            annotated=self.layout.annotated,
            affine=None if move is None else move.matrix,
        )
        return read_image(self.pictures / name, self.size, move), torch.from_numpy(maps)


def the_file(folder: Path, pattern: str) -> Path:
    """The one file or folder of a pattern. Raises InputError if there is none, or several."""
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        names = " and ".join(path.name for path in found) or "none"
        raise InputError(f"{folder}: one {pattern} is needed, there is {names}")
    return found[0]


def read_rows(path: Path, delimiter: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Where a line is, and its values by column name. Raises InputError for an unreadable file."""
    try:
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
            reader = csv.DictReader(file, delimiter=delimiter, skipinitialspace=True)
            for row in reader:
                yield f"{path} line {reader.line_num}", row
    except (OSError, csv.Error) as error:
        raise InputError(f"{path}: can't be read ({error})") from None


def parse_annotation(where: str, row: dict[str, str]) -> tuple[str, np.ndarray]:
    """Name and joints [18, 2] x, y. Raises InputError."""
    try:
        columns = [json.loads(row[f"keypoints_{axis}"]) for axis in "xy"]
        joints = np.array(columns, np.float64).T
        if joints.shape == (JOINTS, 2) and np.isfinite(joints).all():
            return row["name"].strip(), joints
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError):
        pass
    raise InputError(f"{where}: must be name:keypoints_y:keypoints_x with two lists of {JOINTS} numbers")


def parse_pair(where: str, row: dict[str, str], joints: dict[str, np.ndarray]) -> tuple[str, str]:
    """The names of a pair. Raises InputError for another line, or a picture without annotation."""
    names = (row.get("from") or "").strip(), (row.get("to") or "").strip()
    if not all(names):
        raise InputError(f"{where}: must have two names, in columns called from and to")
    if missing := [name for name in names if name not in joints]:
        raise InputError(f"{where}: {missing[0]} has no annotation; add it, or remove the pair")
    return names


def check(folder: Path, phase: str, findings: Findings, layout: PersonLayout) -> None:
    """Every line and every picture of one phase."""
    _, annotation, pairs = layout.required(phase)
    joints, good = {}, []
    with findings.noticing("unreadable lists"):
        for row in read_rows(the_file(folder, annotation), ":"):
            with findings.noticing("malformed annotations"):
                name, points = parse_annotation(*row)
                joints[name] = points
        for row in read_rows(the_file(folder, pairs), ","):
            with findings.noticing("broken pairs"):
                good.append(parse_pair(*row, joints))
    names = list(dict.fromkeys(name for pair in good for name in pair))
    whole = {name: _good_picture(folder / phase / name, layout.annotated, findings) for name in names}
    for name in names:
        if (joints[name] == MISSING).any(1).all():
            findings.note("pictures without any joint, which have an empty structure", name)
    findings.items[phase] = sum(whole[source] and whole[target] for source, target in good)


def _good_picture(path: Path, size: Size, findings: Findings) -> bool:
    before, found = findings.count(), findings.picture_size(path)
    if found and found != size:
        findings.problem(f"pictures that are not {size[1]}x{size[0]}, the size their joints belong to", path)
    return findings.count() == before
