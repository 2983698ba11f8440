"""What becomes of a run when a session cannot be had: servers that refuse, and that stay away."""

from __future__ import annotations

from copy import copy
from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from smtpwire.client import ClientSettings, Login
from smtpwire.core.reply import Reply
from smtpwire.core.transaction import Outcome
from smtpwire.errors import (
    AuthFailed,
    CertificateError,
    ConnectError,
    ConnectionLost,
    GreetingRefused,
    HelloRefused,
    HostNotFound,
    Interrupted,
    MissingExtension,
    NoMailService,
    RemoteProtocolError,
    ServerClosing,
    SMTPError,
    StartTLSRefused,
    TimedOut,
    TLSError,
)
from smtpwire.run.nosession import (
    another_may_do,
    costs_one,
    deciding,
    handshake_failed,
    outcome_without_session,
    starttls_not_had,
    tls_not_had,
)
from tests.unit.run.conftest import MAIL, OTHER
from tests.unit.run.servers import Obedient, last_words

if TYPE_CHECKING:
    from tests.unit.run.conftest import MakeRun

BOTH = ClientSettings(servers=(MAIL, OTHER), helo="me.example")
NO = Reply(554, (b"no",))
LATER = Reply(454, (b"later",))


# -- the rule --------------------------------------------------------------------------------------

RULE: list[tuple[SMTPError, str, bool]] = [
    # what happened, what becomes of the message, whether another server is tried
    (ConnectError("refused"), "deferred", True),
    (HostNotFound("no such host"), "deferred", True),
    (ConnectionLost("closed"), "deferred", True),
    (ServerClosing("421", reply=Reply(421, (b"busy",))), "deferred", True),
    (RemoteProtocolError("what?"), "deferred", True),
    (TimedOut("greeting", wait="GREETING"), "deferred", True),
    (TimedOut("AUTH", wait="AUTH"), "deferred", True),
    (GreetingRefused("greeting", reply=LATER), "deferred", True),
    (GreetingRefused("greeting", reply=NO), "unsent", True),
    (HelloRefused("EHLO", ehlo=LATER), "deferred", False),
    (HelloRefused("EHLO", ehlo=NO), "unsent", False),
    (HelloRefused("EHLO, HELO", ehlo=NO, helo=LATER), "deferred", False),
    (AuthFailed("AUTH", reply=LATER), "unsent", False),
    (AuthFailed("AUTH", reply=NO), "unsent", False),
    (AuthFailed("no mechanism"), "unsent", False),
    (NoMailService("null MX"), "unsent", False),
    (StartTLSRefused("STARTTLS", reply=LATER), "unsent", False),
    (MissingExtension("STARTTLS", name="STARTTLS"), "unsent", False),
    (TLSError("the handshake broke"), "unsent", False),
    (CertificateError("somebody else"), "unsent", False),
    (TimedOut("the handshake", wait="HANDSHAKE"), "unsent", True),
    (Interrupted("a signal"), "unsent", False),
]


@pytest.mark.parametrize(("error", "outcome", "another"), RULE)
def test_the_rule(error: SMTPError, outcome: str, another: bool) -> None:
    assert outcome_without_session(error) is Outcome(outcome)
    assert another_may_do(error) is another


@pytest.mark.parametrize("error", [error for error, _, another in RULE if another])
def test_a_server_that_left_during_a_login_is_not_followed_by_another(error: SMTPError) -> None:
    """But by another of the same domain; and other connections go on."""
    during = copy(error)
    during.at_login = True
    assert outcome_without_session(during) is outcome_without_session(error)
    assert not another_may_do(during)
    assert another_may_do(during, domain=True)
    assert costs_one(during)


def test_failed_handshakes() -> None:
    failed = [str(error) for error, _, _ in RULE if handshake_failed(error)]
    assert failed == ["the handshake broke", "somebody else", "the handshake"]


WITHOUT_TLS = {"STARTTLS", "the handshake broke", "somebody else", "the handshake"}


def test_tls_that_is_not_had() -> None:
    assert {str(error) for error, _, _ in RULE if tls_not_had(error)} == WITHOUT_TLS
    assert not starttls_not_had(None)
    assert not starttls_not_had(MissingExtension("AUTH", name="AUTH"))


def test_of_one_domain_another_server_may_have_the_tls_that_this_one_has_not() -> None:
    for error, _, another in RULE:
        assert another_may_do(error, domain=True) is (another or str(error) in WITHOUT_TLS)


def test_what_may_pass_decides_and_else_the_first() -> None:
    away, other = GreetingRefused("no", reply=NO), HelloRefused("no", ehlo=NO)
    lost, unreachable = ConnectionLost("closed"), ConnectError("refused")
    assert deciding([away, other]) is away
    assert deciding([other, away]) is other
    assert deciding([away, lost, unreachable]) is lost
    for errors in permutations([away, lost, other]):
        assert deciding(errors) is lost


# -- one server ------------------------------------------------------------------------------------


def test_out_of_reach(run: MakeRun) -> None:
    submission = run(None)
    report = submission(3)
    assert submission.watcher.outcomes == ["m0 deferred", "m1 unsent", "m2 unsent"]
    assert report.messages == 3
    (problem,) = report.problems
    assert isinstance(problem.error, ConnectError)
    assert submission.watcher.results[2].reverse_path == "a@x"


def test_out_of_reach_after_a_while(run: MakeRun) -> None:
    submission = run(Obedient(END=[last_words("250 queued")]), None)
    submission(3)
    assert submission.watcher.outcomes == ["m0 accepted", "m1 deferred", "m2 unsent"]


def test_no_server_at_all(run: MakeRun) -> None:
    submission = run()
    # Without a name for EHLO one would be looked up, in a thread that may outlive the run.
    submission(client=ClientSettings(servers=(), helo="client.example"))
    assert submission.watcher.outcomes == ["m0 deferred"]


@pytest.mark.parametrize(
    ("greeting", "kind", "outcome"),
    [
        ("554 no", GreetingRefused, "unsent"),
        ("450 not now", GreetingRefused, "deferred"),
        ("421 busy", ServerClosing, "deferred"),
        ("hello", RemoteProtocolError, "deferred"),
    ],
)
def test_a_greeting_that_sends_us_away(
    run: MakeRun, greeting: str, kind: type[Exception], outcome: str
) -> None:
    submission = run(Obedient(GREETING=[greeting]))
    report = submission(2)
    assert submission.watcher.outcomes == [f"m0 {outcome}", "m1 unsent"]
    assert isinstance(report.problems[0].error, kind)


@pytest.mark.parametrize(("reply", "outcome"), [("550 no", "unsent"), ("450 not now", "deferred")])
def test_ehlo_refused_ends_the_run(run: MakeRun, reply: str, outcome: str) -> None:
    submission = run(Obedient(EHLO=[reply]))
    report = submission(2)
    assert submission.watcher.outcomes == [f"m0 {outcome}", "m1 unsent"]
    assert isinstance(report.problems[0].error, HelloRefused)


@pytest.mark.parametrize("reply", ["535 wrong", "454 not now"])
def test_a_login_that_is_refused_ends_the_run(run: MakeRun, reply: str) -> None:
    login = Login("me", lambda: "wrong", allow_cleartext=True)
    client = ClientSettings(servers=BOTH.servers, helo="me.example", login=login)
    server = Obedient("AUTH PLAIN", AUTH=[reply])
    submission = run(server)
    report = submission(2, client=client)
    assert submission.tried == ["mail.example"], "it is wrong everywhere"
    assert server.verbs.count("AUTH") == 1
    assert submission.watcher.outcomes == ["m0 unsent", "m1 unsent"]
    assert isinstance(report.problems[0].error, AuthFailed)


@pytest.mark.parametrize("answer", ["421 busy", "250 what", None])
def test_a_server_that_leaves_during_a_login_ends_the_run(run: MakeRun, answer: str | None) -> None:
    login = Login("me", lambda: "secret", allow_cleartext=True)
    client = ClientSettings(servers=BOTH.servers, helo="me.example", login=login)
    submission = run(Obedient("AUTH PLAIN", AUTH=[last_words(answer or "")]))
    submission(2, client=client)
    assert submission.tried == ["mail.example"], "it has the password"
    assert submission.watcher.outcomes == ["m0 deferred", "m1 unsent"]


# -- several servers -------------------------------------------------------------------------------


def test_the_next_server_is_tried_when_one_is_out_of_reach(run: MakeRun) -> None:
    submission = run(None, Obedient())
    assert submission(client=BOTH).problems == ()
    assert submission.tried == ["mail.example", "other.example"]
    (warning,) = submission.watcher.warnings
    assert warning == (
        "mail.example:25",
        "cannot connect to 192.0.2.1: connection refused; trying the next server",
    )


def test_the_next_server_is_tried_when_one_sends_us_away(run: MakeRun) -> None:
    submission = run(Obedient(GREETING=["554 5.3.2 not here"]), Obedient())
    assert submission(client=BOTH).outcomes[Outcome.ACCEPTED] == 1
    (warning,) = submission.watcher.warnings
    assert warning[1].endswith(": 554; trying the next server")


def test_who_was_out_of_reach_is_tried_last_from_then_on(run: MakeRun) -> None:
    submission = run(None, Obedient(), Obedient())
    assert submission(2, client=BOTH, disconnect=True).outcomes[Outcome.ACCEPTED] == 2
    assert submission.tried == ["mail.example", "other.example", "other.example"]


@pytest.mark.parametrize("first", ["out of reach", "refusing"])
def test_one_server_that_may_be_back_is_enough_to_defer(run: MakeRun, first: str) -> None:
    refusing = Obedient(GREETING=["554 no"])
    submission = run(refusing, None) if first == "refusing" else run(None, refusing)
    report = submission(2, client=BOTH)
    assert submission.watcher.outcomes == ["m0 deferred", "m1 unsent"]
    kinds = {type(problem.error) for problem in report.problems}
    assert kinds == {ConnectError, GreetingRefused}, "the code is made of both"
    assert len(submission.watcher.problems) == 1, "one was told of as a warning"


def test_a_login_that_is_refused_decides_whatever_other_servers_said(run: MakeRun) -> None:
    login = Login("me", lambda: "wrong", allow_cleartext=True)
    submission = run(None, Obedient("AUTH PLAIN", AUTH=["535 wrong"]))
    report = submission(client=BOTH._replace(login=login))
    assert submission.watcher.outcomes == ["m0 unsent"]
    assert [type(problem.error) for problem in report.problems] == [AuthFailed]
