"""Finding parts of a certificate in its DER (ITU-T X.690), without a library that reads all of it.

What is looked for stands at a known place near the beginning of a sequence, so that each step takes
one element off the front.
"""

from __future__ import annotations

SEQUENCE, OBJECT_IDENTIFIER = 0x30, 0x06
CONTEXT_0 = 0xA0
"""The element numbered 0 of those that may be missing."""

_LONG_FORM = 0x80


def split(der: bytes, tag: int | None = None) -> tuple[bytes, bytes]:
    """Take the first element off.

    Args:
        der: one element or more.
        tag: what the first one has to be; None for anything.

    Returns:
        The content of the first element, and what follows it.

    Raises:
        ValueError: there is no whole element, or another one.
    """
    if len(der) < 2 or tag not in {None, der[0]}:
        raise ValueError("not the element that is looked for")
    length, start = der[1], 2
    if length == _LONG_FORM:  # BER, which OpenSSL reads too
        raise ValueError("an element does not say how long it is")
    if length > _LONG_FORM:  # so many octets of length follow
        start += length - _LONG_FORM
        length = int.from_bytes(der[2:start])
    end = start + length
    if end > len(der):
        raise ValueError("an element is cut off")
    return der[start:end], der[end:]
