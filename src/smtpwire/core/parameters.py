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
    from smtpwire.core.transaction import Envelope, Submission
    from smtpwire.errors import SMTPError
else:
    from smtpwire.record import NamedTuple


REMEMBERED = 64
"""Decisions that are kept."""


class Absent(Enum):
    """What to do with a wanted parameter whose extension the server does not offer."""

    OMIT = "omit"
    WARN = "warn"
    REQUIRE = "require"


class Parameter(NamedTuple):
    """One parameter of MAIL."""

    extension: str
    """The EHLO keyword that offers it."""
    text: Callable[[Submission, int | None], str | None]
    """What stands on the line, without the space before it; None when it is not wanted.  It is
    given the octets of the message as they are declared, None when they are not."""
    absent: Absent
    reason: str = ""
    """For the warning or the error: what is then so."""


def _size(_submission: Submission, octets: int | None) -> str | None:
    return None if octets is None else f"SIZE={octets}"


def _body(submission: Submission, _octets: int | None) -> str | None:
    return "BODY=8BITMIME" if submission.eightbit else None


def _smtputf8(submission: Submission, _octets: int | None) -> str | None:
    reverse_path, recipients = submission.envelope
    if reverse_path is not None and not reverse_path.ascii:
        return "SMTPUTF8"
    for recipient in recipients:
        if not recipient.ascii:
            return "SMTPUTF8"
    return None


def _requiretls(_submission: Submission, _octets: int | None) -> str | None:
    return "REQUIRETLS"


MAIL_PARAMETERS = (
    # RFC 1870 section 3
    Parameter("SIZE", _size, Absent.OMIT),
    # RFC 6152 section 3
    Parameter("8BITMIME", _body, Absent.WARN, "8-bit content is sent as it is"),
    # RFC 6531 section 3.4
    Parameter("SMTPUTF8", _smtputf8, Absent.REQUIRE, "an address is not ASCII"),
)

# RFC 8689 section 2
REQUIRETLS = Parameter(
    "REQUIRETLS", _requiretls, Absent.REQUIRE, "it may pass a message on without TLS"
)
"""Only with `SessionOptions.require_tls_onward`."""


class Admission(NamedTuple):
    """Whether a transaction may begin, and what stands on its MAIL line."""

    error: SMTPError | None
    """Why it must not begin."""
    text: str = ""
    """The parameters, each with a space before it."""
    warnings: tuple[str, ...] = ()


class Admitter:
    """Chooses the parameters of MAIL for the messages of one connection."""

    def __init__(self, capabilities: Capabilities, options: SessionOptions) -> None:
        self._options = options
        onward = (REQUIRETLS,) if options.require_tls_onward else ()
        wanted = (*MAIL_PARAMETERS, *onward)
        self._parameters = [(p, p.text, capabilities.offers(p.extension)) for p in wanted]
        self._limit = capabilities.size_limit if options.declare_size else None
        self._envelope: Envelope | None = None
        self._decided: dict[tuple[int | None, bool], Admission] = {}
        """What was decided on messages with this envelope, by their sizes and whether 8-bit."""

    def admit(self, submission: Submission, *, chunked: bool) -> Admission:
        """Decide on one message, which goes by BDAT or by DATA."""
        if submission.envelope is not self._envelope:
            self._envelope = submission.envelope
            self._decided.clear()
        size = None
        if self._options.declare_size:
            size = submission.size if chunked else submission.data_size
        key = (size, submission.eightbit)
        admission = self._decided.get(key)
        if admission is None:
            if len(self._decided) >= REMEMBERED:
                self._decided.clear()
            admission = self._decided[key] = self._decide(submission, size)
        return admission

    def _decide(self, submission: Submission, size: int | None) -> Admission:
        limit = self._limit
        if limit is not None and size is not None and size > limit:
            # RFC 1870 section 6.1: the server would refuse it, and may do so after the content.
            large = f"{size} octets are more than the server's limit of {limit}"
            return Admission(MessageTooLarge(large))
        text = ""
        warnings: tuple[str, ...] = ()
        for parameter, wanted_text, offered in self._parameters:
            wanted = wanted_text(submission, size)
            if wanted is None:
                continue
            if offered or (parameter.absent is Absent.REQUIRE and self._options.force):
                text += " " + wanted
            elif parameter.absent is not Absent.OMIT:
                missing = f"the server does not offer {parameter.extension}: {parameter.reason}"
                if parameter.absent is Absent.REQUIRE:
                    return Admission(MissingExtension(missing, name=parameter.extension))
                warnings += (missing,)
        return Admission(None, text, warnings)
