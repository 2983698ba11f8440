"""What a plain submission imports: little, because its whole run takes about 20 milliseconds.

The command runs in an interpreter without `site`, so that nothing is there but what it asks for.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import smtpwire
from tests.scripted import ModelServer

if TYPE_CHECKING:
    from tests.scripted.fixtures import Start

HEAVY = frozenset(
    {
        "_ssl",
        "argparse",
        "asyncio",
        "contextlib",
        "dataclasses",
        "datetime",
        "email",
        "encodings.idna",
        "getpass",
        "idna",
        "importlib.metadata",
        "inspect",
        "json",
        "logging",
        "pathlib",
        "random",
        "rich",
        "selectors",
        "shutil",
        "socket",
        "ssl",
        "subprocess",
        "tempfile",
        "threading",
        "typing",
        "unicodedata",
    }
)
"""Each of these would cost more than the submission has to spare."""

PACKAGE = {
    "smtpwire": "cli client core errors message net record run",
    "smtpwire.cli": (
        "app arguments audience checked command errors escape exitcode main options outputs "
        "pages parse streams tlsoptions values"
    ),
    "smtpwire.core": (
        "address command engine event exchange extensions group ledger "
        "opening parameters reply sender session step transaction"
    ),
    "smtpwire.message": "body content dots eol opener opening reader scan source spool witness",
    "smtpwire.net": (
        "connection conversation dial handshake hostname loop outbox poll timeouts tls transport "
        "trust"
    ),
    "smtpwire.run": (
        "again candidates job lookout messages nosession report rounds runner servers session "
        "settings slot slots stop submit tally"
    ),
}
"""All that a plain submission imports of the package: by package, its modules."""

DRIVER = """
import sys
sys.path.append(sys.argv.pop(1))
from smtpwire.cli.main import entry
code = entry()
print("modules:", *sys.modules)
sys.exit(code)
"""

MESSAGE = b"Subject: startup\n\nhello\n"


def imported(*args: str, stdin: bytes = b"") -> set[str]:
    """Submit by `args`; the names of all modules that are loaded at the end."""
    root = str(Path(smtpwire.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", DRIVER, root, *args],
        input=stdin,
        capture_output=True,
        timeout=30,
        env={"LC_ALL": "C.UTF-8", "PATH": os.defpath},
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    told = done.stdout.decode().splitlines()[-1]
    assert told.startswith("modules: ")
    return set(told.split()[1:])


@pytest.fixture
def server(start: Start) -> ModelServer:
    return start(ModelServer())


@pytest.fixture
def message(tmp_path: Path) -> str:
    path = tmp_path / "message.eml"
    path.write_bytes(MESSAGE)
    return str(path)


def test_from_standard_input(server: ModelServer) -> None:
    modules = imported(server.address, "a@x", "b@y", stdin=MESSAGE)
    assert len(server.messages) == 1
    assert modules & HEAVY == set()


def test_from_a_file(server: ModelServer, message: str) -> None:
    modules = imported("-s", server.address, "-f", "a@x", "-r", "b@y", message)
    assert len(server.messages) == 1
    assert modules & HEAVY == set()


def test_of_the_package_only_this(server: ModelServer) -> None:
    modules = imported(server.address, "a@x", "b@y", stdin=MESSAGE)
    expected = {f"{package}.{name}" for package, names in PACKAGE.items() for name in names.split()}
    found = {name for name in modules if name.startswith("smtpwire.")}
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize(
    "option",
    [("-v",), ("-t",), ("-a",), ("-d",), ("-e",), ("-H", "me.example"), ("--no-wait",)],
    ids=lambda option: option[0],
)
def test_small_options_import_nothing_heavy(server: ModelServer, option: tuple[str, ...]) -> None:
    assert imported(*option, server.address, "a@x", "b@y", stdin=MESSAGE) & HEAVY == set()
