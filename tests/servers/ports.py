"""Free ports on loopback, and whether a port is served."""

from __future__ import annotations

import random
import socket

from tests.servers.catalogue import Speaks

HOST = "127.0.0.1"

_RANGE = range(10_240, 32_768)
"""Below the kernel's ephemeral ports, so that no outgoing connection takes one meanwhile."""


def free_ports(count: int) -> list[int]:
    """Different ports that nobody uses now.

    They are only chosen, not held: whoever starts a server on one tries again with others if
    somebody was quicker.
    """
    chosen: list[int] = []
    # SystemRandom: pytest-randomly seeds the shared generator alike in every process.
    for port in random.SystemRandom().sample(_RANGE, len(_RANGE)):
        if not taken(port):
            chosen.append(port)
        if len(chosen) == count:
            break
    return chosen


def taken(port: int) -> bool:
    """Whether somebody listens on a port, or otherwise keeps a server from it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


def served(port: int, speaks: Speaks) -> bool:
    """Whether a server is ready on a port."""
    try:
        with socket.create_connection((HOST, port), timeout=5) as connection:
            if speaks is not Speaks.GREETING:
                return True
            greeting = connection.recv(3)
            connection.sendall(b"QUIT\r\n")
            while connection.recv(4096):
                pass
            return greeting == b"220"
    except OSError:
        return False
