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
from smtpwire.run.report import Problem
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
    assert b"(hidden), (hidden)" in hidden.replace(b"=", b"")
    assert form not in hidden


def test_what_is_not_secret_stays() -> None:
    assert mask().octets(b"535 5.7.8 go away, me") == b"535 5.7.8 go away, me"


def test_a_password_too_short_to_hide_is_not_blotted_out_of_everything() -> None:
    assert Mask("me", "a").octets(b"a b a") == b"a b a"
    assert Mask("me", "").octets(b"text") == b"text"


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


def test_what_was_sent_in_a_login_is_hidden_in_the_answer_too() -> None:
    recorder = Recorder()
    observer = MaskingObserver(recorder, mask())
    observer.sent(b"bWUgMDEyMzQ1Njc4OQ==\r\n", tls=True, secret=True)
    echo = Reply(535, (b"you said bWUgMDEyMzQ1Njc4OQ==",))
    observer.received(echo, tls=True, failure=True)
    assert recorder.calls[1] == ("received", Reply(535, (b"you said (hidden)==",)), True, True)


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
