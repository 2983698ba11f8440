"""What becomes of a message, for every way to ask for TLS and every kind of server: the table.

The test of the matrix runs each cell; docs/trust.md shows the table, and a test holds it to this.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.scripted import ModelServer, ReadSome, Send, Stall, StartTLS, Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.scripted.model import Rule
    from tests.scripted.wire import Wire

CLEAR = "clear"
"""It went in the clear."""
AGAIN = "clear, by a new connection"
"""It went in the clear, by a connection made after the first one had failed."""
TLS = "TLS"
"""It went inside TLS, to a server that proved nothing."""
VERIFIED = "verified"
"""It went inside TLS, to a server that proved who it is."""
NO_TLS, LATER, BROKEN, UNPROVEN = "69", "75", "76", "77"
"""It did not go, and neither MAIL nor AUTH was said; the exit code."""

USER, PASSWORD = "me", "geheim-77"
"""Every server offers a login before TLS and inside it, and every message is to go behind one."""

ASKED = ("(nothing)", "-T", "-M", "-V", "-T -V", "-M -V", "--dane", "--mta-sts")
"""The columns.  With `--dane` the server has a TLSA record for its key, whatever its certificate;
with `--mta-sts` its domain has a policy that is to be enforced."""


@dataclass(frozen=True)
class NotTLS(Step):
    """What comes in place of the server's side of a handshake, once the client has begun it."""

    data: bytes

    def run(self, wire: Wire) -> None:
        ReadSome().run(wire)
        Send(self.data).run(wire)
        Stall().run(wire)
        wire.close()


@dataclass(frozen=True)
class Hang(Step):
    """Nothing comes."""

    def run(self, wire: Wire) -> None:
        Stall().run(wire)
        wire.close()


@dataclass(frozen=True)
class Kind:
    """A kind of server, and what becomes of a message there, column by column."""

    name: str
    cells: tuple[str, ...]
    offers: tuple[str, ...] = ("PIPELINING", "STARTTLS")
    replies: Mapping[str, Rule] | None = None
    starttls: Step | None = None
    certificate: str = "right"

    def server(self) -> ModelServer:
        """Start one."""
        return ModelServer(
            offers=(*self.offers, "AUTH PLAIN"),
            users={USER: PASSWORD},
            replies=self.replies,
            starttls=self.starttls or StartTLS(self.certificate),
        )


_STRIPPED = (CLEAR, CLEAR, NO_TLS, NO_TLS, CLEAR, NO_TLS, NO_TLS, NO_TLS)
_BROKEN = (CLEAR, AGAIN, LATER, LATER, LATER, LATER, LATER, LATER)
_WRONG = (CLEAR, TLS, TLS, UNPROVEN, UNPROVEN, UNPROVEN, VERIFIED, UNPROVEN)
_OLD = StartTLS(minimum=ssl.TLSVersion.TLSv1, maximum=ssl.TLSVersion.TLSv1)

KINDS = (
    Kind("no STARTTLS", _STRIPPED, offers=("PIPELINING",)),
    Kind(
        "STARTTLS answered with 454",
        (CLEAR, CLEAR, LATER, LATER, CLEAR, LATER, LATER, LATER),
        replies={"STARTTLS": "454 4.7.0 not now"},
    ),
    Kind("no TLS behind the 220", _BROKEN, starttls=NotTLS(b"250-what\r\n250 is this?\r\n")),
    Kind("silence behind the 220", _BROKEN, starttls=Hang()),
    Kind("an expired certificate", _WRONG, certificate="expired"),
    Kind("a self-signed certificate", _WRONG, certificate="self-signed"),
    Kind("a certificate for another name", _WRONG, certificate="wrong name"),
    Kind("the name as common name only", _WRONG, certificate="common name only"),
    Kind(
        "a right certificate",
        (CLEAR, TLS, TLS, VERIFIED, VERIFIED, VERIFIED, VERIFIED, VERIFIED),
    ),
    Kind("nothing newer than TLS 1.0", _BROKEN, starttls=_OLD),
    Kind("STARTTLS stripped on the way", _STRIPPED, offers=("PIPELINING", "XXXXXXXA")),
    Kind(
        "plain text forged behind the 220",
        (CLEAR, *[BROKEN] * 7),
        replies={"STARTTLS": Send("220 2.0.0 go ahead\n250 SIZE")},
    ),
    Kind(
        "EHLO refused inside TLS",
        (CLEAR, *[NO_TLS] * 7),
        replies={"EHLO": [None, "550 5.7.1 not you"]},
    ),
)


def table() -> str:
    """The matrix in Markdown."""
    rows = [("", *(f"`{asked}`" if asked.startswith("-") else asked for asked in ASKED))]
    rows += [(kind.name, *kind.cells) for kind in KINDS]
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *body]) + "\n"
