"""Published files that are downloaded once, into the cache that torch and torchvision use as well.

The name, address and checksum of a file go in; the path of an intact copy comes out. Called by `pipelines.evaluation`
and `pipelines.training`.
"""

from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

import torch

from models.errors import BackendUnavailable
from models.files import file_sha256


@dataclass(frozen=True)
class PublishedFile:
    """A file of weights that its publisher offers for download."""

    name: str
    """What it is, for messages."""
    url: str
    """Where it is published; the last part is the file's name in the cache."""
    digest: str
    """The first hexadecimal digits of its SHA-256."""

    @property
    def path(self) -> Path:
        """Where torch and torchvision look for it: $TORCH_HOME/hub/checkpoints."""
        return Path(torch.hub.get_dir()) / "checkpoints" / self.url.rpartition("/")[2]

    def obtain(self, *, fetch: bool) -> Path:
        """The path of the intact file, which is downloaded if it is missing and `fetch` is set.

        Raises:
            BackendUnavailable: the file is missing, damaged or can't be downloaded; the message says what to do.
        """
        if not self.path.is_file():
            if not fetch:
                raise BackendUnavailable(f"needs {self.name}: pass --fetch, or save {self.url} as {self.path}")
            self._download()
        if not file_sha256(self.path).startswith(self.digest):
            raise BackendUnavailable(f"{self.path} is damaged: remove it and download it again")
        return self.path

    def _download(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(self.url, str(self.path), hash_prefix=self.digest, progress=False)
        except (URLError, OSError, RuntimeError) as error:
            reason = f"{self.url} can't be downloaded ({error})"
            raise BackendUnavailable(f"needs {self.name}: {reason}; save it as {self.path}") from None
