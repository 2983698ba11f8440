"""Ways to cut content into chunks, and content worth cutting."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Transform(Protocol):
    """What the normaliser, the stuffer and the scanner have in common."""

    def feed(self, data: bytes | memoryview) -> bytes | memoryview: ...

    def finish(self) -> bytes: ...


def strings(alphabet: bytes, longest: int) -> Iterator[bytes]:
    """Every string over the octets of an alphabet, up to a length."""
    for length in range(longest + 1):
        yield from map(bytes, product(alphabet, repeat=length))


def cuts(content: bytes) -> Iterator[list[bytes | memoryview]]:
    """The content whole, octet by octet, and cut in two at every place, the ends included."""
    yield [content]
    yield [content[at : at + 1] for at in range(len(content))]
    for at in range(len(content) + 1):
        yield [content[:at], content[at:]]


def through(transform: Transform, chunks: Sequence[bytes | memoryview]) -> bytes:
    """What comes out when the chunks go in."""
    return b"".join([*map(transform.feed, chunks), transform.finish()])
