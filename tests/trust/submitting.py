"""Submitting one message to a server that has a name in the tests' zones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.command import Completed, run_smtp

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.scripted import ModelServer
    from tests.trust.zones import Zones

MESSAGE = b"Subject: trust\n\nhello\n"


_VERIFYING = {"-V", "--mta-sts", "--require-tls-onward"}
"""What makes --ca-file of use."""


class Submit:
    """Submits to a name, with the resolver that knows it."""

    def __init__(self, zones: Zones, ca_file: Path) -> None:
        self.zones = zones
        self._ca_file = ca_file

    def __call__(
        self,
        server: ModelServer,
        name: str,
        *options: str,
        env: Mapping[str, str] | None = None,
    ) -> Completed:
        """Submit to a host or, with --mx, to a domain; the port is the server's."""
        authority = ("--ca-file", str(self._ca_file)) if _VERIFYING.intersection(options) else ()
        return run_smtp(
            *("-v", "--resolver", self.zones.resolver, *authority),
            *options,
            *("-p", str(server.port), name, "a@x.example", "b@y.example"),
            stdin=MESSAGE,
            env=env,
        )


def proof(done: Completed) -> str:
    """What the trace (-t) says that the server proved to be who it is by; "" for nothing."""
    found = re.search(
        r"^=== TLSv1\S+ \S+, (?:not verified|verified \((.*?)\)),", done.stdout, re.MULTILINE
    )
    assert found is not None, done.stdout
    return found[1] or ""


def assert_refused(done: Completed, server: ModelServer, code: int, text: str) -> None:
    """Nothing was sent, and the error says why."""
    assert (done.code, server.messages) == (code, []), done
    assert text in done.stderr
    for connection in server.connections:
        assert not {"MAIL", "AUTH"}.intersection(connection.verbs)
