"""Group F of the faults: the content of messages, their line ends and their dots."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests import reference
from tests.command import SMTP, clean_environment, run_smtp
from tests.faults.contents import HEADER, submit
from tests.faults.talk import LOCKSTEP, MESSAGE, PIPELINING, farewell, opening
from tests.scripted import Expect, ModelServer, ReadOctets, Script, Send

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import MakeScripted, Start


@pytest.fixture(params=["DATA", "BDAT"])
def server(request: pytest.FixtureRequest, start: Start) -> ModelServer:
    """A server that takes the content by one of the two ways there are."""
    offers = ("PIPELINING", "8BITMIME", "SIZE", *(["CHUNKING"] if request.param == "BDAT" else []))
    return start(ModelServer(offers=offers))


def arrived(server: ModelServer, message: bytes, *options: str) -> bytes:
    """Submit a message, and give the only one that arrived, octet for octet."""
    done = submit(server.address, message, *options)
    assert done.code == 0, done
    assert len(server.messages) == 1
    taken = server.messages[0]
    sizes = [word for word in taken.parameters if word.startswith("SIZE=")]
    assert sizes == [f"SIZE={len(taken.content)}"]
    return taken.content


def test_fault_121_every_lf_becomes_crlf(server: ModelServer) -> None:
    assert arrived(server, b"Subject: a\n\n\nb\nc\n") == b"Subject: a\r\n\r\n\r\nb\r\nc\r\n"


def test_fault_122_crlf_stays_as_it_is(server: ModelServer) -> None:
    message = b"Subject: a\r\n\r\n\r\nb\r\nc\r\n"
    assert arrived(server, message) == message


@pytest.mark.parametrize(
    ("body", "as_mail"),
    [
        (b"a\rb\r\n", b"a\r\nb\r\n"),
        (b"a\r", b"a\r\n"),
        (b"\ra\n", b"\r\na\r\n"),
        (b"a\n\rb\n", b"a\r\n\r\nb\r\n"),
    ],
)
def test_fault_123_a_bare_cr_is_never_passed_on(
    server: ModelServer, body: bytes, as_mail: bytes
) -> None:
    assert arrived(server, HEADER + body) == HEADER + as_mail


SMUGGLED = b"MAIL FROM:<evil@x>\r\nRCPT TO:<r@x>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n"
ENDS = ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\n", "\r\n.\r", "\r.\r\n", "\n.\r", "\r\n.\r\n"]


@pytest.mark.parametrize("end", ENDS, ids=ascii)
def test_fault_124_125_no_false_end_of_data_gets_through(server: ModelServer, end: str) -> None:
    """SMTP smuggling (VU#302671): every spelling of the end becomes a line with a dot on it."""
    content = arrived(server, HEADER + b"before" + end.encode() + SMUGGLED)
    assert content == HEADER + b"before\r\n.\r\n" + SMUGGLED
    if server.messages[0].by == "DATA":
        assert b"before\r\n..\r\nMAIL FROM:<evil@x>" in server.connections[0].received
    assert "MAIL" not in server.connections[0].verbs[2:]


@pytest.mark.parametrize("body", [b"\r\n\0.\r\nb\r\n", b"\0", b"a\0b\r\n.\0\r\n", b"\n\0.\n\0\n"])
def test_fault_126_a_nul_is_passed_on_and_told(server: ModelServer, body: bytes) -> None:
    done = submit(server.address, HEADER + body)
    assert done.code == 0, done
    assert server.messages[0].content == HEADER + reference.normalised(body)
    assert "NUL" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("body", "as_mail"),
    [
        (b"a\r\r\nb\r\n", b"a\r\n\r\nb\r\n"),
        (b"a\r\r\r\n", b"a\r\n\r\n\r\n"),
        (b"\r\r", b"\r\n\r\n"),
    ],
)
def test_fault_127_each_cr_too_many_is_a_line_end(
    server: ModelServer, body: bytes, as_mail: bytes
) -> None:
    assert arrived(server, HEADER + body) == HEADER + as_mail


@pytest.mark.parametrize(
    "message",
    [b".", b".\n", b"..\n", b".a\n.", b"a\n.", b"a\n..", b"a\r\n.\r\n", b"a.\n.b\n...\n", b"\n."],
)
def test_fault_128_dots_first_and_last(server: ModelServer, message: bytes) -> None:
    assert arrived(server, message) == reference.normalised(message)


@pytest.mark.parametrize("seam", [1024, 8192, 16_384, 65_536, 262_144])
def test_fault_129_dots_and_line_ends_on_the_seam_of_two_blocks(start: Start, seam: int) -> None:
    """Each message has the pattern shifted by one octet, so that every cut of it is met."""
    pattern = b"\r\n.\r.\n.\r\n..\r\r\n\n.\n"
    server = start(ModelServer(offers=PIPELINING))
    for shift in range(len(pattern) + 1):
        message = b"x" * (seam - shift) + pattern + b"end\r\n"
        done = submit(server.address, message)
        assert done.code == 0, done
        assert server.messages[-1].content == reference.normalised(message)


def test_fault_129_dots_and_line_ends_on_the_seam_of_two_chunks(start: Start) -> None:
    message = HEADER + b"\r\n.\r.\n.\r\n..\r\r\n\n.\nend\r\n"
    server = start(ModelServer())
    for size in (1, 2, 3, 7):
        done = submit(server.address, message, f"--chunk-size={size}")
        assert done.code == 0, done
        assert server.messages[-1].content == reference.normalised(message)


@pytest.mark.parametrize("message", [b"Subject: a\n\nb", b"Subject: a\r\n\r\nb", b"a", b"a\r"])
def test_fault_130_a_last_line_without_an_end_gets_one_and_no_more(
    server: ModelServer, message: bytes
) -> None:
    assert arrived(server, message) == reference.normalised(message)


def test_fault_131_an_empty_message_is_refused_before_anything_is_sent_of_it(
    server: ModelServer, tmp_path: Path
) -> None:
    empty, other = tmp_path / "empty", tmp_path / "other"
    empty.touch()
    other.write_bytes(MESSAGE)
    done = run_smtp("-s", server.address, "-f", "s@x", "-r", "r@x", empty, other)
    assert done.code == 65, done
    assert f"{empty}" in done.stderr
    assert done.stderr.count("\n") == 1
    assert [message.content for message in server.messages] == [MESSAGE]
    assert server.connections[0].verbs.count("MAIL") == 1


@pytest.mark.parametrize("message", [b"Subject: only a header\n", b"\n", b"\r\n", b"\r", b"\n\n"])
def test_fault_131_a_message_may_be_a_header_alone_or_an_empty_line(
    server: ModelServer, message: bytes
) -> None:
    assert arrived(server, message) == reference.normalised(message)


def test_fault_132_only_cr_and_lf_end_a_line(server: ModelServer) -> None:
    body = "a\vb\fc\x1cd\x1de\x1ef\x85g\u2028h\u2029i".encode() + b"\x85\r\n"
    assert arrived(server, HEADER + body) == HEADER + body


EIGHT_BIT = HEADER + "größer".encode() + b" \xff\r\n"


def test_fault_133_content_with_8_bits_is_declared(server: ModelServer) -> None:
    done = submit(server.address, EIGHT_BIT)
    assert (done.code, done.stderr) == (0, "")
    assert server.messages[0].content == EIGHT_BIT
    assert "BODY=8BITMIME" in server.messages[0].parameters


def test_fault_133_content_with_8_bits_goes_undeclared_with_a_warning(start: Start) -> None:
    server = start(ModelServer(offers=("PIPELINING",)))
    done = submit(server.address, EIGHT_BIT)
    assert done.code == 0, done
    assert "8BITMIME" in done.stderr
    assert done.stderr.count("\n") == 1
    assert server.messages[0].content == EIGHT_BIT
    assert server.messages[0].parameters == ()


@pytest.mark.parametrize("length", [998, 999, 200_000])
def test_fault_134_a_long_line_is_passed_on_and_told(server: ModelServer, length: int) -> None:
    message = HEADER + b"x" * length + b"\r\n"
    done = submit(server.address, message)
    assert done.code == 0, done
    assert server.messages[0].content == message
    if length > 998:
        assert "998" in done.stderr
        assert done.stderr.count("\n") == 1
    else:
        assert done.stderr == ""


RAW = b"Subject: raw\n\na\rb\0\r\r\n\n.\n..\r\n.c\r\n\x85"


def test_fault_135_raw_is_every_octet_as_it_is(server: ModelServer) -> None:
    done = submit(server.address, RAW, "-e")
    assert done.code == 0, done
    taken = server.messages[0]
    assert taken.content == (RAW if taken.by == "BDAT" else reference.terminated(RAW))


def test_fault_135_raw_without_dot_stuffing_is_what_the_server_makes_of_it(
    scripted: MakeScripted,
) -> None:
    server = scripted(
        Script(
            "reads what is not transparent",
            *opening(*LOCKSTEP),
            *(Expect("MAIL"), Send("250 ok"), Expect("RCPT"), Send("250 ok")),
            *(Expect("DATA"), Send("354 go"), ReadOctets(11), Send("250 queued"), *farewell()),
        )
    )
    done = submit(server.address, b"a\r\n..b\r\n", "-e", "--no-dot-stuffing")
    assert done.code == 0, done
    assert b"DATA\r\na\r\n..b\r\n.\r\n" in server.connections[0].received


@pytest.mark.parametrize("way", ["file", "pipe"])
def test_fault_136_a_message_may_be_larger_than_the_memory(
    server: ModelServer, tmp_path: Path, way: str
) -> None:
    """64 MB of message in 60 MB of address space, half of which the interpreter takes."""
    line = b"x" * 70 + b"\n"
    path = tmp_path / "large"
    path.write_bytes(line * (64 * 2**20 // len(line)))
    name = "large" if way == "file" else "-"
    feed = "" if way == "file" else "cat large |"
    script = f'ulimit -v 60000; {feed} "$0" -s "$1" -f s@x -r r@x {name}'
    done = subprocess.run(
        ["/bin/sh", "-c", script, SMTP, server.address],
        cwd=tmp_path,
        env=clean_environment(str(tmp_path), {"TMPDIR": str(tmp_path)}),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(server.messages[0].content) == path.stat().st_size // 71 * 72
