"""Small untrained networks of view synthesis."""

import math
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from models.generators.config import PictureConfig, ViewConfig
from models.generators.picture import PictureGenerator
from models.generators.view import ViewGenerator
from models.viewpoint import ViewpointConfig, ViewpointNetwork
from models.weights import save_weights

BINS = 36  # of the azimuth
LOGIT = 9.0  # of what a constant network is sure of


def make_view_generator(**changes: object) -> ViewGenerator:
    """The project's generator; changes: fields of its config."""
    torch.manual_seed(1)
    config = ViewConfig(
        width=4, max_width=16, flow_width=4, flow_max_width=16, flow_layers=4, kernel_sizes=(3, 3),
        attention_hidden=8, norm="batch", volume_channels=2, volume_depth=4, detail_hidden=4,
    )  # fmt: skip
    return ViewGenerator(config=replace(config, **changes)).eval()


def make_authors_generator(*, structure_channels: int = 21, coded: bool = True) -> PictureGenerator:
    """The authors' generator of objects, or, not `coded`, of people."""
    torch.manual_seed(1)
    config = PictureConfig(
        width=8, max_width=16, flow_width=4, flow_max_width=8, attention_hidden=8,
        structure_channels=structure_channels, coded=coded,
    )  # fmt: skip
    return PictureGenerator(config=config).eval()


def make_constant_viewpoint_network(
    *,
    azimuth: float,
    elevation: float = 10,
    x: float = 0,
    y: float = 0,
    side: float = 1,
    lens: tuple[float, float, float] | None = None,
) -> ViewpointNetwork:
    """A network that sees a car from this viewpoint in every picture.

    x, y, side: the frame, as `models.viewpoint`; lens: nearness, and errors of elevation and nearness.
    """
    config = ViewpointConfig(widths=(4, 4, 4, 4, 4), hidden=4, bins=BINS, lens=lens is not None)
    network = ViewpointNetwork(config=config).eval()
    last = network.head[-1]
    assert isinstance(last, nn.Linear)
    nn.init.zeros_(last.weight)
    azimuths = [LOGIT if number == azimuth * BINS / 360 else 0.0 for number in range(BINS)]
    numbers = [elevation / 10 - 1, 10 * x, 10 * y, 10 * math.log(side)]
    if lens:
        nearness, *errors = lens
        numbers += [(nearness - 0.5) / 0.3, math.log(errors[0] / 10), math.log(errors[1] / 0.3)]
    with torch.no_grad():
        last.bias.copy_(torch.tensor([*azimuths, LOGIT, 0, 0, *numbers]))
    return network


def save_network(path: Path, network: nn.Module, architecture: str, official: str = "") -> Path:
    """A weights file of the network, in full precision."""
    kinds = {"architecture": architecture, "licence": "test", "command": "test", "extra": {}}
    save_weights(path, network, **kinds, official=official, exact=True)
    return path
