"""Face animation generator (animation paper; official format, section 3.6).

In: a reference image of a face and a sequence of structure maps drawn from landmarks. Out: the face with those
landmarks, frame by frame. One flow net serves both sources. See `models.generators.recurrent` for shapes and use.
"""

from torch import Tensor

from models.branches import Branches
from models.generators.config import GeneratorConfig
from models.generators.parts import flow_net
from models.generators.recurrent import RecurrentGenerator, Reference, State
from models.generators.targets import Flows, SourceFlows, Target


class FaceGenerator(RecurrentGenerator):
    """Recurrent generator of faces.

    The input channels of the flow net are the target structure, then image and structure of the previous frame, then
    those of the reference; its output channels are those of the previous frame, then those of the reference.
    """

    def __init__(self, *, config: GeneratorConfig) -> None:
        super().__init__(config)
        self.config = config
        self.flow_net = flow_net(config, inputs=2 * config.image_channels + 3 * config.structure_channels, flows=2)

    def _begin_reference(self, pair: Tensor) -> Tensor:
        return self.flow_net.begin(pair, first=self.config.structure_channels + pair.shape[1])

    def _begin_target(
        self, reference: Reference, before: Tensor, structure: Tensor, joints: Tensor | None, branches: Branches
    ) -> tuple[Tensor, tuple[SourceFlows, ...]]:
        first = self.config.structure_channels + self.config.image_channels
        return self.flow_net.begin(structure) + self.flow_net.begin(before, first=first), ()

    def estimate(self, reference: Reference, previous: State, target: Target) -> Flows:
        begun = target.begun + self.flow_net.begin(previous.image, first=self.config.structure_channels)
        flows, masks = self.flow_net.finish(begun + reference.begun)
        # [B,4,h,w] -> 2 x [B,2,h,w], [B,2,h,w] -> 2 x [B,1,h,w]
        flows_p, flows_r = zip(*(flow.split(2, dim=1) for flow in flows), strict=True)
        masks_p, masks_r = zip(*(mask.split(1, dim=1) for mask in masks), strict=True)
        return Flows(list(flows_p), list(flows_r), list(masks_p), list(masks_r))
