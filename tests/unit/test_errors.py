"""The tree of exceptions is the one that its docstring draws, and each keeps what it is given."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, cast

import pytest

from smtpwire import errors

if TYPE_CHECKING:
    from smtpwire.core.reply import Reply

REPLY = cast("Reply", object())
OTHER = cast("Reply", object())


def drawn() -> dict[str, str]:
    """Return each class that the docstring draws, with the one it hangs from."""
    parents: dict[str, str] = {}
    above: dict[int, str] = {}
    for line in inspect.cleandoc(errors.__doc__ or "").splitlines():
        branch = re.match(r"^ {4}(?P<lead>[ |`-]*)(?P<name>[A-Z]\w+)", line)
        if branch:
            depth = len(branch["lead"])
            above[depth] = branch["name"]
            parents[branch["name"]] = above[max((d for d in above if d < depth), default=depth)]
    return parents


def test_the_docstring_draws_the_tree() -> None:
    defined = {
        name: kind.__mro__[1].__name__
        for name, kind in vars(errors).items()
        if inspect.isclass(kind) and kind.__module__ == errors.__name__
    }
    assert drawn() == defined | {"SMTPError": "SMTPError"}


def test_an_invalid_address_is_a_value_error_too() -> None:
    assert issubclass(errors.InvalidAddress, ValueError)


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (errors.SMTPError("text"), {"reply": None}),
        (errors.SMTPError("text", reply=REPLY), {"reply": REPLY}),
        (errors.ServerClosing("text", reply=REPLY), {"reply": REPLY}),
        (errors.TimedOut("text", wait="greeting"), {"wait": "greeting", "reply": None}),
        (
            errors.HelloRefused("text", ehlo=REPLY),
            {"ehlo": REPLY, "helo": None, "reply": REPLY},
        ),
        (
            errors.HelloRefused("text", ehlo=REPLY, helo=OTHER),
            {"ehlo": REPLY, "helo": OTHER, "reply": OTHER},
        ),
        (errors.MissingExtension("text", name="SMTPUTF8"), {"name": "SMTPUTF8", "reply": None}),
        (
            errors.AuthFailed("text", mechanism="PLAIN", reply=REPLY),
            {"mechanism": "PLAIN", "reply": REPLY},
        ),
        (errors.AuthFailed("text"), {"mechanism": None, "reply": None}),
        (errors.RemoteProtocolError("text", line=b"\xff"), {"line": b"\xff", "reply": None}),
        (errors.MessageUnusable("text", where="a.eml"), {"where": "a.eml", "reply": None}),
    ],
)
def test_each_keeps_its_text_and_what_it_is_given(
    error: errors.SMTPError, kept: dict[str, object]
) -> None:
    assert str(error) == "text"
    assert {name: getattr(error, name) for name in kept} == kept
