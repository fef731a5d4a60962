"""Recipe of the animation generator on rendered people.

Every clip gives a reference, a previous frame and `rollout` targets in order. The generator makes them one after
the other, each from its own last result, as in use (section 3.5 of the paper's extension, arXiv 2008.12606).
B clips, T frames (reference, previous, targets), H, W image size.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.discriminators import PatchDiscriminator
from models.generators.animation import AnimationConfig, AnimationGenerator, State, Step, bundled_person
from models.losses.adversarial import feature_matching, hinge_discriminator, hinge_generator
from models.losses.flow import pool_flow, supervised_flow, visibility
from models.losses.image import gradient_pyramid, weighted_l1
from models.weights import load_weights, save_weights
from pipelines.keypoints.layouts import COCO17_LIMBS, H36M17_LIMBS
from pipelines.progress import Progress
from pipelines.synthetic.clips import Clip, ClipConfig, sample_clip
from pipelines.training.common import Average, Processes, Session, TrainConfig, picture_sheet
from pipelines.training.structures import structure_maps
from pipelines.training.validation import HeldOut, render_validation, validate

LEARNING_RATE = 4e-4
DISCRIMINATOR_RATE = 2e-4


@dataclass(frozen=True)
class Recipe:
    """Weights of the losses and shape of the data; the defaults trained the shipped generator.

    A batch is rendered at once, which is cheaper, and trained on `chunk` clips at a time.
    """

    size: int = 256
    chunk: int = 48
    fill: tuple[float, float] = (0.7, 0.97)
    clip_length: int = 96
    rollout: int = 4
    fastest: int = 3
    start_share: float = 0.25
    reference_noise: float = 1.2
    driving_noise: float = 0.7
    missing_joint: float = 0.02
    picture: float = 5.0
    gradient: float = 5.0
    generated: float = 1.0
    warped: float = 2.0
    flow: float = 0.5
    fine_flow: float = 0.05
    mask: float = 0.1
    adversarial: float = 0.1
    features: float = 1.5
    adversarial_from: float = 0.5
    validation_clips: int = 8


@dataclass
class Truth:
    """What one target frame should be, and where it comes from.

    image [B, 3, H, W]; structure [B, 20, H, W]; person [B, 1, H, W] coverage;
    sources: (flow [B, 2, H, W], visible [B, 1, H, W]) for the previous frame and for the reference.
    """

    image: Tensor
    structure: Tensor
    person: Tensor
    sources: tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]

    def __getitem__(self, clips: slice) -> "Truth":
        (previous, seen), (reference, reference_seen) = self.sources
        sources = (previous[clips], seen[clips]), (reference[clips], reference_seen[clips])
        return Truth(self.image[clips], self.structure[clips], self.person[clips], sources)


@dataclass
class Sample:
    """A batch of clips ready for training: the reference, the state before the first target, the targets."""

    reference: State
    previous: State
    targets: list[Truth]

    def chunks(self, size: int) -> Iterator["Sample"]:
        """The clips in groups of `size`."""
        for start in range(0, len(self.reference.image), size):
            clips = slice(start, start + size)
            yield Sample(self.reference[clips], self.previous[clips], [truth[clips] for truth in self.targets])


def frame_times(recipe: Recipe, batch: int, generator: torch.Generator) -> Tensor:
    """[B, 2 + rollout] frame numbers: any reference, then consecutive frames `fastest` apart at most."""
    device = generator.device
    pace = torch.randint(1, recipe.fastest + 1, (batch, 1), generator=generator, device=device)
    last = recipe.clip_length - recipe.fastest * recipe.rollout
    start = torch.randint(0, last, (batch, 1), generator=generator, device=device)
    reference = torch.randint(0, recipe.clip_length, (batch, 1), generator=generator, device=device)
    return torch.cat([reference, start + pace * torch.arange(recipe.rollout + 1, device=device)], 1)


def sample(recipe: Recipe, batch: int, generator: torch.Generator) -> Sample:
    """Render a batch and turn it into the generator's inputs and truths."""
    times = frame_times(recipe, batch, generator)
    config = ClipConfig(height=recipe.size, width=recipe.size, length=recipe.clip_length, fill=recipe.fill)
    clip = sample_clip(config, batch=batch, times=times, generator=generator)
    reference = State(clip.images[:, 0], _reference_structure(recipe, clip, generator))
    starts = torch.rand(batch, generator=generator, device=clip.images.device) < recipe.start_share
    driving = _driving_structures(recipe, clip, generator)
    previous = State(
        _choose(starts, reference.image, _worn(clip.images[:, 1], generator)),
        _choose(starts, reference.structure, driving[:, 0]),
    )
    targets = [_truth(clip, driving, t, starts if t == 2 else None) for t in range(2, 2 + recipe.rollout)]
    return Sample(reference, previous, targets)


def _truth(clip: Clip, driving: Tensor, t: int, starts: Tensor | None) -> Truth:
    flow, visible, _ = clip.flow(t, t - 1)
    reference_flow, reference_visible, _ = clip.flow(t, 0)
    if starts is not None:
        flow, visible = _choose(starts, reference_flow, flow), _choose(starts, reference_visible, visible)
    sources = ((flow, visible), (reference_flow, reference_visible))
    return Truth(clip.images[:, t], driving[:, t - 1], clip.mask[:, t], sources)


def _choose(which: Tensor, yes: Tensor, no: Tensor) -> Tensor:
    return torch.where(which.view(-1, *[1] * (yes.dim() - 1)), yes, no)


def _jitter(shape: tuple[int, ...], scale: float, generator: torch.Generator) -> Tensor:
    return scale * torch.randn(shape, generator=generator, device=generator.device)


def _reference_structure(recipe: Recipe, clip: Clip, generator: torch.Generator) -> Tensor:
    """The reference pose as a detector sees it: COCO-17, noisy, hidden joints sometimes missing."""
    pose = clip.coco[:, 0]
    noise = _jitter(tuple(pose.shape), recipe.reference_noise, generator)
    noise = noise * (1 + 1.5 * (~clip.coco_visible[:, 0])[..., None])
    chance = recipe.missing_joint * (1 + 6 * (~clip.coco_visible[:, 0]))
    present = torch.rand(pose.shape[:2], generator=generator, device=pose.device) > chance
    return structure_maps(pose + noise, COCO17_LIMBS, size=recipe.size, present=present)


def _driving_structures(recipe: Recipe, clip: Clip, generator: torch.Generator) -> Tensor:
    """[B, T - 1, 20, H, W] of the frames after the reference: Human3.6M-17 with a retargeting error that stays
    through the clip and a small one that changes."""
    pose = clip.h36m[:, 1:]
    batch, frames, joints, _ = pose.shape
    noise = _jitter((batch, 1, joints, 2), recipe.driving_noise, generator)
    noise = noise + _jitter((batch, frames, joints, 2), 0.5 * recipe.driving_noise, generator)
    present = torch.ones(batch * frames, joints, dtype=torch.bool, device=pose.device)
    maps = structure_maps((pose + noise).flatten(0, 1), H36M17_LIMBS, size=recipe.size, present=present)
    return maps.unflatten(0, (batch, frames))


def _worn(image: Tensor, generator: torch.Generator) -> Tensor:
    """A true frame with the noise and softness that the generator's own results have."""
    noisy = image + 0.03 * torch.randn(image.shape, generator=generator, device=image.device)
    soft = torch.rand(len(image), generator=generator, device=image.device) < 0.5
    return _choose(soft, F.avg_pool2d(F.pad(noisy, (1, 1, 1, 1), mode="replicate"), 3, 1), noisy)


def reconstruction(recipe: Recipe, step: Step, truth: Truth) -> dict[str, Tensor]:
    """Every loss of one frame except the adversarial ones, already weighted."""
    weight = 1 + 3 * truth.person
    losses = {
        "picture": recipe.picture * weighted_l1(step.image.float(), truth.image, weight),
        "gradient": recipe.gradient * gradient_pyramid(step.image.float(), truth.image),
        "generated": recipe.generated * weighted_l1(step.generated.float(), truth.image, weight),
        "flow": truth.image.new_zeros(()),
        "mask": truth.image.new_zeros(()),
    }
    fields = ((step.flows_previous, step.masks_previous), (step.flows_reference, step.masks_reference))
    for (flows, masks), (true, visible) in zip(fields, truth.sources, strict=True):
        for flow, mask in zip(flows, masks, strict=True):
            cell = truth.image.shape[-1] // flow.shape[-1]
            coarse, share = pool_flow(true, visible, cell)
            importance = share * (0.3 + 4 * F.avg_pool2d(truth.person, cell))
            losses["flow"] = losses["flow"] + recipe.flow * supervised_flow(flow, coarse, importance)
            losses["mask"] = losses["mask"] + recipe.mask * visibility(mask, share)
    if step.detail is not None:
        losses |= _detail_losses(recipe, step, truth)
    return losses


def _detail_losses(recipe: Recipe, step: Step, truth: Truth) -> dict[str, Tensor]:
    detail = step.detail
    assert detail is not None
    flows = (detail.flow_previous, detail.flow_reference)
    pictures = (detail.warped_previous, detail.warped_reference)
    fine, warped = truth.image.new_zeros(()), truth.image.new_zeros(())
    for flow, picture, (true, visible) in zip(flows, pictures, truth.sources, strict=True):
        importance = visible * (0.3 + 4 * truth.person)
        fine = fine + supervised_flow(flow, true, importance, softness=0.3)
        warped = warped + weighted_l1(picture.float(), truth.image, importance)
    return {"fine_flow": recipe.fine_flow * fine, "warped": recipe.warped * warped}


class Trainer:
    """Generator, discriminator, their optimisers and the averaged weights, on one process."""

    def __init__(self, session: Session, recipe: Recipe, architecture: AnimationConfig) -> None:
        device, config = session.processes.device, session.config
        self.session, self.recipe, self.device = session, recipe, device
        torch.manual_seed(config.seed)
        generator = AnimationGenerator(config=architecture)
        if config.init:
            generator.load_state_dict(load_weights(config.init, expect="animation").state_dict())
        layout = torch.channels_last if device.type == "cuda" else torch.contiguous_format
        self.generator = generator.to(device, memory_format=layout).train()
        self.discriminator = PatchDiscriminator(channels=3 + architecture.structure_channels).to(device)
        self.average = Average(self.generator, config.average)
        self.rate = config.learning_rate or LEARNING_RATE
        self.optimiser = torch.optim.AdamW(
            self.generator.parameters(), self.rate, (0.5, 0.99), weight_decay=1e-4, fused=device.type == "cuda"
        )
        self.optimiser_d = torch.optim.Adam(self.discriminator.parameters(), DISCRIMINATOR_RATE, (0.0, 0.99))
        wrap = session.processes.wrap
        self.generate = wrap(torch.compile(self.generator) if config.compile else self.generator)
        self.judge = wrap(self.discriminator)

    def parts(self) -> dict:
        return {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "average": self.average,
            "optimiser": self.optimiser,
            "optimiser_d": self.optimiser_d,
        }

    def iterate(self) -> dict[str, Tensor]:
        """One batch of clips: an optimiser step per chunk and target frame; returns the last frame's losses."""
        with torch.no_grad():
            batch = sample(self.recipe, self.session.config.batch, self.session.generator)
        for group in self.optimiser.param_groups:
            group["lr"] = self.session.learning_rate(self.rate)
        losses = {}
        for chunk in batch.chunks(self.recipe.chunk):
            previous = chunk.previous
            for truth in chunk.targets:
                step, losses = self._frame(chunk.reference, previous, truth)
                previous = State(step.image.detach().float(), truth.structure)
            self.average.update(self.generator, self.session.step)
        return losses

    def _frame(self, reference: State, previous: State, truth: Truth) -> tuple[Step, dict[str, Tensor]]:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            step: Step = self.generate(
                truth.structure[:, None], reference.image, reference.structure, previous.image, previous.structure
            )[0]
        losses = reconstruction(self.recipe, step, truth)
        if self.session.done >= self.recipe.adversarial_from:
            losses |= self._adversarial(step.image, truth)
        self.optimiser.zero_grad(set_to_none=True)
        torch.stack([loss for name, loss in losses.items() if name != "judge"]).sum().backward()
        nn.utils.clip_grad_norm_(self.generator.parameters(), 5.0)
        self.optimiser.step()
        return step, losses

    def _adversarial(self, image: Tensor, truth: Truth) -> dict[str, Tensor]:
        """Train the discriminator on this frame, then return the generator's losses through it."""
        condition = truth.structure.clone()
        condition[:, -3:] /= 255
        pair = torch.cat([torch.cat([truth.image, condition], 1), torch.cat([image.detach(), condition], 1)])
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            real, fake = self.judge(pair)[0].float().chunk(2)
            loss = hinge_discriminator(real, fake)
            self.optimiser_d.zero_grad(set_to_none=True)
            loss.backward()
            self.optimiser_d.step()
            self.discriminator.requires_grad_(False)
            fake, fake_features = self.discriminator(torch.cat([image, condition], 1))
            with torch.no_grad():
                real_features = self.discriminator(torch.cat([truth.image, condition], 1))[1]
            self.discriminator.requires_grad_(True)
        return {
            "adversarial": self.recipe.adversarial * hinge_generator(fake.float()),
            "features": self.recipe.features * feature_matching(fake_features, real_features),
            "judge": loss.detach(),
        }

    def averaged(self) -> AnimationGenerator:
        """A copy of the generator with the averaged weights, in eval mode."""
        model = AnimationGenerator(config=self.generator.config).to(self.device)
        model.load_state_dict(self.average.state)
        return model.eval()


def run(config: TrainConfig, progress: Progress, recipe: Recipe | None = None) -> Path:
    """Train on rendered clips and write `weights.safetensors`, picture sheets and a log into `config.out`.

    Raises:
        InputError: `config.out` holds another run.
        WeightsError: `config.init` is not an animation generator, or there is nothing to resume.
    """
    recipe = recipe or Recipe()
    processes = Processes(config.device)
    session = Session(config, processes, progress)
    architecture = load_weights(config.init, expect="animation").config if config.init else bundled_person()
    trainer = Trainer(session, recipe, architecture)
    if config.resume:
        session.restore(**trainer.parts())
    held_out = render_validation(recipe.validation_clips, 24, size=recipe.size, device=processes.device)
    sample(recipe, config.batch, session.generator)
    session.restart_clock()
    while session.running():
        losses = trainer.iterate()
        session.advance()
        if session.due(25):
            session.report({**losses, "rate": session.learning_rate(trainer.rate)})
        if processes.main and (session.save_due() or session.due(config.validate_every)):
            _publish(trainer, held_out, config)
    if processes.main:
        _publish(trainer, held_out, config)
    processes.close()
    return config.out / "weights.safetensors"


def _publish(trainer: Trainer, held_out: HeldOut, config: TrainConfig) -> None:
    """Validate the averaged weights, draw a sheet, save weights and state."""
    model, session = trainer.averaged(), trainer.session
    results, frames = validate(model, held_out)
    session.report(results, "validation")
    shown = min(4, len(frames))
    columns = torch.tensor([1, 8, 16, 23], device=frames.device)
    rows = []
    for clip in range(shown):
        truth, made = held_out.images[clip, columns], frames[clip, columns - 1]
        rows += [torch.cat([held_out.images[clip, :1], truth]), torch.cat([held_out.images[clip, :1], made])]
    picture_sheet(session.out / "sheet.png", rows)
    command = f"gfla train animate --data synthetic --batch {config.batch} --seed {config.seed}"
    save_weights(
        session.out / "weights.safetensors",
        model,
        architecture="animation",
        licence="Apache-2.0",
        command=command,
        extra={"step": session.step, "seconds": round(session.elapsed), **results},
    )
    session.save(**trainer.parts())
