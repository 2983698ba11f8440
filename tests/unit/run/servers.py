"""Servers for the world of tests/unit/net/world.py, made of what they answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.unit.net.peer import Peer

    Answer: TypeAlias = str | Callable[[Peer], None] | None
    """A line; something to do; or None for the usual line."""

USUAL = {
    "GREETING": "220 mail.example",
    "HELO": "250 mail.example",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 go on",
    "BDAT": "250 2.0.0 octets",
    "END": "250 2.0.0 queued",
    "RSET": "250 2.0.0 ok",
    "QUIT": "221 2.0.0 bye",
}


def vanish(peer: Peer) -> None:
    """End the connection without a word."""
    peer.vanish()


def last_words(text: str) -> Callable[[Peer], None]:
    """Say that, and end the connection."""

    def say(peer: Peer) -> None:
        peer.say(text)
        peer.finish()

    return say


class Obedient:
    """A server that answers every command as usual, but for what a test says.

    Args:
        offers: the keywords of EHLO.
        answers: by verb (and GREETING, EHLO, END), what to answer in order of occurrence.

    Attributes:
        greeted: whether a connection is given to it with the greeting behind it.
        lines: the commands that it was given.
        contents: what it took.
    """

    def __init__(self, *offers: str, **answers: Sequence[Answer]) -> None:
        self._offers = offers
        self._answers = {verb: list(wanted) for verb, wanted in answers.items()}
        self._buffer = b""
        self._chunks = b""
        self.greeted = False
        self.lines: list[str] = []
        self.contents: list[bytes] = []

    @property
    def verbs(self) -> list[str]:
        """The first word of each command."""
        return [line.split()[0].partition(":")[0] for line in self.lines]

    def __call__(self, peer: Peer) -> Iterator[float]:
        """Serve a connection."""
        if not self.greeted:
            self._answer(peer, "GREETING")
        yield 0
        while peer.sock.fileno() >= 0 and not peer.ended:
            heard = peer.hear()
            self._buffer += heard
            while self._command(peer):
                pass
            yield 0 if heard else 1  # a second goes by where nobody says anything

    def _command(self, peer: Peer) -> bool:
        line, end, rest = self._buffer.partition(b"\r\n")
        if not end or peer.sock.fileno() < 0:
            return False
        words = line.decode().split()
        verb = words[0].upper()
        if verb == "BDAT":
            octets = int(words[1])
            if len(rest) < octets:
                return False
            self._chunks += rest[:octets]
            rest = rest[octets:]
            verb = "END" if len(words) > 2 else verb
        if self._in_data:
            content, end, rest = (b"\r\n" + self._buffer).partition(b"\r\n.\r\n")
            if not end:
                return False
            self._chunks = content[2:] + b"\r\n"
            verb = "END"
        else:
            self.lines.append(line.decode())
        self._buffer = rest
        if verb == "END":
            self.contents.append(self._chunks)
            self._chunks = b""
            self._in_data = False
        if self._answer(peer, verb) == USUAL["DATA"]:
            self._in_data = True
        return True

    _in_data = False

    def _answer(self, peer: Peer, verb: str) -> str:
        answers = self._answers.get(verb, [])
        answer = (answers.pop(0) if answers else None) or self._usual(verb)
        if not isinstance(answer, str):
            answer(peer)
            return ""
        for line in answer.split("\n"):
            peer.say(line)
        return answer

    def _usual(self, verb: str) -> str:
        if verb != "EHLO":
            return USUAL[verb]
        lines = ("mail.example", *self._offers)
        marks = ["-"] * len(self._offers) + [" "]
        return "\n".join(f"250{mark}{text}" for mark, text in zip(marks, lines, strict=True))


def refusing_tls(peer: Peer) -> Iterator[float]:
    """A server that offers STARTTLS, agrees, and then speaks no TLS."""
    peer.say("220 mail.example")
    yield 0
    peer.say("250-mail.example", "250 STARTTLS")
    yield 0
    peer.say("220 go on")
    yield 0
    peer.say("500 what is this?")
    yield 0
