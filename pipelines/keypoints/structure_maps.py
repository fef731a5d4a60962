"""Structure maps: what the generator sees of a pose (official format, sections 9.1 and 9.3).

K joints, H height and W width of the map. Points are [K, 2] x, y in pixels of the map; a joint with a zero in either
coordinate is missing. A third column, if there, is a confidence: joints with confidence 0 are missing as well.
"""

from functools import cache

import cv2
import numpy as np

from pipelines.keypoints.layouts import LIMBS

SIGMA = 6.0
DISK_RADIUS = 2
TAIL = 1.1e-19  # products of smaller values are denormal numbers, with which networks take several times longer
CHANNELS = 20
MISSING = -1  # in the joints of person images

RAINBOW18 = (
    (255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0), (0, 255, 0), (0, 255, 85),
    (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255), (0, 0, 255), (85, 0, 255), (170, 0, 255), (255, 0, 255),
    (255, 0, 170), (255, 0, 85),
)  # fmt: skip


def joint_colours(count: int) -> np.ndarray:
    """Colours of `count` joints, uint8 [count, 3]: the rainbow for 18, else the PASCAL VOC bit palette."""
    if count == 18:
        return np.array(RAINBOW18, np.uint8)
    index = np.arange(count)
    colours = np.zeros((count, 3), np.uint8)
    for bit in range(8):
        for channel in range(3):
            colours[:, channel] |= (((index >> (3 * bit + channel)) & 1) << (7 - bit)).astype(np.uint8)
    return colours


def is_present(points: np.ndarray) -> np.ndarray:
    """Which joints are there: points [..., K, 2 or 3] -> bool [..., K]."""
    found = (points[..., 0] != 0) & (points[..., 1] != 0)
    return found & (points[..., 2] > 0) if points.shape[-1] > 2 else found


def heat_maps(
    points: np.ndarray, height: int, width: int, *, sigma: float = SIGMA, out: np.ndarray | None = None
) -> np.ndarray:
    """Gaussian of each joint at its fractional place, float32 [K, H, W] in 0..1; zero channel if missing (9.1)."""
    there = is_present(points)
    y = _bell(height, points[:, 1], sigma) * there[:, None]
    x = _bell(width, points[:, 0], sigma)
    return np.multiply(y[:, :, None], x[:, None, :], out=out)


def _bell(size: int, centres: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussians around `centres` [K] along an axis of `size` pixels, float32 [K, size]; 0 where below TAIL."""
    values = np.exp(-((np.arange(size) - centres[:, None]) ** 2) / (2 * sigma**2))
    return np.where(values < TAIL, 0, values).astype(np.float32)


def skeleton_picture(points: np.ndarray, height: int, width: int, *, limbs: tuple[tuple[int, int], ...]) -> np.ndarray:
    """Black picture with anti-aliased limbs and coloured joints, uint8 [H, W, 3], to the official pixel (9.3).

    The authors truncate coordinates to whole pixels first and ask for missing joints then, so a joint in the first row
    or column has neither disk nor limbs.
    """
    from skimage.draw import line_aa

    canvas = np.zeros((height, width, 3), np.uint8)
    joints, there = skeleton_joints(points, height, width)
    for a, b in limbs:
        if there[a] and there[b]:
            rows, columns, coverage = line_aa(joints[a, 1], joints[a, 0], joints[b, 1], joints[b, 0])
            rows, columns = np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)
            canvas[rows, columns] = (255 * coverage)[:, None]
    for joint, colour in zip(joints[there], joint_colours(len(points))[there], strict=True):
        pixels = _disk() + joint  # [pixels, 2] x, y
        pixels = pixels[((pixels >= 0) & (pixels < (width, height))).all(1)]
        canvas[pixels[:, 1], pixels[:, 0]] = colour
    return canvas


def _scaled_skeleton(
    points: np.ndarray, height: int, width: int, scale: float, *, limbs: tuple[tuple[int, int], ...]
) -> np.ndarray:
    """`skeleton_picture` with lines and disks of `scale` times the size: drawn at the official size and resampled."""
    if scale == 1:
        return skeleton_picture(points, height, width, limbs=limbs)
    official = _to_official_size(points, scale)
    small = skeleton_picture(official, round(height / scale), round(width / scale), limbs=limbs)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


@cache
def _disk() -> np.ndarray:
    """Pixels nearer than the radius, int [pixels, 2]: what skimage's `disk` draws around an integer centre."""
    offsets = np.mgrid[-DISK_RADIUS : DISK_RADIUS + 1, -DISK_RADIUS : DISK_RADIUS + 1].reshape(2, -1).T
    return offsets[(offsets**2).sum(1) < DISK_RADIUS**2]


def _to_official_size(points: np.ndarray, scale: float) -> np.ndarray:
    """Points [K, 2 or 3] of a map of `scale` times the official size -> [K, 2] of the official one."""
    return np.where(is_present(points)[:, None], (points[:, :2] + 0.5) / scale - 0.5, 0)


def skeleton_joints(points: np.ndarray, height: int, width: int, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Where a skeleton picture has its joints, int [K, 2] x, y at the official size, and which are drawn, bool [K].

    Joints absurdly far outside are pulled in so that a line stays short.
    """
    points = points if scale == 1 else _to_official_size(points, scale)
    reach = 8 * max(round(height / scale), round(width / scale))
    joints = np.clip(np.trunc(points[:, :2]), -reach, reach).astype(np.intp)
    return joints, is_present(points) & (joints != 0).all(1)


def structure_map(
    points: np.ndarray, *, layout: str, height: int = 256, width: int = 256, scale: float = 1.0
) -> np.ndarray:
    """One pose as the generator's input.

    Args:
        points: [17, 2 or 3], pixels of the map (official maps are 256x256), see the module docstring.
        layout: "coco17" (reference picture) or "h36m17" (driving frames): chooses the limbs.
        scale: size of disks, lines and heat maps as a multiple of the official one.

    Returns:
        float32 [20, H, W]: 17 heat maps in 0..1, then the skeleton picture in 0..255, unnormalised.
    """
    points = np.asarray(points, np.float64)
    picture = _scaled_skeleton(points, height, width, scale, limbs=LIMBS[layout])
    result = np.empty((len(points) + 3, height, width), np.float32)
    heat_maps(points, height, width, sigma=SIGMA * scale, out=result[:-3])
    result[-3:] = picture.transpose(2, 0, 1)
    return result


def person_maps(
    joints: np.ndarray,
    *,
    height: int,
    width: int,
    annotated: tuple[int, int] | None = None,
    affine: np.ndarray | None = None,
) -> np.ndarray:
    """The structure of person image generation (9.2): heat maps at whole pixels.

    Args:
        joints: OpenPose-18 [18, 2] x, y; a joint with -1 in either coordinate is missing.
        annotated: height and width of the picture that the joints belong to, if it is not the map's.
        affine: [3, 3], moves x, y, 1 on the map (augmentation, section 8.3).

    Returns:
        float32 [18, H, W] in 0..1, a missing joint's channel all zero.
    """
    there = (joints[:, :2] != MISSING).all(1)
    old = annotated or (height, width)
    points = joints[:, :2] * np.array([width / old[1], height / old[0]])
    if affine is not None:
        points = points @ affine[:2, :2].T + affine[:2, 2]
    axis_y, axis_x = np.arange(height), np.arange(width)
    x, y = np.trunc(points).T[..., None]
    along_y = np.exp(-((axis_y - y) ** 2) / (2 * SIGMA**2)) * there[:, None]
    along_x = np.exp(-((axis_x - x) ** 2) / (2 * SIGMA**2))
    return (along_y[:, :, None] * along_x[:, None, :]).astype(np.float32)
