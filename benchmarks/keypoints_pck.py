"""Accuracy of a keypoint network on photos with COCO annotations: `python benchmarks/keypoints_pck.py WEIGHTS FOLDER`.

WEIGHTS is a name or path, or `mediapipe` for the networks that `gfla weights fetch mediapipe` stores.

FOLDER holds pictures and `keypoints.json` (COCO person keypoints). Every annotated person is cut out twice: with a
generous square around its box, then around what was found. Printed is the share of the labelled joints from shoulders
to ankles that lie within 0.1 of the body height (of the annotated box, or of the box of its joints) of the annotation.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from models.keypoints import KeypointNetwork
from models.weights import load_weights
from pipelines.keypoints.detectors.decoding import decode_pairs
from pipelines.keypoints.detectors.mediapipe.detector import MediaPipeDetector
from pipelines.keypoints.detectors.mediapipe.pose import COCO17, person_region
from pipelines.keypoints.detectors.mediapipe.regions import Region
from pipelines.keypoints.layouts import COCO17_FLIP
from pipelines.training.keypoints.metrics import BODY, is_correct

CANVAS = 256
MEDIAPIPE_SIDE = 1.25  # side of the crop in which MediaPipe looks for the person, in units of the box
MIN_JOINTS = 8


def crop(image: Tensor, centre: Tensor, side: float) -> Tensor:
    """Square of `side` px around `centre` (x, y) of a picture [3, H, W] in [-1, 1] as [1, 3, 256, 256]."""
    height, width = image.shape[-2:]
    axis = (torch.arange(CANVAS) + 0.5) / CANVAS * side - side / 2
    x, y = (axis + centre[0] + 0.5) / width * 2 - 1, (axis + centre[1] + 0.5) / height * 2 - 1
    grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)[None]
    shrink = max(1, round(side / CANVAS))
    small = F.avg_pool2d(image[None], shrink, ceil_mode=True, count_include_pad=False) if shrink > 1 else image[None]
    return F.grid_sample(small, grid, align_corners=False)


@torch.no_grad()
def find(network: KeypointNetwork, image: Tensor, centre: Tensor, side: float) -> Tensor:
    """Keypoints [17, 3] in pixels of the picture, averaged over the crop and its mirror image."""
    cut = crop(image, centre, side)
    plain, mirrored = network(torch.cat([cut, cut.flip(-1)])).joints.chunk(2)
    keypoints = torch.from_numpy(decode_pairs((plain + mirrored.flip(-1)[:, list(COCO17_FLIP)]) / 2)[0])
    place = (keypoints[:, :2] + 0.5) / CANVAS * side - side / 2 + centre
    return torch.cat([place, keypoints[:, 2:]], 1)


def find_twice(network: KeypointNetwork, image: Tensor, box: Tensor) -> Tensor:
    """Keypoints [17, 3] from a coarse crop around `box` (x, y, w, h), then from one around the joints found there."""
    side = 1.6 * float(box[2:].max())
    coarse = find(network, image, box[:2] + box[2:] / 2, side)
    sure = coarse[coarse[:, 2] > 0.2, :2]
    if len(sure) < 4:
        return coarse
    low, high = sure.amin(0), sure.amax(0)
    side = min(2 * side, max(0.4 * side, 1.35 * float((high - low).max())))
    return find(network, image, (low + high) / 2, side)


def find_with_mediapipe(detector: MediaPipeDetector, pixels: np.ndarray, box: Tensor) -> Tensor:
    """Keypoints [17, 3] in pixels of a picture uint8 [H, W, 3]: the surest person with the hips in the box, in two
    looks; from the box itself where the detector finds nobody in it."""
    x, y = (box[:2] + box[2:] / 2).tolist()
    side = MEDIAPIPE_SIDE * float(box[2:].max())
    found = detector.detector.find(pixels, Region(x, y, side))  # [N, 13]: box, hips, direction, ..., score
    inside = found[(abs(found[:, 4:6] - (x, y)) <= box[2:].numpy() / 2).all(1)]
    regions = [person_region(row[4:6], row[6:8]) for row in inside]
    bodies = (detector.pose.find(pixels, region) for region in (*regions, Region(x, y, side)))
    if (body := next((body for body in bodies if body), None)) is None:
        return torch.zeros(17, 3)
    body = detector.pose.find(pixels, body.next_region()) or body
    return torch.from_numpy(body.points[list(COCO17)][:, [0, 1, 3]])


def main() -> None:
    parser = argparse.ArgumentParser(description="PCK of a keypoint network on COCO annotations")
    parser.add_argument("weights", help="name or path of a keypoint network")
    parser.add_argument("folder", type=Path, help="pictures and keypoints.json")
    arguments = parser.parse_args()
    find_person = make_finder(arguments.weights)
    annotations = json.loads((arguments.folder / "keypoints.json").read_text())
    names = {image["id"]: image["file_name"] for image in annotations["images"]}
    totals = np.zeros(4)
    for person in annotations["annotations"]:
        truth = torch.tensor(person["keypoints"], dtype=torch.float32).view(17, 3)
        if person.get("iscrowd") or (truth[:, 2] > 0).sum() < MIN_JOINTS:
            continue
        pixels = np.asarray(Image.open(arguments.folder / names[person["image_id"]]).convert("RGB"))
        found = find_person(pixels, torch.tensor(person["bbox"], dtype=torch.float32))
        row = score(found, truth, torch.tensor(person["bbox"][2:]).max())
        totals += row
        print(f"{names[person['image_id']]}: {row[0]:.0f} of {row[3]:.0f}, {row[1]:.0f} with sides exchanged freely")
    print(f"PCK@0.1 of the box: {totals[0] / totals[3]:.3f}  any side: {totals[1] / totals[3]:.3f}  ", end="")
    print(f"of the joints' extent: {totals[2] / totals[3]:.3f}  joints: {totals[3]:.0f}")


def make_finder(weights: str) -> Callable[[np.ndarray, Tensor], Tensor]:
    """A function of a picture uint8 [H, W, 3] and a box (x, y, w, h) that returns keypoints [17, 3]."""
    if weights == MediaPipeDetector.name:
        detector = MediaPipeDetector()
        return lambda pixels, box: find_with_mediapipe(detector, pixels, box)
    network = load_weights(weights, expect="keypoints")
    assert isinstance(network, KeypointNetwork)

    def find_person(pixels: np.ndarray, box: Tensor) -> Tensor:
        image = torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 127.5 - 1
        return find_twice(network, image, box)

    return find_person


def score(found: Tensor, truth: Tensor, height: Tensor) -> np.ndarray:
    """Correct joints, the same with sides exchanged if better, correct by the joints' extent, and labelled joints."""
    labelled = (truth[:, 2] > 0)[BODY]
    joints = truth[truth[:, 2] > 0, :2]
    extent = (joints.amax(0) - joints.amin(0)).max()

    def count(points: Tensor, size: Tensor) -> float:
        return float((is_correct(points[None], truth[None], size[None])[0, BODY] & labelled).sum())

    own, mirrored = count(found, height), count(found[list(COCO17_FLIP)], height)
    return np.array([own, max(own, mirrored), count(found, extent), float(labelled.sum())])


if __name__ == "__main__":
    main()
