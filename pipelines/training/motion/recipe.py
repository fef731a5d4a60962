"""Recipe of the motion network, `gfla train motion`: tracks as a detector reports them in, the true motion out."""

import torch
from torch import Tensor, nn

from models.motion import MotionConfig, MotionNetwork
from models.weights import load_weights
from pipelines.training.engine.recipe import Validation
from pipelines.training.engine.session import Session
from pipelines.training.engine.supervised import SupervisedTask
from pipelines.training.motion.data import Recipe, Windows, draw_windows
from pipelines.training.motion.losses import motion_losses
from pipelines.training.motion.validation import validate


class MotionTask(SupervisedTask[MotionNetwork, Windows]):
    """Trains the motion network; `network` replaces that of the bundled size."""

    name = "motion"
    architecture = "motion"
    recipe_type = Recipe
    recipe: Recipe
    learning_rate = 1e-3
    betas = (0.9, 0.999)
    weight_decay = 1e-4
    max_gradient_norm = 20.0

    def __init__(self, session: Session, recipe: Recipe, network: MotionNetwork | None = None) -> None:
        network = network or build_network(session)
        for module in network.modules():
            if isinstance(module, nn.Dropout):
                module.p = recipe.dropout
        super().__init__(session, recipe, network)

    def draw_batch(self) -> Windows:
        frames = self.recipe.frames[self.session.step % len(self.recipe.frames)]
        length = frames + 2 * self.network.config.margin
        return draw_windows(self.recipe, self.session.config.batch, length, self.session.generator)

    def losses(self, batch: Windows) -> dict[str, Tensor]:
        margin = self.network.config.margin
        return motion_losses(self.recipe, self.predict(batch.track), batch.truth[..., margin:-margin])

    def validate(self, network: MotionNetwork) -> Validation:
        self.session.begin("validate", None, unit="windows")
        return Validation(validate(network, self.recipe, self.device))


def build_network(session: Session) -> MotionNetwork:
    """The network before training: that of `config.init`, else a new one, equal in every process."""
    config = session.config
    torch.manual_seed(config.seed)
    network = load_weights(config.init, expect="motion") if config.init else MotionNetwork(config=MotionConfig())
    assert isinstance(network, MotionNetwork)
    return network
