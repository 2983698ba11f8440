"""The envelope that a header says, and what is left of the header."""

from __future__ import annotations

import pytest

from smtpwire.errors import MessageUnusable
from smtpwire.message.envelope import HeaderEnvelope, envelope_from_header


def sender_problem(header: bytes) -> str:
    envelope = envelope_from_header(header)
    assert envelope.sender is None
    return str(envelope.sender_error)


def test_an_ordinary_header() -> None:
    header = b"From: A <a@x>\r\nTo: b@y,\r\n c@y\r\nCc: d@z\r\nSubject: hello\r\n"
    assert envelope_from_header(header) == HeaderEnvelope(
        "a@x", None, ("b@y", "c@y", "d@z"), header
    )


def test_the_sender_goes_before_the_author() -> None:
    assert envelope_from_header(b"From: a@x\nSender: s@x\nTo: b@y\n").sender == "s@x"


def test_recipients_are_of_every_field_in_order_and_once() -> None:
    header = b"From: a@x\nCc: c@y\nTo: b@y, B@y\nto: b@y, e@y\nBCC: c@y, d@y\nReply-To: z@y\n"
    assert envelope_from_header(header).recipients == ("c@y", "b@y", "B@y", "e@y", "d@y")


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (b"From: a@x\nFrom: b@x\n", "the message has no single sender, but 2 From fields"),
        (
            b"From: a@x, b@x\n",
            "the message has no single sender, but 2 addresses in From, and no Sender",
        ),
        (
            b"From: group:;\n",
            "the message has no single sender, but no address in From, and no Sender",
        ),
        (
            b"Sender: a@x\nFrom: a@x\nSender: a@x\n",
            "the message has no single sender, but 2 Sender fields",
        ),
        (
            b"Sender: a@x, b@x\nFrom: a@x\n",
            "the message has no single sender, but 2 addresses in Sender",
        ),
        (b"Sender:\nFrom: a@x\n", "the message has no single sender, but no address in Sender"),
        (b"", "the message has no sender: neither Sender nor From"),
        (b"From: nobody\n", "in its From field, there is text that is not an address at 'nobody'"),
    ],
)
def test_fault_176_a_sender_that_is_not_one_is_a_value_and_not_an_error(
    header: bytes, text: str
) -> None:
    assert sender_problem(header + b"To: b@y\n") == text


@pytest.mark.parametrize("authors", [b"From: a@x\nFrom: b@x\n", b"From: a@x, b@x\n", b"From: !\n"])
def test_fault_176_with_a_sender_the_authors_do_not_matter(authors: bytes) -> None:
    assert envelope_from_header(authors + b"Sender: s@x\nTo: b@y\n").sender == "s@x"


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_fault_181_bcc_is_removed_with_its_folded_lines(end: bytes) -> None:
    kept = [b"From: a@x", b"X-Bcc: kept", b"To: b@y,", b" c@y", b"Subject: Bcc: d@z"]
    header = end.join(
        [
            b"Bcc: d@z,",
            b" e@z,",
            b"\tf@z",
            *kept[:2],
            b"bcc :",
            b" g@z",
            *kept[2:4],
            b"BCC\t:h@z",
            kept[4],
            b"Resent-Bcc:",
            b" ",
            b"",
        ]
    )
    envelope = envelope_from_header(header[: -len(end)] + b" i@z" + end)
    assert envelope.kept == end.join([*kept, b""])


def test_fault_181_bcc_is_used_as_recipients() -> None:
    envelope = envelope_from_header(b"From: a@x\nBcc: b@y,\n c@y\nbcc : d@y\nTo: undisclosed:;\n")
    assert envelope.recipients == ("b@y", "c@y", "d@y")


def test_fault_181_a_bcc_behind_a_bare_cr_is_a_bcc() -> None:
    envelope = envelope_from_header(b"From: a@x\r\nSubject: x\rBcc: b@y\r\nTo: c@y\r\n")
    assert envelope.recipients == ("b@y", "c@y")
    assert envelope.kept == b"From: a@x\r\nSubject: x\rTo: c@y\r\n"


def test_a_bare_cr_and_a_bare_lf_do_not_meet_where_a_bcc_was_left_out() -> None:
    """They would be one line end, and the empty line gone: the body would begin in the header."""
    kept = b"From: a@x\rTo: c@y\r"
    envelope = envelope_from_header(kept + b"Bcc: b@y\n")
    assert envelope.kept == kept
    assert envelope.kept_before(b"\nbody") == kept + b"\n"
    assert envelope.kept_before(b"\r\nbody") == kept
    assert envelope.kept_before(b"") == kept
    assert envelope_from_header(b"To: c@y\nBcc: b@y\n").kept_before(b"\nbody") == b"To: c@y\n"


def test_an_open_last_line_is_left_open_or_left_out() -> None:
    assert envelope_from_header(b"From: a@x\nTo: b@y").kept == b"From: a@x\nTo: b@y"
    assert envelope_from_header(b"From: a@x\nBcc: b@y").kept == b"From: a@x\n"


def test_an_empty_bcc_is_removed_too() -> None:
    envelope = envelope_from_header(b"From: a@x\nBcc:\nTo: b@y\n")
    assert envelope == HeaderEnvelope("a@x", None, ("b@y",), b"From: a@x\nTo: b@y\n")


def test_fault_182_only_the_latest_resending_counts() -> None:
    header = (
        b"Received: by x\n"
        b"Resent-From: r2@x\nResent-Sender: s2@x\nResent-To: t2@y\nResent-Bcc: u2@y\n"
        b"Received: by x\n"
        b"Resent-From: r1@x\nResent-To: t1@y\nResent-Bcc: u1@y\n"
        b"From: a@x\nTo: b@y\nBcc: c@y\n"
    )
    envelope = envelope_from_header(header)
    assert envelope.sender == "s2@x"
    assert envelope.recipients == ("t2@y", "u2@y")
    assert envelope.kept == (
        b"Received: by x\n"
        b"Resent-From: r2@x\nResent-Sender: s2@x\nResent-To: t2@y\n"
        b"Received: by x\n"
        b"Resent-From: r1@x\nResent-To: t1@y\n"
        b"From: a@x\nTo: b@y\n"
    )


def test_fault_182_a_field_that_comes_again_is_of_an_earlier_resending() -> None:
    header = b"Resent-From: r2@x\nResent-To: t2@y\nResent-From: r1@x\nResent-Cc: t1@y\nTo: b@y\n"
    envelope = envelope_from_header(header)
    assert (envelope.sender, envelope.recipients) == ("r2@x", ("t2@y",))


def test_fault_182_what_was_first_sent_is_not_even_read() -> None:
    envelope = envelope_from_header(b"Resent-From: r@x\nResent-Cc: t@y\nFrom: !\nTo: !\n")
    assert (envelope.sender, envelope.recipients) == ("r@x", ("t@y",))


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (
            b"Resent-To: t@y\nFrom: a@x\n",
            "the message has no sender: neither Resent-Sender nor Resent-From",
        ),
        (
            b"Resent-To: t@y\nResent-From: a@x, b@x\n",
            (
                "the message has no single sender, but 2 addresses in Resent-From,"
                " and no Resent-Sender"
            ),
        ),
    ],
)
def test_fault_182_a_resending_has_its_own_sender(header: bytes, text: str) -> None:
    assert sender_problem(header) == text


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (b"", "the message has no recipients: no address in To, Cc or Bcc"),
        (b"From: a@x\n", "the message has no recipients: no address in To, Cc or Bcc"),
        (
            b"From: a@x\nTo: undisclosed-recipients:;\n",
            "the message has no recipients: no address in To, Cc or Bcc",
        ),
        (
            b"Resent-From: a@x\nTo: b@y\n",
            "the message has no recipients: no address in Resent-To, Resent-Cc or Resent-Bcc",
        ),
        (b"To: b\n", "in its To field, there is text that is not an address at 'b'"),
        (b"To: b@y\nrubbish\n", "in the header, 'rubbish' is not a field"),
    ],
)
def test_headers_without_an_envelope(header: bytes, text: str) -> None:
    with pytest.raises(MessageUnusable) as caught:
        envelope_from_header(header)
    assert str(caught.value) == text


def test_fault_186_an_address_with_a_hyphen_first_is_an_address() -> None:
    assert envelope_from_header(b"From: a@x\nTo: -oProxy@y\n").recipients == ("-oProxy@y",)
