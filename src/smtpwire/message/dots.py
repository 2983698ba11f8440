r"""Dot transparency, and the end of data (RFC 5321 section 4.5.2).

Rules
- A dot that begins a line is doubled.  A line begins at the start of the content and after CRLF,
  nowhere else: in raw content (`-e`) a bare LF or CR does not end a line, because to a server that
  keeps to RFC 5321 section 2.3.8 it does not either.
- What crosses the seam between two chunks is the last two octets sent, nothing more.
- The terminator belongs here and not to the protocol engine, because only whoever saw the last
  octets knows it: `.` CRLF after content that ends in CRLF, CRLF `.` CRLF after any other (section
  4.1.1.4 wants the CRLF of the last line and lets it begin the terminator).
"""

from __future__ import annotations

import re

_DOTTED_LINE = re.compile(rb"\r\n\.")

_DENSE = 256
"""Octets a dotted line, below which `replace` doubles dots sooner than a regular expression: it
takes long to find one, and no time for what it found."""

_END = b".\r\n"
_END_OF_OPEN_LINE = b"\r\n.\r\n"


def stuffed_whole(content: bytes, *, stuff: bool = True) -> tuple[bytes, bytes]:
    """Make a content transparent that is there from its beginning to its end.

    Args:
        content: all of it, with the line ends that will be sent.
        stuff: whether to double dots.

    Returns:
        The octets to send for it, `content` itself when there was nothing to double; and the rest
        of the end of data.
    """
    end = _END if not content or content.endswith(b"\r\n") else _END_OF_OPEN_LINE
    if stuff and b"." in content:
        content = _doubled(content)
        if content.startswith(b"."):
            content = b"." + content
    return content, end


def _doubled(octets: bytes) -> bytes:
    """Double the dots behind CRLFs; `octets` themselves when there are none."""
    most = len(octets) // _DENSE
    if most:
        doubled, count = _DOTTED_LINE.subn(b"\r\n..", octets, most)
        if count < most:
            return doubled if count else octets
    return octets.replace(b"\r\n.", b"\r\n..")


class DotStuffer:
    """Makes one message's content transparent, chunk by chunk.

    Args:
        stuff: whether to double dots; without it only the terminator is made.
    """

    __slots__ = ("_before", "_stuff")

    def __init__(self, *, stuff: bool = True) -> None:
        self._stuff = stuff
        self._before = b"\r\n"  # the start of the content is the start of a line

    def feed(self, data: bytes | memoryview) -> bytes | memoryview:
        """Double the dots in the next octets; follow with more of them, or with `finish`.

        Args:
            data: any number of octets, with the line ends that will be sent.

        Returns:
            What to send for them; `data` itself when there was nothing to double.
        """
        octets = data if isinstance(data, bytes) else bytes(data)
        seam = (self._before + octets[:2]).find(b"\r\n.")
        self._before = (self._before + octets[-2:])[-2:]
        # One octet is looked for at memory speed, and much of what is large (base64) has no dot.
        if not self._stuff or b"." not in octets:
            return data
        stuffed = _doubled(octets)
        if seam >= 0:  # the dot that follows on octets of the chunk before; at 0 or 1 here
            stuffed = stuffed[:seam] + b"." + stuffed[seam:]
        elif stuffed is octets:
            return data
        return stuffed

    def finish(self) -> bytes:
        """End the content.

        Returns:
            The rest of the end of data: `.` CRLF, behind a CRLF where the content lacks it.
        """
        return _END if self._before == b"\r\n" else _END_OF_OPEN_LINE
