"""FaceForensics: clips of faces with their landmarks (official format, sections 8.2, 9.5 and 10).

    PHASE_data/CLIP/FRAME.png          pictures
    PHASE_keypoints/CLIP/FRAME.txt     68 lines x,y; the authors' script writes PHASE_keypoint, which is read as well

`registry` opens and checks the folders.

Legend: T frames, H, W size of the images.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models.errors import InputError
from pipelines.datasets.base import SeededDataset
from pipelines.datasets.clip_folders import FRAMES, check_pictures, draw_consecutive, list_clips, note_short_clips
from pipelines.datasets.files import find_companion, find_one
from pipelines.datasets.report import DatasetReport
from pipelines.datasets.samples import Sequence
from pipelines.datasets.transforms import resize
from pipelines.faces.face_maps import LANDMARKS, face_structure
from pipelines.faces.landmarks import read_landmarks
from pipelines.media.pictures import load_picture
from pipelines.media.tensors import image_to_tensor


def required(phase: str) -> list[str]:
    """Patterns of what must be in the folder."""
    return [f"{phase}_data", f"{phase}_keypoint*"]


class FaceClips(SeededDataset[Sequence]):
    """One item per clip: T consecutive frames from a random start in training, the complete clip in the test.

    The first of the frames is the reference.

    Args:
        size: H = W of the images.
        frames: T of training.

    Raises:
        InputError: a folder is missing; for an item, a file of it can't be read.
    """

    def __init__(self, folder: Path, phase: str, *, size: int = 256, frames: int = FRAMES, seed: int = 0) -> None:
        super().__init__(seed)
        self.pictures, self.landmarks = (find_one(folder, pattern) for pattern in required(phase))
        self.size, self.frames, self.training = size, frames, phase == "train"
        self.clips = list(list_clips(self.pictures).values())

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, index: int) -> Sequence:
        paths = self.clips[index]
        if self.training:
            numbers = draw_consecutive(len(paths), self.frames, self.item_random(index))
            paths = [paths[number] for number in numbers]
        images, structures = (torch.stack(part) for part in zip(*map(self._read_frame, paths), strict=True))
        masks = torch.ones(len(paths), 1, self.size, self.size)
        return Sequence(images[0], structures[0], images, structures, masks)

    def _read_frame(self, path: Path) -> tuple[Tensor, Tensor]:
        """The image [3, H, W] of a frame and its structure [16, H, W]."""
        picture = load_picture(path)
        points = require_landmarks(find_companion(path, self.pictures, self.landmarks, (".txt",)))
        structure = face_structure(picture, points, size=self.size)
        return image_to_tensor(resize(picture, (self.size, self.size))), torch.from_numpy(structure)


def require_landmarks(path: Path) -> np.ndarray:
    """Landmarks [68, 2] x, y of a frame. Raises InputError for a file without them."""
    points = read_landmarks(path)
    if points is None:
        raise InputError(f"{path} is empty; every frame needs landmarks")
    return points[:LANDMARKS]


def check(folder: Path, phase: str, report: DatasetReport) -> None:
    """Checks every picture of one phase and its landmarks."""
    with report.collect_errors("unreadable folders"):
        pictures, landmarks = (find_one(folder, pattern) for pattern in required(phase))
        clips = list_clips(pictures)
        report.items[phase] = sum([_is_good_clip(paths, pictures, landmarks, report) for paths in clips.values()])
        if phase == "train":
            note_short_clips(pictures, clips, report)


def _is_good_clip(paths: list[Path], pictures: Path, landmarks: Path, report: DatasetReport) -> bool:
    """Whether all pictures of a clip and their landmarks can be read."""
    before = report.count_problems()
    check_pictures(paths, report)
    for path in paths:
        with report.collect_errors("missing or malformed landmarks"):
            require_landmarks(find_companion(path, pictures, landmarks, (".txt",)))
    return report.count_problems() == before
