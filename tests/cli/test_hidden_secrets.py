"""What a server makes of the password is hidden in the time that its length takes, cut or not."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest

from tests.command import SMTP, clean_environment, run_smtp
from tests.leaks import assert_nothing_leaked
from tests.scripted import (
    Expect,
    Hold,
    ModelServer,
    Script,
    Send,
    Stall,
    multiline,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import MakeScripted, Start

MESSAGE = b"Subject: x\n\nhello\n"
LINE = ("a@x.example", "b@y.example")
PASSWORD = "Sup3rSecret"
PLAIN = base64.b64encode(f"\0me\0{PASSWORD}".encode()).decode()

CRAFTED = pytest.mark.parametrize(
    ("password", "unit"),
    [("_ _ z", "_"), ("\\" * 8 + "z", "\\"), ("%" * 8 + "z", "%25")],
    ids=["spaces", "backslashes", "percent signs"],
)


def taking(password: str, replies: dict[str, str | Send]) -> ModelServer:
    """A server that takes the login, and then says what it is told to say."""
    return ModelServer(offers=("AUTH PLAIN",), users={"me": password}, replies=replies)


def crafted(unit: str) -> str:
    """A reply that looks like what such a password may become, all over and never to the end."""
    long = (unit * 60_000)[:60_000]
    return multiline(*[f"550 {long}"] * 4, "550 no")


@CRAFTED
def test_a_crafted_reply_takes_no_time(start: Start, password: str, unit: str) -> None:
    server = start(taking(password, {"MAIL": crafted(unit)}))
    given = ("-v", "--timeout", "2", "-U", "me", "-P", password, server.address, *LINE)
    done = run_smtp(*given, stdin=MESSAGE)
    assert done.code == 65
    assert "refused: MAIL: 550 " in done.stderr


@CRAFTED
def test_a_signal_ends_the_command_behind_a_crafted_reply(
    scripted: MakeScripted, tmp_path: Path, password: str, unit: str
) -> None:
    said = Hold(threading.Event())
    said.release.set()
    server = scripted(
        Script(
            "refuses with what is slow to search, and is silent",
            Send("220 mail.example"),
            Expect("EHLO"),
            Send("250-mail.example\n250 AUTH PLAIN"),
            Expect("AUTH"),
            Send("235 ok"),
            Expect("MAIL"),
            Send(crafted(unit)),
            said,
            Stall(),
        )
    )
    message = tmp_path / "message"
    message.write_bytes(MESSAGE)
    options = ("-U", "me", "-P", password, "-s", server.address, "-f", "a@x", "-r", "b@y")
    environment = clean_environment(str(tmp_path))
    with subprocess.Popen(
        [SMTP, *options, message], stderr=subprocess.PIPE, env=environment
    ) as smtp:
        try:
            assert said.reached.wait(30)
            smtp.send_signal(signal.SIGTERM)
            _, stderr = smtp.communicate(timeout=30)
        finally:
            smtp.kill()
    assert smtp.returncode == 143
    assert b"stopped by signal 15" in stderr
    assert_nothing_leaked(options, environment, {"standard error": stderr})


@pytest.mark.parametrize("form", [PASSWORD, PLAIN], ids=["plain", "PLAIN"])
@pytest.mark.parametrize("shown", [3, 4, 7, 10])
def test_what_is_cut_in_the_middle_of_the_password(
    start: Start, tmp_path: Path, form: str, shown: int
) -> None:
    """Of a reply to RCPT, 1024 octets are kept."""
    reply = f"550 {'x' * (1023 - shown)} {form}"
    server = start(taking(PASSWORD, {"RCPT": reply}))
    log = tmp_path / "log"
    given = ("--json", log, "-U", "me", "-P", PASSWORD, server.address, *LINE)
    done = run_smtp(*given, stdin=MESSAGE)
    assert done.code == 67
    assert form[:shown] not in done.stderr + log.read_text(encoding="ascii")
    recipients = [json.loads(row) for row in log.read_text(encoding="ascii").splitlines()]
    assert "x (hidden)" in str(recipients)


def test_a_line_that_is_too_long_and_cut_in_the_middle_of_the_password(start: Start) -> None:
    """Of a line beyond the limit, 200 octets are kept."""
    reply = f"550 {'x' * 188} {PASSWORD}{'y' * 70_000}"
    server = start(taking(PASSWORD, {"MAIL": reply}))
    done = run_smtp("-U", "me", "-P", PASSWORD, server.address, *LINE, stdin=MESSAGE)
    assert done.code == 76
    assert "xxx (hidden)'" in done.stderr


def test_a_line_whose_beginning_was_another_line(start: Start) -> None:
    reply = f"550-5.1.0 no: {PLAIN[:5]}\r\n551 5.1.0 {PLAIN[5:]}\r\n".encode()
    server = start(taking(PASSWORD, {"MAIL": Send(reply)}))
    done = run_smtp("-U", "me", "-P", PASSWORD, server.address, *LINE, stdin=MESSAGE)
    assert done.code == 76
    assert "'551 5.1.0 (hidden)'" in done.stderr


@pytest.mark.parametrize(
    "form",
    [
        "".join(f"&#{ord(character)};" for character in PASSWORD),
        "".join(f"\\u{ord(character):04x}" for character in PASSWORD),
        "S%75p3rSe&#x63;ret",
    ],
)
def test_letters_that_need_no_escape_and_have_one(start: Start, form: str) -> None:
    server = start(taking(PASSWORD, {"MAIL": f"550 no: {form}!"}))
    done = run_smtp("-U", "me", "-P", PASSWORD, server.address, *LINE, stdin=MESSAGE)
    assert done.stderr == "smtp: -: refused: MAIL: 550 no: (hidden)!\n"
