"""Values between the processes of one run: each a frame on a stream socket.

Both ends are the same program, forked from one process, so a frame is a pickled value behind its
length; nothing of it ever comes from outside.
"""

from __future__ import annotations

import pickle
from struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LENGTH = Struct("!I")


def frame(value: object) -> bytes:
    """Return a value as it goes over the socket."""
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(data)) + data


class Frames:
    """Octets in, values out, whatever the fragmentation."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Any]:
        """Take what came; return the values that are whole by now."""
        buffer = self._buffer
        buffer += data
        values: list[Any] = []
        start = 0
        while len(buffer) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(buffer, start)
            end = start + _LENGTH.size + length
            if len(buffer) < end:
                break
            values.append(pickle.loads(buffer[start + _LENGTH.size : end]))  # noqa: S301 - our own
            start = end
        del buffer[:start]
        return values
