"""FashionVideo and iPER: clips of moving people (official format, sections 8.2, 8.3, 9.3 and 10).

    PHASE_256/train_A/CLIP/FRAME.png              frames; the names below PHASE_256 are the same for every phase
    PHASE_256/train_video2d/CLIP/FRAME.json       clean Human3.6M-17 pose (or FRAME_keypoints.json)
    PHASE_256/train_alphapose/CLIP/FRAME.json     noisy OpenPose-18 pose
    PHASE_256/train_C/CLIP/FRAME.png              masks (iPER)
    test_list.csv                                 a dictionary {gen, ref} per line: clips or lists of frames

T frames, H, W size of the images.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models.errors import InputError
from pipelines.datasets.base import SeededDataset
from pipelines.datasets.clip_folders import FRAMES, check_pictures, companion, list_clips, note_length, run_of_frames
from pipelines.datasets.dance_lists import Take, parse_test, test_lines, whole_clips
from pipelines.datasets.report import Findings
from pipelines.datasets.samples import Sequence
from pipelines.datasets.transforms import Jitter, Move, Size, read_mask, resized, to_image
from pipelines.keypoints.layouts import OPENPOSE18_TO_COCO17, select
from pipelines.keypoints.structure_maps import structure_map
from pipelines.keypoints.track_file import load_json
from pipelines.media.pictures import PICTURE_SUFFIXES, load_picture

FRAMES_OF_CLIPS, CLEAN, NOISY, MASKS = "train_A", "train_video2d", "train_alphapose", "train_C"
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
        folders = [FRAMES_OF_CLIPS, CLEAN, NOISY, *([MASKS] if self.masks else [])]
        return [f"{phase}_256/{name}" for name in folders] + ([TESTS] if phase == "test" else [])


WHITE = (255, 255, 255)
FASHION = DanceLayout(Jitter(256, angle=5, shift=(20, 3), scale=(0.98, 1.02), fill=WHITE), True, False)
IPER = DanceLayout(Jitter(256, angle=5), False, True)


class Dance(SeededDataset[Sequence]):
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
        clips = list_clips(self.root / FRAMES_OF_CLIPS)
        self.takes = whole_clips(clips)
        if phase == "test":
            self.takes = [parse_test(where, line, clips) for where, line in test_lines(folder / TESTS)]

    def __len__(self) -> int:
        return len(self.takes)

    def __getitem__(self, index: int) -> Sequence:
        take, chance = self.takes[index], self.chance(index)
        frames = take.frames
        if self.training:
            frames = [frames[number] for number in run_of_frames(len(frames), self.frames, chance)]
        reference = take.references[int(chance.integers(len(take.references)))]
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
        points = read_pose(companion(path, self.root / FRAMES_OF_CLIPS, self.root / kind, POSES), kind)
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
    return companion(picture, root / FRAMES_OF_CLIPS, root / MASKS, (picture.suffix, *sorted(PICTURE_SUFFIXES)))


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
    except (TypeError, KeyError, ValueError, IndexError, OverflowError):
        raise InputError(f"{path}: must have x, y, score of {joints} joints in people[0].pose_keypoints_2d") from None
    if not np.isfinite(points).all():
        raise InputError(f"{path}: a joint is not finite; remove that pose")
    return points if kind == CLEAN else select(points, OPENPOSE18_TO_COCO17)


def check(folder: Path, phase: str, findings: Findings, layout: DanceLayout) -> None:
    """Every picture and mask of one phase, the poses that are needed of each, and the list of tests."""
    root = folder / f"{phase}_256"
    with findings.noticing("unreadable folders"):
        clips, broken = list_clips(root / FRAMES_OF_CLIPS), set[Path]()
        for paths in clips.values():
            broken |= _broken_pictures(paths, root, layout, findings)
        takes = whole_clips(clips)
        if phase == "test":
            takes = _good_tests(folder / TESTS, clips, findings)
        else:
            note_length(root / FRAMES_OF_CLIPS, clips, findings)
        for kind in (CLEAN, NOISY):
            needed = (path for take in takes for path in (take.frames if kind == CLEAN else take.references))
            broken |= {path for path in dict.fromkeys(needed) if not _good_pose(path, root, kind, findings)}
        findings.items[phase] = sum(broken.isdisjoint((*take.frames, *take.references)) for take in takes)


def _good_tests(path: Path, clips: dict[str, list[Path]], findings: Findings) -> list[Take]:
    takes = []
    with findings.noticing("broken lists of tests"):
        for where, line in test_lines(path):
            with findings.noticing("broken tests"):
                takes.append(parse_test(where, line, clips))
    return takes


def _broken_pictures(paths: list[Path], root: Path, layout: DanceLayout, findings: Findings) -> set[Path]:
    """The frames of a clip without a good picture or mask."""
    sizes = check_pictures(paths, findings)
    good = {path for path in sizes if not layout.masks or _good_mask(path, root, sizes[path], findings)}
    return set(paths) - good


def _good_mask(path: Path, root: Path, size: Size, findings: Findings) -> bool:
    with findings.noticing("missing masks"):
        found = findings.picture_size(find_mask(path, root))
        if found and found != size:
            findings.note("masks of another size than their frames", path)
        return found is not None
    return False


def _good_pose(path: Path, root: Path, kind: str, findings: Findings) -> bool:
    with findings.noticing("missing or malformed poses"):
        pose = companion(path, root / FRAMES_OF_CLIPS, root / kind, POSES)
        if read_pose(pose, kind) is None:
            findings.note("frames without a person, which have an empty structure", pose)
        return True
    return False
