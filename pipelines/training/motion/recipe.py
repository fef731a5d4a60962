"""Recipe of the motion network, `gfla train motion`: tracks as a detector reports them in, the true motion out."""

import torch
from torch import Tensor

from models.pose_refiner import PoseRefiner, RefinerConfig
from models.weights import load_weights
from pipelines.keypoints.refinement import map_track
from pipelines.training.engine.recipe import Validation
from pipelines.training.engine.session import Session
from pipelines.training.engine.supervised import SupervisedTask
from pipelines.training.motion.data import Recipe, Windows, draw_windows
from pipelines.training.motion.losses import motion_losses
from pipelines.training.motion.validation import validate


class MotionTask(SupervisedTask[PoseRefiner, Windows]):
    """Trains the pose refiner; `network` replaces that of the bundled size."""

    name = "motion"
    architecture = "refiner"
    recipe_type = Recipe
    recipe: Recipe
    learning_rate = 1e-3
    betas = (0.9, 0.99)
    weight_decay = 1e-3
    max_gradient_norm = 20.0

    def __init__(self, session: Session, recipe: Recipe, network: PoseRefiner | None = None) -> None:
        super().__init__(session, recipe, network or build_network(session))

    def draw_batch(self) -> Windows:
        length = self.recipe.frames + 2 * self.network.config.margin
        return draw_windows(self.recipe, self.session.config.batch, length, self.session.generator)

    def losses(self, batch: Windows) -> dict[str, Tensor]:
        margin = self.network.config.margin
        points, confidence, truth, inside = (
            each[:, margin:-margin] for each in (batch.points, batch.confidence, batch.truth, batch.inside)
        )
        mapped, free = map_track(points, confidence)
        output = self.predict(batch.points, batch.confidence, mapped, free, batch.rate)
        return motion_losses(self.recipe, output, mapped, free, truth, batch.rate, inside)

    def validate(self, network: PoseRefiner) -> Validation:
        self.session.begin("validate", None, unit="windows")
        return Validation(validate(network, self.recipe, self.device))


def build_network(session: Session) -> PoseRefiner:
    """The network before training: that of `config.init`, else a new one, equal in every process.

    Raises WeightsError: `config.init` holds another architecture, for instance the authors' motion network.
    """
    config = session.config
    torch.manual_seed(config.seed)
    network = load_weights(config.init, expect="refiner") if config.init else PoseRefiner(config=RefinerConfig())
    assert isinstance(network, PoseRefiner)
    return network
