"""Where the password comes from, and that it is never shown."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.terminal import run_on_terminal
from tests.command import SMTP, clean_environment, run_smtp
from tests.leaks import assert_nothing_leaked
from tests.scripted import Close, Hold, ModelServer, Script

if TYPE_CHECKING:
    from tests.scripted.fixtures import MakeScripted, Start

MESSAGE = b"Subject: x\n\nhello\n"
LINE = ("a@x.example", "b@y.example")
PASSWORD = "s3cret wörd"


@pytest.fixture
def server(start: Start) -> ModelServer:
    return start(ModelServer(offers=("AUTH PLAIN LOGIN",), users={"me": PASSWORD}))


def test_a_file(server: ModelServer, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.touch(0o600)
    file.write_text(f"{PASSWORD}\nsecond line\n", encoding="utf-8")
    line = ("-U", "me", "--password-file", file, server.address, *LINE)
    done = run_smtp(*line, stdin=MESSAGE)
    assert (done.code, done.stderr) == (0, "")
    assert server.messages[0].user == "me"


def test_a_file_that_others_can_read(server: ModelServer, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(PASSWORD, encoding="utf-8")
    file.chmod(0o644)
    line = ("-U", "me", "--password-file", file, server.address, *LINE)
    done = run_smtp(*line, stdin=MESSAGE)
    assert done.code == 0
    assert done.stderr.startswith(f"smtp: {file}: warning: others can read this password file")


def test_the_environment(server: ModelServer) -> None:
    line = ("-U", "me", server.address, *LINE)
    done = run_smtp(*line, stdin=MESSAGE, env={"SMTP_PASSWORD": PASSWORD})
    assert (done.code, done.stderr) == (0, "")
    assert server.messages[0].user == "me"


def test_a_prompt_without_echo_while_standard_input_is_the_message(server: ModelServer) -> None:
    done = run_on_terminal(
        *("-U", "me", server.address, *LINE),
        stdin=MESSAGE,
        prompt=b"Password for me: ",
        typed=f"{PASSWORD}\n".encode(),
    )
    assert (done.code, done.stdout, done.stderr) == (0, "", "")
    assert server.messages[0].user == "me"
    assert done.screen == "Password for me: \r\n"


def test_the_end_of_input_is_no_password(server: ModelServer) -> None:
    done = run_on_terminal(
        *("-U", "me", server.address, *LINE), stdin=MESSAGE, prompt=b"me: ", typed=b"\x04"
    )
    assert done.code == 64
    assert done.stderr == "smtp: /dev/tty: the input ended before a password was given\n"
    assert server.connections == []


def test_an_interrupt_at_the_prompt_is_130(server: ModelServer) -> None:
    done = run_on_terminal(
        *("-U", "me", server.address, *LINE), stdin=MESSAGE, prompt=b"me: ", typed=b"\x03"
    )
    assert (done.code, done.stderr) == (130, "smtp: stopped by signal 2; recipients: none\n")
    assert server.connections == []


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, 130),
        (signal.SIGTERM, 143),
        (signal.SIGHUP, -signal.SIGHUP),
        (signal.SIGQUIT, -signal.SIGQUIT),
    ],
)
def test_a_signal_at_the_prompt_leaves_the_terminal_as_it_was(
    server: ModelServer, number: signal.Signals, code: int
) -> None:
    done = run_on_terminal(
        *("-U", "me", server.address, *LINE), stdin=MESSAGE, prompt=b"me: ", number=number
    )
    assert done.code == code
    assert done.echo
    assert server.connections == []


def test_a_prompt_that_goes_on_after_a_suspension_asks_again(server: ModelServer) -> None:
    done = run_on_terminal(
        *("-U", "me", server.address, *LINE),
        stdin=MESSAGE,
        prompt=b"me: ",
        number=signal.SIGTSTP,  # which does not stop it: a session that it leads has no shell
        again=b"me: ",
        typed=f"{PASSWORD}\n".encode(),
    )
    assert (done.code, done.stderr) == (0, "")
    assert done.echo
    assert done.screen == "Password for me: \r\nPassword for me: \r\n"


@pytest.mark.parametrize("options", [("-tv",), ("-t", "--trace-body"), ("--json", "-")])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_fault_089_091_no_secret_is_shown_though_the_server_repeats_it(
    start: Start, mechanism: str, options: tuple[str, ...]
) -> None:
    plain = PASSWORD.encode()
    forms = {
        PASSWORD,
        base64.b64encode(plain).decode().rstrip("="),
        base64.b64encode(b"\0me\0" + plain).decode().rstrip("="),
        plain.hex(),
    }
    echo = f"535 5.7.8 no good: {' '.join(forms)}"
    server = start(
        ModelServer(offers=(f"AUTH {mechanism}",), users={"me": "another"}, replies={"AUTH": echo})
    )
    line = (*options, "-U", "me", "-P", PASSWORD, server.address, *LINE)
    done = run_smtp(*line, stdin=MESSAGE)
    assert done.code == 77
    assert "535 5.7.8 no good" in done.stderr
    for form in forms:
        assert form not in done.stdout + done.stderr


def test_trace_auth_shows_it(server: ModelServer) -> None:
    line = ("-t", "--trace-auth", "-U", "me", "-P", PASSWORD, server.address, *LINE)
    done = run_smtp(*line, stdin=MESSAGE)
    assert done.code == 0
    encoded = base64.b64encode(f"\0me\0{PASSWORD}".encode()).decode()
    assert f" -> AUTH PLAIN {encoded}\n" in done.stdout


def test_without_it_a_login_is_shown_without_what_it_consists_of(server: ModelServer) -> None:
    line = ("-t", "-U", "me", "-P", PASSWORD, "--auth", "LOGIN", server.address, *LINE)
    done = run_smtp(*line, stdin=MESSAGE)
    assert done.code == 0
    assert " -> AUTH LOGIN" in done.stdout
    assert done.stdout.count("(hidden)\n") == 2


def test_a_command(server: ModelServer) -> None:
    line = ("-U", "me", "--password-command", f"echo '{PASSWORD}'; echo more", server.address)
    done = run_smtp(*line, *LINE, stdin=MESSAGE, secrets=[PASSWORD])
    assert (done.code, done.stderr) == (0, "")
    assert server.messages[0].user == "me"
    assert server.messages[0].content == b"Subject: x\r\n\r\nhello\r\n"


def test_a_command_that_fails(server: ModelServer) -> None:
    line = ("-U", "me", "--password-command", "exit 2", server.address, *LINE)
    done = run_smtp(*line, stdin=MESSAGE)
    assert done.code == 64
    assert done.stderr == "smtp: --password-command: the command ended with status 2\n"
    assert server.connections == []


def netrc(tmp_path: Path, mode: int = 0o600) -> dict[str, str]:
    file = tmp_path / "netrc"
    file.touch(mode)
    file.write_text(f'machine 127.0.0.1 login me password "{PASSWORD}"\n', encoding="utf-8")
    file.chmod(mode)
    return {"NETRC": str(file)}


def test_the_netrc(server: ModelServer, tmp_path: Path) -> None:
    line = ("-U", "me", server.address, *LINE)
    done = run_smtp(*line, stdin=MESSAGE, env=netrc(tmp_path), secrets=[PASSWORD])
    assert (done.code, done.stderr) == (0, "")
    assert server.messages[0].user == "me"


MINE = f'machine 127.0.0.1 login me password "{PASSWORD}"'


@pytest.mark.parametrize(
    "entries",
    [
        ("machine 127.0.0.1 login you password no", MINE),
        (MINE, "machine 127.0.0.1 login you password no"),
        ("machine other.example port 587 login x password y", MINE),
    ],
)
def test_the_netrc_may_have_more_than_one_entry(
    server: ModelServer, tmp_path: Path, entries: tuple[str, ...]
) -> None:
    env = netrc(tmp_path)
    Path(env["NETRC"]).write_text("\n".join(entries), encoding="utf-8")
    line = ("-U", "me", server.address, *LINE)
    done = run_smtp(*line, stdin=MESSAGE, env=env, secrets=[PASSWORD])
    assert (done.code, done.stderr) == (0, "")


def keyring(tmp_path: Path, *body: str) -> dict[str, str]:
    """A backend of the keyring whose `get_password` has this body."""
    lines = "".join(f"        {line}\n" for line in body)
    (tmp_path / "onepassword.py").write_text(
        "import os, signal, time\n"
        "from keyring.backend import KeyringBackend\n"
        "class Keyring(KeyringBackend):\n"
        "    priority = 1\n"
        f"    def get_password(self, service, username):\n{lines}"
        "    def set_password(self, service, username, password):\n"
        "        raise NotImplementedError\n"
        "    delete_password = set_password\n",
        encoding="utf-8",
    )
    return {"PYTHONPATH": str(tmp_path), "PYTHON_KEYRING_BACKEND": "onepassword.Keyring"}


def test_the_keyring(server: ModelServer, tmp_path: Path) -> None:
    known = "('smtp://127.0.0.1', 'me')"
    env = keyring(tmp_path, f"return {PASSWORD!r} if (service, username) == {known} else None")
    line = ("-U", "me", server.address, *LINE)
    done = run_smtp(*line, stdin=MESSAGE, env=env, secrets=[PASSWORD])
    assert (done.code, done.stderr) == (0, "")
    assert server.messages[0].user == "me"


def test_a_keyring_that_breaks(server: ModelServer, tmp_path: Path) -> None:
    env = keyring(tmp_path, "raise RuntimeError('the bus is gone')")
    done = run_smtp("-U", "me", server.address, *LINE, stdin=MESSAGE, env=env)
    assert done.code == 64
    assert done.stderr.startswith("smtp: keyring: warning: it cannot be read (RuntimeError)\n")


def test_a_keyring_that_is_not_there(server: ModelServer) -> None:
    env = {"PYTHON_KEYRING_BACKEND": "nonexistent.Keyring"}
    done = run_smtp("-U", "me", server.address, *LINE, stdin=MESSAGE, env=env)
    assert done.code == 64
    assert done.stderr.startswith("smtp: keyring: warning: it cannot be read (")


WAIT = "time.sleep(600)"


@pytest.mark.parametrize(
    "body", [(WAIT,), ("try:", f"    {WAIT}", "except Exception:", "    return None")]
)
def test_a_signal_while_a_keyring_is_waited_for(
    server: ModelServer, tmp_path: Path, body: tuple[str, ...]
) -> None:
    env = keyring(tmp_path, "os.kill(os.getpid(), signal.SIGTERM)", *body)
    done = run_smtp("-U", "me", server.address, *LINE, stdin=MESSAGE, env=env)
    assert (done.code, server.connections) == (143, [])


def test_a_signal_while_a_pipe_is_waited_for_as_netrc(server: ModelServer, tmp_path: Path) -> None:
    """SIGTERM comes when nothing else will: nobody ever writes to the pipe."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, smtpwire.cli.netrc as netrc\n"
        "ask = netrc.netrc_password\n"
        "def stopped(*args):\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    return ask(*args)\n"
        "netrc.netrc_password = stopped\n"
    )
    os.mkfifo(tmp_path / "netrc", 0o600)
    env = {"PYTHONPATH": str(tmp_path), "NETRC": str(tmp_path / "netrc")}
    done = run_smtp("-U", "me", server.address, *LINE, stdin=MESSAGE, env=env)
    assert (done.code, server.connections) == (143, [])


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="only Linux lets it be done")
@pytest.mark.parametrize(
    "option", [("-P", PASSWORD), (f"-P{PASSWORD}",), (f"--password={PASSWORD}",)]
)
def test_fault_090_ps_does_not_show_it_while_the_command_runs(
    scripted: MakeScripted, tmp_path: Path, option: tuple[str, ...]
) -> None:
    message = tmp_path / "message"
    message.write_bytes(MESSAGE)
    connected = Hold(threading.Event())
    server = scripted(Script("is slow to greet", connected, Close("421 not now")))
    args = ("-U", "me", *option, server.address, *LINE)
    environment = clean_environment(str(tmp_path))
    with (
        message.open("rb") as stdin,
        subprocess.Popen(
            [SMTP, *args], stdin=stdin, stderr=subprocess.PIPE, env=environment
        ) as smtp,
    ):
        assert connected.reached.wait(20)
        shown = Path(f"/proc/{smtp.pid}/cmdline").read_bytes()
        connected.release.set()
        _, stderr = smtp.communicate(timeout=30)
    assert_nothing_leaked(args, environment, {"standard error": stderr, "the list": shown})
    assert server.address.encode() in shown


def test_a_traceback_shows_nothing_of_it(server: ModelServer, tmp_path: Path) -> None:
    """Asked for by SMTPWIRE_DEBUG, where a defect comes up in the middle of a login."""
    (tmp_path / "sitecustomize.py").write_text(
        "import smtpwire.core.sasl.plain as plain\n"
        "def initial(self): raise ZeroDivisionError('on purpose')\n"
        "plain.Plain.initial = initial\n"
    )
    message = tmp_path / "message"
    message.write_bytes(MESSAGE)
    extra = {"PYTHONPATH": str(tmp_path), "SMTPWIRE_DEBUG": "1"}
    environment = clean_environment(str(tmp_path), extra)
    args = ("-tv", "-U", "me", "-P", PASSWORD, server.address, *LINE)
    with message.open("rb") as stdin:
        done = subprocess.run(
            [SMTP, *args], stdin=stdin, capture_output=True, env=environment, check=False
        )
    assert done.returncode == 70
    assert b"Traceback" in done.stderr
    assert b"ZeroDivisionError: on purpose" in done.stderr
    outputs = {"standard output": done.stdout, "standard error": done.stderr}
    assert_nothing_leaked(args, environment, outputs)
