"""The octet-exact server: aiosmtpd that keeps every message as it came.  Run by `launch`.

Dots are undoubled and nothing else is done: RUN/mail/new/NAME is what the client sent, with its
CRLFs.  It offers STARTTLS, SMTPUTF8, 8BITMIME and SIZE, neither PIPELINING nor CHUNKING, and takes
no line over 1001 octets.  PLAIN and LOGIN are offered under TLS only.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

if TYPE_CHECKING:
    from typing import Any

    from aiosmtpd.smtp import Envelope, Session

HOST_NAME = "aiosmtpd.example.test"
LARGEST = 52_428_800


class Store:
    """Writes each message into a Maildir."""

    def __init__(self, maildir: Path) -> None:
        self._maildir = maildir
        self._names = (f"{number:08}.store" for number in itertools.count(1))

    async def handle_DATA(  # noqa: N802 - aiosmtpd finds it by this name
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Store a message and answer; LMTP wants an answer for each recipient."""
        content = envelope.original_content or b""
        name = next(self._names)
        (self._maildir / "tmp" / name).write_bytes(content)
        (self._maildir / "tmp" / name).rename(self._maildir / "new" / name)
        replies = len(envelope.rcpt_tos) if isinstance(server, LMTP) else 1
        return "\r\n".join([f"250 2.0.0 stored as {name}"] * replies)


def authenticate(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, login: Any
) -> AuthResult:
    """Whether this is the one account there is."""
    wanted = LoginPassword(os.environ["USER"].encode(), os.environ["PASSWORD"].encode())
    # Not handled: else aiosmtpd leaves the reply to the caller, and there is none.
    return AuthResult(success=login == wanted, handled=False)


async def serve() -> None:
    """Serve all ports until the lifeline, standard input, ends."""
    run = Path(os.environ["RUN"])
    store = Store(run / "mail")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(run / "server-chain.pem", run / "server.key")
    common: dict[str, Any] = {
        "hostname": HOST_NAME,
        "data_size_limit": LARGEST,
        "enable_SMTPUTF8": True,
    }
    login: dict[str, Any] = {"authenticator": authenticate, **common}
    loop = asyncio.get_running_loop()
    for service, protocol, tls in (
        ("SMTP", lambda: SMTP(store, tls_context=context, **login), None),
        ("TLS", lambda: SMTP(store, auth_require_tls=False, **login), context),
        ("LMTP", lambda: LMTP(store, **common), None),
    ):
        port = int(os.environ[f"PORT_{service}"])
        await loop.create_server(protocol, "127.0.0.1", port, ssl=tls, backlog=1024)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ended.set)
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(serve())
