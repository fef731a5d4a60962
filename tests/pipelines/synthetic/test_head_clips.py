"""Clips of heads: their size, how far they turn, and landmarks that are where the picture shows the face."""

import math

import torch

from pipelines.synthetic.clips import Clip
from pipelines.synthetic.head_clips import HeadClipConfig, sample_head_clip
from pipelines.synthetic.people.body_bones import PARTS

SIZE = 96


def render(batch: int, frames: int, seed: int = 3, **changed: object) -> Clip:
    config = HeadClipConfig(height=SIZE, width=SIZE, length=6 * frames, **changed)  # pyright: ignore[reportArgumentType]
    times = 6 * torch.arange(frames).expand(batch, -1)
    return sample_head_clip(config, batch=batch, times=times, generator=torch.Generator().manual_seed(seed))


def test_heads_fill_the_picture_as_asked() -> None:
    clip = render(6, 1, head=(0.5, 0.6), turn=(0.0, 0.0, 0.0))
    height = clip.face[:, 0, 8, 1] - clip.face[:, 0, 27, 1]  # from the eyes to the chin
    assert ((height > 0.15 * SIZE) & (height < 0.35 * SIZE)).all()
    assert ((clip.face > 0) & (clip.face < SIZE)).all()


def test_visible_landmarks_are_on_heads() -> None:
    clip = render(6, 1)
    place = clip.face[:, 0].round().long().clamp(0, SIZE - 1)
    parts = clip.parts[:, 0].flatten(1).gather(1, place[..., 1] * SIZE + place[..., 0])
    on_head = parts == 1 + PARTS.index("head")
    inner = slice(27, 68)  # the jaw is at the edge
    assert on_head[:, inner][clip.face_visible[:, 0, inner]].float().mean() > 0.9
    assert clip.face_visible[:, 0, inner].float().mean() > 0.7


def test_heads_turn_and_mouths_move_and_the_rest_stays_the_same() -> None:
    turned = render(4, 16, turn=(0.0, math.pi / 3, 0.0))
    eyes = turned.face[..., 36:48, :].unflatten(2, (2, 6)).mean(3)
    width = eyes[..., 1, 0] - eyes[..., 0, 0]  # [B, T]
    assert (width.amin(1) / width.amax(1)).min() < 0.9
    opening = (turned.face[:, :, 66, 1] - turned.face[:, :, 62, 1]) / SIZE
    assert (opening.amax(1) - opening.amin(1)).max() > 0.01
    corners = turned.face[:, :, [[36, 39], [42, 45]]]  # [B, T, 2, 2, 2]
    along = (turned.irises - corners[..., 0, :])[..., 0] / (corners[..., 1, :] - corners[..., 0, :])[..., 0]
    assert ((along > 0.05) & (along < 0.95)).float().mean() > 0.95
    assert (along.amax(1) - along.amin(1)).max() > 0.1
    assert torch.equal(render(2, 1, seed=9).images, render(2, 1, seed=9).images)
