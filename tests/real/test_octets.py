"""What arrives at real servers is, octet by octet, what the reference says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import reference
from tests.command import run_smtp
from tests.real.arrivals import arrived
from tests.real.messages import (
    ENVELOPE,
    RECIPIENT,
    RECIPIENTS_IN_HEADER,
    SENDER,
    new_mark,
    odd,
    ordinary,
    small,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command import Completed
    from tests.servers.farm import Server

BY = {"DATA": ["--no-chunking"], "BDAT": []}


@pytest.fixture
def mark() -> str:
    """What only this test's messages hold."""
    return new_mark()


def written(tmp_path: Path, contents: dict[str, bytes]) -> list[Path]:
    """The messages as files."""
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return [tmp_path / name for name in contents]


def assert_carried_by(done: Completed, verb: str, count: int) -> None:
    """Each message went by this command, and by no other."""
    sent = [line.split()[1] for line in done.stdout.splitlines() if line.startswith(" -> ")]
    assert [line for line in sent if line in BY] == [verb] * count, done.stdout


def assert_all_arrived(
    server: Server, contents: dict[str, bytes], *, count: int = 1, without_bcc: bool = False
) -> None:
    """Every message arrived, `count` times, as the reference says."""
    expected = reference.without_bcc if without_bcc else reference.normalised
    for mark, content in contents.items():
        assert arrived(server, mark, count) == [expected(content)] * count


@pytest.mark.parametrize("verb", BY)
def test_files_arrive_as_the_reference_says(
    server: Server, mark: str, verb: str, tmp_path: Path
) -> None:
    contents = ordinary(mark) | odd(mark)
    files = written(tmp_path, contents)
    done = run_smtp("-t", *BY[verb], "-s", server.address, *ENVELOPE, *files)
    assert done.code == 0, done
    assert_carried_by(done, verb, len(contents))
    assert_all_arrived(server, contents)


@pytest.mark.parametrize("verb", BY)
def test_standard_input_arrives_as_the_reference_says(server: Server, mark: str, verb: str) -> None:
    contents = ordinary(mark) | odd(mark)
    for content in contents.values():
        done = run_smtp("-t", *BY[verb], server.address, SENDER, RECIPIENT, stdin=content)
        assert done.code == 0, done
        assert_carried_by(done, verb, 1)
    assert_all_arrived(server, contents)


@pytest.mark.parametrize("verb", BY)
def test_bcc_is_all_that_from_header_takes_away(
    server: Server, mark: str, verb: str, tmp_path: Path
) -> None:
    contents = ordinary(mark) | odd(mark)
    files = written(tmp_path, contents)
    done = run_smtp("-t", *BY[verb], "-s", server.address, "-F", *files)
    assert done.code == 0, done
    assert_carried_by(done, verb, len(contents))
    assert_all_arrived(server, contents, count=RECIPIENTS_IN_HEADER, without_bcc=True)


@pytest.mark.parametrize("verb", BY)
def test_from_header_reads_standard_input(server: Server, mark: str, verb: str) -> None:
    done = run_smtp(*BY[verb], "-s", server.address, "-F", stdin=small(mark))
    assert done.code == 0, done
    assert_all_arrived(server, {mark: small(mark)}, count=RECIPIENTS_IN_HEADER, without_bcc=True)


@pytest.mark.parametrize("size", ["1", "7", "1000"])
def test_chunks_join_to_the_same_octets(
    server: Server, mark: str, size: str, tmp_path: Path
) -> None:
    contents = ordinary(mark) | odd(mark)
    files = written(tmp_path, contents)
    done = run_smtp("--chunk-size", size, "-s", server.address, *ENVELOPE, *files)
    assert done.code == 0, done
    assert_all_arrived(server, contents)


@pytest.mark.parametrize("verb", BY)
def test_a_received_field_is_put_in_front(server: Server, mark: str, verb: str) -> None:
    """It is one folded field before everything else, and what follows is unchanged."""
    done = run_smtp("-R", *BY[verb], "-s", server.address, *ENVELOPE, stdin=small(mark))
    assert done.code == 0, done
    (content,) = arrived(server, mark)
    received = content.removesuffix(reference.normalised(small(mark)))
    assert received != content
    first, *folded = received.removesuffix(b"\r\n").split(b"\r\n")
    assert first.startswith(b"Received: from ")
    assert all(line.startswith((b" ", b"\t")) for line in folded)
    assert b" by " in received.replace(b"\r\n\t", b" ").replace(b"\r\n ", b" ")
    assert RECIPIENT.encode() not in received


def test_one_command_at_a_time_where_pipelining_is_not_offered(
    opensmtpd: Server, mark: str, tmp_path: Path
) -> None:
    """OpenSMTPD closes on whoever pipelines.  It also removes Bcc, whoever sends it."""
    contents = ordinary(mark)
    files = written(tmp_path, contents)
    done = run_smtp("-t", "-s", opensmtpd.address, *ENVELOPE, *files)
    assert done.code == 0, done
    assert_carried_by(done, "DATA", len(contents))
    assert_all_arrived(opensmtpd, contents, without_bcc=True)


@pytest.mark.parametrize("name", ["smtp_sink", "aiosmtpd_store"])
def test_servers_without_chunking_get_data(
    request: pytest.FixtureRequest, name: str, mark: str, tmp_path: Path
) -> None:
    """smtp-sink offers PIPELINING, aiosmtpd does not."""
    server: Server = request.getfixturevalue(name)
    contents = ordinary(mark)
    files = written(tmp_path, contents)
    done = run_smtp("-t", "-s", server.address, *ENVELOPE, *files)
    assert done.code == 0, done
    assert_carried_by(done, "DATA", len(contents))
    assert_all_arrived(server, contents)


@pytest.mark.parametrize("ending", [b"", b"\r\n", b"\r\n.", b"\r\n.\r\n", b"\r\n\r\n"])
def test_raw_content_goes_as_it_is(aiosmtpd_store: Server, mark: str, ending: bytes) -> None:
    """Only the CRLF that the end of data begins with is added, where the content lacks it."""
    content = b"Subject: " + mark.encode() + b"\r\n\r\n.\r\n.. \xe9\r\nend" + ending
    done = run_smtp("-e", "-s", aiosmtpd_store.address, *ENVELOPE, stdin=content)
    assert done.code == 0, done
    assert arrived(aiosmtpd_store, mark) == [reference.terminated(content)]
