"""Line ends: any of CRLF, LF and bare CR becomes CRLF (RFC 5321 section 2.3.8).

Rules
- CR LF is one line end, CR without LF behind it another, LF without CR before it a third; nothing
  else is (VT, FF, NEL and U+2028 are not: this works on octets).
- The result does not depend on where the content is cut into chunks.  A CR at the end of a chunk
  may be half of a CRLF, so it goes out as it came and its LF is owed: the next chunk brings it, or
  it is put in.  Nothing is held back, and clean content is never copied.
- No Python code runs per line.  One octet is deleted or replaced at several GB/s, so: delete every
  CR, write CR LF for every LF, and compare with what there was.  Equal means that it was clean.
  Only a bare CR can make the result wrong, and then there are more CRs than CRLFs.
- Where that is in vain it is not tried again: behind a chunk with bare CRs among LFs the next one
  is taken for such a chunk too, until one is not.
"""

from __future__ import annotations

_CR = 13
_LF = 10


class Normaliser:
    """Makes the line ends of one message CRLF, chunk by chunk.

    Attributes:
        changed: whether what came out so far differs from what went in.
    """

    __slots__ = ("_last", "_mixed", "changed")

    def __init__(self) -> None:
        self.changed = False
        self._mixed = False
        self._last = _LF  # as if behind a line end: content without octets has no open line

    def feed(self, data: bytes | memoryview) -> bytes | memoryview:
        """Convert the next octets; follow with more of them, or with `finish`.

        Args:
            data: any number of octets.

        Returns:
            What to send for them; `data` itself when there was nothing to change.
        """
        if not data:
            return data
        octets = data if isinstance(data, bytes) else bytes(data)
        lf_owed = self._last == _CR
        lf_comes = lf_owed and octets[0] == _LF
        ends_in_cr = octets[-1] == _CR
        self._last = octets[-1]
        inner = octets[lf_comes : len(octets) - ends_in_cr]
        clean = self._convert(inner)
        if clean is inner and lf_comes == lf_owed:
            return data
        self.changed = True
        return b"\n" * lf_owed + clean + b"\r" * ends_in_cr

    def skip(self, data: bytes | memoryview) -> None:
        """Take the next octets for clean, whoever knows that; they go out as they are."""
        if data:
            self._last = data[-1]

    def finish(self) -> bytes:
        """End the content.

        Returns:
            What the last line lacks of its CRLF: nothing, the LF, or both.
        """
        if self._last == _LF:
            return b""
        self.changed = True
        return b"\n" if self._last == _CR else b"\r\n"

    def _convert(self, octets: bytes) -> bytes:
        """Convert octets that begin behind no CR and do not end in one; themselves when clean."""
        converted = None if self._mixed else _crlf(octets)
        if converted is None:
            converted, self._mixed = _crlf_of_any(octets)
        return converted


def normalised(content: bytes) -> bytes:
    """Convert a whole content, the end of its last line included; itself when it is clean."""
    if content and content[-1] != _LF:
        content += b"\n" if content[-1] == _CR else b"\r\n"
    converted = _crlf(content)
    return _crlf_of_any(content)[0] if converted is None else converted


def _crlf(octets: bytes) -> bytes | None:
    """Convert what has only one kind of bare line ends; None when that does not seem to be so."""
    without_cr = octets.replace(b"\r", b"")
    expanded = without_cr.replace(b"\n", b"\r\n")
    if expanded == octets:
        return octets
    deleted = len(octets) - len(without_cr)
    if deleted and len(expanded) == len(without_cr):
        return octets.replace(b"\r", b"\r\n")
    # Pairs are slow to count, and where there was no CR at all there is none to look for.
    if not deleted or deleted == octets.count(b"\r\n"):
        return expanded
    return None


def _crlf_of_any(octets: bytes) -> tuple[bytes, bool]:
    """Convert octets, and say whether there was a bare CR; themselves when clean."""
    paired = octets.replace(b"\r\n", b"\n")
    converted = paired.replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    return (octets if converted == octets else converted), b"\r" in paired
