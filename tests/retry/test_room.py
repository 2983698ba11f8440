"""Limits that a server announces, refuses beyond, or that the user sets: nobody is left out."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_jobs import message_files, taken
from tests.retry.test_deferred import SOON, submit
from tests.scripted import OFFERS, ModelServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import Start
    from tests.scripted.model import Rule


@pytest.fixture
def names(tmp_path: Path) -> list[str]:
    return message_files(tmp_path, 10)


class Room:
    """Refuses each recipient of a transaction beyond so many."""

    def __init__(self, size: int, reply: str) -> None:
        self._size = size
        self._reply = reply
        self._there = 0

    def mail(self, _argument: str) -> None:
        self._there = 0

    def rcpt(self, _argument: str) -> str | None:
        self._there += 1
        return self._reply if self._there > self._size else None


def crowd(count: int, domains: int = 1) -> tuple[str, ...]:
    return tuple(f"r{number}@d{number % domains}.example" for number in range(count))


def everybody(server: ModelServer) -> tuple[str, ...]:
    """Who got a message, in order."""
    return tuple(recipient for message in server.messages for recipient in message.recipients)


TOO_MANY = ["452 too many recipients", "452 4.5.3 too many", "552 too many", "552 5.5.3 too many"]


@pytest.mark.parametrize("options", [(), ("-j3",), ("--no-chunking",), ("--no-pipelining",)])
@pytest.mark.parametrize("reply", TOO_MANY)
def test_who_is_one_too_many_follows_at_once(
    start: Start, names: list[str], reply: str, options: tuple[str, ...]
) -> None:
    room = Room(4, reply)
    server = start(ModelServer(replies={"MAIL": room.mail, "RCPT": room.rcpt}))
    done = submit(server, *options, names[0], to=crowd(10))
    assert (done.code, done.stderr) == (0, "")
    assert [len(message.recipients) for message in server.messages] == [4, 4, 2]
    assert everybody(server) == crowd(10)
    assert "to 10 of 10" in done.stdout


def test_what_was_found_out_holds_for_the_rest_of_the_message(
    start: Start, names: list[str]
) -> None:
    """Nobody is refused twice, and no more connections are made than the first two."""
    room = Room(4, TOO_MANY[1])
    server = start(ModelServer(replies={"MAIL": room.mail, "RCPT": room.rcpt}))
    assert submit(server, names[0], to=crowd(40)).code == 0
    commands = [command for c in server.connections for command in c.commands]
    assert sum(command.startswith("RCPT") for command in commands) == 40 + 36
    assert len(server.connections) <= 2


@pytest.mark.parametrize("reply", ["452 4.2.2 mailbox full", "552 5.2.2 mailbox full"])
def test_a_full_mailbox_is_not_one_too_many(start: Start, names: list[str], reply: str) -> None:
    server = start(ModelServer(replies={"RCPT": {"full@y": reply}}))
    done = submit(server, names[0], to=("b@y", "full@y"))
    assert done.code == (75 if reply.startswith("4") else 67)
    assert len(server.messages) == 1


def test_no_room_for_the_first_is_no_reason_to_go_on(start: Start, names: list[str]) -> None:
    server = start(ModelServer(replies={"RCPT": "452 4.5.3 too many recipients"}))
    done = submit(server, names[0], to=crowd(3))
    assert (done.code, server.messages) == (75, [])
    assert sum(c.startswith("RCPT") for c in server.connections[0].commands) == 3


def test_who_is_deferred_beside_them_is_tried_again_later(start: Start, names: list[str]) -> None:
    first = iter(["450 4.2.0 later", None, None, "452 4.5.3 too many"])
    server = start(ModelServer(replies={"RCPT": lambda _argument: next(first, None)}))
    done = submit(server, "--retry=1", *SOON, names[0], to=crowd(4))
    assert done.code == 0
    to = crowd(4)
    assert [m.recipients for m in server.messages] == [to[1:3], to[3:], to[:1]]


def test_all_or_none_is_never_divided(start: Start, names: list[str]) -> None:
    room = Room(2, TOO_MANY[1])
    offers = (*OFFERS, "LIMITS RCPTMAX=2")
    server = start(ModelServer(replies={"MAIL": room.mail, "RCPT": room.rcpt}, offers=offers))
    done = submit(server, "-a", names[0], to=crowd(3))
    assert (done.code, server.messages) == (75, [])


@pytest.mark.parametrize("options", [(), ("-j3",), ("--no-chunking",), ("--no-wait",)])
def test_the_limit_of_recipients_is_not_run_into(
    start: Start, names: list[str], options: tuple[str, ...]
) -> None:
    offers = (*OFFERS, "LIMITS MAILMAX=50 RCPTMAX=100")
    server = start(ModelServer(offers=offers))
    done = submit(server, *options, names[0], names[1], to=crowd(250))
    assert (done.code, done.stderr) == (0, "")
    assert Counter(len(m.recipients) for m in server.messages) == {100: 4, 50: 2}
    assert Counter(everybody(server)) == dict.fromkeys(crowd(250), 2)
    if "-j3" not in options:
        assert len(server.connections) == 1
    assert done.stdout.count("to 250 of 250") == 2


def test_the_limit_of_transactions_ends_a_session(start: Start, names: list[str]) -> None:
    server = start(ModelServer(offers=(*OFFERS, "LIMITS MAILMAX=3")))
    assert submit(server, *names).code == 0
    mails = [sum(c.startswith("MAIL") for c in s.commands) for s in server.connections]
    assert mails == [3, 3, 3, 1]
    assert [s.commands[-1] for s in server.connections] == ["QUIT"] * 4
    assert taken(server) == list(range(10))


def test_the_limit_of_domains_is_for_a_session(start: Start, names: list[str]) -> None:
    server = start(ModelServer(offers=(*OFFERS, "LIMITS RCPTDOMAINMAX=2")))
    to = crowd(9, domains=3)
    assert submit(server, *names[:2], to=to).code == 0
    assert Counter(everybody(server)) == dict.fromkeys(to, 2)
    for session in server.connections:
        asked = [c for c in session.commands if c.startswith("RCPT")]
        assert len({c.partition("@")[2] for c in asked}) <= 2


def test_limits_that_are_not_written_right_are_none(start: Start, names: list[str]) -> None:
    offers = (*OFFERS, "LIMITS RCPTMAX=0 MAILMAX=x RCPTMAX RCPTDOMAINMAX=01 NEW=1")
    server = start(ModelServer(offers=offers))
    assert submit(server, *names[:2], to=crowd(5, domains=5)).code == 0
    assert [len(m.recipients) for m in server.messages] == [5, 5]
    assert len(server.connections) == 1


@pytest.mark.parametrize("options", [(), ("--no-pipelining",), ("--no-wait",)])
def test_no_more_messages_a_connection_than_the_user_says(
    start: Start, names: list[str], options: tuple[str, ...]
) -> None:
    server = start(ModelServer())
    done = submit(server, "--max-per-connection=4", *options, *names)
    assert (done.code, taken(server)) == (0, list(range(10)))
    mails = [sum(c.startswith("MAIL") for c in s.commands) for s in server.connections]
    assert mails == [4, 4, 2]


def test_with_several_connections_too(start: Start, names: list[str]) -> None:
    server = start(ModelServer())
    done = submit(server, "-j3", "--max-per-connection=2", *names, *names)
    assert (done.code, len(taken(server))) == (0, 20)
    for session in server.connections:
        assert sum(c.startswith("MAIL") for c in session.commands) <= 2


def test_a_divided_message_is_one_message(start: Start, names: list[str], tmp_path: Path) -> None:
    offers = (*OFFERS, "LIMITS RCPTMAX=2")
    rules = {"r1@d0.example": "550 5.1.1 no"}
    server = start(ModelServer(offers=offers, replies={"RCPT": rules}))
    log = tmp_path / "log"
    done = submit(server, "--json", str(log), names[0], to=crowd(5))
    assert done.code == 67
    assert done.stderr == f"smtp: {names[0]}: <r1@d0.example> refused: RCPT: 550 5.1.1 no\n"
    records = [json.loads(line) for line in log.read_text().splitlines()]
    found = [(r["recipient"], r["outcome"]) for r in records if r["record"] == "recipient"]
    wanted = [(to, "refused" if to in rules else "accepted") for to in crowd(5)]
    assert found == wanted
    assert sum(r["record"] == "message" for r in records) == 1


@pytest.mark.parametrize("options", [(), ("--processes=2", "-j2")])
def test_the_connection_is_lost_between_two_parts(
    start: Start, names: list[str], options: tuple[str, ...]
) -> None:
    server = start(
        ModelServer(
            offers=(*OFFERS, "LIMITS RCPTMAX=2"),
            replies={"MAIL": [None, "421 4.3.2 shutting down"]},
        )
    )
    done = submit(server, *options, names[0], to=crowd(5))
    assert done.code == 0
    assert sorted(everybody(server)) == sorted(crowd(5))


def test_a_server_that_goes_for_good_between_two_parts(start: Start, names: list[str]) -> None:
    offers = (*OFFERS, "LIMITS RCPTMAX=2")
    replies: dict[str, Rule] = {
        "MAIL": [None, *["421 4.3.2 no"] * 9],
        "GREETING": [None, *["421 4.3.2 no"] * 9],
    }
    server = start(ModelServer(offers=offers, replies=replies))
    done = submit(server, names[0], to=crowd(5))
    assert done.code == 75
    assert "to 2 of 5" in done.stdout
    assert everybody(server) == crowd(5)[:2]
