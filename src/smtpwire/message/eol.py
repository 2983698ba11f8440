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
"""

from __future__ import annotations

_CR = 13
_LF = 10


class Normaliser:
    """Makes the line ends of one message CRLF, chunk by chunk.

    Attributes:
        changed: whether what came out so far differs from what went in.
    """

    __slots__ = ("_last", "changed")

    def __init__(self) -> None:
        self.changed = False
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
        clean = _crlf(inner)
        if clean is inner and lf_comes == lf_owed:
            return data
        self.changed = True
        return b"\n" * lf_owed + clean + b"\r" * ends_in_cr

    def finish(self) -> bytes:
        """End the content.

        Returns:
            What the last line lacks of its CRLF: nothing, the LF, or both.
        """
        if self._last == _LF:
            return b""
        self.changed = True
        return b"\n" if self._last == _CR else b"\r\n"


def _crlf(octets: bytes) -> bytes:
    """Convert octets that begin behind no CR and do not end in one; themselves when clean."""
    without_cr = octets.replace(b"\r", b"")
    expanded = without_cr.replace(b"\n", b"\r\n")
    if expanded == octets:
        return octets
    deleted = len(octets) - len(without_cr)
    # Pairs are slow to count, and where there was no CR at all there is none to look for.
    if not deleted or deleted == octets.count(b"\r\n"):
        return expanded
    return octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
