"""The options that have only a long name, in the installed command as a process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smtpwire import __version__
from tests.command import Completed, run_smtp
from tests.scripted import OFFERS, ModelServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import Start

MESSAGE = b"From: a@x.example\nTo: b@y.example\nSubject: x\n\n.dot\nhello\n"
ON_THE_WIRE = MESSAGE.replace(b"\n", b"\r\n")
LINE = ("a@x.example", "b@y.example")


def submit(server: ModelServer, *options: str | Path, stdin: bytes = MESSAGE) -> Completed:
    done = run_smtp(*options, server.address, *LINE, stdin=stdin)
    assert (done.code, done.stderr) == (0, "")
    return done


@pytest.fixture
def server(start: Start) -> ModelServer:
    return start(ModelServer())


def test_version() -> None:
    done = run_smtp("--version")
    assert (done.code, done.stdout, done.stderr) == (0, f"smtp (smtpwire) {__version__}\n", "")


def test_usage() -> None:
    done = run_smtp("--usage")
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: smtp [options] server mail_from rcpt1 [rcpt2 ...]\n")
    lines = done.stdout.splitlines()
    assert 24 <= len(lines) <= 40, "one screen"
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("separator", ["\n", "\0"])
@pytest.mark.parametrize("from_stdin", [False, True])
def test_files_from(server: ModelServer, separator: str, from_stdin: bool, tmp_path: Path) -> None:
    names = [tmp_path / name for name in ("one", "two", "with space")]
    for number, name in enumerate(names):
        name.write_bytes(b"X-Number: %d\n" % number + MESSAGE)
    listed = separator.join(map(str, names[1:])).encode()
    file = tmp_path / "list"
    file.write_bytes(listed)
    source = "-" if from_stdin else file
    done = run_smtp("-s", server.address, "-F", "--files-from", source, names[0], stdin=listed)
    assert (done.code, done.stderr) == (0, "")
    assert [message.content[10:11] for message in server.messages] == [b"0", b"1", b"2"]


def test_no_pipelining(server: ModelServer) -> None:
    submit(server, "--no-pipelining", "--no-chunking")
    (connection,) = server.connections
    assert [turn.split()[0] for turn in connection.turns[1:4]] == [b"EHLO", b"MAIL", b"RCPT"]


def test_no_chunking(server: ModelServer) -> None:
    submit(server, "--no-chunking")
    assert server.messages[0].by == "DATA"


def test_chunk_size(server: ModelServer) -> None:
    submit(server, "--chunk-size", "40")
    chunks = [line for line in server.connections[0].commands if line.startswith("BDAT")]
    assert chunks == ["BDAT 40", f"BDAT {len(ON_THE_WIRE) - 40} LAST"]
    assert server.messages[0].content == ON_THE_WIRE


def test_no_wait(start: Start) -> None:
    server = start(ModelServer(patience=0.1))
    submit(server, "--no-wait")
    turns = server.connections[0].turns
    assert turns[2].startswith(b"MAIL")
    assert turns[2].endswith(b"hello\r\nQUIT\r\n")


@pytest.mark.parametrize(("options", "announced"), [((), True), (("--no-size",), False)])
def test_no_size(server: ModelServer, options: tuple[str, ...], announced: bool) -> None:
    submit(server, *options)
    parameters = server.messages[0].parameters
    assert (f"SIZE={len(ON_THE_WIRE)}" in parameters) == announced


def test_no_size_heeds_no_limit(start: Start) -> None:
    server = start(ModelServer(offers=("SIZE 10",)))
    assert run_smtp(server.address, *LINE, stdin=MESSAGE).code == 65
    submit(server, "--no-size")
    assert len(server.messages) == 1


def test_no_dot_stuffing() -> None:
    server = ModelServer(offers=())
    with pytest.raises(AssertionError, match="has a dot that is not doubled"), server:
        run_smtp("--no-dot-stuffing", server.address, *LINE, stdin=MESSAGE)


def test_stop(server: ModelServer, tmp_path: Path) -> None:
    message = tmp_path / "msg"
    message.write_bytes(MESSAGE)
    line = ("-v", "-s", server.address, "-F", message, tmp_path / "none", message, message)
    done = run_smtp("--stop", *line)
    assert done.code == 66
    assert len(server.messages) == 1
    words = [text.partition(":")[0] for text in done.stdout.splitlines()]
    assert words == ["connected", "sent", "unsent", "unsent", "unsent"]
    assert run_smtp(*line).code == 66
    assert len(server.messages) == 4


def test_force_sends_what_an_extension_is_missing_for(start: Start) -> None:
    server = start(ModelServer(offers=()))
    line = (server.address, "ü@x.example", "b@y.example")
    refused = run_smtp(*line, stdin=MESSAGE)
    assert refused.code == 69
    assert "SMTPUTF8" in refused.stderr
    forced = run_smtp("--force", *line, stdin=MESSAGE)
    assert forced.code == 0
    assert [message.reverse_path for message in server.messages] == ["ü@x.example"]


@pytest.mark.parametrize("option", ["--timeout", "--connect-timeout"])
def test_limits_of_time(server: ModelServer, option: str) -> None:
    submit(server, option, "20")


@pytest.mark.parametrize(("tls_max", "version"), [("1.2", "TLSv1.2"), ("1.3", "TLSv1.3")])
def test_tls_max(start: Start, tls_max: str, version: str) -> None:
    server = start(ModelServer(offers=("STARTTLS",)))
    assert f" {version} " in submit(server, "-vM", "--tls-max", tls_max).stdout


def test_tls_min(start: Start) -> None:
    server = start(ModelServer(offers=("STARTTLS",)))
    assert " TLSv1.3 " in submit(server, "-vM", "--tls-min", "1.3").stdout


def test_tls_on_connect(start: Start) -> None:
    server = start(ModelServer(tls_on_connect=True))
    submit(server, "--tls-on-connect")
    assert server.messages[0].tls


def test_smtps(start: Start) -> None:
    server = start(ModelServer(tls_on_connect=True))
    done = run_smtp(f"smtps://{server.address}", *LINE, stdin=MESSAGE)
    assert done.code == 0
    assert server.messages[0].tls


def test_auth(start: Start) -> None:
    server = start(ModelServer(offers=("AUTH PLAIN LOGIN CRAM-MD5",), users={"me": "secret"}))
    submit(server, "-U", "me", "-P", "secret", "--auth", "cram-md5,plain")
    assert server.connections[0].commands[1].startswith("AUTH CRAM-MD5")


def test_allow_cleartext_auth_is_not_needed_on_this_host(start: Start) -> None:
    server = start(ModelServer(offers=("AUTH PLAIN",), users={"me": "secret"}))
    submit(server, "-U", "me", "-P", "secret")
    submit(server, "-U", "me", "-P", "secret", "--allow-cleartext-auth")
    assert [message.user for message in server.messages] == ["me", "me"]


def elsewhere(server: ModelServer, *options: str) -> Completed:
    """Log in at an address that is not a loopback one, and by which Linux reaches this host.

    Which addresses are loopback addresses is a unit test of `smtpwire.net.dial`.
    """
    login = ("-U", "me", "-P", "secret")
    return run_smtp(*options, *login, f"0.0.0.0:{server.port}", *LINE, stdin=MESSAGE)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_allow_cleartext_auth_sends_what_is_not_sent_without_it(
    start: Start, mechanism: str
) -> None:
    server = start(ModelServer(offers=(f"AUTH {mechanism}",), users={"me": "secret"}))
    refused = elsewhere(server)
    assert refused.code == 77
    assert refused.stderr.count("\n") == 1
    assert "-M" in refused.stderr
    assert "--allow-cleartext-auth" in refused.stderr
    assert server.connections[0].verbs == ["EHLO", "QUIT"]
    allowed = elsewhere(server, "--allow-cleartext-auth")
    assert (allowed.code, allowed.stderr) == (0, "")
    assert [message.user for message in server.messages] == ["me"]


@pytest.mark.parametrize(
    ("offers", "options", "mechanism"),
    [
        (("AUTH PLAIN LOGIN CRAM-MD5",), (), "CRAM-MD5"),  # which does not show the password
        (("AUTH PLAIN", "STARTTLS"), ("-M",), "PLAIN"),
    ],
)
def test_allow_cleartext_auth_is_not_needed_where_nobody_can_read_the_password(
    start: Start, offers: tuple[str, ...], options: tuple[str, ...], mechanism: str
) -> None:
    server = start(ModelServer(offers=offers, users={"me": "secret"}))
    done = elsewhere(server, *options)
    assert (done.code, done.stderr) == (0, "")
    commands = server.connections[0].commands
    assert [c.split()[1] for c in commands if c.startswith("AUTH")] == [mechanism]


def test_the_offers_that_these_tests_count_on() -> None:
    assert {"PIPELINING", "CHUNKING"} <= set(OFFERS)
