"""Perceptual losses: distances between the VGG19 features of two images (official format, section 8.1).

Images [B,3,H,W] in [-1, 1] are passed to the network without ImageNet normalisation, as in the authors' training.
Compute the features of an image once with `Vgg19`, and pass them to `content_loss`, `style_loss` and
`models.losses.sampling`. B batch, C channels, H, W image size, h, w size of a feature map.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.errors import WeightsError
from models.files import describe_stand_in

# Index in torchvision's `vgg19().features` of every activation that a loss uses.
LAYERS = {
    "relu1_1": 1,
    "relu2_1": 6,
    "relu2_2": 8,
    "relu3_1": 11,
    "relu3_4": 17,
    "relu4_1": 20,
    "relu4_4": 26,
    "relu5_1": 29,
    "relu5_2": 31,
}
CONTENT = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
STYLE = ("relu2_2", "relu3_4", "relu4_4", "relu5_2")
BLOCKS = ((1, 2), (2, 2), (4, 4), (8, 4), (8, 4))  # of each block: channels in units of the width, convolutions


class Vgg19(nn.Module):
    """The convolutional part of VGG19, its parameters frozen.

    State-dict keys are torchvision's, `features.0.weight` to `features.34.bias`. width: channels of the first block, 64
    in the real network.
    """

    def __init__(self, *, width: int = 64) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for factor, convolutions in BLOCKS:
            for _ in range(convolutions):
                layers += [nn.Conv2d(channels, factor * width, 3, padding=1), nn.ReLU()]
                channels = factor * width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.requires_grad_(False)

    def forward(self, image: Tensor, names: Iterable[str] = (*CONTENT, *STYLE)) -> dict[str, Tensor]:
        """Image [B,3,H,W] in [-1, 1] -> activations [B,C,h,w] by name; layers beyond the last name are not computed.

        Raises KeyError for a name that is not in `LAYERS`.
        """
        wanted = {LAYERS[name]: name for name in names}
        found = {}
        for index in range(max(wanted) + 1):
            image = self.features[index](image)
            if index in wanted:
                found[wanted[index]] = image
        return found


def load_vgg19(path: Path | str) -> Vgg19:
    """VGG19 in eval mode from the file that torchvision publishes; the classifier is left out.

    Raises:
        WeightsError: the file is missing, or is not a state dict of VGG19.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        features = {key: value for key, value in state.items() if key.startswith("features.")}
        network = Vgg19(width=len(features["features.0.bias"]))
        network.load_state_dict(features)
    except FileNotFoundError:
        raise WeightsError(f"{path} does not exist: pass the file of torchvision's vgg19") from None
    except Exception:  # a pickle can fail in any way
        if stand_in := describe_stand_in(path):
            raise WeightsError(f"{path} {stand_in}") from None
        raise WeightsError(
            f"{path} has no weights of torchvision's vgg19: pass the file that torchvision publishes"
        ) from None
    return network.eval()


def content_loss(image: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
    """Sum over `CONTENT` of the mean absolute difference of both images' features [B,C,h,w]."""
    return torch.stack([F.l1_loss(image[name], target[name]) for name in CONTENT]).sum()


def style_loss(image: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
    """Sum over `STYLE` of the mean absolute difference of both images' Gram matrices [B,C,C]."""
    return torch.stack([F.l1_loss(gram(image[name]), gram(target[name])) for name in STYLE]).sum()


def gram(features: Tensor) -> Tensor:
    """Gram matrices: features [B,C,h,w] -> scalar products of their channels [B,C,C], divided by C*h*w."""
    flat = features.flatten(2)  # [B,C,h*w]
    return flat @ flat.transpose(1, 2) / flat[0].numel()
