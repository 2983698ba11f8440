"""Group L of the faults: what others wrote is shown, and never obeyed by a terminal or a log."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.command import Completed, run_smtp
from tests.faults.talk import LOCKSTEP, MESSAGE, farewell, opening
from tests.scripted import Expect, ModelServer, ReadData, Script, Send, multiline

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import MakeScripted, Start

MARKS = ("=== ", "*** ", " -> ", "<-  ", " ~> ", "<~  ", "<** ", "<~* ")

CONTROLS = [
    b"\x1b]0;owned\x07",  # an operating system command: the title of the window
    b"\x1b[2J\x1b[31m",
    b"\x08\x08\x08",
    b"\x9b2J",  # CSI in one octet, of C1
    b"\xc2\x9b2J",  # the same in UTF-8
    b"\x7f\x00\x0e",
    b"\xff\xfe\xed\xa0\x80",  # not UTF-8, and a surrogate in what looks like it
]
INVISIBLE = [
    "\u202e\u2066\u200f",  # bidirectional overrides and isolates (CVE-2021-42574)
    "\u200b\u2060\ufeff",  # zero width
    "\u2028\u2029",
    "\U000e0041",  # a tag character
]
HOSTILE = [*CONTROLS, *(text.encode() for text in INVISIBLE)]


def is_harmless(text: str) -> bool:
    """Lines of visible characters and spaces, and nothing else."""
    return all(line.isprintable() for line in text.split("\n"))


def submit(server: str, *options: str) -> Completed:
    return run_smtp(*options, server, "s@x", "r@x", "bad@x", stdin=MESSAGE)


def saying(hostile: bytes, place: str) -> Script:
    """A session in which the server says `hostile` in one reply, or in all of them."""

    def said(here: str, text: bytes) -> Send:
        return Send(text + (b" %b!\r\n" % hostile if place in {here, "all"} else b"\r\n"))

    return Script(
        "says what a terminal would obey",
        *(said("GREETING", b"220 mail.example"), Expect("EHLO"), said("EHLO", b"250 hello")),
        *(Expect("MAIL"), Send("250 ok"), Expect("RCPT TO:<r@x>"), Send("250 ok")),
        *(Expect("RCPT TO:<bad@x>"), said("RCPT", b"550 5.1.1 no")),
        *(Expect("DATA"), Send("354 go"), ReadData(), said("END", b"250 2.0.0 queued")),
        *farewell(),
    )


@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
@pytest.mark.parametrize("place", ["GREETING", "EHLO", "RCPT", "END", "all"])
def test_fault_197_198_200_what_a_server_says_is_escaped_everywhere(
    scripted: MakeScripted, hostile: bytes, place: str
) -> None:
    server = scripted(saying(hostile, place))
    done = submit(server.address, "-t", "-v", "--trace-body")
    assert done.code == 67, done
    assert is_harmless(done.stdout)
    assert is_harmless(done.stderr)
    assert "550 5.1.1 no" in done.stderr
    shown = [line for line in done.stdout.splitlines() if line.startswith("<") and "!" in line]
    assert len(shown) == (4 if place == "all" else 1)
    for line in shown:
        assert re.search(r" (\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})|[]\[0-9A-Za-z;])+!$", line)


@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
def test_fault_197_json_records_are_lines_of_ascii(scripted: MakeScripted, hostile: bytes) -> None:
    server = scripted(saying(hostile, "all"))
    done = submit(server.address, "--json", "-")
    assert done.code == 67, done
    assert done.stdout.isascii()
    assert is_harmless(done.stdout)
    for line in done.stdout.splitlines():
        json.loads(line)


@pytest.mark.parametrize(
    "reply",
    [
        b"550 no\r<-  250 2.0.0 queued\r\n",
        b"550 no\r\r\r<-  250 2.0.0 queued\r\n",
        b"550-no\r<-  250 2.0.0 queued\r\n550 no\r\n",
        "550 no\u2028<-  250 2.0.0 queued\r\n".encode(),
        b"550 no\x0b<-  250 2.0.0 queued\r\n",
        b"550 no\x85<-  250 2.0.0 queued\r\n",
    ],
    ids=ascii,
)
def test_fault_199_nothing_in_a_reply_looks_like_another_line(
    scripted: MakeScripted, reply: bytes
) -> None:
    server = scripted(
        Script(
            "fakes a line of the trace",
            *opening(*LOCKSTEP),
            *(Expect("MAIL"), Send(reply), *farewell()),
        )
    )
    done = submit(server.address, "-t", "-v")
    assert done.code != 0, done
    assert is_harmless(done.stdout)
    assert is_harmless(done.stderr)
    lines = done.stdout.splitlines()
    assert not [line for line in lines if line.startswith("<-  250 2.0.0")]
    assert lines == done.stdout.removesuffix("\n").split("\n")
    unmarked = [line for line in lines if not line.startswith(MARKS)]
    assert all(line.startswith(("connected: ", "refused: ", "deferred: ")) for line in unmarked)


def test_fault_199_every_line_of_a_reply_has_its_own_mark(scripted: MakeScripted) -> None:
    server = scripted(
        Script(
            "refuses in three lines",
            *opening(*LOCKSTEP),
            *(Expect("MAIL"), Send(multiline("550 one", "550 two", "550 three")), *farewell()),
        )
    )
    done = submit(server.address, "-t")
    shown = [line for line in done.stdout.splitlines() if line.startswith("<** ")]
    assert shown == ["<** 550-one", "<** 550-two", "<** 550 three"]


LONG = multiline(*(f"550 5.7.1 {number:03} {'x' * 240}" for number in range(100)))
"""25 kB in a hundred lines."""


@pytest.mark.parametrize(
    ("place", "code"), [("GREETING", 69), ("EHLO", 69), ("MAIL", 65), ("RCPT", 67), ("END", 65)]
)
def test_fault_201_a_long_reply_is_shortened_on_stderr_and_whole_in_the_trace(
    start: Start, place: str, code: int
) -> None:
    server = start(ModelServer(replies={place: {"bad@x": LONG} if place == "RCPT" else LONG}))
    done = submit(server.address, "-t")
    assert done.code == code, done
    assert len(done.stderr) < 1000
    assert done.stderr.count("\n") == 1
    assert "550 5.7.1 000" in done.stderr
    shown = [line for line in done.stdout.splitlines() if line.startswith("<** 550")]
    assert shown == [f"<** {line}" for line in LONG.split("\n")]


SECRET_TEXT = b"Subject: private\r\n\r\nfor nobody else\r\n"


@pytest.mark.parametrize("offers", [("PIPELINING",), ("PIPELINING", "CHUNKING")])
def test_fault_202_the_content_is_counted_in_the_trace_and_not_shown(
    start: Start, tmp_path: Path, offers: tuple[str, ...]
) -> None:
    server = start(ModelServer(offers=offers))
    records = tmp_path / "records"
    watched = ("-t", "-v", "--json", str(records))
    done = run_smtp(*watched, server.address, "s@x", "r@x", stdin=SECRET_TEXT)
    assert done.code == 0, done
    assert f" -> ({len(SECRET_TEXT)} octets of message)" in done.stdout.splitlines()
    shown = done.stdout + done.stderr + records.read_text()
    assert "private" not in shown
    assert "nobody" not in shown


def test_fault_202_the_content_is_shown_when_asked_for_and_harmless(start: Start) -> None:
    server = start(ModelServer())
    message = b"Subject: private\r\n\r\n\x1b[2Jfor all\r\nnot a mark\r\n"
    done = run_smtp("-t", "--trace-body", server.address, "s@x", "r@x", stdin=message)
    assert done.code == 0, done
    assert "private" in done.stdout
    assert is_harmless(done.stdout)
    assert all(line.startswith(MARKS) for line in done.stdout.splitlines())


NAMES = ["\x1b]0;owned\x07", "a\nsmtp: fake", "a\rb", "\u202etxt.exe", "\x9b2J", "ü\u200b"]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_fault_203_names_of_files_are_escaped(start: Start, tmp_path: Path, name: str) -> None:
    server = start(ModelServer())
    (tmp_path / name).write_bytes(b"From: a@x\r\nTo: r@x\r\n\r\nbody\r\n")
    to = ("-s", server.address, "-f", "s@x", "-r", "r@x")
    for watched in (["-t", "-v"], ["--json", "-"]):
        done = run_smtp(*watched, *to, name, f"no-{name}", cwd=tmp_path)
        assert done.code == 66, done
        assert is_harmless(done.stdout)
        assert is_harmless(done.stderr)
        assert done.stderr.count("\n") == 1
    assert len(server.messages) == 2


@pytest.mark.parametrize("name", NAMES[:1], ids=ascii)
def test_fault_203_what_the_header_says_is_escaped(start: Start, name: str) -> None:
    server = start(ModelServer())
    message = f"From: a@x\r\nSubject: {name}\r\nTo: {name}\r\n\r\nbody\r\n".encode()
    done = run_smtp("-t", "-v", "-s", server.address, "-F", stdin=message)
    assert done.code == 65, done
    assert is_harmless(done.stdout + done.stderr)


@pytest.mark.parametrize("utf8", ["0", "1"])
def test_fault_204_a_terminal_without_utf_8_gets_what_it_can_show(
    start: Start, tmp_path: Path, utf8: str
) -> None:
    """Names that are not UTF-8, and a server that says ü, in the C locale."""
    reply = "550 5.1.1 ungültig €"
    server = start(ModelServer(replies={"RCPT": {"bad@x": reply}}))
    name = b"\xff\xfc.eml"
    (tmp_path / name.decode("utf-8", "surrogateescape")).write_bytes(MESSAGE)
    to = ("-f", "s@x", "-r", "r@x", "-r", "bad@x")
    done = run_smtp(
        *("-t", "-v", "-s", server.address, *to, name, b"no-" + name),
        env={"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": utf8},
        cwd=tmp_path,
    )
    assert done.code == 66, done
    assert "5.1.1 ung" in done.stderr
    assert is_harmless(done.stdout)
    assert is_harmless(done.stderr)
    assert done.stderr.count("\n") == 2
    assert len(server.messages) == 1
    if utf8 == "0":
        assert (done.stdout + done.stderr).isascii()
