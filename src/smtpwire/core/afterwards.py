"""The replies behind a 421: kept, until it is known whether they are what they seem.

A 421 may come out of turn (RFC 5321 section 3.8), and then it took the place of an answer: every
reply behind it stands one command too early, and the refusal of one message looks like the refusal
of the message before it.  Whether that is so shows at QUIT, which nothing but 221 answers, and
which nothing else is answered with.  If the 421 stood where the reply to an end of data was due,
that was no answer, and the message is in doubt.  Without QUIT nothing shows it: the reply that
would be one too many may be the one that is lost.
"""

from __future__ import annotations

from smtpwire.core.command import Verb

TYPE_CHECKING = False
if TYPE_CHECKING:
    from smtpwire.core.exchange import Exchange
    from smtpwire.core.ledger import Ledger
    from smtpwire.core.reply import Reply


class Afterwards:
    """What is said behind a 421 on one connection; nothing is asked in the meantime.

    Args:
        ledger: what is unanswered.
        closing: the 421, or the refusal of RSET.
        exchange: whose command it seemed to answer, if it was one of a transaction.
    """

    def __init__(self, ledger: Ledger, closing: Reply, exchange: Exchange | None) -> None:
        self._closing = closing
        self._exchange = exchange
        ledger.ungroup()
        self._commands = ledger.commands
        self._replies: list[Reply] = []
        self.telling = ledger.all_out and bool(self._commands) and self._asked_last is Verb.QUIT
        """Whether it is worth listening to."""

    @property
    def _asked_last(self) -> Verb:
        return self._commands[-1][0]

    def take(self, reply: Reply) -> bool:
        """Keep a reply; when it is the one to QUIT, record all of them, or none.

        Returns:
            Whether it was that one.
        """
        self._replies.append(reply)
        if len(self._replies) < len(self._commands):
            return False
        answers = [
            (verb, x, reply)
            for (verb, _, x, *_), reply in zip(self._commands, self._replies, strict=True)
        ]
        if reply.code == 221 and all(_may_answer(*answer) for answer in answers):
            for verb, x, answer in answers:
                if x is not None:
                    x.record(verb, answer)
        elif self._exchange is not None:
            self._exchange.unsay(self._closing)
        return True


def _may_answer(verb: Verb, x: Exchange | None, reply: Reply) -> bool:
    """Whether a reply can be the answer to this command, where any may be answered with 421."""
    if reply.code == 421:
        return True
    return reply.ok if x is None else x.may_record(verb, reply)
