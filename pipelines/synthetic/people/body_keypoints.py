"""Points of posed bodies that pose, hand and face detectors name.

In: a rest body, its pose and its skinned vertices. Out: `BodyKeypoints`. Whoever needs the truth about a picture calls
`find_keypoints`. Joints inside the body are where its bones turn, points of the skin are means of vertices.

Legend: B people, T frames, V vertices.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from pipelines.synthetic.people.body_bones import BONE, EYES, FINGERS, NOSE
from pipelines.synthetic.people.body_model import BodyModel, RestBody
from pipelines.synthetic.people.body_pose import BodyPose, turn_bones
from pipelines.synthetic.people.skeleton import coco17, human36m17

_HAND_BONES = ("hand", *(f"{finger}_{joint}" for finger in FINGERS for joint in (1, 2, 3, 4)))
_HAND_ROWS = [[BONE[f"{side}_{bone}"] for bone in _HAND_BONES] for side in ("r", "l")]


@dataclass
class BodyKeypoints:
    """Points of B people in T frames, in world metres."""

    coco17: Tensor
    """[B, T, 17, 3] COCO-17 joints (official format, section 9.3)."""
    human36m17: Tensor
    """[B, T, 17, 3] Human3.6M-17 joints (official format, section 9.3)."""
    hands: Tensor
    """[B, T, 2, 21, 3] right and left hand: wrist, then four points of each finger from the thumb to the little one,
    from the base to the tip, as MediaPipe orders them."""
    feet: Tensor
    """[B, T, 2, 2, 3] right and left foot: heel, tip of the big toe."""
    face: Tensor
    """[B, T, 68, 3] points of the face in iBUG's order."""
    irises: Tensor
    """[B, T, 2, 3] middles of the right and the left iris."""


def find_keypoints(model: BodyModel, rest: RestBody, pose: BodyPose, vertices: Tensor) -> BodyKeypoints:
    """Keypoints of bodies with the skinned `vertices` [B, T, V, 3] of `BodyModel.skin`."""
    face, skin = model.face_points(vertices), model.skin_points(vertices)
    joints = coco17(pose.frames, rest.proportions)
    eyes = {side: face[..., points, :].mean(-2) for side, points in EYES.items()}
    joints[:, :, :5] = torch.stack([face[:, :, NOSE], eyes["l"], eyes["r"], skin["l_ear"], skin["r_ear"]], 2)
    _, origins = turn_bones(rest.bones, pose)
    feet = [torch.stack([skin[f"{side}_heel"], skin[f"{side}_toe"]], 2) for side in ("r", "l")]
    return BodyKeypoints(
        coco17=joints,
        human36m17=human36m17(pose.frames, rest.proportions),
        hands=origins[:, :, _HAND_ROWS],
        feet=torch.stack(feet, 2),
        face=face,
        irises=model.irises(vertices),
    )
