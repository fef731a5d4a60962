"""Training data of the animation generator: rendered clips with noisy poses, imperfect mattes and true flows.

`draw_clips` makes a batch; the recipe's numbers are in `Recipe`.

Legend: B clips, T frames (reference, previous, targets, further pictures), P pictures (reference and further ones),
H, W image size. RGBA is colour in [-1, 1] times coverage, and coverage in 0 to 1; joints are in pixels.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.generators.animation import State
from models.generators.recurrent import select_items
from pipelines.keypoints.layouts import COCO17_LIMBS, H36M17_LIMBS
from pipelines.synthetic.clips import Clip, ClipConfig, sample_clip
from pipelines.training.animation.details import observe_details
from pipelines.training.animation.layer_recipe import LayerRecipe
from pipelines.training.animation.mattes import cut_out, imitate_generated
from pipelines.training.data.structure_maps import add_details, structure_maps

# The COCO joints whose detection errors a Human3.6M joint inherits.
_H36M_FROM_COCO = (
    (11, 12), (12,), (14,), (16,), (11,), (13,), (15,), (5, 6, 11, 12), (5, 6), (0,), (0,), (5,), (7,), (9,), (6,),
    (8,), (10,),
)  # fmt: skip
OUTSIDE_MISSING = 0.7  # chance that a joint of the reference outside of the picture is missing
MOTION_NETWORK_ERROR = 0.5  # pixels by which the motion network misses a joint that was detected exactly


@dataclass(frozen=True)
class Recipe(LayerRecipe):
    """The numbers of animated people; the defaults trained the shipped generator."""

    fill: tuple[float, float] = (0.75, 1.15)
    """Fraction of the image that the person's motion spans, as a range; above 1 people leave the picture."""
    athletic: float = 0.3
    """Fraction of the motions with sports, low and fast movements of the whole body."""
    truncated: float = 0.33
    """Fraction of the clips without furniture in which the picture cuts the person off between knees and chest."""
    furniture: float = 0.25
    """Fraction of the clips in which furniture or the like hides the person from there on down."""
    floor_shadows: float = 0.85
    """Fraction of the clips in which the person has a shadow at the feet."""
    turntable: float = 0.2
    """Fraction of the motions in which people turn round once."""
    pictures: int = 3
    """P, pictures of a person at most: the reference and further ones. All clips have as many, some the reference more
    than once, which is the same to the generator as once. 1: there are no further ones, which is faster."""
    further: float = 0.5
    """Fraction of the clips with 1 to P - 1 further pictures, each number as often, that are not the reference."""
    still: float = 0.15
    """Fraction of the clips whose first target is the reference's own frame: what did not move should be copied."""
    actions: int = 2
    """Motions that follow each other in a clip."""
    reference_noise: float = 2.0
    """Standard deviation of the reference's joints, in pixels."""
    driving_noise: float = 0.7
    """Standard deviation of the targets' joints, in pixels."""
    missing_joint: float = 0.02
    """Chance that a visible joint of the reference is missing; seven times that for a hidden one."""
    structure_details: bool = True
    """Whether the generator sees hands, feet and the order of limbs."""
    unknown_details: float = 0.4
    """Chance that hands, feet or depths, each for itself, are not known of the targets; half of it of the reference."""
    shadow: float = 5.0
    """Weight of the L1 distance of the shadow."""
    extremities: float = 3.0
    """Additional weight of hands, feet and head in the image losses; the rest of a person has 4."""
    hands: float = 16.0
    """Additional weight of hands whose points are known in the image losses."""


@dataclass
class Truth:
    """What a target frame should be, and where the sources show it."""

    image: Tensor
    """RGBA [B, 4, H, W]."""
    shadow: Tensor
    """[B, 1, H, W], 0 to 1."""
    backdrop: Tensor
    """A colour [B, 3, 1, 1] in [-1, 1] to judge the image on."""
    structure: Tensor
    """Structure map [B, S, H, W], S = 20 or 36 with details."""
    joints: Tensor
    """Joints of the structure map [B, 17, 2], or [B, 69, 2] with points of hands and feet, NaN where not known."""
    flow_previous: Tensor
    """Flow into the previous frame [B, 2, H, W], in pixels."""
    visible_previous: Tensor
    """Where the previous frame shows the target [B, 1, H, W], 0 or 1."""
    flow_pictures: Tensor
    """Flow into the reference and into each further picture [B, P, 2, H, W], in pixels."""
    visible_pictures: Tensor
    """Where each of them shows the target [B, P, 1, H, W], 0 or 1."""

    @property
    def person(self) -> Tensor:
        """Coverage by the person [B, 1, H, W], 0 to 1."""
        return self.image[:, 3:]

    def tensors(self) -> tuple[Tensor, ...]:
        """The fields in order."""
        return tuple(vars(self).values())


@dataclass
class Clips:
    """A training batch: the reference, the state before the first target, the targets in order, and P - 1 further
    pictures of the same people, some of which are the reference itself."""

    reference: State
    previous: State
    targets: list[Truth]
    others: tuple[State, ...] = ()

    def chunks(self, size: int) -> Iterator["Clips"]:
        """The clips in groups of `size`."""
        for start in range(0, len(self.reference.image), size):
            yield select_items(self, slice(start, start + size))


def draw_clips(recipe: Recipe, batch: int, generator: torch.Generator) -> Clips:
    """Render `batch` clips and turn them into the generator's inputs and truths, on the generator's device."""
    config = ClipConfig(
        height=recipe.size, width=recipe.size, length=recipe.clip_length, actions=recipe.actions, fill=recipe.fill,
        shadow=recipe.floor_shadows, wall_shadows=False, athletic=recipe.athletic, truncated=recipe.truncated,
        furniture=recipe.furniture, turntable=recipe.turntable,
    )  # fmt: skip
    times = draw_times(recipe, batch, generator, motions=recipe.actions)
    still = torch.rand(batch, generator=generator, device=times.device) < recipe.still
    times[:, 0] = torch.where(still, times[:, 2], times[:, 0])
    further = draw_further_times(recipe, times[:, :1], generator)
    clip = sample_clip(config, batch=batch, times=torch.cat([times, further], 1), generator=generator)
    reference, driving = _make_reference(recipe, clip, 0, generator), _make_driving(recipe, clip, generator)
    others = [
        _choose_states(time == times[:, 0], reference, _make_reference(recipe, clip, frame, generator))
        for frame, time in enumerate(further.unbind(1), times.shape[1])
    ]
    return assemble_clips(recipe, clip, reference, driving, generator, others)


def assemble_clips(
    recipe: LayerRecipe,
    clip: Clip,
    reference: State,
    driving: list[State],
    generator: torch.Generator,
    others: Sequence[State] = (),
) -> Clips:
    """A training batch of a rendered clip, of its reference, and of what drives the frames after it.

    driving: frames 1, 2 ... of the clip. others: further pictures, the frames of the clip after those.
    """
    batch = len(clip.images)
    starts = torch.rand(batch, generator=generator, device=clip.images.device) < recipe.start_share  # [B]
    generated = State(imitate_generated(clip.rgba[:, 1], generator), driving[0].structure, driving[0].joints)
    previous = _choose_states(starts, reference, generated)
    pictures = 0, *range(1 + len(driving), clip.images.shape[1])
    backdrop = _draw_colours(batch, generator)
    targets = [
        _make_truth(clip, driving[t - 1], backdrop, t, before, starts if before == 1 else None, pictures)
        for before, t in itertools.pairwise(recipe.order_frames())
    ]
    return Clips(reference, previous, targets, tuple(others))


def state_tensors(state: State) -> tuple[Tensor, Tensor, Tensor]:
    """Image [B, 4, H, W], structure [B, S, H, W] and joints [B, J, 2]."""
    assert state.joints is not None
    return state.image, state.structure, state.joints


def draw_times(recipe: LayerRecipe, batch: int, generator: torch.Generator, *, motions: int = 1) -> Tensor:
    """[B, 2 + rollout] frame numbers: any frame as the reference, then frames of one motion, equally far apart.

    motions: number of motions of equal length that follow each other in a clip.
    """
    device = generator.device

    def draw(low: int, high: int) -> Tensor:
        return torch.randint(low, high, (batch, 1), generator=generator, device=device)

    motion = recipe.clip_length // motions
    fastest = max(1, min(recipe.fastest, (motion - 1) // recipe.rollout))
    first = draw(0, motions) * motion + draw(0, motion - fastest * recipe.rollout)
    steps = draw(1, fastest + 1) * torch.arange(recipe.rollout + 1, device=device)
    return torch.cat([draw(0, recipe.clip_length), first + steps], 1)


def draw_further_times(recipe: Recipe, reference: Tensor, generator: torch.Generator) -> Tensor:
    """Frame numbers [B, P - 1] of further pictures: any, or the reference's [B, 1]."""
    device = reference.device
    shares = recipe.further * torch.linspace(1, 0, recipe.pictures, device=device)[:-1]  # of at least 1, 2 ... of them
    given = torch.rand(reference.shape, generator=generator, device=device) < shares
    times = torch.randint(recipe.clip_length, given.shape, generator=generator, device=device)
    return torch.where(given, times, reference)


def _make_truth(
    clip: Clip, driving: State, backdrop: Tensor, t: int, before: int, starts: Tensor | None, pictures: Sequence[int]
) -> Truth:
    """Truth of frame t, made from frame `before`, or from the reference where `starts` [B] is set.

    pictures: frames that are the reference and its further pictures.
    """
    flow, visible, _ = clip.flow(t, before)
    found = [clip.flow(t, frame)[:2] for frame in pictures]
    if starts is not None:
        flow, visible = (_choose(starts, *pair) for pair in zip(found[0], (flow, visible), strict=True))
    image, structure, joints = state_tensors(driving)
    flows, shown = (torch.stack(each, 1) for each in zip(*found, strict=True))
    return Truth(image, clip.shadow[:, t], backdrop, structure, joints, flow, visible, flows, shown)


def _draw_colours(batch: int, generator: torch.Generator) -> Tensor:
    """[B, 3, 1, 1] in [-1, 1], a third of the channels at either end: halos are clearest on pure colours."""
    colours = torch.rand(batch, 3, 1, 1, generator=generator, device=generator.device)
    return (3 * colours - 1.5).clamp(-1, 1)


def _choose(which: Tensor, yes: Tensor, no: Tensor) -> Tensor:
    """`yes` [B, ...] where `which` [B] is set, else `no` [B, ...]."""
    return torch.where(which.view(-1, *[1] * (yes.dim() - 1)), yes, no)


def _choose_states(which: Tensor, yes: State, no: State) -> State:
    """`yes` where `which` [B] is set, else `no`."""
    pairs = zip(state_tensors(yes), state_tensors(no), strict=True)
    return State(*(_choose(which, *pair) for pair in pairs))


def _draw_noise(shape: tuple[int, ...], scale: float, generator: torch.Generator) -> Tensor:
    return scale * torch.randn(shape, generator=generator, device=generator.device)


def _make_reference(recipe: Recipe, clip: Clip, frame: int, generator: torch.Generator) -> State:
    """A frame as a reference in use: cut out imperfectly, with noisy COCO-17 joints of which hidden ones are sometimes
    missing, and the Human3.6M-17 joints that the motion network makes of those."""
    pose = clip.coco[:, frame]  # [B, 17, 2]
    hidden = ~clip.coco_visible[:, frame]  # [B, 17]
    noise = draw_shares(len(pose), generator) * _draw_noise(tuple(pose.shape), recipe.reference_noise, generator)
    noise = noise * (1 + 1.5 * hidden[..., None])
    outside = ((pose < 0) | (pose > recipe.size - 1)).any(-1)
    chance = recipe.missing_joint * (1 + 6 * hidden) + OUTSIDE_MISSING * outside
    present = torch.rand(pose.shape[:2], generator=generator, device=pose.device) > chance
    structure = structure_maps(pose + noise, COCO17_LIMBS, size=recipe.size, present=present)
    inherited = torch.stack([noise[:, list(sources)].mean(1) for sources in _H36M_FROM_COCO], 1)  # [B, 17, 2]
    joints = clip.h36m[:, frame] + inherited + _draw_noise(tuple(inherited.shape), MOTION_NETWORK_ERROR, generator)
    if recipe.structure_details:
        points, depth = observe_details(
            clip, slice(frame, frame + 1), (pose + noise)[:, None], layout="coco17",
            unknown=recipe.unknown_details / 2, retargeted=False, generator=generator,
        )  # fmt: skip
        depth = depth[:, 0].masked_fill(~present, torch.nan)
        structure = add_details(structure, pose + noise, COCO17_LIMBS, points[:, 0], depth)
        joints = torch.cat([joints, points[:, 0]], 1)
    image = cut_out(clip.images[:, frame], clip.rgba[:, frame], recipe.imperfect_mattes, generator)
    return State(image, compact(structure), joints)


def _make_driving(recipe: Recipe, clip: Clip, generator: torch.Generator) -> list[State]:
    """Previous frame and targets, with Human3.6M-17 joints that have a constant error of retargeting and a smaller one
    that changes from frame to frame."""
    driven = slice(1, 2 + recipe.rollout)
    pose = clip.h36m[:, driven]  # [B, 1 + rollout, 17, 2]
    batch, frames, count, _ = pose.shape
    noise = _draw_noise((batch, 1, count, 2), recipe.driving_noise, generator)
    noise = noise + _draw_noise((batch, frames, count, 2), 0.5 * recipe.driving_noise, generator)
    pose = pose + noise * draw_shares(batch, generator)[..., None]
    present = torch.ones(batch, count, dtype=torch.bool, device=pose.device)
    details = None
    if recipe.structure_details:
        details = observe_details(
            clip, driven, pose, layout="h36m17", unknown=recipe.unknown_details, retargeted=True,
            generator=generator,
        )  # fmt: skip
    states = []
    for t, joints in enumerate(pose.unbind(1)):
        structure = structure_maps(joints, H36M17_LIMBS, size=recipe.size, present=present)
        if details is not None:
            points, depth = (each[:, t] for each in details)
            structure = add_details(structure, joints, H36M17_LIMBS, points, depth)
            joints = torch.cat([joints, points], 1)
        states.append(State(clip.rgba[:, t + 1], compact(structure), joints))
    return states


def draw_shares(batch: int, generator: torch.Generator) -> Tensor:
    """[B, 1, 1] uniform in 0 to 1."""
    return torch.rand((batch, 1, 1), generator=generator, device=generator.device)


def compact(maps: Tensor) -> Tensor:
    """Structure maps in half the memory on a GPU: bfloat16 keeps 0 to 1 well enough and integers up to 255 exactly."""
    return maps.bfloat16() if maps.is_cuda else maps
