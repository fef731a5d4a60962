"""A drawn face: landmarks of the 68-point layout, a picture of them, and the files that `gfla face` takes."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image

from models.generators.config import GeneratorConfig
from models.generators.face import FaceGenerator
from models.weights import save_weights
from pipelines.configs import FaceConfig

WIDTH, HEIGHT = 160, 120  # of the driving frames, in pixels
SMALL_FACE = GeneratorConfig(structure_channels=16, width=8, max_width=32, flow_width=8, flow_max_width=32)


def make_landmarks(width: int, height: int, *, mouth: float = 0.02, turn: float = 0.0) -> np.ndarray:
    """Landmarks [68, 2] of a face that fills most of the picture; `mouth` opens it, `turn` shifts the features."""
    angle = np.pi * np.arange(17) / 16
    jaw = np.stack([-0.36 * np.cos(angle), 0.4 * np.sin(angle)], -1)
    brow = np.stack([np.linspace(-0.26, -0.06, 5), -0.14 - 0.03 * np.sin(np.pi * np.arange(5) / 4)], -1)
    bridge = np.stack([np.zeros(4), np.linspace(-0.06, 0.08, 4)], -1)
    base = np.stack([np.linspace(-0.06, 0.06, 5), 0.1 + 0.015 * np.sin(np.pi * np.arange(5) / 4)], -1)
    eye = _ring([-0.15, -0.05], 0.06, 0.025, 6)
    outer, inner = _ring([0, 0.22], 0.12, 0.03 + mouth, 12), _ring([0, 0.22], 0.09, 0.01 + mouth, 8)
    features = [brow, _mirrored(brow[::-1]), bridge, base, eye, _mirrored(eye[[3, 2, 1, 0, 5, 4]]), outer, inner]
    inside = np.concatenate(features) + np.array((turn, 0))
    return (np.concatenate([jaw, inside]) + np.array((0.5, 0.45))) * (width, height)


def draw_face(width: int, height: int, landmarks: np.ndarray) -> np.ndarray:
    """A plain picture of these landmarks, uint8 RGB [height, width, 3]."""
    picture = np.full((height, width, 3), (90, 110, 150), np.uint8)
    points = np.round(landmarks).astype(np.int32)
    cv2.fillPoly(picture, [cv2.convexHull(points[:27])], (220, 180, 150))
    for first, last, colour in ((36, 42, (250, 250, 250)), (42, 48, (250, 250, 250)), (48, 60, (180, 60, 60))):
        cv2.fillPoly(picture, [points[first:last]], colour)
    cv2.fillPoly(picture, [points[60:68]], (60, 10, 10))
    for first, last in ((17, 22), (22, 27), (27, 31), (31, 36)):
        cv2.polylines(picture, [points[first:last]], False, (80, 50, 30), max(1, width // 64))
    return picture


def _ring(centre: list[float], across: float, up: float, count: int) -> np.ndarray:
    angle = np.pi + 2 * np.pi * np.arange(count) / count
    return np.array(centre) + np.stack([across * np.cos(angle), up * np.sin(angle)], -1)


def _mirrored(points: np.ndarray) -> np.ndarray:
    return points * (-1, 1)


def write_landmarks(path: Path, landmarks: np.ndarray) -> Path:
    """A text file of the authors' kind: whole numbers `x,y`, one point a line."""
    path.write_text("\n".join(f"{x},{y}" for x, y in np.round(landmarks).astype(int).tolist()) + "\n")
    return path


def write_face_inputs(folder: Path, *, frames: int = 3) -> Path:
    """Write `source.png`, the frames `driving/N.png`, the landmarks `source.txt` and `landmarks/N.txt`, and
    `face.safetensors`, a small face generator that was never trained. Returns the folder."""
    torch.manual_seed(3)
    kind = {"architecture": "face", "licence": "", "command": "", "extra": {}, "official": "face"}
    save_weights(folder / "face.safetensors", FaceGenerator(config=SMALL_FACE), **kind, exact=True)
    points = make_landmarks(200, 180)
    Image.fromarray(draw_face(200, 180, points)).save(folder / "source.png")
    write_landmarks(folder / "source.txt", points)
    for name in ("driving", "landmarks"):
        (folder / name).mkdir()
    for number in range(frames):
        points = make_landmarks(WIDTH, HEIGHT, mouth=0.02 * number, turn=0.01 * number)
        Image.fromarray(draw_face(WIDTH, HEIGHT, points)).save(folder / "driving" / f"{number}.png")
        write_landmarks(folder / "landmarks" / f"{number}.txt", points)
    return folder


def make_config(inputs: Path, made: Path, **changed: Any) -> FaceConfig:
    """How `gfla face` animates the files of `write_face_inputs` on the CPU into `made`; other values of some fields."""
    fields: dict[str, Any] = {
        "source": inputs / "source.png",
        "driving": inputs / "driving",
        "landmarks": inputs / "landmarks",
        "source_landmarks": inputs / "source.txt",
        "weights": str(inputs / "face.safetensors"),
        "device": "cpu",
        "precision": "fp32",
        "output": made,
    }
    return FaceConfig(**fields | changed)
