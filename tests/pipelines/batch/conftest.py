"""Small inputs, made once."""

import pytest

from tests.helpers.small_batches import BatchInputs, write_batch_inputs


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> BatchInputs:
    return write_batch_inputs(tmp_path_factory.mktemp("inputs"))
