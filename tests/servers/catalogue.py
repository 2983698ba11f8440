"""Which servers there are: what each is made of, what it needs and which services it offers.

Data only.  How a server is configured stands in config/NAME, how it is run in `launch`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Speaks(Enum):
    """What a client meets on a port: it decides how readiness is seen."""

    GREETING = "a 220 greeting in the clear"
    TLS = "a TLS handshake"
    OTHER = "something that is not SMTP"


class Kind(Enum):
    """How the program is had and run."""

    BOX = "Debian packages, unpacked and run in private namespaces"
    PYTHON = "a Python program of this package"
    NODE = "an npm package"


@dataclass(frozen=True)
class Spec:
    """One server.

    Attributes:
        services: its ports by name; the first one is the server's main port.
        root: the entry of PACKAGES whose files it runs from; None where it is not boxed.
        needs: servers that have to run before it.
        rsa: whether it wants an RSA key (the others get ECDSA).
        start_limit: seconds until a start counts as failed.
    """

    name: str
    kind: Kind
    services: dict[str, Speaks]
    root: str | None = None
    needs: tuple[str, ...] = ()
    rsa: bool = False
    start_limit: float = 20.0


_SASL_LIBRARIES = ("sasl2-bin", "libsasl2-modules", "libsasl2-modules-db")

PACKAGES: dict[str, tuple[str, ...]] = {
    "dns": ("knot", "unbound"),
    "dovecot": ("dovecot-core", "dovecot-submissiond", "dovecot-lmtpd"),
    "exim": ("exim4-daemon-heavy", "exim4-base"),
    "kerberos": ("krb5-kdc", "krb5-admin-server"),
    "kerberos-headers": ("libkrb5-dev",),
    "opensmtpd": ("opensmtpd",),
    "peers": ("curl", "msmtp", "swaks"),
    "postfix": ("postfix",),
    "postfix-cyrus": ("postfix", *_SASL_LIBRARIES, "libsasl2-modules-gssapi-mit"),
    "sendmail": ("sendmail-bin", "sendmail-cf", "m4", *_SASL_LIBRARIES),
}
"""Debian packages of each root; what they depend on and the machine lacks comes along.

"peers" is no server: other clients, for the benchmarks.  Nor is "kerberos-headers": what a client
of Kerberos is compiled with.
"""

SERVERS: dict[str, Spec] = {
    spec.name: spec
    for spec in (
        Spec(
            "aiosmtpd",
            Kind.PYTHON,
            {"smtp": Speaks.GREETING, "tls": Speaks.TLS, "lmtp": Speaks.GREETING},
        ),
        Spec(
            "dns",
            Kind.BOX,
            {"resolver": Speaks.OTHER, "tls": Speaks.OTHER, "authority": Speaks.OTHER},
            root="dns",
        ),
        Spec(
            "dovecot",
            Kind.BOX,
            {
                "submission": Speaks.GREETING,
                "tls": Speaks.TLS,
                "lmtp": Speaks.GREETING,
                "sasl": Speaks.OTHER,
            },
            root="dovecot",
            needs=("aiosmtpd",),
        ),
        Spec(
            "exim",
            Kind.BOX,
            {"smtp": Speaks.GREETING, "tls": Speaks.TLS},
            root="exim",
        ),
        Spec("kerberos", Kind.BOX, {"kdc": Speaks.OTHER}, root="kerberos"),
        Spec("opensmtpd", Kind.BOX, {"smtp": Speaks.GREETING}, root="opensmtpd", rsa=True),
        Spec(
            "postfix",
            Kind.BOX,
            {
                "smtp": Speaks.GREETING,
                "tls": Speaks.TLS,
                "submission": Speaks.GREETING,
                "bench": Speaks.GREETING,
            },
            root="postfix",
            needs=("dovecot",),
        ),
        Spec(
            "postfix-cyrus",
            Kind.BOX,
            {"smtp": Speaks.GREETING},
            root="postfix-cyrus",
            needs=("kerberos",),
        ),
        Spec(
            "sendmail",
            Kind.BOX,
            {"smtp": Speaks.GREETING, "tls": Speaks.TLS},
            root="sendmail",
            rsa=True,
            start_limit=60.0,
        ),
        Spec(
            "smtp-server",
            Kind.NODE,
            {"smtp": Speaks.GREETING, "tls": Speaks.TLS, "lmtp": Speaks.GREETING},
        ),
        Spec(
            "smtp-sink",
            Kind.BOX,
            {"smtp": Speaks.GREETING},
            root="postfix",
        ),
    )
}

USER = "alice"
PASSWORD = "secret"
"""The one account that every server with AUTH knows."""
