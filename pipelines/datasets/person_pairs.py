"""DeepFashion and Market-1501 as pairs of pictures of one person (official format, sections 8.3, 9.2 and 10).

    train/ test/                    pictures
    fasion-annotation-PHASE.csv     name:keypoints_y:keypoints_x, JSON lists of 18 OpenPose joints, -1 where missing
    fasion-pairs-PHASE.csv          from,to ("fasion" is the authors' spelling; "fashion" is read as well)

`registry` opens and checks the folder.

Legend: H, W size of the images.
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
from pipelines.datasets.files import find_one
from pipelines.datasets.report import DatasetReport
from pipelines.datasets.samples import Pair
from pipelines.datasets.transforms import RandomAffine, Size, read_image
from pipelines.keypoints.structure_maps import MISSING, person_maps

JOINTS = 18


@dataclass(frozen=True)
class PersonLayout:
    """What tells DeepFashion and Market-1501 apart."""

    prefix: str
    """Pattern that the names of the lists begin with."""
    annotated: Size
    """(H, W) of the pictures that the joints belong to."""
    size: Size
    """(H, W) of the network's images."""
    source: RandomAffine | None = None
    """Augmentation of source pictures in training."""
    target: RandomAffine | None = None
    """Augmentation of target pictures in training."""

    def required(self, phase: str) -> list[str]:
        """Patterns of what must be in the folder."""
        return [phase, f"{self.prefix}*annotation-{phase}.csv", f"{self.prefix}*pairs-{phase}.csv"]


GREY = (128, 128, 128)
FASHION = PersonLayout("fas*ion-", annotated=(256, 176), size=(256, 256))
MARKET = PersonLayout(
    "market-",
    annotated=(128, 64),
    size=(128, 64),
    source=RandomAffine(128, angle=5, shift=(5, 5), scale=(0.95, 1.05), fill=GREY),
    target=RandomAffine(128, angle=1, shift=(2.5, 2.5), fill=GREY),
)


class PersonPairs(SeededDataset[Pair]):
    """Pairs of one phase, one item per line of the list.

    Args:
        size: (H, W) of the images instead of the official one.

    Raises:
        InputError: a CSV file is missing, has a malformed line, or pairs a picture without annotation; for an item, its
            picture can't be read.
    """

    def __init__(
        self, folder: Path, phase: str, *, layout: PersonLayout, size: Size | None = None, seed: int = 0
    ) -> None:
        super().__init__(seed)
        self.pictures, self.layout, self.size = folder / phase, layout, size or layout.size
        self.augmented = phase == "train"
        _, annotation, pairs = layout.required(phase)
        self.joints = dict(parse_annotation(*row) for row in read_rows(find_one(folder, annotation), ":"))
        self.pairs = [parse_pair(*row, self.joints) for row in read_rows(find_one(folder, pairs), ",")]

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Pair:
        source, target = self.pairs[index]
        random = self.item_random(index)
        return Pair(*self._read(source, self.layout.source, random), *self._read(target, self.layout.target, random))

    def _read(self, name: str, augmentation: RandomAffine | None, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        """The image [3, H, W] of a picture and its structure [18, H, W]."""
        draw = augmentation.draw(random, self.size) if augmentation and self.augmented else None
        height, width = self.size
        maps = person_maps(
            self.joints[name],
            height=height,
            width=width,
            annotated=self.layout.annotated,
            affine=None if draw is None else draw.matrix,
        )
        return read_image(self.pictures / name, self.size, draw), torch.from_numpy(maps)


def read_rows(path: Path, delimiter: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Where each line is, and its values by column name. Raises InputError for an unreadable file."""
    try:
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
            reader = csv.DictReader(file, delimiter=delimiter, skipinitialspace=True)
            for row in reader:
                yield f"{path} line {reader.line_num}", row
    except (OSError, csv.Error) as error:
        raise InputError(f"{path} can't be read ({error})") from None


def parse_annotation(where: str, row: dict[str, str]) -> tuple[str, np.ndarray]:
    """Name of a picture and its joints [18, 2] x, y, -1 where missing. Raises InputError for a malformed line."""
    try:
        columns = [json.loads(row[f"keypoints_{axis}"]) for axis in "xy"]
        joints = np.array(columns, np.float64).T
        if joints.shape == (JOINTS, 2) and np.isfinite(joints).all():
            return row["name"].strip(), joints
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError):
        pass
    raise InputError(f"{where}: must be name:keypoints_y:keypoints_x with two lists of {JOINTS} numbers")


def parse_pair(where: str, row: dict[str, str], joints: dict[str, np.ndarray]) -> tuple[str, str]:
    """The names of a pair. Raises InputError for a malformed line, or a picture without annotation."""
    names = (row.get("from") or "").strip(), (row.get("to") or "").strip()
    if not all(names):
        raise InputError(f"{where}: must have two names, in the columns from and to")
    if missing := [name for name in names if name not in joints]:
        raise InputError(f"{where}: {missing[0]} has no annotation; add it, or remove the pair")
    return names


def check(folder: Path, phase: str, report: DatasetReport, layout: PersonLayout) -> None:
    """Checks every line of the lists of one phase and every picture that they pair."""
    _, annotation, pairs = layout.required(phase)
    joints, good = {}, []
    with report.collect_errors("unreadable lists"):
        for row in read_rows(find_one(folder, annotation), ":"):
            with report.collect_errors("malformed annotations"):
                name, points = parse_annotation(*row)
                joints[name] = points
        for row in read_rows(find_one(folder, pairs), ","):
            with report.collect_errors("broken pairs"):
                good.append(parse_pair(*row, joints))
    names = list(dict.fromkeys(name for pair in good for name in pair))
    intact = {name: _is_good_picture(folder / phase / name, layout.annotated, report) for name in names}
    for name in names:
        if (joints[name] == MISSING).any(1).all():
            report.add_note("pictures without any joint, whose structure is empty", name)
    report.items[phase] = sum(intact[source] and intact[target] for source, target in good)


def _is_good_picture(path: Path, size: Size, report: DatasetReport) -> bool:
    """Whether a picture can be read and has the `size` (H, W) that its joints belong to."""
    before, found = report.count_problems(), report.check_picture(path)
    if found and found != size:
        report.add_problem(f"pictures that are not {size[1]}x{size[0]}, the size that their joints belong to", path)
    return report.count_problems() == before
