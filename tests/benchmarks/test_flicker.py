"""What the benchmark of flicker counts as still, and the changes that it finds there."""

from math import pi, sqrt

import pytest
import torch

from benchmarks import flicker
from benchmarks.flicker import PARTS, POSE, add_grain, add_grain_to_source, find_changes, find_still, measure_all
from models.generators.animation import AnimationConfig, AnimationGenerator
from models.layer import compose
from pipelines.synthetic.clips import Clip, render_clip
from pipelines.synthetic.scene import aim_at_motion, compose_scene
from pipelines.training.animation.validation import configure_clips

SMALL = AnimationConfig(
    width=4, max_width=8, flow_width=4, flow_max_width=8, attention_hidden=4, norm="batch", image_channels=4,
    shadow=True,
)  # fmt: skip
GRAIN = 4.0
EXPECTED = 2 * GRAIN / sqrt(pi)  # mean absolute difference of two draws


@pytest.fixture(scope="module")
def clip() -> Clip:
    """Four frames half a second apart, and the last one again."""
    generator = torch.Generator().manual_seed(3)
    scene = compose_scene(
        configure_clips(40, 64), flicker.sample_arm_motion, aim_at_motion, batch=1, generator=generator
    )
    return render_clip(scene, torch.tensor([[0, 13, 26, 39, 39]]))


def test_only_arms_move_and_what_moves_is_not_still(clip: Clip) -> None:
    legs, wrists = range(11, 17), [9, 10]
    paths = clip.coco - clip.coco[:, :1]
    assert paths[:, :, legs].abs().max() < 1e-3
    assert paths[:, :, wrists].norm(dim=-1).max() > 1
    still, covered = find_still(clip)[0, :, 0], clip.mask[0, 1:, 0] > flicker.COVERED
    *moving, held = [float(still[t].sum() / covered[t].sum()) for t in range(4)]
    assert held > 0.98
    assert all(0.2 < share < 0.9 for share in moving)
    for after in range(1, 4):
        flow, _, _ = clip.flow(after, after - 1)
        assert not still[after - 1][flow[0].norm(dim=0) > 0.2].any()


def test_grain_changes_by_what_its_deviation_says(clip: Clip) -> None:
    grey = add_grain(torch.zeros(1, 3, 3, 64, 64), GRAIN, torch.Generator().manual_seed(0))
    assert find_changes(grey).mean() == pytest.approx(EXPECTED, rel=0.02)
    assert find_changes(clip.images)[:, -1].max() < 1e-3  # levels: threads of the renderer round differently
    grainy = add_grain_to_source(clip, GRAIN, torch.Generator().manual_seed(0))
    assert torch.equal(grainy.images[:, 1:], clip.images[:, 1:])
    over = compose(grainy.rgba[:, 0], grainy.images[:, 0])
    inside = (clip.mask[:, 0] > flicker.COVERED).expand_as(over)
    torch.testing.assert_close(over[inside], grainy.images[:, 0][inside], atol=0.01, rtol=0)


def test_all_columns_are_measured_at_the_same_places(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"SIZE": 64, "MOVING": 3, "HOLDING": 2}.items():
        monkeypatch.setattr(flicker, name, value)
    torch.manual_seed(0)
    model = AnimationGenerator(config=SMALL).eval()
    with torch.inference_mode():
        sums = measure_all(model, 2, GRAIN, 1.0, torch.device("cpu"))
    assert sums[POSE, "places"] > sums[PARTS, "places"] > 100
    assert sums[POSE, "true"] == 0
    assert sums[POSE, "grain"] / sums[POSE, "places"] == pytest.approx(EXPECTED, rel=0.1)
    assert sums[POSE, "trembling"] > sums[POSE, "made"] > 0
