"""Face generator: one picture of a face, moved by landmarks (animation paper).

One flow net answers for both sources. B batch, S structure channels, H, W image size.
"""

from torch import Tensor

from models.generators.config import GeneratorConfig
from models.generators.parts import flow_net
from models.generators.recurrent import Flows, RecurrentGenerator, Reference, State


class FaceGenerator(RecurrentGenerator):
    """Recurrent generator of faces; the flow net reads structure, previous pair, reference pair, in this order."""

    def __init__(self, *, config: GeneratorConfig) -> None:
        super().__init__(config)
        self.config = config
        self.flow_net = flow_net(config, inputs=2 * config.image_channels + 3 * config.structure_channels, flows=2)

    def _begin_reference(self, pair: Tensor) -> Tensor:
        return self.flow_net.begin(pair, first=self.config.structure_channels + pair.shape[1])

    def _estimate(
        self, reference: Reference, previous: State, pair: Tensor, structure: Tensor, joints: Tensor | None
    ) -> Flows:
        begun = self.flow_net.begin(structure) + self.flow_net.begin(pair, first=structure.shape[1])
        flows, masks = self.flow_net.finish(begun + reference.begun)
        flows_p, flows_r = zip(*(flow.split(2, dim=1) for flow in flows), strict=True)
        masks_p, masks_r = zip(*(mask.split(1, dim=1) for mask in masks), strict=True)
        return Flows(list(flows_p), list(flows_r), list(masks_p), list(masks_r))
