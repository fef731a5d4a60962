"""Networks whose features FID and LPIPS compare, and the files that their weights are published in.

Called by `pipelines.evaluation.protocols`.
N pictures, H, W their size.
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipelines.media.tensors import normalise_pixels
from pipelines.runtime.downloads import PublishedFile

INCEPTION_SIDE = 299  # pixels
FEATURES = 2048  # of the last pooling of InceptionV3

ALEXNET = PublishedFile(
    "torchvision's AlexNet", "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth", "7be5be79"
)
INCEPTION_TORCHVISION = PublishedFile(
    "torchvision's InceptionV3", "https://download.pytorch.org/models/inception_v3_google-0cc3c7bd.pth", "0cc3c7bd"
)
INCEPTION_2015 = PublishedFile(
    "the 2015 Inception of FID",
    "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth",
    "6726825d",
)


class TorchvisionInception(nn.Module):
    """Pooled features of torchvision's InceptionV3, as the authors' metrics script takes them.

    Args:
        weights: the file of `INCEPTION_TORCHVISION`; None keeps the weights random.
    """

    num_features = FEATURES

    def __init__(self, weights: Path | None) -> None:
        from torchvision.models import inception_v3

        super().__init__()
        self.network = inception_v3(weights=None, init_weights=False, transform_input=False)
        if weights is not None:
            self.network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
        self.network.fc = nn.Identity()  # type: ignore[assignment]
        self.eval()

    @torch.inference_mode()
    def forward(self, pictures: Tensor) -> Tensor:
        """uint8 [N, 3, H, W] -> float32 [N, 2048]; resized to 299 x 299 bilinearly, with values in [-1, 1]."""
        values = functional.interpolate(
            normalise_pixels(pictures), (INCEPTION_SIDE, INCEPTION_SIDE), mode="bilinear", align_corners=False
        )
        return self.network(values)


def build_inception_2015(weights: Path) -> nn.Module:
    """The network of the original FID with the weights of `INCEPTION_2015`: uint8 [N, 3, H, W] -> [N, 2048].

    Pictures are resized to 299 x 299 bilinearly, with antialiasing.
    """
    from torchmetrics.image.fid import NoTrainInceptionV3

    return NoTrainInceptionV3(
        "inception-v3-compat", [str(FEATURES)], feature_extractor_weights_path=str(weights), antialias=True
    )
