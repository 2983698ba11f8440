"""Where the process of the command begins."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from smtpwire.cli import command, main
from smtpwire.cli.exitcode import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def version_asked_for(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("sys.argv", ["smtp", "--version"])
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("version_asked_for")
def test_the_process_gives_its_words_and_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []

    def run(argv: object, environ: object) -> int:
        given.extend((argv, environ))
        return 67

    monkeypatch.setattr(command, "run", run)
    assert main.entry() == 67
    assert given == [["--version"], os.environ]


@pytest.mark.usefixtures("version_asked_for")
def test_an_interrupt_ends_the_process_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ends: list[int] = []
    monkeypatch.setattr(os, "_exit", ends.append)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main.entry()
    signal.raise_signal(signal.SIGINT)
    assert ends == [ExitCode.SIGINT]


@pytest.mark.usefixtures("version_asked_for")
def test_an_interrupt_that_is_ignored_stays_so() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    main.entry()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
