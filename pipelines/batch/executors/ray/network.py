"""Whether somebody listens at an address."""

import socket

PATIENCE = 2.0  # seconds


def is_reachable(host: str, port: int) -> bool:
    """Whether a connection can be made, within moments."""
    try:
        socket.create_connection((host, port), PATIENCE).close()
    except OSError:
        return False
    return True
