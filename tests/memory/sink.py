"""A server that takes mail as fast as it comes and keeps none of it; a program of its own.

    python sink.py [--close-behind WORD] [KEYWORD ...]

The keywords are what EHLO offers.  With --close-behind it ends each connection behind one message:
with "421" it says so, with "FIN" it does not.  It writes its port on the first line of standard
output and there, for each message taken, how many octets it had, one line each; it ends with its
standard input.  It trusts its client: what is tested is somewhere else.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import threading

BLOCK = 1 << 20
END = b"\r\n.\r\n"


class Client:
    """One connection."""

    def __init__(self, sock: socket.socket, offers: list[str], close_behind: str) -> None:
        self._sock = sock
        self._offers = offers
        self._close_behind = close_behind
        self._buffer = b""
        self._answers: list[bytes] = []

    def serve(self) -> None:
        """Serve it to its end."""
        self._answers.append(b"220 sink")
        chunks = 0
        taken = False
        while (line := self._line()) is not None:
            verb, _, argument = line.partition(b" ")
            answer = b"250 ok"
            if verb == b"EHLO":
                answer = b"\r\n".join(
                    [b"250-sink", *(b"250-" + word.encode() for word in self._offers), b"250 HELP"]
                )
            elif verb == b"DATA":
                self._answers.append(b"354 go ahead")
                tell(self._skip_data())
                taken = True
            elif verb == b"BDAT":
                octets, _, last = argument.partition(b" ")
                self._skip(int(octets))
                chunks += int(octets)
                if last:
                    tell(chunks)
                    chunks = 0
                    taken = True
            elif verb == b"QUIT":
                answer = b"221 bye"
            self._answers.append(answer)
            if taken and self._close_behind:
                if self._close_behind != "FIN":
                    self._answers.append(f"{self._close_behind} enough".encode())
                self._leave()
                return
            if verb == b"QUIT":
                break
        self._flush()

    def _leave(self) -> None:
        """End this side, and read what was on its way, or the close would be a reset."""
        self._flush()
        self._sock.shutdown(socket.SHUT_WR)
        while self._sock.recv(BLOCK):
            pass

    def _flush(self) -> None:
        if self._answers:
            self._sock.sendall(b"".join(answer + b"\r\n" for answer in self._answers))
            self._answers.clear()

    def _more(self) -> bool:
        """Put what comes next behind the buffer; the answers go out before it is waited for."""
        self._flush()
        data = self._sock.recv(BLOCK)
        self._buffer += data
        return bool(data)

    def _line(self) -> bytes | None:
        while b"\r\n" not in self._buffer:
            if not self._more():
                return None
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line

    def _skip(self, octets: int) -> None:
        while len(self._buffer) < octets:
            octets -= len(self._buffer)
            self._buffer = b""
            if not self._more():
                raise EOFError
        self._buffer = self._buffer[octets:]

    def _skip_data(self) -> int:
        """Drop a content up to its final dot; how many octets it had, doubled dots counted."""
        octets = 0
        self._buffer = b"\r\n" + self._buffer  # the end of the line before belongs to the dot
        while (end := self._buffer.find(END)) < 0:
            spare = max(0, len(self._buffer) - len(END) + 1)
            octets += spare
            self._buffer = self._buffer[spare:]
            if not self._more():
                raise EOFError
        self._buffer = self._buffer[end + len(END) :]
        return octets + end


def tell(octets: int) -> None:
    """Write a line in one piece: several connections do."""
    os.write(1, b"%d\n" % octets)


def serve(sock: socket.socket, offers: list[str], close_behind: str) -> None:
    """Serve a connection to its end."""
    with sock:
        Client(sock, offers, close_behind).serve()


def main() -> None:
    """Serve every connection until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--close-behind", default="")
    parser.add_argument("offers", nargs="*")
    arguments = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)

    def leave() -> None:
        sys.stdin.buffer.read()
        os._exit(0)

    threading.Thread(target=leave, daemon=True).start()
    while True:
        sock, _ = listener.accept()
        given = (sock, arguments.offers, arguments.close_behind)
        threading.Thread(target=serve, args=given, daemon=True).start()


if __name__ == "__main__":
    main()
