"""Clips of rendered people: pictures, joints, part masks, and the true flow between any two frames.

In: a `ClipConfig` and a generator, or a `Scene`, and which frames to render. Out: a `Clip`. Training and the examples
call `sample_clip` and `render_clip`.

Legend: B batch, T frames of the clip, L frames of the whole motion, N = B * T pictures, F = 21 frames of the rig,
P primitives, H height, W width.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as functional
from torch import Generator, Tensor

from models.layer import compose, premultiply
from pipelines.synthetic.people.camera import sample_positions
from pipelines.synthetic.people.detail_points import detail_points
from pipelines.synthetic.people.shading import build_shading_tables, shade_grid
from pipelines.synthetic.people.skeleton import Frames, coco17, human36m17
from pipelines.synthetic.rendering.occlusion import ambient_occlusion
from pipelines.synthetic.rendering.raycast import Placed, cast, cast_grid, place
from pipelines.synthetic.rotations import rotate
from pipelines.synthetic.scene import ClipConfig, Scene, sample_scene
from pipelines.synthetic.shadows import cast_shadows
from pipelines.synthetic.tensors import repeat_per_picture

__all__ = ["Clip", "ClipConfig", "render_clip", "sample_clip"]

_TOLERANCE = 0.004  # m by which a point may be behind the visible surface and still count as visible
_JOINT_DEPTH = (0.05,) * 5 + (0.12,) * 2 + (0.1,) * 4 + (0.17,) * 2 + (0.12,) * 4  # of COCO joints under the skin, m
_DETAIL_DEPTH = (0.05, 0.05, 0.04) * 2 + (0.08, 0.05) * 2  # of the points of hands and feet under the skin, m


@dataclass
class Clip:
    """Rendered frames and what is known about them."""

    images: Tensor
    """[B, T, 3, H, W] in [-1, 1]: `rgba` over `plate` darkened by `shadow`."""
    rgba: Tensor
    """[B, T, 4, H, W] the person alone: colour in [-1, 1] times coverage, and coverage in 0 to 1."""
    plate: Tensor
    """[B, 3, H, W] in [-1, 1]: the background without person and shadow."""
    shadow: Tensor
    """[B, T, 1, H, W] how much the person darkens the background as displayed, 0 not at all, 1 black."""
    coco: Tensor
    """[B, T, 17, 2] COCO-17 joints, x, y in pixels."""
    coco_visible: Tensor
    """[B, T, 17] bool: in the picture and not hidden."""
    h36m: Tensor
    """[B, T, 17, 2] Human3.6M-17 joints, x, y in pixels."""
    details: Tensor
    """[B, T, 10, 2] points of hands and feet, `models.joints.DETAIL_NAMES`, x, y in pixels."""
    details_visible: Tensor
    """[B, T, 10] bool: in the picture and not hidden."""
    coco_depth: Tensor
    """[B, T, 17] of the COCO-17 joints in pixels, smaller ones are nearer; the middle of the hips is at 0."""
    h36m_depth: Tensor
    """[B, T, 17] the same of the Human3.6M-17 joints."""
    parts: Tensor
    """[B, T, H, W] uint8 index into `PARTS` at the pixel centres."""
    mask: Tensor
    """[B, T, 1, H, W] coverage by the person, 0 to 1."""
    depth: Tensor
    """[B, T, H, W] world z at the pixel centres, metres."""
    index: Tensor
    """[B, T, H, W] primitive at the pixel centres, -1 for none."""
    rotation: Tensor
    """[B, T, F, 3, 3] of the rig."""
    origin: Tensor
    """[B, T, F, 3] of the rig, metres."""
    placed: Placed
    """The primitives of the N pictures."""
    scene: Scene

    def flow(self, target: int, source: int) -> tuple[Tensor, Tensor, Tensor]:
        """True backward flow from frame `target` to frame `source`.

        Returns:
            flow [B, 2, H, W] in pixels (x, y): the target's pixel p shows what the source shows at p + flow; visible
            [B, 1, H, W], 1 where that is true and 0 where the point is hidden or outside in the source; person
            [B, 1, H, W], 1 where the target's pixel centre is on the person. The background has zero flow.
        """
        camera, index = self.scene.camera, self.index[:, target]
        height, width = index.shape[1:]
        person = index >= 0
        moved = self._move_surface(target, source)
        pixel = camera.project(moved)  # [B, H, W, 2]
        axes = sample_positions(width, 1, index.device), sample_positions(height, 1, index.device)
        own = torch.stack(torch.meshgrid(*axes, indexing="xy"), -1)  # [H, W, 2]
        flow = torch.where(person[..., None], pixel - own, 0.0)
        limit = pixel.new_tensor([width - 1, height - 1])
        inside = ((pixel >= 0) & (pixel <= limit)).all(-1)
        clear = self._find_unoccluded(source, moved, person & inside)
        visible = torch.where(person, clear, self.index[:, source] < 0)
        return flow.permute(0, 3, 1, 2).contiguous(), visible[:, None].float(), person[:, None].float()

    def _move_surface(self, target: int, source: int) -> Tensor:
        """World points [B, H, W, 3] where the surface that the target frame shows is in the source frame."""
        camera, index = self.scene.camera, self.index[:, target]
        batch, height, width = index.shape
        turn = self.rotation[:, source] @ self.rotation[:, target].mT  # [B, F, 3, 3]
        move = self.origin[:, source] - rotate(turn, self.origin[:, target])  # [B, F, 3]
        frame = self.scene.people.primitives.frame[index.clamp(min=0).long()]
        row = frame + turn.shape[1] * torch.arange(batch, device=index.device)[:, None, None]
        x = camera.columns(width)[:, None].expand(-1, height, -1)
        y = camera.rows(height)[:, :, None].expand(-1, -1, width)
        point = (x, y, self.depth[:, target])
        turn, move = turn.flatten(0, 1), move.flatten(0, 1)  # [B * F, 3, 3], [B * F, 3]
        rows = [sum(turn[:, i, j][row] * point[j] for j in range(3)) + move[:, i][row] for i in range(3)]
        return torch.stack(rows, -1)

    def _find_unoccluded(self, frame: int, points: Tensor, wanted: Tensor) -> Tensor:
        """Where the world points [B, H, W, 3] are on the visible surface of `frame`: [B, H, W] bool, false where
        `wanted` [B, H, W] is false."""
        batch, steps = self.index.shape[:2]
        pictures = torch.arange(batch, device=points.device) * steps + frame % steps
        placed = self.placed[pictures]
        if points.is_cuda:
            depth, _ = cast(placed, points[..., 0].flatten(1), points[..., 1].flatten(1))
            return (depth.view_as(wanted) <= points[..., 2] + _TOLERANCE) & wanted
        result = torch.zeros_like(wanted)
        for i in range(batch):
            chosen = points[i][wanted[i]][None]  # [1, M, 3]
            depth, _ = cast(placed[i : i + 1], chosen[..., 0], chosen[..., 1])
            result[i][wanted[i]] = (depth <= chosen[..., 2] + _TOLERANCE)[0]
        return result


def sample_clip(config: ClipConfig, *, batch: int, times: Tensor, generator: Generator) -> Clip:
    """Draws `batch` scenes and renders their frames `times` [B, T] (int64, below `config.length`)."""
    return render_clip(sample_scene(config, batch=batch, generator=generator), times)


def render_clip(scene: Scene, times: Tensor) -> Clip:
    """Renders the frames `times` [B, T] (int64, below the configured length) of a scene."""
    config, camera, people = scene.config, scene.camera, scene.people
    times = times.to(scene.camera.scale.device)
    batch, steps = times.shape
    frames = Frames(_select(scene.frames.rotation, times), _select(scene.frames.origin, times))
    placed = place(people.primitives, frames.rotation, frames.origin)
    colour, mask = _draw_people(scene, placed, frames)
    x, y = (repeat_per_picture(side, steps) for side in (camera.columns(config.width), camera.rows(config.height)))
    depth, index = cast_grid(placed, x, y)  # [N, H, W] at the pixel centres
    straight = colour * ambient_occlusion(depth, index >= 0) / mask.clamp(min=1e-3)
    gain, gamma = repeat_per_picture(scene.gain, steps), repeat_per_picture(scene.gamma, steps)
    rgba = premultiply(_grade(straight, gain, gamma) * 2 - 1, mask)
    plate = _grade(scene.background, scene.gain, scene.gamma) * 2 - 1
    # Grading is a power: what darkens the light by a factor darkens what is displayed by the same power of it.
    shadow = 1 - (1 - cast_shadows(scene, frames, mask)).pow(gamma[:, None, None, None])
    parts = torch.where(index >= 0, people.part[index.clamp(min=0).long()], 0).to(torch.uint8)
    shape = (batch, steps, config.height, config.width)
    joints, human = coco17(frames, scene.proportions), human36m17(frames, scene.proportions)
    details = detail_points(frames, scene.proportions)
    pixels, detail_pixels = camera.project(joints), camera.project(details)
    hips = human[:, :, 0]  # [B, T, 3]
    return Clip(
        images=compose(rgba, repeat_per_picture(plate, steps), shadow).view(batch, steps, 3, *shape[2:]),
        rgba=rgba.view(batch, steps, 4, *shape[2:]),
        plate=plate,
        shadow=shadow.view(batch, steps, 1, *shape[2:]),
        coco=pixels,
        coco_visible=_find_visible(config, placed, joints, pixels, _JOINT_DEPTH),
        h36m=camera.project(human),
        details=detail_pixels,
        details_visible=_find_visible(config, placed, details, detail_pixels, _DETAIL_DEPTH),
        coco_depth=camera.depth(joints, hips),
        h36m_depth=camera.depth(human, hips),
        parts=parts.view(shape),
        mask=mask.view(batch, steps, 1, *shape[2:]),
        depth=depth.view(shape),
        index=index.view(shape),
        rotation=frames.rotation,
        origin=frames.origin,
        placed=placed,
        scene=scene,
    )


def _select(values: Tensor, times: Tensor) -> Tensor:
    """The entries `times` [B, T] of values [B, L, ...]: [B, T, ...]."""
    return values[torch.arange(len(values), device=values.device)[:, None], times]


def _draw_people(scene: Scene, placed: Placed, frames: Frames) -> tuple[Tensor, Tensor]:
    """Colour times coverage [N, 3, H, W] and coverage [N, 1, H, W] of the people, antialiased."""
    config, steps, factor = scene.config, frames.origin.shape[1], scene.config.supersample
    x = repeat_per_picture(scene.camera.columns(config.width, factor), steps)
    y = repeat_per_picture(scene.camera.rows(config.height, factor), steps)
    depth, index = cast_grid(placed, x, y)  # [N, H * factor, W * factor]
    tables = build_shading_tables(scene.people, scene.appearance, placed, frames.rotation, frames.origin)
    colour = shade_grid(tables, scene.appearance, depth, index, x, y)
    mask = (index >= 0)[:, None].float()
    return functional.avg_pool2d(colour, factor), functional.avg_pool2d(mask, factor)


def _grade(images: Tensor, gain: Tensor, gamma: Tensor) -> Tensor:
    """Applies the camera's colour cast and gamma: images [N, 3, H, W] in [0, 1], gain [N, 3], gamma [N]."""
    return (images * gain[:, :, None, None]).clamp(1e-5, 1).pow(gamma[:, None, None, None])


def _find_visible(
    config: ClipConfig, placed: Placed, points: Tensor, pixels: Tensor, flesh: tuple[float, ...]
) -> Tensor:
    """Which K points are inside the picture with nothing but their own flesh in front: [B, T, K] bool.

    points: [B, T, K, 3] world metres; pixels: [B, T, K, 2]; flesh: how far under the skin each of them is, metres.
    """
    flat = points.flatten(0, 1)  # [N, K, 3]
    depth, _ = cast(placed, flat[..., 0], flat[..., 1])
    free = depth - flat[..., 2] <= flat.new_tensor(flesh)
    limit = pixels.new_tensor([config.width - 0.5, config.height - 0.5])
    return free.view(points.shape[:3]) & ((pixels >= -0.5) & (pixels <= limit)).all(-1)
