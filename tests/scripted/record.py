"""What one connection to a scripted server was: every octet, in the order in which it passed.

A *turn* is what was received between two of the server's own writes.  The first turn is the
empty one before the greeting, so `len(turns)` is the number of times the server spoke: the number
of round trips a client took, counted and not timed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

_SHOWN = 160
"""How much of one read or write a transcript shows."""


@dataclass(slots=True)
class Connection:
    """One connection, filled in while it lasts and complete once its server has settled."""

    number: int
    """Its place among the server's connections, from 0."""
    scenario: str = ""
    """The sentence of the script that it was served by."""
    received: bytearray = field(default_factory=bytearray)
    """Every octet the client said, in plain text also when it came by TLS."""
    turns: list[bytes] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    """The command lines, without line ends and without the content of messages."""
    contents: list[bytes] = field(default_factory=list)
    """Every body that was read whole: with DATA dots undone, with BDAT as it came."""
    fin_sent: bool = False
    octets_after_fin: int = 0
    """What the client went on to write after this server ended its own side."""
    ended_by_client: bool = False
    """The client's FIN or reset was seen."""
    close_notify: bool = False
    """The client ended TLS by the book before it closed."""
    tls_version: str | None = None
    tls_resumed: bool = False
    """The handshake took up a session of another connection."""
    sni: str | None = None
    """The name that the client asked for."""
    client_certificate: bytes | None = None
    """What the client showed, in DER."""
    tls_failure: str | None = None
    """Why the handshake failed, where it did."""
    error: str | None = None
    """The expectation of the script that the client did not meet."""
    transcript: list[str] = field(default_factory=list)
    _turn: bytearray = field(default_factory=bytearray)

    @property
    def verbs(self) -> list[str]:
        """The first word of each command, in capitals."""
        return [line.split(" ")[0].partition(":")[0].upper() for line in self.commands]

    def heard(self, data: bytes) -> None:
        """The client said `data`."""
        self.received += data
        self._turn += data
        if self.fin_sent:
            self.octets_after_fin += len(data)
        self._note("C", data)

    def spoke(self, data: bytes) -> None:
        """The server is about to say `data`: what was heard before it is one turn."""
        if self._turn or not self.turns:
            self.turns.append(bytes(self._turn))
            self._turn.clear()
        self._note("S", data)

    def finished(self) -> None:
        """The connection is over: what was never answered is the last turn."""
        if self._turn:
            self.turns.append(bytes(self._turn))
            self._turn.clear()

    def note(self, text: str) -> None:
        """Put an event that is not octets into the transcript."""
        self.transcript.append(f"   ({text})")

    def _note(self, side: str, data: bytes) -> None:
        shown = repr(data[:_SHOWN])[1:]
        more = f" ... {len(data)} octets in all" if len(data) > _SHOWN else ""
        self.transcript.append(f"{side}: {shown}{more}")

    def __str__(self) -> str:
        head = f"connection {self.number}" + (f" ({self.scenario})" if self.scenario else "")
        tail = [f"!! {self.error}"] if self.error else []
        return "\n".join([head, *(f"  {line}" for line in (*self.transcript, *tail))])
