"""No secret reaches an output, in any form that a server may echo it in."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from smtpwire import errors
from smtpwire.cli.masking import Mask, MaskingObserver
from smtpwire.core.reply import Reply
from smtpwire.core.transaction import Outcome
from smtpwire.run.report import MessageResult, Problem
from tests.unit.cli.recorder import Recorder, tell_everything
from tests.unit.cli.results import CONNECTION, NO_USER, SENT, recipient

PASSWORD = "p\\ss wörd/ß"
OCTETS = PASSWORD.encode()

FORMS = {
    "plain": OCTETS,
    "base64": base64.b64encode(OCTETS),
    "base64 of PLAIN": base64.b64encode(b"\0me\0" + OCTETS),
    "base64 unpadded": base64.b64encode(OCTETS).rstrip(b"="),
    "hexadecimal": OCTETS.hex().encode(),
    "HEXADECIMAL": OCTETS.hex().upper().encode(),
    "percent-encoded": quote(PASSWORD, safe="").encode(),
    "escaped": repr(PASSWORD)[1:-1].encode(),
}


def mask() -> Mask:
    return Mask("me", PASSWORD)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_fault_89_every_form_of_the_password_is_hidden(form: bytes) -> None:
    hidden = mask().octets(b"bad password " + form + b", " + form + b"!")
    assert hidden.count(b"(hidden)") == 2
    assert form not in hidden


def test_what_is_not_secret_stays() -> None:
    assert mask().octets(b"535 5.7.8 go away, me") == b"535 5.7.8 go away, me"


def test_a_short_password_is_hidden_as_a_word() -> None:
    assert Mask("me", "a").octets(b"a bad a") == b"(hidden) bad (hidden)"
    assert Mask("me", "").octets(b"text") == b"text"


def test_each_secret_is_hidden_and_the_ones_learned_later() -> None:
    both = Mask("me", "first", "second")
    assert both.octets(b"first second third") == b"(hidden) (hidden) third"
    both.learn("third")
    assert both.octets(b"first second third") == b"(hidden) (hidden) (hidden)"
    assert Mask("me").octets(b"text") == b"text"


def test_places_that_overlap_have_one_mark() -> None:
    assert Mask("me", "abcde", "defgh").octets(b"no abcdefgh!") == b"no (hidden)!"


def test_plain_for_another_identity() -> None:
    encoded = base64.b64encode(b"you\0me\0" + OCTETS)
    assert Mask("me", PASSWORD, authzid="you").octets(b"no: " + encoded) == b"no: (hidden)"


def test_what_a_cut_left_of_a_secret_is_hidden() -> None:
    assert mask().octets(b"no: " + OCTETS[:4]) == b"no: (hidden)"
    assert mask().reply(Reply(550, (b"no: " + OCTETS[:4], b"", b""))) == Reply(
        550, (b"no: (hidden)", b"", b"")
    )


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"551 " + OCTETS[-5:] + b" no", b"551 (hidden) no"),
        (b"551-5.1.1 " + OCTETS[-5:] + b" no", b"551-5.1.1 (hidden) no"),
        (OCTETS[-5:] + b" no " + OCTETS[:4], b"(hidden) no (hidden)"),
        (b"551 no " + OCTETS, b"551 no (hidden)"),
    ],
)
def test_a_line_alone_may_begin_with_the_end_of_a_secret(line: bytes, shown: bytes) -> None:
    assert mask().line(line) == shown


def test_text_with_octets_that_are_not_utf8() -> None:
    assert mask().text(f"\udcff {PASSWORD}") == "\udcff (hidden)"


def test_what_is_not_secret_is_passed_on_as_it_is() -> None:
    recorder = Recorder()
    problem = Problem("m", errors.ConnectionLost("x"), NO_USER, "RCPT", Outcome.REFUSED, "c@y")
    observer = MaskingObserver(recorder, mask())
    told = tell_everything(observer, NO_USER, CONNECTION, SENT, problem)
    assert recorder.calls == told


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"AUTH PLAIN AG1lAHNlY3JldA==\r\n", b"AUTH PLAIN (hidden)\r\n"),
        (b"auth login bWU=\r\n", b"auth login (hidden)\r\n"),
        (b"c2VjcmV0\r\n", b"(hidden)\r\n"),
    ],
)
def test_fault_91_what_is_sent_in_a_login_is_hidden(line: bytes, shown: bytes) -> None:
    recorder = Recorder()
    MaskingObserver(recorder, mask()).sent(line, tls=True, secret=True)
    assert recorder.calls == [("sent", shown, True, True)]


def test_a_secret_that_goes_over_lines_is_hidden_and_the_lines_stay() -> None:
    encoded = FORMS["base64 of PLAIN"]
    echo = Reply(535, (b"5.7.8 no: " + encoded[:9], b"5.7.8 " + encoded[9:]))
    assert mask().reply(echo) == Reply(535, (b"5.7.8 no: (hidden)", b"(hidden)"))


def test_one_reply_behind_all_recipients_stays_one() -> None:
    recorder = Recorder()
    to = tuple(recipient("b@y", Outcome.ACCEPTED, NO_USER) for _ in range(3))
    MaskingObserver(recorder, mask()).message(SENT._replace(reply=NO_USER, recipients=to))
    ((_, told),) = recorder.calls
    assert isinstance(told, MessageResult)
    assert {id(one.reply) for one in told.recipients} == {id(told.reply)}


def test_nothing_that_a_server_says_anywhere_holds_the_password() -> None:
    recorder = Recorder()
    observer = MaskingObserver(recorder, mask())
    echo = Reply(535, (b"no: " + OCTETS, base64.b64encode(OCTETS)))
    observer.received(echo, tls=True, failure=True)
    observer.connected(CONNECTION._replace(greeting=echo, hello=echo))
    lost = errors.ServerClosing("x", reply=echo)
    to = (recipient("b@y", Outcome.REFUSED, echo),)
    observer.message(SENT._replace(recipients=to, reply=echo, error=lost))
    refused = errors.HelloRefused("x", ehlo=echo, helo=echo)
    garbage = errors.RemoteProtocolError("x", line=OCTETS)
    for error in (lost, refused, garbage):
        observer.problem(Problem("h", error, echo, "", None, None))
    observer.warning("h", f"the server said {PASSWORD}")
    shown = repr(recorder.calls) + repr([vars(error) for error in (lost, refused, garbage)])
    for form in FORMS.values():
        assert repr(form)[2:-1] not in shown
    assert json.dumps(PASSWORD) not in shown
    assert PASSWORD not in shown


def test_a_secret_that_comes_up_is_hidden_from_then_on_and_told_to_nobody() -> None:
    recorder = Recorder()
    observer = MaskingObserver(recorder, Mask("me"))
    reply = Reply(250, (b"hello token",))
    observer.received(reply, tls=True, failure=False)
    observer.secret("token")
    observer.connection(2).received(reply, tls=True, failure=False)
    assert recorder.calls == [
        ("received", reply, True, False),
        ("received", Reply(250, (b"hello (hidden)",)), True, False),
    ]
