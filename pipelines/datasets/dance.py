"""FashionVideo and iPER: clips of moving people (official format, sections 8.2, 8.3, 9.3 and 10).

    PHASE_256/train_A/CLIP/FRAME.png              frames; the names below PHASE_256 are the same for every phase
    PHASE_256/train_video2d/CLIP/FRAME.json       clean Human3.6M-17 pose (or FRAME_keypoints.json)
    PHASE_256/train_alphapose/CLIP/FRAME.json     noisy OpenPose-18 pose
    PHASE_256/train_C/CLIP/FRAME.png              masks (iPER)
    test_list.csv                                 a dictionary {gen, ref} per line: clips or lists of frames

T frames, H, W size of the images.
"""

import ast
from collections.abc import Sequence as Many
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models.errors import InputError
from pipelines.datasets.chance import Drawn
from pipelines.datasets.clips import FRAMES, check_size, companion, list_clips, run_of_frames
from pipelines.datasets.findings import Findings
from pipelines.datasets.items import Sequence
from pipelines.datasets.pictures import Jitter, Move, Size, read_mask, resized, to_image
from pipelines.keypoints.layouts import OPENPOSE18_TO_COCO17, select
from pipelines.keypoints.structure import structure_map
from pipelines.keypoints.track import load_json
from pipelines.media.pictures import PICTURE_SUFFIXES, load_picture

REFERENCES = 20  # first frames of a clip, of which one becomes the reference
CLEAN, NOISY, MASKS = "train_video2d", "train_alphapose", "train_C"
POSES = ("_keypoints.json", ".json")
TESTS = "test_list.csv"


@dataclass(frozen=True)
class DanceLayout:
    """Jitter of training; whether the reference gets a draw of its own; whether there are masks."""

    jitter: Jitter
    own_reference: bool
    masks: bool

    def required(self, phase: str) -> list[str]:
        """What must be in the folder, as patterns."""
        folders = ["train_A", CLEAN, NOISY, *([MASKS] if self.masks else [])]
        return [f"{phase}_256/{name}" for name in folders] + ([TESTS] if phase == "test" else [])


WHITE = (255, 255, 255)
FASHION = DanceLayout(Jitter(256, angle=5, shift=(20, 3), scale=(0.98, 1.02), fill=WHITE), True, False)
IPER = DanceLayout(Jitter(256, angle=5), False, True)


@dataclass(frozen=True)
class Clip:
    """Frames to make and the pictures of which one is the reference."""

    frames: list[Path]
    references: list[Path]


class Dance(Drawn[Sequence]):
    """One item per clip: in training N consecutive frames from a random start, else the whole clip.

    Args:
        size: H, W of the images.
        frames: N.

    Raises:
        InputError: a folder or the list of tests is missing or malformed; an item whose files can't be read.
    """

    def __init__(
        self,
        folder: Path,
        phase: str,
        *,
        layout: DanceLayout,
        size: Size = (256, 256),
        frames: int = FRAMES,
        seed: int = 0,
    ) -> None:
        super().__init__(seed)
        self.root, self.layout, self.size, self.frames = folder / f"{phase}_256", layout, size, frames
        self.training = phase == "train"
        clips = list_clips(self.root / "train_A")
        if phase == "test":
            self.clips = read_tests(folder / TESTS, clips)
        else:
            self.clips = [Clip(paths, paths[:REFERENCES]) for paths in clips.values()]

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, index: int) -> Sequence:
        clip, chance = self.clips[index], self.chance(index)
        frames = clip.frames
        if self.training:
            frames = [frames[number] for number in run_of_frames(len(frames), self.frames, chance)]
        reference = clip.references[int(chance.integers(len(clip.references)))]
        move = self._draw(chance)
        reference_move = self._draw(chance) if self.layout.own_reference else move
        images, structures = zip(*(self._view(path, CLEAN, move) for path in frames), strict=True)
        return Sequence(
            *self._view(reference, NOISY, reference_move),
            torch.stack(images),
            torch.stack(structures),
            torch.stack([self._mask(path, move) for path in frames]),
        )

    def _draw(self, chance: np.random.Generator) -> Move | None:
        return self.layout.jitter.draw(chance, self.size) if self.training else None

    def _view(self, path: Path, kind: str, move: Move | None) -> tuple[Tensor, Tensor]:
        """The image [3, H, W] of a frame and its structure [20, H, W]; zeros where nobody was found."""
        picture = load_picture(path)
        image = resized(picture, self.size)
        image = to_image(image if move is None else move.picture(image))
        points = read_pose(companion(path, self.root / "train_A", self.root / kind, POSES), kind)
        if points is None:
            return image, torch.zeros(20, *self.size)
        points = points * (np.array(self.size) / picture.shape[:2])[::-1]
        points = points if move is None else move.joints(points)
        layout = "h36m17" if kind == CLEAN else "coco17"
        return image, torch.from_numpy(structure_map(points, layout=layout, height=self.size[0], width=self.size[1]))

    def _mask(self, path: Path, move: Move | None) -> Tensor:
        if not self.layout.masks:
            return torch.ones(1, *self.size)
        return read_mask(find_mask(path, self.root), self.size, move)


def find_mask(picture: Path, root: Path) -> Path:
    """The mask of a frame. Raises InputError if there is none."""
    return companion(picture, root / "train_A", root / MASKS, (picture.suffix, *sorted(PICTURE_SUFFIXES)))


def read_pose(path: Path, kind: str) -> np.ndarray | None:
    """The first person's joints [17, 2] x, y, Human3.6M-17 if clean, COCO-17 if noisy; the score is ignored.

    Returns:
        None where nobody was found.

    Raises:
        InputError: unreadable, or with another number of joints.
    """
    joints, document = (17 if kind == CLEAN else 18), load_json(path)
    people = document.get("people") if isinstance(document, dict) else None
    if people == []:
        return None
    try:
        points = np.array(people[0]["pose_keypoints_2d"], np.float64).reshape(joints, 3)[:, :2]  # pyright: ignore[reportOptionalSubscript]
    except (TypeError, KeyError, ValueError, IndexError):
        raise InputError(f"{path}: must have x, y, score of {joints} joints in people[0].pose_keypoints_2d") from None
    if not np.isfinite(points).all():
        raise InputError(f"{path}: a joint is not finite; remove that pose")
    return points if kind == CLEAN else select(points, OPENPOSE18_TO_COCO17)


def read_tests(path: Path, clips: dict[str, list[Path]]) -> list[Clip]:
    """The tests of `test_list.csv`. Raises InputError, with the line, for anything that is not there."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from None
    numbered = [(f"{path} line {number}", line) for number, line in enumerate(lines, 1) if "{" in line]
    if not numbered:
        raise InputError(f"{path}: holds no dictionary {{'gen': ..., 'ref': ...}}")
    return [parse_test(where, line, clips) for where, line in numbered]


def parse_test(where: str, line: str, clips: dict[str, list[Path]]) -> Clip:
    """One line: `gen` and `ref` are a clip of train_A or a list of frames CLIP/FRAME. Raises InputError."""
    try:
        test = ast.literal_eval(line[line.index("{") : line.rindex("}") + 1])
        wanted = test["gen"], test["ref"]
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError):
        raise InputError(f"{where}: must hold a dictionary {{'gen': ..., 'ref': ...}}") from None
    generated, references = (_frames(where, names, clips) for names in wanted)
    return Clip(generated, references[:REFERENCES] if isinstance(wanted[1], str) else references)


def _frames(where: str, names: str | Many[str], clips: dict[str, list[Path]]) -> list[Path]:
    if isinstance(names, str) and names.strip("/") in clips:
        return clips[names.strip("/")]
    known = {f"{clip}/{path.name}": path for clip, paths in clips.items() for path in paths}
    names = [names] if isinstance(names, str) else names
    if missing := [name for name in names if name not in known]:
        raise InputError(f"{where}: train_A has neither a clip nor a frame {missing[0]!r}")
    return [known[name] for name in names]


def check(folder: Path, phase: str, findings: Findings, layout: DanceLayout) -> None:
    """Every picture, pose and mask of one phase, and the list of tests."""
    root = folder / f"{phase}_256"
    if not (root / "train_A").is_dir():
        return
    clips, usable = {}, 0
    with findings.noticing("empty folders"):
        clips = list_clips(root / "train_A")
    for name, paths in clips.items():
        before = findings.count()
        check_size(paths, findings)
        for path in paths:
            _check_frame(path, root, layout, findings)
        usable += findings.count() == before
        if len(paths) < FRAMES:
            findings.note(f"clips of less than {FRAMES} frames; the last one is repeated", root / "train_A" / name)
    if phase == "test" and (folder / TESTS).is_file():
        with findings.noticing("broken lists"):
            usable = min(usable, len(read_tests(folder / TESTS, clips)))
    findings.items[phase] = usable


def _check_frame(path: Path, root: Path, layout: DanceLayout, findings: Findings) -> None:
    for kind in (CLEAN, NOISY):
        with findings.noticing("missing or malformed poses"):
            pose = companion(path, root / "train_A", root / kind, POSES)
            if read_pose(pose, kind) is None:
                findings.note("frames without a person, seen as an empty structure", pose)
    if layout.masks:
        with findings.noticing("missing masks"):
            check_size([path, find_mask(path, root)], findings)
