"""Human3.6M as VideoPose3D stores it, for the motion extraction network (official format, sections 8.3, 9.4 and 10).

    data_2d_h36m_gt.npz                    true joints, Human3.6M-17
    data_2d_h36m_detectron_*coco*.npz      detected joints, COCO-17

Both hold `positions_2d`: subject -> action -> an array [T, 17, 2] per camera, in pixels of pictures 1000 wide.
`registry` opens and checks the folder.

Legend: T frames of a clip or a window.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.errors import InputError
from pipelines.datasets.base import SeededDataset
from pipelines.datasets.files import find_one
from pipelines.datasets.report import DatasetReport
from pipelines.datasets.safe_npz import load_object
from pipelines.datasets.samples import Window
from pipelines.keypoints.cleaning import FRAMES, encode, window_indices, window_starts

RESOLUTION = 1000  # width of the pictures, pixels
UNEQUAL = 0.01  # of the length by which the two files may differ in a clip
SUBJECTS = {"train": ("S1", "S5", "S6", "S7", "S8"), "test": ("S9", "S11")}
SCALE, SHIFT = (1.0, 1.5), 0.1  # range of the factor, largest shift of coordinates in -1..1
TRUE_JOINTS, DETECTED_JOINTS = "data_2d_h36m_gt.npz", "data_2d_h36m_detectron_*coco*.npz"
Clips = dict[str, np.ndarray]  # [T, 17, 2] by SUBJECT/ACTION/CAMERA


def required(phase: str) -> list[str]:
    """Patterns of what must be in the folder."""
    return [TRUE_JOINTS, DETECTED_JOINTS]


class Human36m(SeededDataset[Window]):
    """In training one item per clip, from a random start, scaled and shifted; in the test all windows of all clips.

    Args:
        frames: T of the true joints.

    Raises:
        InputError: a file is missing or has another form, or the phase has no clips.
    """

    def __init__(self, folder: Path, phase: str, *, frames: int = FRAMES, seed: int = 0) -> None:
        super().__init__(seed)
        self.frames, self.training = frames, phase == "train"
        true, detected = read_both(folder)
        self.clips = [
            pair for name in true if (pair := match_tracks(name, true, detected)) and _is_in_phase(name, phase)
        ]
        if not self.clips:
            raise InputError(f"{folder}: no clip of {', '.join(SUBJECTS[phase])} is in both files")
        lengths = [len(clip) for clip, _ in self.clips]
        starts = [[0] if self.training else window_starts(length, frames=frames) for length in lengths]
        self.windows = [(clip, start) for clip, firsts in enumerate(starts) for start in firsts]

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, index: int) -> Window:
        clip, start = self.windows[index]
        true, detected = self.clips[clip]
        random = self.item_random(index)
        if self.training:
            start = int(random.integers(max(len(true) - self.frames, 0) + 1))
        window = Window(
            _encode(detected[window_indices(start, len(true), frames=self.frames)]),
            _encode(true[window_indices(start, len(true), frames=self.frames, context=0)]),
        )
        return _augment(window, random) if self.training else window


def _encode(points: np.ndarray) -> Tensor:
    """Points [T, 17, 2] in pixels -> float32 [34, T] in -1..1."""
    return torch.from_numpy(encode(points.astype(np.float64), RESOLUTION)).float()


def _augment(window: Window, random: np.random.Generator) -> Window:
    """Scales and shifts both tracks alike."""
    scale, (down, across) = random.uniform(*SCALE), random.uniform(-SHIFT, SHIFT, 2)
    shift = torch.tensor([down, across], dtype=torch.float32).repeat_interleave(17)[:, None]  # [34, 1]
    return Window(*(values * float(scale) + shift for values in window))


def _is_in_phase(name: str, phase: str) -> bool:
    """Whether the subject of a clip belongs to the phase."""
    return name.split("/")[0] in SUBJECTS[phase]


def match_tracks(name: str, true: Clips, detected: Clips) -> tuple[np.ndarray, np.ndarray] | None:
    """Both tracks [T, 17, 2] of a clip, cut to the shorter; None if one is missing or they differ by more than 1 %."""
    if name not in detected or not min(len(true[name]), len(detected[name])):
        return None
    shorter, longer = sorted((len(true[name]), len(detected[name])))
    return (true[name][:shorter], detected[name][:shorter]) if longer - shorter <= UNEQUAL * longer else None


def read_both(folder: Path) -> tuple[Clips, Clips]:
    """True and detected clips. Raises InputError."""
    return read_clips(find_one(folder, TRUE_JOINTS)), read_clips(find_one(folder, DETECTED_JOINTS))


def read_clips(path: Path) -> Clips:
    """All clips of a file, [T, 17, 2] by SUBJECT/ACTION/CAMERA. Raises InputError for another form."""
    subjects: Any = load_object(path, "positions_2d")
    try:
        return {
            f"{subject}/{action}/{camera}": _parse_track(points, f"{path}: {subject} {action} camera {camera}")
            for subject, actions in subjects.items()
            for action, cameras in actions.items()
            for camera, points in enumerate(cameras)
        }
    except (AttributeError, TypeError):
        raise InputError(f"{path}: positions_2d must be subject -> action -> an array per camera") from None


def _parse_track(points: Any, where: str) -> np.ndarray:
    """The points [T, 17, 2] of one camera. Raises InputError for another form."""
    good = isinstance(points, np.ndarray) and points.dtype.kind == "f" and points.ndim == 3
    if not good or points.shape[1] != 17 or points.shape[2] < 2 or not np.isfinite(points).all():
        raise InputError(f"{where}: must be an array [T, 17, 2] of finite numbers")
    return points[..., :2]


def check(folder: Path, phase: str, report: DatasetReport) -> None:
    """Checks every clip of one phase."""
    with report.collect_errors("unreadable files"):
        true, detected = read_both(folder)
        names = [name for name in true if _is_in_phase(name, phase)]
        good = {name for name in names if match_tracks(name, true, detected)}
        for name in names:
            if name not in good:
                report.add_note("dropped clips: not in both files, or lengths differ by more than 1 %", name)
        there = {name.split("/")[0] for name in names}
        if absent := [subject for subject in SUBJECTS[phase] if subject not in there]:
            report.add_problem(f"missing subjects of {phase}", ", ".join(absent))
        report.items[phase] = len(good)
