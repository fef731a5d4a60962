"""What can't be connected to is told in one line, at once."""

import socket
import sys

import pytest

from models.errors import BackendUnavailable
from pipelines.batch.executors.ray.connection import connected


def refusal(address: str | None) -> str:
    with pytest.raises(BackendUnavailable) as caught, connected(address):
        pass
    return str(caught.value)


def test_without_ray_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert refusal(None) == "--executor ray needs the package ray: pip install 'gfla[ray]'"


@pytest.mark.parametrize(
    ("address", "reason"),
    [("ray://head:10001", "Ray Client is not supported"), ("head", "is not HOST:PORT"), (":6379", "is not HOST:PORT")],
)
def test_an_address_that_is_none_is_refused(address: str, reason: str) -> None:
    assert reason in refusal(address)


def test_where_nobody_answers_there_is_no_waiting() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        assert refusal(address).startswith(f"no Ray cluster answers at {address}: ")
