"""What it takes to have the octets of a message file, in system calls: they are what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.calls.strace import traced
from tests.scripted import ModelServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import Start

pytestmark = pytest.mark.usefixtures("strace")

OFFERS = pytest.mark.parametrize(
    "offers",
    [("PIPELINING", "SIZE"), ("PIPELINING", "SIZE", "CHUNKING")],
    ids=["DATA", "BDAT"],
)

SIMPLE = ["openat", "pread64", "close"]


@OFFERS
@pytest.mark.parametrize("octets", [10, 1000, 90_000])
def test_a_small_file_takes_three_calls(
    start: Start, tmp_path: Path, offers: tuple[str, ...], octets: int
) -> None:
    """But for the first in its directory, which is asked what it is."""
    server = start(ModelServer(offers=offers))
    files = [tmp_path / f"{number}.eml" for number in range(20)]
    for path in files:
        path.write_bytes(b"x" * octets + b"\n")
    calls = traced(tmp_path, "-s", server.address, "-f", "a@x", "-r", "b@y", *map(str, files))
    assert [calls.about(path) for path in files[1:]] == [SIMPLE] * 19
    assert len(calls.about(files[0])) == 4
    assert len(server.messages) == 20


def test_a_list_of_files_that_are_small_takes_no_more(start: Start, tmp_path: Path) -> None:
    server = start(ModelServer(offers=("PIPELINING",)))
    files = [tmp_path / f"{number}.eml" for number in range(20)]
    for path in files:
        path.write_bytes(b"one of many\n")
    names = tmp_path / "names"
    names.write_text("".join(f"{path}\n" for path in files), encoding="utf-8")
    calls = traced(
        tmp_path, "-s", server.address, "-f", "a@x", "-r", "b@y", "--files-from", str(names)
    )
    assert [calls.about(path) for path in files[1:]] == [SIMPLE] * 19
    assert calls.calls["setitimer"] < 19, "no alarm is set for a name that is there"


@pytest.mark.parametrize("options", [(), ("--no-chunking",), ("-t",)], ids=["BDAT", "DATA", "-t"])
def test_what_others_may_write_to_is_not_left_to_the_system_to_send(
    start: Start, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """It would go out as it is when the peer takes it, behind the last look at the file."""
    server = start(ModelServer(offers=("PIPELINING", "SIZE", "CHUNKING")))
    content = b"".join(b"%d\r\n.dotted\r\n" % number for number in range(150_000))
    path = tmp_path / "large.eml"
    path.write_bytes(content)
    calls = traced(
        tmp_path, *options, "-s", server.address, "-f", "a@x", "-r", "b@y", str(path)
    ).about(path)
    assert "sendfile" not in calls
    assert [message.content for message in server.messages] == [content]
