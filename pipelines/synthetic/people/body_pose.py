"""From poses of the rig, fingers and eyes to rotations and origins of the body's bones.

In: bones of a rest body, and a `BodyPose`. Out: where each bone is. `body_model.BodyModel.skin` calls `turn_bones`.

The rest body stands with arms and legs apart and its elbows bent, the rig's rest is upright with arms hanging and palms
to the thighs. Limbs are first turned from one to the other; then they follow the rig's frames. What turns a limb about
its own axis is spread over its two bones, so that skin winds up evenly.

Legend: B people, T frames, J bones, side 0 right, side 1 left.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import normalize

from pipelines.synthetic.people.body_bones import BONE, BONES, FINGERS
from pipelines.synthetic.people.skeleton import INDEX, RIG, RIG_PARENT, SIDES, Frames, Motion
from pipelines.synthetic.rotations import frame_from_axes, mix_rotations, rotate, rotation_about
from pipelines.synthetic.tensors import constant

# The bone at whose origin a joint of the rig is; the pelvis is a little above the middle of the hips.
RIG_BONES = {"spine": "spine_3", "chest": "spine_5", "neck": "neck_1", "head": "head"} | {
    f"{side}_{joint}": f"{side}_{bone}"
    for side, _ in SIDES
    for joint, bone in {
        "hip": "thigh_1", "knee": "shin_1", "ankle": "foot",
        "shoulder": "upper_arm_1", "elbow": "forearm_1", "wrist": "hand",
    }.items()
}  # fmt: skip
_PELVIS_ABOVE_HIPS = 0.15  # in parts of half the distance of the hips

# Bones of the trunk turn as a mixture of two frames of the rig: the first, the second, and the second's share.
_TRUNK = {
    "pelvis": ("pelvis", "pelvis", 0.0), "spine_1": ("pelvis", "spine", 0.2), "spine_2": ("pelvis", "spine", 0.6),
    "spine_3": ("spine", "chest", 0.1), "spine_4": ("spine", "chest", 0.6), "spine_5": ("chest", "chest", 0.0),
    "neck_1": ("chest", "neck", 0.5), "neck_2": ("neck", "neck", 0.0), "neck_3": ("neck", "head", 0.5),
    "head": ("head", "head", 0.0),
    **{f"{side}_buttock": ("pelvis", f"{side}_hip", 0.25) for side, _ in SIDES},
}  # fmt: skip
# How much of a twist between the trunk and a limb its first bone leaves out, and how much of the twist of hand or foot
# against the limb the two lower bones take on.
_UPPER_TWIST, _LOWER_TWIST = 0.6, (0.25, 0.7)
_AMBIGUOUS = 0.6  # of 4, the length of a rotation's part about an axis (as a quaternion, times its real part)
_RAISED = 0.6  # cosine of the angle from straight down at which an arm no longer hangs
_SPREAD = (0.0, -1.0, -1.0, 1.0, 1.0)  # towards the little finger, of fingers that spread by a positive angle


@dataclass
class BodyPose:
    """Poses of B people in T frames."""

    frames: Frames
    """Frames of the rig, from `forward_kinematics` with the body's own proportions."""
    fingers: Tensor
    """[B, T, 2, 5, 4] radians: fingers from the thumb to the little one; spread (away from the middle finger, which
    goes towards the thumb) and flexion of the three joints from base to tip. Of the thumb: opposition, by which it
    turns from the plane of the hand in front of the palm, and flexions. 0: straight, in the plane of the hand."""
    actions: Tensor
    """[B, T, A] facial actions, 0..1, in the order of `BodyModel.actions`."""
    gaze: Tensor
    """[B, T, 2] radians against the head: to the person's left, up."""


def rig_joints(bones: Tensor) -> dict[str, Tensor]:
    """Where the joints of the rig are in rest bodies, [B, 3] each; bones: [B, J, 3]."""
    joints = {joint: bones[:, BONE[bone]] for joint, bone in RIG_BONES.items()}
    middle, half = (joints["l_hip"] + joints["r_hip"]) / 2, (joints["l_hip"] - joints["r_hip"]).norm(dim=-1) / 2
    up = torch.stack([torch.zeros_like(half), _PELVIS_ABOVE_HIPS * half, torch.zeros_like(half)], -1)
    return {"pelvis": middle + up, **joints}


def rig_offsets(bones: Tensor) -> Tensor:
    """Rest offsets [B, 17, 3] of the rig whose joints are those of rest bodies with bones [B, J, 3]."""
    joints = rig_joints(bones)
    offsets = [torch.zeros_like(joints["pelvis"])]
    for parent, name in zip(RIG_PARENT[1:], RIG[1:], strict=True):
        offset = joints[name] - joints[RIG[parent]]
        if name.endswith(("_knee", "_ankle", "_elbow", "_wrist")):  # limbs of the rig hang down
            length = offset.norm(dim=-1)
            offset = torch.stack([torch.zeros_like(length), -length, torch.zeros_like(length)], -1)
        offsets.append(offset)
    return torch.stack(offsets, 1)


def bone_matrices(bones: Tensor, pose: BodyPose) -> Tensor:
    """Affine maps [B, T, J, 3, 4] from the rest body with bones [B, J, 3] to the world, one for each bone."""
    rotation, origin = turn_bones(bones, pose)
    return torch.cat([rotation, (origin - rotate(rotation, bones[:, None]))[..., None]], -1)


def turn_bones(bones: Tensor, pose: BodyPose) -> tuple[Tensor, Tensor]:
    """World rotations [B, T, J, 3, 3] against the rest body, and origins [B, T, J, 3], of its bones [B, J, 3]."""
    turner = _Turner(bones, pose.frames)
    turner.turn_trunk()
    for side, (name, sign) in enumerate(SIDES):
        turner.turn_leg(name)
        turner.turn_arm(name)
        turner.turn_fingers(name, sign, pose.fingers[:, :, side])
        eyes = rotation_about(1, pose.gaze[..., 0]) @ rotation_about(0, -pose.gaze[..., 1])
        turner.place(f"{name}_eye", turner.rotation["head"] @ eyes, "head")
    return (
        torch.stack([turner.rotation[name] for name in BONES], 2),
        torch.stack([turner.origin[name] for name in BONES], 2),
    )


def spread_arms(motion: Motion, angle: Tensor) -> Motion:
    """The motion with hanging arms at least `angle` [B] radians away from straight down, so that they clear the hips.

    Raised arms stay where they are. `BodyModel.find_arm_angle` knows the angle.
    """
    rotations = motion.rotations.clone()
    for side, sign in SIDES:
        arm = rotations[:, :, INDEX[f"{side}_shoulder"]]
        away, down = -sign * arm[..., 0, 1], arm[..., 1, 1]  # of the direction in which the upper arm points
        hanging = ((down - _RAISED) / (1 - _RAISED)).clamp(0, 1)
        lift = (angle[:, None] - torch.atan2(away, down)).clamp(min=0) * hanging
        rotations[:, :, INDEX[f"{side}_shoulder"]] = rotation_about(2, sign * lift) @ arm
    return replace(motion, rotations=rotations)


class _Turner:
    """Rotations and origins of bones as they become known."""

    def __init__(self, bones: Tensor, frames: Frames) -> None:
        self._rest = {name: bones[:, None, index] for name, index in BONE.items()}  # [B, 1, 3]
        self._joints = {name: joint[:, None] for name, joint in rig_joints(bones).items()}
        self._frames = frames
        self.rotation: dict[str, Tensor] = {}
        self.origin: dict[str, Tensor] = {}

    def place(self, name: str, rotation: Tensor, parent: str, base: Tensor | None = None) -> None:
        """Sets a bone's rotation [B, T, 3, 3]; its origin follows its parent, or `base` [B, T, 3, 3] in its place."""
        base = self.rotation[parent] if base is None else base
        self.rotation[name] = rotation
        self.origin[name] = self.origin[parent] + rotate(base, self._rest[name] - self._rest[parent])

    def turn_trunk(self) -> None:
        for name, (first, second, share) in _TRUNK.items():
            self.rotation[name] = mix_rotations(self._frame(first), self._frame(second), share)
            near, far = (self._carried(joint, name) for joint in (first, second))
            self.origin[name] = torch.lerp(near, far, share)

    def turn_leg(self, side: str) -> None:
        """Thigh, shin and foot; knees bend forwards, as they do in the rest body."""
        hip, knee, ankle = (f"{side}_{joint}" for joint in ("hip", "knee", "ankle"))
        thigh, shin = (
            self._direction(f"{side}_thigh_1", f"{side}_shin_1"),
            self._direction(f"{side}_shin_1", f"{side}_foot"),
        )
        ahead = constant((0.0, 0.0, 1.0), thigh.device).expand_as(thigh)
        upper = self._frame(hip) @ _limb_axes(thigh, ahead).mT
        lower = self._frame(knee) @ _limb_axes(shin, ahead).mT
        foot = self._frame(ankle)
        self._turn_upper(side, ("thigh_1", "thigh_2"), upper, self.rotation["pelvis"], thigh, hip)
        self._turn_lower(side, ("shin_1", "shin_2", "foot"), lower, foot, shin, (knee, ankle))
        self.place(f"{side}_toes", foot, f"{side}_foot")

    def turn_arm(self, side: str) -> None:
        """Clavicle, upper arm, forearm and hand. The rest body's bent elbow tells the axis about which it bends."""
        shoulder, elbow, wrist = (f"{side}_{joint}" for joint in ("shoulder", "elbow", "wrist"))
        upper, lower = (
            self._direction(f"{side}_upper_arm_1", f"{side}_forearm_1"),
            self._direction(f"{side}_forearm_1", f"{side}_hand"),
        )
        axes = _limb_axes(upper, lower)
        hinge = axes[..., 0]
        self._turn_clavicle(side, shoulder)
        arm = self._frame(shoulder) @ axes.mT
        forearm = self._frame(elbow) @ torch.stack([hinge, -lower, torch.linalg.cross(hinge, -lower)], -1).mT
        hand = self._frame(wrist) @ self._hand_axes(side).mT
        self._turn_upper(side, ("upper_arm_1", "upper_arm_2"), arm, self.rotation[f"{side}_clavicle"], upper, shoulder)
        self._turn_lower(side, ("forearm_1", "forearm_2", "hand"), forearm, hand, lower, (elbow, wrist))

    def turn_fingers(self, side: str, sign: float, angles: Tensor) -> None:
        """Fingers and thumb of one hand by `angles` [B, T, 5, 4] of `BodyPose.fingers`."""
        axes = self._hand_axes(side)
        hand = self._frame(f"{side}_wrist")
        for index, finger in enumerate(FINGERS):
            spread, flexion = angles[:, :, index, 0], angles[:, :, index, 1:].cumsum(-1)
            names = [f"{side}_{finger}_{joint}" for joint in (1, 2, 3, 4)]
            along = [rotate(axes.mT, self._direction(*pair)) for pair in pairwise(names)]
            straight = normalize(along[0] * constant((0.0, 1.0, 1.0), hand.device), dim=-1)
            slant = torch.atan2(-straight[..., 2], -straight[..., 1])
            parent = f"{side}_hand"
            for joint, name in enumerate(names[:3]):
                bend = flexion[..., joint]
                if finger == "thumb":
                    half = rotation_about(1, -sign * spread / 2)
                    turn = rotation_about(0, flexion[..., 0]) @ half @ rotation_about(0, bend - flexion[..., 0]) @ half
                else:
                    turn = rotation_about(0, slant + _SPREAD[index] * spread) @ rotation_about(2, -sign * bend)
                    turn = turn @ rotation_about(0, -slant)
                self.place(name, hand @ turn @ _rotation_between(along[joint], straight) @ axes.mT, parent)
                parent = name
            self.place(names[3], self.rotation[parent], parent)

    def _frame(self, joint: str) -> Tensor:
        return self._frames.rotation[:, :, INDEX[joint]]

    def _carried(self, joint: str, bone: str) -> Tensor:
        """The origin [B, T, 3] of a bone, fixed to a frame of the rig."""
        return self._frames.point(joint, self._rest[bone] - self._joints[joint])

    def _direction(self, start: str, end: str) -> Tensor:
        """Unit vector [B, 1, 3] from one bone to another in the rest body."""
        return normalize(self._rest[end] - self._rest[start], dim=-1)

    def _hand_axes(self, side: str) -> Tensor:
        """Axes [B, 1, 3, 3] of a hand in the rest body: y from the fingers to the wrist, z towards the thumb."""
        return _limb_axes(
            self._direction(f"{side}_hand", f"{side}_middle_1"), self._direction(f"{side}_little_1", f"{side}_index_1")
        )

    def _turn_clavicle(self, side: str, shoulder: str) -> None:
        """Clavicle and shoulder blade point to where the rig has lifted the shoulder."""
        name, chest = f"{side}_clavicle", self._frame("chest")
        self.origin[name] = self._carried("chest", name)
        target = self._frames.origin[:, :, INDEX[shoulder]] - self.origin[name]
        now = normalize(rotate(chest.mT, target), dim=-1)
        before = self._direction(name, f"{side}_upper_arm_1")
        self.rotation[name] = chest @ _rotation_between(before, now)
        self.place(f"{side}_scapula", self.rotation[name], name)

    def _turn_upper(
        self, side: str, names: tuple[str, str], rotation: Tensor, trunk: Tensor, axis: Tensor, joint: str
    ) -> None:
        """The two bones of upper arm or thigh; the first leaves out a part of the twist against the trunk."""
        first, second = (f"{side}_{name}" for name in names)
        twist = _twist(trunk.mT @ rotation, axis)
        self.origin[first] = self._frames.origin[:, :, INDEX[joint]]
        self.rotation[first] = rotation @ _rotation_around(axis, -_UPPER_TWIST * twist)
        self.place(second, rotation, first, rotation)

    def _turn_lower(
        self,
        side: str,
        names: tuple[str, str, str],
        rotation: Tensor,
        end: Tensor,
        axis: Tensor,
        joints: tuple[str, str],
    ) -> None:
        """The two bones of forearm or shin and the hand or foot at their end, whose twist they take on bit by bit."""
        first, second, last = (f"{side}_{name}" for name in names)
        twist = _twist(rotation.mT @ end, axis)
        self.origin[first], self.origin[last] = (self._frames.origin[:, :, INDEX[joint]] for joint in joints)
        self.rotation[last] = end
        self.rotation[first] = rotation @ _rotation_around(axis, _LOWER_TWIST[0] * twist)
        self.place(second, rotation @ _rotation_around(axis, _LOWER_TWIST[1] * twist), first, rotation)


def _limb_axes(direction: Tensor, front: Tensor) -> Tensor:
    """Axes [..., 3, 3] of a limb along `direction` [..., 3] (its -y axis) with z towards `front` [..., 3]."""
    return frame_from_axes(-direction, front)


def _rotation_between(start: Tensor, end: Tensor) -> Tensor:
    """The smallest rotation [..., 3, 3] that turns the unit vector `start` [..., 3] to `end`; not for opposite ones."""
    cross, cosine = torch.linalg.cross(*torch.broadcast_tensors(start, end)), (start * end).sum(-1)[..., None, None]
    skew = _cross_matrix(cross)
    return torch.eye(3, device=start.device) + skew + skew @ skew / (1 + cosine)


def _rotation_around(axis: Tensor, angle: Tensor) -> Tensor:
    """Rotation [..., 3, 3] about the unit vector `axis` [..., 3] by `angle` [...] radians."""
    skew, angle = _cross_matrix(axis), angle[..., None, None]
    return torch.eye(3, device=axis.device) + torch.sin(angle) * skew + (1 - torch.cos(angle)) * (skew @ skew)


def _twist(rotation: Tensor, axis: Tensor) -> Tensor:
    """Angle [...] in radians by which a rotation [..., 3, 3] turns about the unit vector `axis` [..., 3] before it
    swings it elsewhere. It fades to zero where half a turn makes it ambiguous, so that skin never snaps over."""
    skew = (rotation - rotation.mT)[..., [2, 0, 1], [1, 2, 0]]
    sine, cosine = (skew * axis).sum(-1), 1 + rotation.diagonal(dim1=-2, dim2=-1).sum(-1)
    return 2 * torch.atan2(sine, cosine) * (torch.hypot(sine, cosine) / _AMBIGUOUS).clamp(max=1)


def _cross_matrix(vector: Tensor) -> Tensor:
    """The matrices [..., 3, 3] that multiply by the vectors [..., 3] from the left as a cross product."""
    x, y, z = vector.unbind(-1)
    zero = torch.zeros_like(x)
    return torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).unflatten(-1, (3, 3))
