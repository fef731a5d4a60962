"""Writes small data sets of rendered people in the authors' folder layouts; one function per layout.

Every such function takes the folder, which need not exist yet, and returns it.

Legend: P people, T frames, K joints, H, W size of the pictures.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch

from pipelines.keypoints.layouts import coco17_to_openpose18
from pipelines.synthetic.clips import ClipConfig, sample_clip
from pipelines.synthetic.people.skeleton import coco17, forward_kinematics, human36m17
from tests.helpers.poses import sample_motion, sample_people

PHASES = ("train", "test")
PIXELS_PER_METRE = torch.tensor((300.0, -300.0))  # of x and y; rows count downwards
RENDERED_HEIGHT = 64  # of pictures before they are enlarged
FACE = (  # 68 landmarks x, y in half widths of the face
    [(-np.cos(a), np.sin(a) - 0.1) for a in np.linspace(0, np.pi, 17)]
    + [(x, -0.45 - 0.1 * np.cos(3 * (x + 0.45))) for x in np.linspace(-0.75, -0.15, 5)]
    + [(x, -0.45 - 0.1 * np.cos(3 * (x - 0.45))) for x in np.linspace(0.15, 0.75, 5)]
    + [(0, y) for y in np.linspace(-0.25, 0.15, 4)]
    + [(x, 0.25 - abs(x) / 4) for x in np.linspace(-0.2, 0.2, 5)]
    + [(-0.45 - 0.18 * np.cos(a), -0.2 - 0.08 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 7)[:6]]
    + [(0.45 - 0.18 * np.cos(a), -0.2 - 0.08 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 7)[:6]]
    + [(-0.35 * np.cos(a), 0.5 - 0.16 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 13)[:12]]
    + [(-0.25 * np.cos(a), 0.5 - 0.07 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 9)[:8]]
)


@dataclass(frozen=True)
class RenderedPeople:
    """Rendered people in motion."""

    images: np.ndarray
    """uint8 [P, T, H, W, 3]"""
    coco: np.ndarray
    """[P, T, 17, 3] COCO-17 joints: x, y, score."""
    h36m: np.ndarray
    """[P, T, 17, 2] Human3.6M-17 joints: x, y."""
    mask: np.ndarray
    """uint8 [P, T, H, W]"""


def render_people(people: int, frames: int, *, height: int = 64, width: int = 64, seed: int = 0) -> RenderedPeople:
    """Renders people in motion; pictures higher than `RENDERED_HEIGHT` are rendered small and enlarged."""
    scale = max(height / RENDERED_HEIGHT, 1)
    small = round(height / scale), round(width / scale)
    config = ClipConfig(height=small[0], width=small[1], length=max(frames, 8), supersample=1, texture_size=32)
    generator = torch.Generator().manual_seed(seed)
    clip = sample_clip(config, batch=people, times=torch.arange(frames).repeat(people, 1), generator=generator)
    images = ((clip.images + 1) * 127.5).permute(0, 1, 3, 4, 2).numpy().astype(np.uint8)  # [P, T, H, W, 3]
    masks = (clip.mask[:, :, 0] * 255).numpy().astype(np.uint8)  # [P, T, H, W]
    stretch = np.array([width / small[1], height / small[0]])
    coco = np.concatenate((clip.coco.numpy() * stretch, clip.coco_visible.numpy()[..., None]), -1)
    larger = [np.stack([_enlarge(frame, height, width) for frame in part]) for part in (*images, *masks)]
    return RenderedPeople(np.stack(larger[:people]), coco, clip.h36m.numpy() * stretch, np.stack(larger[people:]))


def _enlarge(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """uint8 [h, w, 3] or [h, w] at another size."""
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)


def save_picture(path: Path, picture: np.ndarray) -> None:
    """Writes uint8 RGB [H, W, 3] or grey [H, W] to a file and creates its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), picture[..., ::-1] if picture.ndim == 3 else picture)


def write_fashion(folder: Path, *, people: int = 2, views: int = 2, height: int = 256, width: int = 176) -> Path:
    """DeepFashion: annotated pictures of 256x176, every view of a person paired with every other view."""
    return _person_pairs(folder, "fasion", people, views, height, width)


def write_market(folder: Path, *, people: int = 2, views: int = 2, height: int = 128, width: int = 64) -> Path:
    """Market-1501 of 128x64."""
    return _person_pairs(folder, "market", people, views, height, width)


def _person_pairs(folder: Path, prefix: str, people: int, views: int, height: int, width: int) -> Path:
    for seed, phase in enumerate(PHASES):
        scenes = render_people(people, views, height=height, width=width, seed=seed)
        rows, pairs = ["name:keypoints_y:keypoints_x"], ["from,to"]
        for person in range(people):
            names = [f"{phase}{person}_view{view}.jpg" for view in range(views)]
            pairs += [f"{a},{b}" for a in names for b in names if a != b]
            for name, image, pose in zip(names, scenes.images[person], scenes.coco[person], strict=True):
                save_picture(folder / phase / name, image)
                joints = coco17_to_openpose18(pose)
                x, y = np.where(joints[:, 2] > 0, joints[:, :2].T, -1).astype(int).tolist()
                rows.append(f"{name}: {y}: {x}")
        (folder / f"{prefix}-annotation-{phase}.csv").write_text("\n".join(rows) + "\n")
        (folder / f"{prefix}-pairs-{phase}.csv").write_text("\n".join(pairs) + "\n")
    return folder


def write_dance(
    folder: Path, *, masks: bool = False, clips: int = 2, frames: int = 32, height: int = 64, width: int = 64
) -> Path:
    """FashionVideo, or iPER with `masks`: frames, clean and noisy poses per clip, and the list of tests."""
    for seed, phase in enumerate(PHASES):
        scenes, root = render_people(clips, frames, height=height, width=width, seed=seed), folder / f"{phase}_256"
        for clip in range(clips):
            name = f"{phase}{clip}"
            for frame in range(frames):
                save_picture(root / "train_A" / name / f"{frame:05d}.png", scenes.images[clip, frame])
                noisy = coco17_to_openpose18(scenes.coco[clip, frame])
                clean = np.pad(scenes.h36m[clip, frame], ((0, 0), (0, 1)), constant_values=1)
                for kind, pose in (("train_video2d", clean), ("train_alphapose", noisy)):
                    write_pose(root / kind / name / f"{frame:05d}_keypoints.json", pose)
                if masks:
                    save_picture(root / "train_C" / name / f"{frame:05d}.png", scenes.mask[clip, frame])
    tests = [{"gen": f"test{clip}", "ref": f"test{(clip + 1) % clips}"} for clip in range(clips)]
    (folder / "test_list.csv").write_text("".join(f"{test}\n" for test in tests))
    return folder


def write_pose(path: Path, *poses: np.ndarray) -> None:
    """Writes the poses [K, 3] of one frame as OpenPose does: joints without confidence are zero."""
    path.parent.mkdir(parents=True, exist_ok=True)
    people = [{"pose_keypoints_2d": np.where(pose[:, 2:] > 0, pose, 0).round(3).ravel().tolist()} for pose in poses]
    path.write_text(json.dumps({"version": "1.1", "people": people}))


def write_faceforensics(folder: Path, *, clips: int = 2, frames: int = 32, size: int = 64) -> Path:
    """FaceForensics: pictures and the 68 landmarks of a face that moves a little."""
    for seed, phase in enumerate(PHASES):
        scenes = render_people(clips, frames, height=size, width=size, seed=seed)
        for clip in range(clips):
            for frame in range(frames):
                save_picture(
                    folder / f"{phase}_data" / f"{phase}{clip}" / f"{frame:05d}.png", scenes.images[clip, frame]
                )
                lines = "".join(f"{x},{y}\n" for x, y in make_face_landmarks(size, 0.1 * np.sin(frame / 3 + clip)))
                path = folder / f"{phase}_keypoints" / f"{phase}{clip}" / f"{frame:05d}.txt"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(lines)
    return folder


def make_face_landmarks(size: int, shift: float = 0.0) -> np.ndarray:
    """Landmarks int [68, 2] of a plain face in the middle of a square picture; `shift` to the right in half widths."""
    return np.round(size / 2 + size * 0.36 * (np.array(FACE) + np.array((shift, 0)))).astype(int)


def write_shapenet(folder: Path, category: str = "car", *, models: int = 2, size: int = 256) -> Path:
    """ShapeNet: HDF5 with 18 views of every model at elevation 0, the lists of views and of models."""
    import h5py

    folder.mkdir(parents=True, exist_ok=True)
    with h5py.File(folder / f"data_{category}.hdf5", "w") as file:
        for seed, phase in enumerate(PHASES):
            names, ids = [f"{phase}{model}" for model in range(models)], []
            scenes = render_people(models, 18, height=size, width=size, seed=seed)
            for model, name in enumerate(names):
                for step in range(18):
                    ids.append(f"{name}_{2 * step}_0")
                    group = file.create_group(ids[-1])
                    group["image"] = scenes.images[model, step]
                    group["pose"] = np.array([2 * step, 0])
            (folder / f"id_{category}_{phase}.txt").write_text("\n".join(ids) + "\n")
            (folder / f"name_{category}_{phase}.txt").write_text("\n".join(names) + "\n")
    return folder


def write_human36m(
    folder: Path, *, subjects: Sequence[str] = ("S1", "S9"), frames: int = 60, cameras: int = 2, seed: int = 0
) -> Path:
    """Human3.6M as VideoPose3D stores it: true joints, and COCO-17 joints with a detector's errors."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(seed)
    true, detected = {}, {}
    for subject in subjects:
        true[subject], detected[subject] = {}, {}
        for action in ("Walking", "Sitting 1"):
            drawn = int(torch.randint(1 << 30, (), generator=generator))
            people = sample_people(cameras, drawn)
            moving = forward_kinematics(people, sample_motion(cameras, frames, drawn))
            human, coco = (
                points[..., :2] * PIXELS_PER_METRE + 500
                for points in (human36m17(moving, people), coco17(moving, people))
            )
            noisy = coco + 3 * torch.randn(coco.shape, generator=generator)
            true[subject][action] = list(human.numpy().astype(np.float32))
            detected[subject][action] = list(noisy.numpy().astype(np.float32))
    for name, layout, tracks in (("gt", "h36m", true), ("detectron_pt_coco", "coco", detected)):
        metadata = {"layout_name": layout, "num_joints": 17, "keypoints_symmetry": [[1, 3], [2, 4]]}
        np.savez_compressed(folder / f"data_2d_h36m_{name}.npz", positions_2d=tracks, metadata=metadata)  # pyright: ignore[reportArgumentType]
    return folder


SMALL_FOLDERS: dict[str, Callable[[Path], Path]] = {
    "fashion": write_fashion,
    "market": write_market,
    "dance-fashion": partial(write_dance, frames=5),
    "dance-iper": partial(write_dance, frames=5, masks=True),
    "faceforensics": partial(write_faceforensics, frames=4),
    "shapenet-car": partial(write_shapenet, size=64),
    "human36m": partial(write_human36m, subjects=("S1", "S5", "S6", "S7", "S8", "S9", "S11")),
}
"""A writer of a small complete folder for every layout but the chairs, which are like the cars."""
