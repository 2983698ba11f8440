"""What real servers refuse, and what becomes of everything else in the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import reference
from tests.command import run_smtp
from tests.real.arrivals import arrived
from tests.real.messages import RECIPIENT, SENDER, new_mark, small

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.farm import Server

REFUSED = "reject@example.test"
DEFERRED = "defer@example.test"

REFUSED_BY_HEADER = b"From: alice@example.test\nTo: reject@example.test\nSubject: %b\n\nNo.\n"
MIXED_BY_HEADER = (
    b"From: alice@example.test\nTo: bob@example.test, reject@example.test\nSubject: %b\n\nNo.\n"
)

NONMAIL_COMMANDS = 10
"""Exim's smtp_accept_max_nonmail: one RSET more, and it answers 554 to it and closes."""


@pytest.fixture(params=["--no-chunking", "--chunk-size=100000"], ids=["DATA", "BDAT"])
def by(request: pytest.FixtureRequest) -> str:
    option: str = request.param
    return option


def recipients(*addresses: str) -> list[str]:
    return [word for address in addresses for word in ("-r", address)]


@pytest.mark.parametrize(
    ("others", "code", "words"),
    [
        ([REFUSED], 67, [" 550 ", "no such user"]),
        ([DEFERRED], 75, ["try later"]),
        ([REFUSED, DEFERRED], 75, ["no such user", "try later"]),
    ],
    ids=["refused", "deferred", "both"],
)
def test_a_refused_recipient_does_not_keep_the_others_from_theirs(
    server: Server, by: str, others: list[str], code: int, words: list[str]
) -> None:
    mark = new_mark()
    to = recipients(*others, RECIPIENT)
    done = run_smtp(by, "-v", "-s", server.address, "-f", SENDER, *to, stdin=small(mark))
    assert done.code == code, done
    assert all(word in f"{done.stderr} " for word in words), done.stderr
    assert f"to 1 of {len(others) + 1}, " in done.stdout
    assert arrived(server, mark) == [reference.normalised(small(mark))]


def test_with_all_recipients_refused_nothing_is_sent_and_the_next_message_is(
    server: Server, by: str, tmp_path: Path
) -> None:
    mark = new_mark()
    (tmp_path / "refused").write_bytes(REFUSED_BY_HEADER % mark.encode())
    (tmp_path / "good").write_bytes(small(mark))
    done = run_smtp(by, "-v", "-s", server.address, "-F", tmp_path / "refused", tmp_path / "good")
    assert done.code == 67, done
    outcomes = [line.split(":")[0] for line in done.stdout.splitlines()]
    assert outcomes == ["connected", "refused", "sent"]
    assert arrived(server, mark, 4) == [reference.without_bcc(small(mark))] * 4


def test_require_all_withholds_the_message_from_everybody(
    server: Server, by: str, tmp_path: Path
) -> None:
    """And only that message: the next one goes on the same connection."""
    mark = new_mark()
    withheld = MIXED_BY_HEADER % mark.encode()
    (tmp_path / "withheld").write_bytes(withheld)
    (tmp_path / "good").write_bytes(small(mark))
    done = run_smtp(
        by, "-a", "-v", "-s", server.address, "-F", tmp_path / "withheld", tmp_path / "good"
    )
    assert done.code == 67, done
    assert done.stdout.count("connected: ") == 1
    assert "to 4 of 4, " in done.stdout
    assert arrived(server, mark, 4) == [reference.without_bcc(small(mark))] * 4


def test_continue_attempts_the_content_without_a_recipient(postfix: Server, by: str) -> None:
    """Postfix answers the content itself with 554, and that answer decides."""
    mark = new_mark()
    done = run_smtp("-c", "-v", by, postfix.address, SENDER, REFUSED, stdin=small(mark))
    assert done.code == 65, done
    assert "554 5.5.1 Error: no valid recipients" in done.stdout
    assert postfix.mail.holding(mark.encode()) == []


def test_a_null_reverse_path_is_taken(server: Server, by: str) -> None:
    mark = new_mark()
    done = run_smtp(by, "-v", "-s", server.address, "-f", "<>", "-r", RECIPIENT, stdin=small(mark))
    assert done.code == 0, done
    assert " from <> to 1 of 1, " in done.stdout
    assert arrived(server, mark) == [reference.normalised(small(mark))]


def test_a_server_that_has_enough_of_refused_messages_costs_no_message_its_outcome(
    exim: Server, by: str, tmp_path: Path
) -> None:
    """Exim answers 554 to the RSET after so many refused messages, and closes the connection.

    Every message has its true outcome all the same, and the good one behind them is delivered.
    """
    mark = new_mark()
    count = 2 * (NONMAIL_COMMANDS + 3)
    names = [f"refused-{number:02}" for number in range(count)]
    for name in names:
        (tmp_path / name).write_bytes(REFUSED_BY_HEADER % mark.encode())
    (tmp_path / "good").write_bytes(small(mark))
    done = run_smtp(by, "-v", "-s", exim.address, "-F", *names, "good", cwd=tmp_path)
    assert done.code == 67, done
    lines = done.stdout.splitlines()
    told = [line.split()[:2] for line in lines if not line.startswith("connected: ")]
    assert told == [*(["refused:", name] for name in names), ["sent:", "good"]]
    assert all("550 5.1.1 no such user" in line for line in lines if line.startswith("refused: "))
    assert len(lines) - len(told) > 1, "Exim was to drop the connection, and did not"
    assert arrived(exim, mark, 4) == [reference.without_bcc(small(mark))] * 4
