"""The authors' losses of generated images and flows, weighted (official format, section 8.1).

The loops in `paper.pairs` and `paper.sequences` add them up.

Legend: B batch, T frames, H, W image size, h, w size of a flow map. Images are in [-1, 1]; lists of flows and masks run
from coarse to fine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from models.generators.config import GeneratorConfig
from models.losses.flow import pool_flow, supervised_flow, visibility
from models.losses.perceptual import Vgg19, content_loss, style_loss
from models.losses.sampling import correctness_of_layers, regularisation_of_layers
from pipelines.training.engine.recipe import Losses
from pipelines.training.paper.settings import Recipe


class TrueFlow(NamedTuple):
    """Known for rendered images, [B, T, ...] for clips."""

    flow: Tensor
    """From the target into the source [B, 2, H, W], in pixels."""
    visible: Tensor
    """Where the source shows the target [B, 1, H, W], 0 or 1."""

    def at(self, frames: int | slice) -> "TrueFlow":
        """Of some frames of clips."""
        return TrueFlow(self.flow[:, frames], self.visible[:, frames])


@dataclass(frozen=True)
class ImageFeatures:
    """Images and their VGG19 features."""

    image: Tensor
    """[B, 3, H, W]."""
    features: Mapping[str, Tensor]
    """By layer; empty without VGG19."""

    def detach(self) -> "ImageFeatures":
        """The same without gradients."""
        return ImageFeatures(self.image.detach(), {name: value.detach() for name, value in self.features.items()})


class ReconstructionLosses:
    """Every loss but the adversarial ones, of a generator of this config.

    Without VGG19, content, style and correctness are left out.
    """

    def __init__(self, recipe: Recipe, config: GeneratorConfig, vgg: Vgg19 | None) -> None:
        self.recipe, self.vgg = recipe, vgg
        self.kernel_sizes = dict(zip(config.attention_layers, config.kernel_sizes, strict=True))  # by attended layer

    def extract(self, image: Tensor) -> ImageFeatures:
        """The features of images [B, 3, H, W]."""
        return ImageFeatures(image, self.vgg(image) if self.vgg else {})

    def compare_images(self, generated: ImageFeatures, target: ImageFeatures) -> Losses:
        """How far generated images are from the true ones."""
        losses = {"picture": self.recipe.picture * F.l1_loss(generated.image, target.image)}
        if self.vgg:
            losses["content"] = self.recipe.content * content_loss(generated.features, target.features)
            losses["style"] = self.recipe.style * style_loss(generated.features, target.features)
        return losses

    def judge_flows(
        self,
        source: ImageFeatures,
        target: ImageFeatures,
        flows: Sequence[Tensor],
        masks: Sequence[Tensor],
        true: TrueFlow | None = None,
        where: Tensor | None = None,
    ) -> Losses:
        """How well flows and masks copy the target from the source.

        Args:
            flows: [B, 2, h, w] by level, in pixels of their maps.
            masks: [B, 1, h, w] by level, in 0 to 1.
            true: the true flow, if it is known.
            where: [B, 1, H, W], 1 where the correctness counts; None: everywhere.
        """
        losses = {}
        if self.vgg:
            correct = correctness_of_layers(source.features, target.features, flows, self.kernel_sizes, where)
            losses["correctness"] = self.recipe.correctness * correct
        losses["regularisation"] = self.recipe.regularisation * regularisation_of_layers(flows, self.kernel_sizes)
        return losses | (self._compare_with_truth(flows, masks, true) if true else {})

    def _compare_with_truth(self, flows: Sequence[Tensor], masks: Sequence[Tensor], true: TrueFlow) -> Losses:
        flow_errors, mask_errors = [], []
        for flow, mask in zip(flows, masks, strict=True):
            coarse, share = pool_flow(*true, cell=true.flow.shape[-1] // flow.shape[-1])
            flow_errors.append(supervised_flow(flow, coarse, share))
            mask_errors.append(visibility(mask, share))
        return {
            "true_flow": self.recipe.true_flow * torch.stack(flow_errors).sum(),
            "true_mask": self.recipe.true_mask * torch.stack(mask_errors).sum(),
        }
