"""Whether an address answers, checked by `connection` and `cluster` before Ray waits for it."""

import socket

CONNECT_TIMEOUT = 2.0  # seconds


def is_reachable(host: str, port: int) -> bool:
    """Whether a TCP connection to the address succeeds within CONNECT_TIMEOUT."""
    try:
        socket.create_connection((host, port), CONNECT_TIMEOUT).close()
    except OSError:
        return False
    return True
