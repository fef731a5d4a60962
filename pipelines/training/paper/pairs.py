"""The authors' training on pairs of images: first the flow, then the entire generator (official format, section 8).

Legend: B batch, S structure channels, H, W image size, h, w size of a flow map. Images are in [-1, 1].
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Generator, Tensor, nn

from models.generators.picture import FlowEstimator, PictureGenerator
from models.ops.sampling import warp
from pipelines.datasets.samples import Pair
from pipelines.training.engine.recipe import Losses
from pipelines.training.paper.loop import Judged, Loop, LoopSetup
from pipelines.training.paper.losses import ReconstructionLosses, TrueFlow

FLOW_SETTINGS = ("width", "size", "correctness", "regularisation")
IMAGE_SETTINGS = (*FLOW_SETTINGS, "picture", "style", "content", "adversarial", "gan_mode", "critic_rate")


class Pairs(NamedTuple):
    """A batch of pairs; every field of `pair` is [B, ...]."""

    pair: Pair
    true: TrueFlow | None = None  # from target to source, if the pairs are rendered


class FlowLoop(Loop[FlowEstimator]):
    """Stage one: the flow estimator learns where the source shows the target. Its masks learn from true flow only."""

    architecture = "flow"
    network_type = FlowEstimator
    settings = FLOW_SETTINGS

    def __init__(self, network: FlowEstimator, discriminators: Sequence[nn.Module], setup: LoopSetup) -> None:
        super().__init__(network, discriminators, setup)
        self.losses = ReconstructionLosses(setup.recipe, network.config, setup.vgg)

    @staticmethod
    def adapt(items: Pair, *, masked: bool) -> Pairs:
        return Pairs(items)

    def consume(self, batch: Pairs, generator: Generator) -> Iterator[Losses]:
        yield self.update(batch)

    def update(self, pairs: Pairs) -> Losses:
        """One step; returns the weighted losses."""
        pair = pairs.pair
        flows, masks = self.network(pair.source, pair.source_structure, pair.target_structure)
        source, target = self.losses.extract(pair.source), self.losses.extract(pair.target)
        losses = self.losses.judge_flows(source, target, flows, masks, pairs.true)
        self.shown = [pair.source, pair.target, _warp_source(pair.source, flows[-1])]
        return self.optimiser.step(losses)


class PairLoop(Loop[PictureGenerator]):
    """Stage two: the generator, against one discriminator of images."""

    architecture = "picture"
    network_type = PictureGenerator
    adversarial = True
    settings = IMAGE_SETTINGS

    def __init__(self, network: PictureGenerator, discriminators: Sequence[nn.Module], setup: LoopSetup) -> None:
        super().__init__(network, discriminators, setup)
        (self.discriminator,) = discriminators
        self.losses = ReconstructionLosses(setup.recipe, network.config, setup.vgg)

    @staticmethod
    def adapt(items: Pair, *, masked: bool) -> Pairs:
        return Pairs(items)

    def consume(self, batch: Pairs, generator: Generator) -> Iterator[Losses]:
        yield self.update(batch)

    def update(self, pairs: Pairs) -> Losses:
        """One step of discriminator and generator; returns the weighted losses."""
        pair = pairs.pair
        found = self.network(pair.source, pair.source_structure, pair.target_structure)
        judged = self.update_discriminators({"critic": Judged(self.discriminator, pair.target, found.image)})
        source, target = self.losses.extract(pair.source), self.losses.extract(pair.target)
        losses = self.losses.compare_images(self.losses.extract(found.image), target)
        losses |= self.losses.judge_flows(source, target, found.flows, found.masks, pairs.true)
        losses["adversarial"] = self.generator_adversarial_loss(self.discriminator, found.image)
        self.shown = [pair.source, pair.target, found.image.detach()]
        return self.optimiser.step(losses) | judged


@torch.no_grad()
def _warp_source(source: Tensor, flow: Tensor) -> Tensor:
    """The source [B, 3, H, W] at the places of a coarser flow [B, 2, h, w]."""
    cell = source.shape[-1] // flow.shape[-1]
    return warp(source, cell * nn.functional.interpolate(flow, scale_factor=cell, mode="nearest"))
