"""What the catcher says of a message."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from smtpwire.catch.handler import SUBJECT_LIMIT, Catcher, caught_line, subject
from smtpwire.catch.maildir import Maildir

if TYPE_CHECKING:
    from pathlib import Path


class Said:
    """A catcher, and what it reported and complained of."""

    def __init__(self, maildir: Maildir | None = None) -> None:
        self.reports: list[str] = []
        self.complaints: list[str] = []
        self.catcher = Catcher(maildir, self.reports.append, self.complaints.append)

    def data(self, content: bytes, mail_from: str = "a@x.example") -> str:
        envelope = Envelope()
        envelope.mail_from = mail_from
        envelope.rcpt_tos = ["b@y.example"]
        envelope.original_content = content
        nothing = cast("SMTP", None)
        session = cast("Session", None)
        return asyncio.run(self.catcher.handle_DATA(nothing, session, envelope))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"Subject: hello\r\n\r\nbody\r\n", b"hello"),
        (b"From: a@x\r\nSUBJECT:hello\r\n\r\n", b"hello"),
        (b"Subject: one\r\n two\r\n\tthree\r\nTo: b@y\r\n\r\n", b"one two\tthree"),
        (b"Subject: one\r\nSubject: two\r\n\r\n", b"one"),
        (b"Subject: no body", b"no body"),
        (b"Subject: a\rb\nc\r\n\r\n", b"a\rb\nc"),
        (b"Subject:\r\n\r\n", b""),
        (b"X-Subject: no\r\n\r\n", b""),
        (b"From: a@x\r\n\r\nSubject: in the body\r\n", b""),
        (b"\r\nSubject: in the body\r\n", b""),
        (b"", b""),
    ],
)
def test_the_subject_is_the_first_field_unfolded(content: bytes, expected: bytes) -> None:
    assert subject(content) == expected


def test_the_null_reverse_path_is_shown_as_it_is_written() -> None:
    said = Said()
    said.data(b"\r\n", mail_from="<>")
    assert said.reports == ["caught: from <> to <b@y.example> 2 octets"]


def test_a_line_names_envelope_size_and_subject() -> None:
    line = caught_line("a@x", ["b@y", "c@y"], b"Subject: hello\r\n\r\n")
    assert line == "caught: from <a@x> to <b@y>, <c@y> 18 octets hello"


def test_a_line_without_a_subject_ends_with_the_size() -> None:
    assert caught_line("", ["b@y"], b"\r\n") == "caught: from <> to <b@y> 2 octets"


def test_what_cannot_be_seen_is_escaped() -> None:
    line = caught_line("a\u202eb@x", ["\x1b@y"], b"Subject: \x1b[2J\xff\r\n\r\n")
    assert line == r"caught: from <a\u202eb@x> to <\x1b@y> 18 octets \x1b[2J\xff"


def test_a_long_subject_is_cut() -> None:
    line = caught_line("a@x", ["b@y"], b"Subject: " + b"s" * 1000 + b"\r\n\r\n")
    assert line.endswith(" " + "s" * SUBJECT_LIMIT + "... (1000 characters)")


def test_a_message_is_told_of_without_a_maildir() -> None:
    said = Said()
    assert said.data(b"Subject: s\r\n\r\n").startswith("250 ")
    assert said.reports == ["caught: from <a@x.example> to <b@y.example> 14 octets s"]
    assert said.complaints == []


def test_a_message_is_stored_octet_for_octet(tmp_path: Path) -> None:
    content = b"Subject: s\r\n\r\n\x00\xff.\r\nbare \n and \r\r\n"
    said = Said(Maildir(str(tmp_path)))
    said.data(content)
    (stored,) = (tmp_path / "new").iterdir()
    assert stored.read_bytes() == content
    assert len(said.reports) == 1


def test_a_message_that_cannot_be_stored_is_refused_for_now(tmp_path: Path) -> None:
    said = Said(Maildir(str(tmp_path)))
    (tmp_path / "tmp").rmdir()
    assert said.data(b"\r\n").startswith("452 ")
    assert said.reports == []
    assert said.complaints == [f"{tmp_path}: No such file or directory"]


def test_pipelining_is_offered_and_the_last_line_stays_the_last() -> None:
    session = Session(asyncio.new_event_loop())
    try:
        offered = asyncio.run(
            Said().catcher.handle_EHLO(
                cast("SMTP", None),
                session,
                Envelope(),
                "client.example",
                ["250-localhost", "250 HELP"],
            )
        )
    finally:
        session.loop.close()
    assert offered == ["250-localhost", "250-PIPELINING", "250 HELP"]
    assert session.host_name == "client.example"


def test_a_defect_is_one_line_and_a_reply_that_says_not_now() -> None:
    said = Said()
    reply = asyncio.run(said.catcher.handle_exception(ValueError("two\nlines")))
    assert reply.startswith("451 ")
    assert said.complaints == [r"ValueError: two\x0alines"]
