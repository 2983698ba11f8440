"""What a script is made of: one small value a step, each of which does one thing to a connection.

    Script(
        "greets with 421 and leaves the connection open",
        Send("421 busy"),
        ExpectEnd(),
    )

Text given to a step as `str` is lines: it gets its CRLFs.  `bytes` go out as they are.
"""

from __future__ import annotations

import re
import ssl
import threading
from dataclasses import dataclass, field

from tests.scripted.certificates import end_point, server_context
from tests.scripted.wire import Failure, Gone, Wire

_MEGABYTE = 1 << 20
_POLL = 0.05
"""Seconds between two looks at whether the server was stopped."""


def octets(text: str | bytes) -> bytes:
    """The octets of `text`: bytes as they are, each line of a str with its CRLF."""
    if isinstance(text, bytes):
        return text
    return b"".join(line.encode() + b"\r\n" for line in text.split("\n"))


def multiline(*lines: str) -> str:
    """Give `lines`, each with its code (`"250 SIZE 10"`), the hyphens of a multiline reply."""
    *first, last = lines
    return "\n".join([*(f"{line[:3]}-{line[4:]}" for line in first), last])


class Step:
    """One thing to do to a connection."""

    __slots__ = ()

    def run(self, wire: Wire) -> None:
        """Do it.

        Raises:
            Failure: the client did something else than the step expects.
            Gone: the client is not there any more.
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Send(Step):
    """Send `text`, cut at the offsets `at` or into pieces of `each`; each piece is read alone."""

    text: str | bytes
    at: tuple[int, ...] = ()
    each: int = 0

    def run(self, wire: Wire) -> None:
        data = octets(self.text)
        wire.write(data, tuple(range(self.each, len(data), self.each)) if self.each else self.at)


@dataclass(frozen=True, slots=True)
class SendPlain(Step):
    """Send `data` past TLS, as it is."""

    data: bytes

    def run(self, wire: Wire) -> None:
        wire.write_plain(self.data)


@dataclass(frozen=True, slots=True)
class Drip(Step):
    """Send `text` again and again, every `every` seconds, until the client leaves."""

    text: str | bytes
    every: float = 0.05

    def run(self, wire: Wire) -> None:
        try:
            while not wire.stopped.wait(self.every):
                wire.write(octets(self.text))
        except Gone:
            wire.record.note("the client left")


@dataclass(frozen=True, slots=True)
class Flood(Step):
    """Send `unit` again and again until `megabytes` are out or the client leaves."""

    unit: bytes
    megabytes: int

    def run(self, wire: Wire) -> None:
        block = self.unit * (_MEGABYTE // len(self.unit))
        wire.record.note(f"a flood of up to {self.megabytes} MB of {self.unit[:20]!r}")
        try:
            for _ in range(self.megabytes):
                wire.write(block)
        except Gone:
            wire.record.note("the client left the flood")


@dataclass(frozen=True, slots=True)
class Expect(Step):
    """Read a line that begins with the text `what` in either case, or matches the pattern whole."""

    what: str | re.Pattern[str]

    def run(self, wire: Wire) -> None:
        line = wire.line()
        text = line.removesuffix(b"\r\n").decode("utf-8", "backslashreplace")
        wire.record.commands.append(text)
        if not line.endswith(b"\r\n"):
            raise Failure(f"the line {line!r} does not end in CRLF")
        if isinstance(self.what, str):
            met = text.upper().startswith(self.what.upper())
        else:
            met = self.what.fullmatch(text) is not None
        if not met:
            wanted = self.what if isinstance(self.what, str) else self.what.pattern
            raise Failure(f"expected {wanted!r}, received {text!r}")


@dataclass(frozen=True, slots=True)
class ReadLine(Step):
    """Read one line, whatever it says."""

    def run(self, wire: Wire) -> None:
        Expect("").run(wire)


@dataclass(frozen=True, slots=True)
class ReadOctets(Step):
    """Read exactly `count` octets, whatever they are."""

    count: int

    def run(self, wire: Wire) -> None:
        wire.octets(self.count)


@dataclass(frozen=True, slots=True)
class ReadSome(Step):
    """Wait for something, and take all that has come, whatever it is."""

    def run(self, wire: Wire) -> None:
        if not wire.fill():
            raise Failure("the client ended the connection where something was due")
        wire.octets(len(wire.buffered))


@dataclass(frozen=True, slots=True)
class ReadData(Step):
    """Read the content of DATA up to its final dot."""

    def run(self, wire: Wire) -> None:
        wire.record.contents.append(read_data(wire))


@dataclass(frozen=True, slots=True)
class ReadBdat(Step):
    """Read one BDAT command and exactly the octets that it announces."""

    def run(self, wire: Wire) -> None:
        line = wire.line()
        wire.record.commands.append(line.decode("ascii", "backslashreplace").rstrip("\r\n"))
        form = re.fullmatch(rb"BDAT ([0-9]+)(?: LAST)?\r\n", line, re.IGNORECASE)
        if form is None:
            raise Failure(f"expected BDAT, received {line!r}")
        wire.record.contents.append(wire.octets(int(form[1])))


@dataclass(frozen=True, slots=True)
class ExpectEnd(Step):
    """Say nothing more; the client has to end the connection without another octet."""

    def run(self, wire: Wire) -> None:
        if wire.buffered or wire.fill():
            raise Failure(f"expected the end of the connection, received {wire.buffered!r}")


@dataclass(frozen=True, slots=True)
class Stall(Step):
    """Say nothing more, and read whatever comes until the client ends the connection."""

    def run(self, wire: Wire) -> None:
        wire.drain()


@dataclass(frozen=True, slots=True)
class StopReading(Step):
    """Neither read nor write any more, until the client ends the connection."""

    def run(self, wire: Wire) -> None:
        wire.wait_for_reset_or_fin()
        wire.close()


@dataclass(frozen=True, slots=True)
class Hold(Step):
    """Set `reached`, then wait until the test sets `release`."""

    release: threading.Event
    reached: threading.Event = field(default_factory=threading.Event)

    def run(self, wire: Wire) -> None:
        self.reached.set()
        while not (self.release.wait(_POLL) or wire.stopped.is_set()):
            pass


@dataclass(frozen=True, slots=True)
class Close(Step):
    """Send `text` and FIN in one segment, then listen: not one octet may come after it.

    Only `crossing` allows for octets that the client had sent before it could know.
    """

    text: str | bytes = b""
    crossing: bool = False

    def run(self, wire: Wire) -> None:
        before = len(wire.buffered)
        wire.finish(octets(self.text))
        wire.drain()
        if (late := wire.record.octets_after_fin) and not self.crossing:
            raise Failure(f"{late} octets came after the FIN")
        if before:
            wire.record.note(f"{before} octets were there before the FIN and were not served")
        wire.close()


@dataclass(frozen=True, slots=True)
class HalfClose(Step):
    """End this side and go on with the script, which can still read."""

    def run(self, wire: Wire) -> None:
        wire.finish()


@dataclass(frozen=True, slots=True)
class Reset(Step):
    """Send `text`, see that the client has read it, and close with RST."""

    text: str | bytes = b""

    def run(self, wire: Wire) -> None:
        if self.text:
            wire.write(octets(self.text))
            wire.wait_until_read()
        wire.reset()


@dataclass(frozen=True, slots=True)
class StartTLS(Step):
    """Shake hands, now; as the first step of a script it is TLS on connect."""

    certificate: str = "right"
    minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    maximum: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED
    ask: bool = False
    """The client has to show a certificate."""

    def run(self, wire: Wire) -> None:
        if wire.buffered:
            raise Failure(f"{wire.buffered!r} came behind STARTTLS")
        context = server_context(self.certificate, self.minimum, self.maximum, ask=self.ask)
        if not wire.start_tls(context, end_point(self.certificate)):
            wire.close()


def read_data(wire: Wire) -> bytes:
    """Read the content of DATA up to its final dot, and undo the doubled ones.

    RFC 5321 section 4.5.2: a line that begins with a dot comes with one more.

    Raises:
        Failure: a line begins with a single dot and is not the end.
    """
    wire.push_back(b"\r\n")  # the end of the line before counts as what the dot has to follow
    stuffed = wire.through(b"\r\n.\r\n").removesuffix(b".\r\n")
    if lonely := re.search(rb"\r\n\.(?!\.)[^\r]*", stuffed):
        raise Failure(f"the line {lonely[0][2:]!r} has a dot that is not doubled")
    return stuffed.replace(b"\r\n.", b"\r\n")[2:]
