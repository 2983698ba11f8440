"""What looks for secrets finds them."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from tests.leaks import assert_nothing_leaked

if TYPE_CHECKING:
    from pathlib import Path

SECRET = 'gehéim "x"'
OCTETS = SECRET.encode()
ARGS = ("-U", "me", "-P", SECRET, "srv", "a@x", "b@y")


def look(output: bytes, *args: str, **more: object) -> None:
    texts = {"standard output": output}
    assert_nothing_leaked(args or ARGS, {}, texts, **more)  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    "shown",
    [
        OCTETS,
        base64.b64encode(OCTETS),
        base64.b64encode(b"\0me\0" + OCTETS),
        base64.b64encode(b"user=me\1auth=Bearer " + OCTETS + b"\1\1"),
        base64.b64encode(b"x" + OCTETS + b"y"),
        OCTETS.hex().encode(),
        OCTETS.hex(":").upper().encode(),
        repr(SECRET).encode(),
        json.dumps(SECRET).encode(),
        b"geh%C3%A9im+%22x%22",
    ],
)
def test_a_secret_is_found(shown: bytes) -> None:
    with pytest.raises(AssertionError, match="a secret is in standard output"):
        look(b"before" + shown + b"behind")


def test_what_is_no_secret_is_not() -> None:
    look(b"srv a@x b@y")
    look(b"geheim", "-U", "me", "srv", "a@x", "b@y")


def test_it_is_found_where_the_command_has_it_from(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_bytes(b"geheim\nmore\n")
    with pytest.raises(AssertionError):
        look(b"geheim", "-U", "me", "--password-file", "password", cwd=tmp_path)
    with pytest.raises(AssertionError):
        assert_nothing_leaked(("-U", "me"), {"SMTP_PASSWORD": "geheim"}, {"x": b"geheim"})
    with pytest.raises(AssertionError):
        look(b"token", "-U", "me", secrets=["token"])


def test_the_files_that_it_wrote_are_looked_into(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"geheim")
    with pytest.raises(AssertionError, match="the file of --json"):
        look(b"", "-P", "geheim", "--json", "log", cwd=tmp_path)


def test_what_is_to_be_shown_may_be() -> None:
    look(b"geheim", "-t", "--trace-auth", "-P", "geheim")
    look(b"geheim@x", "-P", "geheim", "srv", "geheim@x", "b@y")
    look(b"a line", "-P", "a")
    look(b"geheim", "--no-such-option", "-P", "geheim")
