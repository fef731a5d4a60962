"""Which frames of clips of heads become references and targets: often such that mouth, lids, head or gaze differ much.

Drawn evenly, one clip in 250 has a reference whose mouth is shut and targets in which it is wide open, and a generator
doesn't learn to open mouths. `data.draw_clips` calls `choose_frames`.

Legend: B clips, C candidates, T frames (reference, previous, targets), L frames of the whole motion.
"""

import torch
from torch import Generator, Tensor

from pipelines.synthetic.motion.expressions import FACE_ACTIONS
from pipelines.synthetic.people.skeleton import INDEX
from pipelines.synthetic.scene import Scene
from pipelines.training.animation.data import draw_times
from pipelines.training.animation.layer_recipe import LayerRecipe

CANDIDATES = 8
FARTHEST = 0.52  # radians between the directions of two heads up to which a larger difference is a better one


def choose_frames(
    recipe: LayerRecipe, scene: Scene, contrasts: tuple[float, float, float, float], generator: Generator
) -> Tensor:
    """Frame numbers [B, T] as of `draw_times`; in a part of the clips those, of a few draws, that differ most.

    contrasts: fractions of the clips in which the reference and the middle target differ in the opening of the mouth,
        of the eyes, in the direction of the head, and in that of the eyes; together at most 1.
    """
    batch, device = len(scene.pose.actions), scene.pose.actions.device
    times = torch.stack([draw_times(recipe, batch, generator) for _ in range(CANDIDATES)], 1)  # [B, C, T]
    middle = times[..., 1 + recipe.rollout // 2]  # [B, C]
    measures = torch.stack(
        [*_measure_openings(scene.pose.actions), _find_directions(scene), scene.pose.gaze[..., 0]], -1
    )  # [B, L, 4]
    clips = torch.arange(batch, device=device)[:, None]
    differences = (measures[clips, times[..., 0]] - measures[clips, middle]).abs()  # [B, C, 4]
    differences[..., 2] = FARTHEST - (differences[..., 2] - FARTHEST).abs()
    kinds = torch.tensor((*contrasts, 1 - sum(contrasts)), device=device)
    kind = torch.multinomial(kinds, batch, replacement=True, generator=generator)  # [B]
    none = differences.new_zeros(batch, CANDIDATES, 1)
    best = torch.cat([differences, none], -1)[clips[:, 0], :, kind].argmax(1)
    return times[clips[:, 0], best]


def _measure_openings(actions: Tensor) -> tuple[Tensor, Tensor]:
    """How far mouths are open and eyes shut, [B, L] each, 0..1, by facial actions [B, L, A]."""
    jaw = actions[..., FACE_ACTIONS.index("jawOpen")]
    left, right = (actions[..., FACE_ACTIONS.index(f"eyeBlink{side}")] for side in ("Left", "Right"))
    return jaw, (left + right) / 2


def _find_directions(scene: Scene) -> Tensor:
    """To which side heads look, [B, L] radians."""
    ahead = scene.frames.rotation[:, :, INDEX["head"], :, 2]  # [B, L, 3]
    return torch.atan2(ahead[..., 0], ahead[..., 2])
