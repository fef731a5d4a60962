"""FaceForensics: clips of faces with their landmarks (official format, sections 8.2, 9.5 and 10).

    PHASE_data/CLIP/FRAME.png          pictures
    PHASE_keypoints/CLIP/FRAME.txt     68 lines x,y; the authors' script writes PHASE_keypoint, which is read as well

T frames, H, W size of the images.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models.errors import InputError
from pipelines.datasets.base import SeededDataset
from pipelines.datasets.clip_folders import FRAMES, check_pictures, companion, list_clips, note_length, run_of_frames
from pipelines.datasets.person_pairs import the_file
from pipelines.datasets.report import Findings
from pipelines.datasets.samples import Sequence
from pipelines.datasets.transforms import resized, to_image
from pipelines.faces.face_maps import face_structure
from pipelines.faces.landmarks import read_landmarks
from pipelines.media.pictures import load_picture


def required(phase: str) -> list[str]:
    """What must be in the folder, as patterns."""
    return [f"{phase}_data", f"{phase}_keypoint*"]


class Faces(SeededDataset[Sequence]):
    """One item per clip: in training N consecutive frames from a random start, else the whole clip; the reference is
    the first of them.

    Args:
        size: H = W of the images.
        frames: N.

    Raises:
        InputError: a missing folder, or an item whose files can't be read.
    """

    def __init__(self, folder: Path, phase: str, *, size: int = 256, frames: int = FRAMES, seed: int = 0) -> None:
        super().__init__(seed)
        self.pictures, self.landmarks = (the_file(folder, pattern) for pattern in required(phase))
        self.size, self.frames, self.training = size, frames, phase == "train"
        self.clips = list(list_clips(self.pictures).values())

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, index: int) -> Sequence:
        paths = self.clips[index]
        if self.training:
            paths = [paths[number] for number in run_of_frames(len(paths), self.frames, self.chance(index))]
        images, structures = (torch.stack(part) for part in zip(*map(self._view, paths), strict=True))
        masks = torch.ones(len(paths), 1, self.size, self.size)
        return Sequence(images[0], structures[0], images, structures, masks)

    def _view(self, path: Path) -> tuple[Tensor, Tensor]:
        """The image [3, H, W] of a frame and its structure [16, H, W]."""
        picture = load_picture(path)
        points = landmarks_of(companion(path, self.pictures, self.landmarks, (".txt",)))
        structure = face_structure(picture, points, size=self.size)
        return to_image(resized(picture, (self.size, self.size))), torch.from_numpy(structure)


def landmarks_of(path: Path) -> np.ndarray:
    """Landmarks [68, 2] x, y of a frame. Raises InputError for a file without them."""
    points = read_landmarks(path)
    if points is None:
        raise InputError(f"{path}: is empty; every frame needs its landmarks")
    return points


def check(folder: Path, phase: str, findings: Findings) -> None:
    """Every picture and its landmarks of one phase."""
    with findings.noticing("unreadable folders"):
        pictures, landmarks = (the_file(folder, pattern) for pattern in required(phase))
        clips = list_clips(pictures)
        findings.items[phase] = sum([_good_clip(paths, pictures, landmarks, findings) for paths in clips.values()])
        if phase == "train":
            note_length(pictures, clips, findings)


def _good_clip(paths: list[Path], pictures: Path, landmarks: Path, findings: Findings) -> bool:
    before = findings.count()
    check_pictures(paths, findings)
    for path in paths:
        with findings.noticing("missing or malformed landmarks"):
            landmarks_of(companion(path, pictures, landmarks, (".txt",)))
    return findings.count() == before
