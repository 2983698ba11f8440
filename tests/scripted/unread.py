"""Whether the process at the other end of a loopback connection has read what was sent to it.

The kernel knows: the client's own row in `/proc/net/tcp` counts the octets that wait in its
receive queue.  That makes "in two segments, read one by one" something to ascertain instead of
something to hope for after a pause.  Where there is no such table, a pause has to do; whoever asks
how much is `queued` needs one.
"""

from __future__ import annotations

import socket
import time

_TABLES = {socket.AF_INET: "/proc/net/tcp", socket.AF_INET6: "/proc/net/tcp6"}
_PAUSE = 0.01
"""Seconds for a client to read, on a system that cannot tell whether it has."""
_POLL = 0.0005
_LIMIT = 2.0
"""Seconds after which a client is taken to be busy with something other than reading."""


def wait_until_read(sock: socket.socket) -> bool:
    """Wait until the peer of `sock` has taken everything that was sent to it.

    Returns:
        False when the peer still had not after two seconds, or has no open socket any more.
    """
    try:
        here, there = sock.getsockname()[1], sock.getpeername()[1]
    except OSError:  # the peer has reset the connection
        return False
    deadline = time.monotonic() + _LIMIT
    while time.monotonic() < deadline:
        try:
            queues = _queues(_TABLES[sock.family], local_port=there, remote_port=here)
        except FileNotFoundError:
            time.sleep(_PAUSE)
            return True
        if queues is None:
            return False
        if queues[1] == 0:
            return True
        time.sleep(_POLL)
    return False


def queued(sock: socket.socket) -> int:
    """Octets on their way to `sock`: in the sending queue of its peer and in its own to be read."""
    here, there = sock.getsockname()[1], sock.getpeername()[1]
    table = _TABLES[sock.family]
    sending, _ = _queues(table, local_port=there, remote_port=here) or (0, 0)
    _, received = _queues(table, local_port=here, remote_port=there) or (0, 0)
    return sending + received


def _queues(table: str, *, local_port: int, remote_port: int) -> tuple[int, int] | None:
    """Octets that wait to be taken by the peer, and to be read, in the socket of a local port."""
    local, remote = f":{local_port:04X}", f":{remote_port:04X}"
    with open(table, encoding="ascii") as rows:
        for row in rows:
            fields = row.split()
            if fields[1].endswith(local) and fields[2].endswith(remote):
                sending, _, received = fields[4].partition(":")
                return int(sending, 16), int(received, 16)
    return None
