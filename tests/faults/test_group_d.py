"""Group D of the faults: AUTH, what servers reply to it."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from tests.faults.outcome import failure, submit, succeeded
from tests.faults.talk import MESSAGE, farewell, opening
from tests.scripted import (
    Close,
    Expect,
    ExpectEnd,
    ModelServer,
    ReadData,
    ReadLine,
    Script,
    Send,
    Server,
    Stall,
)

if TYPE_CHECKING:
    from tests.command import Completed
    from tests.scripted import Step
    from tests.scripted.fixtures import MakeScripted, Start

LOGIN = ("-U", "me", "-P", "geheim-1")

DELIVERY: tuple[Step, ...] = (
    *(Expect("MAIL"), Send("250 ok"), Expect("RCPT"), Send("250 ok"), Expect("DATA")),
    *(Send("354 go"), ReadData(), Send("250 queued"), *farewell()),
)


def base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def log_in(server: Server, *options: str) -> Completed:
    return submit(server, *LOGIN, *options)


def from_outside(server: Server, *options: str) -> Completed:
    """Submit with a login to a server whose address is none of loopback.

    0.0.0.0 is this host, too, but who asks whether an address is one of loopback learns that it is
    not.
    """
    server.host = "0.0.0.0"  # noqa: S104 - nothing listens there; it is connected to
    return log_in(server, *options)


def test_fault_077_a_password_is_not_sent_in_the_clear(start: Start) -> None:
    server = start(ModelServer(offers=("AUTH PLAIN LOGIN",), users={"me": "geheim-1"}))
    line = failure(from_outside(server), 77)
    assert "PLAIN and LOGIN would show the password to everyone on the way" in line
    assert "-M" in line
    assert "--allow-cleartext-auth" in line
    assert server.connections[0].verbs == ["EHLO", "QUIT"]


def test_fault_077_unless_the_user_insists(start: Start) -> None:
    server = start(ModelServer(offers=("AUTH PLAIN LOGIN",), users={"me": "geheim-1"}))
    assert succeeded(from_outside(server, "--allow-cleartext-auth"))
    assert server.messages[0].user == "me"


@pytest.mark.parametrize("name", ["XOAUTH2", "OAUTHBEARER"])
def test_fault_077_nor_is_an_access_token(start: Start, name: str) -> None:
    server = start(ModelServer(offers=(f"AUTH {name}",), users={"me": "geheim-1"}))
    assert f"{name} would show" in failure(from_outside(server, "--auth", name), 77)
    assert server.connections[0].verbs == ["EHLO", "QUIT"]


@pytest.mark.parametrize("name", ["CRAM-MD5", "SCRAM-SHA-256"])
def test_fault_077_what_does_not_show_it_may_be_used(start: Start, name: str) -> None:
    server = start(ModelServer(offers=(f"AUTH PLAIN {name}",), users={"me": "geheim-1"}))
    assert succeeded(from_outside(server))
    assert server.connections[0].commands[1].startswith(f"AUTH {name}")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("CRAM-MD5", "the login was refused (--auth chooses another mechanism)"),
        ("SCRAM-SHA-1", "the password is wrong"),
    ],
)
def test_fault_078_no_weaker_mechanism_follows_a_refusal(start: Start, name: str, why: str) -> None:
    server = start(ModelServer(offers=(f"AUTH {name} LOGIN PLAIN",), users={"me": "another"}))
    assert why in failure(log_in(server), 77)
    assert server.connections[0].verbs.count("AUTH") == 1
    assert "MAIL" not in server.connections[0].verbs


def test_fault_079_a_login_that_is_not_offered_ends_the_run(start: Start) -> None:
    server = start(ModelServer(offers=("PIPELINING",)))
    assert "AUTH is not offered" in failure(log_in(server), 69)
    assert server.connections[0].verbs == ["EHLO", "QUIT"]


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ("535 5.7.8 no", 77),
        ("534 5.7.9 too weak", 77),
        ("538 5.7.11 encryption needed", 77),
        ("504 5.5.4 no such mechanism", 77),
        ("454 4.7.0 later", 75),
        ("432 4.7.12 a new password is needed", 75),
    ],
)
def test_fault_080_a_refusal_is_reported_with_its_code(start: Start, reply: str, code: int) -> None:
    server = start(ModelServer(offers=("AUTH PLAIN",), replies={"AUTH": reply}))
    assert reply in failure(log_in(server), code)
    assert server.connections[0].verbs == ["EHLO", "AUTH", "QUIT"]


def test_fault_081_a_421_ends_the_connection_without_a_word(scripted: MakeScripted) -> None:
    script = Script(
        "is closing", *opening("AUTH PLAIN"), Expect("AUTH"), Send("421 4.3.2 bye"), ExpectEnd()
    )
    assert "421 4.3.2 bye" in failure(log_in(scripted(script)), 75)


@pytest.mark.parametrize(("name", "answers"), [("PLAIN", 0), ("LOGIN", 2), ("CRAM-MD5", 1)])
def test_fault_082_083_challenges_without_end_are_cancelled(
    scripted: MakeScripted, name: str, answers: int
) -> None:
    """Only 235 is success, also when it answers the cancellation."""
    again = Send(f"334 {base64('and?')}")
    script = Script(
        "asks for ever",
        *(*opening(f"AUTH {name}"), Expect(f"AUTH {name}")),
        *(again, ReadLine()) * answers,
        *(again, Expect("*"), Send("235 2.7.0 welcome"), *farewell()),
    )
    assert "the server asked for more than there is" in failure(log_in(scripted(script)), 77)


@pytest.mark.parametrize("challenge", ["334 =", "334 not base64!", "334 VXNl*", "334 QQ"])
def test_fault_084_what_cannot_be_decoded_is_cancelled(
    scripted: MakeScripted, challenge: str
) -> None:
    script = Script(
        "sends no base64",
        *(*opening("AUTH LOGIN"), Expect("AUTH LOGIN"), Send(challenge)),
        *(Expect("*"), Send("501 5.5.2 cancelled"), *farewell()),
    )
    line = failure(log_in(scripted(script)), 77)
    assert "the server's challenge is not base64" in line
    assert "501 5.5.2 cancelled" in line


@pytest.mark.parametrize("octets", [12_290, 60_000])
def test_fault_085_a_challenge_has_a_limit(scripted: MakeScripted, octets: int) -> None:
    script = Script(
        "asks at length",
        *(*opening("AUTH LOGIN"), Expect("AUTH LOGIN"), Send("334 " + "A" * octets)),
        *(Expect("*"), Send("501 cancelled"), *farewell()),
    )
    assert "the server's challenge is too long" in failure(log_in(scripted(script)), 77)


def test_fault_085_one_of_a_megabyte_ends_the_connection(scripted: MakeScripted) -> None:
    script = Script(
        "floods",
        *(*opening("AUTH LOGIN"), Expect("AUTH LOGIN"), Send(b"334 " + b"A" * (1 << 20) + b"\r\n")),
        Stall(),
    )
    failure(log_in(scripted(script)), 76)


@pytest.mark.parametrize("challenge", ["334 ", "334"])
def test_fault_086_a_challenge_may_be_empty(scripted: MakeScripted, challenge: str) -> None:
    script = Script(
        "asks without a word",
        *(*opening("AUTH LOGIN"), Expect("AUTH LOGIN"), Send(challenge)),
        *(Expect(base64("me")), Send(challenge), Expect(base64("geheim-1")), Send("235 ok")),
        *DELIVERY,
    )
    assert succeeded(log_in(scripted(script)))


def test_fault_087_the_yes_may_have_several_lines(start: Start) -> None:
    yes = "235-2.7.0 welcome\n235 2.7.0 indeed"
    server = start(ModelServer(offers=("AUTH PLAIN",), replies={"AUTH": yes}))
    assert succeeded(log_in(server))


@pytest.mark.parametrize(
    "offers",
    [("AUTH=PLAIN LOGIN",), ("AUTH PLAIN", "AUTH=PLAIN LOGIN"), ("AUTH=LOGIN", "AUTH PLAIN")],
)
def test_fault_088_the_old_form_of_the_offer_is_understood(
    start: Start, offers: tuple[str, ...]
) -> None:
    server = start(ModelServer(offers=offers, replies={"AUTH": "235 2.7.0 welcome"}))
    assert succeeded(log_in(server))
    assert server.connections[0].commands[1].startswith("AUTH PLAIN")
    assert server.messages[0].content == MESSAGE


@pytest.mark.parametrize("count", ["1", "4095", "1000001", "2147483648", "9" * 5000])
def test_fault_094_iteration_counts_have_bounds(scripted: MakeScripted, count: str) -> None:
    """Without the nonce the count would not be looked at, so the server gives the right one."""

    class AskForTooMuch(Expect):
        def run(self, wire: object) -> None:
            from base64 import b64decode

            super().run(wire)  # type: ignore[arg-type]  # a wire of one server
            line: str = wire.record.commands[-1]  # type: ignore[attr-defined]  # that wire has it
            nonce = b64decode(line.split()[2]).decode().rpartition(",r=")[2]
            message = f"r={nonce}Z,s=QSXCR+Q6sek8bf92,i={count}"
            Send(f"334 {base64(message)}").run(wire)  # type: ignore[arg-type]  # as above

    script = Script(
        "wants too many iterations, or too few",
        *(*opening("AUTH SCRAM-SHA-1 PLAIN"), AskForTooMuch("AUTH SCRAM-SHA-1 ")),
        *(Expect("*"), Send("501 cancelled"), *farewell()),
    )
    line = failure(log_in(scripted(script)), 77)
    assert "iteration count" in line or "not one of SCRAM" in line


def test_fault_095_two_replies_to_a_login_are_a_desync(scripted: MakeScripted) -> None:
    script = Script(
        "changes its mind",
        *(*opening("AUTH PLAIN"), Expect("AUTH"), Send("535 5.7.8 no\n235 2.7.0 yes")),
        ExpectEnd(),
    )
    assert "535 5.7.8 no" in failure(log_in(scripted(script)), 77)


def test_fault_095_a_yes_that_came_before_the_question_is_none(scripted: MakeScripted) -> None:
    script = Script(
        "answers what nobody asked",
        *(*opening("AUTH LOGIN"), Expect("AUTH LOGIN")),
        *(Send(f"334 {base64('Username:')}\n235 2.7.0 welcome"), ExpectEnd()),
    )
    failure(log_in(scripted(script)), 76)


def test_a_server_that_closes_on_auth(scripted: MakeScripted) -> None:
    script = Script("hangs up", *opening("AUTH PLAIN"), Expect("AUTH"), Close())
    failure(log_in(scripted(script)), 75)
