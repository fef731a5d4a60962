"""Recipe of the motion network: tracks as a detector reports them in, the true motion of a procedural person out.

The tracks are made as `pipelines.keypoints.cleaning` makes them in use: coordinates of a square canvas around the
person, windows with context whose frames repeat the first or last one beyond the ends of a clip (official format,
section 9.4).

Legend: B windows, T frames of a window with its context, K = 17 joints. A canvas reaches from -1 to 1.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from models.motion import MotionConfig, MotionNetwork
from models.weights import load_weights, save_weights
from pipelines.keypoints.cleaning import map_joints
from pipelines.keypoints.layouts import H36M17_NAMES
from pipelines.synthetic.motion.motion import sample_motion_at
from pipelines.synthetic.people.skeleton import coco17, forward_kinematics, human36m17, sample_proportions
from pipelines.synthetic.rotations import rotation_about
from pipelines.training.engine import session as common
from pipelines.training.engine.session import Processes, Progress, Session
from pipelines.training.engine.supervised import DirectTrainer
from pipelines.training.motion.detector_noise import DetectorErrors, detect

LEARNING_RATE = 1e-3
PIXELS = 128.0  # of a canvas 256 px wide, per unit
SLOWEST, FASTEST = 12.0, 60.0  # frames per second


@dataclass(frozen=True)
class TrainConfig(common.TrainConfig):
    """Windows are small: many fit into a batch."""

    steps: int = 3000
    batch: int = 256


@dataclass(frozen=True)
class Recipe:
    """Shape of the data and weights of the losses; the defaults trained the shipped network."""

    frames: tuple[int, ...] = (24, 24, 24, 64)  # of the windows without context, taken in turn
    errors: DetectorErrors = field(default_factory=DetectorErrors)
    square: float = 0.2
    velocity: float = 0.5
    dropout: float = 0.0  # every window is new: nothing to memorise
    validation_windows: int = 512


@dataclass
class Sample:
    """track [B, 34, T] the network's input; truth [B, 34, T] what it should say, context included;
    points [B, T, 17, 2] and found [B, T, 17] the detections behind the track."""

    track: Tensor
    truth: Tensor
    points: Tensor
    found: Tensor


def sample(recipe: Recipe, batch: int, length: int, generator: torch.Generator) -> Sample:
    """Windows of `length` frames, context included, each with a person, motion, camera and detector of its own."""
    coco, human = _filmed(batch, length, generator)
    middle, half = _canvas(coco[..., :2], generator)
    scale = torch.stack([1 / half, 1 / half, 1 / half], -1)  # [B, 1, 1, 3]
    coco = (coco - F.pad(middle, (0, 1))) * scale
    human = (human[..., :2] - middle) * scale[..., :2]
    points, found = detect(coco, generator, recipe.errors)
    frames = _clip_ends(batch, length, generator)
    points, found, human = (_take(values, frames) for values in (points, found, human))
    return Sample(encode(points, found, generator), _rows(human), points, found)


def _uniform(low: float, high: float, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(shape, device=generator.device, generator=generator)


def _filmed(batch: int, length: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """COCO-17 and Human3.6M-17 joints [B, T, 17, 3] before a random camera: x right, y down, z near, in metres."""
    pace = SLOWEST * (FASTEST / SLOWEST) ** _uniform(0, 1, (batch, 1), generator)
    time = torch.arange(length, device=generator.device)[None] / pace
    motion = sample_motion_at(time, length / SLOWEST, batch, generator, tilt=0.0)
    people = sample_proportions(batch, generator)
    frames = forward_kinematics(people, motion)
    around = _uniform(-math.pi, math.pi, (batch,), generator) * (_uniform(0, 1, (batch,), generator) < 0.35)
    pitch, roll = _uniform(-0.26, 0.26, (batch,), generator), _uniform(-0.12, 0.12, (batch,), generator)
    camera = rotation_about(2, roll) @ rotation_about(0, pitch) @ rotation_about(1, around)
    distance = 2.5 / _uniform(0.05, 1.0, (batch, 1, 1, 1), generator)
    centre = frames.origin[:, :, :1].mean(1, keepdim=True)  # [B, 1, 1, 3]

    def project(joints: Tensor) -> Tensor:
        seen = (joints - centre) @ camera[:, None].mT
        nearer = distance / (distance - seen[..., 2:]).clamp(min=0.5)
        return torch.cat([seen[..., :1] * nearer, -seen[..., 1:2] * nearer, seen[..., 2:]], -1)

    return project(coco17(frames, people)), project(human36m17(frames, people))


def _canvas(joints: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Middle [B, T, 1, 2] and half side [B, 1, 1] of a square around the person, still or following.

    In use the body's height is three quarters of the side; here it varies around that.
    """
    batch = len(joints)
    low, high = joints.amin(2), joints.amax(2)  # [B, T, 2]
    height = (high - low).amax(-1).quantile(0.95, dim=1)[:, None, None]  # [B, 1, 1]
    usual = 0.75 * torch.exp(0.08 * torch.randn(batch, 1, 1, device=joints.device, generator=generator))
    unusual = _uniform(0.35, 1.05, (batch, 1, 1), generator)
    share = torch.where(_uniform(0, 1, (batch, 1, 1), generator) < 0.7, usual, unusual)
    side = height / share
    start, end = low.amin(1, keepdim=True), high.amax(1, keepdim=True)
    follows = ((end - start).amax(-1, keepdim=True) > side).float()
    path = (low + high) / 2  # [B, T, 2]
    path = F.avg_pool1d(F.pad(path.mT, (20, 20), mode="replicate"), 41, 1).mT
    room = (side - (end - start)).clamp(min=0) / 2 + 0.03 * side
    middle = torch.where(follows > 0, path, (start + end) / 2)
    return (middle + room * _uniform(-1, 1, (batch, 1, 2), generator))[:, :, None], side / 2


def _clip_ends(batch: int, length: int, generator: torch.Generator) -> Tensor:
    """Frame numbers [B, T] of the windows: some begin or end with the clip and repeat its first or last frame."""
    margin = 40

    def ends(chance: float, far: int) -> Tensor:
        some = _uniform(0, 1, (batch, 1), generator) < chance
        return (_uniform(0, far + 0.99, (batch, 1), generator) * some).long()

    first, last = ends(0.3, margin), length - 1 - ends(0.3, margin)
    short = _uniform(0, 1, (batch, 1), generator) < 0.08
    last = torch.where(short, torch.minimum(last, first + ends(1.0, length - 2 * margin)), last)
    time = torch.arange(length, device=generator.device)[None]
    return torch.minimum(torch.maximum(time, first), last)


def _take(values: Tensor, frames: Tensor) -> Tensor:
    """Frames [B, T] of values [B, T, ...]."""
    index = frames.view(*frames.shape, *[1] * (values.dim() - 2)).expand(-1, -1, *values.shape[2:])
    return values.gather(1, index)


def _rows(points: Tensor) -> Tensor:
    """[B, T, K, 2] -> [B, 2K, T], the rows of y first."""
    return points.flip(-1).permute(0, 3, 2, 1).flatten(1, 2)


def _points(rows: Tensor) -> Tensor:
    """[B, 2K, T] -> [B, T, K, 2]."""
    return rows.unflatten(1, (2, -1)).permute(0, 3, 2, 1).flip(-1)


def encode(points: Tensor, found: Tensor, generator: torch.Generator) -> Tensor:
    """The network's input [B, 34, T]: missing joints are -1; in half of the clips frames without anybody are 0."""
    values = torch.where(found[..., None], points, -1.0)
    zero = (_uniform(0, 1, (len(points), 1, 1, 1), generator) < 0.5) & ~found.any(-1)[..., None, None]
    return _rows(torch.where(zero, 0.0, values))


def losses(recipe: Recipe, output: Tensor, truth: Tensor) -> dict[str, Tensor]:
    """Errors of the joints and of their velocities, weighted; output and truth are [B, 34, T] in canvas units."""
    error = _points(output - truth) * PIXELS  # [B, T, 17, 2]
    distance = (error.square().sum(-1) + 0.25).sqrt().mean()
    velocity = (error.diff(dim=1).square().sum(-1) + 0.01).sqrt().mean()
    square = error.square().sum(-1).clamp(max=900).mean()
    return {"distance": distance, "velocity": recipe.velocity * velocity, "square": recipe.square * 0.1 * square}


class Trainer(DirectTrainer[MotionNetwork]):
    """The motion extraction network on windows of rendered motion."""

    def __init__(self, session: Session, recipe: Recipe) -> None:
        config = session.config
        self.recipe = recipe
        torch.manual_seed(config.seed)
        network = load_weights(config.init, expect="motion") if config.init else MotionNetwork(config=MotionConfig())
        assert isinstance(network, MotionNetwork)
        for module in network.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = recipe.dropout
        super().__init__(session, network, rate=LEARNING_RATE, betas=(0.9, 0.999), decay=1e-4, clip=20.0)

    def iterate(self) -> dict[str, Tensor]:
        """One update on a fresh batch of windows."""
        margin = self.network.config.margin
        length = self.recipe.frames[self.session.step % len(self.recipe.frames)] + 2 * margin
        with torch.no_grad():
            batch = sample(self.recipe, self.session.config.batch, length, self.session.generator)
        truth = batch.truth[..., margin:-margin]
        return self.learn(lambda: losses(self.recipe, self.predict(batch.track), truth))


@torch.no_grad()
def validate(network: MotionNetwork, recipe: Recipe, device: torch.device) -> dict[str, float]:
    """Mean joint errors on fixed windows, in pixels of a canvas 256 px wide (the body about 190).

    `error`, `velocity_error` and `<joint>` are the network's, the same names with `naive_` those of the detections
    with gaps filled and mapped to Human3.6M-17 by geometry alone; `far` is the share of joints more than 20 px off.
    """
    margin = network.config.margin
    data = sample(recipe, recipe.validation_windows, 24 + 2 * margin, torch.Generator(device).manual_seed(2008_12606))
    truth = _points(data.truth[..., margin:-margin])
    naive = map_joints(_filled(data.points, data.found).cpu().numpy())
    results = _errors(_points(network(data.track)), truth)
    rivals = _errors(torch.from_numpy(naive).to(truth)[:, margin:-margin], truth)
    return results | {f"naive_{name}": value for name, value in rivals.items()}


def _filled(points: Tensor, found: Tensor) -> Tensor:
    """Points [B, T, 17, 2] with missing ones taken from the last frame, or else the next one, that has them."""
    time = torch.arange(points.shape[1], device=points.device)[None, :, None]
    last = torch.where(found, time, -1).cummax(1).values
    following = torch.where(found, time, points.shape[1] - 1).flip(1).cummin(1).values.flip(1)
    source = torch.where(last < 0, following, last)
    return points.gather(1, source[..., None].expand_as(points))


def _errors(points: Tensor, truth: Tensor) -> dict[str, float]:
    error = (points - truth) * PIXELS
    distance = error.norm(dim=-1)
    values = {
        "error": distance.mean(),
        "median": distance.median(),
        "far": (distance > 20).float().mean(),
        "velocity_error": error.diff(dim=1).norm(dim=-1).mean(),
    }
    values |= {name: distance[..., joint].mean() for joint, name in enumerate(H36M17_NAMES)}
    return {name: float(value) for name, value in values.items()}


def run(config: TrainConfig, progress: Progress, recipe: Recipe | None = None) -> Path:
    """Train on procedural motion and write `weights.safetensors` and a log into `config.out`.

    Raises:
        InputError: `config.out` holds another run.
        WeightsError: `config.init` is not a motion network, or there is nothing to resume.
    """
    recipe = recipe or Recipe()
    processes = Processes(config.device)
    session = Session(config, processes, progress)
    trainer = Trainer(session, recipe)
    if config.resume:
        session.restore(**trainer.parts())
    session.play(trainer.iterate, lambda: _publish(trainer, config), rate=trainer.rate, report_every=50)
    return config.out / "weights.safetensors"


def _publish(trainer: Trainer, config: TrainConfig) -> None:
    """Validate the averaged weights, save weights and state."""
    model, session = trainer.averaged(), trainer.session
    results = validate(model, trainer.recipe, session.processes.device)
    session.report(results, "validation")
    save_weights(
        session.out / "weights.safetensors",
        model,
        architecture="motion",
        licence="Apache-2.0",
        command=f"gfla train motion --data synthetic {config.length} --batch {config.batch} --seed {config.seed}",
        extra={"step": session.step, "seconds": round(session.elapsed), **results},
    )
    session.save(**trainer.parts())
