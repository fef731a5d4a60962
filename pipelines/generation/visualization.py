"""Pictures for people to look at: comparisons, skeletons, flows, masks. s side of the generator's canvas in pixels."""

from collections.abc import Sequence
from typing import get_args

import cv2
import numpy as np
import torch

from models.batches import select_items
from models.errors import InputError
from models.generators.animation import Step
from models.joints import FACE_LINES, STRUCTURE_CHANNELS
from pipelines.generation.panels import WHITE, Legend, title_panels
from pipelines.keypoints.drawing import draw_pose, draw_skeleton
from pipelines.option_groups import DebugView

FULL_COLOUR_FLOW = 24.0  # canvas pixels that are drawn in full saturation
RED, GREEN, BLUE = (255, 70, 70), (0, 255, 0), (110, 150, 255)  # light enough to read
FROM_MASKS: Legend = (("previous frame", RED), ("source", GREEN))
LEGENDS: dict[str, Legend] = {
    "flow": (("colour: direction", WHITE), ("white: no motion", WHITE)),
    "mask": FROM_MASKS,
    "attention": (("generated", RED), ("previous frame", GREEN), ("source", BLUE)),
    "matte": (("white: the person", WHITE),),
    "shadow": (("white: dark", WHITE),),
}
LAYER_VIEWS = ("matte", "plate", "shadow")


def check_views(names: Sequence[str]) -> None:
    """Raises InputError for a debug view that does not exist."""
    for name in names:
        if name not in get_args(DebugView):
            raise InputError(f"debug view {name!r} must be one of {', '.join(get_args(DebugView))}")


def check_layer_views(names: Sequence[str], plate: np.ndarray | None) -> None:
    """Raises InputError for a debug view of a layer if the network makes none, and so there is no plate."""
    if plate is None and (unknown := [name for name in names if name in LAYER_VIEWS]):
        views = [name for name in get_args(DebugView) if name not in LAYER_VIEWS]
        raise InputError(
            f"debug view {unknown[0]!r} is of a person without background, but these weights paint the background as "
            f"well: use any of {', '.join(views)}"
        )


def compare_people(
    source: np.ndarray,
    poses: np.ndarray,
    driving: np.ndarray | None,
    driving_poses: np.ndarray,
    driving_size: tuple[int, int],
    result: np.ndarray,
) -> np.ndarray:
    """source | driving | skeleton | result with their titles, uint8 RGB; the panels are as high as the result.

    Args:
        source, driving, result: pictures uint8 RGB; if there is no driving picture, its poses are drawn instead.
        poses, driving_poses: of N people, Human3.6M-17 [N, 17, 2 or 3] in pixels of the source and of the driving
            picture.
        driving_size: width and height of the driving picture.
    """
    if driving is None:
        driving = _skeletons((driving_size[1], driving_size[0]), driving_poses)
    skeleton = _skeletons(source.shape[:2], poses)
    panels = {"source": source, "driving": driving, "skeleton": skeleton, "result": result}
    return title_panels(panels, height=result.shape[0])


def draw_debug_frames(names: Sequence[DebugView], step: Step, plates: Sequence[np.ndarray | None]) -> np.ndarray:
    """`draw_debug_frame` of each item of a batch, below each other; plates: of each of them."""
    items = [select_items(step, slice(number, number + 1)) for number in range(len(plates))]
    return np.concatenate([draw_debug_frame(names, *each) for each in zip(items, plates, strict=True)])


def draw_debug_frame(names: Sequence[DebugView], step: Step, plate: np.ndarray | None = None) -> np.ndarray:
    """The chosen views of one step (batch of 1) with titles and legends above them, uint8 RGB [h + s, n s, 3].

    plate: what is behind the canvas, uint8 RGB [H, W, 3]; needed for the view `plate`.
    """
    height, width = step.image.shape[-2:]
    draw = {"flow": _flow, "mask": _mask, "skeleton": _structure, "attention": _attention}
    draw |= {"matte": _matte, "shadow": _shadow}
    if plate is not None:
        draw["plate"] = lambda step: plate
    views = {name: cv2.resize(draw[name](step), (width, height), interpolation=_way(name)) for name in names}
    legends = LEGENDS | ({} if step.detail else {"attention": FROM_MASKS})
    return title_panels(views, height=height, legends=legends)


def _way(name: str) -> int:
    """How a view is resized; those of the network are shown pixel by pixel."""
    return cv2.INTER_AREA if name == "plate" else cv2.INTER_NEAREST


def _matte(step: Step) -> np.ndarray:
    """Coverage of the frame's person, white where all is covered."""
    return _grey(step.image[0, 3])


def _shadow(step: Step) -> np.ndarray:
    """What the person darkens, white where nothing remains; black if the network makes no shadow."""
    return _grey(torch.zeros_like(step.image[0, 3]) if step.shadow is None else step.shadow[0, 0])


def _grey(values: torch.Tensor) -> np.ndarray:
    """[h, w] in 0..1 -> uint8 RGB [h, w, 3]."""
    levels = (values.float().clamp(0, 1) * 255).round().byte().cpu().numpy()
    return np.repeat(levels[..., None], 3, axis=2)


def _skeletons(size: tuple[int, int], poses: np.ndarray) -> np.ndarray:
    """Human3.6M-17 poses [N, 17, 2 or 3] on a dark picture of `size` (height, width), uint8 RGB."""
    first, *others = poses
    drawn = draw_skeleton(first, *size, layout="h36m17")
    for pose in others:
        drawn = draw_pose(drawn, pose, layout="h36m17")
    return drawn


def _flow(step: Step) -> np.ndarray:
    """Flow into the source picture: direction as hue, length as saturation, uint8 RGB [h, w, 3]."""
    flow = step.detail.flow_reference if step.detail else step.flows_reference[-1]
    x, y = flow[0].float().cpu().numpy()
    scale = step.image.shape[-1] / x.shape[-1]
    hue = (np.arctan2(y, x) + np.pi) * (90 / np.pi)
    saturation = np.clip(np.hypot(x, y) * (scale * 255 / FULL_COLOUR_FLOW), 0, 255)
    return cv2.cvtColor(np.stack([hue, saturation, np.full_like(hue, 255)], -1).astype(np.uint8), cv2.COLOR_HSV2RGB)


def _mask(step: Step) -> np.ndarray:
    """How much of the finest features comes from the previous frame (red) and from the source (green)."""
    masks = [step.masks_previous[-1], step.masks_reference[-1]]
    red, green = (mask[0, 0].float().cpu().numpy() * 255 for mask in masks)
    return np.stack([red, green, np.zeros_like(red)], -1).astype(np.uint8)


def _structure(step: Step) -> np.ndarray:
    """The skeleton picture that the generator reads, which hands and feet may follow; of a face its lines."""
    structure = step.structure[0]
    if len(structure) < STRUCTURE_CHANNELS:
        is_layer = step.image.shape[1] == 4  # others have distances after the channel of all lines
        return _grey(structure[: len(FACE_LINES) if is_layer else 1].amax(0))
    picture = structure[STRUCTURE_CHANNELS - 3 : STRUCTURE_CHANNELS]
    return picture.float().permute(1, 2, 0).byte().cpu().numpy()


def _attention(step: Step) -> np.ndarray:
    """Where pixels come from: generated red, previous frame green, pictures blue; the masks without a detail head."""
    if step.detail is None:
        return _mask(step)
    blend = step.detail.blend[0].float()
    shares = torch.cat([blend[:2], blend[2:].sum(0, keepdim=True)])  # [3, h, w]
    return (shares.permute(1, 2, 0).cpu().numpy() * 255).astype(np.uint8)
