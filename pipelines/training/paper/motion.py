"""The authors' training of the motion extraction network: mean squared error, nothing else (official format, 8.2)."""

import torch.nn.functional as F
from torch import Tensor

from models.motion import MotionNetwork
from pipelines.datasets.samples import Window
from pipelines.training.paper.losses import Learner, Losses


class MotionLoop:
    """Detected tracks in, true joints out."""

    def __init__(self, network: MotionNetwork, learner: Learner) -> None:
        self.network, self.learner = network, learner
        self.shown: list[Tensor] = []

    def update(self, windows: Window) -> Losses:
        """One step on a batch of windows."""
        return self.learner.step({"square": F.mse_loss(self.network(windows.detected), windows.true)})
