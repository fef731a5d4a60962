"""Networks whose features a metric compares, and where their weights come from: torch's own cache.

N pictures, F features. Pictures are uint8 [N, 3, H, W].
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.errors import BackendUnavailable
from pipelines.media.tensors import normalise_pixels

INCEPTION_SIDE = 299


@dataclass(frozen=True)
class FeatureFile:
    """A published weights file; `digest` is how its SHA-256 begins."""

    what: str
    url: str
    digest: str

    @property
    def path(self) -> Path:
        """Where torch and torchvision look for it."""
        return Path(torch.hub.get_dir()) / "checkpoints" / self.url.rpartition("/")[2]

    def obtain(self, *, fetch: bool) -> Path:
        """The whole file, fetched from its publisher if it is missing and `fetch` is set.

        Raises:
            BackendUnavailable: it is missing, damaged or can't be fetched; says what would help.
        """
        if not self.path.is_file():
            if not fetch:
                raise BackendUnavailable(f"needs {self.what}: give --fetch, or save {self.url} as {self.path}")
            self._fetch()
        if not _digest(self.path).startswith(self.digest):
            raise BackendUnavailable(f"{self.path} is damaged: remove it and give --fetch")
        return self.path

    def _fetch(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(self.url, str(self.path), hash_prefix=self.digest, progress=False)
        except (URLError, OSError, RuntimeError) as error:
            raise BackendUnavailable(f"needs {self.what}: {self.url} can't be fetched ({error})") from None


ALEXNET = FeatureFile(
    "torchvision's AlexNet", "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth", "7be5be79"
)
INCEPTION_TORCHVISION = FeatureFile(
    "torchvision's InceptionV3", "https://download.pytorch.org/models/inception_v3_google-0cc3c7bd.pth", "0cc3c7bd"
)
INCEPTION_2015 = FeatureFile(
    "the 2015 Inception of FID",
    "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth",
    "6726825d",
)


class TorchvisionInception(nn.Module):
    """Pool features of torchvision's InceptionV3, as in the authors' metrics script."""

    num_features = 2048

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
        """uint8 [N, 3, H, W] -> float32 [N, 2048]; resized to 299 x 299 bilinearly, values -1..1."""
        values = functional.interpolate(
            normalise_pixels(pictures), (INCEPTION_SIDE, INCEPTION_SIDE), mode="bilinear", align_corners=False
        )
        return self.network(values)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
