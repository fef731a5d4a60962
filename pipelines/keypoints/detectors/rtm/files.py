"""Files of the detector `rtm`: a network that finds people and one that finds their points, downloaded once.

OpenMMLab publishes each as a ZIP archive with the network and its description, without a checksum. Only the network is
stored, in the folder `rtm` of the user's weights folder, where files may also be put by hand.
"""

import shutil
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen
from zipfile import BadZipFile, ZipFile

from models.errors import BackendUnavailable, WeightsError
from models.weights.user import user_folder
from pipelines.keypoints.detectors.rtm.networks import check_runtime
from pipelines.media.files import atomic_output, report_write_errors, temporary_folder
from pipelines.runtime.locks import exclusive_lock
from pipelines.runtime.network import has_network

FETCH_SECONDS = 900.0  # for both files together
SILENCE_SECONDS = 20.0  # without an answer, until a server is given up
CHUNK = 1 << 20
HOSTS = (
    "https://download.openmmlab.com/mmpose/v1/projects",
    "https://huggingface.co/Tau-J/RTMPose/resolve/main",  # a copy
)
MEMBER = "end2end.onnx"  # name of the network in every archive


@dataclass(frozen=True)
class NetworkFile:
    """A network that OpenMMLab publishes."""

    name: str
    """Name of the archive without `.zip`, and of the stored file without `.onnx`."""
    folder: str
    """Folder on the server."""

    @property
    def path(self) -> Path:
        """Where the network is stored; it need not exist."""
        return user_folder() / "rtm" / f"{self.name}.onnx"


PEOPLE = NetworkFile("yolox_tiny_8xb8-300e_humanart-6f3252f9", "rtmposev1/onnx_sdk")
POSE = NetworkFile("rtmw-dw-x-l_simcc-cocktail14_270e-256x192_20231122", "rtmw/onnx_sdk")


def find_networks(*, seconds: float, note: Callable[[str], None] = lambda message: None) -> tuple[Path, Path]:
    """The files of PEOPLE and POSE, downloaded within `seconds` where they are missing (0: never).

    Raises:
        BackendUnavailable: ONNX Runtime is missing, or one of the files is and can't be downloaded.
        WeightsError: a downloaded archive is damaged.
        ProcessingError: the folder can't be written, or the disk is full.
    """
    check_runtime()
    deadline = time.monotonic() + seconds
    for item in (PEOPLE, POSE):
        if item.path.is_file():
            continue
        if seconds <= 0:
            raise BackendUnavailable(f"{item.path} is missing: --keypoints rtm downloads it")
        if not has_network():
            raise _unavailable(item, "there is no network")
        with report_write_errors(item.path), exclusive_lock(item.path.with_suffix(".lock")):
            if not item.path.is_file():
                _fetch(item, deadline, note)
    return PEOPLE.path, POSE.path


def _unavailable(item: NetworkFile, reason: str) -> BackendUnavailable:
    url = f"{HOSTS[0]}/{item.folder}/{item.name}.zip"
    return BackendUnavailable(
        f"can't download a network of --keypoints rtm ({reason}): store {MEMBER} out of {url} as {item.path}, "
        "or use --keypoints mediapipe or bundled"
    )


def _fetch(item: NetworkFile, deadline: float, note: Callable[[str], None]) -> None:
    """Store one network from the first server that has it."""
    failures = []
    with temporary_folder(item.path) as folder:
        archive = folder / f"{item.name}.zip"
        for host in HOSTS:
            url = f"{host}/{item.folder}/{item.name}.zip"
            try:
                _download(url, archive, deadline, note)
                break
            except (OSError, HTTPException) as error:
                reason = error.reason if isinstance(error, URLError) else error
                failures.append(f"{host.split('/')[2]}: {getattr(reason, 'strerror', None) or reason}")
        else:
            raise _unavailable(item, "; ".join(failures))
        _unpack(archive, item.path, url)


def _download(url: str, path: Path, deadline: float, note: Callable[[str], None]) -> None:
    """Raises OSError or HTTPException: the server can't be reached or breaks off, or the time is up."""
    with urlopen(url, timeout=SILENCE_SECONDS) as answer, path.open("wb") as file:
        size = answer.headers.get("Content-Length")
        note(f"keypoints: downloading {url}" + (f" ({int(size) / 1e6:.0f} MB)" if size else ""))
        while chunk := answer.read(CHUNK):
            if time.monotonic() > deadline:
                raise TimeoutError("too slow")
            with report_write_errors(path):
                file.write(chunk)
        if size and file.tell() != int(size):
            raise ConnectionError("broke off")


def _unpack(archive: Path, target: Path, url: str) -> None:
    """Store the network of an archive under its name, when all of it is there."""
    try:
        with ZipFile(archive) as content:
            member = next(name for name in content.namelist() if Path(name).name == MEMBER)
            with (
                content.open(member) as source,
                atomic_output(target, overwrite=True) as temporary,
                temporary.open("wb") as file,
            ):
                shutil.copyfileobj(source, file, CHUNK)
    except (BadZipFile, zlib.error, EOFError, StopIteration) as error:
        raise WeightsError(f"{url} is no archive with {MEMBER} in it ({error or 'it is missing'}): try again") from None
