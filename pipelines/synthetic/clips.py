"""Clips of procedural people: pictures, joints, part masks, and the true flow between any two frames.

Legend: B batch, T frames of the clip, L frames of the whole motion, N = B * T, F = 21 frames of the rig, P primitives,
H height, W width.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as functional
from torch import Generator, Tensor

from pipelines.synthetic.motion.motion import sample_motion
from pipelines.synthetic.people.body import People, sample_people
from pipelines.synthetic.people.camera import Camera, sample_camera, sample_positions
from pipelines.synthetic.people.shading import Look, nook_shadow, sample_look, shade_grid, shading_tables
from pipelines.synthetic.people.skeleton import (
    Frames,
    Motion,
    Proportions,
    coco17,
    forward_kinematics,
    human36m17,
    rotation_about,
    sample_proportions,
)  # fmt: skip
from pipelines.synthetic.people.textures import sample_atlas, sample_outfit
from pipelines.synthetic.rendering.backgrounds import sample_backgrounds
from pipelines.synthetic.rendering.noise import chance, uniform
from pipelines.synthetic.rendering.raycast import Placed, cast, cast_grid, place
from pipelines.synthetic.shadows import per_picture, shadowed

_TOLERANCE = 0.004  # m by which a point may lie behind the visible surface and still count as visible
_JOINT_DEPTH = (0.05,) * 5 + (0.12,) * 2 + (0.1,) * 4 + (0.17,) * 2 + (0.12,) * 4  # of COCO joints under the skin


@dataclass(frozen=True)
class ClipConfig:
    """What the clips look like.

    height, width: pixels. length: frames of the whole motion, at fps, made of `actions` separate motions. fill: range
    of the share of the picture that the person's whole motion spans. zoom: range of a further magnification, above 1 it
    crops. shift: largest displacement from the centre beyond the free margin, in parts of the picture. roll: largest
    camera roll in radians. amplitude: of the motion. texture_size: texels. supersample: rays per pixel and direction.
    shadow: share of the clips in which the person casts a shadow on floor or wall.
    """

    height: int = 256
    width: int = 256
    length: int = 100
    fps: float = 25.0
    actions: int = 1
    fill: tuple[float, float] = (0.62, 0.95)
    zoom: tuple[float, float] = (1.0, 1.0)
    shift: float = 0.02
    roll: float = 0.03
    amplitude: float = 1.0
    texture_size: int = 128
    supersample: int = 2
    shadow: float = 0.5


@dataclass
class Scene:
    """B people in motion before their backgrounds; any frames of it can be rendered, at any time, in any chunks.

    frames: the whole motion of L frames. background: [B, 3, H, W] in [0, 1]. shadow: [B, 3] strengths of the shadows on
    floor and wall, and the wall shadow's shift in parts of the width. gain: [B, 3], gamma: [B] of the camera.
    """

    config: ClipConfig
    proportions: Proportions
    people: People
    look: Look
    frames: Frames
    camera: Camera
    background: Tensor
    shadow: Tensor
    gain: Tensor
    gamma: Tensor

    def render(self, times: Tensor) -> "Clip":
        """Renders the frames `times` [B, T] (int64, below the configured length)."""
        return _render(self, times)


@dataclass
class Clip:
    """Rendered frames and what is known about them.

    images: [B, T, 3, H, W] in [-1, 1]. coco, h36m: [B, T, 17, 2] pixels. coco_visible: [B, T, 17] bool, in the picture
    and not hidden. parts: [B, T, H, W] uint8 index into `PARTS` at the pixel centres. mask: [B, T, 1, H, W] coverage by
    the person, 0 to 1. depth: [B, T, H, W] metres, index: [B, T, H, W] primitive or -1, both at the pixel centres;
    rotation [B, T, F, 3, 3], origin [B, T, F, 3]: the rig; placed: the primitives of the N pictures.
    """

    images: Tensor
    coco: Tensor
    coco_visible: Tensor
    h36m: Tensor
    parts: Tensor
    mask: Tensor
    depth: Tensor
    index: Tensor
    rotation: Tensor
    origin: Tensor
    placed: Placed
    scene: Scene

    def flow(self, target: int, source: int) -> tuple[Tensor, Tensor, Tensor]:
        """True backward flow from frame `target` to frame `source`.

        Returns:
            flow [B, 2, H, W] in pixels (x, y): the target's pixel p shows what the source shows at p + flow; visible
            [B, 1, H, W], 1 where that is true and 0 where the point is hidden or outside in the source; person
            [B, 1, H, W], 1 where the target's pixel centre lies on the person. The background has zero flow.
        """
        camera, index = self.scene.camera, self.index[:, target]
        height, width = index.shape[1:]
        person = index >= 0
        moved = self._moved(target, source)
        pixel = camera.project(moved)
        axes = sample_positions(width, 1, index.device), sample_positions(height, 1, index.device)
        own = torch.stack(torch.meshgrid(*axes, indexing="xy"), -1)
        flow = torch.where(person[..., None], pixel - own, 0.0)
        limit = pixel.new_tensor([width - 1, height - 1])
        inside = ((pixel >= 0) & (pixel <= limit)).all(-1)
        clear = self._unoccluded(source, moved, person & inside)
        visible = torch.where(person, clear, self.index[:, source] < 0)
        return flow.permute(0, 3, 1, 2).contiguous(), visible[:, None].float(), person[:, None].float()

    def _moved(self, target: int, source: int) -> Tensor:
        """World points [B, H, W, 3] in the source frame of the surface that the target frame shows."""
        camera, index = self.scene.camera, self.index[:, target]
        batch, height, width = index.shape
        turn = self.rotation[:, source] @ self.rotation[:, target].mT  # [B, F, 3, 3]
        move = self.origin[:, source] - (turn @ self.origin[:, target][..., None])[..., 0]
        frame = self.scene.people.primitives.frame[index.clamp(min=0).long()]
        row = frame + turn.shape[1] * torch.arange(batch, device=index.device)[:, None, None]
        x = camera.columns(width)[:, None].expand(-1, height, -1)
        y = camera.rows(height)[:, :, None].expand(-1, -1, width)
        point = (x, y, self.depth[:, target])
        turn, move = turn.flatten(0, 1), move.flatten(0, 1)
        rows = [sum(turn[:, i, j][row] * point[j] for j in range(3)) + move[:, i][row] for i in range(3)]
        return torch.stack(rows, -1)

    def _unoccluded(self, frame: int, points: Tensor, wanted: Tensor) -> Tensor:
        """Where the world points [B, H, W, 3] are on the visible surface of `frame`; false where not `wanted`."""
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
    return sample_scene(config, batch=batch, generator=generator).render(times)


def sample_scene(config: ClipConfig, *, batch: int, generator: Generator) -> Scene:
    """Draws people, clothes, motion, camera, light and background, on the generator's device."""
    proportions = sample_proportions(batch, generator)
    outfit = sample_outfit(batch, generator)
    people = sample_people(batch, generator, proportions, outfit=outfit)
    motion = _sample_motions(config, batch, generator)
    frames = _rolled(forward_kinematics(proportions, motion), config.roll, generator)
    atlas = sample_atlas(batch, generator, size=config.texture_size, outfit=outfit)
    shadow = torch.stack(
        [
            uniform(generator, batch, low=0.1, high=0.55) * chance(generator, config.shadow, batch),
            uniform(generator, batch, low=0.05, high=0.4) * chance(generator, config.shadow * 0.5, batch),
            uniform(generator, batch, low=-1.0) * 0.12,
        ],
        -1,
    )
    return Scene(
        config,
        proportions,
        people,
        sample_look(atlas, outfit, generator),
        frames,
        sample_camera(
            people,
            frames,
            generator,
            size=(config.width, config.height),
            fill=config.fill,
            zoom=config.zoom,
            shift=config.shift,
        ),
        sample_backgrounds(batch, config.height, config.width, generator),
        shadow,
        1 + 0.05 * uniform(generator, batch, 3, low=-1.0),
        torch.exp(0.15 * uniform(generator, batch, low=-1.0)),
    )


def _sample_motions(config: ClipConfig, batch: int, generator: Generator) -> Motion:
    """`config.actions` independent motions of equal length, one after the other without a transition."""
    lengths = [config.length // config.actions] * config.actions
    lengths[-1] += config.length - sum(lengths)
    motions = [
        sample_motion(batch, length, generator, fps=config.fps, amplitude=config.amplitude) for length in lengths
    ]
    rotations = torch.cat([motion.rotations for motion in motions], 1)
    return Motion(rotations, torch.cat([motion.root for motion in motions], 1))


def _rolled(frames: Frames, roll: float, generator: Generator) -> Frames:
    """Turns the whole scene about the line of sight, a little and by a constant angle per clip."""
    angle = roll * uniform(generator, len(frames.origin), low=-1.0)
    turn = rotation_about(2, angle)[:, None, None]
    return Frames(turn @ frames.rotation, (turn @ frames.origin[..., None])[..., 0])


def _take(tensor: Tensor, times: Tensor) -> Tensor:
    """Rows `times` [B, T] of [B, L, ...]."""
    return tensor[torch.arange(len(tensor), device=tensor.device)[:, None], times]


def _render(scene: Scene, times: Tensor) -> Clip:
    config, camera, people = scene.config, scene.camera, scene.people
    times = times.to(scene.camera.scale.device)
    batch, steps = times.shape
    frames = Frames(_take(scene.frames.rotation, times), _take(scene.frames.origin, times))
    placed = place(people.primitives, frames.rotation, frames.origin)
    colour, mask = _draw_people(scene, placed, frames)
    x, y = (per_picture(side, steps) for side in (camera.columns(config.width), camera.rows(config.height)))
    depth, index = cast_grid(placed, x, y)
    colour = colour * nook_shadow(depth, index >= 0)
    ground = shadowed(scene, frames, mask)
    images = _graded(colour + ground * (1 - mask), per_picture(scene.gain, steps), per_picture(scene.gamma, steps))
    parts = torch.where(index >= 0, people.part[index.clamp(min=0).long()], 0).to(torch.uint8)
    shape = (batch, steps, config.height, config.width)
    joints = coco17(frames, scene.proportions)
    pixels = camera.project(joints)
    return Clip(
        images=(images * 2 - 1).view(batch, steps, 3, *shape[2:]),
        coco=pixels,
        coco_visible=_seen(config, placed, joints, pixels),
        h36m=camera.project(human36m17(frames, scene.proportions)),
        parts=parts.view(shape),
        mask=mask.view(batch, steps, 1, *shape[2:]),
        depth=depth.view(shape),
        index=index.view(shape),
        rotation=frames.rotation,
        origin=frames.origin,
        placed=placed,
        scene=scene,
    )


def _draw_people(scene: Scene, placed: Placed, frames: Frames) -> tuple[Tensor, Tensor]:
    """Colour times coverage [N, 3, H, W] and coverage [N, 1, H, W] of the people, antialiased."""
    config, steps, factor = scene.config, frames.origin.shape[1], scene.config.supersample
    x = per_picture(scene.camera.columns(config.width, factor), steps)
    y = per_picture(scene.camera.rows(config.height, factor), steps)
    depth, index = cast_grid(placed, x, y)
    tables = shading_tables(scene.people, scene.look, placed, frames.rotation, frames.origin)
    colour = shade_grid(tables, scene.look, depth, index, x, y)
    mask = (index >= 0)[:, None].float()
    return functional.avg_pool2d(colour, factor), functional.avg_pool2d(mask, factor)


def _graded(images: Tensor, gain: Tensor, gamma: Tensor) -> Tensor:
    """The camera's colour cast and gamma: images [N, 3, H, W], gain [N, 3], gamma [N]."""
    return (images * gain[:, :, None, None]).clamp(1e-5, 1).pow(gamma[:, None, None, None])


def _seen(config: ClipConfig, placed: Placed, joints: Tensor, pixels: Tensor) -> Tensor:
    """COCO joints [B, T, 17] bool inside the picture with nothing but their own flesh in front."""
    flat = joints.flatten(0, 1)
    depth, _ = cast(placed, flat[..., 0], flat[..., 1])
    free = depth - flat[..., 2] <= flat.new_tensor(_JOINT_DEPTH)
    limit = pixels.new_tensor([config.width - 0.5, config.height - 0.5])
    return free.view(joints.shape[:3]) & ((pixels >= -0.5) & (pixels <= limit)).all(-1)
