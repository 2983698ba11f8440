"""Reaching a server from asyncio."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, NoReturn

import pytest

from smtpwire.errors import ConnectError, HostNotFound
from smtpwire.net import aiodial
from smtpwire.net.dial import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCAL = Endpoint(socket.AF_INET, ("127.0.0.1", 2525))


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def closed() -> Endpoint:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return Endpoint(socket.AF_INET, sock.getsockname())


@pytest.mark.parametrize(
    ("host", "family", "address"),
    [
        ("127.0.0.1", socket.AF_INET, ("127.0.0.1", 25)),
        ("::1", socket.AF_INET6, ("::1", 25, 0, 0)),
    ],
)
def test_an_address_is_not_looked_up(
    host: str, family: int, address: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", None)
    found = asyncio.run(aiodial.look_up(host, 25, seconds=5))
    assert found == [Endpoint(family, address)]


def answering(monkeypatch: pytest.MonkeyPatch, answer: object) -> None:
    """Have every name looked up with this result, an exception to be raised among them."""

    async def getaddrinfo(*_args: object, **_options: object) -> object:
        await asyncio.sleep(0)
        if isinstance(answer, Exception):
            raise answer
        if answer is None:
            await asyncio.get_running_loop().create_future()
        return answer

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)


def test_each_address_of_a_name_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    one = (socket.AF_INET, 0, 0, "", ("192.0.2.1", 25))
    two = (socket.AF_INET, 0, 0, "", ("192.0.2.2", 25))
    answering(monkeypatch, [one, two, one])
    found = asyncio.run(aiodial.look_up("mail.example", 25, seconds=5))
    assert [endpoint.host for endpoint in found] == ["192.0.2.1", "192.0.2.2"]


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (
            socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
            HostNotFound,
            "no such host (name or service not known)",
        ),
        (
            socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
            ConnectError,
            "cannot look up the host now (temporary failure in name resolution)",
        ),
        (None, ConnectError, "cannot look up the host now (no answer within 0.01 seconds)"),
    ],
)
def test_a_name_without_an_answer(
    answer: object, kind: type[ConnectError], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, answer)
    with pytest.raises(ConnectError) as told:
        asyncio.run(aiodial.look_up("mail.example", 25, seconds=0.01))
    assert (type(told.value), str(told.value)) == (kind, text)


def test_a_name_that_cannot_be_one() -> None:
    with pytest.raises(HostNotFound):
        asyncio.run(aiodial.look_up("\u2028.example", 25, seconds=5))


def connect(*endpoints: Endpoint, seconds: float = 5) -> tuple[socket.socket, Endpoint, list[str]]:
    """Connect; return the attempts too."""
    tried: list[Endpoint] = []
    sock, endpoint = asyncio.run(
        aiodial.connect(list(endpoints), seconds=seconds, trying=tried.append)
    )
    return sock, endpoint, [endpoint.host for endpoint in tried]


def test_the_next_address_is_tried_when_one_refuses(
    listener: socket.socket, closed: Endpoint
) -> None:
    right = Endpoint(socket.AF_INET, listener.getsockname())
    sock, endpoint, tried = connect(closed, right)
    with sock:
        assert endpoint is right
        assert len(tried) == 2
        assert not sock.getblocking()
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_the_last_failure_is_told(closed: Endpoint) -> None:
    with pytest.raises(ConnectError) as told:
        connect(closed, closed)
    assert str(told.value) == "cannot connect to 127.0.0.1: connection refused"
    with pytest.raises(ConnectError, match="no address"):
        connect()


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    async def sock_connect(*_args: object) -> NoReturn:
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    monkeypatch.setattr(asyncio.SelectorEventLoop, "sock_connect", sock_connect)
    with pytest.raises(ConnectError) as told:
        connect(LOCAL, seconds=0.01)
    assert str(told.value) == "cannot connect to 127.0.0.1: no answer within 0.01 seconds"


def test_a_family_that_the_system_lacks_is_passed_over() -> None:
    with pytest.raises(ConnectError, match="address family not supported"):
        connect(Endpoint(socket.AF_IPX if hasattr(socket, "AF_IPX") else 4, ("x", 1)))
