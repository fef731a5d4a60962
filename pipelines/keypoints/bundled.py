"""The project's own keypoint network on whole frames: search coarsely, then follow the person with a crop.

N crops, K joints, S side of the network's input.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from models.fold import fold_batch_norm
from models.keypoints import decode_heatmaps
from pipelines.keypoints.crops import Crop, person_crop, search_crops
from pipelines.keypoints.layouts import COCO17_FLIP

SIZE = 256
CONFIDENT = 0.3
PERSON_JOINTS = 6  # confident joints that make a person
PERSON_SCORE = 0.3  # mean confidence of shoulders, hips, knees and ankles
BATCH = 8
REFINEMENTS = 2
THOROUGH_EVERY = 12  # while nobody is found, frames between two searches for small people
STEADY = 0.6  # share of the old crop's side in the new one: a crop that breathes shakes the joints
BODY = (5, 6, 11, 12, 13, 14, 15, 16)


class BundledExtractor:
    """One person, followed through a video; works offline with the bundled weights."""

    name = "bundled"

    def __init__(self, network: nn.Module, *, device: str = "cpu") -> None:
        self.network = fold_batch_norm(network).to(device).to(memory_format=torch.channels_last)
        self.device = torch.device(device)

    def detect(self, image: np.ndarray) -> np.ndarray:
        """See `Extractor.detect`; at most one person, searched for at several scales, with flip averaging."""
        return _people(self._search(image, thorough=True)[0])

    def track(self, images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """See `Extractor.track`; one pass of the network per frame as long as the person is not lost."""
        crop, lost = None, 0
        for image in images:
            pose = self._read(image, [crop], flip=False)[0] if crop else None
            if pose is None or not found(pose):
                pose, crop = self._search(image, thorough=lost % THOROUGH_EVERY == 0)
            lost = 0 if found(pose) else lost + 1
            crop = _next_crop(pose, crop, image) if found(pose) else None
            yield _people(pose)

    def _search(self, image: np.ndarray, *, thorough: bool) -> tuple[np.ndarray, Crop]:
        """Best pose [17, 3] of the coarse pass after a closer look, and the crop it was read from."""
        crops = search_crops(*image.shape[:2], thorough=thorough)
        poses = self._read(image, crops, flip=True)
        index = max(range(len(crops)), key=lambda number: _rank(poses[number]))
        pose, crop = poses[index], crops[index]
        for _ in range(REFINEMENTS):
            if (pose[:, 2] >= CONFIDENT).sum() < 2:
                break
            closer = person_crop(pose, *image.shape[:2], confident=CONFIDENT)
            better = self._read(image, [closer], flip=True)[0]
            if score(better) < score(pose):
                break
            pose, crop = better, closer
        return pose, crop

    @torch.inference_mode()
    def _read(self, image: np.ndarray, crops: list[Crop], *, flip: bool) -> np.ndarray:
        """Poses [N, 17, 3] in pixels of the frame, one per crop."""
        poses = []
        for first in range(0, len(crops), BATCH):
            chosen = crops[first : first + BATCH]
            pixels = np.stack([crop.cut(image, SIZE) for crop in chosen])  # [N, S, S, 3]
            batch = torch.from_numpy(pixels).to(self.device).permute(0, 3, 1, 2).float() / 127.5 - 1
            keypoints = decode_heatmaps(self._heat_maps(batch, flip=flip)).cpu().numpy()
            poses += [crop.to_frame(pose, SIZE) for crop, pose in zip(chosen, keypoints, strict=True)]
        return np.stack(poses).astype(np.float32)

    def _heat_maps(self, batch: Tensor, *, flip: bool) -> Tensor:
        """Logits [N, K, S/4, S/4]; with `flip` averaged with those of the mirrored crop."""
        if not flip:
            return self.network(batch.contiguous(memory_format=torch.channels_last))
        both = torch.cat((batch, batch.flip(3))).contiguous(memory_format=torch.channels_last)
        plain, mirrored = self.network(both).chunk(2)
        return (plain + mirrored.flip(3)[:, list(COCO17_FLIP)]) / 2


def score(pose: np.ndarray) -> float:
    """How much of a body [17, 3] shows: mean confidence of shoulders, hips, knees and ankles."""
    return float(pose[list(BODY), 2].mean())


def found(pose: np.ndarray) -> bool:
    """Whether a pose [17, 3] is a person rather than the network's best guess at an empty picture."""
    return int((pose[:, 2] >= CONFIDENT).sum()) >= PERSON_JOINTS and score(pose) >= PERSON_SCORE


def _rank(pose: np.ndarray) -> float:
    """Order of candidates: how sure, then how large."""
    seen = pose[pose[:, 2] >= CONFIDENT, :2]
    return score(pose) * (float(np.ptp(seen, axis=0).max()) ** 0.25 if len(seen) > 1 else 0.1)


def _people(pose: np.ndarray) -> np.ndarray:
    return pose[None] if found(pose) else np.empty((0, 17, 3), np.float32)


def _next_crop(pose: np.ndarray, crop: Crop | None, image: np.ndarray) -> Crop:
    fresh = person_crop(pose, *image.shape[:2], confident=CONFIDENT)
    if crop is None or not 0.5 < fresh.side / crop.side < 2:
        return fresh
    return Crop.around(*fresh.centre, STEADY * crop.side + (1 - STEADY) * fresh.side)
