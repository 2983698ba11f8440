"""A look-up that nobody answers ends at a signal, and at its limit."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from tests.command import run_smtp
from tests.signals.test_signals import SIGNALS, ended, running

if TYPE_CHECKING:
    import signal
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Stand in for a DNS server that never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(20)
        yield server


def options(silent: socket.socket) -> tuple[str, ...]:
    host, port = silent.getsockname()
    return ("--mx", "--dane", "--resolver", f"{host}:{port}", "example.test", "a@x", "b@y")


@SIGNALS
def test_a_signal(silent: socket.socket, tmp_path: Path, number: signal.Signals, code: int) -> None:
    with running(tmp_path, *options(silent)) as smtp:
        assert smtp.stdin is not None
        smtp.stdin.write("Subject: x\n\nhello\n")
        smtp.stdin.close()
        silent.recv(4096)  # it has asked, and waits
        smtp.stdin = None
        assert ended(smtp, number)[0] == code


def test_its_limit(silent: socket.socket) -> None:
    done = run_smtp("--connect-timeout", "0.2", *options(silent), stdin=b"Subject: x\n\nhello\n")
    assert done.code == 75
    assert "the DNS does not say now what MX records example.test has" in done.stderr
