"""SCRAM: the examples of the RFCs, scramp at the other end, and servers that are none."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

import pytest
from scramp import ScramMechanism

from smtpwire.core.sasl.mechanism import ChannelBinding, Facts, Salted
from smtpwire.core.sasl.scram import MAX_ITERATIONS, MIN_ITERATIONS, Scram
from smtpwire.errors import AuthFailed

if TYPE_CHECKING:
    from typing import Any

    from scramp.core import ScramServer

NAMES = ("SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512")
BINDING = ChannelBinding("tls-server-end-point", b"\x01\x02\xff" * 11)
FACTS = Facts(nonce="fyko+d2lbbFgONRv9qkxdawL")
PASSWORD = "pencil"


def scram(name: str = "SCRAM-SHA-256", password: str = PASSWORD, **facts: Any) -> Scram:
    return Scram(name, "user", password, FACTS._replace(**facts))


def server(
    name: str, password: str = PASSWORD, binding: ChannelBinding | None = None
) -> ScramServer:
    mechanism = ScramMechanism(name)
    known = mechanism.make_auth_info(password)
    theirs = tuple(binding) if binding else None
    return mechanism.make_server(lambda _user: known, channel_binding=theirs)


def first(
    nonce: str = FACTS.nonce + "X", salt: str = "QSXCR+Q6sek8bf92", i: object = 4096
) -> bytes:
    return f"r={nonce},s={salt},i={i}".encode()


# -- right ones ----------------------------------------------------------------------------------


def test_the_example_of_rfc_5802_section_5() -> None:
    client = scram("SCRAM-SHA-1")
    assert client.initial() == b"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL"
    nonce = b"fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j"
    assert client.step(b"r=%b,s=QSXCR+Q6sek8bf92,i=4096" % nonce) == (
        b"c=biws,r=%b,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=" % nonce
    )
    assert client.step(b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=") == b""
    client.accepted()
    assert client.step(b"") is None


def test_the_example_of_rfc_7677_section_3() -> None:
    client = scram("SCRAM-SHA-256", nonce="rOprNGfwEbeRWgbNEkqO")
    nonce = b"rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    assert client.step(b"r=%b,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096" % nonce) == (
        b"c=biws,r=%b,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=" % nonce
    )
    assert client.step(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=") == b""


def run(client: Scram, theirs: ScramServer) -> None:
    """Let both talk to their end."""
    theirs.set_client_first((client.initial()).decode())
    theirs.set_client_final((client.step(theirs.get_server_first().encode()) or b"").decode())
    assert client.step(theirs.get_server_final().encode()) == b""
    client.accepted()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("password", [PASSWORD, "I\u00adX \u2168 \u00bd", "a,b=c", "\u0627\u0628"])
def test_scramp_takes_the_password(name: str, password: str) -> None:
    run(scram(name, password), server(name, password))


@pytest.mark.parametrize("name", NAMES)
def test_scramp_takes_the_channel_binding(name: str) -> None:
    name += "-PLUS"
    run(scram(name, binding=BINDING), server(name, binding=BINDING))


def test_a_name_with_separators_is_quoted() -> None:
    client = Scram("SCRAM-SHA-1", "a,b=c", PASSWORD, FACTS._replace(authzid="x=y"))
    assert client.initial() == b"n,a=x=3Dy,n=a=2Cb=3Dc,r=fyko+d2lbbFgONRv9qkxdawL"


def test_the_identity_to_act_as_is_part_of_what_is_proved() -> None:
    client = scram("SCRAM-SHA-1", authzid="joe")
    said = (client.step(first()) or b"").decode()
    assert b64decode(said.split(",")[0].removeprefix("c=")) == b"n,a=joe,"


# -- downgrade protection (RFC 5802 section 6) ---------------------------------------------------


@pytest.mark.parametrize(
    ("name", "binding", "plus_offered", "flag"),
    [
        ("SCRAM-SHA-1", None, False, b"n,,"),
        ("SCRAM-SHA-1", None, True, b"n,,"),
        ("SCRAM-SHA-1", BINDING, False, b"y,,"),
        ("SCRAM-SHA-1", BINDING, True, b"n,,"),
        ("SCRAM-SHA-1-PLUS", BINDING, True, b"p=tls-server-end-point,,"),
    ],
)
def test_what_is_said_about_channel_binding(
    name: str, binding: ChannelBinding | None, plus_offered: bool, flag: bytes
) -> None:
    client = scram(name, binding=binding, plus_offered=plus_offered)
    assert client.initial() == flag + b"n=user,r=fyko+d2lbbFgONRv9qkxdawL"


def test_the_binding_is_in_what_is_proved() -> None:
    client = scram("SCRAM-SHA-1-PLUS", binding=BINDING)
    said = (client.step(first()) or b"").decode()
    proved = b64decode(said.split(",")[0].removeprefix("c="))
    assert proved == b"p=tls-server-end-point,," + BINDING.data


def test_without_a_binding_there_is_none_to_use() -> None:
    with pytest.raises(AuthFailed, match="SCRAM-SHA-1-PLUS needs a channel binding"):
        scram("SCRAM-SHA-1-PLUS")


# -- fault 94: servers that are none, or want too little or too much ------------------------------


@pytest.mark.parametrize("count", [MIN_ITERATIONS, MAX_ITERATIONS])
def test_iteration_counts_at_the_bounds_are_taken(count: int) -> None:
    assert scram("SCRAM-SHA-1").step(first(i=count))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (first(i=1), "iteration count"),
        (first(i=MIN_ITERATIONS - 1), "iteration count"),
        (first(i=MAX_ITERATIONS + 1), "iteration count"),
        (first(i=2**31), "iteration count"),
        (first(i=10**40), "not one of SCRAM"),
        (first(i="04096"), "not one of SCRAM"),
        (first(i="-4096"), "not one of SCRAM"),
        (first(i=""), "not one of SCRAM"),
        (first(i="٤٠٩٦"), "not one of SCRAM"),
        (first(nonce="another"), "nonce"),
        (first(nonce=FACTS.nonce), "nonce"),
        (first(nonce=FACTS.nonce + "\x7f"), "not one of SCRAM"),
        (first(salt="a"), "not base64"),
        (first(salt=""), "not one of SCRAM"),
        (b"m=must," + first(), "not one of SCRAM"),
        (b"", "not one of SCRAM"),
        (b"\xff\xfe", "not one of SCRAM"),
        (b"e=unknown-user", "the user is not known"),
        (b"e=\x1b[2J", "the server reports an error"),
        (b"v=AAAA", "not one of SCRAM"),
    ],
)
def test_fault_94_a_first_message_that_is_not_taken(said: bytes, why: str) -> None:
    with pytest.raises(AuthFailed, match=why) as caught:
        scram().step(said)
    assert str(caught.value).startswith("the login was given up: ")
    assert str(caught.value).isprintable()
    assert caught.value.mechanism == "SCRAM-SHA-256"


def test_extensions_that_are_optional_are_passed_over() -> None:
    assert scram().step(first() + b",x=new")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"v=" + b64encode(bytes(32)), "its signature is wrong"),
        (b"v=" + b64encode(bytes(20)), "its signature is wrong"),
        (b"v=", "not one of SCRAM"),
        (b"v=A", "not base64"),
        (b"", "not one of SCRAM"),
        (b"e=invalid-proof", "the password is wrong"),
        (b"e=channel-bindings-dont-match", "somebody is in between"),
        (b"e=server-does-support-channel-binding,x=y", "somebody may have changed it"),
        (b"e=", "the server reports an error"),
    ],
)
def test_fault_94_a_last_message_that_is_not_taken(said: bytes, why: str) -> None:
    client = scram()
    assert client.step(first())
    with pytest.raises(AuthFailed, match=why):
        client.step(said)
    with pytest.raises(AuthFailed, match="has not proved"):
        client.accepted()


@pytest.mark.parametrize("steps", [0, 1])
def test_fault_94_a_yes_without_the_signature_is_none(steps: int) -> None:
    client = scram()
    for _ in range(steps):
        client.step(first())
    with pytest.raises(AuthFailed, match="has not proved to know it"):
        client.accepted()


@pytest.mark.parametrize("user", ["", "\u00ad"])
def test_fault_92_a_name_of_which_nothing_is_left(user: str) -> None:
    with pytest.raises(AuthFailed, match="SCRAM-SHA-1 cannot carry an empty user name"):
        Scram("SCRAM-SHA-1", user, PASSWORD, FACTS)


def test_fault_93_an_empty_password_is_one() -> None:
    run(scram("SCRAM-SHA-1", ""), server("SCRAM-SHA-1", ""))


@pytest.mark.parametrize(
    ("user", "password", "what"),
    [("u\u200e", "geheim", "user name"), ("u", "geheim\u200e", "password")],
)
def test_fault_92_what_cannot_be_prepared(user: str, password: str, what: str) -> None:
    with pytest.raises(AuthFailed, match=f"SCRAM-SHA-1 cannot carry the {what}") as caught:
        Scram("SCRAM-SHA-1", user, password, FACTS)
    assert "geheim" not in str(caught.value)
    assert caught.value.__cause__ is None


# -- what is kept --------------------------------------------------------------------------------


def test_what_takes_long_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the same password, salt, count and hash; and the proof is each connection's own."""
    asked: list[tuple[object, ...]] = []
    compute = hashlib.pbkdf2_hmac

    def counted(*made_of: Any) -> bytes:
        asked.append(made_of)
        return compute(*made_of)

    monkeypatch.setattr(hashlib, "pbkdf2_hmac", counted)
    kept = Salted()
    sha1, sha256, _ = NAMES
    changed: list[tuple[str, str, dict[str, Any]]] = [
        (sha256, PASSWORD, {}),
        (sha256, PASSWORD, {"i": 4097}),
        (sha256, PASSWORD, {"salt": "c2FsdA=="}),
        (sha256, "another", {}),
        (sha1, PASSWORD, {}),
    ]
    for times, (name, password, said) in enumerate(changed, 1):
        for nonce in ("one", "other"):
            answers = {
                scram(name, password, nonce=nonce, salted=salted).step(
                    first(nonce=f"{nonce}X", **said)
                )
                for salted in (kept, kept, None)
            }
            assert len(answers) == 1, "what was kept is what would be computed"
        assert len(asked) == 3 * times, "two without anything kept, one with it"
