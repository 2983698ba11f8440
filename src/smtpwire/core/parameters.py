"""ESMTP parameters of MAIL, as a table: the engine never learns the name of an extension.

An entry says which keyword the server must have offered, what stands on the line, and what happens
when it is not offered: nothing, a warning, or no transaction at all.
"""

from __future__ import annotations

from enum import Enum

from smtpwire.errors import MessageTooLarge, MissingExtension

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NamedTuple

    from smtpwire.core.extensions import Capabilities
    from smtpwire.core.session import SessionOptions
    from smtpwire.core.transaction import Submission
    from smtpwire.errors import SMTPError
else:
    from smtpwire.record import NamedTuple


class Absent(Enum):
    """What to do with a wanted parameter whose extension the server does not offer."""

    OMIT = "omit"
    WARN = "warn"
    REQUIRE = "require"


class Parameter(NamedTuple):
    """One parameter of MAIL."""

    extension: str
    """The EHLO keyword that offers it."""
    text: Callable[[Submission, SessionOptions], str | None]
    """What stands on the line, without the space before it; None when it is not wanted."""
    absent: Absent
    reason: str = ""
    """For the warning or the error: what is then so."""


def _size(submission: Submission, options: SessionOptions) -> str | None:
    if not options.declare_size or submission.data_size is None:
        return None
    return f"SIZE={submission.data_size}"


def _body(submission: Submission, _options: SessionOptions) -> str | None:
    return "BODY=8BITMIME" if submission.eightbit else None


def _smtputf8(submission: Submission, _options: SessionOptions) -> str | None:
    envelope = submission.envelope
    addresses = envelope.recipients
    if envelope.reverse_path is not None:
        addresses = (envelope.reverse_path, *addresses)
    return None if all(address.ascii for address in addresses) else "SMTPUTF8"


MAIL_PARAMETERS = (
    # RFC 1870 section 3
    Parameter("SIZE", _size, Absent.OMIT),
    # RFC 6152 section 3
    Parameter("8BITMIME", _body, Absent.WARN, "8-bit content is sent as it is"),
    # RFC 6531 section 3.4
    Parameter("SMTPUTF8", _smtputf8, Absent.REQUIRE, "an address is not ASCII"),
)


class Admission(NamedTuple):
    """Whether a transaction may begin, and what stands on its MAIL line."""

    error: SMTPError | None
    """Why it must not begin."""
    text: str = ""
    """The parameters, each with a space before it."""
    warnings: tuple[str, ...] = ()


def admit(
    submission: Submission, capabilities: Capabilities, options: SessionOptions
) -> Admission:
    """Choose the parameters of MAIL for this message on this connection."""
    text = ""
    warnings: tuple[str, ...] = ()
    for parameter in MAIL_PARAMETERS:
        wanted = parameter.text(submission, options)
        if wanted is None:
            continue
        extension = parameter.extension
        if capabilities.offers(extension):
            text += " " + wanted
            continue
        if parameter.absent is Absent.WARN:
            warnings += (f"the server does not offer {extension}: {parameter.reason}",)
        elif parameter.absent is Absent.REQUIRE:
            if not options.force:
                missing = f"the server does not offer {extension}: {parameter.reason}"
                return Admission(MissingExtension(missing, name=extension))
            text += " " + wanted
    size, limit = submission.data_size, capabilities.size_limit
    if options.declare_size and limit is not None and size is not None and size > limit:
        # RFC 1870 section 6.1: the server would refuse it, and may do so after the content.
        large = f"{size} octets are more than the server's limit of {limit}"
        return Admission(MessageTooLarge(large))
    return Admission(None, text, warnings)
