"""Training data of the face generator: rendered heads with noisy landmarks, imperfect mattes and true flows.

In part of the clips it is not known where eyes look, as with landmarks that detectors without irises find. Eyes then
stay still in their heads, so that the generator leaves those of a picture as they are.

`draw_clips` makes a batch; the recipe's numbers are in `Recipe`.

Legend: B clips, T frames (reference, previous, targets), H = W image size. Landmarks are in pixels.
"""

from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor

from models.generators.animation import State
from pipelines.faces.layer_maps import draw_face_maps, place_irises
from pipelines.synthetic.clips import Clip, render_clip
from pipelines.synthetic.head_clips import HeadClipConfig, sample_head_scene
from pipelines.synthetic.scene import Scene
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
    """Standard deviation of the constant error of landmarks and irises in a clip, in pixels; from frame to frame a
    third of it."""
    gaze: float = 0.65
    """Fraction of the clips in which eyes turn in their heads and irises are known; in the others neither."""
    emphasis: float = 6.0
    """Additional weight of eyes, brows and mouth in the image losses; the rest of a person has 4."""
    openings: float = 24.0
    """Additional weight of what is between the lips and between the lids, and of lips and lids that touch."""
    contrasts: tuple[float, float, float, float] = (0.35, 0.2, 0.15, 0.2)
    """Fractions of the clips whose reference is as different from the targets as it gets by chance in the opening of
    the mouth, of the eyes, by up to 30 degrees in the direction of the head, or in the direction of the eyes."""


def draw_clips(recipe: Recipe, batch: int, generator: Generator) -> Clips:
    """Render `batch` clips and turn them into the generator's inputs and truths, on the generator's device."""
    scene = sample_head_scene(choose_clips(recipe, recipe.clip_length), batch=batch, generator=generator)
    known = torch.rand(batch, generator=generator, device=generator.device) < recipe.gaze
    scene = _hold_gaze(scene, ~known)
    clip = render_clip(scene, choose_frames(recipe, scene, recipe.contrasts, generator))
    landmarks = join_irises(clip, known)
    landmarks = landmarks + _draw_errors(recipe, landmarks, generator)
    image = cut_out(clip.images[:, 0], clip.rgba[:, 0], recipe.imperfect_mattes, generator)
    states = [
        State(rgba, compact(draw_face_maps(points, size=recipe.size)), place_irises(points))
        for rgba, points in zip((image, *clip.rgba[:, 1:].unbind(1)), landmarks.unbind(1), strict=True)
    ]
    return assemble_clips(recipe, clip, states[0], states[1:], generator)


def choose_clips(recipe: Recipe, length: int) -> HeadClipConfig:
    """Clips of `length` frames."""
    return HeadClipConfig(
        height=recipe.size, width=recipe.size, length=length, head=recipe.head, wide_mouths=0.7, shut_eyes=0.6
    )


def join_irises(clip: Clip, known: Tensor) -> Tensor:
    """Landmarks and irises [B, T, 70, 2] of a clip; irises are NaN where `known` [B] is not set."""
    return torch.cat([clip.face, clip.irises.masked_fill(~known[:, None, None, None], torch.nan)], 2)


def _hold_gaze(scene: Scene, still: Tensor) -> Scene:
    """The scene with eyes that don't turn in their heads where `still` [B] is set."""
    gaze = scene.pose.gaze
    held = torch.where(still[:, None, None], gaze[:, :1], gaze)
    return replace(scene, pose=replace(scene.pose, gaze=held))


def _draw_errors(recipe: Recipe, landmarks: Tensor, generator: Generator) -> Tensor:
    """Errors [B, T, 70, 2] of landmarks: each clip has a share of them, and the reference errors of its own."""

    def normal(frames: int) -> Tensor:
        shape = (len(landmarks), frames, *landmarks.shape[2:])
        return torch.randn(shape, generator=generator, device=landmarks.device)

    frames = landmarks.shape[1]
    constant = torch.cat([normal(1), normal(1).expand(-1, frames - 1, -1, -1)], 1)
    share = draw_shares(len(landmarks), generator)[..., None]  # [B, 1, 1, 1]
    return recipe.landmark_noise * share * (constant + normal(frames) / 3)
