"""Left and right decided together: heat maps of a person -> the pose that agrees best with them and with a body.

A network that is unsure about the sides puts both wrists on one hand or draws a forearm across the body. Here the two
joints of a pair choose among the peaks of both their maps, and dynamic programming from the shoulders outwards finds
the choice of least cost: unlikely places, both joints on one spot, limbs too long for the body, shoulders and hips in
opposite order, and far from where the joint was a frame before.

Everything is computed for all crops at once, on their device and without reading values on the CPU, so that a GPU can
repeat it as a graph.

N crops, K = 17 joints, M candidates of a pair, A = M * M choices of a pair (left, right), h, w size of the heat maps.
"""

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

HEAD = 5  # joints before the pairs: each is at its highest peak
PAIRS = 6  # joints (5, 6) to (15, 16)
SHOULDERS, ELBOWS, WRISTS, HIPS, KNEES, ANKLES = range(PAIRS)
# child: parent, greatest length of the limb in body heights; children in the order of the pairs
LIMBS = {
    ELBOWS: (SHOULDERS, 0.22),
    WRISTS: (ELBOWS, 0.2),
    HIPS: (SHOULDERS, 0.36),
    KNEES: (HIPS, 0.3),
    ANKLES: (KNEES, 0.3),
}


def decode_pairs(logits: Tensor, previous: np.ndarray | None = None) -> np.ndarray:
    """Logits [N, K, h, w] -> poses [N, K, 3], see `choose_pairs`."""
    before = None if previous is None else torch.from_numpy(previous).float()
    return choose_pairs(find_candidates(logits).cpu(), before).numpy()


def choose_pairs(candidates: Tensor, previous: Tensor | None = None) -> Tensor:
    """Candidates [N, K, M, 4] -> poses [N, K, 3]: x, y in pixels of the network's input, confidence 0..1.

    previous: the poses [N, K, 3] of the frame before in the same pixels. A joint's confidence is that of the joint or
    its partner being at the place, whichever is larger.
    """
    places, costs, sure = candidates[..., :2], candidates[..., 2], candidates[..., 3]
    highest = torch.cat([places[:, :, 0], torch.exp(-costs[:, :, :1])], 2)
    height = _body_heights(highest)[:, None, None]  # [N, 1, 1]
    if previous is not None:
        step = (places - previous[:, :, None, :2]).norm(dim=-1) / (MOTION_DISTANCE * height)  # [N, K, M]
        costs = costs + COST_MOTION * step.clamp(max=1) * previous[:, :, 2:]
    left, right = places[:, HEAD::2], places[:, HEAD + 1 :: 2]  # [N, PAIRS, M, 2]
    total = list(_own(left, right, costs, height).unbind(1))  # [N, A] of each pair
    limbs = dict(zip(LIMBS, _limbs(left, right, height).unbind(1), strict=True))  # [N, A of the parent, A] of each
    chosen = {}
    for child in reversed(LIMBS):
        parent, _ = LIMBS[child]
        least, chosen[child] = (total[child][:, None] + limbs[child]).min(2)
        total[parent] = total[parent] + least
    state = {SHOULDERS: total[SHOULDERS].argmin(1, keepdim=True)}  # [N, 1]
    for child, (parent, _) in LIMBS.items():
        state[child] = chosen[child].gather(1, state[parent])
    choices = torch.cat([state[pair] for pair in range(PAIRS)], 1)  # [N, PAIRS]
    joints = torch.stack([choices // CANDIDATES, choices % CANDIDATES], 2).flatten(1)  # [N, 2 * PAIRS]
    read = torch.cat([places, sure[..., None]], -1)[:, HEAD:]  # [N, 2 * PAIRS, M, 3]
    decided = read.gather(2, joints[..., None, None].expand(-1, -1, 1, 3))[:, :, 0]
    return torch.cat([highest[:, :HEAD], decided], 1)


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


@cache
def _longest(device: torch.device) -> Tensor:
    """Greatest lengths of LIMBS on a device, [limbs, 1, 1]."""
    return torch.tensor([longest for _, longest in LIMBS.values()], device=device)[:, None, None]


def body_height(pose: np.ndarray) -> float:
    """Height of a standing body as large as that of pose [K, 3] in pixels: of its torso or of all of it."""
    return float(_body_heights(torch.from_numpy(pose)[None]))


def _body_heights(poses: Tensor) -> Tensor:
    """`body_height` of poses [N, K, 3] -> [N]."""
    places = poses[..., :2]
    torso = (places[:, 5:7].mean(1) - places[:, 11:13].mean(1)).norm(dim=1)
    extent = (places.amax(1) - places.amin(1)).amax(1)
    return torch.maximum(torso / 0.29, 0.8 * extent).clamp(min=8)


def _distances(first: Tensor, second: Tensor) -> Tensor:
    """Of each place in [..., M, 2] to each in another [..., M, 2] -> [..., M, M]."""
    return (first[..., :, None, :] - second[..., None, :, :]).norm(dim=-1)


def _own(left: Tensor, right: Tensor, costs: Tensor, height: Tensor) -> Tensor:
    """Cost [N, PAIRS, A] of each choice of a pair by itself, from places [N, PAIRS, M, 2] and costs [N, K, M]."""
    costs = costs[:, HEAD:].clamp(max=COST_RULED_OUT)
    near = 1 - _distances(left, right) / (SHARED_PLACE_DISTANCE * height[..., None])  # [N, PAIRS, M, M]
    shared = COST_SHARED_PLACE * near.clamp(min=0)
    return (costs[:, 0::2, :, None] + costs[:, 1::2, None] + shared).flatten(2)


def _limbs(left: Tensor, right: Tensor, height: Tensor) -> Tensor:
    """Cost [N, limbs, A of the parent, A] of each choice of a child pair for each choice of its parent pair, from
    places [N, PAIRS, M, 2]."""
    longest, parents = _longest(left.device) * height[..., None], [parent for parent, _ in LIMBS.values()]
    costs = []
    for side in (left, right):
        above = torch.stack([side[:, parent] for parent in parents], 1)
        length = _distances(above, side[:, 1:]) / longest  # [N, limbs, M, M]
        costs.append(COST_LIMB_LENGTH * length + COST_LONG_LIMB * (length - 1).clamp(min=0) ** 2)
    of_left, of_right = costs
    cost = of_left[:, :, :, None, :, None] + of_right[:, :, None, :, None, :]  # [N, limbs, M, M, M, M]
    cost = cost.flatten(4).flatten(2, 3)  # [N, limbs, A, A]
    across = (left[:, :, :, None] - right[:, :, None]).flatten(2, 3)  # [N, PAIRS, A, 2]
    agreement = (across[:, SHOULDERS, :, None] * across[:, HIPS, None]).sum(-1)  # [N, A, A]
    swapped = COST_SWAPPED_SIDES * (-8 * agreement / longest[:, HIPS - 1] ** 2).clamp(0, 1)
    cost[:, HIPS - 1] += swapped
    return cost
