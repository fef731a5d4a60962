"""What the animation generator is trained on: rendered clips with noisy poses and true flows.

B clips, T frames (reference, previous, targets), H, W image size.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from models.generators.animation import State
from pipelines.keypoints.layouts import COCO17_LIMBS, H36M17_LIMBS
from pipelines.synthetic.clips import Clip, ClipConfig, sample_clip
from pipelines.training.data.structure_maps import structure_maps

# Which COCO joints a detector's error in a Human3.6M joint comes from.
_H36M_FROM_COCO = (
    (11, 12), (12,), (14,), (16,), (11,), (13,), (15,), (5, 6, 11, 12), (5, 6), (0,), (0,), (5,), (7,), (9,), (6,),
    (8,), (10,),
)  # fmt: skip
LIFTED = 0.5  # pixels by which the motion network misses a joint that was detected exactly


@dataclass(frozen=True)
class Recipe:
    """Shape of the data and weights of the losses; the defaults trained the shipped generator.

    A batch is rendered at once, which is cheaper, and trained on `chunk` clips at a time. A clip is `clip_length`
    frames of `actions` motions; of it one frame is the reference, and `rollout` targets follow each other, 1 to
    `fastest` frames apart, either from the reference (`start_share`) or from the frame before the first; then the
    motion goes back `returns` frames. Noise is in pixels; each clip has a share of it between 0 and 1. `extremities`
    is what hands, feet and head count more than the rest of a person, `copy` what it costs not to take from the
    reference what it shows.
    """

    size: int = 256
    chunk: int = 48
    fill: tuple[float, float] = (0.7, 0.97)
    clip_length: int = 96
    actions: int = 2
    rollout: int = 6
    returns: int = 4
    fastest: int = 3
    start_share: float = 0.85
    reference_noise: float = 2.0
    driving_noise: float = 0.7
    missing_joint: float = 0.02
    picture: float = 5.0
    gradient: float = 5.0
    generated: float = 1.0
    warped: float = 2.0
    flow: float = 0.5
    fine_flow: float = 0.05
    mask: float = 0.1
    adversarial: float = 0.1
    features: float = 1.5
    extremities: float = 3.0
    copy: float = 0.15
    adversarial_from: float = 0.6
    validation_clips: int = 8


@dataclass
class Truth:
    """What one target frame should be, and where it comes from.

    image [B, 3, H, W]; structure [B, 20, H, W] and its joints [B, 17, 2]; person [B, 1, H, W] coverage; true flow
    [B, 2, H, W] and visibility [B, 1, H, W] into the previous frame and into the reference.
    """

    image: Tensor
    structure: Tensor
    joints: Tensor
    person: Tensor
    flow_previous: Tensor
    visible_previous: Tensor
    flow_reference: Tensor
    visible_reference: Tensor

    def tensors(self) -> tuple[Tensor, ...]:
        return tuple(vars(self).values())

    def __getitem__(self, clips: slice) -> "Truth":
        return Truth(*(tensor[clips] for tensor in self.tensors()))


@dataclass
class Sample:
    """A batch of clips ready for training: the reference, the state before the first target, the targets."""

    reference: State
    previous: State
    targets: list[Truth]

    def chunks(self, size: int) -> Iterator["Sample"]:
        """The clips in groups of `size`."""
        for start in range(0, len(self.reference.image), size):
            clips = slice(start, start + size)
            yield Sample(self.reference[clips], self.previous[clips], [truth[clips] for truth in self.targets])


def sample(recipe: Recipe, batch: int, generator: torch.Generator) -> Sample:
    """Render a batch and turn it into the generator's inputs and truths, on the generator's device."""
    config = ClipConfig(
        height=recipe.size, width=recipe.size, length=recipe.clip_length, actions=recipe.actions, fill=recipe.fill
    )
    clip = sample_clip(config, batch=batch, times=frame_times(recipe, batch, generator), generator=generator)
    reference = _reference(recipe, clip, generator)
    starts = torch.rand(batch, generator=generator, device=clip.images.device) < recipe.start_share
    driving = _driving(recipe, clip, generator)
    worn = State(_worn(clip.images[:, 1], generator), driving[0].structure, driving[0].joints)
    previous = State(*(_choose(starts, a, b) for a, b in zip(tensors(reference), tensors(worn), strict=True)))
    targets = [
        _truth(clip, driving[t - 1], t, before, starts if before == 1 else None)
        for before, t in itertools.pairwise(_visits(recipe))
    ]
    return Sample(reference, previous, targets)


def _visits(recipe: Recipe) -> list[int]:
    """Frames of the clip in the order they are made: all but the reference, then some of them backwards."""
    last = 1 + recipe.rollout
    stop = max(last - 1 - recipe.returns, 1)
    return [*range(1, last + 1), *range(last - 1, stop, -1)]


def tensors(state: State) -> tuple[Tensor, Tensor, Tensor]:
    """Image, structure and joints."""
    assert state.joints is not None
    return state.image, state.structure, state.joints


def frame_times(recipe: Recipe, batch: int, generator: torch.Generator) -> Tensor:
    """[B, 2 + rollout] frame numbers: any reference, then frames of one motion, equally far apart."""
    device = generator.device

    def draw(low: int, high: int) -> Tensor:
        return torch.randint(low, high, (batch, 1), generator=generator, device=device)

    motion = recipe.clip_length // recipe.actions
    fastest = max(1, min(recipe.fastest, (motion - 1) // recipe.rollout))
    first = draw(0, recipe.actions) * motion + draw(0, motion - fastest * recipe.rollout)
    steps = draw(1, fastest + 1) * torch.arange(recipe.rollout + 1, device=device)
    return torch.cat([draw(0, recipe.clip_length), first + steps], 1)


def _truth(clip: Clip, driving: State, t: int, before: int, starts: Tensor | None) -> Truth:
    flow, visible, _ = clip.flow(t, before)
    reference_flow, reference_visible, _ = clip.flow(t, 0)
    if starts is not None:
        flow, visible = _choose(starts, reference_flow, flow), _choose(starts, reference_visible, visible)
    return Truth(*tensors(driving), clip.mask[:, t], flow, visible, reference_flow, reference_visible)


def _choose(which: Tensor, yes: Tensor, no: Tensor) -> Tensor:
    return torch.where(which.view(-1, *[1] * (yes.dim() - 1)), yes, no)


def _jitter(shape: tuple[int, ...], scale: float, generator: torch.Generator) -> Tensor:
    return scale * torch.randn(shape, generator=generator, device=generator.device)


def _reference(recipe: Recipe, clip: Clip, generator: torch.Generator) -> State:
    """The reference as a detector sees it: COCO-17, noisy, hidden joints sometimes missing, and the Human3.6M-17 joints
    that the motion network makes of it."""
    pose = clip.coco[:, 0]
    hidden = ~clip.coco_visible[:, 0]
    noise = _shares(len(pose), generator) * _jitter(tuple(pose.shape), recipe.reference_noise, generator)
    noise = noise * (1 + 1.5 * hidden[..., None])
    chance = recipe.missing_joint * (1 + 6 * hidden)
    present = torch.rand(pose.shape[:2], generator=generator, device=pose.device) > chance
    structure = structure_maps(pose + noise, COCO17_LIMBS, size=recipe.size, present=present)
    carried = torch.stack([noise[:, list(sources)].mean(1) for sources in _H36M_FROM_COCO], 1)
    joints = clip.h36m[:, 0] + carried + _jitter(tuple(carried.shape), LIFTED, generator)
    return State(clip.images[:, 0], _compact(structure), joints)


def _driving(recipe: Recipe, clip: Clip, generator: torch.Generator) -> list[State]:
    """The frames after the reference in Human3.6M-17 with a retargeting error that stays through the clip and a
    small one that changes."""
    pose = clip.h36m[:, 1:]
    batch, frames, joints, _ = pose.shape
    noise = _jitter((batch, 1, joints, 2), recipe.driving_noise, generator)
    noise = noise + _jitter((batch, frames, joints, 2), 0.5 * recipe.driving_noise, generator)
    pose = pose + noise * _shares(batch, generator)[..., None]
    present = torch.ones(batch, joints, dtype=torch.bool, device=pose.device)
    return [
        State(
            clip.images[:, t + 1],
            _compact(structure_maps(points, H36M17_LIMBS, size=recipe.size, present=present)),
            points,
        )
        for t, points in enumerate(pose.unbind(1))
    ]


def _shares(batch: int, generator: torch.Generator) -> Tensor:
    """[B, 1, 1] uniform in 0..1."""
    return torch.rand((batch, 1, 1), generator=generator, device=generator.device)


def _compact(maps: Tensor) -> Tensor:
    """Half the memory on a GPU: the maps hold 0..1 and whole numbers up to 255, which bfloat16 keeps."""
    return maps.bfloat16() if maps.is_cuda else maps


def _worn(image: Tensor, generator: torch.Generator) -> Tensor:
    """A true frame with the noise and softness that the generator's own results have after some frames."""
    noisy = image + 0.03 * torch.randn(image.shape, generator=generator, device=image.device)
    rounds = torch.randint(0, 5, (len(image),), generator=generator, device=image.device)
    for count in range(4):
        softer = F.avg_pool2d(F.pad(noisy, (1, 1, 1, 1), mode="replicate"), 3, 1)
        noisy = _choose(rounds > count, softer, noisy)
    return noisy
