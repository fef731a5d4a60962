"""Feature weights: found in torch's cache, fetched on request, never loaded when damaged."""

import hashlib
from pathlib import Path

import pytest

from models.errors import BackendUnavailable
from pipelines.evaluation.feature_networks import FeatureFile


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FeatureFile:
    """A file on a server that is a folder of this machine; torch's cache is empty."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    (tmp_path / "net.pth").write_bytes(b"weights")
    return FeatureFile("the net", (tmp_path / "net.pth").as_uri(), hashlib.sha256(b"weights").hexdigest()[:8])


def test_without_leave_nothing_is_fetched(published: FeatureFile) -> None:
    with pytest.raises(BackendUnavailable, match=r"needs the net: give --fetch, or save .*net.pth as .*checkpoints"):
        published.obtain(fetch=False)
    assert not published.path.exists()


def test_a_fetched_file_stays(published: FeatureFile) -> None:
    assert published.obtain(fetch=True).read_bytes() == b"weights"
    assert published.obtain(fetch=False) == published.path


def test_a_file_that_is_not_there_or_another_is_refused(published: FeatureFile, tmp_path: Path) -> None:
    (tmp_path / "net.pth").write_bytes(b"other")
    with pytest.raises(BackendUnavailable, match="can't be fetched"):
        published.obtain(fetch=True)
    (tmp_path / "net.pth").unlink()
    with pytest.raises(BackendUnavailable, match="can't be fetched"):
        published.obtain(fetch=True)
    assert not published.path.exists()


def test_a_damaged_file_is_refused(published: FeatureFile) -> None:
    published.obtain(fetch=True).write_bytes(b"weigh")
    with pytest.raises(BackendUnavailable, match="damaged: remove it"):
        published.obtain(fetch=True)
