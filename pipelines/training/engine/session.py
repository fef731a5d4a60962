"""The life of one training run: its clock, learning rate, random generators, log and saved state.

`engine.recipe.fit` makes a Session from a TrainConfig; the task that it trains reads and advances it.
"""

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Protocol

import torch
from torch import Tensor

from models.errors import InputError, WeightsError
from pipelines.media.files import make_output_folder
from pipelines.runtime.progress import Progress
from pipelines.training.config import TrainConfig
from pipelines.training.engine.distributed import Processes
from pipelines.training.engine.logging import RunLog


class Stateful(Protocol):
    """What can be saved and restored: networks, optimisers, averages, streams of batches."""

    def state_dict(self) -> Any: ...

    def load_state_dict(self, state: Any, /) -> Any: ...


class Session:
    """One run, or a part of one that was resumed.

    Files in `out`: `log.jsonl` (one object per report), `tensorboard` (the same for TensorBoard), `sheet.png` and
    `state.pt` (everything needed to resume).

    out: the run's folder; step: optimiser updates so far; saved_step: those in `state.pt`, 0 if there is none;
    fraction_done: finished share of the run, 0 to 1; generator: random numbers of the data, on this process's device.

    Raises:
        InputError: `out` holds another run and `config.resume` is not set.
    """

    def __init__(self, config: TrainConfig, processes: Processes, progress: Progress) -> None:
        self.config, self.out, self.processes, self.progress = config, config.out, processes, progress
        if self._state_file.exists() and not config.resume:
            raise InputError(f"{self.out} holds a training run: continue it with --resume or choose another --out")
        make_output_folder(self.out)
        self.step = self._previous_step = self._resumed_at = self.saved_step = 0
        self.fraction_done = 0.0
        self.generator = torch.Generator(processes.device)
        self._set_seed(config.seed)
        self._elapsed_before = 0.0
        self._created = self._clock_start = self._last_save = time.monotonic()
        self._log: RunLog | None = None
        self._phase = ""

    @property
    def elapsed(self) -> float:
        """Seconds of training so far, earlier parts of a resumed run included."""
        return self._elapsed_before + time.monotonic() - self._clock_start

    def restart_clock(self) -> None:
        """Start the clock now: called when compiling and warming up are over."""
        self._clock_start = self._last_save = time.monotonic()

    def running(self) -> bool:
        """Whether another iteration is due. Called once before each; updates `fraction_done`."""
        config, self._previous_step = self.config, self.step
        if config.seconds is None:
            self.fraction_done = self.step / config.steps
        else:
            self.fraction_done = self.processes.broadcast(self.elapsed / config.seconds)
        if config.pause_after and self.processes.broadcast(time.monotonic() - self._created) > config.pause_after:
            return False
        return self.fraction_done < 1

    def begin(self, phase: str, total: int | None, *, unit: str) -> None:
        """Begin a phase of the run other than training, such as a validation, that advances `progress` itself."""
        self._phase = phase
        self.progress.stage(phase, total, unit=unit)

    def begin_training(self) -> None:
        """Begin, or continue after another phase, the one that `advance` counts."""
        if self._phase != "train":
            self._phase = "train"
            total = None if self.config.seconds else self.config.steps
            self.progress.stage(self._phase, total, done=self.step, unit="steps")

    def samples_due(self, chunk: int, *, updates: int = 1) -> int:
        """Samples of the next batch: `config.batch`, but not more than the last updates of the run need.

        chunk: samples that are trained together, for `updates` updates.
        """
        if self.config.seconds is not None:
            return self.config.batch
        left = max(1, self.config.steps - self.step)
        return min(self.config.batch, chunk * math.ceil(left / updates))

    @property
    def finished(self) -> bool:
        """Whether the last of `config.steps` updates is done; never for a run whose length is in `config.seconds`."""
        return self.config.seconds is None and self.step >= self.config.steps

    def learning_rate(self, peak: float) -> float:
        """Warm-up to `peak`, then a cosine to zero, at the current step."""
        warm = min(1.0, (self.step + 1) / max(1, self.config.warmup))
        return peak * warm * (0.5 + 0.5 * math.cos(math.pi * min(1.0, self.fraction_done))) + 1e-7

    def advance(self, updates: int = 1) -> None:
        """Count optimiser updates."""
        self.step += updates
        self.progress.advance(updates)

    def has_passed(self, every: int) -> bool:
        """Whether this iteration reached or passed a multiple of `every` updates."""
        return self.step // every != self._previous_step // every

    def report(self, values: Mapping[str, float | Tensor], kind: str = "train") -> None:
        """Log and show named numbers; does nothing in any but the main process."""
        if self.processes.is_main:
            self._open_log().write_numbers(kind, self.step, self.elapsed, values)

    def write_sheet(self, rows: Sequence[Tensor]) -> None:
        """Write `sheet.png` of rows of images, each [N, 3, H, W] in [-1, 1]."""
        self._open_log().write_sheet(self.step, rows)

    def _open_log(self) -> RunLog:
        """The run's log, opened by the first report, so that a run that cannot start leaves none."""
        if self._log is None:
            self._log = RunLog(self.out, self.progress, resumed_at=self._resumed_at)
        return self._log

    def save_due(self) -> bool:
        """Whether to save now by the clock; true at most once per `config.save_every_seconds`."""
        now = time.monotonic()
        if now - self._last_save < self.config.save_every_seconds:
            return False
        self._last_save = now
        return True

    @property
    def unsaved(self) -> bool:
        """Whether there were updates since the last `save`."""
        return self.step != self.saved_step

    def save(self, **parts: Stateful) -> None:
        """Write `state.pt`: the parts under their names, the step, the clock and the random state."""
        if not self.processes.is_main:
            return
        state = {key: part.state_dict() for key, part in parts.items()}
        state["session"] = {"step": self.step, "elapsed": self.elapsed}
        state["random"] = {"generator": self.generator.get_state(), "torch": torch.get_rng_state()}
        partial = self.out / "state.pt.part"
        torch.save(state, partial)
        partial.replace(self._state_file)
        self.saved_step = self.step

    def restore(self, **parts: Stateful) -> None:
        """Load what `save` wrote into the same parts.

        With several processes the random state is not restored but seeded anew, each process with its own.

        Raises:
            WeightsError: there is no saved state, it is damaged, or it belongs to another recipe or size.
        """
        state = self._read_state()
        for key, part in parts.items():
            if key not in state:
                raise WeightsError(f"{self._state_file} has no {key!r}: it belongs to another recipe")
            try:
                part.load_state_dict(state[key])
            except (RuntimeError, ValueError, KeyError):
                raise WeightsError(
                    f"{self._state_file}: its {key} is of another size; resume with the same --set options"
                ) from None
        self.step = self._previous_step = self._resumed_at = self.saved_step = state["session"]["step"]
        self._elapsed_before = state["session"]["elapsed"]
        if self.processes.count == 1:
            self.generator.set_state(state["random"]["generator"].cpu())
            torch.set_rng_state(state["random"]["torch"].cpu())
        else:
            self._set_seed(self.config.seed + self.step)

    def _set_seed(self, seed: int) -> None:
        self.generator.manual_seed(seed * 1009 + self.processes.rank)
        torch.manual_seed(seed * 1009 + self.processes.rank)

    @property
    def _state_file(self) -> Path:
        return self.out / "state.pt"

    def _read_state(self) -> dict[str, Any]:
        if not self._state_file.exists():
            raise WeightsError(f"nothing to resume: {self._state_file} does not exist")
        try:
            return torch.load(self._state_file, map_location=self.processes.device, weights_only=True)
        except (RuntimeError, EOFError, OSError, UnpicklingError):
            raise WeightsError(f"{self._state_file} is damaged: start the run again in another --out") from None
