"""Which metrics there are and how each is computed: the usual way, or the authors' (official format, section 10)."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from pipelines.evaluation.feature_networks import (
    ALEXNET,
    INCEPTION_2015,
    INCEPTION_TORCHVISION,
    FeatureFile,
    TorchvisionInception,
)
from pipelines.evaluation.image_metrics import (
    Flicker,
    Mean,
    Meter,
    check_size,
    l1,
    mae,
    psnr,
    ssim,
    ssim_of_prediction,
    ssim_uniform,
)

LPIPS_LEAST = 32  # what AlexNet's two poolings leave a pixel of


@dataclass(frozen=True)
class Inception:
    """The feature network of an FID. `drop_last`: leave out an incomplete last batch of 64."""

    file: FeatureFile
    build: Callable[[Path], nn.Module]
    how: str
    drop_last: bool = False


@dataclass(frozen=True)
class Protocol:
    """Metrics of one convention: those fed pair by pair, by name, and the FID.

    own_reference: FID may be taken against REFERENCE itself, else its reference set must be named.
    poses: keypoint distance belongs to it. official_names: see `pictures.compare`.
    """

    name: str
    meters: dict[str, Callable[[bool], Meter]]
    inception: Inception
    own_reference: bool = True
    poses: bool = True
    official_names: bool = False

    @property
    def metrics(self) -> tuple[str, ...]:
        """All names, in the order of the report."""
        return ("fid", *self.meters, *(("keypoints",) if self.poses else ()))


def _lpips(fetch: bool) -> Meter:
    ALEXNET.obtain(fetch=fetch)
    from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

    network: Any = LearnedPerceptualImagePatchSimilarity(net_type="alex", normalize=True)

    def measure(generated: Tensor, reference: Tensor) -> Tensor:
        check_size(generated, LPIPS_LEAST, "LPIPS's least size")
        return network(generated.float(), reference.float())

    return Mean("lpips", "lower", "LPIPS 0.1, AlexNet with linear heads, no resizing, mean over pictures", measure)


def _inception_2015(weights: Path) -> nn.Module:
    from torchmetrics.image.fid import NoTrainInceptionV3

    return NoTrainInceptionV3(
        "inception-v3-compat", ["2048"], feature_extractor_weights_path=str(weights), antialias=True
    )


def _mean(name: str, better: str, how: str, measure: Callable[[Tensor, Tensor], Tensor | float]) -> Callable:
    return lambda fetch: Mean(name, better, f"{how}, mean over pictures", measure)


PSNR = _mean("psnr", "higher", "dB, range 0..1", psnr)
L1 = _mean("l1", "lower", "mean absolute difference, range 0..1", l1)

STANDARD = Protocol(
    "standard",
    {
        "lpips": _lpips,
        "ssim": _mean("ssim", "higher", "Gaussian sigma 1.5, window 11, borders left out, RGB range 0..1", ssim),
        "psnr": PSNR,
        "l1": L1,
        "flicker": lambda fetch: Flicker(),
    },
    Inception(INCEPTION_2015, _inception_2015, "2015 Inception, 2048 features, bilinear with antialiasing to 299x299"),
)
GFLA = Protocol(
    "gfla",
    {
        "lpips": _lpips,
        "ssim": _mean("ssim", "higher", "uniform window 51, sample covariance, RGB range 0..1", ssim_uniform),
        "ssim256": _mean(
            "ssim256", "higher", "Gaussian sigma 1.5, range of the generated picture, RGB", ssim_of_prediction
        ),
        "psnr": PSNR,
        "l1": L1,
        "mae": _mean("mae", "lower", "sum |g - r| / sum (g + r)", mae),
    },
    Inception(
        INCEPTION_TORCHVISION,
        TorchvisionInception,
        "torchvision's InceptionV3, pool features, bilinear to 299x299, incomplete last batch of 64 left out",
        drop_last=True,
    ),
    own_reference=False,
    poses=False,
    official_names=True,
)
PROTOCOLS = {protocol.name: protocol for protocol in (STANDARD, GFLA)}
