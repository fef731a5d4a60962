"""Training data of the face generator: rendered heads with noisy landmarks, imperfect mattes and true flows.

`draw_clips` makes a batch; the recipe's numbers are in `Recipe`.

Legend: B clips, T frames (reference, previous, targets), H = W image size. Landmarks are in pixels.
"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from models.generators.animation import State
from pipelines.faces.layer_maps import draw_face_maps
from pipelines.synthetic.clips import render_clip
from pipelines.synthetic.head_clips import HeadClipConfig, sample_head_scene
from pipelines.training.animation.data import Clips, assemble_clips, compact, draw_shares
from pipelines.training.animation.layer_recipe import LayerRecipe
from pipelines.training.animation.mattes import cut_out
from pipelines.training.face.frames import choose_frames


@dataclass(frozen=True)
class Recipe(LayerRecipe):
    """The numbers of animated faces; the defaults trained the shipped generator."""

    head: tuple[float, float] = (0.5, 0.85)
    """Fraction of the image's height that the head takes up from chin to crown, as a range."""
    landmark_noise: float = 0.7
    """Standard deviation of the landmarks' constant error in a clip, in pixels; from frame to frame a third of it."""
    emphasis: float = 6.0
    """Additional weight of eyes, brows and mouth in the image losses; the rest of a person has 4."""
    openings: float = 24.0
    """Additional weight of what is between the lips and between the lids, and of lips and lids that touch."""
    contrasts: tuple[float, float, float] = (0.4, 0.3, 0.2)
    """Fractions of the clips whose reference is as different from the targets as it gets by chance in the opening of
    the mouth, of the eyes, or by up to 30 degrees in the direction of the head."""


def draw_clips(recipe: Recipe, batch: int, generator: Generator) -> Clips:
    """Render `batch` clips and turn them into the generator's inputs and truths, on the generator's device."""
    scene = sample_head_scene(choose_clips(recipe, recipe.clip_length), batch=batch, generator=generator)
    clip = render_clip(scene, choose_frames(recipe, scene, recipe.contrasts, generator))
    landmarks = clip.face + _draw_errors(recipe, clip.face, generator)
    image = cut_out(clip.images[:, 0], clip.rgba[:, 0], recipe.imperfect_mattes, generator)
    states = [
        State(rgba, compact(draw_face_maps(points, size=recipe.size)), points)
        for rgba, points in zip((image, *clip.rgba[:, 1:].unbind(1)), landmarks.unbind(1), strict=True)
    ]
    return assemble_clips(recipe, clip, states[0], states[1:], generator)


def choose_clips(recipe: Recipe, length: int) -> HeadClipConfig:
    """Clips of `length` frames. Landmarks don't say where eyes look, so eyes don't move in their heads."""
    return HeadClipConfig(
        height=recipe.size, width=recipe.size, length=length, head=recipe.head, gaze_moves=False, wide_mouths=0.7,
        shut_eyes=0.6,
    )  # fmt: skip


def _draw_errors(recipe: Recipe, landmarks: Tensor, generator: Generator) -> Tensor:
    """Errors [B, T, 68, 2] of landmarks: each clip has a share of them, and the reference errors of its own."""

    def normal(frames: int) -> Tensor:
        shape = (len(landmarks), frames, *landmarks.shape[2:])
        return torch.randn(shape, generator=generator, device=landmarks.device)

    frames = landmarks.shape[1]
    constant = torch.cat([normal(1), normal(1).expand(-1, frames - 1, -1, -1)], 1)
    share = draw_shares(len(landmarks), generator)[..., None]  # [B, 1, 1, 1]
    return recipe.landmark_noise * share * (constant + normal(frames) / 3)
