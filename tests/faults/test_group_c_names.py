"""Group C of the faults, certificates: who the server proves to be, or does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.command import Completed, run_smtp
from tests.faults.outcome import failure, succeeded
from tests.faults.talk import MESSAGE
from tests.scripted import Close, ModelServer, StartTLS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import Start

VERIFYING = ["-V", "-M -V", "-T -V"]


def tls_server(start: Start, certificate: str = "right") -> ModelServer:
    return start(
        ModelServer(
            offers=("STARTTLS",),
            starttls=StartTLS(certificate),
            replies={"QUIT": Close("221 bye", crossing=True)},
        )
    )


def submit(server: ModelServer, ca_file: Path, *options: str, host: str = "localhost") -> Completed:
    trusting = ("--ca-file", str(ca_file))
    address = f"{host}:{server.port}"
    return run_smtp(*options, *trusting, address, "s@x", "r@x", stdin=MESSAGE)


@pytest.mark.parametrize("options", VERIFYING)
@pytest.mark.parametrize(
    ("certificate", "flaw"),
    [
        pytest.param("self-signed", "it is self-signed", id="069"),
        pytest.param("expired", "it expired (", id="069"),
        pytest.param("unknown authority", "not issued by a CA that is trusted here", id="069"),
        pytest.param("wrong name", "it is not for localhost but for 'elsewhere.example'", id="070"),
        pytest.param("common name only", "it is not for localhost but for 'else", id="071"),
    ],
)
def test_fault_069_070_071_073_a_certificate_that_is_not_accepted_ends_it(
    start: Start, ca_file: Path, options: str, certificate: str, flaw: str
) -> None:
    """Before EHLO is said inside TLS, and with -T never in the clear instead."""
    server = tls_server(start, certificate)
    assert flaw in failure(submit(server, ca_file, *options.split()), 77)
    (connection,) = server.connections
    assert connection.verbs == ["EHLO", "STARTTLS"]


@pytest.mark.parametrize(
    ("host", "sni"),
    [
        ("127.0.0.1", None),
        ("LOCALHOST", "LOCALHOST"),
    ],
)
def test_fault_072_addresses_and_names(
    start: Start, ca_file: Path, host: str, sni: str | None
) -> None:
    """RFC 9525 section 6; an address is never in SNI (RFC 6066 section 3)."""
    server = tls_server(start)
    assert succeeded(submit(server, ca_file, "-V", host=host))
    assert server.connections[0].sni == sni


def test_fault_072_an_address_by_ipv6(start: Start, ca_file: Path) -> None:
    server = start(ModelServer(offers=("STARTTLS",), ipv6=True))
    assert succeeded(submit(server, ca_file, "-V", host="[::1]"))


def test_fault_072_an_international_name_is_compared_in_ascii(start: Start, ca_file: Path) -> None:
    server = tls_server(start)
    done = submit(server, ca_file, "-V", "--tls-name", "bücher.example")
    assert "it is not for xn--bcher-kva.example" in failure(done, 77)
    assert server.connections[0].sni == "xn--bcher-kva.example"


def test_fault_074_v_alone_implies_m_and_says_so(start: Start, ca_file: Path) -> None:
    server = start(ModelServer())
    assert failure(submit(server, ca_file, "-V"), 69).endswith("(-V implies -M)")
    assert server.messages == []


def test_fault_074_v_with_t_is_about_the_tls_that_there_is(start: Start, ca_file: Path) -> None:
    server = start(ModelServer())
    assert succeeded(submit(server, ca_file, "-T", "-V"))
    assert not server.messages[0].tls
