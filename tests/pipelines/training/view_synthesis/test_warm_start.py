"""Old weights as a start of the view-synthesis generator."""

from dataclasses import replace

import torch

from models.generators.config import ViewConfig
from models.generators.view import ViewGenerator
from models.turning import Camera
from models.weights import load_weights
from pipelines.training.view_synthesis.warm_start import fit_codes

SMALL = ViewConfig(
    width=4, max_width=16, flow_width=4, flow_max_width=16, flow_layers=4, kernel_sizes=(3, 3),
    attention_hidden=8, norm="batch", volume_channels=2, volume_depth=4, detail_hidden=4,
)  # fmt: skip
IMAGE = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 2 - 1


def turn(generator: ViewGenerator, image: torch.Tensor, *kind: int) -> torch.Tensor:
    """The image of random cameras after a training step's worth of statistics."""
    source, target = torch.tensor([[30.0, 10, 0.8, 0.7], [200, 35, 0, 0.9]]), torch.tensor([[90.0, 0, 0.3, 0.8]] * 2)
    number = torch.tensor(kind) if kind else None
    return generator(image, Camera.unstack(source), Camera.unstack(target), number).image


def build(**changes: object) -> ViewGenerator:
    torch.manual_seed(4)
    generator = ViewGenerator(config=replace(SMALL, **changes))
    turn(generator, IMAGE)  # moves the running statistics
    return generator.eval()


def test_new_inputs_change_nothing_at_first() -> None:
    old, new = build(), build(lens=True, classes=("car", "chair"))
    assert not torch.allclose(turn(new, IMAGE, 0, 1), turn(old, IMAGE), atol=1e-3)
    new.load_state_dict(fit_codes(old, new))
    torch.testing.assert_close(turn(new, IMAGE, 0, 1), turn(old, IMAGE), atol=1e-5, rtol=0)


def test_further_classes_keep_the_places_of_the_others() -> None:
    old, new = build(lens=True, classes=("car", "chair")), build(lens=True, classes=("sofa", "car", "chair"))
    new.load_state_dict(fit_codes(old, new))
    torch.testing.assert_close(turn(new, IMAGE, 1, 2), turn(old, IMAGE, 0, 1), atol=1e-5, rtol=0)


def test_the_shipped_weights_are_a_complete_start() -> None:
    given = load_weights("objects", expect="view")
    assert isinstance(given, ViewGenerator)
    network = ViewGenerator(config=replace(given.config, lens=True, classes=("car", "chair", "sofa", "table")))
    fitted, own = fit_codes(given, network), network.state_dict()
    assert {key: value.shape for key, value in fitted.items()} == {key: value.shape for key, value in own.items()}
