"""FashionVideo and iPER: clips of dancing people (official format, sections 8.2, 8.3, 9.3 and 10).

    PHASE_256/train_A/CLIP/FRAME.png              frames; the names below PHASE_256 are the same for every phase
    PHASE_256/train_video2d/CLIP/FRAME.json       clean Human3.6M-17 pose (or FRAME_keypoints.json)
    PHASE_256/train_alphapose/CLIP/FRAME.json     noisy OpenPose-18 pose
    PHASE_256/train_C/CLIP/FRAME.png              masks (iPER)
    test_list.csv                                 a dictionary {gen, ref} per line: clips or lists of frames

`registry` opens and checks the folders.

Legend: T frames, H, W size of the images.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models.errors import InputError
from pipelines.datasets.base import SeededDataset
from pipelines.datasets.clip_folders import FRAMES, check_pictures, draw_consecutive, list_clips, note_short_clips
from pipelines.datasets.dance_lists import ClipSpec, parse_test_line, read_test_lines, spec_all_clips
from pipelines.datasets.files import find_companion
from pipelines.datasets.report import DatasetReport
from pipelines.datasets.samples import Sequence
from pipelines.datasets.transforms import AffineDraw, RandomAffine, Size, read_mask, resize
from pipelines.keypoints.layouts import OPENPOSE18_TO_COCO17, select
from pipelines.keypoints.structure_maps import structure_map
from pipelines.keypoints.track_file import load_json
from pipelines.media.pictures import load_picture
from pipelines.media.suffixes import PICTURE_SUFFIXES
from pipelines.media.tensors import image_to_tensor

FRAMES_OF_CLIPS, CLEAN, NOISY, MASKS = "train_A", "train_video2d", "train_alphapose", "train_C"
POSE_SUFFIXES = ("_keypoints.json", ".json")
TEST_LIST = "test_list.csv"
STRUCTURE_CHANNELS = 20
WHITE = (255, 255, 255)


@dataclass(frozen=True)
class DanceLayout:
    """What tells FashionVideo and iPER apart."""

    augmentation: RandomAffine
    """Of training."""
    own_reference: bool
    """Whether the reference is augmented independently of the frames."""
    masks: bool
    """Whether there are masks of the people."""

    def required(self, phase: str) -> list[str]:
        """Patterns of what must be in the folder."""
        folders = [FRAMES_OF_CLIPS, CLEAN, NOISY, *([MASKS] if self.masks else [])]
        return [f"{phase}_256/{name}" for name in folders] + ([TEST_LIST] if phase == "test" else [])


FASHION = DanceLayout(
    RandomAffine(256, angle=5, shift=(20, 3), scale=(0.98, 1.02), fill=WHITE), own_reference=True, masks=False
)
IPER = DanceLayout(RandomAffine(256, angle=5), own_reference=False, masks=True)


class DanceClips(SeededDataset[Sequence]):
    """One item per clip: in training T consecutive frames from a random start, in the test what the list asks for.

    Args:
        size: H, W of the images.
        frames: T of training.

    Raises:
        InputError: a folder or the list of tests is missing or malformed; for an item, a file of it can't be read.
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
        self.specs = spec_all_clips(clips)
        if phase == "test":
            self.specs = [parse_test_line(where, line, clips) for where, line in read_test_lines(folder / TEST_LIST)]

    def __len__(self) -> int:
        return len(self.specs)

    def __getitem__(self, index: int) -> Sequence:
        spec, random = self.specs[index], self.item_random(index)
        frames = spec.frames
        if self.training:
            frames = [frames[number] for number in draw_consecutive(len(frames), self.frames, random)]
        reference = spec.references[int(random.integers(len(spec.references)))]
        draw = self._draw(random)
        reference_draw = self._draw(random) if self.layout.own_reference else draw
        images, structures = zip(*(self._read_frame(path, CLEAN, draw) for path in frames), strict=True)
        return Sequence(
            *self._read_frame(reference, NOISY, reference_draw),
            torch.stack(images),
            torch.stack(structures),
            torch.stack([self._read_mask(path, draw) for path in frames]),
        )

    def _draw(self, random: np.random.Generator) -> AffineDraw | None:
        """The augmentation of an item; none in the test."""
        return self.layout.augmentation.draw(random, self.size) if self.training else None

    def _read_frame(self, path: Path, kind: str, draw: AffineDraw | None) -> tuple[Tensor, Tensor]:
        """The image [3, H, W] of a frame and its structure [20, H, W], which is zero where nobody was found."""
        picture = load_picture(path)
        image = resize(picture, self.size)
        image = image_to_tensor(image if draw is None else draw.warp_picture(image))
        points = read_pose(find_companion(path, self.root / FRAMES_OF_CLIPS, self.root / kind, POSE_SUFFIXES), kind)
        if points is None:
            return image, torch.zeros(STRUCTURE_CHANNELS, *self.size)
        points = points * (np.array(self.size) / picture.shape[:2])[::-1]
        points = points if draw is None else draw.move_joints(points)
        layout = "h36m17" if kind == CLEAN else "coco17"
        return image, torch.from_numpy(structure_map(points, layout=layout, height=self.size[0], width=self.size[1]))

    def _read_mask(self, path: Path, draw: AffineDraw | None) -> Tensor:
        """The mask [1, H, W] of a frame in 0..1, ones where the data set has none."""
        if not self.layout.masks:
            return torch.ones(1, *self.size)
        return read_mask(find_mask(path, self.root), self.size, draw)


def find_mask(picture: Path, root: Path) -> Path:
    """The mask of a frame. Raises InputError if there is none."""
    return find_companion(picture, root / FRAMES_OF_CLIPS, root / MASKS, (picture.suffix, *sorted(PICTURE_SUFFIXES)))


def read_pose(path: Path, kind: str) -> np.ndarray | None:
    """The joints [17, 2] x, y of the first person in a file of OpenPose; scores are ignored.

    Args:
        kind: `CLEAN` files have Human3.6M-17 joints, `NOISY` ones OpenPose-18, of which COCO-17 is returned.

    Returns:
        None where nobody was found.

    Raises:
        InputError: the file can't be read or has another number of joints.
    """
    joints, document = (17 if kind == CLEAN else 18), load_json(path)
    people = document.get("people") if isinstance(document, dict) else None
    if people == []:
        return None
    try:
        points = np.array(people[0]["pose_keypoints_2d"], np.float64).reshape(joints, 3)[:, :2]  # pyright: ignore[reportOptionalSubscript]
    except (TypeError, KeyError, ValueError, IndexError, OverflowError):
        form = f"x, y and score of {joints} joints"
        raise InputError(f"{path}: people[0].pose_keypoints_2d must hold {form}") from None
    if not np.isfinite(points).all():
        raise InputError(f"{path}: a joint is not finite; remove this pose")
    return points if kind == CLEAN else select(points, OPENPOSE18_TO_COCO17)


def check(folder: Path, phase: str, report: DatasetReport, layout: DanceLayout) -> None:
    """Checks every picture and mask of one phase, the poses that its items need, and the list of tests."""
    root = folder / f"{phase}_256"
    with report.collect_errors("unreadable folders"):
        clips, broken = list_clips(root / FRAMES_OF_CLIPS), set[Path]()
        for paths in clips.values():
            broken |= _find_broken_pictures(paths, root, layout, report)
        specs = spec_all_clips(clips)
        if phase == "test":
            specs = _check_tests(folder / TEST_LIST, clips, report)
        else:
            note_short_clips(root / FRAMES_OF_CLIPS, clips, report)
        for kind in (CLEAN, NOISY):
            needed = (path for spec in specs for path in (spec.frames if kind == CLEAN else spec.references))
            broken |= {path for path in dict.fromkeys(needed) if not _is_good_pose(path, root, kind, report)}
        report.items[phase] = sum(broken.isdisjoint((*spec.frames, *spec.references)) for spec in specs)


def _check_tests(path: Path, clips: dict[str, list[Path]], report: DatasetReport) -> list[ClipSpec]:
    """The tests of the list that name existing clips and frames."""
    specs = []
    with report.collect_errors("broken lists of tests"):
        for where, line in read_test_lines(path):
            with report.collect_errors("broken tests"):
                specs.append(parse_test_line(where, line, clips))
    return specs


def _find_broken_pictures(paths: list[Path], root: Path, layout: DanceLayout, report: DatasetReport) -> set[Path]:
    """The frames of a clip without a readable picture or mask."""
    sizes = check_pictures(paths, report)
    good = {path for path in sizes if not layout.masks or _is_good_mask(path, root, sizes[path], report)}
    return set(paths) - good


def _is_good_mask(path: Path, root: Path, size: Size, report: DatasetReport) -> bool:
    """Whether the mask of a frame of `size` (H, W) can be read."""
    with report.collect_errors("missing masks"):
        found = report.check_picture(find_mask(path, root))
        if found and found != size:
            report.add_note("masks that differ in size from their frames", path)
        return found is not None
    return False


def _is_good_pose(path: Path, root: Path, kind: str, report: DatasetReport) -> bool:
    """Whether the pose of a frame can be read; a frame without a person is noted."""
    with report.collect_errors("missing or malformed poses"):
        pose = find_companion(path, root / FRAMES_OF_CLIPS, root / kind, POSE_SUFFIXES)
        if read_pose(pose, kind) is None:
            report.add_note("frames without a person, whose structure is empty", pose)
        return True
    return False
