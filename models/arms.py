"""Arms that have moved away: our addition to the paper, for sources in which an arm hangs in front of body or wall.

In: the joints of two poses and the flow between them. Out: where the flow points to an arm that is elsewhere in the
target, so that it can't be copied from there. Used by the animation generator for its detail head.

B batch, J joints (Human3.6M-17 first), h, w size of a flow map. Positions are x, y in image pixels, pixel centres are
integers; flow is backward flow in pixels of its own map, channel 0 = x.
"""

import torch
from torch import Tensor

from models.limbs import measure_distance, pixel_centres
from models.ops.sampling import flowed_positions

# In lengths of the source's longest limb:
RADIUS = 0.13  # of an arm with its sleeve; twice that around the arm of the target
SOFTNESS = 0.02  # over which the chance falls at that distance
HAND = 0.6  # length of a hand, in forearms


def find_moved_arms(target: Tensor, source: Tensor, flow: Tensor, cell: float) -> Tensor:
    """How surely the source shows an arm where the flow points to, of which the target's is elsewhere.

    Args:
        target, source: [B,J,2] joints, NaN where not known.
        flow: [B,2,h,w] from the target into the source.
        cell: side of one map pixel in image pixels.

    Returns:
        [B,1,h,w] in 0 to 1; 0 for arms that are not known in both poses.
    """
    height, width = flow.shape[-2:]
    target, source = target.float(), source.float()
    radius = RADIUS * _measure_longest(source)
    x, y = pixel_centres(width, cell, target), pixel_centres(height, cell, target)
    there_x, there_y = (((each + 0.5) * cell - 0.5)[:, None] for each in flowed_positions(flow))  # [B,1,h,w]
    shown = _cover(source, there_x, there_y, radius)
    expected = _cover(target, x, y[:, None], 2 * radius)
    unknown = (shown + expected).isnan()
    shown, expected = shown.masked_fill(unknown, 0), expected.masked_fill(unknown, 0)
    return (shown.amax(1, keepdim=True) - (shown * expected).amax(1, keepdim=True)).clamp(min=0)


def _cover(joints: Tensor, x: Tensor, y: Tensor, radius: Tensor) -> Tensor:
    """How surely positions are on the left and on the right arm: [B,2,h,w] in 0 to 1."""
    shoulders, elbows, wrists = joints[:, 11:15:3], joints[:, 12:16:3], joints[:, 13:17:3]  # [B,2,2], left and right
    hands = wrists + HAND * (wrists - elbows)
    begins, ends = torch.cat([shoulders, elbows], 1), torch.cat([elbows, hands], 1)  # [B,4,2]
    distance = measure_distance(begins, ends, x, y).unflatten(1, (2, 2)).amin(1)  # [B,2,h,w]
    return torch.sigmoid((1 - distance / radius) * (RADIUS / SOFTNESS))


def _measure_longest(joints: Tensor) -> Tensor:
    """[B,1,1,1] in pixels: of thighs, shins and hips to shoulders, which hardly ever all point towards the camera."""
    begins = torch.cat([joints[:, 1:3], joints[:, 4:6], joints[:, 1:5:3]], 1)  # [B,6,2]
    ends = torch.cat([joints[:, 2:4], joints[:, 5:7], joints[:, 11:15:3]], 1)
    lengths = (ends - begins).norm(dim=-1).nan_to_num()  # [B,6]
    return lengths.amax(1).clamp(min=1)[:, None, None, None]
