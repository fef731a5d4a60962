"""From where a person's hands, feet, pelvis and gaze are to joint rotations, by closed-form two-bone kinematics.

Actions say where hands and feet go, which is how people move: feet stay planted, hands reach hips, head or each other.
Both sides share one mirrored system: x away from the body, y up, z forward.

Legend: B batch, T frames, side 0 right, side 1 left.
"""

import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.nn.functional import normalize

from pipelines.synthetic.people.skeleton import (
    INDEX,
    LIMITS,
    REST,
    RIG,
    STANDARD_HEIGHT,
    Motion,
    constant,
    mix_rotations,
    rotation_about,
)

_THIGH, _SHIN, _UPPER_ARM, _FOREARM = (part * STANDARD_HEIGHT for part in (0.24, 0.243, 0.175, 0.147))
LEG, ARM = _THIGH + _SHIN, _UPPER_ARM + _FOREARM
_ANKLE, _TOE, _HEEL = 0.065, 0.17, -0.06  # height of the ankle over the sole; z of toe and heel (m)
_HANGING = (0.1, -0.965, 0.05, 0.3, 0.1, 0.0)
_STANDING = (0.02, 0.0, 0.0, 0.0, 0.12)


@dataclass
class Pose:
    """What a person does, before it is solved into rotations.

    heading [B, T] radians about y, 0 facing +z; travel [B, T, 2] x, z of the body in leg lengths; lift [B, T] height of
    a jump in leg lengths; pelvis [B, T, 3] offset from standing in leg lengths, in the heading's frame; hips, spine,
    neck [B, T, 3] flexion, twist, bend in radians; arms [B, T, 2, 6] hand from the shoulder in arm lengths (3), swivel
    of the elbow outwards, flexion and twist of the wrist; legs [B, T, 2, 5] ankle from its place in standing in leg
    lengths (3), heel raise, turn-out.
    """

    heading: Tensor
    travel: Tensor
    lift: Tensor
    pelvis: Tensor
    hips: Tensor
    spine: Tensor
    neck: Tensor
    arms: Tensor
    legs: Tensor

    @staticmethod
    def neutral(batch: int, length: int, device: torch.device | str = "cpu") -> "Pose":
        """Standing still, arms hanging."""

        def zeros(*shape: int) -> Tensor:
            return torch.zeros(batch, length, *shape, device=device)

        heading = zeros()
        arms = zeros(2, 6) + constant(_HANGING, heading.device)
        legs = zeros(2, 5) + constant(_STANDING, heading.device)
        return Pose(heading, zeros(2), zeros(), zeros(3), zeros(3), zeros(3), zeros(3), arms, legs)

    def copy(self) -> "Pose":
        """A pose with tensors of its own."""
        return Pose(*(getattr(self, field.name).clone() for field in fields(self)))

    def where(self, mask: Tensor, other: "Pose") -> "Pose":
        """This pose for the clips of `mask` [B], the other for the rest."""
        pairs = ((getattr(self, field.name), getattr(other, field.name)) for field in fields(self))
        return Pose(*(torch.where(mask.view(-1, *[1] * (a.dim() - 1)), a, b) for a, b in pairs))

    def scaled(self, amplitude: float) -> "Pose":
        """Deviations from standing still times `amplitude`; the heading stays."""
        rest = Pose.neutral(*self.heading.shape, device=self.heading.device)
        pairs = ((getattr(self, field.name), getattr(rest, field.name)) for field in fields(self))
        scaled = Pose(*(b + amplitude * (a - b) for a, b in pairs))
        scaled.heading = self.heading
        return scaled


def solve(pose: Pose) -> Motion:
    """Joint rotations and root of a person with standard proportions in the pose; angles stay within `LIMITS`."""
    pelvis, chest = _euler(pose.hips), _euler(_limit(pose.spine, "spine") / 2)
    neck = _euler(_limit(pose.neck, "neck") / 2)
    heading = rotation_about(1, pose.heading)  # [B, T, 3, 3]
    local: dict[str, Tensor] = {"spine": chest, "chest": chest, "neck": neck, "head": neck}
    ankles, raise_ = _ankles(pose.legs)
    root = _pelvis_position(pose, pelvis, ankles)
    for side, name in enumerate("rl"):
        local |= _solve_arm(pose.arms[:, :, side], name)
        hip = root + _apply(pelvis, _rest(f"{name}_hip", pelvis))
        local |= _solve_leg(ankles[:, :, side] - hip, raise_[:, :, side], pose.legs[:, :, side], pelvis, name)
    local["pelvis"] = heading @ pelvis
    travel = torch.stack([pose.travel[..., 0], pose.lift, pose.travel[..., 1]], -1) * LEG
    return Motion(torch.stack([local[name] for name in RIG], 2), _apply(heading, root) + travel)


def _limit(angles: Tensor, part: str) -> Tensor:
    ranges = [LIMITS[f"{part}_{kind}"] for kind in ("flexion", "twist", "bend")]
    low, high = (constant(bound, angles.device) for bound in zip(*ranges, strict=True))
    return angles.clamp(low, high)


def _euler(angles: Tensor) -> Tensor:
    """Rotation [..., 3, 3] from flexion, twist, bend [..., 3]: bend first, then flexion, then twist."""
    flexion, twist, bend = angles.unbind(-1)
    return rotation_about(1, twist) @ rotation_about(0, flexion) @ rotation_about(2, bend)


def _ankles(legs: Tensor) -> tuple[Tensor, Tensor]:
    """Positions [B, T, 2, 3] of the ankles over the ground in the heading's frame (m), and the heel raise [B, T, 2].

    A raised heel (or toe) lifts the ankle by as much as keeps the sole above the ground.
    """
    raise_ = legs[..., 3].clamp(*LIMITS["ankle_flexion"])
    toe = _TOE * torch.sin(raise_) + _ANKLE * torch.cos(raise_)
    heel = _HEEL * torch.sin(raise_) + _ANKLE * torch.cos(raise_)
    sign = constant((-1.0, 1.0), legs.device)
    hip = _rest("l_hip", legs)[0]
    height = legs[..., 1].clamp(min=0) * LEG + torch.maximum(toe, heel)
    return torch.stack([sign * (legs[..., 0] * LEG + hip), height, legs[..., 2] * LEG], -1), raise_


def _pelvis_position(pose: Pose, pelvis: Tensor, ankles: Tensor) -> Tensor:
    """Root [B, T, 3] in the heading's frame: over the feet that carry it, as high as asked for and both legs reach."""
    height = _ANKLE + 0.99 * LEG - REST[INDEX["l_hip"]][1] * STANDARD_HEIGHT
    standing = constant((0.0, height, 0.0), pelvis.device)
    load = torch.softmax(ankles[..., 1:2] * -12, 2)  # [B, T, 2, 1]
    support = (ankles * load).sum(2) * constant((0.7, 0.0, 0.8), pelvis.device)
    wanted = standing + support + pose.pelvis * LEG
    limits = [wanted[..., 1]]
    for side, name in enumerate("rl"):
        hip = _apply(pelvis, _rest(f"{name}_hip", pelvis))
        level = (ankles[:, :, side] - wanted - hip)[..., [0, 2]].norm(dim=-1)
        limits.append(ankles[:, :, side, 1] + ((0.99 * LEG) ** 2 - level**2).clamp(min=0).sqrt() - hip[..., 1])
    height = -torch.logsumexp(torch.stack(limits) * -60, 0) / 60 + math.log(3) / 60  # soft minimum
    height = torch.minimum(height, torch.stack(limits).amin(0))
    return torch.stack([wanted[..., 0], height, wanted[..., 2]], -1)


def _solve_leg(reach: Tensor, raise_: Tensor, leg: Tensor, pelvis: Tensor, name: str) -> dict[str, Tensor]:
    """Hip, knee and ankle rotations for the ankle at `reach` [B, T, 3] from the hip, in the heading's frame."""
    out = leg[..., 4] * (1 if name == "l" else -1)
    zero = torch.zeros_like(out)
    pole = torch.stack([torch.sin(out), zero + 0.15, torch.cos(out)], -1)
    pole = pole + 0.6 * constant((0.0, 1.0, 0.0), reach.device) * (reach[..., 2:] / LEG).clamp(
        min=0
    )  # a high foot: knee up
    thigh, flexion = two_bones(reach, pole, _THIGH, _SHIN, LIMITS["knee_flexion"][1])
    hip = _limb_frame(thigh, pole)
    shin = hip @ rotation_about(0, flexion)
    flat = rotation_about(1, out) @ rotation_about(0, raise_)
    along = shin @ rotation_about(0, raise_ + 0.3)
    free = ((leg[..., 1] - 0.08) / 0.2).clamp(0, 1)[..., None, None]
    foot = mix_rotations(flat, along, free)
    return {
        f"{name}_hip": pelvis.mT @ hip,
        f"{name}_knee": rotation_about(0, flexion),
        f"{name}_ankle": shin.mT @ foot,
    }


def _solve_arm(arm: Tensor, name: str) -> dict[str, Tensor]:
    """Shoulder, elbow and wrist rotations of the arm pose [B, T, 6], in the chest's frame."""
    sign = 1.0 if name == "l" else -1.0
    mirror = constant((sign, 1.0, 1.0), arm.device)
    shoulder = _rest("l_shoulder", arm)
    hand = _around_shoulder(arm[..., :3]) * ARM
    hand = _keep_out(hand + shoulder) - shoulder
    pole = _elbow_pole(normalize(hand, dim=-1), arm[..., 3])
    upper, flexion = two_bones(hand * mirror, pole * mirror, _UPPER_ARM, _FOREARM, LIMITS["elbow_flexion"][1])
    wrist = rotation_about(1, sign * arm[..., 5]) @ rotation_about(0, -arm[..., 4].clamp(*LIMITS["wrist_flexion"]))
    return {
        f"{name}_shoulder": _limb_frame(upper, -pole * mirror),
        f"{name}_elbow": rotation_about(0, -flexion),
        f"{name}_wrist": wrist,
    }


def _around_shoulder(hand: Tensor) -> Tensor:
    """Bends the way of a hand [..., 3] (from the shoulder, in arm lengths) that would pass through the shoulder, or
    behind it where no arm reaches: around the front and the outside."""
    hand = hand + (0.5 - hand.norm(dim=-1, keepdim=True)).clamp(min=0) * constant((0.5, 0.0, 0.8), hand.device)
    behind = ((0.1 - hand[..., 2:]) / 0.4).clamp(0, 1) * (1 - hand[..., 1:2].abs() / 0.55).clamp(min=0)
    return hand + behind * constant((0.7, 0.0, 0.7), hand.device)


def _keep_out(hand: Tensor) -> Tensor:
    """Moves wrists [..., 3] (left side, chest's frame, m) out of the trunk and the head."""
    below = ((0.14 - hand[..., 1:2]) / 0.08).clamp(0, 1)
    axes, centre = constant((0.225, 1.0, 0.2), hand.device), constant((0.0, 0.0, -0.04), hand.device)
    flat = (hand - centre) * constant((1.0, 0.0, 1.0), hand.device)
    depth = (flat / axes).norm(dim=-1, keepdim=True).clamp(min=0.05)
    hand = hand + flat * (1 / depth - 1).clamp(min=0) * below
    head = hand - constant((0.0, 0.35, 0.04), hand.device)
    return hand + head * (0.15 / head.norm(dim=-1, keepdim=True).clamp(min=0.02) - 1).clamp(min=0)


def _elbow_pole(direction: Tensor, swivel: Tensor) -> Tensor:
    """Where the elbow points [..., 3] for a hand in the unit `direction` [..., 3] (left side), turned out by `swivel`.

    The pole is carried from one pose, a hand in front with the elbow down, by the smallest rotation; its one singular
    direction lies behind the back, where no hand goes.
    """
    ahead = normalize(constant((0.3, -0.2, 0.93), direction.device), dim=0)
    down = normalize(constant((0.0, -0.93, -0.2), direction.device), dim=0)
    cosine = (direction @ ahead)[..., None]
    middle = ahead + direction
    pole = down - middle * ((middle @ down)[..., None] / (1 + cosine).clamp(min=0.05))
    side = torch.linalg.cross(pole, direction)
    return pole * torch.cos(swivel)[..., None] + side * torch.sin(swivel)[..., None]


def two_bones(target: Tensor, pole: Tensor, first: float, second: float, limit: float) -> tuple[Tensor, Tensor]:
    """Direction [..., 3] of the first bone and flexion [...] so that two bones end at `target`, bent towards `pole`.

    Targets out of reach, or nearer than the flexion limit allows, are moved along their direction.
    """
    nearest = math.sqrt(first**2 + second**2 + 2 * first * second * math.cos(limit))
    distance = target.norm(dim=-1).clamp(nearest, 0.999 * (first + second))
    along = normalize(target, dim=-1)
    bend = normalize(pole - along * (pole * along).sum(-1, keepdim=True), dim=-1)
    angle = torch.acos(((first**2 + distance**2 - second**2) / (2 * first * distance)).clamp(-1, 1))
    flexion = torch.acos(((distance**2 - first**2 - second**2) / (2 * first * second)).clamp(-1, 1))
    return along * torch.cos(angle)[..., None] + bend * torch.sin(angle)[..., None], flexion


def _limb_frame(direction: Tensor, front: Tensor) -> Tensor:
    """Frame [..., 3, 3] of a limb along `direction` (its -y axis) with z towards `front`."""
    x = normalize(torch.linalg.cross(-direction, front), dim=-1)
    return torch.stack([x, -direction, torch.linalg.cross(x, -direction)], -1)


def _rest(name: str, like: Tensor) -> Tensor:
    return constant(REST[INDEX[name]], like.device) * STANDARD_HEIGHT


def _apply(rotation: Tensor, vector: Tensor) -> Tensor:
    return (rotation @ vector[..., None])[..., 0]
