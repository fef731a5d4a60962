"""The authors' training on pairs of pictures: the flow alone, then the whole generator (official format, section 8).

B batch, S structure channels, H, W image size.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from models.generators.picture import FlowEstimator, PictureGenerator
from models.ops.sampling import warp
from pipelines.datasets.samples import Pair
from pipelines.training.paper.losses import Judgement, Learner, Losses, Terms, TrueFlow, criticise, fool


class Pairs(NamedTuple):
    """A batch of pairs [B, ...], with the true flow from target to source if they are rendered."""

    pair: Pair
    true: TrueFlow | None = None


class FlowLoop:
    """Stage one: the flow net learns where the target's places are in the source; the masks learn on true flow only."""

    def __init__(self, estimator: FlowEstimator, terms: Terms, learner: Learner) -> None:
        self.network, self.terms, self.learner = estimator, terms, learner
        self.shown: list[Tensor] = []

    def update(self, pairs: Pairs) -> Losses:
        """One step; returns the weighted losses."""
        pair = pairs.pair
        flows, masks = self.network(pair.source, pair.source_structure, pair.target_structure)
        source, target = self.terms.see(pair.source), self.terms.see(pair.target)
        losses = self.terms.flow(source, target, flows, masks, pairs.true)
        self.shown = [pair.source, pair.target, _fetched(pair.source, flows[-1])]
        return self.learner.step(losses)


class PairLoop:
    """Stage two: the generator, and one discriminator of pictures, which steps first."""

    def __init__(
        self, generator: PictureGenerator, critics: Sequence[nn.Module], terms: Terms, learner: Learner, judge: Learner
    ) -> None:
        (self.critic,) = critics
        self.network, self.terms, self.learner, self.judge = generator, terms, learner, judge
        self.shown: list[Tensor] = []

    def update(self, pairs: Pairs) -> Losses:
        """One step of discriminator and generator; returns the weighted losses."""
        pair = pairs.pair
        found = self.network(pair.source, pair.source_structure, pair.target_structure)
        judged = criticise(self.judge, {"critic": Judgement(self.critic, pair.target, found.image)})
        source, target = self.terms.see(pair.source), self.terms.see(pair.target)
        losses = self.terms.picture(self.terms.see(found.image), target)
        losses |= self.terms.flow(source, target, found.flows, found.masks, pairs.true)
        losses["adversarial"] = self.terms.recipe.adversarial * fool(self.critic, found.image)
        self.shown = [pair.source, pair.target, found.image.detach()]
        return self.learner.step(losses) | judged


@torch.no_grad()
def _fetched(source: Tensor, flow: Tensor) -> Tensor:
    """The source [B,3,H,W] at the places of a coarser flow [B,2,h,w]."""
    cell = source.shape[-1] // flow.shape[-1]
    return warp(source, cell * nn.functional.interpolate(flow, scale_factor=cell, mode="nearest"))
