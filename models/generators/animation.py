"""Person animation generator (animation paper, section 3.2; official format, section 3.5).

In: a reference image of a person and a sequence of structure maps. Out: the person in those poses, frame by frame.
The previous frame and the reference image have a flow net each. See `models.generators.recurrent` for shapes and use.
"""

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from models.arms import find_moved_arms
from models.branches import Branches
from models.detail import Detail, DetailHead
from models.fingers import FingerHead
from models.flow import FlowNet
from models.generators.config import AnimationConfig, bundled_person, dance_fashion, dance_iper
from models.generators.parts import flow_net
from models.generators.recurrent import RecurrentGenerator, Reference, State, Step
from models.generators.targets import Flows, SourceFlows, Target
from models.joints import H36M17_LIMBS
from models.layers import Output
from models.limbs import LimbMotion, limb_motion

__all__ = [
    "AnimationConfig",
    "AnimationGenerator",
    "Reference",
    "State",
    "Step",
    "bundled_person",
    "dance_fashion",
    "dance_iper",
]

LIMB_SIZE = 256  # longer side of an image, in pixels, for which the lengths of `models.limbs` are chosen


class AnimationGenerator(RecurrentGenerator):
    """Recurrent generator of people.

    Our additions to the paper, all off in the authors' configurations: limbs whose rigid motion the flow can follow,
    the detail head, which copies nothing of arms that have moved away, the finger head, and the shadow, which takes no
    part in the recurrence.
    """

    def __init__(self, *, config: AnimationConfig) -> None:
        super().__init__(config)
        self.config = config
        self.flow_net_previous = _flow_net(config)
        self.flow_net_reference = _flow_net(config)
        self.detail = _detail_head(config) if config.detail_hidden else None
        hidden = config.finger_hidden
        self.fingers = FingerHead(channels=config.channels(0), hidden=hidden) if hidden else None
        if config.shadow:
            _silence_shadow(self.target.outconv)
        self.register_buffer(
            "limbs", torch.tensor(config.limbs, dtype=torch.long).view(len(config.limbs), 2), persistent=False
        )
        self.has_arms = set(H36M17_LIMBS) <= set(config.limbs)
        self.joints = 1 + max((joint for limb in config.limbs for joint in limb), default=-1)

    def _begin_reference(self, pair: Tensor) -> Tensor:
        return self.flow_net_reference.begin(pair)

    def _begin_target(
        self, reference: Reference, before: Tensor, structure: Tensor, joints: Tensor | None, branches: Branches
    ) -> tuple[Tensor, tuple[SourceFlows, ...]]:
        images, maps = self.config.image_channels, self.config.structure_channels
        with branches.branch():
            begun = self.flow_net_reference.begin(structure, first=images + maps)
            found = tuple(
                self.flow_net_reference.finish(each.begun + begun, self._limb_motion(joints, each.joints, structure))
                for each in (reference, *reference.others)
            )
        into_previous = self.flow_net_previous.begin(before, first=images)
        into_previous = into_previous + self.flow_net_previous.begin(structure, first=images + maps)
        return into_previous, tuple(SourceFlows(*each) for each in found)

    def estimate(self, reference: Reference, previous: State, target: Target) -> Flows:
        begun = self.flow_net_previous.begin(previous.image) + target.begun
        motion = self._limb_motion(target.joints, previous.joints, target.structure)
        flows, masks = self.flow_net_previous.finish(begun, motion)
        own, *others = target.references
        return Flows(flows, own.flows, masks, own.masks, tuple(others))

    def _add_fingers(self, features: Tensor, structure: Tensor) -> Tensor:
        return features if self.fingers is None else self.fingers(features, structure)

    def _split_output(self, output: Tensor) -> tuple[Tensor, Tensor | None]:
        if not self.config.shadow:
            return output, None
        image, shadow = output.split([self.config.image_channels, 1], dim=1)
        return image, (shadow + 1) / 2

    def _refine(
        self,
        features: Tensor,
        generated: Tensor,
        previous: State,
        reference: Reference,
        flows: Flows,
        joints: Tensor | None,
    ) -> tuple[Tensor, Detail | None]:
        if self.detail is None:
            return generated, None
        references = (reference.image, *(other.image for other in reference.others))
        finest = (flows.flows_previous, flows.flows_reference, *(other.flows for other in flows.others))
        masks = (flows.masks_previous, flows.masks_reference, *(other.masks for other in flows.others))
        flow, mask = ([levels[-1] for levels in each] for each in (finest, masks))
        moved: list[Tensor] = []
        if self.has_arms and not self.training:
            poses = previous.joints, reference.joints, *(other.joints for other in reference.others)
            cell = features.shape[-1] / flow[0].shape[-1]
            pairs = zip(cast(Sequence[Tensor], poses), flow, strict=True)
            moved += (find_moved_arms(cast(Tensor, joints), pose, into, cell) for pose, into in pairs)
        return self.detail(features, generated, previous.image, references, flow, mask, moved)

    def _limb_motion(self, target: Tensor | None, source: Tensor | None, structure: Tensor) -> LimbMotion | None:
        """The motion between the joints of two poses, of which `structure` [B,S,H,W] is one."""
        if not self.config.limbs:
            return None
        if target is None or source is None:
            raise ValueError("this generator follows limbs: it needs the joints of every pose, the reference included")
        target, source = (_add_unknown(joints, self.joints) for joints in (target, source))
        return limb_motion(target, source, cast(Tensor, self.limbs), unit=max(structure.shape[-2:]) / LIMB_SIZE)


def _add_unknown(joints: Tensor, count: int) -> Tensor:
    """Joints [B,J,2] -> [B,count,2], or [B,J,2] if that is more: those that are not given are not known."""
    missing = count - joints.shape[1]
    return F.pad(joints, (0, 0, 0, missing), value=torch.nan) if missing > 0 else joints


@torch.no_grad()
def _silence_shadow(output: Output) -> None:
    """Let the shadow, the last channel, begin as almost none everywhere."""
    output.conv1.weight[-1] = 0
    cast(Tensor, output.conv1.bias)[-1] = -2  # tanh(-2) is a shadow of 0.02


def _flow_net(config: AnimationConfig) -> FlowNet:
    inputs = config.image_channels + 2 * config.structure_channels
    return flow_net(config, inputs=inputs, limbs=len(config.limbs))


def _detail_head(config: AnimationConfig) -> DetailHead:
    return DetailHead(
        channels=config.channels(0),
        hidden=config.detail_hidden,
        scale=2 ** min(config.attention_layers),
        image_channels=config.image_channels,
        restraint=config.restraint,
        doubt=config.doubt,
    )
