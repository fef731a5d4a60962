"""Losses of one generated frame, called by `animation.recipe` and `face.recipe`. Legend: B clips, H, W image size."""

import torch
import torch.nn.functional as F
from torch import Tensor

from models.fingers import HAND_MAPS
from models.generators.animation import Step
from models.layer import compose
from models.losses.image import gradient_pyramid, weighted_l1
from pipelines.training.animation.data import Truth
from pipelines.training.animation.layer_recipe import LayerRecipe
from pipelines.training.warp_losses import detail_losses, flow_losses

NEAR = 16  # pixels from the person within which emptiness counts fully
CELL = 8  # pixels in which that distance is measured
HAND_MARGIN = 3  # pixels around the lines of fingers that still count as the hand
EXTREMITIES = (3, 6, 9, 10, 13, 16)  # Human3.6M joints: feet, face, head and wrists


def reconstruction_losses(recipe: LayerRecipe, step: Step, truth: Truth, emphasis: Tensor) -> dict[str, Tensor]:
    """Every loss of one frame but the adversarial ones, weighted scalars by name.

    emphasis: [B, 1, H, W] additional weight of parts of the person in the image losses; the rest of a person has 4.
    """
    image = step.image.float()
    weight = _weigh(recipe, truth, emphasis) + recipe.false_coverage * _find_false_coverage(image, truth)
    composites = compose(image, truth.backdrop), compose(truth.image, truth.backdrop)
    previous = truth.flow_previous, truth.visible_previous
    references = list(zip(truth.flow_pictures.unbind(1), truth.visible_pictures.unbind(1), strict=True))
    made = (step.flows_reference, step.masks_reference), *((other.flows, other.masks) for other in step.others)
    sources = (
        (step.flows_previous, step.masks_previous, *previous),
        *((*own, *true) for own, true in zip(made, references, strict=True)),
    )
    losses = {
        "picture": recipe.picture * weighted_l1(image, truth.image, weight),
        "composite": recipe.composite * weighted_l1(*composites, weight),
        "gradient": recipe.gradient * gradient_pyramid(image, truth.image),
        "generated": recipe.generated * weighted_l1(step.generated.float(), truth.image, weight),
        **flow_losses(recipe, sources, truth.person),
    }
    if step.detail is not None:
        losses |= detail_losses(recipe, step.detail, previous, references, truth.image, truth.person)
    return losses


def _weigh(recipe: LayerRecipe, truth: Truth, emphasis: Tensor) -> Tensor:
    """Weights [B, 1, H, W] of the image losses: most for the person, least where nothing is for a long way."""
    reach = NEAR // CELL
    near = F.max_pool2d(F.max_pool2d(truth.person, CELL), 2 * reach + 1, 1, reach)
    near = F.interpolate(near, scale_factor=CELL)
    empty = recipe.emptiness + (1 - recipe.emptiness) * near
    return empty + truth.person * (3 + emphasis)


def _find_false_coverage(image: Tensor, truth: Truth) -> Tensor:
    """[B, 1, H, W] in 0 to 1, where an image [B, 4, H, W] covers what the person does not: a source's arm that stays
    where it was is a small error of the picture, and the first that one sees."""
    return (image[:, 3:].detach() - truth.person).clamp(0, 1)


def weigh_extremities(structure: Tensor) -> Tensor:
    """[B, 1, H, W], 1 at hands, feet and head of a structure map, fading over twice the width of their heat maps."""
    maps = torch.stack([structure[:, joint] for joint in EXTREMITIES], 1)  # [B, 6, H, W]
    return maps.float().amax(1, keepdim=True).clamp(min=0) ** 0.25


def weigh_hands(structure: Tensor) -> Tensor:
    """[B, 1, H, W], 1 at the fingers of a structure map with all details, falling to 0 beside them."""
    fingers = structure[:, -HAND_MAPS:].float().amax(1, keepdim=True)
    return F.max_pool2d(fingers, 2 * HAND_MARGIN + 1, 1, HAND_MARGIN)
