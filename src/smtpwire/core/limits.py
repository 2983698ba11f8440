"""What a server announces that it will take in one session, by LIMITS (RFC 9422).

A client that knows the limits need not run into them: it divides the recipients of a message, and
ends a session in time.  A limit that is not written as the extension has it is passed over, as if
it were not announced.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple

    from smtpwire.core.extensions import Capabilities
else:
    from smtpwire.record import NamedTuple

_NUMBER = re.compile(r"[1-9][0-9]{0,5}")


class Limits(NamedTuple):
    """The limits of one session; None for what is not limited."""

    mail: int | None = None
    """MAILMAX: transactions in the session."""
    recipients: int | None = None
    """RCPTMAX: recipients in a transaction."""
    domains: int | None = None
    """RCPTDOMAINMAX: different domains of recipients in the session."""


NO_LIMITS = Limits()


def limits(capabilities: Capabilities) -> Limits:
    """Return what the server announced; of a limit that it repeats, the lowest."""
    found: dict[str, int] = {}
    for parameter in capabilities.keywords.get("LIMITS", ()):
        name, _, number = parameter.partition("=")
        name = name.upper()
        if _NUMBER.fullmatch(number):
            found[name] = min(int(number), found.get(name, int(number)))
    if not found:
        return NO_LIMITS
    return Limits(found.get("MAILMAX"), found.get("RCPTMAX"), found.get("RCPTDOMAINMAX"))
