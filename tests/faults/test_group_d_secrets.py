"""Group D of the faults: what must not be shown, and credentials that are hard to carry.

That no secret is shown in any form is also asked of every run of the whole suite, by
tests/leaks.py; fault 90, the list of processes, is in tests/cli/test_passwords.py.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

import pytest

from tests.command import run_smtp
from tests.faults.outcome import failure, succeeded
from tests.faults.talk import MESSAGE
from tests.scripted import ModelServer, Send

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command import Completed
    from tests.scripted.fixtures import Start

PASSWORD = 'K\u00fche & "Gr\u00e4ser"'
OCTETS = PASSWORD.encode()
ENVELOPE = ("s@x", "r@x")
ECHOES = {
    "plain": PASSWORD,
    "base64": b64encode(OCTETS).decode(),
    "PLAIN": b64encode(b"\0me\0" + OCTETS).decode(),
    "XOAUTH2": b64encode(b"user=me\1auth=Bearer " + OCTETS + b"\1\1").decode(),
    "hexadecimal": OCTETS.hex(),
    "JSON": json.dumps(PASSWORD),
    "Python": repr(PASSWORD),
}


def log_in(server: ModelServer, *options: str, password: str = PASSWORD) -> Completed:
    given = ("-U", "me", "-P", password)
    return run_smtp(*options, *given, server.address, *ENVELOPE, stdin=MESSAGE)


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
@pytest.mark.parametrize("options", [("-tv",), ("--json", "-"), ()], ids=" ".join)
def test_fault_089_a_server_that_repeats_the_secret_is_not_repeated(
    start: Start, echo: str, options: tuple[str, ...]
) -> None:
    server = start(ModelServer(offers=("AUTH PLAIN",), replies={"AUTH": f"535 5.7.8 no: {echo}!"}))
    done = log_in(server, *options)
    assert done.code == 77
    assert "(hidden)" in done.stderr


def lines_of_the_login(done: Completed) -> list[str]:
    """What the trace shows as sent, from AUTH to what follows the login."""
    sent = [line[4:] for line in done.stdout.splitlines() if line.startswith(" -> ")]
    begin = next(place for place, line in enumerate(sent) if line.startswith("AUTH "))
    end = next(place for place, line in enumerate(sent) if re.match(r"MAIL|QUIT", line))
    return sent[begin:end]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("PLAIN", ["AUTH PLAIN (hidden)"]),
        ("LOGIN", ["AUTH LOGIN", "(hidden)", "(hidden)"]),
        ("CRAM-MD5", ["AUTH CRAM-MD5", "(hidden)"]),
        ("SCRAM-SHA-256", ["AUTH SCRAM-SHA-256 (hidden)", "(hidden)", "(hidden)"]),
    ],
)
def test_fault_091_the_trace_shows_no_line_of_a_login(
    start: Start, name: str, shown: list[str]
) -> None:
    server = start(ModelServer(offers=(f"AUTH {name}",), users={"me": PASSWORD}))
    assert lines_of_the_login(log_in(server, "-t")) == shown


@pytest.mark.parametrize("each", [1, 7])
def test_fault_091_nor_when_replies_come_in_pieces(start: Start, each: int) -> None:
    reply = Send(f"535 5.7.8 no: {ECHOES['PLAIN']}\r\n".encode(), each=each)
    server = start(ModelServer(offers=("AUTH PLAIN",), replies={"AUTH": reply}))
    done = log_in(server, "-t")
    assert lines_of_the_login(done) == ["AUTH PLAIN (hidden)"]
    assert "<** 535 5.7.8 no: (hidden)\n" in done.stdout


def test_fault_091_nor_what_passwords_could_be_tried_on(start: Start) -> None:
    """SCRAM's last message of the server is a function of the password and of what is shown."""
    server = start(ModelServer(offers=("AUTH SCRAM-SHA-512",), users={"me": PASSWORD}))
    done = log_in(server, "-t")
    assert done.code == 0
    challenges = re.findall(r"^<-  334 (.+)$", done.stdout, re.MULTILINE)
    assert b64decode(challenges[0]).startswith(b"r=")
    assert challenges[1:] == ["(hidden)"]


@pytest.mark.parametrize("name", ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1"])
@pytest.mark.parametrize(
    "password", ["\r\nMAIL FROM:<x@y>", "a\nb", "p\u00e4ss w\u00f6rt", " ", "\t"]
)
def test_fault_092_no_character_gets_out_of_its_line(
    start: Start, name: str, password: str
) -> None:
    server = start(ModelServer(offers=(f"AUTH {name}",), users={"me": password}))
    done = log_in(server, password=password)
    if name.startswith("SCRAM") and not password.isprintable():
        assert "cannot carry the password" in failure(done, 77)
    else:
        assert succeeded(done)
        assert server.messages[0].user == "me"
    assert [verb for verb in server.connections[0].verbs if verb == "MAIL"] == (
        ["MAIL"] if server.messages else []
    )


@pytest.mark.parametrize("user", ["", "a\r\nb", "a\tb", "a\x1b[2Jb"])
def test_fault_092_a_name_that_cannot_be_one_is_refused_at_once(start: Start, user: str) -> None:
    server = start(ModelServer(offers=("AUTH PLAIN",)))
    done = run_smtp("-U", user, "-P", "x", server.address, *ENVELOPE, stdin=MESSAGE)
    assert "-U" in failure(done, 64)
    assert server.connections == []


def test_fault_092_nor_is_a_nul(start: Start, tmp_path: Path) -> None:
    server = start(ModelServer(offers=("AUTH PLAIN",)))
    file = tmp_path / "password"
    file.touch(0o600)
    file.write_bytes(b"geheim\0er\n")
    given = ("-U", "me", "--password-file", file)
    done = run_smtp(*given, server.address, *ENVELOPE, stdin=MESSAGE, secrets=["geheim"])
    assert "there is a NUL in the password" in failure(done, 64)
    assert server.connections == []


@pytest.mark.parametrize("name", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_fault_093_an_empty_password_is_one(start: Start, name: str) -> None:
    server = start(ModelServer(offers=(f"AUTH {name}",), users={"me": ""}))
    assert succeeded(log_in(server, password=""))
    assert server.messages[0].user == "me"
