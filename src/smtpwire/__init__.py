"""smtpwire: submit mail.

The command is `smtp` (`smtpwire.cli`).  As a library, a run of messages is a call:

    from smtpwire import ClientSettings, MessageSettings, Observer, RunSettings, Server, submit
    from smtpwire import parse_address

    settings = RunSettings(
        client=ClientSettings(servers=(Server("mail.example", 25),)),
        messages=MessageSettings(
            names=["message.eml"],
            reverse_path=parse_address("me@example.org"),
            recipients=(parse_address("you@example.com"),),
        ),
    )
    report = submit(settings, Observer())

Every recipient of every message ends in one `Outcome`; an `Observer` is told of each as it is
settled.  `smtpwire.errors` holds what can go wrong, as a tree.  In an asyncio program `AsyncClient`
submits messages (`smtpwire.aio`).

The names below are imported when they are first used: `import smtpwire` costs nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from smtpwire.aio import AsyncClient
    from smtpwire.client import (
        ClientSettings,
        Discovery,
        DNSServer,
        Login,
        Server,
        TLSMode,
        TLSSettings,
    )
    from smtpwire.core.address import Address, parse_address, parse_reverse_path
    from smtpwire.core.reply import EnhancedStatus, Reply
    from smtpwire.core.transaction import Outcome, RecipientOutcome, TransactionResult
    from smtpwire.errors import SMTPError
    from smtpwire.run.messages import MessageSettings
    from smtpwire.run.report import ConnectionInfo, MessageResult, Observer, Problem, RunReport
    from smtpwire.run.settings import RunSettings
    from smtpwire.run.stop import StopRequest
    from smtpwire.run.submit import submit

__version__ = "0.1.0"

__all__ = [
    "Address",
    "AsyncClient",
    "ClientSettings",
    "ConnectionInfo",
    "DNSServer",
    "Discovery",
    "EnhancedStatus",
    "Login",
    "MessageResult",
    "MessageSettings",
    "Observer",
    "Outcome",
    "Problem",
    "RecipientOutcome",
    "Reply",
    "RunReport",
    "RunSettings",
    "SMTPError",
    "Server",
    "StopRequest",
    "TLSMode",
    "TLSSettings",
    "TransactionResult",
    "parse_address",
    "parse_reverse_path",
    "submit",
]

_HOME = {
    "smtpwire.aio": ("AsyncClient",),
    "smtpwire.client": (
        "ClientSettings",
        "DNSServer",
        "Discovery",
        "Login",
        "Server",
        "TLSMode",
        "TLSSettings",
    ),
    "smtpwire.core.address": ("Address", "parse_address", "parse_reverse_path"),
    "smtpwire.core.reply": ("EnhancedStatus", "Reply"),
    "smtpwire.core.transaction": ("Outcome", "RecipientOutcome", "TransactionResult"),
    "smtpwire.errors": ("SMTPError",),
    "smtpwire.run.messages": ("MessageSettings",),
    "smtpwire.run.report": ("ConnectionInfo", "MessageResult", "Observer", "Problem", "RunReport"),
    "smtpwire.run.settings": ("RunSettings",),
    "smtpwire.run.submit": ("submit",),
    "smtpwire.run.stop": ("StopRequest",),
}


def __getattr__(name: str) -> object:
    """Import a public name at its first use (PEP 562)."""
    for module, names in _HOME.items():
        if name in names:
            from importlib import import_module

            value: object = getattr(import_module(module), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
