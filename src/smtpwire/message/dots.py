r"""Dot transparency, and the end of data (RFC 5321 section 4.5.2).

Rules
- A dot that begins a line is doubled.  A line begins at the start of the content and after CRLF,
  nowhere else: in raw content (`-e`) a bare LF or CR does not end a line, because to a server that
  keeps to RFC 5321 section 2.3.8 it does not either.
- What crosses the seam between two chunks is the last two octets sent, nothing more.
- What costs most is to look for a line end with a dot behind it, so dots alone are looked for while
  they are far apart; and what costs next is to copy, so where few dots are doubled what is between
  them is copied once.  Where that was in vain it is not tried with the next chunk.
- The terminator belongs here and not to the protocol engine, because only whoever saw the last
  octets knows it: `.` CRLF after content that ends in CRLF, CRLF `.` CRLF after any other (section
  4.1.1.4 wants the CRLF of the last line and lets it begin the terminator).
"""

from __future__ import annotations

import re
from itertools import islice

_DOTTED_LINE = re.compile(rb"\r\n\.")

_DENSE = 256
"""Octets a dotted line, below which `replace` doubles dots sooner than a regular expression: it
takes long to find one, and no time for what it found."""

_FAR = 4096
"""Octets a dot, on average, above which one dot after the other is looked at."""

_FEW = 16
"""Dots to double in a chunk, below which the octets between them are copied one by one."""

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
        content, _ = _doubled(content)
        if content.startswith(b"."):
            content = b"." + content
    return content, end


def _doubled(octets: bytes) -> tuple[bytes, bool]:
    """Double the dots behind CRLFs; `octets` themselves when there are none.

    Returns:
        The octets; and whether the dots were few.
    """
    most = len(octets) // _DENSE
    if most:
        doubled, count = _DOTTED_LINE.subn(b"\r\n..", octets, most)
        if count < most:
            return doubled if count else octets, count < _FEW
    return octets.replace(b"\r\n.", b"\r\n.."), False


def _few_dots(octets: bytes) -> list[int] | None:
    """Where the dots behind CRLFs are; None when they are not few."""
    found: list[int] = []
    looks = 0
    dot = octets.find(b".")
    while dot >= looks * _FAR:
        looks += 1
        if octets[max(dot - 2, 0) : dot] == b"\r\n":
            found.append(dot)
        dot = octets.find(b".", dot + 1)
    if dot >= 0:
        lines = islice(_DOTTED_LINE.finditer(octets, max(dot - 2, 0)), _FEW)
        found += [line.end() - 1 for line in lines]
    return found if len(found) < _FEW else None


def _doubled_at(octets: bytes, dots: list[int]) -> bytes:
    """Double the dots that are there."""
    view = memoryview(octets)
    begins = [0, *dots]
    ends = [*dots, len(octets)]
    return b".".join([view[begin:end] for begin, end in zip(begins, ends, strict=True)])


class DotStuffer:
    """Makes one message's content transparent, chunk by chunk.

    Args:
        stuff: whether to double dots; without it only the terminator is made.
    """

    __slots__ = ("_before", "_few", "_stuff")

    def __init__(self, *, stuff: bool = True) -> None:
        self._stuff = stuff
        self._few = True
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
        dots = _few_dots(octets) if self._few else None
        if dots is not None:
            if seam >= 0:  # the dot that follows on octets of the chunk before; at 0 or 1 here
                dots.insert(0, seam)
            return _doubled_at(octets, dots) if dots else data
        stuffed, self._few = _doubled(octets)
        if seam >= 0:
            return stuffed[:seam] + b"." + stuffed[seam:]
        return data if stuffed is octets else stuffed

    def finish(self) -> bytes:
        """End the content.

        Returns:
            The rest of the end of data: `.` CRLF, behind a CRLF where the content lacks it.
        """
        return _END if self._before == b"\r\n" else _END_OF_OPEN_LINE
