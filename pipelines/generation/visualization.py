"""Pictures for people to look at: skeletons, flows, masks. s side of the generator's canvas."""

from pathlib import Path

import cv2
import numpy as np

from models.errors import InputError
from models.generators.animation import Step
from pipelines.compositing.paste import side_by_side
from pipelines.faces.face_maps import CHANNELS as FACE_CHANNELS
from pipelines.keypoints.drawing import draw_skeleton

VIEWS = ("flow", "mask", "skeleton", "attention")
FASTEST = 24.0  # canvas pixels that are drawn in full colour


def check(names: tuple[str, ...]) -> None:
    """Raises InputError for a view that does not exist."""
    for name in names:
        if name not in VIEWS:
            raise InputError(f"debug view {name!r} must be one of {', '.join(VIEWS)}")


def debug_path(output: Path) -> Path:
    """Where the second video goes: OUT--debug beside OUT."""
    return output.with_name(f"{output.stem}--debug{output.suffix}")


def skeleton(size: tuple[int, int], pose: np.ndarray) -> np.ndarray:
    """Human3.6M-17 pose [17, 2 or 3] on a dark picture of `size` (height, width), uint8 RGB."""
    return draw_skeleton(pose, *size, layout="h36m17")


def comparison(
    source: np.ndarray,
    pose: np.ndarray,
    driving: np.ndarray | None,
    driving_pose: np.ndarray,
    driving_size: tuple[int, int],
    result: np.ndarray,
) -> np.ndarray:
    """source | driving | skeleton | result, uint8 RGB, as high as the result.

    Args:
        source, driving, result: pictures; without `driving` its pose is drawn in `driving_size` (width, height).
        pose, driving_pose: Human3.6M-17 [17, 2 or 3] in pixels of source and driving picture.
    """
    if driving is None:
        driving = skeleton((driving_size[1], driving_size[0]), driving_pose)
    return side_by_side([source, driving, skeleton(source.shape[:2], pose), result], height=result.shape[0])


def debug_frame(names: tuple[str, ...], step: Step) -> np.ndarray:
    """The chosen views of one step side by side, uint8 RGB [s, n s, 3]."""
    side = step.image.shape[-1]
    makers = {"flow": _flow, "mask": _mask, "skeleton": _structure, "attention": _attention}
    views = [makers[name](step) for name in names]
    return side_by_side([cv2.resize(view, (side, side), interpolation=cv2.INTER_NEAREST) for view in views])


def _flow(step: Step) -> np.ndarray:
    """Flow into the reference: direction as hue, length as saturation."""
    flow = step.detail.flow_reference if step.detail else step.flows_reference[-1]
    x, y = flow[0].float().cpu().numpy()
    scale = step.image.shape[-1] / x.shape[-1]
    hue = (np.arctan2(y, x) + np.pi) * (90 / np.pi)
    colour = np.clip(np.hypot(x, y) * (scale * 255 / FASTEST), 0, 255)
    return cv2.cvtColor(np.stack([hue, colour, np.full_like(hue, 255)], -1).astype(np.uint8), cv2.COLOR_HSV2RGB)


def _mask(step: Step) -> np.ndarray:
    """How much the finest features come from the previous frame (red) and the reference (green)."""
    masks = [step.masks_previous[-1], step.masks_reference[-1]]
    red, green = (mask[0, 0].float().cpu().numpy() * 255 for mask in masks)
    return np.stack([red, green, np.zeros_like(red)], -1).astype(np.uint8)


def _structure(step: Step) -> np.ndarray:
    """The skeleton picture that the generator reads; of a face its curves and edges."""
    if step.structure.shape[1] == FACE_CHANNELS:
        curves = (step.structure[0, 0].float().cpu().numpy() * 255).astype(np.uint8)
        return np.repeat(curves[..., None], 3, axis=2)
    return step.structure[0, -3:].float().permute(1, 2, 0).cpu().numpy().astype(np.uint8)


def _attention(step: Step) -> np.ndarray:
    """Where the pixels come from: generated red, previous frame green, reference blue; masks without a detail head."""
    if step.detail is None:
        return _mask(step)
    return (step.detail.blend[0].float().permute(1, 2, 0).cpu().numpy() * 255).astype(np.uint8)
