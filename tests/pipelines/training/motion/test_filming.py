"""People in front of the motion network's cameras."""

import torch

from pipelines.synthetic.motion.full_motion import sample_full_motion, sample_joint_motion
from pipelines.synthetic.motion.motion import Shares
from pipelines.synthetic.people.body_keypoints import find_keypoints
from pipelines.synthetic.people.body_model import BodyModel
from pipelines.synthetic.people.body_pose import BodyPose
from pipelines.synthetic.people.body_shapes import sample_shape
from pipelines.synthetic.people.skeleton import coco17, forward_kinematics, human36m17
from pipelines.training.motion.filming import film_people


def test_joints_without_skinning_are_those_of_the_skinned_body() -> None:
    generator = torch.Generator().manual_seed(0)
    model = BodyModel.load()
    rest = model.rest(sample_shape(4, generator, local_axes=len(model.local_axes)))
    motion = sample_full_motion(4, 5, generator, shares=Shares(whole_body=0.5))
    frames = forward_kinematics(rest.proportions, motion.motion)
    still = BodyPose(frames, motion.fingers, torch.zeros(4, 5, len(model.actions)), torch.zeros(4, 5, 2))
    points = find_keypoints(model, rest, still, model.skin(rest, still))
    assert torch.allclose(coco17(frames, rest.proportions), points.coco17, atol=1e-5)
    assert torch.allclose(human36m17(frames, rest.proportions), points.human36m17, atol=1e-5)


def test_joints_alone_move_as_in_the_full_motion() -> None:
    shares = Shares(athletic=0.3, everyday=0.5, whole_body=0.3)
    full = sample_full_motion(8, 20, torch.Generator().manual_seed(1), shares=shares)
    time = torch.arange(20) / 25
    alone = sample_joint_motion(time, 20 / 25, 8, torch.Generator().manual_seed(1), shares=shares)
    assert torch.equal(alone.rotations, full.motion.rotations)
    assert torch.equal(alone.root, full.motion.root)


def test_the_lower_edge_is_between_knees_and_chest() -> None:
    film = film_people(200, 8, torch.Generator().manual_seed(0), slowest=5.0, fastest=240.0)
    height = film.coco[..., 1].mean(1)  # [B, 17]
    upright = (height[:, 5:7].mean(1) < height[:, 11:13].mean(1) - 0.3) & (
        height[:, 11:13].mean(1) < height[:, 13:15].mean(1) - 0.2
    )
    cut, tolerance = film.cut[upright], 0.25  # cameras look down or up
    assert upright.float().mean() > 0.6
    assert (cut > height[upright, 5:7].mean(1) - tolerance).all()
    assert (cut < height[upright, 13:15].mean(1) + tolerance).all()
    assert cut.std() > 0.1
