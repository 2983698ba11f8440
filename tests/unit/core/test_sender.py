"""Messages as commands and contents: what goes behind what, and what goes between two messages."""

from __future__ import annotations

import pytest

from smtpwire.core import parameters, sender
from smtpwire.core.address import Address
from smtpwire.core.reply import KEPT_OCTETS
from smtpwire.core.transaction import Envelope
from smtpwire.errors import MissingExtension
from tests.unit.core.helpers import ALL, Client, addresses, outcomes, submission

PIPELINED = ("PIPELINING",)
MAIL, RCPT, DATA = "MAIL FROM:<s@example.org>", "RCPT TO:<r0@example.org>", "DATA"
RCPT_1 = "RCPT TO:<r1@example.org>"
ENVELOPE = Envelope(Address("s", "example.org"), addresses(1))


def test_lock_step_is_one_command_at_a_time() -> None:
    client = Client.ready()
    assert client.submit(submission(recipients=2), last=True) == [MAIL]
    assert client.hear("250 ok") == [RCPT]
    assert client.hear("250 ok") == [RCPT_1]
    assert client.hear("250 ok") == [DATA]
    assert client.hear("354 go") == ["<0: all>"]
    assert client.hand_over() == []
    assert client.hear("250 queued") == ["QUIT"]
    assert outcomes(client.result()) == ["accepted", "accepted"]


def test_pipelining_sends_the_envelope_in_one_group() -> None:
    client = Client.ready(*PIPELINED)
    assert client.submit(submission(recipients=2)) == [MAIL, RCPT, RCPT_1, DATA]
    assert client.hear("250 ok", "250 ok", "250 ok", "354 go") == ["<0: all>"]


def test_the_next_envelope_rides_behind_the_content_with_rset_in_front() -> None:
    client = Client.ready(*PIPELINED)
    client.submit(submission(0), submission(1), last=True)
    said = client.hear("250 ok", "250 ok", "354 go")
    assert said == ["<0: all>", "RSET", MAIL, RCPT, DATA]
    client.hand_over()
    said = client.hear("250 queued", "250 ok", "250 ok", "250 ok", "354 go")
    assert said == ["<1: all>", "QUIT"]


def test_bdat_waits_for_its_envelope() -> None:
    client = Client.ready(*ALL)
    assert client.submit(submission(0), submission(1)) == [f"{MAIL} SIZE=10", RCPT]
    said = client.hear("250 ok", "250 ok")
    assert said == ["BDAT 10 LAST", "<0: 10 octets, last>", "RSET", f"{MAIL} SIZE=10", RCPT]


def test_without_waiting_it_follows_unasked() -> None:
    client = Client.ready(*ALL, no_wait=True, declare_size=False)
    one = [MAIL, RCPT, "BDAT 10 LAST"]
    assert client.submit(submission(0), submission(1), last=True) == [
        *[*one, "<0: 10 octets, last>"],
        *["RSET", *one, "<1: 10 octets, last>"],
        "QUIT",
    ]


@pytest.mark.parametrize(
    "window", [{"window_messages": 1}, {"window_octets": 19}], ids=["messages", "octets"]
)
def test_a_content_outside_the_window_waits_for_its_envelope(window: dict[str, int]) -> None:
    client = Client.ready(*ALL, no_wait=True, **window)
    said = client.submit(submission(0), submission(1))
    assert said[-3:] == ["RSET", f"{MAIL} SIZE=10", RCPT]
    client.hand_over()
    assert client.hear("250 ok", "250 ok", "250 ok") == ["BDAT 10 LAST", "<1: 10 octets, last>"]


def test_without_pipelining_nothing_follows_unasked() -> None:
    client = Client.ready("CHUNKING", no_wait=True)
    assert client.submit(submission()) == [MAIL]
    assert client.hear("250 ok") == [RCPT]
    assert client.hear("250 ok") == ["BDAT 10 LAST", "<0: 10 octets, last>"]


def test_a_message_of_unknown_size_goes_by_data() -> None:
    client = Client.ready(*ALL)
    assert client.submit(submission(size=None)) == [MAIL, RCPT, DATA]


def test_chunking_that_is_not_wanted_is_not_used() -> None:
    client = Client.ready(*ALL, chunking=False)
    assert client.submit(submission())[-1] == DATA


def test_size_counts_the_octets_as_they_go() -> None:
    raw = submission(size=10, data_size=12)
    assert Client.ready(*ALL).submit(raw)[0] == f"{MAIL} SIZE=10"
    assert Client.ready(*ALL, chunking=False).submit(raw)[0] == f"{MAIL} SIZE=12"


def test_so_does_the_limit() -> None:
    raw = submission(size=10, data_size=12)
    assert Client.ready("CHUNKING", "SIZE 11").submit(raw)
    assert not Client.ready("SIZE 11").submit(raw)


def test_fault_158_an_empty_message_is_one_empty_chunk() -> None:
    client = Client.ready(*ALL)
    client.submit(submission(size=0))
    assert client.hear("250 ok", "250 ok") == ["BDAT 0 LAST", "<0: 0 octets, last>"]


def test_chunks_of_a_size() -> None:
    client = Client.ready(*ALL, chunk_size=4)
    client.submit(submission())
    assert client.hear("250 ok", "250 ok") == [
        *["BDAT 4", "<0: 4 octets>"],
        *["BDAT 4", "<0: 4 octets>"],
        *["BDAT 2 LAST", "<0: 2 octets, last>"],
    ]


def test_no_more_chunks_after_a_refused_one() -> None:
    client = Client.ready("CHUNKING", chunk_size=4)
    client.submit(submission(0), submission(1))
    client.hear("250 ok")
    client.hear("250 ok")
    client.hand_over()
    assert client.hear("452 full") == ["RSET"]
    assert outcomes(client.result()) == ["deferred"]
    assert client.hear("250 ok") == [MAIL]


def test_content_is_promised_only_so_far_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "CONTENT_AHEAD", 5)
    client = Client.ready(*ALL, chunk_size=4)
    client.submit(submission())
    assert client.hear("250 ok", "250 ok")[::2] == ["BDAT 4", "BDAT 4"]
    assert client.hand_over() == ["BDAT 2 LAST", "<0: 2 octets, last>"]


def test_the_window_is_open_as_soon_as_the_content_is_out_of_a_message_that_was_refused() -> None:
    """A server may refuse a chunk that it has not read to its end."""
    client = Client.ready(*ALL, no_wait=True, window_messages=1)
    client.submit(submission(0), submission(1))
    assert client.hear("250 ok", "250 ok") == []
    client.hand_over(whole=False)
    assert client.hear("452 full") == []
    assert client.end_content() == ["BDAT 10 LAST", "<1: 10 octets, last>"]


# -- refusals ------------------------------------------------------------------------------------


def test_fault_103_after_a_refused_mail_no_rcpt_and_no_rset() -> None:
    client = Client.ready()
    client.submit(submission(0), submission(1))
    assert client.hear("550 no") == [MAIL]
    assert outcomes(client.result()) == ["refused"]


def test_fault_107_after_the_last_refused_recipient_rset() -> None:
    client = Client.ready()
    client.submit(submission(0), submission(1))
    client.hear("250 ok")
    assert client.hear("550 no") == ["RSET"]


def test_fault_147_nobody_and_354_the_lone_dot() -> None:
    client = Client.ready(*PIPELINED)
    client.submit(submission(0), submission(1))
    said = client.hear("250 ok", "550 no", "354 go")
    assert said == [".", "RSET", MAIL, RCPT, DATA]
    client.hear("554 no recipients", "250 ok")
    assert outcomes(client.result()) == ["refused"]


def test_fault_148_the_cause_is_the_refused_mail() -> None:
    client = Client.ready(*PIPELINED)
    client.submit(submission(), last=True)
    assert client.hear("550 no", "503 no", "503 no") == ["QUIT"]
    assert client.result().command == "MAIL"


def test_fault_156_the_cause_is_the_refused_recipient_and_not_the_chunk() -> None:
    client = Client.ready(*ALL, no_wait=True)
    client.submit(submission(), last=True)
    client.hand_over()
    client.hear("250 ok", "550 no", "503 no")
    assert client.result().command == "RCPT"


def test_a_recipient_that_is_refused_does_not_stop_the_others() -> None:
    client = Client.ready(*PIPELINED)
    client.submit(submission(recipients=2), last=True)
    assert client.hear("250 ok", "550 no", "250 ok", "354 go") == ["<0: all>", "QUIT"]
    client.hand_over()
    client.hear("250 queued")
    assert outcomes(client.result()) == ["refused", "accepted"]


def test_content_attempted_anyway() -> None:
    client = Client.ready(send_anyway=True)
    client.submit(submission())
    client.hear("250 ok")
    assert client.hear("550 no") == [DATA]
    assert client.hear("354 go") == ["<0: all>"]


# -- all recipients required ---------------------------------------------------------------------


def test_fault_153_data_is_not_in_the_group() -> None:
    client = Client.ready(*PIPELINED, require_all=True)
    assert client.submit(submission(0, recipients=2), submission(1)) == [MAIL, RCPT, RCPT_1]
    assert client.hear("250 ok", "250 ok") == []
    assert client.hear("550 no") == ["RSET", MAIL, RCPT]
    assert outcomes(client.result()) == ["unsent", "refused"]


def test_last_is_withheld() -> None:
    client = Client.ready(*ALL, require_all=True, no_wait=True)
    said = client.submit(submission(), last=True)
    assert said == [f"{MAIL} SIZE=10", RCPT, "BDAT 10", "<0: 10 octets>"]
    client.hand_over()
    assert client.hear("250 ok") == []
    said = client.hear("250 ok")
    assert said == ["BDAT 0 LAST", "<0: 0 octets, last>", "QUIT"]


def test_the_recipients_that_get_nothing_are_let_go_before_quit() -> None:
    client = Client.ready(*PIPELINED, require_all=True)
    client.submit(submission(recipients=2), last=True)
    assert client.hear("250 ok", "250 ok", "550 no") == ["RSET", "QUIT"]


def test_and_in_lock_step_one_after_the_other() -> None:
    client = Client.ready(require_all=True)
    client.submit(submission(recipients=2), last=True)
    client.hear("250 ok")
    client.hear("250 ok")
    assert client.hear("550 no") == ["RSET"]
    assert client.hear("250 ok") == ["QUIT"]


# -- messages that are not begun -----------------------------------------------------------------


def test_a_message_that_cannot_go_is_settled_and_the_next_follows() -> None:
    client = Client.ready()
    foreign = Envelope(None, (Address("\u00e9", "example.org"),))
    assert client.submit(submission(0, envelope=foreign), submission(1)) == [MAIL]
    result = client.result()
    assert outcomes(result) == ["unsent"]
    assert isinstance(result.error, MissingExtension)
    assert not result.resend


def test_a_warning_names_its_message() -> None:
    client = Client.ready()
    client.submit(submission(3, eightbit=True))
    assert client.warnings == ["the server does not offer 8BITMIME: 8-bit content is sent as it is"]


def test_messages_may_share_an_envelope() -> None:
    client = Client.ready()
    shared = Envelope(None, addresses(1))
    other = Envelope(Address("t", "example.org"), addresses(2))
    client.submit(
        submission(0, envelope=shared),
        submission(1, envelope=shared),
        submission(2, envelope=other),
    )
    assert client.hear("550 no") == ["MAIL FROM:<>"]
    assert client.hear("550 no") == ["MAIL FROM:<t@example.org>"]


def test_the_group_rule_by_what_was_said_last() -> None:
    client = Client.ready(*PIPELINED)
    client.submit(submission(), last=True)
    assert client.said() == []
    assert client.hear("250 ok", "250 ok") == [], "DATA ends its group, whatever is answered first"


def test_envelopes_alike_are_said_alike() -> None:
    client = Client.ready(*PIPELINED, "SIZE 1000")
    client.submit(*(submission(i, envelope=ENVELOPE) for i in range(4)), last=True)
    said = [client.hear("250 ok", "250 ok", "354 go")]
    for _ in range(3):
        client.hand_over()
        said.append(client.hear("250 queued", "250 ok", "250 ok", "250 ok", "354 go"))
    again = ["RSET", f"{MAIL} SIZE=10", RCPT, DATA]
    assert said == [*([f"<{i}: all>", *again] for i in range(3)), ["<3: all>", "QUIT"]]


def test_many_sizes_are_as_many_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "REMEMBERED", 2)
    monkeypatch.setattr(parameters, "REMEMBERED", 2)
    client = Client.ready(*PIPELINED, "SIZE 1000")
    sizes = (10, 11, 12, 13, 10, 11)
    client.submit(*(submission(i, envelope=ENVELOPE, size=s) for i, s in enumerate(sizes)))
    client.hear("250 ok", "250 ok", "354 go")
    mails = []
    for _ in sizes[1:]:
        client.hand_over()
        said = client.hear("250 queued", "250 ok", "250 ok", "250 ok", "354 go")
        mails += [line for line in said if line.startswith("MAIL")]
    assert mails == [f"{MAIL} SIZE={size}" for size in sizes[2:]]


def test_recipients_beyond_the_window_come_behind_replies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "COMMAND_WINDOW", 60)
    client = Client.ready(*PIPELINED)
    assert client.submit(submission(recipients=4)) == [MAIL, RCPT, RCPT_1]
    assert client.hear("250 ok", "250 ok", "250 ok") == [
        "RCPT TO:<r2@example.org>",
        "RCPT TO:<r3@example.org>",
        DATA,
    ]
    assert client.hear("250 ok", "550 no", "354 go") == ["<0: all>"]
    client.hand_over()
    client.hear("250 queued")
    assert outcomes(client.result()) == ["accepted", "accepted", "accepted", "refused"]


def test_rset_that_went_alone_is_no_envelope() -> None:
    client = Client.ready()
    client.submit(*(submission(i, envelope=ENVELOPE) for i in range(4)), last=True)
    for _ in range(3):
        assert client.hear("250 ok") == [RCPT]
        assert client.hear("450 later") == ["RSET"]
        assert client.hear("250 ok") == [MAIL]


def test_a_message_that_nothing_can_help_is_settled_by_its_last_reply(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sender, "COMMAND_WINDOW", 60)
    client = Client.ready(*PIPELINED, require_all=True)
    assert client.submit(submission(recipients=4)) == [MAIL, RCPT, RCPT_1]
    assert len(client.hear("250 ok")) == 1, "another recipient fits"
    client.hear("550 no")
    client.hear("250 ok", "250 ok")
    assert outcomes(client.result()) == ["refused", "unsent", "unsent", "unsent"]


def test_of_a_good_reply_no_more_is_kept_than_of_others() -> None:
    client = Client.ready()
    client.submit(submission(), last=True)
    client.hear("250 ok")
    client.hear("250 " + "x" * 5000)
    client.hear("354 go")
    kept = client.engine._sender._open[0].replies[0]
    assert len(kept.raw[0]) == KEPT_OCTETS


def test_354_behind_a_refused_mail_is_not_hoped_for(monkeypatch: pytest.MonkeyPatch) -> None:
    one = len(f"RSET\r\n{MAIL}\r\n{RCPT}\r\n")
    monkeypatch.setattr(sender, "COMMAND_WINDOW", one)
    client = Client.ready(*PIPELINED)
    client.submit(submission(0), submission(1), last=True)
    client.hear("250 ok", "250 ok")
    said = client.hear("354 go")
    assert said == ["<0: all>", "RSET", MAIL, RCPT]
    client.hand_over()
    assert client.hear("250 queued") == []
    assert client.hear("250 ok") == [DATA]
    client.hear("550 no", "250 ok", "354 go")
    assert client.engine.close is not None
    assert outcomes(client.result(1)) == ["refused"]


def test_behind_a_refused_mail_nothing_is_accepted() -> None:
    """Whatever a server says of a chunk for which it has no envelope."""
    client = Client.ready(*ALL, no_wait=True)
    client.submit(submission(), last=True)
    client.hand_over()
    client.hear("502 no", "250 ok", "250 ok")
    assert outcomes(client.result()) == ["refused"]
