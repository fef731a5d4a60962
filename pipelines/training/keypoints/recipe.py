"""Recipe of the keypoint network on rendered people.

B batch, K = 17 COCO joints, H = W = 256 crop, h = w = 64 heat maps.
"""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from models.fold import channels_last
from models.keypoints import STRIDE, KeypointConfig, KeypointNetwork
from models.weights import load_weights, save_weights
from pipelines.keypoints.detectors.decoding import decode_pairs
from pipelines.keypoints.layouts import COCO17_FLIP
from pipelines.training.engine.session import Processes, Progress, Session, TrainConfig
from pipelines.training.engine.supervised import DirectTrainer
from pipelines.training.keypoints.data import CropConfig, followed
from pipelines.training.keypoints.metrics import measure
from pipelines.training.keypoints.stream import Crops, sample_crops

LEARNING_RATE = 1.5e-3
VALIDATION_SEED = 7717
JOINT_WEIGHTS = (1.0,) * 5 + (1.0, 1.0, 1.3, 1.3, 1.5, 1.5, 1.0, 1.0, 1.3, 1.3, 1.5, 1.5)


@dataclass(frozen=True)
class Recipe:
    """Data and losses; the defaults trained the shipped keypoint network.

    sigma: of the heat maps, in cells; peak: extra weight of cells at the joint; place: weight of the classification of
    the joint's cell; side: weight of the choice between a joint and its partner; validation: number of held-out crops
    of either kind.
    """

    crops: CropConfig = field(default_factory=CropConfig)
    sigma: float = 1.75
    peak: float = 8.0
    place: float = 0.3
    side: float = 1.0
    validation: int = 512


def heat_maps(keypoints: Tensor, size: int, sigma: float) -> Tensor:
    """Gaussian heat maps [B, K, size, size] in 0..1 of keypoints [B, K, 3] in pixels of the crop; 0 for weight 0."""
    axis = torch.arange(size, device=keypoints.device)
    cell = (keypoints[..., :2] - (STRIDE - 1) / 2) / STRIDE
    across, down = (torch.exp(-0.5 * ((axis - cell[..., i : i + 1]) / sigma).square()) for i in (0, 1))
    return down[..., :, None] * across[..., None, :] * (keypoints[..., 2] > 0)[..., None, None]


def losses(recipe: Recipe, logits: Tensor, keypoints: Tensor) -> dict[str, Tensor]:
    """Heat-map cross entropy, cross entropy of the joint's place among all cells, and of whose joint is at the place.

    The last is asked only where left and right are apart: the network finds both sides long before it tells them.

    logits: [B, K, h, w]; keypoints: [B, K, 3]. A joint outside of the picture has an empty heat map and no place.
    """
    target = heat_maps(keypoints, logits.shape[-1], recipe.sigma)
    inside = keypoints[..., 2] > 0
    weight = torch.where(inside, keypoints[..., 2], 0.5) * keypoints.new_tensor(JOINT_WEIGHTS)
    area = 2 * torch.pi * recipe.sigma**2
    cells = F.binary_cross_entropy_with_logits(logits, target, reduction="none") * (1 + recipe.peak * target)
    heat = cells.sum((-2, -1)) / area
    share = target.flatten(2) / target.flatten(2).sum(-1, keepdim=True).clamp(min=1e-6)
    place = -(share * F.log_softmax(logits.flatten(2), dim=-1)).sum(-1)
    partner = list(COCO17_FLIP)
    lead = (share * (logits - logits[:, partner]).flatten(2)).sum(-1)
    apart = (keypoints - keypoints[:, partner])[..., :2].norm(dim=-1) / (2 * STRIDE * recipe.sigma)
    return {
        "heat": (weight * heat).mean(),
        "place": recipe.place * (weight * inside * place).mean(),
        "side": recipe.side * (weight * inside * apart.clamp(max=1) * F.softplus(-lead)).mean(),
    }


class Trainer(DirectTrainer[KeypointNetwork]):
    """The keypoint network on crops of rendered people."""

    def __init__(self, session: Session, recipe: Recipe) -> None:
        config = session.config
        self.recipe = recipe
        torch.manual_seed(config.seed)
        start = load_weights(config.init, expect="keypoints") if config.init else None
        network = KeypointNetwork(config=start.config if start else KeypointConfig())  # pyright: ignore[reportArgumentType]
        if start:
            network.load_state_dict(start.state_dict())
        if config.compile:
            network.compile()
        self.crops = Crops(recipe.crops, config.batch, session.generator)
        super().__init__(session, channels_last(network), rate=LEARNING_RATE)

    def parts(self) -> dict[str, Any]:
        return super().parts() | {"crops": self.crops}

    def iterate(self) -> dict[str, Tensor]:
        """One update on a fresh batch."""
        with torch.no_grad():
            images, keypoints = self.crops.next()
        return self.learn(partial(self._losses, images, keypoints))

    def _losses(self, images: Tensor, keypoints: Tensor) -> dict[str, Tensor]:
        with self.half_precision():
            logits = self.predict(images.contiguous(memory_format=torch.channels_last))
        return losses(self.recipe, logits.float(), keypoints)


@dataclass
class HeldOut:
    """Crops that training never draws: images [N, 3, H, W], keypoints [N, K, 3]."""

    images: Tensor
    keypoints: Tensor


def held_out(config: CropConfig, number: int, device: torch.device, *, at_once: int = 64) -> HeldOut:
    """`number` crops of another seed than training's."""
    generator = torch.Generator(device).manual_seed(VALIDATION_SEED)
    counts = [min(at_once, number - start) for start in range(0, number, at_once)]
    images, keypoints = zip(*(sample_crops(config, count, generator) for count in counts), strict=True)
    return HeldOut(torch.cat(images), torch.cat(keypoints))


@torch.no_grad()
def validate(network: KeypointNetwork, truth: HeldOut) -> tuple[dict[str, float], Tensor]:
    """Numbers of `pck.measure` and the predictions [N, K, 3], as the extractor reads them."""
    poses = [torch.from_numpy(decode_pairs(network(part))) for part in truth.images.split(64)]
    predicted = torch.cat(poses).to(truth.images.device)
    return {name: float(value) for name, value in measure(predicted, truth.keypoints).items()}, predicted


def run(config: TrainConfig, progress: Progress, recipe: Recipe | None = None) -> Path:
    """Train on rendered people and write `weights.safetensors`, a picture sheet and a log into `config.out`.

    Raises:
        InputError: `config.out` holds another run.
        WeightsError: `config.init` is not a keypoint network, or there is nothing to resume.
    """
    recipe = recipe or Recipe()
    processes = Processes(config.device)
    session = Session(config, processes, progress)
    trainer = Trainer(session, recipe)
    with torch.no_grad():
        trainer.crops.next()
        truth = _truth(recipe, processes.device) if processes.main else {}
    if config.resume:
        session.restore(**trainer.parts())
    session.restart_clock()
    session.play(trainer.iterate, lambda: _publish(trainer, truth), rate=trainer.rate, report_every=50)
    return config.out / "weights.safetensors"


def _truth(recipe: Recipe, device: torch.device) -> dict[str, HeldOut]:
    """Crops as of an extractor that follows a person, and (names with the prefix) as of training."""
    kinds = {"": followed(recipe.crops), "hard_": recipe.crops}
    return {prefix: held_out(config, recipe.validation, device) for prefix, config in kinds.items()}


def _publish(trainer: Trainer, truth: dict[str, HeldOut]) -> None:
    """Validate the averaged weights, draw a sheet, save weights and state."""
    model, session = trainer.averaged(), trainer.session
    results, sheets = {}, []
    for prefix, crops in truth.items():
        numbers, predicted = validate(model, crops)
        results |= {prefix + name: value for name, value in numbers.items()}
        sheets.append(drawn(crops.images[:16], predicted[:16]))
    session.report(results, "validation")
    shown = torch.cat(sheets)
    session.sheet(list(shown.split(min(8, len(shown)))))
    save_weights(
        session.out / "weights.safetensors",
        model,
        architecture="keypoints",
        licence="Apache-2.0",
        command=f"gfla train keypoints --data synthetic --batch {session.config.batch} --seed {session.config.seed}",
        extra={"step": session.step, "seconds": round(session.elapsed), **results},
    )
    session.save(**trainer.parts())


def drawn(images: Tensor, keypoints: Tensor) -> Tensor:
    """Pictures [N, 3, H, W] with dots at the keypoints [N, K, 3] that are surer than 0.2: left red, right blue."""
    size = images.shape[-1]
    axis = torch.arange(size, device=images.device)
    result = images.clone()
    for joint in range(keypoints.shape[1]):
        colour = (1, 1, -1) if joint == 0 else ((1, -1, -1) if joint % 2 else (-1, -0.2, 1))
        x, y, sure = keypoints[:, joint].unbind(-1)
        near = (axis - x[:, None]).square()[:, None, :] + (axis - y[:, None]).square()[:, :, None] < (size / 90) ** 2
        dot = (near & (sure > 0.2)[:, None, None])[:, None]
        result = torch.where(dot, result.new_tensor(colour).view(1, 3, 1, 1), result)
    return result
