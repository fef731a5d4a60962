"""Whether there is a network at all, for whoever wants to download something."""

import socket
from urllib.request import getproxies

UNUSED_ADDRESS = ("192.0.2.1", 9)  # reserved for documentation, never assigned


def has_network() -> bool:
    """Whether this machine can reach others: it has a proxy, or a route to an outside address. Nothing is sent."""
    if getproxies():
        return True
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        return probe.connect_ex(UNUSED_ADDRESS) == 0
