"""The metrics of each protocol and how they are computed: the usual way, or the authors' (official format, section 10).

Called by `pipelines.evaluation.evaluate`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from models.errors import InputError
from pipelines.configs import EvaluateConfig
from pipelines.evaluation.feature_networks import (
    ALEXNET,
    FEATURES,
    INCEPTION_2015,
    INCEPTION_TORCHVISION,
    TorchvisionInception,
    build_inception_2015,
)
from pipelines.evaluation.image_metrics import (
    FlickerMeter,
    MeanMeter,
    Measure,
    Meter,
    check_size,
    l1,
    mae,
    psnr,
    ssim,
    ssim_of_prediction,
    ssim_uniform,
)
from pipelines.runtime.downloads import PublishedFile

LPIPS_MIN_SIDE = 32  # pixels: AlexNet's two poolings leave one of them
MakeMeter = Callable[[bool], Meter]  # from --fetch: whether missing feature weights may be downloaded


@dataclass(frozen=True)
class Inception:
    """The feature network of an FID."""

    file: PublishedFile
    build: Callable[[Path], nn.Module]
    """From the file: uint8 [n, 3, H, W] -> [n, features]."""
    how: str
    """The convention, for the report."""
    drop_last: bool = False
    """Leave out an incomplete last batch of 64."""
    features: int = FEATURES


@dataclass(frozen=True)
class Protocol:
    """The metrics of one convention."""

    name: str
    meters: dict[str, MakeMeter]
    """Metrics that are computed pair by pair, by name. They raise BackendUnavailable if their weights are missing."""
    inception: Inception
    fid_against_reference: bool = True
    """Whether FID may be computed against REFERENCE; otherwise its reference set must be named."""
    keypoints: bool = True
    """Whether keypoint distance is one of the metrics."""
    official_names: bool = False
    """See `image_pairs.open_comparison`."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """All names, in the order of the report."""
        return ("fid", *self.meters, *(("keypoints",) if self.keypoints else ()))


def choose_protocol(config: EvaluateConfig) -> Protocol:
    """The protocol of a job. Raises InputError for an unknown one, and for options that don't belong to it."""
    if config.protocol not in PROTOCOLS:
        raise InputError(f"protocol {config.protocol!r} must be one of {', '.join(PROTOCOLS)}")
    protocol = PROTOCOLS[config.protocol]
    for name in config.metrics:
        if name not in protocol.metrics:
            names = ", ".join(protocol.metrics)
            raise InputError(f"metric {name!r} of protocol {protocol.name} must be one of {names}")
    if protocol.official_names and config.crop:
        raise InputError(f"protocol {protocol.name} compares complete pictures: omit --crop")
    return protocol


def _mean(name: str, better: str, how: str, measure: Measure) -> MakeMeter:
    def make(fetch: bool) -> Meter:
        return MeanMeter(name, better, f"{how}, mean over pictures", measure)

    return make


def _make_lpips(fetch: bool) -> Meter:
    ALEXNET.obtain(fetch=fetch)
    from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

    network: Any = LearnedPerceptualImagePatchSimilarity(net_type="alex", normalize=True)

    def measure(generated: Tensor, reference: Tensor) -> Tensor:
        check_size(generated, LPIPS_MIN_SIDE, "LPIPS's least size")
        return network(generated.float(), reference.float())

    return MeanMeter("lpips", "lower", "LPIPS 0.1, AlexNet with linear heads, no resizing, mean over pictures", measure)


def _make_flicker(fetch: bool) -> Meter:
    return FlickerMeter()


PSNR = _mean("psnr", "higher", "dB, range 0..1", psnr)
L1 = _mean("l1", "lower", "mean absolute difference, range 0..1", l1)

STANDARD = Protocol(
    "standard",
    {
        "lpips": _make_lpips,
        "ssim": _mean("ssim", "higher", "Gaussian sigma 1.5, window 11, borders left out, RGB range 0..1", ssim),
        "psnr": PSNR,
        "l1": L1,
        "flicker": _make_flicker,
    },
    Inception(
        INCEPTION_2015, build_inception_2015, "2015 Inception, 2048 features, bilinear with antialiasing to 299x299"
    ),
)
GFLA = Protocol(
    "gfla",
    {
        "lpips": _make_lpips,
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
    fid_against_reference=False,
    keypoints=False,
    official_names=True,
)
PROTOCOLS = {protocol.name: protocol for protocol in (STANDARD, GFLA)}
