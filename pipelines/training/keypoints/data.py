"""Training data of the keypoint network: an endless stream of crops that resumes where it was saved.

The crops themselves are made in `keypoints.crops`; the recipe's numbers are in `Recipe`.

Legend: B batch, K = 17 joints, H = W crop size.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Generator, Tensor

from pipelines.synthetic.scene import Scene
from pipelines.training.data.cutouts import draw_scene
from pipelines.training.keypoints.crops import Crops, compose
from pipelines.training.keypoints.framing import CropConfig
from pipelines.training.keypoints.pool import Pool, join_pools, render_pool


@dataclass(frozen=True)
class Recipe:
    """Data and weights of the losses; the defaults trained the shipped network."""

    crops: CropConfig = field(default_factory=CropConfig)
    """What the crops look like."""
    sigma: float = 1.75
    """Standard deviation of the heat maps' peaks, in cells of 4 pixels."""
    peak: float = 8.0
    """Additional weight of the cells at a joint; the other cells have 1."""
    place: float = 0.3
    """Weight of the cross entropy of the joint's cell among all cells."""
    side: float = 1.0
    """Weight of the choice between a joint and its partner on the other side."""
    mask: float = 1.0
    """Weight of the person's mask."""
    validation: int = 512
    """Number of held-out crops of each of the two kinds."""


class CropStream:
    """An endless stream of batches, drawn from a pool of people and furniture that is renewed bit by bit.

    What the pool holds is saved as the random states from which it was rendered.
    """

    def __init__(self, config: CropConfig, batch: int, generator: Generator) -> None:
        self.config, self.batch, self.generator = config, batch, generator
        self.drawn = self.rendered = 0
        self.scene: Scene | None = None
        self.renderings: deque[Pool] = deque(maxlen=config.pool)
        self._scene_state = generator.get_state()
        self._origins: deque[tuple[Tensor, Tensor]] = deque(maxlen=config.pool)  # random states: scene's, rendering's

    def next(self) -> Crops:
        """One batch."""
        if self.drawn % self.config.renew == 0:
            if self.scene is None or self.rendered % self.config.keep == 0:
                self._draw_scene(self.generator.get_state())
            self._render(self.generator.get_state())
            self.rendered += 1
        self.drawn += 1
        return compose(self.config, self.pool, self.batch, self.generator)

    def state_dict(self) -> dict[str, Any]:
        return {"drawn": self.drawn, "rendered": self.rendered, "origins": list(self._origins)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Render the saved pool again. The caller has to restore the generator afterwards."""
        self.drawn, self.rendered, self.scene = state["drawn"], state["rendered"], None
        self.renderings.clear()
        self._origins.clear()
        for scene, rendering in state["origins"]:
            if self.scene is None or not torch.equal(scene.cpu(), self._scene_state):
                self._draw_scene(scene.cpu())
            self._render(rendering.cpu())

    def _draw_scene(self, state: Tensor) -> None:
        self._scene_state = state
        self.generator.set_state(state)
        self.scene = draw_scene(self.config, self.batch, self.generator)

    def _render(self, state: Tensor) -> None:
        assert self.scene
        self._origins.append((self._scene_state, state))
        self.generator.set_state(state)
        self.renderings.append(render_pool(self.config, self.scene, self.generator))
        self.pool = join_pools(self.renderings)


def draw_crops(config: CropConfig, batch: int, generator: Generator) -> Crops:
    """One batch with people of its own."""
    return CropStream(config, batch, generator).next()
