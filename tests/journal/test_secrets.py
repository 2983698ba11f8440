"""The journal outlives the run, and a server may repeat what it was given: no secret is in it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tests.journal.runs import status, submit
from tests.scripted import ModelServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import Start

SECRET = "correct horse battery"
FORMS = {
    "plain": SECRET,
    "base64": base64.b64encode(f"\0me\0{SECRET}".encode()).decode(),
    "hex": SECRET.encode().hex(),
}


@pytest.mark.parametrize("verb", ["END", "RCPT"])
@pytest.mark.parametrize("form", FORMS)
def test_what_a_server_repeats_is_not_written_down(
    start: Start, names: list[str], journal: Path, form: str, verb: str
) -> None:
    said = f"550 5.7.1 no {FORMS[form]} here"
    server = start(ModelServer(offers=("AUTH PLAIN",), users={"me": SECRET}, replies={verb: said}))
    password = ("-U", "me", "-P", SECRET, "--allow-cleartext-auth")
    submit(server, journal, *password, *names[:1])  # looks for the secret in each file by itself
    assert status(journal) == {"messages": 1, "refused": 1}
    written = b"".join(path.read_bytes() for path in journal.parent.glob(f"{journal.name}*"))
    assert b"5.7.1 no" in written
    assert FORMS[form].encode() not in written
