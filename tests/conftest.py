"""No test reads or writes the weights folder of whoever runs it."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _own_weights_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GFLA_WEIGHTS", str(tmp_path_factory.mktemp("weights")))
        yield
