"""From where a person's hands, feet, pelvis and gaze are to joint rotations, by closed-form two-bone kinematics.

In: a `Pose`. Out: a `Motion` for people of any proportions. `motion.solve_sample` calls `solve_pose`.

Poses say where hands and feet are, which is how people move: feet stay planted, hands reach hips, head or each other.

Legend: B batch, T frames of the clip, side 0 right, side 1 left; `name` is "r" or "l". Left sides are solved and right
sides mirrored: x away from the body, y up, z forward; metres of an average adult.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import normalize

from pipelines.synthetic.motion.pose import Pose
from pipelines.synthetic.people.skeleton import INDEX, LIMITS, REST, RIG, STANDARD_HEIGHT, Motion
from pipelines.synthetic.rotations import mix_rotations, rotate, rotation_about
from pipelines.synthetic.tensors import constant


def _bone(joint: str) -> float:
    """Length in metres of the bone that ends at a joint of a standard adult's leg or arm."""
    return -REST[INDEX[joint]][1] * STANDARD_HEIGHT


_THIGH, _SHIN, _UPPER_ARM, _FOREARM = (_bone(joint) for joint in ("l_knee", "l_ankle", "l_elbow", "l_wrist"))
LEG, ARM = _THIGH + _SHIN, _UPPER_ARM + _FOREARM
_ANKLE, _TOE, _HEEL = 0.065, 0.17, -0.06  # height of the ankle above the sole; z of toe and heel, m
_STRETCHED = 0.99 * LEG  # longest distance from hip to ankle


def solve_pose(pose: Pose) -> Motion:
    """Joint rotations and root of people with standard proportions in the pose; angles stay within `LIMITS`."""
    pelvis, chest = _rotation_from_angles(pose.hips), _rotation_from_angles(_limit(pose.spine, "spine") / 2)
    neck = _rotation_from_angles(_limit(pose.neck, "neck") / 2)
    heading = rotation_about(1, pose.heading)  # [B, T, 3, 3]
    local: dict[str, Tensor] = {"spine": chest, "chest": chest, "neck": neck, "head": neck}
    ankles, heel_raise = _place_ankles(pose.legs)
    root = _place_pelvis(pose, pelvis, ankles)
    for side, name in enumerate("rl"):
        local |= _solve_arm(pose.arms[:, :, side], name)
        hip = root + rotate(pelvis, _rest_offset(f"{name}_hip", pelvis))
        reach = ankles[:, :, side] - hip
        local |= _solve_leg(reach, heel_raise[:, :, side], pose.legs[:, :, side], pelvis, name)
    local["pelvis"] = heading @ pelvis
    travel = torch.stack([pose.travel[..., 0], pose.lift, pose.travel[..., 1]], -1) * LEG
    return Motion(torch.stack([local[name] for name in RIG], 2), rotate(heading, root) + travel)


def _limit(angles: Tensor, part: str) -> Tensor:
    """Flexion, twist, bend [..., 3] of `part` ("spine" or "neck") clamped to its limits."""
    ranges = [LIMITS[f"{part}_{kind}"] for kind in ("flexion", "twist", "bend")]
    low, high = (constant(bound, angles.device) for bound in zip(*ranges, strict=True))
    return angles.clamp(low, high)


def _rotation_from_angles(angles: Tensor) -> Tensor:
    """Rotation [..., 3, 3] from flexion, twist, bend [..., 3]: bend first, then flexion, then twist."""
    flexion, twist, bend = angles.unbind(-1)
    return rotation_about(1, twist) @ rotation_about(0, flexion) @ rotation_about(2, bend)


def _place_ankles(legs: Tensor) -> tuple[Tensor, Tensor]:
    """Positions [B, T, 2, 3] of the ankles over the ground in the heading's frame (m), and the heel raise [B, T, 2].

    legs: [B, T, 2, 5] of `Pose`. A raised heel (or toe) lifts the ankle by as much as keeps the sole above the ground.
    """
    heel_raise = legs[..., 3].clamp(*LIMITS["ankle_flexion"])
    toe = _TOE * torch.sin(heel_raise) + _ANKLE * torch.cos(heel_raise)
    heel = _HEEL * torch.sin(heel_raise) + _ANKLE * torch.cos(heel_raise)
    sign = constant((-1.0, 1.0), legs.device)
    hip = _rest_offset("l_hip", legs)[0]
    height = legs[..., 1].clamp(min=0) * LEG + torch.maximum(toe, heel)
    return torch.stack([sign * (legs[..., 0] * LEG + hip), height, legs[..., 2] * LEG], -1), heel_raise


def _place_pelvis(pose: Pose, pelvis: Tensor, ankles: Tensor) -> Tensor:
    """Root [B, T, 3] in the heading's frame: over the feet that carry it, as high as asked for and both legs reach.

    pelvis: [B, T, 3, 3] rotation; ankles: [B, T, 2, 3] metres.
    """
    height = _ANKLE + _STRETCHED - REST[INDEX["l_hip"]][1] * STANDARD_HEIGHT
    standing = constant((0.0, height, 0.0), pelvis.device)
    load = torch.softmax(ankles[..., 1:2] * -12, 2)  # [B, T, 2, 1]
    support = (ankles * load).sum(2) * constant((0.7, 0.0, 0.8), pelvis.device)
    wanted = standing + support + pose.pelvis * LEG
    limits = [wanted[..., 1]]
    for side, name in enumerate("rl"):
        hip = rotate(pelvis, _rest_offset(f"{name}_hip", pelvis))
        level = (ankles[:, :, side] - wanted - hip)[..., [0, 2]].norm(dim=-1)
        limits.append(ankles[:, :, side, 1] + (_STRETCHED**2 - level**2).clamp(min=0).sqrt() - hip[..., 1])
    height = -torch.logsumexp(torch.stack(limits) * -60, 0) / 60 + math.log(3) / 60  # soft minimum
    height = torch.minimum(height, torch.stack(limits).amin(0))
    return torch.stack([wanted[..., 0], height, wanted[..., 2]], -1)


def _solve_leg(reach: Tensor, heel_raise: Tensor, leg: Tensor, pelvis: Tensor, name: str) -> dict[str, Tensor]:
    """Rotations [B, T, 3, 3] of hip, knee and ankle in their parents' frames.

    reach: [B, T, 3] ankle from the hip in the heading's frame (m); heel_raise: [B, T]; leg: [B, T, 5] of `Pose`;
    pelvis: [B, T, 3, 3] rotation.
    """
    out = leg[..., 4] * (1 if name == "l" else -1)
    zero = torch.zeros_like(out)
    pole = torch.stack([torch.sin(out), zero + 0.15, torch.cos(out)], -1)
    ahead = (reach[..., 2:] / LEG).clamp(min=0)
    pole = pole + 0.6 * constant((0.0, 1.0, 0.0), reach.device) * ahead  # the knee of a high foot points up
    thigh, flexion = solve_two_bones(reach, pole, _THIGH, _SHIN, LIMITS["knee_flexion"][1])
    hip = _limb_frame(thigh, _front_of_thigh(thigh, reach, pole))
    shin = hip @ rotation_about(0, flexion)
    flat = rotation_about(1, out) @ rotation_about(0, heel_raise)
    along = shin @ rotation_about(0, heel_raise + 0.3)
    free = ((leg[..., 1] - 0.08) / 0.2).clamp(0, 1)[..., None, None]  # 0 on the ground, 1 in the air
    foot = mix_rotations(flat, along, free)
    return {
        f"{name}_hip": pelvis.mT @ hip,
        f"{name}_knee": rotation_about(0, flexion),
        f"{name}_ankle": shin.mT @ foot,
    }


def _front_of_thigh(thigh: Tensor, reach: Tensor, pole: Tensor) -> Tensor:
    """Where the front of the `thigh` [..., 3] points: to the pole, but away from the foot at `reach` [..., 3] where the
    knee is bent so far that the pole is between the thigh and the foot."""
    foot = reach - thigh * (reach * thigh).sum(-1, keepdim=True)  # across the thigh
    bent = foot.norm(dim=-1, keepdim=True)
    between = (foot * pole).sum(-1, keepdim=True) > -0.05 * bent
    return torch.where(between & (bent > 0.03), -foot, pole)


def _solve_arm(arm: Tensor, name: str) -> dict[str, Tensor]:
    """Rotations [B, T, 3, 3] of shoulder, elbow and wrist in their parents' frames; arm: [B, T, 6] of `Pose`."""
    sign = 1.0 if name == "l" else -1.0
    mirror = constant((sign, 1.0, 1.0), arm.device)
    shoulder = _rest_offset("l_shoulder", arm)
    hand = _bend_around_shoulder(arm[..., :3]) * ARM
    hand = _keep_out_of_body(hand + shoulder) - shoulder
    pole = _elbow_pole(normalize(hand, dim=-1), arm[..., 3])
    upper, flexion = solve_two_bones(hand * mirror, pole * mirror, _UPPER_ARM, _FOREARM, LIMITS["elbow_flexion"][1])
    bend = -arm[..., 4].clamp(*LIMITS["wrist_flexion"])
    wrist = rotation_about(1, sign * arm[..., 5]) @ rotation_about(2, sign * bend)
    return {
        f"{name}_shoulder": _limb_frame(upper, -pole * mirror),
        f"{name}_elbow": rotation_about(0, -flexion),
        f"{name}_wrist": wrist,
    }


def _bend_around_shoulder(hand: Tensor) -> Tensor:
    """Hands [..., 3] (from the shoulder, in arm lengths) moved to the front and outside where they would be inside the
    shoulder, or behind it where no arm reaches."""
    hand = hand + (0.5 - hand.norm(dim=-1, keepdim=True)).clamp(min=0) * constant((0.5, 0.0, 0.8), hand.device)
    behind = ((0.1 - hand[..., 2:]) / 0.4).clamp(0, 1) * (1 - hand[..., 1:2].abs() / 0.55).clamp(min=0)
    return hand + behind * constant((0.7, 0.0, 0.7), hand.device)


def _keep_out_of_body(hand: Tensor) -> Tensor:
    """Moves wrists [..., 3] (left side, chest's frame, m) out of the trunk and the head."""
    below = ((0.14 - hand[..., 1:2]) / 0.08).clamp(0, 1)
    axes, centre = constant((0.225, 1.0, 0.2), hand.device), constant((0.0, 0.0, -0.04), hand.device)
    flat = (hand - centre) * constant((1.0, 0.0, 1.0), hand.device)
    depth = (flat / axes).norm(dim=-1, keepdim=True).clamp(min=0.05)
    hand = hand + flat * (1 / depth - 1).clamp(min=0) * below
    head = hand - constant((0.0, 0.35, 0.04), hand.device)
    return hand + head * (0.15 / head.norm(dim=-1, keepdim=True).clamp(min=0.02) - 1).clamp(min=0)


def _elbow_pole(direction: Tensor, swivel: Tensor) -> Tensor:
    """Where the elbow points [..., 3] for a hand in the unit `direction` [..., 3] (left side), turned outwards by
    `swivel` [...] in radians.

    The pole is carried from one pose, a hand in front with the elbow down, by the smallest rotation; its one singular
    direction is behind the back, where no hand goes.
    """
    ahead = normalize(constant((0.3, -0.2, 0.93), direction.device), dim=0)
    down = normalize(constant((0.0, -0.93, -0.2), direction.device), dim=0)
    cosine = (direction @ ahead)[..., None]
    middle = ahead + direction
    pole = down - middle * ((middle @ down)[..., None] / (1 + cosine).clamp(min=0.05))
    side = -torch.linalg.cross(pole, direction)
    return pole * torch.cos(swivel)[..., None] + side * torch.sin(swivel)[..., None]


def solve_two_bones(target: Tensor, pole: Tensor, first: float, second: float, limit: float) -> tuple[Tensor, Tensor]:
    """Direction [..., 3] of the first bone and flexion [...] so that two bones end at `target` [..., 3], bent towards
    `pole` [..., 3].

    first, second: lengths of the bones, in the unit of `target`; limit: largest flexion in radians. Targets out of
    reach, or nearer than the limit allows, are moved along their direction.
    """
    nearest = math.sqrt(first**2 + second**2 + 2 * first * second * math.cos(limit))
    distance = target.norm(dim=-1).clamp(nearest, 0.999 * (first + second))
    along = normalize(target, dim=-1)
    bend = normalize(pole - along * (pole * along).sum(-1, keepdim=True), dim=-1)
    angle = torch.acos(((first**2 + distance**2 - second**2) / (2 * first * distance)).clamp(-1, 1))
    flexion = torch.acos(((distance**2 - first**2 - second**2) / (2 * first * second)).clamp(-1, 1))
    return along * torch.cos(angle)[..., None] + bend * torch.sin(angle)[..., None], flexion


def _limb_frame(direction: Tensor, front: Tensor) -> Tensor:
    """Frame [..., 3, 3] of a limb along `direction` [..., 3] (its -y axis) with z towards `front` [..., 3]."""
    x = normalize(torch.linalg.cross(-direction, front), dim=-1)
    return torch.stack([x, -direction, torch.linalg.cross(x, -direction)], -1)


def _rest_offset(name: str, like: Tensor) -> Tensor:
    """Offset [3] of a standard adult's joint from its parent in metres, on the device of `like`."""
    return constant(REST[INDEX[name]], like.device) * STANDARD_HEIGHT
