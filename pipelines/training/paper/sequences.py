"""The authors' recurrent training, of people and of faces (official format, section 8.2).

Legend: B batch, T frames of a chunk, S structure channels, H, W image size. Images are in [-1, 1].
"""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Generator, Tensor, nn

from models.discriminators import DANCE_VIDEO_FRAMES, FACE_VIDEO_FRAMES
from models.errors import InputError
from models.generators.animation import AnimationGenerator
from models.generators.face import FaceGenerator
from models.generators.recurrent import Step
from pipelines.datasets.samples import Sequence as DatasetSequence
from pipelines.training.engine.recipe import Losses
from pipelines.training.paper.loop import Judged, Loop, LoopSetup
from pipelines.training.paper.losses import ImageFeatures, ReconstructionLosses, TrueFlow
from pipelines.training.paper.pairs import IMAGE_SETTINGS

SequenceGenerator = AnimationGenerator | FaceGenerator
Pick = Callable[[int, int], int]  # an integer, at least the first and below the second


class Clips(NamedTuple):
    """A batch of consecutive frames and a reference image of the same person."""

    reference: Tensor  # [B, 3, H, W]
    reference_structure: Tensor  # [B, S, H, W]
    images: Tensor  # [B, T, 3, H, W]
    structures: Tensor  # [B, T, S, H, W]
    masks: Tensor | None = None  # [B, T, 1, H, W], 1 where the correctness counts; None: everywhere
    true_previous: TrueFlow | None = None  # into the previous frame, if the clips are rendered
    true_reference: TrueFlow | None = None  # into the reference, likewise

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
    """What passes from one chunk to the next, without gradients."""

    image: Tensor
    """The last generated image [B, 3, H, W]."""
    structure: Tensor
    """Its structure [B, S, H, W]."""
    true: Tensor
    """The true image [B, 3, H, W]."""


class SequenceLoop(Loop[SequenceGenerator]):
    """The generator, against a discriminator of single frames and one of video."""

    adversarial = True
    settings = (*IMAGE_SETTINGS, "frames", "chunk")
    judged_frames: ClassVar[int]
    """Consecutive frames that the video discriminator sees."""

    def __init__(self, network: SequenceGenerator, discriminators: Sequence[nn.Module], setup: LoopSetup) -> None:
        super().__init__(network, discriminators, setup)
        if self.recipe.chunk < self.judged_frames:
            seen = f"the video discriminator sees {self.judged_frames} frames"
            raise InputError(f"--set chunk={self.recipe.chunk}: {seen}, a chunk must have as many")
        self.image_discriminator, self.video_discriminator = discriminators
        self.losses = ReconstructionLosses(setup.recipe, network.config, setup.vgg)

    @staticmethod
    def adapt(items: DatasetSequence, *, masked: bool) -> Clips:
        return Clips(*items[:4], items.masks if masked else None)

    @abstractmethod
    def video_input(self, frames: Tensor) -> Tensor:
        """What the video discriminator gets of `judged_frames` frames [B, judged_frames, 3, H, W]."""

    @abstractmethod
    def previous_images(
        self,
        reference: ImageFeatures,
        true: Sequence[ImageFeatures],
        generated: Sequence[ImageFeatures],
        carried: Carried | None,
    ) -> list[ImageFeatures]:
        """The image before each frame, from which its flow copies; the reference before the first frame of all.

        true, generated: the frames of the chunk; carried: None in the first chunk.
        """

    def consume(self, batch: Clips, generator: Generator) -> Iterator[Losses]:
        """An update per chunk of the clips, in order."""

        def pick(low: int, high: int) -> int:
            return int(torch.randint(low, high, (), generator=generator))

        carried: Carried | None = None
        for chunk in batch.chunks(self.recipe.chunk):
            losses, carried = self.update(chunk, pick, carried)
            yield losses

    def update(self, clips: Clips, pick: Pick, carried: Carried | None = None) -> tuple[Losses, Carried]:
        """One step of discriminators and generator on a chunk; `pick` chooses the frames that are judged."""
        state = (carried.image, carried.structure) if carried else ()
        steps = self.network(clips.structures, clips.reference, clips.reference_structure, *state)
        generated = torch.stack([step.image for step in steps], dim=1)  # [B, T, 3, H, W]
        judged = self._update_discriminators(clips.images, generated, pick)
        losses = self._reconstruction_losses(clips, steps, generated, carried)
        frame, start = self._pick_frames(generated, pick)
        video = self._cut_video(generated, start)
        losses["adversarial"] = self.generator_adversarial_loss(self.image_discriminator, generated[:, frame])
        losses["adversarial_video"] = self.generator_adversarial_loss(self.video_discriminator, video)
        last = generated[:, -1].detach()
        self.shown = [clips.reference, clips.images[:, -1], last]
        return self.optimiser.step(losses) | judged, Carried(last, clips.structures[:, -1], clips.images[:, -1])

    def _update_discriminators(self, images: Tensor, generated: Tensor, pick: Pick) -> Losses:
        frame, start = self._pick_frames(generated, pick)
        videos = self._cut_video(images, start), self._cut_video(generated, start)
        return self.update_discriminators(
            {
                "critic": Judged(self.image_discriminator, images[:, frame], generated[:, frame]),
                "critic_video": Judged(self.video_discriminator, *videos),
            }
        )

    def _pick_frames(self, images: Tensor, pick: Pick) -> tuple[int, int]:
        """A frame of [B, T, 3, H, W], and the first of `judged_frames`."""
        return pick(0, images.shape[1]), pick(0, images.shape[1] - self.judged_frames + 1)

    def _cut_video(self, images: Tensor, start: int) -> Tensor:
        return self.video_input(images[:, start : start + self.judged_frames])

    def _reconstruction_losses(
        self, clips: Clips, steps: Sequence[Step], generated: Tensor, carried: Carried | None
    ) -> Losses:
        """Sums over the frames; generated: [B, T, 3, H, W]."""
        reference = self.losses.extract(clips.reference)
        true = [self.losses.extract(image) for image in clips.images.unbind(1)]
        made = [self.losses.extract(image) for image in generated.unbind(1)]
        previous = self.previous_images(reference, true, made, carried)
        frames = [
            self._frame_losses(clips, t, step, made[t], true[t], previous[t], reference) for t, step in enumerate(steps)
        ]
        return {name: torch.stack([frame[name] for frame in frames]).sum() for name in frames[0]}

    def _frame_losses(
        self,
        clips: Clips,
        t: int,
        step: Step,
        generated: ImageFeatures,
        target: ImageFeatures,
        previous: ImageFeatures,
        reference: ImageFeatures,
    ) -> Losses:
        where = None if clips.masks is None else clips.masks[:, t]
        losses = self.losses.compare_images(generated, target)
        sources = {
            "previous": (previous, step.flows_previous, step.masks_previous, clips.true_previous),
            "reference": (reference, step.flows_reference, step.masks_reference, clips.true_reference),
        }
        for name, (source, flows, masks, true) in sources.items():
            found = self.losses.judge_flows(source, target, flows, masks, true and true.at(t), where)
            losses |= {f"{term}_{name}": value for term, value in found.items()}
        return losses


class PersonLoop(SequenceLoop):
    """Of people: six frames are judged as they are, and flows copy from the true previous frame."""

    architecture = "animation"
    network_type = AnimationGenerator
    judged_frames = DANCE_VIDEO_FRAMES

    def video_input(self, frames: Tensor) -> Tensor:
        return frames.transpose(1, 2)  # [B, 3, 6, H, W]

    def previous_images(
        self,
        reference: ImageFeatures,
        true: Sequence[ImageFeatures],
        generated: Sequence[ImageFeatures],
        carried: Carried | None,
    ) -> list[ImageFeatures]:
        return [self.losses.extract(carried.true) if carried else reference, *true[:-1]]


class FaceLoop(SequenceLoop):
    """Of faces: the differences of three frames are judged, and flows copy from the generated previous frame."""

    architecture = "face"
    network_type = FaceGenerator
    judged_frames = FACE_VIDEO_FRAMES

    def video_input(self, frames: Tensor) -> Tensor:
        return (frames[:, :-1] - frames[:, 1:]).flatten(1, 2)  # [B, 6, H, W]

    def previous_images(
        self,
        reference: ImageFeatures,
        true: Sequence[ImageFeatures],
        generated: Sequence[ImageFeatures],
        carried: Carried | None,
    ) -> list[ImageFeatures]:
        first = self.losses.extract(carried.image) if carried else reference
        return [first, *(image.detach() for image in generated[:-1])]
