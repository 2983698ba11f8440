"""Names of servers that only the tests' DNS server knows."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.scripted import ModelServer
    from tests.trust.submitting import Submit
    from tests.trust.zones import Zones


def test_fault_072_a_dot_at_the_end_is_no_part_of_the_name(
    submit: Submit, zones: Zones, tls_server: ModelServer
) -> None:
    """RFC 6066 section 3: nor is it in SNI."""
    host = zones.host()
    done = submit(tls_server, f"{host}.", "-V")
    assert (done.code, done.stderr) == (0, "")
    assert tls_server.connections[0].sni == host


def test_fault_072_an_international_name_is_looked_up_and_verified_in_ascii(
    submit: Submit, zones: Zones, tls_server: ModelServer
) -> None:
    mark = secrets.token_hex(4)
    name = f"bücher{mark}.example.test"
    ascii_name = f"{f'bücher{mark}'.encode('punycode').decode()}.example.test"
    zones.publish(f"xn--{ascii_name}", "A", "127.0.0.1")
    done = submit(tls_server, name, "-V")
    assert (done.code, done.stderr) == (0, "")
    assert tls_server.connections[0].sni == f"xn--{ascii_name}"


def test_a_resolver_is_asked_for_addresses_too(
    submit: Submit, zones: Zones, tls_server: ModelServer
) -> None:
    host = zones.host()
    done = submit(tls_server, host)
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout.startswith(f"connected: {host}:{tls_server.port} [127.0.0.1] ")
    gone = submit(tls_server, "nowhere.example.test")
    assert (gone.code, len(tls_server.messages)) == (68, 1)
