"""Group C of the faults: STARTTLS, and what must not happen around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.command import run_smtp
from tests.faults.outcome import failure, submit, succeeded
from tests.faults.talk import LOCKSTEP, MESSAGE, farewell, opening
from tests.faults.transactions import transaction
from tests.faults.verbose import said_of_messages, submit_batch
from tests.scripted import (
    Close,
    Expect,
    ExpectEnd,
    ModelServer,
    ReadSome,
    Reset,
    Script,
    Send,
    SendPlain,
    Stall,
    multiline,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted import Connection, Step
    from tests.scripted.fixtures import MakeScripted, Start

STARTTLS: tuple[Step, ...] = (*opening("STARTTLS"), Expect("STARTTLS"))
"""A session up to STARTTLS, which is not answered yet."""

GO = Send("220 2.0.0 go ahead")

IN_THE_CLEAR = Script(
    "takes one message in the clear",
    *opening(*LOCKSTEP),
    *transaction(Send("250 queued")),
    *farewell(),
)

LOGIN = ("-U", "me", "-P", "secret", "--allow-cleartext-auth")


def tls_model(**how: object) -> ModelServer:
    return ModelServer(offers=("STARTTLS",), **how)  # type: ignore[arg-type]  # options by name


def said_nothing_of_the_message(*connections: Connection) -> bool:
    """Whether neither a login nor an envelope was begun."""
    return not any({"AUTH", "MAIL"}.intersection(c.verbs) for c in connections)


# -- STARTTLS not offered, or refused --------------------------------------------------------------


@pytest.mark.parametrize("option", ["-M", "-V", "-MV"])
def test_fault_049_required_tls_that_is_not_offered_ends_it_before_auth_and_mail(
    start: Start, option: str
) -> None:
    """RFC 3207 section 6: somebody on the way may have taken it out."""
    server = start(ModelServer(offers=("AUTH PLAIN",), users={"me": "secret"}))
    line = failure(submit(server, option, *LOGIN), 69)
    assert "does not offer STARTTLS" in line
    assert server.connections[0].verbs == ["EHLO", "QUIT"]


def test_fault_050_wanted_tls_that_is_not_offered_is_done_without(start: Start) -> None:
    server = start(ModelServer())
    done = submit(server, "-T", "-v")
    assert succeeded(done)
    assert " ESMTP cleartext\n" in done.stdout


@pytest.mark.parametrize(("reply", "code"), [("454 4.7.0 not now", 75), ("501 5.5.4 no", 69)])
def test_fault_051_required_tls_that_is_refused_is_reported(
    start: Start, reply: str, code: int
) -> None:
    server = start(tls_model(replies={"STARTTLS": reply}))
    assert reply in failure(submit(server, "-M"), code)
    assert server.connections[0].verbs == ["EHLO", "STARTTLS", "QUIT"]


def test_fault_052_wanted_tls_that_is_refused_is_done_without_on_the_same_connection(
    start: Start,
) -> None:
    server = start(tls_model(replies={"STARTTLS": "454 4.7.0 not now"}))
    assert succeeded(submit(server, "-T"))
    (connection,) = server.connections
    assert connection.verbs[:3] == ["EHLO", "STARTTLS", "MAIL"]


@pytest.mark.parametrize("option", ["-T", "-M"])
def test_fault_053_after_a_421_to_starttls_nothing_more_is_said(
    scripted: MakeScripted, option: str
) -> None:
    server = scripted(Script("421", *STARTTLS, Send("421 4.3.2 going down"), ExpectEnd()))
    assert "421 4.3.2 going down" in failure(submit(server, option), 75)
    assert len(server.connections) == 1


# -- behind the 220 --------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["-T", "-M", "-V"])
@pytest.mark.parametrize(
    "forged",
    [
        pytest.param(b"250-mail.example\r\n250 AUTH PLAIN\r\n", id="054 a reply to EHLO"),
        pytest.param(b"250-mail.example\r\n250 AU", id="054 a part of one"),
        pytest.param(b"250 x", id="055 less than a line"),
        pytest.param(b"\n", id="055 an octet"),
    ],
)
def test_fault_054_055_plain_text_behind_the_220_ends_the_connection(
    scripted: MakeScripted, option: str, forged: bytes
) -> None:
    """CVE-2021-22947 and its like: it would be taken for an answer inside TLS."""
    server = scripted(
        Script("forges", *STARTTLS, Send(b"220 2.0.0 go ahead\r\n" + forged), ExpectEnd())
    )
    failure(submit(server, option), 76)
    assert len(server.connections) == 1


@pytest.mark.parametrize(("option", "code"), [("-T", 76), ("-M", 75)])
def test_fault_056_a_refusal_with_forged_replies_behind_it_ends_the_connection(
    scripted: MakeScripted, option: str, code: int
) -> None:
    """With -M the refusal itself is what ended it; nothing behind it is believed either way."""
    forged = b"454 4.7.0 no\r\n250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n221 bye\r\n"
    server = scripted(Script("forges the rest", *STARTTLS, Send(forged), ExpectEnd()))
    failure(submit(server, option), code)
    assert said_nothing_of_the_message(*server.connections)


NOT_TLS: tuple[Step, ...] = (*STARTTLS, GO, ReadSome(), Send("250 ok"))


@pytest.mark.parametrize("option", ["-M", "-V", "-TV"])
def test_fault_057_what_is_not_tls_ends_it(scripted: MakeScripted, option: str) -> None:
    """Not one octet more comes in the clear (RFC 3207 section 4.1)."""
    server = scripted(Script("speaks no TLS", *NOT_TLS, Stall()))
    assert "what the server sent is not TLS" in failure(submit(server, option), 75)
    (connection,) = server.connections
    assert said_nothing_of_the_message(connection)


def test_fault_058_a_failed_handshake_under_t_is_followed_by_one_new_connection_in_the_clear(
    scripted: MakeScripted,
) -> None:
    server = scripted(Script("speaks no TLS", *NOT_TLS, Stall()), IN_THE_CLEAR)
    done = submit(server, "-T")
    assert done.code == 0
    assert done.stderr == (
        f"smtp: {server.address}: warning: the TLS handshake failed:"
        " what the server sent is not TLS; going on without TLS\n"
    )
    first, second = server.connections
    assert said_nothing_of_the_message(first)
    assert second.verbs == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]


def test_fault_059_silence_in_the_handshake_has_a_limit(scripted: MakeScripted) -> None:
    server = scripted(Script("is silent", *STARTTLS, GO, Stall()))
    assert "waited 0.3 seconds for the TLS handshake" in failure(
        submit(server, "-M", "--timeout", "0.3"), 75
    )


@pytest.mark.parametrize("end", [Close(crossing=True), Reset()], ids=["FIN", "RST"])
def test_fault_060_the_end_of_the_connection_in_the_handshake_is_one_line(
    scripted: MakeScripted, end: Step
) -> None:
    server = scripted(Script("leaves", *STARTTLS, GO, ReadSome(), end))
    line = failure(submit(server, "-M"), 75)
    assert "the TLS handshake failed: the server ended the connection" in line


@pytest.mark.parametrize("option", ["-T", "-M"])
@pytest.mark.parametrize("reply", ["250 ok", "200 go", "221 go", "354 go"])
def test_fault_061_only_220_starts_tls(scripted: MakeScripted, option: str, reply: str) -> None:
    """RFC 3207 section 4."""
    server = scripted(Script("answers otherwise", *STARTTLS, Send(reply), ExpectEnd()))
    assert reply in failure(submit(server, option), 76)


# -- inside TLS nothing from before counts ---------------------------------------------------------


def inside(*offers: str) -> ModelServer:
    """A server that offers inside TLS only `offers`, and before it AUTH and PIPELINING."""
    before = multiline("250 mail.example", "250 STARTTLS", "250 AUTH PLAIN", "250 PIPELINING")
    return ModelServer(
        offers=("STARTTLS", *offers), replies={"EHLO": [before]}, users={"me": "secret"}
    )


def test_fault_062_auth_that_was_offered_only_before_tls_is_not_offered(start: Start) -> None:
    server = start(inside())
    assert "AUTH is not offered" in failure(submit(server, "-M", *LOGIN), 69)
    assert server.connections[0].verbs == ["EHLO", "STARTTLS", "EHLO", "QUIT"]


def test_fault_063_pipelining_that_was_offered_only_before_tls_is_not_used(start: Start) -> None:
    """The server sees that nothing comes behind an unanswered command (RFC 3207 section 4.2)."""
    server = start(inside())
    assert succeeded(submit(server, "-M"))


@pytest.mark.parametrize("option", ["-T", "-M"])
@pytest.mark.parametrize(
    ("reply", "code"), [("550 5.7.1 no", 69), ("500 what?", 69), ("502 no", 69), ("451 no", 75)]
)
def test_fault_064_ehlo_refused_inside_tls_is_not_followed_by_helo(
    start: Start, option: str, reply: str, code: int
) -> None:
    server = start(tls_model(replies={"EHLO": [None, reply]}))
    assert reply in failure(submit(server, option), code)
    assert server.connections[0].verbs == ["EHLO", "STARTTLS", "EHLO", "QUIT"]


def test_fault_065_starttls_offered_again_inside_tls_is_not_used(start: Start) -> None:
    hello = multiline("250 mail.example", "250 STARTTLS")
    server = start(tls_model(replies={"EHLO": hello}))
    assert succeeded(submit(server, "-M"))
    assert server.connections[0].verbs.count("STARTTLS") == 1


@pytest.mark.parametrize(
    "plain", [b"250 ok\r\n", bytes.fromhex("15 03 03 00 02 02 28"), b"\0" * 100]
)
def test_fault_066_plain_octets_inside_tls_end_the_connection(start: Start, plain: bytes) -> None:
    server = start(tls_model(replies={"MAIL": (SendPlain(plain), Stall())}))
    failure(submit(server, "-M"), 75)
    assert server.messages == []


# -- the end of TLS --------------------------------------------------------------------------------


def test_fault_067_an_answer_before_a_fin_without_close_notify_counts(start: Start) -> None:
    server = start(tls_model(replies={"END": Close("250 queued", crossing=True)}))
    assert succeeded(submit(server, "-M"))


@pytest.mark.parametrize("cut", [b"250 que", b"250-queued\r\n", b"2"])
def test_fault_068_an_answer_that_is_cut_off_by_a_fin_is_none(start: Start, cut: bytes) -> None:
    """RFC 8446 section 6.1: without close_notify, what came may have been cut."""
    server = start(tls_model(replies={"END": Close(cut, crossing=True)}))
    done = submit(server, "-M", "-v")
    assert "it may have been delivered" in failure(done, 79)
    assert said_of_messages(done) == ["unknown"]


def test_fault_075_no_connection_takes_up_the_tls_of_another(start: Start, tmp_path: Path) -> None:
    server = start(tls_model())
    done = submit_batch(server.address, tmp_path, "-M", "-d", count=3)
    assert succeeded(done)
    assert [c.tls_resumed for c in server.connections] == [False, False, False]


@pytest.mark.parametrize("ciphers", ["NONSENSE", "", "TLS_AES_128_GCM_SHA256", "!ALL"])
def test_fault_076_a_cipher_string_that_selects_nothing_is_refused_before_connecting(
    start: Start, ciphers: str
) -> None:
    server = start(tls_model())
    line = failure(submit(server, "-M", "-C", ciphers), 64)
    assert line.startswith("smtp: -C: ")
    assert server.connections == []


def test_fault_076_a_suite_of_tls_1_3_that_it_did_not_select_is_worth_a_warning(
    start: Start,
) -> None:
    server = start(tls_model())
    done = run_smtp("-M", "-C", "HIGH", server.address, "s@x", "r@x", stdin=MESSAGE)
    assert done.code == 0
    assert "is not one that -C selects" in done.stderr
