"""The authors' recurrent training, of people and of faces (official format, section 8.2).

B batch, T frames of a chunk, S structure channels, H, W image size.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from models.generators.face import FaceGenerator
from models.generators.recurrent import RecurrentGenerator, Step
from pipelines.training.paper.configurations import CLIP, DIFFERENCES
from pipelines.training.paper.losses import Judgement, Learner, Losses, Seen, Terms, TrueFlow, criticise, fool

Pick = Callable[[int, int], int]  # a whole number, at least the first and below the second


class Clips(NamedTuple):
    """A batch of consecutive frames, images [B,T,3,H,W] with structures [B,T,S,H,W], and a reference picture.

    masks [B,T,1,H,W] say where the correctness counts; the true flows [B,T,...] are there if the clips are rendered.
    """

    reference: Tensor
    reference_structure: Tensor
    images: Tensor
    structures: Tensor
    masks: Tensor | None = None
    true_previous: TrueFlow | None = None
    true_reference: TrueFlow | None = None

    def chunks(self, length: int) -> Iterator["Clips"]:
        """The clips `length` frames at a time; frames that don't fill a chunk are left out."""
        for start in range(0, self.images.shape[1] - length + 1, length):
            part = slice(start, start + length)
            yield self._replace(
                images=self.images[:, part],
                structures=self.structures[:, part],
                masks=None if self.masks is None else self.masks[:, part],
                true_previous=self.true_previous and self.true_previous.at(part),
                true_reference=self.true_reference and self.true_reference.at(part),
            )


@dataclass(frozen=True)
class Carried:
    """From one chunk to the next, without gradient: the last generated image, its structure, and the true image."""

    image: Tensor
    structure: Tensor
    true: Tensor


class SequenceLoop:
    """The generator, a discriminator of single frames and one of video, both in one optimiser and stepping first."""

    def __init__(
        self,
        generator: RecurrentGenerator,
        critics: Sequence[nn.Module],
        terms: Terms,
        learner: Learner,
        judge: Learner,
    ) -> None:
        self.critic, self.video_critic = critics
        self.network, self.terms, self.learner, self.judge = generator, terms, learner, judge
        self.face = isinstance(generator, FaceGenerator)
        self.shown: list[Tensor] = []

    def update(self, clips: Clips, pick: Pick, carried: Carried | None = None) -> tuple[Losses, Carried]:
        """One step of discriminators and generator on a chunk; `pick` chooses the frames that are judged."""
        state = (carried.image, carried.structure) if carried else ()
        steps = self.network(clips.structures, clips.reference, clips.reference_structure, *state)
        made = torch.stack([step.image for step in steps], dim=1)  # [B,T,3,H,W]
        judged = self._criticise(clips.images, made, pick)
        losses = self._frames(clips, steps, made, carried)
        frame, start = self._picks(made, pick)
        weight = self.terms.recipe.adversarial
        losses["adversarial"] = weight * fool(self.critic, made[:, frame])
        losses["adversarial_video"] = weight * fool(self.video_critic, self._clip(made, start))
        last = made[:, -1].detach()
        self.shown = [clips.reference, clips.images[:, -1], last]
        return self.learner.step(losses) | judged, Carried(last, clips.structures[:, -1], clips.images[:, -1])

    def _criticise(self, images: Tensor, made: Tensor, pick: Pick) -> Losses:
        frame, start = self._picks(made, pick)
        judgements = {
            "critic": Judgement(self.critic, images[:, frame], made[:, frame]),
            "critic_video": Judgement(self.video_critic, self._clip(images, start), self._clip(made, start)),
        }
        return criticise(self.judge, judgements)

    def _picks(self, made: Tensor, pick: Pick) -> tuple[int, int]:
        """A frame, and the first frame of a clip."""
        length = DIFFERENCES if self.face else CLIP
        return pick(0, made.shape[1]), pick(0, made.shape[1] - length + 1)

    def _clip(self, images: Tensor, start: int) -> Tensor:
        """What the video critic sees of [B,T,3,H,W]: six frames, or of faces the differences of three."""
        if not self.face:
            return images[:, start : start + CLIP].transpose(1, 2)  # [B,3,6,H,W]
        part = images[:, start : start + DIFFERENCES]
        return (part[:, :-1] - part[:, 1:]).flatten(1, 2)  # [B,6,H,W]

    def _frames(self, clips: Clips, steps: Sequence[Step], made: Tensor, carried: Carried | None) -> Losses:
        """Sums over the frames. Before each frame comes the true one, of faces the generated one."""
        reference = self.terms.see(clips.reference)
        images = [self.terms.see(image) for image in clips.images.unbind(1)]
        views = [self.terms.see(image) for image in made.unbind(1)]
        first = reference
        if carried:
            first = self.terms.see(carried.image if self.face else carried.true)
        before = [first, *([_detached(view) for view in views[:-1]] if self.face else images[:-1])]
        frames = [
            self._frame(clips, t, step, views[t], images[t], before[t], reference) for t, step in enumerate(steps)
        ]
        return {name: torch.stack([frame[name] for frame in frames]).sum() for name in frames[0]}

    def _frame(
        self, clips: Clips, t: int, step: Step, made: Seen, target: Seen, previous: Seen, reference: Seen
    ) -> Losses:
        where = None if clips.masks is None else clips.masks[:, t]
        losses = self.terms.picture(made, target)
        sources = {
            "previous": (previous, step.flows_previous, step.masks_previous, clips.true_previous),
            "reference": (reference, step.flows_reference, step.masks_reference, clips.true_reference),
        }
        for name, (source, flows, masks, true) in sources.items():
            found = self.terms.flow(source, target, flows, masks, true and true.at(t), where)
            losses |= {f"{term}_{name}": value for term, value in found.items()}
        return losses


def _detached(view: Seen) -> Seen:
    return Seen(view.image.detach(), {name: feature.detach() for name, feature in view.features.items()})
