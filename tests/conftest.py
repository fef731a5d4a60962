"""No test reads or writes the weights folder of whoever runs it, and few cut the same person out again."""

from collections.abc import Iterator

import pytest

from pipelines.generation import cutout
from tests.helpers.shared_cutouts import remember_cutouts


@pytest.fixture(scope="session", autouse=True)
def _own_weights_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GFLA_WEIGHTS", str(tmp_path_factory.mktemp("weights")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _shared_cutouts() -> Iterator[None]:
    """The same person in the same picture is cut out once per process of the tests: it takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cutout, "cut_out", remember_cutouts(cutout.cut_out))
        yield
