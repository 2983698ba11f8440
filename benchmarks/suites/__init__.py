"""The suites: which rows each has, and the peers that they are compared with."""

from __future__ import annotations

from benchmarks.suites import (
    aio,
    growth,
    journal,
    large,
    latency,
    normaliser,
    postfix,
    startup,
    throughput,
    tls,
)
from benchmarks.suites.suite import Suite

SUITES: dict[str, Suite] = {
    suite.name: suite
    for suite in (
        Suite(
            "startup",
            "one message of 2 KB, whole process",
            "message",
            startup.rows,
            rounds=21,
            in_milliseconds=True,
        ),
        Suite(
            "throughput", "many messages of 1 KB, each to one recipient", "message", throughput.rows
        ),
        Suite("aio", "the asynchronous API: many messages of 1 KB", "message", aio.rows),
        Suite("journal", "messages of 1 KB with a journal and without", "message", journal.rows),
        Suite("postfix", "messages of 1 KB to a real Postfix", "message", postfix.rows),
        Suite("large", "one large message; memory", "MB", large.rows),
        Suite("tls", "TLS from the first octet", "MB", tls.rows),
        Suite("latency", "a link with a round trip of 20 ms", "message", latency.rows),
        Suite(
            "normaliser",
            "line ends and dots, in process, against the plain chain of replacements",
            "MB",
            normaliser.rows,
            in_milliseconds=True,
        ),
        Suite(
            "recipients",
            "messages to 1 to 1,000 recipients",
            "recipient",
            growth.recipients,
            base=growth.ONE,
        ),
        Suite(
            "connections",
            "1 to 1,000 connections, 200 messages each",
            "connection",
            growth.connections,
            base=growth.START,
        ),
        Suite(
            "messages",
            "10^3 to 10^5 messages by --files-from",
            "message",
            growth.messages,
            base=growth.ONE,
        ),
        Suite(
            "million",
            "10^3 and 10^6 messages by --files-from",
            "message",
            growth.million,
            slow=True,
            base=growth.ONE,
        ),
    )
}
"""By name, in the order in which they run."""
