"""Recipe of the keypoint network, `gfla train keypoints`: joints of rendered people on square crops.

Legend: B batch, K = 17 COCO joints, H = W = 256 crop size.
"""

from dataclasses import replace

import torch
from torch import Tensor

from models.fold import channels_last
from models.keypoints import KeypointConfig, KeypointNetwork
from models.weights import load_weights
from pipelines.training.engine.recipe import Validation
from pipelines.training.engine.session import Session, Stateful
from pipelines.training.engine.supervised import SupervisedTask
from pipelines.training.keypoints.crops import Crops
from pipelines.training.keypoints.data import CropStream, Recipe
from pipelines.training.keypoints.framing import detector_crops
from pipelines.training.keypoints.losses import keypoint_losses, mask_loss
from pipelines.training.keypoints.validation import draw_keypoints, render_held_out, validate

SHEET_CROPS, SHEET_COLUMNS = 16, 8  # crops of each kind


class KeypointTask(SupervisedTask[KeypointNetwork, Crops]):
    """Trains the keypoint network, joints and mask, on batches of crops."""

    name = "keypoints"
    architecture = "keypoints"
    recipe_type = Recipe
    recipe: Recipe
    learning_rate = 1.5e-3

    def __init__(self, session: Session, recipe: Recipe) -> None:
        network = build_network(session)
        self.crops = CropStream(recipe.crops, session.config.batch, session.generator)
        super().__init__(session, recipe, channels_last(network))

    def state(self) -> dict[str, Stateful]:
        return super().state() | {"crops": self.crops}

    def prepare(self) -> None:
        """Held-out crops as of a detector that follows a person, and (names with the prefix) as of training."""
        self.warm_up()
        self.held_out: dict[str, Crops] = {}
        if self.session.processes.is_main:
            kinds = {"": detector_crops(self.recipe.crops), "hard_": self.recipe.crops}
            number, progress = self.recipe.validation, self.session.progress
            self.session.begin("render held-out crops", number * len(kinds), unit="crops")
            for prefix, kind in kinds.items():
                self.held_out[prefix] = render_held_out(kind, number, self.device, progress)

    def draw_batch(self) -> Crops:
        return self.crops.next()

    def losses(self, batch: Crops) -> dict[str, Tensor]:
        with self.autocast():
            joints, mask = self.predict(batch.images.contiguous(memory_format=torch.channels_last), mask=True)
        return {
            **keypoint_losses(self.recipe, joints.float(), batch.keypoints),
            "mask": mask_loss(self.recipe, mask.float(), batch.mask),
        }

    def validate(self, network: KeypointNetwork) -> Validation:
        numbers, drawn = {}, []
        total = sum(len(crops.images) for crops in self.held_out.values())
        self.session.begin("validate", total, unit="crops")
        for prefix, crops in self.held_out.items():
            found, keypoints, masks = validate(network, crops, self.session.progress)
            numbers |= {prefix + name: value for name, value in found.items()}
            shown = slice(SHEET_CROPS)
            drawn.append(draw_keypoints(crops.images[shown], keypoints[shown], masks[shown]))
        sheet = torch.cat(drawn)
        return Validation(numbers, sheet.split(min(SHEET_COLUMNS, len(sheet))))


def build_network(session: Session) -> KeypointNetwork:
    """The network before training: that of `config.init`, else a new one, equal in every process.

    A network without a mask gets a new mask head.
    """
    config = session.config
    torch.manual_seed(config.seed)
    initial = load_weights(config.init, expect="keypoints") if config.init else None
    previous: KeypointConfig = initial.config if initial else KeypointConfig()  # pyright: ignore[reportAssignmentType]
    network = KeypointNetwork(config=replace(previous, mask=True))
    if initial:
        network.load_state_dict(initial.state_dict(), strict=previous.mask)
    if config.compile:
        network.compile()
    return network
