"""Messages larger than any buffer on the way, and larger than a server takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import reference
from tests.command import run_smtp
from tests.real.arrivals import arrived
from tests.real.messages import ENVELOPE, new_mark, small

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.farm import Server


LIMIT = 52_428_800
"""The SIZE that the servers offer."""

LINE = b".x" + b"y" * 57 + b"\r\n"
"""It begins with a dot; 61 octets, a prime number, meet the end of a buffer everywhere."""


def large(mark: str, octets: int) -> bytes:
    """A message of whole lines, a little larger than that, and already as it goes on the wire."""
    return reference.normalised(small(mark)) + LINE * (octets // len(LINE) + 1)


@pytest.mark.parametrize("by", ["--no-chunking", "--no-wait"], ids=["DATA", "BDAT"])
@pytest.mark.parametrize("source", ["file", "pipe"])
def test_twenty_megabytes_arrive(server: Server, by: str, source: str, tmp_path: Path) -> None:
    mark = new_mark()
    content = large(mark, 20_000_000)
    if source == "pipe":
        done = run_smtp(by, "-s", server.address, *ENVELOPE, stdin=content)
    else:
        (tmp_path / "large").write_bytes(content)
        done = run_smtp(by, "-s", server.address, *ENVELOPE, tmp_path / "large")
    assert done.code == 0, done
    (found,) = arrived(server, mark)
    # Not the two values themselves: a difference of 20 MB is nothing to print.
    assert len(found) == len(content)
    assert found == content, "the octets differ"


def test_a_message_over_the_limit_is_not_begun_and_the_next_one_goes(
    server: Server, tmp_path: Path
) -> None:
    mark = new_mark()
    (tmp_path / "large").write_bytes(large(mark, LIMIT))
    (tmp_path / "good").write_bytes(small(mark))
    done = run_smtp("-t", "-s", server.address, *ENVELOPE, "large", "good", cwd=tmp_path)
    assert done.code == 65, done
    assert str(LIMIT) in done.stderr
    assert done.stdout.count(" -> MAIL ") == 1
    assert arrived(server, mark) == [reference.normalised(small(mark))]
