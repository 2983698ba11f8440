"""Single values of the command line, read and checked before anything else happens.

Each function takes the option as the user would type it and the text given, and raises UsageError
with what is wrong and what would be right.  Text that goes out in a command is checked by the
grammar of that command, so that no control character ever reaches a server.
"""

from __future__ import annotations

import _socket

from smtpwire.cli.errors import UsageError
from smtpwire.cli.escape import quoted
from smtpwire.client import DNSServer, Server
from smtpwire.core.address import is_ipv4, parse_address, parse_domain, parse_reverse_path
from smtpwire.errors import AuthFailed, InvalidAddress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from smtpwire.core.address import Address

SMTP_PORT = 25
SUBMISSIONS_PORT = 465
"""TLS from the first octet (RFC 8314 section 3.3)."""
DNS_PORT = 53
DNS_OVER_TLS_PORT = 853
"""RFC 7858 section 3.1."""
_MAX_PORT = 65_535
_SHA256_OCTETS = 32
_MAX_SECONDS = 1_000_000.0
"""Far more than any timeout needs, far less than what poll(2) can count in milliseconds."""
_OF_NUMBERS = frozenset("0123456789.eE+-")


def _wrong(label: str, text: str, flaw: str) -> UsageError:
    """Return the error about a value, which it repeats."""
    return UsageError(label, f"{quoted(text)} {flaw}")


def reverse_path(label: str, text: str) -> Address | None:
    """Return the reverse-path, None for the null one ("" or "<>")."""
    try:
        return parse_reverse_path(text)
    except InvalidAddress as error:
        raise UsageError(label, str(error)) from None


def recipients(label: str, texts: Sequence[str]) -> tuple[Address, ...]:
    """Return recipients in the order given, repetitions included."""
    try:
        return tuple(map(parse_address, texts))
    except InvalidAddress as error:
        raise UsageError(label, str(error)) from None


def helo_name(label: str, text: str) -> str:
    """Return the argument of EHLO: a domain or an address literal (RFC 5321 section 4.1.1.1)."""
    try:
        return parse_domain(text)
    except InvalidAddress as error:
        raise UsageError(label, str(error)) from None


def port(label: str, text: str) -> int:
    """Return a port from a number or from the name of a TCP service."""
    if text.isascii() and text.isdigit():
        number = int(text) if len(text) <= len(str(_MAX_PORT)) else 0
    else:
        number = _service(text)
    if 0 < number <= _MAX_PORT:
        return number
    raise _wrong(
        label, text, f"is not a port: give a number from 1 to {_MAX_PORT} or a service name"
    )


def _service(name: str) -> int:
    if not (name.isascii() and name.isprintable()):
        return 0
    try:
        return _socket.getservbyname(name, "tcp")
    except OSError:
        return 0


def server(label: str, text: str, default_port: int | None, *, tls: bool, at_once: bool) -> Server:
    """Return one server: HOST, HOST:PORT, [IPv6], [IPv6]:PORT, IPv6, smtp://... or smtps://...

    Args:
        label: the option as the user would type it.
        text: what was given.
        default_port: the port of `-p`, or None.
        tls: TLS was asked for by `-T`, `-M` or `-V`, so that port 465 begins with it.
        at_once: every server begins with TLS (`--tls-on-connect`).
    """
    scheme, found, rest = text.partition("://")
    if not found:
        scheme, rest = "smtp", text
    elif scheme.lower() in {"smtp", "smtps"}:
        rest = rest.removesuffix("/")
    else:
        raise _wrong(label, text, "is not a server: the scheme is to be smtp:// or smtps://")
    if "@" in rest:  # not repeated: what stands before it may be a password
        raise UsageError(
            label, "a server is named without a user: the user's name goes into -U, see also -P"
        )
    implicit = scheme.lower() == "smtps"
    host, port_text = _host_and_port(label, rest)
    if port_text is not None:
        number = port(label, port_text)
    else:
        number = default_port or (SUBMISSIONS_PORT if implicit else SMTP_PORT)
    return Server(host, number, implicit or at_once or (tls and number == SUBMISSIONS_PORT))


def _host_and_port(label: str, text: str) -> tuple[str, str | None]:
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")) or not _is_ipv6(host):
            raise _wrong(label, text, "is not a server: write an IPv6 address as [::1]:25")
        return host, rest[1:] if rest else None
    if text.count(":") > 1:
        if not _is_ipv6(text):
            raise _wrong(label, text, "is neither HOST:PORT nor an IPv6 address")
        return text, None
    host, colon, port_text = text.partition(":")
    if not host or not host.isprintable() or not _NOT_IN_HOST.isdisjoint(host):
        raise _wrong(label, text, "is not a server: give HOST, HOST:PORT or [IPv6]:PORT")
    return host, port_text if colon else None


_NOT_IN_HOST = frozenset(" /\\%?#[]<>\"'(),;")


def resolver(label: str, text: str) -> DNSServer:
    """Return a DNS server: ADDRESS, ADDRESS:PORT or tls://ADDRESS[:PORT]#NAME."""
    scheme, encrypted, rest = text.rpartition("://")
    rest, _, name = rest.partition("#")
    if bool(encrypted) is not bool(name) or scheme.lower() not in {"", "tls"}:
        raise _wrong(label, text, "is not a DNS server: give ADDRESS or tls://ADDRESS#NAME")
    address, port_text = _host_and_port(label, rest)
    if not (is_ipv4(address) or _is_ipv6(address)):
        raise _wrong(label, text, "is not an address: give ADDRESS or ADDRESS:PORT")
    default = DNS_OVER_TLS_PORT if name else DNS_PORT
    number = default if port_text is None else port(label, port_text)
    return DNSServer(address, number, tls_name(label, name) if name else "")


def tls_name(label: str, text: str) -> str:
    """Return the name that a certificate is to be for: a domain in ASCII, or an address.

    IDNA 2008 has no capitals, which mean nothing in a name that is typed (RFC 5895).
    """
    if _is_ipv6(text):
        return text
    try:
        return parse_domain((text if text.isascii() else text.lower()).removesuffix("."))
    except InvalidAddress as error:
        raise UsageError(label, str(error)) from None


def pin(label: str, text: str) -> bytes:
    """Return the digest of a key from `sha256:` and its 64 hexadecimal digits, or its base64."""
    from binascii import Error, a2b_base64, a2b_hex

    algorithm, _, written = text.partition(":")
    decode = a2b_hex if len(written) == 2 * _SHA256_OCTETS else a2b_base64
    try:
        digest = decode(written)
    except (Error, ValueError):
        digest = b""
    if algorithm.lower() != "sha256" or len(digest) != _SHA256_OCTETS:
        raise _wrong(label, text, "is not a pin: give sha256: and 64 hexadecimal digits")
    return digest


def _is_ipv6(text: str) -> bool:
    address, zoned, zone = text.partition("%")  # RFC 4007 section 11
    if zoned and not (zone and zone.isprintable()):
        return False
    try:
        _socket.inet_pton(_socket.AF_INET6, address)
    except (OSError, ValueError):
        return False
    return True


def seconds(label: str, text: str) -> float:
    """Return a time limit greater than zero."""
    try:
        # float() alone takes 1_0 for 10, and spaces and digits of all scripts.
        number = float(text) if set(text) <= _OF_NUMBERS else 0.0
    except ValueError:
        number = 0.0
    if 0 < number <= _MAX_SECONDS:  # false for a NaN, too
        return number
    raise _wrong(label, text, "is not a time: give seconds, more than 0, such as 2.5")


def octets(label: str, text: str) -> int:
    """Return a size in octets, at least 1."""
    if number := _natural(text):
        return number
    raise _wrong(label, text, "is not a size: give a number of octets, 1 or more")


def count(label: str, text: str) -> int:
    """Return how many or how often, at least 1."""
    if number := _natural(text):
        return number
    raise UsageError(label, f"{text!r} is not a number: give 1 or more")


def times(label: str, text: str) -> int:
    """Return how often something is done again, at least 0."""
    number = _natural(text)
    if number or (text and set(text) == {"0"}):
        return number
    raise _wrong(label, text, "is not a number: give 0 or more")


def _natural(text: str) -> int:
    """Return a number in digits, 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0


def tls_version(label: str, text: str) -> str:
    """Return a TLS version by its number."""
    from smtpwire.net.tls import VERSIONS

    if text in VERSIONS:
        return text
    raise _wrong(label, text, f"is not a TLS version: {', '.join(VERSIONS)}")


def mechanisms(label: str, text: str) -> tuple[str, ...]:
    """Return SASL mechanisms in the order given; their names are known in any case of letters."""
    from smtpwire.core.sasl import MECHANISMS

    names = tuple(name.strip().upper() for name in text.split(","))
    for name in names:
        if name not in MECHANISMS:
            raise _wrong(label, name, f"is not a mechanism: {', '.join(MECHANISMS)}")
    return names


def user_name(label: str, text: str) -> str:
    """Return the name to log in as: UTF-8 that is not empty and can be seen."""
    if not text:
        raise UsageError(label, "the name is empty")
    if not text.isprintable():
        raise _wrong(label, text, "holds a character that cannot be part of a name")
    return text


def password(label: str, text: str) -> str:
    """Return a password that can be sent.  The error does not repeat it."""
    from smtpwire.core.sasl import credentials

    try:
        credentials("", text)
    except AuthFailed as error:
        raise UsageError(label, str(error)) from None
    return text


def path(label: str, text: str) -> str:
    """Return the name of a file; "" and a NUL cannot be one."""
    if not text or "\0" in text:
        raise UsageError(label, "the name of the file is empty" if not text else "a NUL is in it")
    return text
