"""Logins against servers that say anything: they end, believe nobody, tell nobody the secret."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpwire.core.login import MAX_COMMAND, LoginExchange
from smtpwire.core.reply import Reply
from smtpwire.core.sasl import BROUGHT, MECHANISMS, TOKEN, ChannelBinding
from smtpwire.core.session import Login, SessionOptions
from smtpwire.errors import AuthFailed, RemoteProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable

    from smtpwire.errors import SMTPError

    Answer = Callable[[LoginExchange], Reply]

SECRET, LATER = "geheim-und-lang-77", "anders-und-lang-88"
MOST_LINES = 5
"""What the longest exchange says, with a second token and a cancellation."""


def _challenge(data: bytes) -> Reply:
    return Reply(334, (b64encode(data),))


def _first_of_scram(exchange: LoginExchange, more: str, salt: str, count: int) -> Reply:
    """A server's first message, right but for what chance has made of it."""
    words = exchange.line.split()
    if len(words) != 3:
        return _challenge(b"")
    nonce = b64decode(words[2]).decode().rpartition("r=")[2]
    return _challenge(f"r={nonce}{more},s={salt},i={count}".encode())


TEXTS = st.sampled_from(
    [b"", b"v=AAAA", b"e=invalid-proof", b"e=x", b"r=x,s=AAAA,i=4096", b"\0\xff"]
)
ANSWERS: st.SearchStrategy[Answer] = st.one_of(
    st.tuples(st.integers(200, 599), st.lists(st.binary(max_size=40), min_size=1, max_size=2)).map(
        lambda said: lambda _: Reply(said[0], tuple(said[1]))
    ),
    st.sampled_from([235, 334, 454, 535]).map(lambda code: lambda _: Reply(code, (b"",))),
    st.one_of(TEXTS, st.binary(max_size=60)).map(lambda data: lambda _: _challenge(data)),
    st.integers(9_200, 9_300).map(lambda size: lambda _: _challenge(bytes(size))),
    st.tuples(
        st.sampled_from(["", "more", ","]),
        st.sampled_from(["AAAA", "QSXCR+Q6sek8bf92", "A"]),
        st.sampled_from([1, 4_095, 4_096, 1_000_001, 2**31]),
    ).map(lambda how: lambda exchange: _first_of_scram(exchange, *how)),
)


def begun(name: str, *, renew: bool) -> tuple[LoginExchange, SMTPError | None]:
    login = Login("me", lambda: SECRET, (name,), renew=(lambda: LATER) if renew else None)
    options = SessionOptions("x", login=login, host="mail.example", port=587, nonce="once")
    binding = ChannelBinding("tls-unique", b"this connection")
    exchange = LoginExchange(options, login, {name}, secured=True, binding=binding)
    return exchange, exchange.begin()


@pytest.mark.parametrize("name", [name for name in MECHANISMS if name not in BROUGHT])
@given(answers=st.lists(ANSWERS, max_size=MOST_LINES + 2), renew=st.booleans())
def test_whatever_is_answered(name: str, answers: list[Answer], *, renew: bool) -> None:
    exchange, error = begun(name, renew=renew and name in TOKEN)
    said = [exchange.line]
    code = 0
    for answer in answers:
        if error is not None or exchange.done:
            break
        reply = answer(exchange)
        code = reply.code
        error = exchange.answered(reply)
        said.append(exchange.line)
    assert len(said) <= MOST_LINES + 1
    for line in said:
        assert line.endswith(b"\r\n")
        assert line.count(b"\n") == line.count(b"\r") == 1
        assert len(line) <= MAX_COMMAND or not line.startswith(b"AUTH")
    if exchange.done:
        assert (error, code) == (None, 235)
        assert not name.startswith("SCRAM"), "nobody here can have the signature"
    if error is not None:
        assert isinstance(error, (AuthFailed, RemoteProtocolError))
        for secret in (SECRET, LATER):
            assert secret not in str(error)
            assert secret not in repr(error)
            assert b64encode(secret.encode()).decode() not in str(error)
