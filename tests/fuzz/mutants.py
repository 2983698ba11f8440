"""Modules with one rule broken each, by the target that has to notice."""

from __future__ import annotations

from tests.property import mutants as engine
from tests.property.mutants import Edit, Mutant


def _mutants(
    target: str, module: str, *rules: tuple[str, str, str, str]
) -> dict[tuple[str, str], Mutant]:
    return {
        (target, rule): Mutant(rule, (Edit(f"smtpwire.{module}", name, old, new),))
        for rule, name, old, new in rules
    }


def _of_the_engine(target: str, *rules: str) -> dict[tuple[str, str], Mutant]:
    known = {mutant.rule: mutant for mutant in engine.MUTANTS}
    return {(target, rule): known[rule] for rule in rules}


MUTANTS = {
    **_mutants(
        "replies",
        "core.reply",
        (
            "a line may come in two pieces, its CR in the first",
            "ReplyParser.feed",
            r' and len(self._tail.removesuffix(b"\r")) > MAX_LINE',
            "",
        ),
        (
            "nothing is believed behind what is no reply",
            "ReplyParser.feed",
            "if self._error is not None:",
            "if False:",
        ),
        (
            "a line inside a reply is none that was seen before",
            "ReplyParser.feed",
            "None if self._texts else seen",
            "seen",
        ),
        (
            "one code for all lines of a reply",
            "ReplyParser._take",
            "elif code != self._code:",
            "elif False:",
        ),
        (
            "each reply has its own size",
            "ReplyParser._take",
            "self._octets = 0",
            "pass",
        ),
        (
            "a line has an end within some octets, also where it came at once",
            "_parts",
            " or len(line) > MAX_LINE",
            "",
        ),
    ),
    **_mutants(
        "offers",
        "core.extensions",
        ("the first line offers nothing", "capabilities", "reply.raw[1:]", "reply.raw"),
        (
            "letters that are no ASCII make no keyword",
            "capabilities",
            "words[0].partition",
            "words[0].upper().partition",
        ),
        (
            "one careless line does not cost the others",
            "capabilities",
            "fullmatch(keyword):\n            continue",
            "fullmatch(keyword):\n            break",
        ),
        (
            "a huge limit is none",
            "Capabilities.size_limit",
            " or len(digits) > _SIZE_DIGITS",
            "",
        ),
    ),
    **_mutants(
        "headers",
        "message.header",
        (
            "a message may begin with an empty line, whatever ends it",
            "header_end",
            r'in (b"\r", b"\n")',
            r'== b"\n"',
        ),
        ("names are in lower case", "split", ".lower()", ""),
        (
            "nothing of a field is lost",
            "split",
            "header[start:end])",
            "header[start:end].rstrip())",
        ),
        ("what is no field is refused", "split", "if found is None:", "if not header[start:end]:"),
    ),
    **_mutants(
        "headers",
        "message.envelope",
        (
            "Resent-Bcc is left out too",
            "envelope_from_header",
            "field.name not in _HIDDEN",
            'field.name != "bcc"',
        ),
    ),
    **_mutants(
        "headers",
        "message.addresslist",
        (
            "no control character is in an address",
            "_Parser._address",
            "if _UNUSABLE.search(address):",
            "if False:",
        ),
    ),
    **_mutants(
        "contents",
        "message.eol",
        (
            "a CRLF may be cut in two",
            "Normaliser.feed",
            "lf_owed and octets[0] == _LF",
            "False",
        ),
        (
            "a CR at the end lacks an LF and no more",
            "Normaliser.finish",
            r'b"\n" if self._last == _CR else b"\r\n"',
            r'b"\r\n"',
        ),
        (
            "a bare CR ends a line among others that LF ends",
            "_crlf",
            r'if not deleted or deleted == octets.count(b"\r\n"):',
            "if True:",
        ),
    ),
    **_mutants(
        "contents",
        "message.dots",
        (
            "a line may be cut in front of its dot",
            "DotStuffer.feed",
            "dots.insert(0, seam)",
            "pass",
        ),
        (
            "a bare LF begins no line",
            "_few_dots",
            r'octets[max(dot - 2, 0) : dot] == b"\r\n"',
            r'octets[max(dot - 1, 0) : dot] == b"\n"',
        ),
    ),
    **_of_the_engine(
        "session",
        "MAIL has RSET before it unless the server is known to have no transaction open",
        "no reply is believed before what it answers was sent",
        "an end of data without a reply is unknown",
    ),
    **_of_the_engine(
        "babble",
        "a reply that nothing asked for ends the session",
        "nothing is written after a 421",
        "what cannot answer a command ends the session",
    ),
}
