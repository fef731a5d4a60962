"""The project's own keypoint network on whole frames: search coarsely, then follow the person with a crop.

N crops, K joints, S side of the network's input.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from models.fold import prepare_for_inference
from models.keypoints import KeypointMaps
from pipelines.keypoints.details import DetailName, People, PersonDetails, PersonMask
from pipelines.keypoints.detectors.crops import person_crop, sample_crop, search_crops
from pipelines.keypoints.detectors.decoding import body_height, choose_pairs, decode_pairs, find_candidates
from pipelines.keypoints.detectors.scores import CONFIDENT, score, score_half, score_upper
from pipelines.keypoints.layouts import COCO17_FLIP
from pipelines.media.square_crop import SquareCrop
from pipelines.media.tensors import normalise_pixels
from pipelines.runtime.cuda_graphs import GraphedFunctions
from pipelines.runtime.device_copies import send
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
EDGE = 0.06  # sides of the crop by which a joint may be beyond the edge of the picture and still count as seen
CROP_SMOOTHING = 0.6  # share of the old crop's side in the new one: a crop that breathes shakes the joints


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
        self._follow = GraphedFunctions(self._find_candidates, enabled=self.device.type == "cuda")

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
        pose, crop, lost = None, None, 0
        for image in images:
            pose = self._read(image, [crop], flip=False, previous=pose)[0] if crop else None
            if pose is None or not _is_still_there(pose):
                pose, crop = self._search(image, thorough=lost % THOROUGH_SEARCH_INTERVAL == 0)
            lost = 0 if pose is not None else lost + 1
            crop = _next_crop(pose, crop, image) if pose is not None else None
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
            before = [crop.to_canvas(previous).astype(np.float32) for crop in chosen] if previous is not None else None
            pixels = self._pixels(image, chosen)
            if flip:
                keypoints = decode_pairs(self.predict_heat_maps(pixels, flip=True), before)
            else:
                keypoints = choose_pairs(self._follow(pixels)[0].cpu().numpy(), before)
            poses += [_hide_outside(crop, pose, image) for crop, pose in zip(chosen, keypoints, strict=True)]
        return np.reshape(poses, (-1, 17, 3)).astype(np.float32)

    def _pixels(self, image: np.ndarray, crops: list[SquareCrop]) -> Tensor:
        """The crops as the network's input [N, 3, S, S]."""
        pixels = np.stack([sample_crop(image, crop) for crop in crops])  # [N, S, S, 3]
        batch = send(torch.from_numpy(pixels), self.device).permute(0, 3, 1, 2)
        return normalise_pixels(batch).contiguous(memory_format=torch.channels_last)

    def _find_candidates(self, batch: Tensor) -> tuple[Tensor]:
        """Crops [N, 3, S, S] -> what `choose_pairs` reads."""
        return (find_candidates(self.predict_heat_maps(batch, flip=False)),)

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


def _hide_outside(crop: SquareCrop, pose: np.ndarray, image: np.ndarray) -> np.ndarray:
    """A pose [17, 3] of the crop in pixels of the frame; joints that were guessed beyond its edges are unseen."""
    result = crop.from_canvas(pose)
    limit = np.array(image.shape[1::-1]) - 1 + EDGE * crop.side
    inside = ((result[:, :2] >= -EDGE * crop.side) & (result[:, :2] <= limit)).all(1)
    result[:, 2] *= inside
    return result


def _is_still_there(pose: np.ndarray) -> bool:
    return score(pose) >= MIN_TRACKED_SCORE or score_half(pose) >= MIN_TRACKED_HALF_SCORE


def _rank(pose: np.ndarray) -> float:
    """Order of candidates: how sure, then how large."""
    seen = pose[pose[:, 2] >= CONFIDENT, :2]
    return score(pose) * (float(np.ptp(seen, axis=0).max()) ** 0.25 if len(seen) > 1 else 0.1)


def _next_crop(pose: np.ndarray, crop: SquareCrop | None, image: np.ndarray) -> SquareCrop:
    fresh = person_crop(pose, *image.shape[:2], size=SIZE, confident=CONFIDENT)
    if crop is None or not 0.5 < fresh.side / crop.side < 2:
        return fresh
    side = CROP_SMOOTHING * crop.side + (1 - CROP_SMOOTHING) * fresh.side
    return SquareCrop.centred(*fresh.centre, side, size=SIZE)
