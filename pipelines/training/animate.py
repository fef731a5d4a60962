"""Recipe of the animation generator on rendered people.

Every clip gives a reference, a previous frame and `rollout` targets in order. The generator makes them one after
the other, each from its own last result, as in use (section 3.5 of the paper's extension, arXiv 2008.12606).
B clips, H, W image size.
"""

import copy
from pathlib import Path

import torch
from torch import Tensor, nn

from models.discriminators import PatchDiscriminator
from models.errors import InputError
from models.generators.animation import AnimationGenerator, State, bundled_person
from models.losses.adversarial import feature_matching, hinge_discriminator, hinge_generator
from models.weights import save_weights
from pipelines.progress import Progress
from pipelines.training.animate_data import Recipe, Sample, Truth, sample, tensors
from pipelines.training.animate_losses import reconstruction
from pipelines.training.common import Average, Processes, Session, TrainConfig, take_fitting
from pipelines.training.graphs import Graphed
from pipelines.training.validation import HeldOut, render_validation, validate

LEARNING_RATE = 4e-4
DISCRIMINATOR_RATE = 2e-4
REPORT_EVERY = 200


class Trainer:
    """Generator, discriminator, their optimisers and the averaged weights, on one process.

    An update is cut into pieces without communication or looking at values, each a CUDA graph on a GPU: gradients of
    the generator, its optimiser, and when the adversarial part is on the same for the discriminator.
    """

    def __init__(self, session: Session, recipe: Recipe, generator: AnimationGenerator) -> None:
        device, config = session.processes.device, session.config
        self.session, self.recipe, self.device = session, recipe, device
        self.cuda = device.type == "cuda"
        self.chunk = min(recipe.chunk, config.batch)
        if config.batch % self.chunk:
            raise InputError(f"batch {config.batch} must be a multiple of the recipe's chunk, {self.chunk}")
        layout = torch.channels_last if self.cuda else torch.contiguous_format
        self.generator = generator.to(device).to(memory_format=layout).train(not config.only)
        for name, parameter in generator.named_parameters():
            parameter.requires_grad_(name.startswith(config.only))
        self.discriminator = PatchDiscriminator(channels=3 + generator.config.structure_channels).to(device)
        self.average = Average(self.generator, config.average)
        self.peak = config.rate(LEARNING_RATE)
        self.rate = torch.tensor(self.peak, device=device)
        optimiser = {"fused": True, "capturable": True} if self.cuda else {}
        self.optimiser = torch.optim.AdamW(
            self.generator.parameters(),
            self.rate if self.cuda else self.peak,
            (0.5, 0.99),
            weight_decay=1e-4,
            **optimiser,
        )
        self.optimiser_d = torch.optim.Adam(
            self.discriminator.parameters(), DISCRIMINATOR_RATE, (0.0, 0.99), **optimiser
        )
        self.names: list[str] = []
        self.adversarial = False
        self._build()

    def _trained(self) -> list[nn.Parameter]:
        return [parameter for parameter in self.generator.parameters() if parameter.requires_grad]

    def _build(self) -> None:
        """Fresh pieces: what was recorded without the adversarial part can't serve with it."""
        parts, judge = self.optimiser, self.optimiser_d
        self.gradients = Graphed(self._gradients, enabled=self.cuda, reset=parts.zero_grad)
        self.update = Graphed(self._update, enabled=self.cuda)
        self.judge_gradients = Graphed(self._judge_gradients, enabled=self.cuda, reset=judge.zero_grad)
        self.judge_update = Graphed(self._judge_update, enabled=self.cuda)

    def parts(self) -> dict:
        return {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "average": self.average,
            "optimiser": self.optimiser,
            "optimiser_d": self.optimiser_d,
        }

    def iterate(self) -> dict[str, Tensor]:
        """One batch of clips: an update per chunk and target frame; returns the last frame's losses."""
        with torch.no_grad():
            batch = sample(self.recipe, self.session.config.batch, self.session.generator)
        if not self.adversarial and self.session.done >= self.recipe.adversarial_from:
            self.adversarial = True
            self._build()
        losses = torch.zeros(())
        for chunk in batch.chunks(self.chunk):
            losses = self._play(chunk)
        return dict(zip(self.names, losses.unbind(), strict=True))

    def _play(self, clips: Sample) -> Tensor:
        """All target frames of a chunk in order; the losses of the last."""
        previous, losses = clips.previous, torch.zeros(())
        for truth in clips.targets:
            self._set_rate()
            image, losses = self.gradients(*tensors(clips.reference), *tensors(previous), *truth.tensors())
            self.session.processes.average_gradients(self._trained())
            self.update()
            if self.adversarial:
                self.judge_gradients(image, truth.image, truth.structure)
                self.session.processes.average_gradients(list(self.discriminator.parameters()))
                self.judge_update()
            previous = State(image, truth.structure, truth.joints)
            self.average.update(self.generator, self.session.step)
            self.session.advance()
        return losses

    def _set_rate(self) -> None:
        rate = self.session.learning_rate(self.peak)
        for group in self.optimiser.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate

    def _gradients(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Reference, previous state and truth -> the frame [B, 3, H, W] and its losses; leaves gradients behind."""
        source, previous, truth = State(*inputs[:3]), State(*inputs[3:6]), Truth(*inputs[6:])
        with self._autocast():
            reference = self.generator.encode_reference(source.image, source.structure, source.joints)
            step = self.generator.step(reference, previous, truth.structure, truth.joints)
        losses = reconstruction(self.recipe, step, truth)
        if self.adversarial:
            losses |= self._judged(step.image, truth)
        self.names = list(losses)
        values = torch.stack(list(losses.values()))
        values.sum().backward()
        return step.image.detach().float(), values.detach()

    def _update(self) -> tuple[Tensor, ...]:
        norm = nn.utils.clip_grad_norm_(self._trained(), 5.0)
        self.optimiser.step()
        return (norm,)

    def _judged(self, image: Tensor, truth: Truth) -> dict[str, Tensor]:
        """The generator's losses through the discriminator, which stays as it is."""
        self.discriminator.requires_grad_(False)
        with self._autocast():
            fake, fake_features = self.discriminator(_conditioned(image, truth.structure))
            with torch.no_grad():
                real_features = self.discriminator(_conditioned(truth.image, truth.structure))[1]
        self.discriminator.requires_grad_(True)
        return {
            "adversarial": self.recipe.adversarial * hinge_generator(fake.float()),
            "features": self.recipe.features * feature_matching(fake_features, real_features),
        }

    def _judge_gradients(self, image: Tensor, truth: Tensor, structure: Tensor) -> tuple[Tensor, ...]:
        pair = torch.cat([_conditioned(truth, structure), _conditioned(image, structure)])
        with self._autocast():
            real, fake = self.discriminator(pair)[0].float().chunk(2)
        loss = hinge_discriminator(real, fake)
        loss.backward()
        return (loss.detach(),)

    def _judge_update(self) -> tuple[Tensor, ...]:
        self.optimiser_d.step()
        return ()

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.cuda, cache_enabled=False)

    def averaged(self) -> AnimationGenerator:
        """A copy of the generator with the averaged weights, in eval mode."""
        model = copy.deepcopy(self.generator)  # a new one would draw random numbers that training needs
        model.load_state_dict(self.average.state)
        return model.eval()


def _conditioned(image: Tensor, structure: Tensor) -> Tensor:
    """Image [B, 3, H, W] and structure [B, 20, H, W], its picture scaled to 0..1, as the discriminator reads them."""
    return torch.cat([image, structure[:, :-3].to(image.dtype), structure[:, -3:].to(image.dtype) / 255], 1)


def start(config: TrainConfig, progress: Progress) -> AnimationGenerator:
    """The generator before training, of the bundled size and equal in every process.

    From `config.init` it takes every tensor of the same name and shape; the rest is fresh.
    """
    torch.manual_seed(config.seed)
    model = AnimationGenerator(config=bundled_person())
    if config.init:
        take_fitting(model, config.init, progress, expect="animation")
    return model


def run(config: TrainConfig, progress: Progress, recipe: Recipe | None = None) -> Path:
    """Train on rendered clips and write `weights.safetensors`, picture sheets and a log into `config.out`.

    Raises:
        InputError: `config.out` holds another run.
        WeightsError: `config.init` is not an animation generator, or there is nothing to resume.
    """
    recipe = recipe or Recipe()
    processes = Processes(config.device)
    session = Session(config, processes, progress)
    trainer = Trainer(session, recipe, start(config, progress))
    held_out = render_validation(recipe.validation_clips, 24, size=recipe.size, device=processes.device)
    sample(recipe, config.batch, session.generator)
    if config.resume:
        session.restore(**trainer.parts())
    session.restart_clock()
    while session.running():
        losses = trainer.iterate()
        if session.due(REPORT_EVERY):
            session.report({**losses, "rate": session.learning_rate(trainer.peak)})
        if processes.main and (session.save_due() or session.due(config.validate_every)):
            _publish(trainer, held_out, config)
    if processes.main and session.unsaved:
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
    session.sheet(rows)
    origin = f" --init {config.init}" if config.init else ""
    origin += f" --only {config.only}" if config.only else ""
    command = f"gfla train animate --data synthetic {config.length} --batch {config.batch} --seed {config.seed}{origin}"
    save_weights(
        session.out / "weights.safetensors",
        model,
        architecture="animation",
        licence="Apache-2.0",
        command=command,
        extra={"step": session.step, "seconds": round(session.elapsed), **results},
    )
    session.save(**trainer.parts())
