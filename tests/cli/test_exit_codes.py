"""Every exit code, from the installed command as a process."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest

from smtpwire.cli.exitcode import ExitCode
from tests.command import SMTP, Completed, clean_environment, run_smtp
from tests.scripted import (
    Close,
    Expect,
    ExpectEnd,
    Hold,
    ModelServer,
    Script,
    Send,
    StartTLS,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import MakeScripted, Start

MESSAGE = b"From: a@x.example\nTo: b@y.example\nSubject: x\n\nhello\n"
LINE = ("a@x.example", "b@y.example")


def submit(server: str, *options: str | Path, stdin: bytes = MESSAGE) -> Completed:
    return run_smtp(*options, server, *LINE, stdin=stdin)


def one_line(done: Completed) -> str:
    """Return standard error, which is one line that says where and what."""
    assert re.fullmatch(r"smtp: [^\n]+\n", done.stderr), done.stderr
    return done.stderr


def test_every_code_has_a_test_here() -> None:
    codes = {int(name.split("_")[1]) for name in globals() if re.match(r"test_\d", name)}
    assert codes == set(map(int, ExitCode))


def test_0_every_recipient_was_accepted_whatever_quit_did(start: Start) -> None:
    server = start(ModelServer(replies={"QUIT": Close("421 so there")}))
    done = submit(server.address)
    assert (done.code, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "mail.example",
        "-Z mail.example a@x b@y",
        "mail.example a b@y",
        "-p 0 mail.example a@x b@y",
        "-s mail.example -F -r b@y",
        "-s mail.example -F - -",
        "-U me mail.example a@x b@y",
        "-U me --password-file /nonexistent mail.example a@x b@y",
        "-M --ca-file /nonexistent mail.example a@x b@y",
    ],
)
def test_64_the_command_line_cannot_be_used(line: str) -> None:
    done = run_smtp(*line.split())
    assert (done.code, done.stdout) == (64, "")
    one_line(done)


@pytest.mark.parametrize("verb", ["MAIL", "END"])
@pytest.mark.parametrize("offers", [(), ("PIPELINING",), ("PIPELINING", "CHUNKING")])
def test_65_a_message_is_refused(start: Start, verb: str, offers: tuple[str, ...]) -> None:
    server = start(ModelServer(offers=offers, replies={verb: "554 5.7.1 not this one"}))
    done = submit(server.address)
    assert done.code == 65
    assert "554 5.7.1 not this one" in one_line(done)


def test_65_data_is_refused(start: Start) -> None:
    server = start(ModelServer(offers=(), replies={"DATA": "554 5.7.1 not this one"}))
    done = submit(server.address)
    assert done.code == 65
    assert "554 5.7.1 not this one" in one_line(done)


def test_65_a_message_cannot_be_used_and_the_others_are_sent(start: Start, tmp_path: Path) -> None:
    server = start(ModelServer())
    empty, without, good = (tmp_path / name for name in ("empty", "without", "good"))
    empty.touch()
    without.write_bytes(b"From: a@x.example\n\nno recipients\n")
    good.write_bytes(MESSAGE)
    done = run_smtp("-s", server.address, "-F", empty, without, good)
    assert done.code == 65
    assert [line.split(":")[1].strip() for line in done.stderr.splitlines()] == [
        str(empty),
        str(without),
    ]
    assert len(server.messages) == 1


def test_66_a_message_cannot_be_opened_and_the_others_are_sent(
    start: Start, tmp_path: Path
) -> None:
    server = start(ModelServer())
    good = tmp_path / "good"
    good.write_bytes(MESSAGE)
    done = run_smtp("-s", server.address, "-F", tmp_path / "none", tmp_path, good)
    assert done.code == 66
    assert len(done.stderr.splitlines()) == 2
    assert len(server.messages) == 1


def test_66_the_list_of_messages_cannot_be_opened() -> None:
    done = run_smtp("-s", "mail.example", "-F", "--files-from", "/nonexistent")
    assert done.code == 66
    assert "/nonexistent" in one_line(done)


def test_67_a_recipient_is_refused_and_the_others_get_the_message(start: Start) -> None:
    server = start(ModelServer(replies={"RCPT": {"bad@y.example": "550 5.1.1 no such user"}}))
    done = run_smtp(server.address, *LINE, "bad@y.example", stdin=MESSAGE)
    assert done.code == 67
    assert "<bad@y.example> refused: RCPT: 550 5.1.1 no such user" in one_line(done)
    assert server.messages[0].recipients == ("b@y.example",)


def test_68_the_servers_name_does_not_exist() -> None:
    done = submit("no-such-host.invalid")
    assert done.code in {68, 75}  # 75 where the resolver cannot say so (RFC 6761 section 6.4)
    assert "no-such-host.invalid" in one_line(done)


def test_68_a_name_that_cannot_exist() -> None:
    done = submit(f"{'x' * 64}.example")
    assert done.code == 68
    one_line(done)


@pytest.mark.parametrize(
    ("verb", "options"),
    [("GREETING", ()), ("EHLO", ()), ("STARTTLS", ("-M",))],
)
def test_69_the_server_will_not_serve(start: Start, verb: str, options: tuple[str, ...]) -> None:
    server = start(ModelServer(offers=("STARTTLS",), replies={verb: "554 5.3.2 not today"}))
    done = submit(server.address, *options)
    assert done.code == 69
    assert "554 5.3.2 not today" in one_line(done)


def test_69_tls_is_required_and_not_offered(start: Start) -> None:
    done = submit(start(ModelServer()).address, "-M")
    assert done.code == 69
    assert "STARTTLS" in one_line(done)


def test_70_a_defect_of_this_program(tmp_path: Path) -> None:
    broken = tmp_path / "sitecustomize.py"
    broken.write_text(
        "import smtpwire.cli.parse\n"
        "def parse(words): raise ZeroDivisionError('on purpose')\n"
        "smtpwire.cli.parse.parse = parse\n"
    )
    done = run_smtp("mail.example", *LINE, env={"PYTHONPATH": str(tmp_path)})
    assert done.code == 70
    assert "ZeroDivisionError: on purpose" in one_line(done)


@pytest.mark.parametrize("file", ["/nonexistent/log", "/dev/full"])
def test_73_a_file_of_output_cannot_be_written(start: Start, file: str) -> None:
    server = start(ModelServer())
    done = submit(server.address, "--json", file)
    assert done.code == 73
    assert file in one_line(done)
    assert len(server.messages) == (file == "/dev/full")


def test_74_standard_output_cannot_be_written_and_the_message_is_sent(start: Start) -> None:
    server = start(ModelServer())
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [SMTP, "-tv", server.address, *LINE],
            input=MESSAGE,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 74
    assert done.stderr == (
        b"smtp: standard output: No space left on device; nothing more is written there\n"
    )
    assert len(server.messages) == 1


def test_74_a_message_from_a_pipe_cannot_be_stored(start: Start, tmp_path: Path) -> None:
    server = start(ModelServer())
    line = (server.address, *LINE)
    large = MESSAGE + b"x" * 70 * 1000 + b"\n" + b"a line\n" * 100_000
    done = run_smtp(*line, stdin=large, env={"TMPDIR": str(tmp_path / "none")})
    assert done.code == 74
    assert "TMPDIR" in done.stderr
    assert server.messages == []


@pytest.mark.parametrize("verb", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA", "END"])
@pytest.mark.parametrize("reply", ["451 4.3.0 later", "421 4.3.2 busy"])
def test_75_not_now(start: Start, verb: str, reply: str) -> None:
    closing = Close(reply, crossing=True) if reply.startswith("421") else reply
    server = start(ModelServer(offers=(), replies={verb: closing}))
    done = submit(server.address)
    assert done.code == 75
    assert reply in done.stderr


def test_75_nobody_listens() -> None:
    with ModelServer() as server:
        address = server.address
    done = submit(address)
    assert done.code == 75
    assert address in one_line(done)


def test_75_a_timeout(scripted: MakeScripted) -> None:
    server = scripted(Script("never greets", ExpectEnd()))
    done = submit(server.address, "--timeout", "0.2")
    assert done.code == 75
    one_line(done)


def test_75_a_handshake_that_breaks(scripted: MakeScripted) -> None:
    server = scripted(
        Script(
            "closes where the handshake should begin",
            Send("220 mail.example"),
            Expect("EHLO"),
            Send("250-mail.example\n250 STARTTLS"),
            Expect("STARTTLS"),
            Close("220 go ahead", crossing=True),
        )
    )
    done = submit(server.address, "-M")
    assert done.code == 75
    one_line(done)


@pytest.mark.parametrize("greeting", ["SSH-2.0-OpenSSH_9.2", "HTTP/1.1 400 Bad Request"])
def test_76_what_came_is_not_smtp(scripted: MakeScripted, greeting: str) -> None:
    server = scripted(Script("is another protocol", Send(greeting), ExpectEnd()))
    done = submit(server.address)
    assert done.code == 76
    assert greeting in one_line(done)


def test_76_replies_no_longer_match(scripted: MakeScripted) -> None:
    server = scripted(
        Script(
            "answers EHLO twice",
            Send("220 mail.example"),
            Expect("EHLO"),
            Send("250 mail.example\n250 mail.example"),
            ExpectEnd(),
        )
    )
    done = submit(server.address)
    assert done.code == 76
    one_line(done)


def test_77_the_login_is_refused(start: Start) -> None:
    server = start(ModelServer(offers=("AUTH PLAIN",), users={"me": "secret"}))
    done = submit(server.address, "-U", "me", "-P", "wrong")
    assert done.code == 77
    assert ": 535 " in one_line(done)


def test_77_the_server_wants_a_login(start: Start) -> None:
    server = start(ModelServer(replies={"MAIL": "530 5.7.0 authentication required"}))
    done = submit(server.address)
    assert done.code == 77
    assert "530 5.7.0 authentication required" in one_line(done)


@pytest.mark.parametrize("certificate", ["expired", "wrong name", "unknown authority"])
def test_77_the_certificate_is_not_accepted(start: Start, ca_file: Path, certificate: str) -> None:
    server = start(ModelServer(offers=("STARTTLS",), starttls=StartTLS(certificate)))
    done = submit(server.address, "-V", "--ca-file", ca_file)
    assert done.code == 77
    assert "certificate" in one_line(done)


def test_78_a_netrc_that_others_can_read(start: Start, tmp_path: Path) -> None:
    server = start(ModelServer(offers=("AUTH PLAIN",), users={"me": "geheim"}))
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password geheim\n")
    netrc.chmod(0o644)
    line = ("-U", "me", server.address, *LINE)
    done = run_smtp(*line, stdin=MESSAGE, env={"NETRC": str(netrc)}, secrets=["geheim"])
    assert done.code == 78
    assert one_line(done).startswith(f"smtp: {netrc}: it has the password, and others can read")
    assert server.connections == []


def test_79_it_may_have_been_delivered(start: Start) -> None:
    server = start(ModelServer(offers=(), replies={"END": Close()}))
    done = submit(server.address)
    assert done.code == 79
    assert "it may have been delivered" in one_line(done)
    assert len(server.connections) == 1, "it is never sent again"


def test_130_sigint_ends_the_run(scripted: MakeScripted, tmp_path: Path) -> None:
    check_signal(scripted, signal.SIGINT, tmp_path)


def test_143_sigterm_ends_the_run(scripted: MakeScripted, tmp_path: Path) -> None:
    check_signal(scripted, signal.SIGTERM, tmp_path)


def check_signal(scripted: MakeScripted, number: signal.Signals, tmp_path: Path) -> None:
    hold = Hold(threading.Event())
    server = scripted(
        Script(
            "does not answer DATA",
            Send("220 mail.example"),
            Expect("EHLO"),
            Send("250 mail.example"),
            Expect("MAIL"),
            Send("250 ok"),
            Expect("RCPT"),
            Send("250 ok"),
            Expect("DATA"),
            hold,
            ExpectEnd(),
        )
    )
    smtp = subprocess.Popen(
        [SMTP, server.address, *LINE],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_environment(str(tmp_path)),
    )
    try:
        assert smtp.stdin is not None
        smtp.stdin.write(MESSAGE)
        smtp.stdin.close()
        smtp.stdin = None
        assert hold.reached.wait(20)
        os.kill(smtp.pid, number)
        hold.release.set()
        _, stderr = smtp.communicate(timeout=20)
    finally:
        smtp.kill()
        smtp.wait()
    assert smtp.returncode == 128 + number
    assert stderr == b"smtp: stopped by signal %d; recipients: 1 unsent\n" % number


def test_the_worth_of_several_codes(start: Start, tmp_path: Path) -> None:
    """75 comes before 79, and 79 before the first permanent one."""
    message = tmp_path / "msg"
    message.write_bytes(MESSAGE)
    line = ("-f", "a@x.example", "-r", "b@y.example", tmp_path / "none", message, message)
    doubtful = start(ModelServer(offers=(), replies={"END": [Close()]}))
    assert run_smtp("-s", doubtful.address, *line).code == 79
    later = start(ModelServer(offers=(), replies={"END": [Close(), "451 later"]}))
    assert run_smtp("-s", later.address, *line).code == 75
