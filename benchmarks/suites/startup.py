"""One small message: mostly the start of a process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import clients
from benchmarks.clients import Command
from benchmarks.messages import crlf, message, octets, write
from benchmarks.row import Row, Run
from benchmarks.servers import csinks, tls_csinks
from benchmarks.submission import Expected, Submission, run_command
from benchmarks.suites.tls import TLS

if TYPE_CHECKING:
    from benchmarks.clients import Client
    from benchmarks.workshop import Workshop

_SIZE = 2048
SCRIPT = "smtplib script"
CURL = "curl --crlf"
_NOTHING = "python -c pass"


def rows(workshop: Workshop) -> list[Row]:
    """The rows: the command in its forms, its peers, and an interpreter that does nothing."""
    content = message(_SIZE)
    lf = write(workshop.data / "2k.lf", content)
    with_crlf = write(workshop.data / "2k.crlf", crlf(content))
    start, start_tls = csinks(workshop), tls_csinks(workshop)

    def row(name: str, client: Client, *, ours: bool = False) -> Row:
        expected = Expected(1, octets(content) if ours else None)
        return Row(name, Submission(workshop, client, start, expected), against=SCRIPT)

    def tls(name: str, client: Client) -> Row:
        run = Submission(workshop, client, start_tls, Expected(1, octets(content)))
        return Row(name, run, "TLS", against=CURL)

    def python(name: str, *words: str) -> Row:
        def run(_warm_up: bool) -> Run:
            return run_command(workshop, Command([*words]))

        return Row(name, run, against=SCRIPT)

    return [
        row(SCRIPT, clients.smtplib(workshop, with_crlf)),
        row("swaks", clients.swaks(lf)),
        row("msmtp", clients.msmtp(lf)),
        row(CURL, clients.curl(lf, "--crlf")),
        row("smtp-source -m 1", clients.smtp_source(messages=1, sessions=1, size=_SIZE)),
        row("smtp FILE", clients.smtp(workshop, lf), ours=True),
        row("smtp <FILE", clients.smtp(workshop, stdin=lf), ours=True),
        row("smtp FILE, no -H", clients.smtp(workshop, lf, helo=False), ours=True),
        tls(CURL, clients.curl(lf, "--crlf", "-k", scheme="smtps")),
        tls("smtp FILE", clients.smtp(workshop, *TLS, lf)),
        python("smtp --version", *workshop.client, "--version"),
        python(_NOTHING, workshop.python, "-c", "pass"),
    ]
