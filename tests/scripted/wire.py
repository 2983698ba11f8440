"""One accepted connection as octets: reads and writes in full control of segments, FIN and TLS.

Nothing here knows SMTP beyond "a line ends in LF".  TLS goes through memory BIOs, so that a script
can still half-close, reset, and write plain text where a record belongs.

Every wait has a limit, and every one is cut short when the server stops (it shuts the socket
down), so that a test that fails ends.
"""

from __future__ import annotations

import select
import socket
import ssl
import struct
from itertools import pairwise
from time import monotonic, sleep
from typing import TYPE_CHECKING

from tests.scripted.exporter import exported, key_log
from tests.scripted.unread import queued, wait_until_read

if TYPE_CHECKING:
    import threading

    from tests.scripted.record import Connection

_BLOCK = 1 << 16
_LIMIT = 60.0
"""Seconds that a client may be silent, or not read, before a script gives up on it."""
_POLL = 0.005
"""Seconds between two looks at what cannot be waited for."""
_GLUE = getattr(socket, "MSG_MORE", 0)
"""Holds a write back until the FIN that goes out in the same segment."""
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER, on and zero: closing sends RST."""


class Failure(Exception):
    """The client did not do what the script expects."""


class Gone(Exception):
    """The client is not there any more."""


class Wire:
    """One connection, recorded."""

    def __init__(self, sock: socket.socket, record: Connection, stopped: threading.Event) -> None:
        sock.settimeout(_LIMIT)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.record = record
        self.stopped = stopped
        """Set when the server stops: whoever waits for something other than the socket looks."""
        self._sock = sock
        self._buffer = bytearray()
        self._ended = False
        self._tls: ssl.SSLObject | None = None
        self._end_point = b""
        self._exporter = b""
        self._from_net = ssl.MemoryBIO()
        self._to_net = ssl.MemoryBIO()

    # -- reading ----------------------------------------------------------------------------------

    @property
    def buffered(self) -> bytes:
        """What was received and not yet taken."""
        return bytes(self._buffer)

    @property
    def ended(self) -> bool:
        """The client's end of the stream was seen."""
        return self._ended

    def fill(self) -> bool:
        """Wait for octets from the client.

        Returns:
            False when its end came instead.
        """
        while not self._ended:
            if self._keep(self._receive()):
                return True
        return False

    def quiet(self, seconds: float) -> bool:
        """Whether nothing is to be read, and nothing comes for as long as `seconds`."""
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        return not poll.poll(seconds * 1000)

    def take_line(self) -> bytes | None:
        """The next line with its LF from what is buffered, or None when it is not complete."""
        end = self._buffer.find(b"\n") + 1
        return self._take(end) if end else None

    def line(self) -> bytes:
        """The next line, with its line end."""
        while (line := self.take_line()) is None:
            self._more("a line")
        return line

    def octets(self, count: int) -> bytes:
        """Exactly the next `count` octets."""
        while len(self._buffer) < count:
            self._more(f"{count} octets")
        return self._take(count)

    def through(self, terminator: bytes, *, after: int = 0) -> bytes:
        """Everything up to and including `terminator`, which does not begin before `after`."""
        start = after
        while (found := self._buffer.find(terminator, start)) < 0:
            start = max(after, len(self._buffer) - len(terminator) + 1)
            self._more(repr(terminator))
        return self._take(found + len(terminator))

    def push_back(self, data: bytes) -> None:
        """Let `data` be what is read next."""
        self._buffer[:0] = data

    def drain(self) -> None:
        """Read until the client ends the connection, and drop what comes but for the record."""
        self._buffer.clear()
        while self.fill():
            self._buffer.clear()

    def wait_for_reset_or_fin(self) -> None:
        """Wait until the client has ended the connection, without reading what it says."""
        poll = select.poll()
        poll.register(self._sock, select.POLLRDHUP)
        poll.poll(_LIMIT * 1000)

    def wait_until_queued(self, octets: int) -> None:
        """Wait until the client has handed over so many octets that nobody has taken."""
        deadline = monotonic() + _LIMIT
        while len(self._buffer) + queued(self._sock) < octets:
            if monotonic() > deadline:
                raise Failure(f"the client did not hand over {octets} octets")
            sleep(_POLL)

    def _keep(self, plain: bytes) -> bool:
        if plain:
            self.record.heard(plain)
            self._buffer += plain
        return bool(plain)

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def _more(self, what: str) -> None:
        if not self.fill():
            raise Failure(f"the client ended the connection where {what} was due")

    def _receive(self) -> bytes:
        try:
            data = self._sock.recv(_BLOCK)
        except TimeoutError:
            raise Failure(f"the client was silent for {_LIMIT:.0f} seconds") from None
        except OSError:
            self.record.note("the client reset the connection")
            data = b""
        if not data:
            self._ended = True
            self.record.ended_by_client = not self.stopped.is_set()
        if self._tls is None:
            return data
        if data:
            self._from_net.write(data)
        else:
            self._from_net.write_eof()
        return self._decrypt(self._tls)

    def _decrypt(self, tls: ssl.SSLObject) -> bytes:
        plain = bytearray()
        try:
            while piece := tls.read(_BLOCK):
                plain += piece
            self.record.close_notify = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self.record.note(f"TLS: {error.reason}")
            self._ended = True
        return bytes(plain)

    # -- writing ----------------------------------------------------------------------------------

    def write(self, data: bytes, splits: tuple[int, ...] = ()) -> None:
        """Send `data`, cut at the offsets `splits`; each piece is read before the next goes out."""
        self.record.spoke(data)
        cuts = (0, *splits, len(data))
        for start, end in pairwise(cuts):
            self._send(self._encrypt(data[start:end]))
            if end < len(data):
                self.wait_until_read()

    def write_plain(self, data: bytes) -> None:
        """Send octets as they are, in the middle of TLS too."""
        self.record.spoke(data)
        self._send(data)

    def wait_until_read(self) -> None:
        """Wait until the client has read all that was sent."""
        wait_until_read(self._sock)

    def finish(self, data: bytes = b"") -> None:
        """End this side, with `data` and the FIN in one segment."""
        if data:
            self.record.spoke(data)
            self._send(self._encrypt(data), _GLUE)
        self.record.note("FIN")
        self.record.fin_sent = True
        try:
            self._sock.shutdown(socket.SHUT_WR)
        except OSError:
            raise Gone from None

    def reset(self) -> None:
        """Close with RST."""
        self.record.note("RST")
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.close()

    def close(self) -> None:
        """Let go of the socket."""
        self._ended = True
        self._sock.close()

    @property
    def closed(self) -> bool:
        """Whether this side has let go."""
        return self._sock.fileno() < 0

    def abort(self) -> None:
        """End both directions from another thread: whoever waits on the socket wakes up."""
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def _encrypt(self, data: bytes) -> bytes:
        if self._tls is None:
            return data
        self._tls.write(data)
        return self._to_net.read()

    def _send(self, data: bytes, flags: int = 0) -> None:
        try:
            self._sock.sendall(data, flags)
        except TimeoutError:
            raise Failure(f"the client did not read for {_LIMIT:.0f} seconds") from None
        except OSError:
            raise Gone from None

    # -- TLS --------------------------------------------------------------------------------------

    @property
    def bindings(self) -> dict[str, bytes]:
        """What a login can be bound to, by this end's own reckoning; nothing without TLS."""
        if self._tls is None:
            return {}
        if self._tls.version() != "TLSv1.3":
            return {"tls-unique": self._tls.get_channel_binding() or b""}
        return {"tls-exporter": self._exporter, "tls-server-end-point": self._end_point}

    def start_tls(self, context: ssl.SSLContext, end_point: bytes = b"") -> bool:
        """Shake hands as the server.

        Args:
            context: the server's side.
            end_point: the hash of its certificate (RFC 5929 section 4).

        Returns:
            False when the handshake failed; `record.tls_failure` says why.
        """
        context.set_servername_callback(self._named)
        tls = context.wrap_bio(self._from_net, self._to_net, server_side=True)
        self._from_net.write(bytes(self._buffer))
        self._buffer.clear()
        with key_log(context) as log:
            done = self._shake_hands(tls)
            self._exporter = exported(log)
        if not done:
            return False
        self._tls = tls
        self._end_point = end_point
        self.record.tls_version = tls.version()
        self.record.tls_resumed = bool(tls.session_reused)
        self.record.client_certificate = tls.getpeercert(binary_form=True)
        self.record.note(f"TLS: {tls.version()}")
        self._keep(self._decrypt(tls))  # what came in one segment with the end of the handshake
        return True

    def _shake_hands(self, tls: ssl.SSLObject) -> bool:
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                self._send(self._to_net.read())
                self._from_net.write(self._receive())
                if self._ended:
                    self._from_net.write_eof()
            except ssl.SSLError as error:
                self._send_alert()
                self.record.tls_failure = error.reason or str(error)
                self.record.note(f"TLS handshake failed: {self.record.tls_failure}")
                return False
            else:
                break
        self._send(self._to_net.read())
        return True

    def _named(self, _tls: object, name: str | None, _context: object) -> None:
        self.record.sni = name

    def _send_alert(self) -> None:
        try:
            self._send(self._to_net.read())
        except Gone:
            self.record.note("the client was gone before the alert")
