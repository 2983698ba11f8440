"""From options to the settings of a run, and from its report to a code."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

import pytest

from smtpwire.cli import app
from smtpwire.cli.app import client_settings, message_settings, submit
from smtpwire.cli.arguments import scan
from smtpwire.cli.errors import CommandError, UsageError
from smtpwire.cli.parse import CliOptions, parse
from smtpwire.client import ClientSettings, Server, TLSMode, TLSSettings
from smtpwire.core.transaction import Outcome
from smtpwire.errors import MessageNotFound
from smtpwire.run.report import Observer, RunReport

if TYPE_CHECKING:
    from pathlib import Path

    from smtpwire.run.settings import RunSettings
    from smtpwire.run.stop import StopRequest


def options(line: str) -> CliOptions:
    return parse(scan(shlex.split(f"-s mail.example -F {line}")))


def test_without_options_a_connection_is_what_the_client_does_by_itself() -> None:
    expected = ClientSettings(servers=(Server("mail.example", 25),))
    assert client_settings(options(""), None, {}) == expected


def test_every_option_of_a_connection() -> None:
    line = (
        "-H me.example -MVac --timeout 7 --connect-timeout 3 --no-pipelining --no-chunking"
        " --chunk-size 10 --no-wait --no-size --force -t -C HIGH --tls-min 1.2 --tls-max 1.3"
        " --ca-file ca.pem"
    )
    assert client_settings(options(line), None, {}) == ClientSettings(
        servers=(Server("mail.example", 25),),
        helo="me.example",
        tls=TLSMode.REQUIRED,
        tls_settings=TLSSettings(
            verify=True, ca_file="ca.pem", ciphers="HIGH", minimum="1.2", maximum="1.3"
        ),
        timeout=7.0,
        connect_timeout=3.0,
        pipelining=False,
        chunking=False,
        chunk_size=10,
        no_wait=True,
        declare_size=False,
        require_all=True,
        send_anyway=True,
        force=True,
        trace=True,
    )


def test_without_options_messages_are_taken_as_they_are() -> None:
    settings = message_settings(options("1.eml 2.eml"))
    assert list(settings.names) == ["1.eml", "2.eml"]
    assert settings.from_header
    assert settings.dot_stuffing
    assert settings.spool
    assert not settings.raw


def test_every_option_of_a_message() -> None:
    settings = message_settings(options("-f a@x -e --no-dot-stuffing --no-size"))
    assert list(settings.names) == ["-"]
    assert str(settings.reverse_path) == "a@x"
    assert settings.reverse_path_given
    assert settings.raw
    assert not settings.dot_stuffing
    assert not settings.spool


class Runs:
    """Stands in for the run: keeps what it was given and returns a report."""

    def __init__(self, report: RunReport) -> None:
        self.report = report
        self.settings: list[RunSettings] = []

    def __call__(self, settings: RunSettings, observer: Observer, stop: StopRequest) -> RunReport:
        assert stop.wake_fd >= 0, "signals are taken while it runs"
        self.settings.append(settings)
        return self.report


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    stand_in = Runs(RunReport(1, {Outcome.ACCEPTED: 1}, (), None))
    monkeypatch.setattr(app, "submit_messages", stand_in)
    return stand_in


@pytest.mark.parametrize(("line", "on"), [("", False), ("-Rd --stop", True)])
def test_options_of_a_run(runs: Runs, line: str, on: bool) -> None:
    submit(options(line), {})
    (settings,) = runs.settings
    assert settings.received == on
    assert settings.disconnect == on
    assert settings.stop_at_failure == on


def test_how_many_and_how_often(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr("smtpwire.run.descriptors.make_room", asked.append)
    submit(options("-j 5 --repeat 3"), {})
    (settings,) = runs.settings
    assert (settings.jobs, settings.messages.repeat, asked) == (5, 3, [5])


def test_connections_for_which_there_is_no_room(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smtpwire.run.descriptors.make_room", lambda connections: 4096)
    with pytest.raises(UsageError, match="no process may have more than 4096 here") as caught:
        submit(options("-j 5000"), {})
    assert caught.value.where == "-j"
    assert runs.settings == []


def test_the_report_becomes_the_code(runs: Runs) -> None:
    assert submit(options("1.eml"), {}) == 0
    runs.report = RunReport(1, {Outcome.UNKNOWN: 1}, (), None)
    assert submit(options("1.eml"), {}) == 79


def test_a_login_has_its_password(runs: Runs) -> None:
    submit(options("-U me --auth LOGIN --allow-cleartext-auth"), {"SMTP_PASSWORD": "secret"})
    login = runs.settings[0].client.login
    assert login is not None
    assert (login.user, login.password(), login.mechanisms) == ("me", "secret", ("LOGIN",))
    assert login.allow_cleartext


def test_a_signal_is_told_with_what_the_run_had_come_to(
    runs: Runs, capfd: pytest.CaptureFixture[str]
) -> None:
    runs.report = RunReport(3, {Outcome.ACCEPTED: 2, Outcome.UNSENT: 1}, (), 15)
    assert submit(options("1.eml"), {}) == 143
    told = "smtp: stopped by signal 15; recipients: 2 accepted, 1 unsent\n"
    assert capfd.readouterr().err == told
    runs.report = RunReport(0, {}, (), 2)
    assert submit(options("1.eml"), {}) == 130
    assert capfd.readouterr().err == "smtp: stopped by signal 2; recipients: none\n"


def test_options_without_effect_are_worth_a_warning(
    runs: Runs, capfd: pytest.CaptureFixture[str]
) -> None:
    submit(options("-C HIGH"), {})
    assert capfd.readouterr().err == (
        "smtp: -C: warning: has no effect without TLS: add -M, -T or -V\n"
    )
    assert len(runs.settings) == 1


@pytest.mark.parametrize(
    ("line", "where", "words"),
    [
        ("-M -C NONSENSE", "-C", "selects no cipher"),
        ("-M -C NONSENSE --tls-min 1.2 --tls-max 1.3 --ca-file /nonexistent", "-C", "NONSENSE"),
        ("-V --ca-file /nonexistent", "--ca-file", "/nonexistent"),
        ("-V --ca-file /nonexistent -C HIGH", "--ca-file", "/nonexistent"),
    ],
)
def test_fault_76_tls_options_that_cannot_be_used_end_it_before_connecting(
    runs: Runs, line: str, where: str, words: str
) -> None:
    with pytest.raises(UsageError) as caught:
        submit(options(line), {})
    assert caught.value.where == where
    assert words in str(caught.value)
    assert runs.settings == []


def test_a_list_that_cannot_be_opened_ends_it_before_connecting(runs: Runs) -> None:
    with pytest.raises(MessageNotFound):
        submit(options("-U me --files-from /nonexistent"), {})  # and before asking for a password
    assert runs.settings == []


def test_records_that_cannot_be_written_end_it_before_connecting(runs: Runs) -> None:
    with pytest.raises(CommandError):
        submit(options("--json /nonexistent/log"), {})
    assert runs.settings == []


@pytest.mark.usefixtures("runs")
def test_nothing_stays_open(tmp_path: Path) -> None:
    before = os.listdir("/proc/self/fd")
    submit(options(f"--json {tmp_path / 'log'}"), {})
    assert os.listdir("/proc/self/fd") == before
