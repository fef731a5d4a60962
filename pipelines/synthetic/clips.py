"""Clips of rendered people with real bodies: pictures, points of body, hands, feet and face, parts, and true flow.

In: a `ClipConfig` and a generator, or a `Scene`, and which frames to render. Out: a `Clip`. Training and the
examples call `sample_clip` and `render_clip`.

Legend: B people, T frames of the clip, N = B * T pictures, V vertices, F triangles, k samples per pixel in either
direction, H height, W width.
"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn.functional import avg_pool2d, interpolate

from models.joints import HAND_POINTS, NAMED_HAND_POINTS
from models.layer import compose, premultiply
from pipelines.synthetic.cast_shadow import cast_shadow
from pipelines.synthetic.clip_config import ClipConfig
from pipelines.synthetic.people.body_bones import PARTS as BODY_PARTS
from pipelines.synthetic.people.body_keypoints import BodyKeypoints, find_keypoints
from pipelines.synthetic.people.body_model import BodyModel
from pipelines.synthetic.people.dressed import DressedBody
from pipelines.synthetic.people.layers import LAYERS
from pipelines.synthetic.people.mesh_shading import MeshTables, shade_hits
from pipelines.synthetic.people.wrinkles import WrinkleTables
from pipelines.synthetic.rendering.correspondence import find_flow, find_visible
from pipelines.synthetic.rendering.hits import average_samples, find_hits
from pipelines.synthetic.rendering.occlusion import ambient_occlusion
from pipelines.synthetic.rendering.raster import Raster, rasterise, to_samples
from pipelines.synthetic.rendering.shadow_map import map_shadows
from pipelines.synthetic.scene import Scene, sample_scene, select_pose
from pipelines.synthetic.shadows import cast_shadows, find_floor
from pipelines.synthetic.tensors import constant, repeat_per_picture

__all__ = ["PARTS", "Clip", "ClipConfig", "render_clip", "sample_clip"]

PARTS = ("background", *BODY_PARTS, "hair", "skirt")
_TOLERANCE = 0.006  # m by which a point may be behind the visible surface and still count as visible
# Depth of points under the skin and their clothes, m.
_COCO_DEPTH = (0.05,) * 5 + (0.12,) * 2 + (0.1,) * 4 + (0.17,) * 2 + (0.12,) * 4
_HAND_DEPTH, _FOOT_DEPTH, _FACE_DEPTH = 0.02, 0.06, 0.015
# Rows of the points of `models.joints.DETAIL_POINTS` among those of both hands and both feet, the right one's first.
_SIDES = (range(HAND_POINTS, 2 * HAND_POINTS), range(HAND_POINTS))
_DETAILS = [*(hand[point] for hand in _SIDES for point in NAMED_HAND_POINTS), 44, 45, 42, 43, *_SIDES[0], *_SIDES[1]]
_SAMPLES_AT_ONCE = {"cuda": 1 << 25, "cpu": 1 << 20}  # samples of the pictures that are drawn together
_BEHIND = -10.0  # z of the background, m


@dataclass
class Clip:
    """Rendered frames and what is known about them. Points are x, y in pixels; visible ones are in the picture with
    nothing but their own flesh and clothes in front."""

    images: Tensor
    """[B, T, 3, H, W] in [-1, 1]: `rgba` over `plate` darkened by `shadow`; at soft edges of what stands in front, what
    is seen there."""
    rgba: Tensor
    """[B, T, 4, H, W] what is seen of the person: colour in [-1, 1] times coverage, and coverage in 0 to 1."""
    plate: Tensor
    """[B, 3, H, W] in [-1, 1]: everything but person and shadow."""
    shadow: Tensor
    """[B, T, 1, H, W] how much the person darkens the background as displayed, 0 not at all, 1 black."""
    coco: Tensor
    """[B, T, 17, 2] COCO-17 joints."""
    coco_visible: Tensor
    """[B, T, 17] bool."""
    coco_depth: Tensor
    """[B, T, 17] of the COCO-17 joints in pixels, smaller ones are nearer; the middle of the hips is at 0."""
    h36m: Tensor
    """[B, T, 17, 2] Human3.6M-17 joints."""
    h36m_depth: Tensor
    """[B, T, 17] depth of the Human3.6M-17 joints."""
    hands: Tensor
    """[B, T, 2, 21, 2] right and left hand, in MediaPipe's order."""
    hands_visible: Tensor
    """[B, T, 2, 21] bool."""
    feet: Tensor
    """[B, T, 4, 2] heel and tip of the big toe of the right foot, then of the left one."""
    feet_visible: Tensor
    """[B, T, 4] bool."""
    face: Tensor
    """[B, T, 68, 2] points of the face in iBUG's order."""
    face_visible: Tensor
    """[B, T, 68] bool."""
    irises: Tensor
    """[B, T, 2, 2] middles of the right and the left iris, also of shut eyes."""
    details: Tensor
    """[B, T, 52, 2] points of hands and feet, `models.joints.DETAIL_POINTS`."""
    details_visible: Tensor
    """[B, T, 52] bool."""
    parts: Tensor
    """[B, T, H, W] uint8 index into `PARTS` at the pixel centres."""
    mask: Tensor
    """[B, T, 1, H, W] coverage by the person, 0 to 1."""
    depth: Tensor
    """[B, T, H, W] world z at the pixel centres, metres, -inf for the background."""
    index: Tensor
    """[B, T, H, W] int32 triangle at the pixel centres, -1 for none."""
    surface: Tensor
    """[B, T, H * k, W * k] world z at the samples, metres, -inf for the background, inf in front of the person."""
    vertices: Tensor
    """[B, T, V, 3] world metres."""
    scene: Scene

    def flow(self, target: int, source: int) -> tuple[Tensor, Tensor, Tensor]:
        """True backward flow from frame `target` to frame `source`.

        Returns:
            flow [B, 2, H, W] in pixels (x, y): the target's pixel p shows what the source shows at p + flow; visible
            [B, 1, H, W], 1 where that is true and 0 where the point is hidden or outside in the source; person
            [B, 1, H, W], 1 where the target's pixel centre is on the person. The background has zero flow.
        """
        camera, triangles = self.scene.camera, MeshTables.load(self.index.device).triangles
        raster = Raster(self.index[:, target], self.depth[:, target])
        hits = find_hits(raster, camera.project(self.vertices[:, target]), triangles)
        moved, surface = self.vertices[:, source], self.surface[:, source]
        flow, visible, person = find_flow(hits, camera.project(moved), moved[..., 2], surface, tolerance=_TOLERANCE)
        if self.scene.foreground is not None:
            visible = torch.where(_find_covered(self.scene.foreground), 1.0, visible)
        return flow, visible, person


@dataclass
class _Drawing:
    """N pictures of people."""

    colour: Tensor
    """[N, 3, H, W] times coverage."""
    mask: Tensor
    """[N, 1, H, W]."""
    raster: Raster
    """At the pixel centres."""
    surface: Tensor
    """[N, H * k, W * k]."""


def sample_clip(config: ClipConfig, *, batch: int, times: Tensor, generator: Generator) -> Clip:
    """Draws `batch` scenes and renders their frames `times` [B, T] (int64, below `config.length`)."""
    return render_clip(sample_scene(config, batch=batch, generator=generator), times)


def render_clip(scene: Scene, times: Tensor) -> Clip:
    """Renders the frames `times` [B, T] (int64, below the configured length) of a scene."""
    times = times.to(scene.background.device)
    batch, steps = times.shape
    pose = select_pose(scene.pose, times)
    vertices = DressedBody.load(times.device).pose(scene.dressed, pose)  # [B, T, V, 3]
    drawing = _draw_people(scene, vertices)
    mask, surface = drawing.mask, drawing.surface
    depth, index = drawing.raster.nearness, drawing.raster.index
    shade = ambient_occlusion(torch.where(index >= 0, depth, _BEHIND), index >= 0)
    straight = drawing.colour * shade / mask.clamp(min=1e-3)
    gain, gamma = repeat_per_picture(scene.gain, steps), repeat_per_picture(scene.gamma, steps)
    rgba = premultiply(_grade(straight, gain, gamma) * 2 - 1, mask)
    plate = _grade(scene.background, scene.gain, scene.gamma) * 2 - 1
    # Grading is a power: what darkens the light by a factor darkens what is displayed by the same power of it.
    bright = (1 - cast_shadows(scene, pose.frames, mask)) * (1 - _cast_along_floor(scene, mask, steps))
    shadow = 1 - bright.pow(gamma[:, None, None, None])
    images = compose(rgba, repeat_per_picture(plate, steps), shadow)
    if scene.foreground is not None:
        images = compose(repeat_per_picture(scene.foreground, steps), images)
        plate = compose(scene.foreground, plate)
        clear = repeat_per_picture(1 - scene.foreground[:, 3:], steps)  # [N, 1, H, W]
        rgba, mask, shadow = rgba * clear, mask * clear, shadow * clear
        covered = repeat_per_picture(_find_covered(scene.foreground), steps)  # [N, 1, H, W]
        depth, index = (each.masked_fill(covered[:, 0], none) for each, none in ((depth, -torch.inf), (index, -1)))
        factor = scene.config.supersample
        surface = surface.masked_fill(interpolate(covered.float(), scale_factor=factor)[:, 0] > 0, torch.inf)

    def split(values: Tensor) -> Tensor:
        """[B, T, ...] of values [N, ...]."""
        return values.unflatten(0, (batch, steps))

    model = BodyModel.load(times.device)
    points = find_keypoints(model, scene.dressed.rest, pose, vertices[:, :, : len(model.template)])
    return Clip(
        images=split(images),
        rgba=split(rgba),
        plate=plate,
        shadow=split(shadow),
        parts=split(_label_parts(index)),
        mask=split(mask),
        depth=split(depth),
        index=split(index),
        surface=split(surface),
        vertices=vertices,
        scene=scene,
        **_project_points(scene, points, surface),
    )


def _draw_people(scene: Scene, vertices: Tensor) -> _Drawing:
    """Antialiased pictures of people whose vertices are at [B, T, V, 3]."""
    config, factor = scene.config, scene.config.supersample
    person = torch.arange(len(vertices), device=vertices.device).repeat_interleave(vertices.shape[1])
    samples = config.height * config.width * factor**2
    step = max(_SAMPLES_AT_ONCE.get(vertices.device.type, 1 << 20) // samples, 1)
    flat = vertices.flatten(0, 1)
    parts = [
        _draw_chunk(scene, flat[start : start + step], person[start : start + step])
        for start in range(0, len(flat), step)
    ]
    return _Drawing(
        torch.cat([part.colour for part in parts]),
        torch.cat([part.mask for part in parts]),
        Raster(torch.cat([part.raster.index for part in parts]), torch.cat([part.raster.nearness for part in parts])),
        torch.cat([part.surface for part in parts]),
    )


def _draw_chunk(scene: Scene, vertices: Tensor, person: Tensor) -> _Drawing:
    """Pictures of the people `person` [N] with vertices [N, V, 3]."""
    config, factor, mesh = scene.config, scene.config.supersample, MeshTables.load(vertices.device)
    present = scene.dressed.present[person]
    pixel = scene.camera.select(person).project(vertices)
    nearness = vertices[..., 2].contiguous()
    size = (config.height, config.width)
    raster = rasterise(pixel, nearness, mesh.triangles, present, size=size, two_sided=mesh.two_sided)
    fine, large = to_samples(pixel, factor), (config.height * factor, config.width * factor)
    samples = rasterise(fine, nearness, mesh.triangles, present, size=large, two_sided=mesh.two_sided)
    hits = find_hits(samples, fine, mesh.triangles)
    way = scene.appearance.lighting.key_way[person]
    lit = map_shadows(vertices, mesh.triangles, present, way).find_lit(hits.interpolate(vertices), hits.picture)
    width = 1 / (scene.camera.scale[person] * factor)
    normals = mesh.find_normals(vertices)
    wrinkles = scene.wrinkles
    tables = WrinkleTables.load(vertices.device)
    slope = tables.find_slopes(vertices, wrinkles.lengths[person], wrinkles.give[person])
    colour = shade_hits(hits, mesh, scene.appearance, person, vertices, normals, wrinkles, slope, width, lit)
    covered = (samples.index >= 0)[:, None].float()
    return _Drawing(
        average_samples(hits.to_grid(colour), factor), avg_pool2d(covered, factor), raster, samples.nearness
    )


def _find_covered(foreground: Tensor) -> Tensor:
    """Where a foreground [B, 4, H, W] counts as opaque, bool [B, 1, H, W]."""
    return foreground[:, 3:] > 0.5


def _cast_along_floor(scene: Scene, mask: Tensor, steps: int) -> Tensor:
    """How much darker the floor is behind the people of masks [N, 1, H, W], [N, 1, H, W] in 0..1."""
    strength, tilt = scene.cast.unbind(1)
    way = scene.appearance.lighting.key_way
    return cast_shadow(mask, *(repeat_per_picture(each, steps) for each in (find_floor(scene), way, tilt, strength)))


def _grade(images: Tensor, gain: Tensor, gamma: Tensor) -> Tensor:
    """Applies the camera's colour cast and gamma: images [N, 3, H, W] in [0, 1], gain [N, 3], gamma [N]."""
    return (images * gain[:, :, None, None]).clamp(1e-5, 1).pow(gamma[:, None, None, None])


def _label_parts(index: Tensor) -> Tensor:
    """Parts uint8 [N, H, W] that the triangles index [N, H, W] belong to."""
    dressed = DressedBody.load(index.device)
    labels = dressed.part + 1
    for layers, name in ((("hair", "hanging_hair"), "hair"), (("skirt",), "skirt")):
        chosen = torch.stack([dressed.layer == LAYERS.index(layer) for layer in layers]).any(0)
        labels = torch.where(chosen, PARTS.index(name), labels)
    labels = torch.cat([labels, labels.new_zeros(1)])  # whose last is read by the index -1
    return labels[index.long()].to(torch.uint8)


def _project_points(scene: Scene, points: BodyKeypoints, surface: Tensor) -> dict[str, Tensor]:
    """The fields of a `Clip` that are points; surface: [N, H * k, W * k]."""
    camera, factor = scene.camera, scene.config.supersample

    def find(world: Tensor, depth: float | Tensor) -> tuple[Tensor, Tensor]:
        """Pixels [B, T, K, 2] of world points [B, T, K, 3], and whether they are visible [B, T, K]."""
        pixel = camera.project(world)
        near = (world[..., 2] + depth).flatten(0, 1)
        seen = find_visible(pixel.flatten(0, 1), near, surface, factor=factor)
        return pixel, seen.view(world.shape[:-1])

    coco, h36m = points.coco17, points.human36m17
    hips = h36m[..., 0, :]
    coco_pixel, coco_visible = find(coco, constant(_COCO_DEPTH, coco.device))
    hands, hands_visible = find(points.hands.flatten(2, 3), _HAND_DEPTH)
    feet, feet_visible = find(points.feet.flatten(2, 3), _FOOT_DEPTH)
    face, face_visible = find(points.face, _FACE_DEPTH)
    return {
        "coco": coco_pixel,
        "coco_visible": coco_visible,
        "coco_depth": camera.depth(coco, hips),
        "h36m": camera.project(h36m),
        "h36m_depth": camera.depth(h36m, hips),
        "hands": hands.unflatten(2, (2, -1)),
        "hands_visible": hands_visible.unflatten(2, (2, -1)),
        "feet": feet,
        "feet_visible": feet_visible,
        "face": face,
        "face_visible": face_visible,
        "irises": camera.project(points.irises),
        "details": torch.cat([hands, feet], -2)[..., _DETAILS, :],
        "details_visible": torch.cat([hands_visible, feet_visible], -1)[..., _DETAILS],
    }
