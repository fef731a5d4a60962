"""The rig of rendered people: proportions, forward kinematics, and the joints that pose detectors name.

In: a `Motion` of `motion`, and sizes of people. Out: `Proportions` and `Frames`, which all of this room builds on.

World: metres, y up, +z towards the camera. At rest every frame is the identity, the person faces +z with the arms
hanging down, so limbs point along -y and the person's own right side is -x. Elbows bend by a negative rotation about x,
knees by a positive one.

Legend: B batch, T frames of the clip, J = 17 rig joints, F = 18 frames (the joints' frames and that of hanging hair).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from pipelines.synthetic.rotations import frame_from_axes, rotate
from pipelines.synthetic.tensors import constant

RIG = (
    "pelvis", "spine", "chest", "neck", "head",
    "r_hip", "r_knee", "r_ankle", "l_hip", "l_knee", "l_ankle",
    "r_shoulder", "r_elbow", "r_wrist", "l_shoulder", "l_elbow", "l_wrist",
)  # fmt: skip
SIDES = (("r", -1.0), ("l", 1.0))  # prefix of the joint names and sign of x
RIG_PARENT = (-1, 0, 1, 2, 3, 0, 5, 6, 0, 8, 9, 2, 11, 12, 2, 14, 15)
FRAMES = (*RIG, "hair")
INDEX = {name: index for index, name in enumerate(FRAMES)}
_TRUNK, _HEAD = [INDEX[name] for name in ("spine", "chest", "neck")], INDEX["head"]

STANDARD_HEIGHT = 1.72  # m
CHIN, CROWN = -0.27, 0.73  # y in the head's frame, in head heights

# Ranges of the joint angles in radians, (lowest, highest). Flexion is forward for spine, neck and hip.
LIMITS = {
    "spine_flexion": (-0.5, 1.3), "spine_bend": (-0.6, 0.6), "spine_twist": (-0.8, 0.8),
    "neck_flexion": (-0.8, 0.8), "neck_bend": (-0.6, 0.6), "neck_twist": (-1.2, 1.2),
    "elbow_flexion": (0.0, 2.6), "wrist_flexion": (-1.2, 1.2), "knee_flexion": (0.0, 2.5), "ankle_flexion": (-0.9, 0.9),
}  # fmt: skip

# Rest offsets from the parent joint in body heights (Drillis and Contini's segment lengths; joint centres, not skin).
_OFFSETS = {
    "spine": (0.0, 0.075, -0.012), "chest": (0.0, 0.12, -0.006), "neck": (0.0, 0.107, -0.004),
    "head": (0.0, 0.068, 0.014),
    "r_hip": (-0.052, -0.008, 0.0), "r_knee": (0.0, -0.24, 0.0), "r_ankle": (0.0, -0.243, 0.0),
    "l_hip": (0.052, -0.008, 0.0), "l_knee": (0.0, -0.24, 0.0), "l_ankle": (0.0, -0.243, 0.0),
    "r_shoulder": (-0.103, 0.078, 0.0), "r_elbow": (0.0, -0.175, 0.0), "r_wrist": (0.0, -0.147, 0.0),
    "l_shoulder": (0.103, 0.078, 0.0), "l_elbow": (0.0, -0.175, 0.0), "l_wrist": (0.0, -0.147, 0.0),
}  # fmt: skip
REST = tuple(_OFFSETS.get(name, (0.0, 0.0, 0.0)) for name in RIG)
_STANDARD_LEGS = 0.483 * STANDARD_HEIGHT  # thigh and shin of a standard adult, m
# Nose, left eye, right eye, left ear, right ear in the head's frame, in head heights.
_FACE_POINTS = ((0.0, 0.1, 0.51), (0.145, 0.24, 0.4), (-0.145, 0.24, 0.4), (0.34, 0.15, 0.0), (-0.34, 0.15, 0.0))


@dataclass
class Proportions:
    """Sizes of B people, all in metres."""

    offsets: Tensor
    """[B, 17, 3] rest offset of each joint in its parent's frame, zero for the pelvis."""
    head: Tensor
    """[B] height of the head from chin to crown."""
    face: Tensor
    """[B, 5, 3] nose, left eye, right eye, left ear, right ear in the head's frame."""
    foot: Tensor
    """[B] length of a foot."""
    hand: Tensor
    """[B] length of a hand."""

    @property
    def height(self) -> Tensor:
        """Standing height without shoes, [B] in metres: crown to sole, the ankle a quarter of a foot's length up."""
        trunk = self.offsets[:, [*_TRUNK, _HEAD], 1].sum(1) + CROWN * self.head
        return trunk + self.legs - self.offsets[:, INDEX["r_hip"], 1] + self.foot / 4

    @property
    def legs(self) -> Tensor:
        """Length of thigh and shin, [B] in metres."""
        return -self.offsets[:, [INDEX["r_knee"], INDEX["r_ankle"]], 1].sum(1)


@dataclass
class Motion:
    """How a person of any proportions moves; the ground is y = 0."""

    rotations: Tensor
    """[B, T, 17, 3, 3] rotation of each joint in its parent's frame."""
    root: Tensor
    """[B, T, 3] position of the pelvis (m) of a person with the legs of `standard_proportions`; `forward_kinematics`
    scales it by the leg length."""


@dataclass
class Frames:
    """World frames of the rig, in the order of `FRAMES`."""

    rotation: Tensor
    """[B, T, 18, 3, 3]; the columns are the axes of the frame."""
    origin: Tensor
    """[B, T, 18, 3] in metres."""

    def point(self, name: str, local: Tensor) -> Tensor:
        """World position [B, T, 3] of the point `local` (m) of the frame `name`; `local` broadcasts with [B, T, 3]."""
        index = INDEX[name]
        return self.origin[:, :, index] + rotate(self.rotation[:, :, index], local)


def standard_proportions(batch: int, device: torch.device | str = "cpu") -> Proportions:
    """`batch` equal adults of `STANDARD_HEIGHT` with average proportions."""
    height = torch.full((batch,), STANDARD_HEIGHT, device=device)
    head = 0.13 * height
    offsets = constant(REST, height.device) * height[:, None, None]
    face = constant(_FACE_POINTS, height.device) * head[:, None, None]
    arm = -offsets[:, [INDEX["r_elbow"], INDEX["r_wrist"]], 1].sum(1)
    return Proportions(offsets, head, face, foot=0.152 * height, hand=0.33 * arm)


def forward_kinematics(proportions: Proportions, motion: Motion) -> Frames:
    """World frames of the rig's joints and of hanging hair.

    A raised arm lifts its shoulder joint, as the shoulder blade does, by an amount that follows from the elevation of
    the upper arm.
    """
    rotations: list[Tensor] = []
    origins: list[Tensor] = []
    offsets = proportions.offsets[:, None]  # [B, 1, J, 3]
    for joint, parent in enumerate(RIG_PARENT):
        local = motion.rotations[:, :, joint]
        if parent < 0:
            rotations.append(local)
            origins.append(motion.root * (proportions.legs / _STANDARD_LEGS)[:, None, None])
            continue
        offset = offsets[:, :, joint].expand(*local.shape[:2], 3)
        if RIG[joint] in ("r_shoulder", "l_shoulder"):
            offset = _lift_shoulder(offset, local)
        rotations.append(rotations[parent] @ local)
        origins.append(origins[parent] + rotate(rotations[parent], offset))
    rotations.append(_hang_hair(rotations[INDEX["head"]], rotations[INDEX["chest"]]))
    origins.append(origins[INDEX["head"]])
    return Frames(torch.stack(rotations, 2), torch.stack(origins, 2))


def _lift_shoulder(offset: Tensor, upper_arm: Tensor) -> Tensor:
    """The shoulder's rest offset [B, T, 3], moved up and in as the rotation `upper_arm` [B, T, 3, 3] raises the arm."""
    height = -upper_arm[..., 1, 1]  # -1 hanging .. 1 straight up
    raise_angle = 0.5 * ((height + 0.6) / 1.6).clamp(min=0)
    forward = 0.12 * -upper_arm[..., 2, 1]
    width = offset[..., 0]
    return torch.stack(
        [
            width * torch.cos(raise_angle) * (1 - 0.3 * forward.abs()),
            offset[..., 1] + width.abs() * torch.sin(raise_angle),
            offset[..., 2] + width.abs() * forward,
        ],
        -1,
    )


def _hang_hair(head: Tensor, chest: Tensor) -> Tensor:
    """Rotation [B, T, 3, 3] of hair that hangs from a head on a chest with such rotations: partly with the head, partly
    straight down."""
    up = constant((0.0, 1.0, 0.0), head.device)
    hanging = 0.5 * head[..., :, 1] + 0.3 * up + 0.2 * chest[..., :, 1]
    return frame_from_axes(hanging, head[..., :, 2])


def coco17(frames: Frames, proportions: Proportions) -> Tensor:
    """COCO-17 joints [B, T, 17, 3] in world metres (official format, section 9.3)."""
    face = [frames.point("head", proportions.face[:, None, index]) for index in range(5)]
    names = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    body = [frames.origin[:, :, INDEX[f"{side}_{name}"]] for name in names for side in ("l", "r")]
    return torch.stack(face + body, 2)


def human36m17(frames: Frames, proportions: Proportions) -> Tensor:
    """Human3.6M-17 joints [B, T, 17, 3] in world metres (official format, section 9.3).

    "Spine" is the middle of the trunk, "thorax" the base of the neck, "neck" (or nose) a point inside the head at the
    height of the nose, "head" the crown.
    """
    origin = frames.origin
    head = proportions.head[:, None, None] * constant((0.0, 1.0, 0.0), origin.device)  # [B, 1, 3]
    nose = proportions.face[:, None, 0] * constant((1.0, 1.0, 0.5), origin.device)
    legs = [origin[:, :, INDEX[f"{side}_{name}"]] for side in ("r", "l") for name in ("hip", "knee", "ankle")]
    arms = [origin[:, :, INDEX[f"{side}_{name}"]] for side in ("l", "r") for name in ("shoulder", "elbow", "wrist")]
    trunk = [
        frames.point("spine", 0.65 * proportions.offsets[:, None, INDEX["chest"]]),
        origin[:, :, INDEX["neck"]],
        frames.point("head", nose),
        frames.point("head", CROWN * head),
    ]
    centre = (legs[0] + legs[3]) / 2
    return torch.stack([centre, *legs, *trunk, *arms], 2)
