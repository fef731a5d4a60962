"""Talking faces: pictures of procedural heads and the 68 landmarks of their faces.

Bodies, hair and light are those of the procedural people; the face is painted where the camera sees it (`facepaint`).

Legend: B batch, T frames, N = B * T pictures, H = W size.
"""

import torch
import torch.nn.functional as functional
from torch import Generator, Tensor

from pipelines.synthetic.people.shading import Look, nook_shadow, sample_look, shade_grid, shading_tables
from pipelines.synthetic.people.textures import sample_atlas, sample_outfit
from pipelines.synthetic.rendering.backgrounds import sample_backgrounds
from pipelines.synthetic.rendering.noise import gaussian_blur, uniform
from pipelines.synthetic.rendering.raycast import cast_grid, place
from pipelines.synthetic.shadows import per_picture
from pipelines.synthetic.talking.heads import FACE, FILL, Head, sample_head
from pipelines.synthetic.talking.landmarks import landmarks, on_skin
from pipelines.synthetic.talking.paint import Paint, paint_skin, sample_paint

SUPERSAMPLE = 2
SOFT = 0.025  # of the head's height: how far light is smoothed over the face
CHUNK = 8  # pictures painted at once
TEXTURE = 128


def sample_talking(*, batch: int, frames: int, size: int, generator: Generator) -> tuple[Tensor, Tensor]:
    """Talking heads of `batch` people, consecutive frames at 25 a second, on the generator's device.

    Returns:
        Images [B, T, 3, size, size] in [-1, 1]; landmarks [B, T, 68, 2] x, y in pixels, iBUG 300-W order.
    """
    outfit = sample_outfit(batch, generator)
    head = sample_head(outfit, frames, size, generator)
    atlas = sample_atlas(batch, generator, size=TEXTURE, outfit=outfit)
    atlas[:, FACE] = 1  # the light alone; colours are painted later
    look = sample_look(atlas, outfit, generator)
    paint = sample_paint(outfit.skin, outfit.hair, generator)
    background = sample_backgrounds(batch, size, size, generator)
    gain = per_picture(1 + 0.05 * uniform(generator, batch, 3, low=-1.0), frames)
    images = render(head, look, paint, background) * gain[:, :, None, None]
    images = images.clamp(0, 1) * 2 - 1
    return images.unflatten(0, (batch, frames)), landmarks(head).unflatten(0, (batch, frames))


def render(head: Head, look: Look, paint: Paint, background: Tensor) -> Tensor:
    """Pictures [N, 3, H, W] in [0, 1] of B heads before backgrounds [B, 3, H, W]."""
    size, camera, frames = background.shape[-1], head.camera, head.frames
    placed = place(head.people.primitives, frames.rotation, frames.origin)
    x = per_picture(camera.columns(size, SUPERSAMPLE), head.steps)
    y = per_picture(camera.rows(size, SUPERSAMPLE), head.steps)
    depth, index = cast_grid(placed, x, y)
    tables = shading_tables(head.people, look, placed, frames.rotation, frames.origin)
    colour = shade_grid(tables, look, depth, index, x, y) * nook_shadow(depth, index >= 0)
    face = ((index >= 0) & (head.people.slot[index.clamp(min=0).long()] == FACE))[:, None]
    points = torch.stack([x[:, None].expand_as(depth), y[:, :, None].expand_as(depth), depth], -1)
    _paint(head, paint.repeated(head.steps), colour, face, points)
    mask = functional.avg_pool2d((index >= 0)[:, None].float(), SUPERSAMPLE)
    return functional.avg_pool2d(colour, SUPERSAMPLE) + per_picture(background, head.steps) * (1 - mask)


def _paint(head: Head, paint: Paint, colour: Tensor, face: Tensor, points: Tensor) -> None:
    """Paints over `colour` [N, 3, H, W] where `face` [N, 1, H, W] is; points: [N, H, W, 3] of the world."""
    x, y = on_skin(head, points)
    sigma = SOFT * SUPERSAMPLE * per_picture(head.camera.scale, head.steps) * head.height
    for first in range(0, len(colour), CHUNK):
        part = slice(first, first + CHUNK)
        painted = paint_skin(head.features[part], paint[part], x[part, None], y[part, None])
        light = _softened(colour[part], face[part].float(), sigma[part])
        colour[part] = torch.where(face[part], painted * light, colour[part])


def _softened(light: Tensor, face: Tensor, sigma: Tensor) -> Tensor:
    """Light [n, 3, H, W] without the creases where skull, jaw and nose meet; only that on the face counts."""
    limit = SOFT * FILL[1] * light.shape[-1]
    blurred = gaussian_blur(torch.cat([light * face, face], 1), sigma, max_sigma=limit)
    return blurred[:, :3] / blurred[:, 3:].clamp(min=1e-6)
