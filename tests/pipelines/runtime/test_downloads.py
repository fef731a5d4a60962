"""Published files: found in torch's cache, downloaded on request, refused when damaged."""

import hashlib
from pathlib import Path

import pytest

from models.errors import BackendUnavailable
from pipelines.runtime.downloads import PublishedFile


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PublishedFile:
    """A file on a server that is a folder of this machine; torch's cache is empty."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    (tmp_path / "net.pth").write_bytes(b"weights")
    return PublishedFile("the net", (tmp_path / "net.pth").as_uri(), hashlib.sha256(b"weights").hexdigest()[:8])


def test_nothing_is_downloaded_without_permission(published: PublishedFile) -> None:
    with pytest.raises(BackendUnavailable, match=r"needs the net: pass --fetch, or save .*net.pth as .*checkpoints"):
        published.obtain(fetch=False)
    assert not published.path.exists()


def test_a_downloaded_file_stays(published: PublishedFile) -> None:
    assert published.obtain(fetch=True).read_bytes() == b"weights"
    assert published.obtain(fetch=False) == published.path


def test_a_download_that_is_missing_or_another_file_is_refused(published: PublishedFile, tmp_path: Path) -> None:
    (tmp_path / "net.pth").write_bytes(b"other")
    with pytest.raises(BackendUnavailable, match="can't be downloaded"):
        published.obtain(fetch=True)
    (tmp_path / "net.pth").unlink()
    with pytest.raises(BackendUnavailable, match="can't be downloaded"):
        published.obtain(fetch=True)
    assert not published.path.exists()


def test_a_damaged_file_is_refused(published: PublishedFile) -> None:
    published.obtain(fetch=True).write_bytes(b"weigh")
    with pytest.raises(BackendUnavailable, match="damaged: remove it"):
        published.obtain(fetch=True)
