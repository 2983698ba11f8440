"""Engines with one rule broken each: what the property tests are worth is what they catch of these.

A mutant is a few edits of the source of functions, put in place of the originals while it is
tried.  An edit whose text is no longer in the source is an error, so no mutant dies unnoticed.
"""

from __future__ import annotations
import __future__

import importlib
import inspect
import textwrap
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple
from unittest import mock

from smtpwire.core.command import Verb

if TYPE_CHECKING:
    from collections.abc import Iterator

CORE = "smtpwire.core."


class Edit(NamedTuple):
    """A change of one function, method or property, or one verb more in a module's set of them."""

    module: str
    name: str
    old: str
    new: str


class Mutant(NamedTuple):
    """A rule that is broken."""

    rule: str
    edits: tuple[Edit, ...]


def _edit(module: str, name: str, old: str, new: str) -> Edit:
    return Edit(CORE + module, name, old, new)


def _group(verb: str) -> Edit:
    return _edit("sender", "MAY_CONTINUE_GROUP", "", verb)


def _ready_while_unanswered(verb: str) -> tuple[Edit, ...]:
    """The group rule is not the only guard before the first MAIL: take the others away too."""
    condition = "if verb is None:"
    ready = f"if verb is Verb.{verb}: self._hello = self._greeting; self._set_up()\n    "
    return (
        _group(verb),
        _edit("opening", "Opening.next_command", condition, f"{ready}{condition}"),
        _edit("sender", "Sender.__init__", "self.pipelining = False", "self.pipelining = True"),
    )


MUTANTS = (
    Mutant(
        "MAIL has RSET before it unless the server is known to have no transaction open",
        (_edit("sender", "Sender._reset_due", "not self._last.server_forgot", "False"),),
    ),
    Mutant(
        "so has MAIL behind an end of data that is not answered",
        (
            _edit(
                "exchange",
                "Exchange.server_forgot",
                "if self.mail_refused:",
                "if self.mail_refused or not (self.refused or self.failed):",
            ),
        ),
    ),
    Mutant(
        "a refused BDAT leaves the transaction open",
        (_edit("exchange", "Exchange.server_forgot", "(final.ok or not self.chunked)", "True"),),
    ),
    Mutant("DATA ends its group", (_group("DATA"),)),
    Mutant("QUIT ends its group", (_group("QUIT"),)),
    Mutant("EHLO ends its group", _ready_while_unanswered("EHLO")),
    Mutant("STARTTLS ends its group", _ready_while_unanswered("STARTTLS")),
    Mutant("AUTH ends its group", _ready_while_unanswered("AUTH")),
    Mutant(
        "one command at a time where PIPELINING is not offered",
        (_edit("sender", "Sender.start", 'capabilities.offers("PIPELINING")', "True"),),
    ),
    Mutant(
        "where all recipients are required, DATA waits for them",
        (_edit("step", "next_step", "x.all_required and not x.envelope_answered", "False"),),
    ),
    Mutant(
        "where all recipients are required, LAST waits for them",
        (_edit("sender", "Sender._chunk", "(known or not x.all_required)", "True"),),
    ),
    Mutant(
        "content waits for its envelope",
        (_edit("sender", "Sender._may_speculate", "options.no_wait", "True"),),
    ),
    Mutant(
        "no dot after a refusal in mid-content",
        (_edit("engine", "Engine._on_transaction_reply", "if early and verb is DOT:", "if 0:"),),
    ),
    Mutant(
        "no reply is believed before what it answers was sent",
        (_edit("engine", "Engine._on_reply", "elif ahead and (", "elif False and ("),),
    ),
    Mutant(
        "nor are replies to a group before all of it was sent",
        (_edit("ledger", "Ledger.together", "if last <= self._sent else None", ""),),
    ),
    Mutant(
        "nor those of which the first began before",
        (_edit("ledger", "Ledger.together", "or self._begun_ahead", ""),),
    ),
    Mutant(
        "what was not hoped for is taken one by one",
        (_edit("group", "Group.hopes_for", "if reply.code >= 300:", "if False:"),),
    ),
    Mutant(
        "a 354 is hoped for where DATA was said, and nothing else",
        (_edit("group", "Group.hopes_for", "replies[last].code == 354", "True"),),
    ),
    Mutant(
        "a reply is as early as its first octet",
        (_edit("engine", "Engine.receive", "self._ledger.answer_begun()", "pass"),),
    ),
    Mutant(
        "an end of data without a reply is unknown",
        (_edit("exchange", "Exchange._without_reply", "if self.finished:", "if False:"),),
    ),
    Mutant(
        "what was begun is not sent again unasked",
        (_edit("exchange", "Exchange.result", "decided or self.begun or", "decided or"),),
    ),
    Mutant(
        "a reply that nothing asked for ends the session",
        (
            _edit(
                "engine",
                "Engine._on_unasked_reply",
                "\n    else:\n        self._break(",
                "\n    else:\n        repr(",
            ),
        ),
    ),
    Mutant(
        "one reply answers one command",
        (
            _edit(
                "ledger",
                "Ledger.answer",
                "self.octets_unanswered -= octets",
                "self.octets_unanswered -= octets; self.commands and self.commands.popleft()",
            ),
        ),
    ),
    Mutant(
        "nothing is written after a 421",
        (
            _edit(
                "engine",
                "Engine._on_reply",
                "reply.code == 421 and verb",
                "reply.code == 0 and verb",
            ),
        ),
    ),
    Mutant(
        "replies to contents that are out are read where BDAT is not known",
        (_edit("engine", "Engine._end_if_answered", "not self._sender.in_doubt", "True"),),
    ),
    Mutant(
        "a refused BDAT says nothing of the other contents that are out",
        (
            _edit(
                "engine",
                "Engine._on_bdat_unknown",
                "self._without_chunking = x.bdat_unknown = True",
                "self._without_chunking = True\n    "
                "for y in self._sender._open: y.bdat_unknown = True; y.finished = False",
            ),
        ),
    ),
    Mutant(
        "a 421 in the place of an answer to an end of data is none where QUIT shows it",
        (_edit("exchange", "Exchange.unsay", "self.final = None", "pass"),),
    ),
    Mutant(
        "behind a refused RSET nothing is believed but by what answers QUIT",
        (
            _edit(
                "engine",
                "Engine._on_session_reply",
                "self._closing(",
                "self._stop_writing(ServerClosing(reply.text)) or repr(",
            ),
        ),
    ),
    Mutant(
        "nor is anything behind a 421",
        (
            _edit(
                "engine",
                "Engine._closing",
                "self._afterwards = afterwards\n",
                "repr(afterwards)\n",
            ),
        ),
    ),
    Mutant(
        "behind a 421 the answer to QUIT is waited for",
        (_edit("engine", "Engine._closing", "if afterwards.telling and", "if False and"),),
    ),
    Mutant(
        "what answers QUIT shows whether replies behind a 421 stand where they belong",
        (_edit("afterwards", "Afterwards.take", "reply.code == 221 and", ""),),
    ),
    Mutant(
        "a reply before its command was handed over answers nothing",
        (
            _edit(
                "ledger",
                "Ledger.ask",
                "self.output.append(line)",
                "self.output.append(line); self._sent += 1",
            ),
            _edit("ledger", "Ledger.lines_sent", "self._sent += count", "pass"),
        ),
    ),
    Mutant(
        "a 421 to its envelope says nothing of an end of data that is out",
        (
            _edit(
                "exchange",
                "Exchange._says_nothing",
                "return reply.code == 421 and",
                "return False and",
            ),
        ),
    ),
    Mutant(
        "what broke is told, also where QUIT is already said",
        (_edit("engine", "Engine._break", "and self._sender.decided", ""),),
    ),
    Mutant(
        "no content where MAIL was refused",
        (_edit("exchange", "Exchange.may_record", "and not self.mail_refused", ""),),
    ),
    Mutant(
        "HELO after 500 and 502 only, and not inside TLS",
        (
            _edit(
                "opening",
                "Opening._on_hello",
                "reply.code in UNKNOWN_COMMAND and not self.secured",
                "True",
            ),
        ),
    ),
    Mutant(
        "what cannot answer a command ends the session",
        (
            _edit(
                "engine", "Engine._on_transaction_reply", "not x.may_record(verb, reply)", "False"
            ),
        ),
    ),
    Mutant(
        "a content that breaks off is never ended",
        (_edit("engine", "Engine.content_failed", "self._stop_writing(", "repr("),),
    ),
    Mutant(
        "an exchange is settled when nothing is owed for it",
        (_edit("sender", "Sender.settle_if_over", "not x.pending", "True"),),
    ),
)


@contextmanager
def applied(mutant: Mutant) -> Iterator[None]:
    """Put a mutant's functions in place of the engine's."""
    with ExitStack() as stack:
        for edit in mutant.edits:
            owner, name, new = _mutate(edit)
            stack.enter_context(mock.patch.object(owner, name, new))
        yield


def _mutate(edit: Edit) -> tuple[object, str, object]:
    module = importlib.import_module(edit.module)
    *classes, name = edit.name.split(".")
    owner: object = module
    for class_name in classes:
        owner = getattr(owner, class_name)
    original = inspect.getattr_static(owner, name)
    if not edit.old:
        return owner, name, original | {Verb[edit.new]}
    function = original.fget if isinstance(original, property) else original
    assert inspect.isfunction(function)
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(edit.old) == 1, f"{edit.old!r} is not in {edit.name} once"
    changed = source.replace(edit.old, edit.new)
    scope: dict[str, object] = {}
    flag = __future__.annotations.compiler_flag
    code = compile(changed, f"<mutant {edit.name}>", "exec", flags=flag)
    exec(code, function.__globals__, scope)  # noqa: S102 - our own
    return owner, name, scope[name]
