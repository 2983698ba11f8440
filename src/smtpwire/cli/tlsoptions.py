"""The options about TLS: how much of it, what of it, and what a server has to prove.

What is asked for more strongly wins: `-M` over `-T`, and what makes a server prove who it is
(`-V`, `--tls-pin`) asks for `-M` where nothing else is said.  DANE and MTA-STS demand TLS of the
servers that they cover; of others they ask for `-T`.
"""

from __future__ import annotations

from smtpwire.cli import values
from smtpwire.cli.checked import checked, label
from smtpwire.cli.errors import UsageError
from smtpwire.cli.escape import quoted
from smtpwire.client import Discovery, TLSMode, TLSSettings
from smtpwire.core.address import is_ipv4

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NamedTuple

    from smtpwire.cli.arguments import Words
    from smtpwire.client import Server
else:
    from smtpwire.record import NamedTuple

_NEEDS_TLS = (
    "ciphers",
    "tls13-ciphers",
    "tls-min",
    "tls-max",
    "tls-name",
    "tls-keylog",
    "cert",
    "ca-file",
)
"""Options that are of use only inside TLS, and do not ask for it."""


class TLSOptions(NamedTuple):
    """What is asked of TLS."""

    mode: TLSMode
    settings: TLSSettings
    onward: bool
    """REQUIRETLS."""


def tls_options(words: Words) -> TLSOptions:
    """Read them.

    Raises:
        UsageError: they cannot be used, or not together.
    """
    minimum = checked(words, "tls-min", values.tls_version)
    maximum = checked(words, "tls-max", values.tls_version)
    if minimum and maximum and minimum > maximum:
        raise UsageError("--tls-min", f"{minimum} is above --tls-max {maximum}")
    onward = words.flag("require-tls-onward")
    if onward and words.flag("tls"):
        raise UsageError("--require-tls-onward", "cannot be used with -T: it requires TLS")
    if words.flag("key") and not words.flag("cert"):
        raise UsageError("--key", "needs --cert FILE, the certificate that it is the key of")
    settings = TLSSettings(
        verify=words.flag("verify") or onward,
        ca_file=checked(words, "ca-file", values.path),
        ciphers=words.value("ciphers"),
        minimum=minimum,
        maximum=maximum,
        ciphersuites=words.value("tls13-ciphers"),
        certificate=checked(words, "cert", values.path),
        key=checked(words, "key", values.path),
        name=checked(words, "tls-name", values.tls_name),
        pins=tuple(values.pin("--tls-pin", text) for text in words.values.get("tls-pin", ())),
        keylog=checked(words, "tls-keylog", values.path),
    )
    return TLSOptions(_mode(words, settings), settings, onward)


def _mode(words: Words, settings: TLSSettings) -> TLSMode:
    if words.flag("require-tls"):
        return TLSMode.REQUIRED
    if words.flag("tls"):
        return TLSMode.OPPORTUNISTIC
    if settings.verify or settings.pins or words.flag("tls-on-connect"):
        return TLSMode.REQUIRED
    if words.flag("dane") or words.flag("mta-sts"):
        return TLSMode.OPPORTUNISTIC
    return TLSMode.NONE


def discovery_options(words: Words, servers: Sequence[Server]) -> Discovery | None:
    """Read what is to be looked up about servers; None when nothing is, beyond addresses.

    Raises:
        UsageError: these options cannot be used together.
    """
    mx, mta_sts = words.flag("mx"), words.flag("mta-sts")
    for server in servers if mx else ():
        if ":" in server.host or is_ipv4(server.host):
            raise UsageError("--mx", f"{server.host} is not a domain, which alone has MX records")
    if mta_sts and not mx:
        raise UsageError("--mta-sts", "needs --mx: a policy is one of a domain and its MX hosts")
    policy_port = checked(words, "mta-sts-port", values.port)
    if policy_port is not None and not mta_sts:
        raise UsageError("--mta-sts-port", "needs --mta-sts")
    discovery = Discovery(
        mx=mx,
        dane=words.flag("dane"),
        mta_sts=mta_sts,
        resolver=checked(words, "resolver", values.resolver),
    )
    if discovery == Discovery():
        return None
    return discovery if policy_port is None else discovery._replace(policy_port=policy_port)


def without_effect(
    words: Words, tls: TLSOptions, server_texts: Sequence[str]
) -> list[tuple[str, str]]:
    """Return what the user may believe in and should not."""
    if tls.mode is TLSMode.NONE and not any(
        text.lower().startswith("smtps://") for text in server_texts
    ):
        return [
            (label(name), "has no effect without TLS: add -M, -T or -V")
            for name in _NEEDS_TLS
            if words.flag(name)
        ]
    if tls.settings.ca_file is not None and not (tls.settings.verify or words.flag("mta-sts")):
        return [("--ca-file", "has no effect without -V")]
    return []


def check_tls(settings: TLSSettings) -> None:
    """Find out before connecting whether the options can be used, and which one cannot.

    Each is tried together with those before it, as they will be used: what a certificate needs of
    OpenSSL's security level, `-C` decides.

    Raises:
        UsageError: one cannot.
    """
    together = TLSSettings()
    for where, *fields in (
        ("--tls-max", "maximum"),
        ("--tls-min", "minimum"),
        ("-C", "ciphers"),
        ("--tls13-ciphers", "ciphersuites"),
        ("--ca-file", "ca_file"),
        ("--cert" if settings.key is None else "--key", "certificate", "key"),
        ("--tls-keylog", "keylog"),
    ):
        given = [getattr(settings, field) for field in fields]
        if given[0] is not None:
            together = together._replace(**dict(zip(fields, given, strict=True)))
            _check_context(where, given[0], together)


def _check_context(where: str, value: str, settings: TLSSettings) -> None:
    from smtpwire.net.tls import make_context

    try:
        make_context(settings)
    except ValueError as error:
        raise UsageError(where, str(error).replace(repr(value), quoted(value))) from None


def check_resolver(discovery: Discovery) -> None:
    """Find out before connecting whether `--dane` can be had with the resolver that there is.

    Raises:
        UsageError: nobody could believe what it says.
        ConnectError: there is none.
    """
    if not discovery.dane:
        return
    from smtpwire.net.lookup import untrusted

    elsewhere = untrusted(discovery.resolver)
    if elsewhere:
        raise UsageError(
            "--dane",
            f"the DNS server {elsewhere[0]} is not on this host, so that nobody can tell who"
            " answers for it: name a validating one with --resolver, here or by tls://",
        )


def policy_cache(environ: Mapping[str, str]) -> str | None:
    """Return the directory for MTA-STS policies (XDG Base Directory Specification), if any."""
    import os

    base = environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        home = environ.get("HOME", "")
        if not os.path.isabs(home):
            return None
        base = os.path.join(home, ".cache")
    return os.path.join(base, "smtp", "mta-sts")
