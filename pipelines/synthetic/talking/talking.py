"""Talking heads: rendered pictures and the 68 landmarks of their faces.

In: batch, frames, size and a generator. Out: images and landmarks. The training of face animation calls
`sample_talking`. Bodies, hair and light are those of the rendered people; the face is painted where the camera sees it.

Legend: B batch, T frames of the clip, N = B * T pictures, H = W size; with supersampling H' = W' = size * SUPERSAMPLE.
"""

import torch
import torch.nn.functional as functional
from torch import Generator, Tensor

from pipelines.synthetic.people.shading import (
    Appearance,
    build_shading_tables,
    sample_appearance,
    shade_grid,
)
from pipelines.synthetic.people.textures import sample_atlas, sample_outfit
from pipelines.synthetic.rendering.backgrounds import sample_backgrounds
from pipelines.synthetic.rendering.noise import gaussian_blur, uniform
from pipelines.synthetic.rendering.occlusion import ambient_occlusion
from pipelines.synthetic.rendering.raycast import cast_grid, place
from pipelines.synthetic.talking.heads import FACE, FILL, Head, sample_head
from pipelines.synthetic.talking.landmarks import measure_landmarks, project_on_skin
from pipelines.synthetic.talking.paint import FacePaint, paint_faces, sample_face_paint
from pipelines.synthetic.tensors import repeat_per_picture

SUPERSAMPLE = 2  # rays per pixel in either direction
SOFT = 0.025  # standard deviation of the blur of light over the face, in head heights
CHUNK = 8  # pictures painted at once
TEXTURE = 128  # texels along a side of a texture


def sample_talking(*, batch: int, frames: int, size: int, generator: Generator) -> tuple[Tensor, Tensor]:
    """Talking heads of `batch` people, consecutive frames at 25 per second, on the generator's device.

    Returns:
        Images [B, T, 3, size, size] in [-1, 1]; landmarks [B, T, 68, 2] x, y in pixels, iBUG 300-W order.
    """
    head, appearance, paint = sample_scene(batch=batch, frames=frames, size=size, generator=generator)
    background = sample_backgrounds(batch, size, size, generator)
    gain = repeat_per_picture(1 + 0.05 * uniform(generator, batch, 3, low=-1.0), frames)
    images = render_heads(head, appearance, paint, background) * gain[:, :, None, None]
    images = images.clamp(0, 1) * 2 - 1
    return images.unflatten(0, (batch, frames)), measure_landmarks(head).unflatten(0, (batch, frames))


def sample_scene(*, batch: int, frames: int, size: int, generator: Generator) -> tuple[Head, Appearance, FacePaint]:
    """Draws `batch` talking people, `frames` consecutive frames of each, for pictures of `size` pixels."""
    outfit = sample_outfit(batch, generator)
    head = sample_head(outfit, frames, size, generator)
    atlas = sample_atlas(batch, generator, size=TEXTURE, outfit=outfit)
    atlas[:, FACE] = 1  # light only; colours are painted later
    return head, sample_appearance(atlas, outfit, generator), sample_face_paint(outfit.skin, outfit.hair, generator)


def render_heads(head: Head, appearance: Appearance, paint: FacePaint, background: Tensor) -> Tensor:
    """Pictures [N, 3, H, W] in [0, 1] of B heads before backgrounds [B, 3, H, W]."""
    layer = render_cutouts(head, appearance, paint, background.shape[-1])
    return layer[:, :3] + repeat_per_picture(background, head.steps) * (1 - layer[:, 3:])


def render_cutouts(head: Head, appearance: Appearance, paint: FacePaint, size: int) -> Tensor:
    """Heads without background: colours times coverage, and coverage, [N, 4, size, size] in [0, 1]."""
    camera, frames = head.camera, head.frames
    placed = place(head.people.primitives, frames.rotation, frames.origin)
    x = repeat_per_picture(camera.columns(size, SUPERSAMPLE), head.steps)
    y = repeat_per_picture(camera.rows(size, SUPERSAMPLE), head.steps)
    depth, index = cast_grid(placed, x, y)
    tables = build_shading_tables(head.people, appearance, placed, frames.rotation, frames.origin)
    colour = shade_grid(tables, appearance, depth, index, x, y) * ambient_occlusion(depth, index >= 0)
    face = ((index >= 0) & (head.people.slot[index.clamp(min=0).long()] == FACE))[:, None]
    points = torch.stack([x[:, None].expand_as(depth), y[:, :, None].expand_as(depth), depth], -1)  # [N, H', W', 3]
    _paint_faces(head, paint.repeat(head.steps), colour, face, points)
    return functional.avg_pool2d(torch.cat([colour, (index >= 0)[:, None].to(colour.dtype)], 1), SUPERSAMPLE)


def _paint_faces(head: Head, paint: FacePaint, colour: Tensor, face: Tensor, points: Tensor) -> None:
    """Paints the faces into `colour` [N, 3, H', W'] where `face` [N, 1, H', W'] is true, under the light in `colour`.

    points: [N, H', W', 3] of the world.
    """
    x, y = project_on_skin(head, points)
    sigma = SOFT * SUPERSAMPLE * repeat_per_picture(head.camera.scale, head.steps) * head.height
    for first in range(0, len(colour), CHUNK):
        part = slice(first, first + CHUNK)
        painted = paint_faces(head.features[part], paint[part], x[part, None], y[part, None])
        light = _soften(colour[part], face[part].float(), sigma[part])
        colour[part] = torch.where(face[part], painted * light, colour[part])


def _soften(light: Tensor, face: Tensor, sigma: Tensor) -> Tensor:
    """Light [n, 3, H', W'] blurred over the face [n, 1, H', W'], to lose the creases where skull, jaw and nose meet.

    sigma: [n] standard deviations in pixels. Light beside the face does not count.
    """
    limit = SOFT * FILL[1] * light.shape[-1]
    blurred = gaussian_blur(torch.cat([light * face, face], 1), sigma, max_sigma=limit)
    return blurred[:, :3] / blurred[:, 3:].clamp(min=1e-6)
