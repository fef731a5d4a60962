"""Left and right decided together: heat maps of a person -> the pose that agrees best with them and with a body.

A network that is unsure about the sides puts both wrists on one hand or draws a forearm across the body. Here the two
joints of a pair choose among the peaks of both their maps, and dynamic programming from the shoulders outwards finds
the choice of least cost: unlikely places, both joints on one spot, limbs too long for the body, shoulders and hips in
opposite order, and far from where the joint was a frame before.

N crops, K = 17 joints, M candidates of a pair, A = M * M choices of a pair (left, right), h, w size of the heat maps.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from models.keypoints import refine_cells
from pipelines.keypoints.layouts import COCO17_FLIP

PEAKS = 2  # of each map
CANDIDATES = 2 * PEAKS
COST_RULED_OUT = 8.0  # cost of a place that its map rules out
COST_SHARED_PLACE = 0.8  # cost of both joints on one spot
SHARED_PLACE_DISTANCE = 0.04  # joints so far from each other are on two spots, in body heights
COST_LONG_LIMB = 3.0  # cost of a limb of twice its greatest length
COST_LIMB_LENGTH = 0.3  # cost of a limb of its greatest length
COST_SWAPPED_SIDES = 2.0  # cost of shoulders and hips in opposite order, each as wide as can be
COST_MOTION = 0.8  # cost of a joint that is elsewhere than a frame before
MOTION_DISTANCE = 0.12  # a joint so far from where it was is elsewhere, in body heights

SHOULDERS, ELBOWS, WRISTS, HIPS, KNEES, ANKLES = (5, 6), (7, 8), (9, 10), (11, 12), (13, 14), (15, 16)
# child: parent, greatest length of the limb in body heights
LIMBS = {
    WRISTS: (ELBOWS, 0.2),
    ELBOWS: (SHOULDERS, 0.22),
    ANKLES: (KNEES, 0.3),
    KNEES: (HIPS, 0.3),
    HIPS: (SHOULDERS, 0.36),
}


def decode_pairs(logits: Tensor, previous: Sequence[np.ndarray | None] | None = None) -> np.ndarray:
    """Logits [N, K, h, w] -> poses [N, K, 3], see `choose_pairs`."""
    return choose_pairs(find_candidates(logits).cpu().numpy(), previous)


def choose_pairs(candidates: np.ndarray, previous: Sequence[np.ndarray | None] | None = None) -> np.ndarray:
    """Candidates [N, K, M, 4] -> poses [N, K, 3]: x, y in pixels of the network's input, confidence 0..1.

    previous: for each crop the pose [K, 3] of the frame before in the same pixels, or None. A joint's confidence is
    that of the joint or its partner being at the place, whichever is larger.
    """
    places, costs, sure = candidates[..., :2], candidates[..., 2], candidates[..., 3]
    poses = np.concatenate((places[:, :, 0], np.exp(-costs[:, :, :1])), 2, dtype=np.float32)  # the highest peaks
    for number, pose in enumerate(poses):
        before = previous[number] if previous else None
        _decide(pose, places[number], costs[number], sure[number], before)
    return poses


def find_candidates(logits: Tensor) -> Tensor:
    """Peaks of both maps of each pair in logits [N, K, h, w], [N, K, M, 4]: x, y in pixels, cost, confidence."""
    logs = F.logsigmoid(logits.float())
    peaks = logs.masked_fill(logs < _around(_around(logs).mT).mT, -torch.inf)
    best, cells = peaks.flatten(2).topk(PEAKS)  # [N, K, PEAKS]
    places = refine_cells(logs, cells)
    partner = _partners(logits.device)
    cells, places = (torch.cat([part, part[:, partner]], 2) for part in (cells, places))  # [N, K, M, ...]
    real = torch.cat([best, best[:, partner]], 2).isfinite()
    own = logs.flatten(2).gather(2, cells)  # [N, K, M]
    sure = torch.maximum(own, logs[:, partner].flatten(2).gather(2, cells)).exp()
    cost = torch.where(real, -own, COST_RULED_OUT)
    return torch.cat([places, cost[..., None], sure[..., None]], -1)


@cache
def _partners(device: torch.device) -> Tensor:
    """COCO17_FLIP on a device."""
    return torch.tensor(COCO17_FLIP, device=device)


def _around(maps: Tensor) -> Tensor:
    """Largest of each cell and its two neighbours along the last dimension."""
    result = maps.clone()
    torch.maximum(result[..., 1:], maps[..., :-1], out=result[..., 1:])
    torch.maximum(result[..., :-1], maps[..., 1:], out=result[..., :-1])
    return result


def _decide(
    pose: np.ndarray, places: np.ndarray, costs: np.ndarray, sure: np.ndarray, before: np.ndarray | None
) -> None:
    """Replaces the joints from shoulders to ankles of `pose` [K, 3] by the best choice of candidates."""
    height = body_height(pose)
    if before is not None:
        step = np.linalg.norm(places - before[:, None, :2], axis=-1) / (MOTION_DISTANCE * height)  # [K, M]
        costs = costs + COST_MOTION * np.minimum(step, 1) * before[:, 2:]
    total = {pair: _own(places, costs, pair, SHARED_PLACE_DISTANCE * height) for pair in (SHOULDERS, *LIMBS)}
    chosen = {}
    for child, (parent, longest) in LIMBS.items():
        joined = total[child] + _limb(places, parent, child, longest * height)  # [A of the parent, A]
        chosen[child] = joined.argmin(1)
        total[parent] = total[parent] + joined.min(1)
    state = {SHOULDERS: int(total[SHOULDERS].argmin())}
    for child in reversed(LIMBS):
        state[child] = int(chosen[child][state[LIMBS[child][0]]])
    for pair, choice in state.items():
        for joint, candidate in zip(pair, divmod(choice, CANDIDATES), strict=True):
            pose[joint] = *places[joint, candidate], sure[joint, candidate]


def body_height(pose: np.ndarray) -> float:
    """Height of a standing body as large as that of pose [K, 3] in pixels: of its torso or of all of it."""
    torso = np.linalg.norm(pose[[5, 6], :2].mean(0) - pose[[11, 12], :2].mean(0))
    return float(max(torso / 0.29, 0.8 * np.ptp(pose[:, :2], axis=0).max(), 8.0))


def _own(places: np.ndarray, costs: np.ndarray, pair: tuple[int, int], apart: float) -> np.ndarray:
    """Cost [A] of each choice of a pair by itself."""
    left, right = pair
    costs = costs.clip(max=COST_RULED_OUT)
    distance = np.linalg.norm(places[left][:, None] - places[right], axis=-1)  # [M, M]
    return (costs[left][:, None] + costs[right] + COST_SHARED_PLACE * np.maximum(1 - distance / apart, 0)).ravel()


def _limb(places: np.ndarray, parent: tuple[int, int], child: tuple[int, int], longest: float) -> np.ndarray:
    """Cost [A, A] of each choice of the child pair for each choice of the parent pair."""
    sides = []
    for first, second in zip(parent, child, strict=True):
        length = np.linalg.norm(places[first][:, None] - places[second], axis=-1) / longest  # [M, M]
        sides.append(COST_LIMB_LENGTH * length + COST_LONG_LIMB * np.maximum(length - 1, 0) ** 2)
    left, right = sides
    cost = left[:, None, :, None] + right[None, :, None, :]  # [left parent, right parent, left child, right child]
    if child == HIPS:
        across = [places[pair[0]][:, None] - places[pair[1]] for pair in (parent, child)]  # [M, M, 2] each
        agreement = np.einsum("abx,cdx->abcd", *across) / longest**2
        cost = cost + COST_SWAPPED_SIDES * np.clip(-8 * agreement, 0, 1)
    return cost.reshape(CANDIDATES**2, CANDIDATES**2)
