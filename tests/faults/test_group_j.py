"""Group J of the faults: the envelope out of the message's own header (`-F`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.command import Completed, run_smtp
from tests.faults.talk import MESSAGE
from tests.scripted import ModelServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted import Message
    from tests.scripted.fixtures import Start


@pytest.fixture
def server(start: Start) -> ModelServer:
    return start(ModelServer(offers=("PIPELINING", "8BITMIME", "SMTPUTF8")))


def submit(server: ModelServer, message: bytes, *options: str) -> Completed:
    return run_smtp(*options, "-s", server.address, "-F", stdin=message)


def taken(server: ModelServer, header: bytes, *options: str) -> Message:
    """Submit a message with this header, and give what arrived."""
    done = submit(server, header + b"\r\nbody\r\n", *options)
    assert done.code == 0, done
    return server.messages[0]


def is_refused(server: ModelServer, message: bytes, *options: str) -> str:
    """See that a message gets one clear line and code 65, and that nothing of it is sent."""
    done = submit(server, message, *options)
    assert done.code == 65, done
    line = done.stderr.removesuffix("\n")
    assert line.startswith("smtp: ")
    assert line.isprintable()
    assert server.messages == []
    assert all("MAIL" not in connection.verbs for connection in server.connections)
    return line


TWO_AUTHORS = [
    b"From: a@x\r\nFrom: b@x\r\n",
    b"From: a@x, b@x\r\n",
    b"From: A <a@x>,\r\n B <b@x>\r\n",
]


@pytest.mark.parametrize("authors", TWO_AUTHORS)
def test_fault_176_two_authors_need_a_sender(server: ModelServer, authors: bytes) -> None:
    assert "From" in is_refused(server, authors + b"To: r@x\r\n\r\nbody\r\n")


@pytest.mark.parametrize("authors", TWO_AUTHORS[1:])
def test_fault_176_a_sender_field_decides_among_authors(
    server: ModelServer, authors: bytes
) -> None:
    assert taken(server, authors + b"Sender: c@x\r\nTo: r@x\r\n").reverse_path == "c@x"


@pytest.mark.parametrize("authors", TWO_AUTHORS)
def test_fault_176_the_command_line_decides_over_all_of_them(
    server: ModelServer, authors: bytes
) -> None:
    assert taken(server, authors + b"To: r@x\r\n", "-f", "d@x").reverse_path == "d@x"


def test_fault_177_an_address_in_a_comment_is_a_comment(server: ModelServer) -> None:
    """CVE-2023-27043: the other parser's answer was b@y."""
    message = taken(server, b"From: a@x (<b@y>)\r\nTo: r@x (c@y) , (, d@y,) s@x\r\n")
    assert message.reverse_path == "a@x"
    assert message.recipients == ("r@x", "s@x")


@pytest.mark.parametrize(
    "sender", [b"a@x@<b@y>", b"a@x <b@y>", b"a@x<b@y", b"<a@x> <b@y>", b"a@x b@y", b"<a@x", b"a@x>"]
)
def test_fault_177_two_addresses_in_the_place_of_one_are_refused(
    server: ModelServer, sender: bytes
) -> None:
    is_refused(server, b"From: " + sender + b"\r\nTo: r@x\r\n\r\nbody\r\n")


def test_fault_178_the_whole_grammar_of_addresses_is_read(server: ModelServer) -> None:
    header = (
        b'From: "Doe, Jane \\"J\\"" <jane@x>\r\n'
        b'To: "a, b" <c@x>, d@x,\r\n'
        b"\tE (a \\) comment (in a comment), e@y) <e@x>\r\n"
        b'Cc: Team: f@x, G <g@x>;, "h i"@x, , <"j>,k"@x>,\r\n'
        b" =?utf-8?q?L=2C?= <l@x>\r\n"
    )
    message = taken(server, header)
    assert message.reverse_path == "jane@x"
    assert message.recipients == (
        *("c@x", "d@x", "e@x", "f@x", "g@x", '"h i"@x', '"j>,k"@x', "l@x"),
    )
    assert message.content == header + b"\r\nbody\r\n"


def test_fault_179_an_empty_group_has_no_recipients(server: ModelServer) -> None:
    header = b"From: a@x\r\nTo: undisclosed-recipients:;\r\nBcc: b@x\r\n"
    assert taken(server, header).recipients == ("b@x",)


def test_fault_179_an_empty_group_alone_is_no_envelope(server: ModelServer) -> None:
    message = b"From: a@x\r\nTo: undisclosed-recipients:;\r\n\r\nbody\r\n"
    assert "no recipients" in is_refused(server, message)


@pytest.mark.parametrize(
    "recipient", [b"=?utf-8?q?x=40y?=", b"=?utf-8?b?eEB5?=", b"=?utf-8?q?=3Cx=40y=3E?="]
)
def test_fault_180_an_encoded_word_hides_no_address(server: ModelServer, recipient: bytes) -> None:
    is_refused(server, b"From: a@x\r\nTo: " + recipient + b"\r\n\r\nbody\r\n")


def test_fault_180_an_encoded_word_is_a_name_like_any_other(server: ModelServer) -> None:
    header = b"From: a@x\r\nTo: =?utf-8?q?evil=40y=2C?= <r@x>\r\n"
    assert taken(server, header).recipients == ("r@x",)


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"], ids=["CRLF", "LF", "CR"])
@pytest.mark.parametrize("chunking", [True, False], ids=["BDAT", "DATA"])
def test_fault_181_blind_copies_are_sent_to_and_not_sent(
    start: Start, end: bytes, *, chunking: bool
) -> None:
    """Whatever ends the lines: what leaves here has its lines ended by CRLF."""
    server = start(ModelServer(offers=("CHUNKING",) if chunking else ()))
    lines = [
        *(b"Bcc: first@x", b"From: a@x", b"BCC :", b"\tfolded@x,", b" folded-more@x"),
        *(b"To: r@x", b"X-Bcc: kept@x", b"bcc:b@x", b"Subject: Bcc: kept", b" Bcc: folded, kept"),
        *(b"Bcc:", b"", b"Bcc: in the body", b""),
    ]
    done = submit(server, end.join(lines))
    assert done.code == 0, done
    message = server.messages[0]
    assert set(message.recipients) == {
        *("first@x", "folded@x", "folded-more@x", "r@x", "b@x"),
    }
    assert message.content == (
        b"From: a@x\r\nTo: r@x\r\nX-Bcc: kept@x\r\nSubject: Bcc: kept\r\n Bcc: folded, kept\r\n"
        b"\r\nBcc: in the body\r\n"
    )
    assert [f"SIZE={len(message.content)}"] == list(message.parameters) or not message.parameters


def test_fault_181_without_dash_f_nothing_is_edited(server: ModelServer) -> None:
    message = b"Bcc: b@x\r\n" + MESSAGE
    done = run_smtp(server.address, "a@x", "r@x", stdin=message)
    assert done.code == 0, done
    assert server.messages[0].content == message


def test_fault_182_of_many_resendings_only_the_last_counts(server: ModelServer) -> None:
    header = (
        b"Received: by mail.example; Thu, 1 Jan 1970 00:00:02 +0000\r\n"
        b"Resent-Date: Thu, 1 Jan 1970 00:00:02 +0000\r\n"
        b"Resent-From: second@x\r\n"
        b"Resent-To: for-second@x\r\n"
        b"Resent-Bcc: blind-second@x\r\n"
        b"Received: by mail.example; Thu, 1 Jan 1970 00:00:01 +0000\r\n"
        b"Resent-From: first@x\r\n"
        b"Resent-To: for-first@x\r\n"
        b"From: a@x\r\n"
        b"To: r@x\r\n"
        b"Bcc: b@x\r\n"
    )
    message = taken(server, header)
    assert message.reverse_path == "second@x"
    assert message.recipients == ("for-second@x", "blind-second@x")
    kept = header.replace(b"Resent-Bcc: blind-second@x\r\n", b"").replace(b"Bcc: b@x\r\n", b"")
    assert message.content == kept + b"\r\nbody\r\n"


@pytest.mark.parametrize(
    "line",
    [
        b"X-Long: " + b"x" * 70 + b"\r\n",
        b"x" * 1000,
        b"To: r@x\r\n",
        b"To: " + b"(" * 1000 + b"\r\n",
    ],
    ids=["fields", "one-line", "recipients", "comments"],
)
def test_fault_183_a_header_without_end_is_given_up(
    server: ModelServer, tmp_path: Path, line: bytes
) -> None:
    """32 MB of header: refused in bounded time and memory, and the other messages still go."""
    endless, other = tmp_path / "endless", tmp_path / "other"
    endless.write_bytes(b"From: a@x\r\nTo: r@x\r\n" + line * (32 * 2**20 // len(line)))
    other.write_bytes(b"From: a@x\r\nTo: r@x\r\n\r\nbody\r\n")
    done = run_smtp("-s", server.address, "-F", str(endless), str(other), timeout=20)
    assert done.code == 65, done
    assert str(endless) in done.stderr
    assert done.stderr.count("\n") == 1
    assert len(done.stderr) < 500
    assert len(server.messages) == 1


@pytest.mark.parametrize(
    "nested", [b"(" * 100_000 + b")" * 100_000, b'"' + b"\\\\" * 100_000 + b'"']
)
def test_fault_183_deep_nesting_costs_no_more_than_length(
    server: ModelServer, nested: bytes
) -> None:
    message = taken(server, b"From: a@x\r\nTo: " + nested + b" <r@x>\r\n")
    assert message.recipients == ("r@x",)


@pytest.mark.parametrize(
    "recipient",
    [b"r\0@x", b"r@x\0", b"r\x01@x", b"r\x7f@x", b"r\xff@x", b"\xff <r@x\xff>", b"r@x\x1b[2J"],
)
def test_fault_184_octets_that_no_address_may_have(server: ModelServer, recipient: bytes) -> None:
    is_refused(server, b"From: a@x\r\nTo: " + recipient + b"\r\n\r\nbody\r\n")


def test_fault_184_a_lone_cr_in_the_header_ends_a_line_as_it_does_on_the_wire(
    server: ModelServer,
) -> None:
    """Read in another way than it is sent, the second line would be a Bcc that everyone sees."""
    message = taken(server, b"From: a@x\r\nTo: r@x\rBcc: b@x\r\n")
    assert message.recipients == ("r@x", "b@x")
    assert b"Bcc" not in message.content


def test_fault_184_utf_8_in_names_and_in_addresses(server: ModelServer) -> None:
    message = taken(server, "From: Jürgen <jürgen@x>\r\nTo: Ü <r@bücher.example>\r\n".encode())
    assert message.reverse_path == "jürgen@x"
    assert message.recipients == ("r@xn--bcher-kva.example",)


@pytest.mark.parametrize(
    "recipient", [b"r@x..y", b"r@-x", b"@x:r@y", b"r", b"r@x y", b"r@[1.2.3]", b"<>", b"a..b@x"]
)
def test_fault_184_what_is_no_address_is_refused(server: ModelServer, recipient: bytes) -> None:
    is_refused(server, b"From: a@x\r\nTo: " + recipient + b"\r\n\r\nbody\r\n")


def test_fault_185_the_first_line_of_an_mbox_is_no_address(server: ModelServer) -> None:
    message = b"From evil@y Thu Jan  1 00:00:00 1970\r\nFrom: a@x\r\nTo: r@x\r\n\r\nbody\r\n"
    done = submit(server, message)
    assert b"evil" not in b"".join(bytes(c.received) for c in server.connections)
    assert done.code == 65, done


def test_fault_186_an_address_that_looks_like_an_option_is_an_address(
    server: ModelServer,
) -> None:
    header = b"From: <-f@x>\r\nTo: -oProxyCommand=reboot@x\r\n"
    message = taken(server, header)
    assert message.reverse_path == "-f@x"
    assert message.recipients == ("-oProxyCommand=reboot@x",)


def test_fault_186_names_that_look_like_options_come_behind_two_hyphens(
    server: ModelServer, tmp_path: Path
) -> None:
    (tmp_path / "-oProxy").write_bytes(MESSAGE)
    option = ("-s", server.address, "-f", "-s@x", "-r", "-r@x", "--", "-oProxy")
    done = run_smtp(*option, cwd=tmp_path)
    assert done.code == 0, done
    positional = run_smtp("--", server.address, "-s@x", "-r@x", stdin=MESSAGE)
    assert positional.code == 0, positional
    for message in server.messages:
        assert (message.reverse_path, message.recipients) == ("-s@x", ("-r@x",))


def test_fault_186_an_unknown_option_is_named_and_nothing_is_run(
    server: ModelServer, tmp_path: Path
) -> None:
    (tmp_path / "-oProxy").write_bytes(MESSAGE)
    option = ("-s", server.address, "-f", "s@x", "-r", "r@x", "-oProxy")
    done = run_smtp(*option, cwd=tmp_path)
    assert done.code == 64, done
    assert "-o" in done.stderr
    assert server.connections == []


@pytest.mark.parametrize(
    "name", ["$(touch owned)", "`touch owned`", "; touch owned", "| touch owned"]
)
def test_fault_186_a_name_is_never_given_to_a_shell(
    server: ModelServer, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_bytes(MESSAGE)
    done = run_smtp("-s", server.address, "-f", "s@x", "-r", "r@x", name, cwd=tmp_path)
    assert done.code == 0, done
    assert [path.name for path in tmp_path.iterdir()] == [name]
