"""The stream of training pictures of the keypoint network, which can go on where it was saved.

B batch, K = 17 joints, H = W crop size.
"""

from collections import deque
from typing import Any

import torch
from torch import Generator, Tensor

from pipelines.synthetic.scene import Scene
from pipelines.training.keypoints.data import CropConfig, Cutouts, compose, draw_scene, render_cutouts


class Crops:
    """An endless stream of batches, drawn from a pool of rendered people that is renewed bit by bit."""

    def __init__(self, config: CropConfig, batch: int, generator: Generator) -> None:
        self.config, self.batch, self.generator = config, batch, generator
        self.drawn = self.rendered = 0
        self.scene: Scene | None = None
        self.renderings: deque[Cutouts] = deque(maxlen=config.pool)
        self._drawn_from = generator.get_state()  # the scene
        self._origins: deque[tuple[Tensor, Tensor]] = deque(maxlen=config.pool)  # random states: scene's, rendering's

    def next(self) -> tuple[Tensor, Tensor]:
        """One batch as of `crops.compose`."""
        if self.drawn % self.config.renew == 0:
            if self.scene is None or self.rendered % self.config.keep == 0:
                self._draw(self.generator.get_state())
            self._render(self.generator.get_state())
            self.rendered += 1
        self.drawn += 1
        return compose(self.config, self.people, self.batch, self.generator)

    def state_dict(self) -> dict[str, Any]:
        return {"drawn": self.drawn, "rendered": self.rendered, "origins": list(self._origins)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Render the same pool again; leaves the generator anywhere."""
        self.drawn, self.rendered = state["drawn"], state["rendered"]
        for scene, rendering in state["origins"]:
            if self.scene is None or not torch.equal(scene.cpu(), self._drawn_from):
                self._draw(scene.cpu())
            self._render(rendering.cpu())

    def _draw(self, state: Tensor) -> None:
        self._drawn_from = state
        self.generator.set_state(state)
        self.scene = draw_scene(self.config, self.batch, self.generator)

    def _render(self, state: Tensor) -> None:
        assert self.scene
        self._origins.append((self._drawn_from, state))
        self.generator.set_state(state)
        self.renderings.append(render_cutouts(self.config, self.scene, self.generator))
        parts = zip(*(vars(rendering).values() for rendering in self.renderings), strict=True)
        self.people = Cutouts(*(torch.cat(part) for part in parts))


def sample_crops(config: CropConfig, batch: int, generator: Generator) -> tuple[Tensor, Tensor]:
    """One batch of images and keypoints, as `crops.compose` returns them, with people of its own."""
    return Crops(config, batch, generator).next()
