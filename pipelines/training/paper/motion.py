"""The authors' training of the motion extraction network: mean squared error, nothing else (official format, section
8.2)."""

from collections.abc import Iterator

import torch.nn.functional as F
from torch import Generator

from models.motion import MotionNetwork
from pipelines.datasets.samples import Window
from pipelines.training.engine.recipe import Losses
from pipelines.training.paper.loop import Loop


class MotionLoop(Loop[MotionNetwork]):
    """Detected tracks in, true joints out."""

    architecture = "motion"
    network_type = MotionNetwork
    uses_vgg = False

    def consume(self, batch: Window, generator: Generator) -> Iterator[Losses]:
        """One step on a batch of windows."""
        yield self.optimiser.step({"square": F.mse_loss(self.network(batch.detected), batch.true)})
