"""What every recipe shares: clock, averaged weights, checkpoints, logs and picture sheets.

A recipe owns its networks, data and losses; it calls `Session` for everything around them.
"""

import copy
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from models.errors import InputError, WeightsError
from models.weights import load_weights
from pipelines.runtime.progress import Progress
from pipelines.training.engine.distributed import Processes
from pipelines.training.engine.logging import Reports

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class TrainConfig:
    """Length, place and pace of a training run, the same for every recipe.

    A run ends after `steps` optimiser updates or, when `seconds` is set, after that much wall time.
    The learning rate warms up over `warmup` updates and falls along a cosine to zero at the end.
    `batch` counts samples per process, `learning_rate` None takes the recipe's own. `init` names or locates
    weights to start from, `only` trains nothing but the parameters whose name begins so; `resume` goes on with the
    run in `out`. `pause_after` seconds of wall time this start stops, saved, wherever the run is. `data` is "synthetic"
    or a data set's folder; `vgg` "torchvision", "none", a file or, empty, what suits the data.
    """

    out: Path
    steps: int = 1000
    seconds: float | None = None
    pause_after: float | None = None
    batch: int = 8
    learning_rate: float | None = None
    warmup: int = 200
    seed: int = 0
    average: float = 0.999
    validate_every: int = 500
    save_every_seconds: float = 120.0
    compile: bool = False
    device: str = "auto"
    init: str | None = None
    only: str = ""
    resume: bool = False
    data: str = "synthetic"
    vgg: str = ""

    def rate(self, usual: float) -> float:
        """The learning rate, of a recipe that usually has this one."""
        return usual if self.learning_rate is None else self.learning_rate

    @property
    def length(self) -> str:
        """As an option of the command line."""
        return f"--seconds {self.seconds:g}" if self.seconds else f"--steps {self.steps}"


class Average:
    """Exponential moving average of a module's parameters and floating-point buffers."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.state = {key: value.detach().clone() for key, value in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        """Move towards `module`; early steps average over a shorter time."""
        weight = 1 - min(self.decay, (step + 1) / (step + 10))
        targets, values = [], []
        for key, value in module.state_dict().items():
            if value.dtype.is_floating_point:
                targets.append(self.state[key])
                values.append(value)
            else:
                self.state[key].copy_(value)
        torch._foreach_lerp_(targets, values, weight)  # pyright: ignore[reportPrivateImportUsage]

    def applied(self, module: Network) -> Network:
        """A copy of `module` with the averaged weights, in eval mode."""
        model = copy.deepcopy(module)  # a new one would draw random numbers that training needs
        model.load_state_dict(self.state)
        return model.eval()

    def state_dict(self) -> dict[str, Tensor]:
        return self.state

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.state = state


class Session:
    """The life of one run: clock, learning rate, log, checkpoints.

    Files below `out`: `log.jsonl` (one object per report), `tensorboard` (the same for TensorBoard), `sheet.png`,
    `state.pt` (everything needed to resume), and whatever the recipe writes.

    Raises:
        InputError: `out` holds another run and resuming was not asked for.
    """

    def __init__(self, config: TrainConfig, processes: Processes, progress: Progress) -> None:
        self.config, self.out, self.processes, self.progress = config, config.out, processes, progress
        self.step = self.previous_step = self.resumed = self.saved_step = 0
        self.before = 0.0
        if self._state.exists() and not config.resume:
            raise InputError(f"{self.out} holds a training run: continue it with --resume or choose another folder")
        self.out.mkdir(parents=True, exist_ok=True)
        self.generator = torch.Generator(processes.device)
        self._seed(config.seed)
        self.born = self.started = self.saved = time.monotonic()
        self.done = 0.0
        progress.stage("train", None if config.seconds else config.steps)

    def _seed(self, seed: int) -> None:
        self.generator.manual_seed(seed * 1009 + self.processes.rank)
        torch.manual_seed(seed * 1009 + self.processes.rank)

    @property
    def elapsed(self) -> float:
        """Seconds of training so far, earlier parts of a resumed run included."""
        return self.before + time.monotonic() - self.started

    def restart_clock(self) -> None:
        """Start the clock now: called when compiling and warming up are over."""
        self.started = self.saved = time.monotonic()

    def running(self) -> bool:
        """Whether another iteration is due; refreshes `done`, the finished share 0..1 of the run."""
        config, self.previous_step = self.config, self.step
        if config.seconds is None:
            self.done = self.step / config.steps
        else:
            self.done = self.processes.agree(self.elapsed / config.seconds)
        if config.pause_after and self.processes.agree(self._age()) > config.pause_after:
            return False
        return self.done < 1

    @property
    def finished(self) -> bool:
        """Whether the last of `steps` updates is done."""
        return self.config.seconds is None and self.step >= self.config.steps

    def play(
        self,
        iterate: Callable[[], Mapping[str, Tensor]],
        publish: Callable[[], None],
        *,
        rate: float,
        report_every: int,
    ) -> None:
        """The whole run: iterations, which advance it and give their losses; reports of them with the learning rate,
        whose peak is `rate`; and by the main process `publish`, which saves, now and then and at the end."""
        while self.running():
            losses = iterate()
            if self.due(report_every):
                self.report({**losses, "rate": self.learning_rate(rate)})
            if self.processes.main and (self.save_due() or self.due(self.config.validate_every)):
                publish()
        if self.processes.main and self.unsaved:
            publish()
        self.processes.close()

    def _age(self) -> float:
        return time.monotonic() - self.born

    def learning_rate(self, peak: float) -> float:
        """Warm-up, then a cosine to zero, at the present step."""
        warm = min(1.0, (self.step + 1) / max(1, self.config.warmup))
        return peak * warm * (0.5 + 0.5 * math.cos(math.pi * min(1.0, self.done))) + 1e-7

    def advance(self, updates: int = 1) -> None:
        """Count optimiser updates."""
        self.step += updates
        self.progress.advance(updates)

    def report(self, values: Mapping[str, float | Tensor], kind: str = "train") -> None:
        """Log and show named numbers; only the main process does."""
        if self.processes.main:
            self.reports.numbers(kind, self.step, self.elapsed, values)

    def sheet(self, rows: Sequence[Tensor]) -> None:
        """Write `sheet.png` of rows of images, each [N, 3, H, W] in [-1, 1]."""
        self.reports.sheet(self.step, rows)

    @cached_property
    def reports(self) -> Reports:
        """Opened when the first is due, so that a run that can't begin leaves none."""
        return Reports(self.out, self.progress, resumed=self.resumed)

    def due(self, every: int) -> bool:
        """Whether this iteration reached or passed a multiple of `every` updates."""
        return self.step // every != self.previous_step // every

    def save_due(self) -> bool:
        """Whether the recipe should save now; true at most once per `save_every_seconds`."""
        now = time.monotonic()
        if now - self.saved < self.config.save_every_seconds:
            return False
        self.saved = now
        return True

    @property
    def unsaved(self) -> bool:
        """Whether there were updates since the last `save`."""
        return self.step != self.saved_step

    def save(self, **parts: Any) -> None:
        """Write everything needed to go on: `parts` are objects with `state_dict` and `load_state_dict`."""
        if not self.processes.main:
            return
        state = {key: part.state_dict() for key, part in parts.items()}
        state["session"] = {"step": self.step, "elapsed": self.elapsed}
        state["random"] = {"generator": self.generator.get_state(), "torch": torch.get_rng_state()}
        partial = self.out / "state.pt.part"
        torch.save(state, partial)
        partial.replace(self._state)
        self.saved_step = self.step

    def restore(self, **parts: Any) -> None:
        """Load what `save` wrote into the same parts.

        Raises:
            WeightsError: there is no saved state, it is damaged, or it is of another recipe or size.
        """
        state = self._read()
        for key, part in parts.items():
            if key not in state:
                raise WeightsError(f"{self._state} has no {key!r}: it belongs to another recipe")
            try:
                part.load_state_dict(state[key])
            except (RuntimeError, ValueError, KeyError):
                raise WeightsError(f"{self._state}: its {key} is of another size, resume with the same --set") from None
        self.step = self.previous_step = self.resumed = self.saved_step = state["session"]["step"]
        self.before = state["session"]["elapsed"]
        if self.processes.count == 1:
            self.generator.set_state(state["random"]["generator"].cpu())
            torch.set_rng_state(state["random"]["torch"].cpu())
        else:
            self._seed(self.config.seed + self.step)

    @property
    def _state(self) -> Path:
        return self.out / "state.pt"

    def _read(self) -> dict[str, Any]:
        if not self._state.exists():
            raise WeightsError(f"nothing to resume: {self._state} does not exist")
        try:
            return torch.load(self._state, map_location=self.processes.device, weights_only=True)
        except (RuntimeError, EOFError, OSError, UnpicklingError):
            raise WeightsError(f"{self._state} is damaged: start anew") from None


def take_fitting(model: nn.Module, init: str, progress: Progress, *, expect: str | None = None) -> None:
    """Load every tensor of the same name and shape from weights (a name or file), and say so if it is not all.

    Raises:
        WeightsError: the weights can't be read, are of another architecture than `expect`, or nothing fits.
    """
    own, given = model.state_dict(), load_weights(init, expect=expect).state_dict()
    fitting = {key: given[key] for key in own if key in given and given[key].shape == own[key].shape}
    if not fitting:
        raise WeightsError(f"{init} has no tensor that fits this network: it is of another task or size")
    model.load_state_dict(own | fitting)
    if len(fitting) < len(own):
        progress.note(f"{init} is another network: {len(fitting)} of {len(own)} tensors taken, the rest fresh")
