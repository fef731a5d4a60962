"""The authors' losses of generated pictures and flows, weighted (official format, section 8.1), and their optimiser.

B batch, H, W image size, h, w size of a flow map; lists of flows and masks run from coarse to fine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.losses.adversarial import lsgan_discriminator, lsgan_generator
from models.losses.flow import pool_flow, supervised_flow, visibility
from models.losses.perceptual import Vgg19, content_loss, style_loss
from models.losses.sampling import correctness_of_layers, regularisation_of_layers
from pipelines.training.engine.session import Processes
from pipelines.training.paper.configurations import BETAS, LEARNING_RATE, Recipe

Losses = dict[str, Tensor]


class TrueFlow(NamedTuple):
    """Of rendered pictures: flow [B,2,H,W] in pixels and where the source shows it, [B,1,H,W] 0 or 1; of clips
    [B,T,...]."""

    flow: Tensor
    visible: Tensor

    def at(self, frames: int | slice) -> "TrueFlow":
        """Of some frames of clips."""
        return TrueFlow(self.flow[:, frames], self.visible[:, frames])


@dataclass(frozen=True)
class Seen:
    """A picture [B,3,H,W] and its features, none without VGG19."""

    image: Tensor
    features: Mapping[str, Tensor]


@dataclass(frozen=True)
class Terms:
    """Every loss but the adversarial ones; `kernels` by attended layer.

    Without VGG19 content, style and correctness are left out.
    """

    recipe: Recipe
    kernels: Mapping[int, int]
    vgg: Vgg19 | None = None

    def see(self, image: Tensor) -> Seen:
        return Seen(image, self.vgg(image) if self.vgg else {})

    def picture(self, made: Seen, wanted: Seen) -> Losses:
        """How far a generated picture is from the true one."""
        losses = {"picture": self.recipe.picture * F.l1_loss(made.image, wanted.image)}
        if self.vgg:
            losses["content"] = self.recipe.content * content_loss(made.features, wanted.features)
            losses["style"] = self.recipe.style * style_loss(made.features, wanted.features)
        return losses

    def flow(
        self,
        source: Seen,
        target: Seen,
        flows: Sequence[Tensor],
        masks: Sequence[Tensor],
        true: TrueFlow | None = None,
        where: Tensor | None = None,
    ) -> Losses:
        """How well flows [B,2,h,w] and masks [B,1,h,w] fetch the target from the source; the correctness counts
        `where` [B,1,H,W] is 1."""
        losses = {}
        if self.vgg:
            correct = correctness_of_layers(source.features, target.features, flows, self.kernels, where)
            losses["correctness"] = self.recipe.correctness * correct
        losses["regularisation"] = self.recipe.regularisation * regularisation_of_layers(flows, self.kernels)
        return losses | (self._supervised(flows, masks, true) if true else {})

    def _supervised(self, flows: Sequence[Tensor], masks: Sequence[Tensor], true: TrueFlow) -> Losses:
        distances, mistakes = [], []
        for flow, mask in zip(flows, masks, strict=True):
            coarse, share = pool_flow(*true, cell=true.flow.shape[-1] // flow.shape[-1])
            distances.append(supervised_flow(flow, coarse, share))
            mistakes.append(visibility(mask, share))
        return {
            "true_flow": self.recipe.true_flow * torch.stack(distances).sum(),
            "true_mask": self.recipe.true_mask * torch.stack(mistakes).sum(),
        }


class Learner:
    """One of the two optimisers: Adam at a constant rate on the sum of the losses, gradients averaged over the
    processes."""

    def __init__(self, networks: Sequence[nn.Module], processes: Processes, *, rate: float = LEARNING_RATE) -> None:
        self.parameters = [parameter for network in networks for parameter in network.parameters()]
        self.optimiser = torch.optim.Adam(self.parameters, lr=rate, betas=BETAS)
        self.processes = processes

    def step(self, losses: Losses) -> Losses:
        """One update; returns the losses without their graph."""
        self.optimiser.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        self.processes.average_gradients(self.parameters)
        self.optimiser.step()
        return {name: loss.detach() for name, loss in losses.items()}


class Judgement(NamedTuple):
    """What a discriminator is shown: real and generated, of the same shape."""

    critic: nn.Module
    real: Tensor
    made: Tensor


def criticise(learner: Learner, judgements: Mapping[str, Judgement]) -> Losses:
    """One step of the discriminators, all in the same optimiser."""
    losses = {
        name: lsgan_discriminator(each.critic(each.real), each.critic(each.made.detach()))
        for name, each in judgements.items()
    }
    return learner.step(losses)


def fool(critic: nn.Module, made: Tensor) -> Tensor:
    """The generator's loss through a discriminator that stays as it is."""
    critic.requires_grad_(False)
    loss = lsgan_generator(critic(made))
    critic.requires_grad_(True)
    return loss


def initialise(network: nn.Module) -> None:
    """Orthogonal weights of gain 0.02 and biases 0, norms untouched.

    Spectral-normalised weights keep PyTorch's default, as they do in the authors' training (sections 8.2 and 11.19).
    """
    for module in network.modules():
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.ConvTranspose2d | nn.Linear):
            if "weight_orig" not in module._parameters:
                nn.init.orthogonal_(module.weight, 0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
