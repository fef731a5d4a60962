"""Cases of the golden files of data, `data_*.safetensors`, as parameters of a test."""

import pytest
from safetensors import safe_open

from tests.helpers.golden import FOLDER


def data_cases(case: str) -> list:
    """The tensors of one case by name, one parameter for each file that has it."""
    found = []
    for path in sorted(FOLDER.glob("data*.safetensors")):
        with safe_open(path, "pt") as file:
            tensors = {key.split("/")[1]: file.get_tensor(key) for key in file.keys() if key.split("/")[0] == case}  # noqa: SIM118
        found += [pytest.param(tensors, id=path.stem)] if tensors else []
    return found
