"""From a name to a socket; the resolver is never asked, and every address is on this machine."""

from __future__ import annotations

import _socket
import errno
import os
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from smtpwire.errors import ConnectError, HostNotFound, Interrupted
from smtpwire.net import dial
from smtpwire.net.dial import Endpoint, ascii_host
from smtpwire.net.loop import Loop
from smtpwire.net.poll import Poller
from tests.unit.net.stops import Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smtpwire.errors import SMTPError

INET = _socket.AF_INET


def found(*hosts: str) -> list[tuple[int, int, int, str, tuple[str, int]]]:
    """What the resolver says of a name with these addresses."""
    return [(INET, 1, 6, "", (host, 25)) for host in hosts]


class Resolver:
    """Stands in for the system's: knows one name, and no address."""

    def __init__(self, answer: Callable[[], object]) -> None:
        self._answer = answer
        self.asked: list[bytes] = []

    def __call__(
        self, host: bytes, port: int, family: int, kind: int, protocol: int, flags: int
    ) -> object:
        if flags & _socket.AI_NUMERICHOST:
            raise _socket.gaierror(_socket.EAI_NONAME, "Name or service not known")
        self.asked.append(host)
        return self._answer()


def look_up(
    host: str, *, seconds: float = 20, poller: Poller | None = None, stop: Stop | None = None
) -> list[Endpoint]:
    """What is found, or the failure raised."""
    answers: list[list[Endpoint]] = []
    failures: list[SMTPError] = []
    loop = Loop(poller or Poller(), stop or Stop())
    dial.look_up(loop, host, 25, seconds=seconds, found=answers.append, failed=failures.append)
    loop.run()
    for failure in failures:
        raise failure
    return answers[0]


def failing(error: OSError) -> Callable[[], object]:
    def answer() -> object:
        raise error

    return answer


# -- names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("192.0.2.1", False),
        ("2001:db8::1", False),
        ("12.7.0.1", False),
        ("::ffff:192.0.2.1", False),
    ],
)
def test_addresses_are_not_looked_up(
    monkeypatch: pytest.MonkeyPatch, host: str, loopback: bool
) -> None:
    monkeypatch.setattr(dial, "_ask", None)  # nobody is
    (endpoint,) = look_up(host)
    assert endpoint.host == host
    assert endpoint.address[1] == 25
    assert endpoint.loopback is loopback


def test_a_name_gives_each_address_once_in_the_order_of_the_resolver(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolver = Resolver(lambda: found("192.0.2.2", "192.0.2.1", "192.0.2.2"))
    monkeypatch.setattr(_socket, "getaddrinfo", resolver)
    endpoints = look_up("mail.example")
    assert [endpoint.host for endpoint in endpoints] == ["192.0.2.2", "192.0.2.1"]
    assert resolver.asked == [b"mail.example"]


def test_an_international_name_is_looked_up_as_a_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = Resolver(lambda: found("192.0.2.1"))
    monkeypatch.setattr(_socket, "getaddrinfo", resolver)
    look_up("bücher.example")
    assert resolver.asked == [b"xn--bcher-kva.example"]


def test_a_name_without_a_form_in_ascii_does_not_exist() -> None:
    with pytest.raises(HostNotFound, match="no such host"):
        ascii_host("☃☃.example")


def test_a_name_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    error = _socket.gaierror(_socket.EAI_NONAME, "Name or service not known")
    monkeypatch.setattr(_socket, "getaddrinfo", Resolver(failing(error)))
    with pytest.raises(HostNotFound, match=r"^no such host \(name or service not known\)$"):
        look_up("nowhere.example")


@pytest.mark.parametrize(
    "error",
    [
        _socket.gaierror(_socket.EAI_AGAIN, "Temporary failure in name resolution"),
        OSError(errno.EMFILE, "Too many open files"),
    ],
)
def test_a_resolver_without_an_answer_is_no_proof(
    monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    monkeypatch.setattr(_socket, "getaddrinfo", Resolver(failing(error)))
    with pytest.raises(ConnectError, match="cannot look up the host now") as caught:
        look_up("mail.example")
    assert not isinstance(caught.value, HostNotFound)


@pytest.fixture
def silent_resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    """A resolver that answers only when the test is over, and then to nobody."""
    over, left = threading.Event(), threading.Event()

    def answer() -> object:
        over.wait()
        left.set()
        return found("192.0.2.1")

    resolver = Resolver(answer)
    monkeypatch.setattr(_socket, "getaddrinfo", resolver)
    yield resolver
    over.set()
    assert left.wait(20)
    assert resolver.asked == [b"mail.example"]


def test_a_resolver_is_not_waited_for_for_ever(silent_resolver: Resolver) -> None:
    with pytest.raises(ConnectError, match=r"\(no answer within 0\.01 seconds\)"):
        look_up("mail.example", seconds=0.01)


def test_a_signal_ends_a_look_up(silent_resolver: Resolver) -> None:
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.write(write, b"\x0f")
    stop = Stop()
    stop.now = True
    with pytest.raises(Interrupted):
        look_up("mail.example", seconds=600, poller=Poller(read), stop=stop)
    os.close(read)
    os.close(write)


def test_a_signal_that_says_nothing_does_not_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.write(write, b"\x11")
    monkeypatch.setattr(_socket, "getaddrinfo", Resolver(lambda: found("192.0.2.1")))
    assert len(look_up("mail.example", seconds=600, poller=Poller(read))) == 1
    os.close(read)
    os.close(write)


# -- for who may block -----------------------------------------------------------------------------


def test_a_name_is_looked_up_while_this_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = Resolver(lambda: found("192.0.2.1", "192.0.2.1"))
    monkeypatch.setattr(_socket, "getaddrinfo", resolver)
    (endpoint,) = dial.resolve("bücher.example", 25, seconds=20)
    assert endpoint.host == "192.0.2.1"
    assert resolver.asked == [b"xn--bcher-kva.example"]


def test_why_it_is_not_found_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    error = _socket.gaierror(_socket.EAI_NONAME, "Name or service not known")
    monkeypatch.setattr(_socket, "getaddrinfo", Resolver(failing(error)))
    with pytest.raises(HostNotFound):
        dial.resolve("nowhere.example", 25, seconds=20)


def test_this_does_not_wait_for_ever_either(silent_resolver: Resolver) -> None:
    with pytest.raises(ConnectError, match=r"\(no answer within 0\.01 seconds\)"):
        dial.resolve("mail.example", 25, seconds=0.01)


def test_addresses_that_were_looked_up_elsewhere() -> None:
    assert [(e.family, e.host) for e in dial.endpoints(["192.0.2.1", "2001:db8::1"], 25)] == [
        (INET, "192.0.2.1"),
        (_socket.AF_INET6, "2001:db8::1"),
    ]


# -- connections -----------------------------------------------------------------------------------


@pytest.fixture
def listening() -> Iterator[Endpoint]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield Endpoint(INET, listener.getsockname())


@pytest.fixture
def refusing() -> Endpoint:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return Endpoint(INET, listener.getsockname())


@pytest.fixture
def full() -> Iterator[Endpoint]:
    """An address where nobody answers: the queue of its listener is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        for _ in range(4):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
            waiting.append(sock)
        yield Endpoint(INET, listener.getsockname())
        for sock in waiting:
            sock.close()


def reach(
    *endpoints: Endpoint,
    seconds: float = 20,
    poller: Poller | None = None,
    stop: Stop | None = None,
) -> tuple[_socket.socket, Endpoint, list[Endpoint]]:
    """The connection and what was tried, or the failure raised."""
    tried: list[Endpoint] = []
    connections: list[tuple[_socket.socket, Endpoint]] = []
    failures: list[SMTPError] = []
    loop = Loop(poller or Poller(), stop or Stop())
    dial.connect(
        loop,
        list(endpoints),
        seconds=seconds,
        trying=tried.append,
        reached=lambda sock, endpoint: connections.append((sock, endpoint)),
        failed=failures.append,
    )
    loop.run()
    for failure in failures:
        raise failure
    ((sock, endpoint),) = connections
    return sock, endpoint, tried


def test_the_socket_is_ready_for_a_driver(listening: Endpoint) -> None:
    sock, endpoint, tried = reach(listening)
    assert endpoint == listening
    assert tried == [listening]
    assert sock.getpeername() == listening.address
    assert sock.gettimeout() == 0
    assert sock.getsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY)
    sock.close()


def test_each_address_is_tried_once_until_one_answers(
    refusing: Endpoint, listening: Endpoint
) -> None:
    sock, endpoint, tried = reach(refusing, listening, refusing)
    assert endpoint == listening
    assert tried == [refusing, listening]
    sock.close()


def test_the_last_failure_is_told(refusing: Endpoint) -> None:
    nowhere = Endpoint(99, ("192.0.2.1", 25))
    with pytest.raises(ConnectError, match=r"^cannot connect to 127.0.0.1: connection refused$"):
        reach(nowhere, refusing)
    with pytest.raises(ConnectError, match=r"^cannot connect to 192.0.2.1: address family not"):
        reach(refusing, nowhere)


def test_no_address_is_a_failure_too() -> None:
    with pytest.raises(ConnectError, match="no address"):
        reach()


def test_an_address_that_is_out_of_reach_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unreachable:
        def __init__(self, *arguments: object) -> None:
            self.closed = False
            self._beneath = socket.socket()

        def fileno(self) -> int:
            return self._beneath.fileno()

        def connect_ex(self, address: object) -> int:
            return errno.ENETUNREACH

        def settimeout(self, seconds: float) -> None:
            assert seconds == 0

        def setsockopt(self, *arguments: int) -> None:
            """Take it."""

        def close(self) -> None:
            self.closed = True
            self._beneath.close()

    sock = Unreachable()
    monkeypatch.setattr(_socket, "socket", lambda *arguments: sock)
    with pytest.raises(ConnectError, match="network is unreachable"):
        reach(Endpoint(INET, ("192.0.2.1", 25)))
    assert sock.closed


def test_silence_has_a_limit(full: Endpoint) -> None:
    with pytest.raises(ConnectError, match=r"no answer within 0.01 seconds$"):
        reach(full, seconds=0.01)


def test_a_signal_ends_the_attempt(full: Endpoint) -> None:
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.write(write, b"\x0f")
    stop = Stop()
    stop.now = True
    with pytest.raises(Interrupted):
        reach(full, seconds=600, poller=Poller(read), stop=stop)
    os.close(read)
    os.close(write)


def test_what_is_given_up_is_closed(full: Endpoint, silent_resolver: Resolver) -> None:
    before = sorted(os.listdir("/proc/self/fd"))
    loop = Loop(Poller(), Stop())

    def nobody(*told: object) -> None:
        raise AssertionError("told though it was given up")

    dial.look_up(loop, "mail.example", 25, seconds=9, found=nobody, failed=nobody)
    dial.connect(loop, [full], seconds=9, trying=str, reached=nobody, failed=nobody)
    assert len(os.listdir("/proc/self/fd")) > len(before)
    loop.close()
    left = set(os.listdir("/proc/self/fd")) - set(before)
    assert len(left) == 1, "the end of the pipe that the resolver's thread closes"
