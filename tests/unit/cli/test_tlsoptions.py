"""The options about TLS."""

from __future__ import annotations

import pytest

from smtpwire.cli import values
from smtpwire.cli.errors import UsageError
from smtpwire.cli.tlsoptions import check_resolver, check_tls, policy_cache
from smtpwire.client import Discovery, DNSServer, TLSMode, TLSSettings
from smtpwire.net import lookup
from tests.unit.cli.lines import BASE, options, refusal


@pytest.mark.parametrize(
    ("line", "mode", "verify"),
    [
        ("", TLSMode.NONE, False),
        ("-T", TLSMode.OPPORTUNISTIC, False),
        ("-M", TLSMode.REQUIRED, False),
        ("-TM", TLSMode.REQUIRED, False),
        ("-V", TLSMode.REQUIRED, True),
        ("-TV", TLSMode.OPPORTUNISTIC, True),
        ("-MV", TLSMode.REQUIRED, True),
        ("--tls-on-connect", TLSMode.REQUIRED, False),
        ("--tls-on-connect -T", TLSMode.OPPORTUNISTIC, False),
    ],
)
def test_how_much(line: str, mode: TLSMode, verify: bool) -> None:
    tls = options(f"{line} {BASE}").tls
    assert (tls.mode, tls.settings.verify) == (mode, verify)


def test_limits() -> None:
    tls = options(f"-M --tls-min 1.2 --tls-max 1.2 --ca-file ca.pem -C HIGH {BASE}").tls
    assert tls.settings == TLSSettings(
        minimum="1.2", maximum="1.2", ca_file="ca.pem", ciphers="HIGH"
    )


def test_the_lowest_is_not_above_the_highest() -> None:
    line = f"-M --tls-min 1.3 --tls-max 1.2 {BASE}"
    assert refusal(line) == ("--tls-min", "1.3 is above --tls-max 1.2")


@pytest.mark.parametrize("option", ["-C HIGH", "--tls-min 1.2", "--tls-max 1.2", "--ca-file x"])
def test_without_tls_its_options_are_worth_a_warning(option: str) -> None:
    ((where, text),) = options(f"{option} {BASE}").warnings
    assert where == option.split(maxsplit=1)[0]
    assert text == "has no effect without TLS: add -M, -T or -V"
    assert options(f"{option} -V {BASE}").warnings == ()


def test_smtps_is_tls() -> None:
    assert options("-C HIGH smtps://h a@x b@y").warnings == ()


def test_a_ca_file_is_of_no_use_without_verification() -> None:
    assert options(f"-M --ca-file x {BASE}").warnings == (
        ("--ca-file", "has no effect without -V"),
    )


@pytest.mark.parametrize(
    ("line", "mode"),
    [
        ("--tls-pin sha256:" + "ab" * 32, TLSMode.REQUIRED),
        ("-T --tls-pin sha256:" + "ab" * 32, TLSMode.OPPORTUNISTIC),
        ("--dane", TLSMode.OPPORTUNISTIC),
        ("--dane -V", TLSMode.REQUIRED),
        ("--mx --mta-sts", TLSMode.OPPORTUNISTIC),
        ("--mx", TLSMode.NONE),
        ("--require-tls-onward", TLSMode.REQUIRED),
    ],
)
def test_what_a_server_has_to_prove_asks_for_tls(line: str, mode: TLSMode) -> None:
    assert options(f"{line} {BASE}").tls.mode is mode


def test_requiretls_needs_a_server_that_is_verified() -> None:
    tls = options(f"--require-tls-onward {BASE}").tls
    assert tls.onward
    assert tls.settings.verify


def test_what_is_shown_and_asked_for() -> None:
    line = "-M --tls-name bücher.example. --cert c --key k --tls-keylog l --tls13-ciphers X"
    pins = f"--tls-pin sha256:{'ab' * 32} --tls-pin SHA256:{'q6ur' * 10}q6s="
    assert options(f"{line} {pins} {BASE}").tls.settings == TLSSettings(
        ciphersuites="X",
        certificate="c",
        key="k",
        name="xn--bcher-kva.example",
        pins=(b"\xab" * 32, b"\xab" * 32),
        keylog="l",
    )


@pytest.mark.parametrize("name", ["bücher.example", "BÜCHER.example.", "Bücher.EXAMPLE"])
def test_capitals_in_a_name_of_any_language_mean_nothing(name: str) -> None:
    tls = options(f"-V --tls-name {name} {BASE}").tls
    assert tls.settings.name == "xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("line", "where", "text"),
    [
        ("-T --require-tls-onward", "--require-tls-onward", "cannot be used with -T"),
        ("-M --key k", "--key", "needs --cert FILE"),
        ("--mta-sts", "--mta-sts", "needs --mx"),
        ("--mx --mta-sts-port 444", "--mta-sts-port", "needs --mta-sts"),
        ("--mx -s 192.0.2.1 -f a@x -r b@y", "--mx", "192.0.2.1 is not a domain"),
        ("--mx -s [2001:db8::1]:25 -f a@x -r b@y", "--mx", "2001:db8::1 is not a domain"),
        ("--tls-pin sha1:ab", "--tls-pin", "is not a pin"),
        ("--tls-pin sha256:zz", "--tls-pin", "is not a pin"),
        (f"--tls-pin sha256:{'zz' * 32}", "--tls-pin", "is not a pin"),
        (f"--tls-pin {'ab' * 32}", "--tls-pin", "is not a pin"),
        ("-M --tls-name a..b", "--tls-name", "is empty"),
        ("--resolver localhost", "--resolver", "is not an address"),
        ("--resolver tls://192.0.2.1", "--resolver", "is not a DNS server"),
        ("--resolver '192.0.2.1#x'", "--resolver", "is not a DNS server"),
        ("--resolver 'https://192.0.2.1#x'", "--resolver", "is not a DNS server"),
        ("--resolver 'tls://192.0.2.1#'", "--resolver", "is not a DNS server"),
        ("--resolver 127.0.0.1:x", "--resolver", "is not a port"),
    ],
)
def test_what_cannot_be_used(line: str, where: str, text: str) -> None:
    base = "" if "-s " in line else BASE
    found = refusal(f"{line} {base}")
    assert found[0] == where
    assert text in found[1]


def test_nothing_is_looked_up_by_default() -> None:
    assert options(BASE).discovery is None


def test_what_is_to_be_looked_up() -> None:
    line = "--mx --dane --mta-sts --mta-sts-port 444 --resolver [::1]:5353"
    assert options(f"{line} {BASE}").discovery == Discovery(
        mx=True, dane=True, mta_sts=True, resolver=DNSServer("::1", 5353), policy_port=444
    )
    assert options(f"--resolver 127.0.0.1 {BASE}").discovery == Discovery(
        resolver=DNSServer("127.0.0.1")
    )


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("192.0.2.1", DNSServer("192.0.2.1", 53)),
        ("[2001:db8::1]:54", DNSServer("2001:db8::1", 54)),
        ("tls://192.0.2.1#dns.example", DNSServer("192.0.2.1", 853, "dns.example")),
        ("TLS://[2001:db8::1]:8853#dns.example", DNSServer("2001:db8::1", 8853, "dns.example")),
    ],
)
def test_dns_servers(text: str, server: DNSServer) -> None:
    assert values.resolver("--resolver", text) == server


def test_the_authorities_are_of_use_to_policy_hosts_too() -> None:
    assert options(f"--mx --mta-sts --ca-file x {BASE}").warnings == ()


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        (TLSSettings(ciphers="NONSENSE"), "-C"),
        (TLSSettings(ca_file="/nonexistent"), "--ca-file"),
        (TLSSettings(certificate="/nonexistent"), "--cert"),
        (TLSSettings(certificate=__file__, key="/nonexistent"), "--key"),
        (TLSSettings(keylog="/nonexistent/log"), "--tls-keylog"),
        (TLSSettings(ciphersuites="NONSENSE"), "--tls13-ciphers"),
        (TLSSettings(minimum="1.02"), "--tls-min"),
        (TLSSettings(maximum="1.02"), "--tls-max"),
    ],
)
def test_the_option_that_cannot_work_is_named(settings: TLSSettings, where: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_tls(settings)
    assert caught.value.where == where


def test_dane_needs_a_resolver_on_this_host(monkeypatch: pytest.MonkeyPatch) -> None:
    check_resolver(Discovery(mx=True, resolver=DNSServer("192.0.2.1")))
    check_resolver(Discovery(dane=True, resolver=DNSServer("127.0.0.53")))
    check_resolver(Discovery(dane=True, resolver=DNSServer("192.0.2.1", 853, "dns.example")))
    monkeypatch.setattr(lookup, "untrusted", lambda _server: ["192.0.2.1"])
    with pytest.raises(UsageError) as caught:
        check_resolver(Discovery(dane=True))
    assert caught.value.where == "--dane"
    assert str(caught.value).startswith("the DNS server 192.0.2.1 is not on this host")


@pytest.mark.parametrize(
    ("environ", "directory"),
    [
        ({"XDG_CACHE_HOME": "/c", "HOME": "/h"}, "/c/smtp/mta-sts"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/h"}, "/h/.cache/smtp/mta-sts"),
        ({"HOME": "/h"}, "/h/.cache/smtp/mta-sts"),
        ({"HOME": ""}, None),
        ({}, None),
    ],
)
def test_where_policies_are_kept(environ: dict[str, str], directory: str | None) -> None:
    assert policy_cache(environ) == directory
