"""What can't be connected to is refused in one line, at once."""

import socket
import sys

import pytest

from models.errors import BackendUnavailable
from pipelines.batch.executors.ray.connection import connect


def refusal(address: str | None) -> str:
    with pytest.raises(BackendUnavailable) as caught, connect(address):
        pass
    return str(caught.value)


def test_without_ray_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert refusal(None) == "--executor ray needs the package ray: pip install '.[ray]' in a checkout of gfla"


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("ray://head:10001", "Ray Client is not supported"),
        ("head", "must be HOST:PORT"),
        (":6379", "must be HOST:PORT"),
    ],
)
def test_an_address_of_another_form_is_refused(address: str, reason: str) -> None:
    assert reason in refusal(address)


def test_an_address_that_does_not_answer_is_refused_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        assert refusal(address).startswith(f"no Ray cluster answers at {address}: ")
