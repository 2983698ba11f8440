"""The catcher's server in this process; tests/catch has it as a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import smtplib

import pytest

from smtpwire.catch.handler import Catcher
from smtpwire.catch.server import MESSAGE_LIMIT, address_text, serve


class Run:
    """One run of the server, in whose `listening` call everything happens."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.reports: list[str] = []
        self.complaints: list[str] = []
        self.features: dict[str, str] = {}

    def until(self, number: signal.Signals, *, line: bytes = b"") -> signal.Signals:
        return asyncio.run(self._serve(number, line))

    async def _serve(self, number: signal.Signals, line: bytes) -> signal.Signals:
        loop = asyncio.get_running_loop()

        def submit(port: int) -> None:
            with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
                client.ehlo()
                self.features = client.esmtp_features
                client.sendmail("a@x.example", ["b@y.example"], b"Subject: s\r\n\r\n" + line)
            os.kill(os.getpid(), number)

        def listening(address: str) -> None:
            self.addresses.append(address)
            port = int(address.rpartition(":")[2])
            submitted.append(loop.run_in_executor(None, submit, port))

        submitted: list[asyncio.Future[None]] = []
        catcher = Catcher(None, self.reports.append, self.complaints.append)
        came = await serve("127.0.0.1", 0, catcher, listening)
        await asyncio.gather(*submitted)
        return came


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal_and_says_which(number: signal.Signals) -> None:
    run = Run()
    assert run.until(number) is number
    assert len(run.addresses) == 1
    assert run.reports == ["caught: from <a@x.example> to <b@y.example> 14 octets s"]
    assert run.complaints == []


def test_it_offers_what_a_submission_can_use() -> None:
    run = Run()
    run.until(signal.SIGTERM)
    assert {"pipelining", "8bitmime", "smtputf8"} <= set(run.features)
    assert run.features["size"] == str(MESSAGE_LIMIT)


def test_a_line_longer_than_the_standard_grants_is_taken() -> None:
    run = Run()
    run.until(signal.SIGTERM, line=b"x" * 1_000_000)
    assert run.reports == ["caught: from <a@x.example> to <b@y.example> 1000016 octets s"]


@pytest.mark.parametrize(
    ("host", "expected"), [("127.0.0.1", "127.0.0.1:25"), ("::1", "[::1]:25"), ("h", "h:25")]
)
def test_an_ipv6_address_stands_in_brackets(host: str, expected: str) -> None:
    assert address_text(host, 25) == expected
