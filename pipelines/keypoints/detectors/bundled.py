"""The project's own keypoint network on whole frames: search coarsely, then follow the person with a crop.

N crops, K joints, S side of the network's input.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from models.fold import prepare_for_inference
from models.keypoints import KeypointMaps
from pipelines.keypoints.details import DetailName, People, PersonDetails, PersonMask
from pipelines.keypoints.detectors.crops import hide_outside, next_crop, person_crop, sample_crop, search_crops
from pipelines.keypoints.detectors.decoding import body_height, decode_pairs
from pipelines.keypoints.detectors.device_following import DeviceFollower
from pipelines.keypoints.detectors.scores import CONFIDENT, score, score_half, score_upper
from pipelines.keypoints.layouts import COCO17_FLIP
from pipelines.media.square_crop import SquareCrop
from pipelines.media.tensors import normalise_pixels
from pipelines.runtime.device_copies import PendingArrays, send
from pipelines.runtime.devices import PRECISIONS, autocast

SIZE = 256
MIN_PERSON_SCORE = 0.47  # sureness of a person from which on it is followed
MIN_TRACKED_SCORE = 0.38  # score down to which a followed person is still there
MAX_MIRROR_DISTANCE = 0.06  # distance of a joint found in the mirror that is as good as none, in body heights
SCORE_WITHOUT_SEARCH = 0.6  # the score of a person in whose place a search among small ones never found a better
# Head and shoulders of people cut at thighs, waist or chest score 0.69 to 0.89; those read into scenery, cars and parts
# of other people 0.57 at most.
MIN_HALF_SCORE = 0.65  # sureness of head and shoulders from which on a person without legs is followed
MIN_TRACKED_HALF_SCORE = 0.5  # score down to which such a person is still there
HALF_ADVANTAGE = 0.15  # by which a half body's head and shoulders must be surer to take a whole body's place
BATCH = 8
REFINEMENTS = 2
THOROUGH_SEARCH_INTERVAL = 12  # while nobody is found, frames between two searches for small people
AHEAD = 4  # frames that a GPU may be given before the pose in the first of them is known


class BundledDetector:
    """One person, followed through a video, with a mask when `wanted`; works offline with the bundled weights.

    Args:
        precision: in which the network runs, "fp32", "bf16" or "fp16".
    """

    name = "bundled"
    finds_one_person = True

    def __init__(self, network: nn.Module, *, device: str = "cpu", precision: str = "fp32") -> None:
        self.findable: frozenset[DetailName] = frozenset(("mask",) if getattr(network, "mask_head", None) else ())
        self.wanted: frozenset[DetailName] = frozenset()
        self.network = prepare_for_inference(network, PRECISIONS[precision]).to(device)
        self.device, self.precision = torch.device(device), precision
        predict = partial(self.predict_heat_maps, flip=False)
        self.follower = DeviceFollower(predict, self.device, size=SIZE) if self.device.type == "cuda" else None

    def detect(self, image: np.ndarray) -> np.ndarray:
        """See `KeypointDetector.detect`; at most one person, searched for at several scales, with flip averaging."""
        return self.detect_people(image).poses

    def track(self, images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """See `KeypointDetector.track`."""
        return (people.poses for people in self.track_people(images))

    def detect_people(self, image: np.ndarray) -> People:
        """See `DetailedDetector.detect_people`."""
        return self._describe(image, self._search(image, thorough=True)[0])

    def track_people(self, images: Iterable[np.ndarray]) -> Iterator[People]:
        """See `DetailedDetector.track_people`; one pass of the network per frame as long as the person is not lost, and
        one more for a mask."""
        frames, lost = _Frames(images), 0
        for image in frames:
            pose, crop = self._search(image, thorough=lost % THOROUGH_SEARCH_INTERVAL == 0)
            yield self._describe(image, pose)
            lost = 0 if pose is not None else lost + 1
            if pose is not None:
                crop = next_crop(pose, crop, *image.shape[:2], size=SIZE, confident=CONFIDENT)
                follow = partial(self._follow_on_device, self.follower) if self.follower else self._follow
                yield from follow(frames, pose, crop)

    def _follow(self, frames: "_Frames", pose: np.ndarray, crop: SquareCrop) -> Iterator[People]:
        """The person with a pose [17, 3] in the frame before, until they are lost: that frame is given back."""
        for image in frames:
            pose = self._read(image, [crop], flip=False, previous=pose)[0]
            if not _is_still_there(pose):
                frames.give_back([image])
                return
            crop = next_crop(pose, crop, *image.shape[:2], size=SIZE, confident=CONFIDENT)
            yield self._describe(image, pose)

    def _follow_on_device(
        self, follower: DeviceFollower, frames: "_Frames", pose: np.ndarray, crop: SquareCrop
    ) -> Iterator[People]:
        """`_follow`, which learns the pose in a frame when those AHEAD are on their way."""
        place = follower.begin(pose, crop)
        waiting = deque[tuple[np.ndarray, PendingArrays]]()
        while True:
            while len(waiting) < AHEAD and (image := next(frames, None)) is not None:
                place, wait = follower.follow(image, place)
                waiting.append((image, wait))
            if not waiting:
                return
            image, wait = waiting.popleft()
            pose = wait()[0].copy()  # pinned memory is for the next copies
            if not _is_still_there(pose):
                frames.give_back([image, *(later for later, _ in waiting)])
                return
            yield self._describe(image, pose)

    def _search(self, image: np.ndarray, *, thorough: bool) -> tuple[np.ndarray | None, SquareCrop]:
        """Best pose [17, 3] of the coarse pass after a closer look and the crop it was read from; None for nobody."""
        crops = search_crops(*image.shape[:2], size=SIZE, thorough=False)
        poses = self._read(image, crops, flip=True)
        if thorough and max(score(pose) for pose in poses) < SCORE_WITHOUT_SEARCH:
            small = search_crops(*image.shape[:2], size=SIZE, thorough=True)[len(crops) :]
            poses, crops = np.concatenate((poses, self._read(image, small, flip=True))), crops + small
        index = max(range(len(crops)), key=lambda number: _rank(poses[number]))
        pose, crop = self._look_closer(image, poses[index], crops[index], score)
        found = self.score_person(image, pose, crop) >= MIN_PERSON_SCORE
        if score(pose) < SCORE_WITHOUT_SEARCH or score_upper(pose) < MIN_HALF_SCORE:
            index = max(range(len(crops)), key=lambda number: score_half(poses[number]))
            half, half_crop = self._look_closer(image, poses[index], crops[index], score_half)
            if score_half(half) >= max(MIN_HALF_SCORE, HALF_ADVANTAGE + score_upper(pose) * found):
                return half, half_crop
        return (pose if found else None), crop

    def _look_closer(
        self, image: np.ndarray, pose: np.ndarray, crop: SquareCrop, sureness: Callable[[np.ndarray], float]
    ) -> tuple[np.ndarray, SquareCrop]:
        """The pose [17, 3] read again from a crop around the person, as long as it becomes surer; and its crop."""
        for _ in range(REFINEMENTS):
            if (pose[:, 2] >= CONFIDENT).sum() < 2:
                break
            closer = person_crop(pose, *image.shape[:2], size=SIZE, confident=CONFIDENT)
            better = self._read(image, [closer], flip=True)[0]
            if sureness(better) < sureness(pose):
                break
            pose, crop = better, closer
        return pose, crop

    def _describe(self, image: np.ndarray, pose: np.ndarray | None) -> People:
        if pose is None:
            return People(np.empty((0, 17, 3), np.float32))
        if "mask" not in self.wanted:
            return People(pose[None])
        return People(pose[None], (PersonDetails(mask=self.find_mask(image, pose)),))

    @torch.inference_mode()
    def find_mask(self, image: np.ndarray, pose: np.ndarray) -> PersonMask:
        """The mask of the person with a pose [17, 3], averaged over the square around them and its mirror image. Where
        no joint is confident, as in poses that were filled in, all of them tell where to look."""
        confident = min(CONFIDENT, float(pose[:, 2].max()))
        crop = person_crop(pose, *image.shape[:2], size=SIZE, confident=confident)
        pixels = self._pixels(image, [crop])
        maps = self._predict(torch.cat((pixels, pixels.flip(3))), mask=True)
        assert maps.mask is not None
        plain, mirrored = maps.mask.float().chunk(2)
        mask = ((plain + mirrored.flip(3)) / 2).sigmoid()[0, 0].cpu().numpy()  # [S/2, S/2]
        scale = crop.side / len(mask)
        shift = scale / 2 - 0.5  # pixel centres are integers on both sides
        return PersonMask.of(mask, np.array([[scale, 0, crop.left + shift], [0, scale, crop.top + shift]]))

    def score_person(self, image: np.ndarray, pose: np.ndarray, crop: SquareCrop) -> float:
        """Score of a pose [17, 3], 0..1; lower if the mirrored crop puts the joints elsewhere, where nobody is."""
        if score(pose) < MIN_PERSON_SCORE:
            return score(pose)
        plain, mirrored = (decode_pairs(maps)[0, 5:, :2] for maps in self.predict_both(self._pixels(image, [crop])))
        distance = np.linalg.norm(plain - mirrored, axis=-1) * (crop.side / SIZE)
        return score(pose) * (0.5 + 0.5 * float((distance < MAX_MIRROR_DISTANCE * body_height(pose)).mean()))

    @torch.inference_mode()
    def _read(
        self, image: np.ndarray, crops: list[SquareCrop], *, flip: bool, previous: np.ndarray | None = None
    ) -> np.ndarray:
        """Poses [N, 17, 3] in pixels of the frame, one per crop; `previous` [17, 3] is that of the frame before."""
        poses = []
        for first in range(0, len(crops), BATCH):
            chosen = crops[first : first + BATCH]
            before = None if previous is None else np.stack([crop.to_canvas(previous) for crop in chosen])
            logits = self.predict_heat_maps(self._pixels(image, chosen), flip=flip)
            keypoints = decode_pairs(logits, before)
            poses += [hide_outside(crop, pose, *image.shape[:2]) for crop, pose in zip(chosen, keypoints, strict=True)]
        return np.reshape(poses, (-1, 17, 3)).astype(np.float32)

    def _pixels(self, image: np.ndarray, crops: list[SquareCrop]) -> Tensor:
        """The crops as the network's input [N, 3, S, S]."""
        pixels = np.stack([sample_crop(image, crop) for crop in crops])  # [N, S, S, 3]
        batch = send(torch.from_numpy(pixels), self.device).permute(0, 3, 1, 2)
        return normalise_pixels(batch).contiguous(memory_format=torch.channels_last)

    def predict_heat_maps(self, batch: Tensor, *, flip: bool) -> Tensor:
        """Crops [N, 3, S, S] -> logits [N, K, S/4, S/4]; with `flip` averaged with those of the mirrored crops."""
        if not flip:
            return self._predict(batch).joints
        plain, mirrored = self.predict_both(batch)
        return (plain + mirrored) / 2

    @torch.inference_mode()
    def predict_both(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [N, K, S/4, S/4] of crops [N, 3, S, S], and those of the mirrored crops, mirrored back."""
        plain, mirrored = self._predict(torch.cat((batch, batch.flip(3)))).joints.chunk(2)
        return plain, mirrored.flip(3)[:, list(COCO17_FLIP)]

    def _predict(self, batch: Tensor, *, mask: bool = False) -> KeypointMaps:
        with autocast(self.precision, self.device):
            return self.network(batch.contiguous(memory_format=torch.channels_last), mask=mask)


def _is_still_there(pose: np.ndarray) -> bool:
    return score(pose) >= MIN_TRACKED_SCORE or score_half(pose) >= MIN_TRACKED_HALF_SCORE


def _rank(pose: np.ndarray) -> float:
    """Order of candidates: how sure, then how large."""
    seen = pose[pose[:, 2] >= CONFIDENT, :2]
    return score(pose) * (float(np.ptp(seen, axis=0).max()) ** 0.25 if len(seen) > 1 else 0.1)


class _Frames:
    """Frames [H, W, 3] one after the other, of which the latest can be given back."""

    def __init__(self, images: Iterable[np.ndarray]) -> None:
        self._images, self._returned = iter(images), deque[np.ndarray]()

    def __iter__(self) -> Iterator[np.ndarray]:
        return self

    def __next__(self) -> np.ndarray:
        return self._returned.popleft() if self._returned else next(self._images)

    def give_back(self, images: list[np.ndarray]) -> None:
        """They come next, in their order."""
        self._returned.extendleft(reversed(images))
