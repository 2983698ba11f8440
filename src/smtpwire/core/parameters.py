"""ESMTP parameters of MAIL, as a table: an extension grows by an entry, and the engine never learns its name.

An entry says which keyword the server must have offered, what stands on the line, and what happens
when it is not offered: nothing, a warning, or no transaction at all.
"""

from __future__ import annotations

from enum import Enum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NamedTuple

    from smtpwire.core.extensions import Capabilities
    from smtpwire.core.session import SessionOptions
    from smtpwire.core.transaction import Submission
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


def _body(submission: Submission, options: SessionOptions) -> str | None:
    return "BODY=8BITMIME" if submission.eightbit else None


def _smtputf8(submission: Submission, options: SessionOptions) -> str | None:
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


class Chosen(NamedTuple):
    """What stands on one MAIL line."""

    text: str
    """The parameters, each with a space before it."""
    missing: Parameter | None
    """The first required one that is not offered: the transaction must not begin."""
    warnings: tuple[str, ...]


def mail_parameters(
    submission: Submission, capabilities: Capabilities, options: SessionOptions
) -> Chosen:
    """Choose the parameters of MAIL for this message on this connection."""
    text = ""
    warnings = []
    for parameter in MAIL_PARAMETERS:
        wanted = parameter.text(submission, options)
        if wanted is None:
            continue
        if not capabilities.offers(parameter.extension):
            if parameter.absent is Absent.WARN:
                warnings.append(
                    f"the server does not offer {parameter.extension}: {parameter.reason}"
                )
            if parameter.absent is Absent.REQUIRE and not options.force:
                return Chosen("", parameter, ())
            if parameter.absent is not Absent.REQUIRE:
                continue
        text += " " + wanted
    return Chosen(text, None, tuple(warnings))
