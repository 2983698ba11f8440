"""Each mechanism, against a server of another make at the other end, with and without its wiles."""

from __future__ import annotations

import re
import shlex
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

import pytest

from tests.command import Completed, run_smtp
from tests.scripted import (
    Close,
    Expect,
    ModelServer,
    Script,
    Send,
    StartTLS,
    multiline,
)

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

    from tests.scripted.fixtures import MakeScripted, Start
    from tests.scripted.model import Reply

from ssl import TLSVersion

MESSAGE = b"Subject: x\n\nhello\n"
LINE = ("a@x.example", "b@y.example")
PASSWORD = "tr\u00fcb, \u2168=\u00bd"
SCRAM = ("SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512")
SENT = ("PLAIN", "LOGIN", "CRAM-MD5")


def offering(*mechanisms: str, **options: object) -> ModelServer:
    offers = (f"AUTH {' '.join(mechanisms)}", "STARTTLS")
    return ModelServer(offers=offers, users={"me": PASSWORD}, **options)  # type: ignore[arg-type]  # options by name


def login(server: ModelServer, *options: str, password: str = PASSWORD) -> tuple[int, str]:
    """Log in; return the exit code and the mechanism that `-v` names."""
    line = ("-v", "-U", "me", "-P", password, *options, server.address, *LINE)
    done = run_smtp(*line, stdin=MESSAGE)
    named = re.search(r"^connected: .* AUTH ([A-Z0-9-]+)", done.stdout)
    return done.code, named[1] if named else done.stderr


@pytest.mark.parametrize("name", [*SENT, *SCRAM])
@pytest.mark.parametrize("tls", ["", "-M"])
def test_the_right_password(start: Start, name: str, tls: str) -> None:
    server = start(offering(name))
    assert login(server, *tls.split(), "--auth", name) == (0, name)
    assert server.messages[0].user == "me"


@pytest.mark.parametrize("name", [*SENT, *SCRAM])
def test_a_wrong_password(start: Start, name: str) -> None:
    server = start(offering(name))
    code, said = login(server, "-M", password="another word")
    assert code == 77
    assert "535 5.7.8 wrong" in said or "501" in said
    assert not server.messages


@pytest.mark.parametrize("name", SCRAM)
def test_a_wrong_password_on_a_bound_connection(start: Start, name: str) -> None:
    server = start(offering(f"{name}-PLUS", binds=True))
    code, said = login(server, "-M", password="another word")
    assert code == 77
    assert "535 5.7.8 wrong" in said or "the password is wrong" in said
    assert not server.messages


@pytest.mark.parametrize("name", SCRAM)
@pytest.mark.parametrize("version", [TLSVersion.TLSv1_2, TLSVersion.TLSv1_3])
def test_a_login_that_is_bound_to_the_connection(
    start: Start, name: str, version: ssl.TLSVersion
) -> None:
    server = start(offering(f"{name}-PLUS", binds=True, starttls=StartTLS(maximum=version)))
    assert login(server, "-M") == (0, f"{name}-PLUS")
    assert server.messages[0].user == "me"
    [said] = [line for line in server.connections[0].commands if line.startswith("AUTH")]
    kind = "tls-unique" if version is TLSVersion.TLSv1_2 else "tls-exporter"
    assert b64decode(said.split()[2]).startswith(f"p={kind},,".encode())


def test_where_nothing_can_be_exported_it_is_bound_to_the_certificate(
    start: Start, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os\ndel os.memfd_create\n")
    server = start(offering("SCRAM-SHA-256-PLUS", binds=True))
    line = ("-M", "-U", "me", "-P", PASSWORD, server.address, *LINE)
    done = run_smtp(*line, stdin=MESSAGE, env={"PYTHONPATH": str(tmp_path)})
    assert (done.code, done.stderr) == (0, "")
    [said] = initial_responses(server)
    assert said.startswith("p=tls-server-end-point,,")


def test_many_connections_are_each_bound_to_themselves(start: Start) -> None:
    """Their handshakes go on at the same time, with one context."""
    server = start(offering("SCRAM-SHA-256-PLUS", binds=True))
    options = ("-j", "8", "--repeat", "40", "-M", "-U", "me", "-P", PASSWORD)
    done = run_smtp(*options, server.address, *LINE, stdin=MESSAGE)
    assert (done.code, done.stderr) == (0, "")
    assert len(server.messages) == 40
    said = initial_responses(server)
    assert len(said) > 1
    assert all(response.startswith("p=tls-exporter,,") for response in said)


def test_the_key_log_that_was_asked_for_is_written_all_the_same(
    start: Start, tmp_path: Path
) -> None:
    log = tmp_path / "keys"
    server = start(offering("SCRAM-SHA-256-PLUS", binds=True))
    assert login(server, "-M", "--tls-keylog", str(log)) == (0, "SCRAM-SHA-256-PLUS")
    comment, *lines = log.read_text().splitlines()
    assert comment.startswith("#")
    kinds = [line.split()[0] for line in lines]
    assert sorted(kinds) == sorted(set(kinds))
    assert {"EXPORTER_SECRET", "CLIENT_TRAFFIC_SECRET_0"}.issubset(kinds)


def test_tls_on_connect_is_bound_to_as_well(start: Start) -> None:
    server = start(offering("SCRAM-SHA-256-PLUS", binds=True, tls_on_connect=True))
    assert login(server, "--tls-on-connect") == (0, "SCRAM-SHA-256-PLUS")


def test_under_tls_the_strongest_is_chosen(start: Start) -> None:
    names = [*SENT, *SCRAM, *(f"{name}-PLUS" for name in SCRAM)]
    server = start(offering(*names, binds=True))
    assert login(server, "-M") == (0, "SCRAM-SHA-512-PLUS")


def test_whoever_passes_a_login_on_does_not_get_in(start: Start) -> None:
    """The server at the other end of this TLS connection is not the one that checks the login."""
    server = offering("SCRAM-SHA-256-PLUS", binds=True)
    server.starttls = StartTLS("wrong name")
    start(server)
    elsewhere = {"tls-exporter": b"what another connection exports"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.scripted.wire.Wire.bindings", elsewhere)
        code, said = login(server, "-M")
    assert code == 77
    assert "somebody is in between" in said
    assert not server.messages


@pytest.mark.parametrize("added", [(), ("FOO-PLUS",), ("SCRAM-SHA-384-PLUS",)])
def test_whoever_takes_channel_binding_off_the_offer_is_found_out(
    start: Start, added: tuple[str, ...]
) -> None:
    """The server supports it and this offer does not say so: the flag "y" tells the server.

    A name that only looks like one with channel binding does not change that.
    """
    server = start(offering("SCRAM-SHA-256", *added, binds=True))
    code, said = login(server, "-M")
    assert code == 77
    assert "535" in said
    [first] = [line for line in server.connections[0].commands if line.startswith("AUTH")]
    assert b64decode(first.split()[2]).startswith(b"y,,")


def test_without_channel_binding_at_either_end_that_is_no_matter(start: Start) -> None:
    server = start(offering("SCRAM-SHA-256"))
    assert login(server, "-M") == (0, "SCRAM-SHA-256")


@pytest.mark.parametrize("final", ["v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "", None])
def test_a_server_that_does_not_know_the_password_is_not_believed(
    scripted: MakeScripted, final: str | None
) -> None:
    """It takes any proof and says 235."""
    nonce = "r=%s,s=QSXCR+Q6sek8bf92,i=4096"

    class First(Expect):
        def run(self, wire: object) -> None:
            super().run(wire)  # type: ignore[arg-type]  # a wire of one server
            line: str = wire.record.commands[-1]  # type: ignore[attr-defined]  # that wire has it
            sent = b64decode(line.split()[2]).decode().rpartition("r=")[2]
            text = b64encode((nonce % f"{sent}X").encode()).decode()
            Send(f"334 {text}").run(wire)  # type: ignore[arg-type]  # as above

    after = [] if final is None else [Send(f"334 {b64encode(final.encode()).decode()}")]
    answer = [] if final is None else [Expect("*")]
    server = scripted(
        Script(
            "accepts whatever proof there is",
            Send("220 hello"),
            Expect("EHLO"),
            Send(multiline("250 hello", "250 AUTH SCRAM-SHA-1")),
            First("AUTH SCRAM-SHA-1"),
            Expect(""),
            after,
            answer,
            Send("235 2.7.0 welcome"),
            Expect("QUIT"),
            Close("221 bye"),
        )
    )
    done = run_smtp("-U", "me", "-P", PASSWORD, server.address, *LINE, stdin=MESSAGE)
    assert done.code == 77
    assert "the login was given up" in done.stderr
    assert server.connections[0].verbs[-1] == "QUIT"


def test_whom_to_act_as(start: Start) -> None:
    server = start(offering("PLAIN"))
    assert login(server, "--authzid", "joe") == (0, "PLAIN")
    [said] = [line for line in server.connections[0].commands if line.startswith("AUTH")]
    assert b64decode(said.split()[2]) == f"joe\0me\0{PASSWORD}".encode()


def test_a_certificate_is_enough(scripted: MakeScripted) -> None:
    """EXTERNAL asks for no password, and needs no name."""
    server = scripted(
        Script(
            "knows the client by other means",
            Send("220 hello"),
            Expect("EHLO"),
            Send(multiline("250 hello", "250 AUTH EXTERNAL PLAIN")),
            Expect("AUTH EXTERNAL ="),
            Send("535 5.7.8 no"),
            Expect("QUIT"),
            Close("221 bye"),
        )
    )
    done = run_smtp("--auth", "EXTERNAL", server.address, *LINE, stdin=MESSAGE)
    assert done.code == 77
    assert "535 5.7.8 no" in done.stderr


# -- access tokens -------------------------------------------------------------------------------


def token_command(file: Path, *tokens: str) -> str:
    """A command that prints these tokens in turn, the last one for ever, and counts."""
    name = shlex.quote(str(file))
    cases = "".join(f"{i}) echo {token};; " for i, token in enumerate(tokens[:-1], 1))
    return f"echo >>{name}; case $(wc -l <{name} | tr -d ' ') in {cases}*) echo {tokens[-1]};; esac"


def bearer(server: ModelServer, command: str, *options: str, tokens: tuple[str, ...]) -> Completed:
    line = ("-tv", "-U", "me", "--oauth-token-command", command, *options, server.address, *LINE)
    return run_smtp(*line, stdin=MESSAGE, secrets=tokens)


@pytest.fixture
def count(tmp_path: Path) -> Path:
    return tmp_path / "count"


TOKENS = ("b2xkLXRva2Vu.old_token~1", "bmV3LXRva2Vu.new_token~2")


@pytest.mark.parametrize("name", ["XOAUTH2", "OAUTHBEARER"])
def test_a_token_is_asked_for_once_a_connection(start: Start, name: str, count: Path) -> None:
    server = start(ModelServer(offers=(f"AUTH PLAIN {name}",), users={"me": TOKENS[0]}))
    command = token_command(count, TOKENS[0])
    done = bearer(server, command, tokens=TOKENS)
    assert done.code == 0, done
    assert f" AUTH {name}\n" in done.stdout
    assert count.read_text() == "\n"


@pytest.mark.parametrize("name", ["XOAUTH2", "OAUTHBEARER"])
def test_an_expired_token_is_replaced(start: Start, name: str, count: Path) -> None:
    server = start(ModelServer(offers=(f"AUTH {name}",), users={"me": TOKENS[1]}))
    done = bearer(server, token_command(count, *TOKENS), tokens=TOKENS)
    assert done.code == 0, done
    assert count.read_text() == "\n\n"
    assert server.connections[0].verbs[:3] == ["EHLO", "AUTH", "AUTH"]
    assert server.messages[0].user == "me"


def test_a_token_that_is_wrong_twice_ends_the_run(start: Start, count: Path) -> None:
    server = start(ModelServer(offers=("AUTH XOAUTH2",), users={"me": "another"}))
    done = bearer(server, token_command(count, *TOKENS), tokens=TOKENS)
    assert done.code == 77
    assert "535 5.7.8 wrong" in done.stderr
    assert count.read_text() == "\n\n"
    assert not server.messages


def test_the_same_token_is_not_tried_again(start: Start, count: Path) -> None:
    server = start(ModelServer(offers=("AUTH XOAUTH2",), users={"me": "another"}))
    done = bearer(server, token_command(count, TOKENS[0]), tokens=TOKENS)
    assert done.code == 77
    assert "there is no other token than the one refused" in done.stderr
    assert server.connections[0].verbs == ["EHLO", "AUTH", "QUIT"]


def test_a_close_behind_a_refusal_does_not_hide_it(start: Start, count: Path) -> None:
    """Nor does it let the next server have the token."""
    refuse: Reply = ("535 5.7.8 wrong", Close())
    server = start(ModelServer(offers=("AUTH XOAUTH2",), replies={"AUTH": refuse}))
    other = start(ModelServer(offers=("AUTH XOAUTH2",), users={"me": TOKENS[1]}))
    login = ("-U", "me", "--oauth-token-command", token_command(count, *TOKENS))
    envelope = ("-s", server.address, "-s", other.address, "-f", LINE[0], "-r", LINE[1])
    done = run_smtp(*login, *envelope, stdin=MESSAGE, secrets=TOKENS)
    assert done.code == 77
    assert "535 5.7.8 wrong" in done.stderr
    assert not other.connections


def test_a_server_that_repeats_the_second_token_shows_nothing(start: Start, count: Path) -> None:
    words = " ".join((TOKENS[1], b64encode(TOKENS[1].encode()).decode()))
    refusals: list[Reply | None] = ["535 5.7.8 expired", f"535 5.7.8 no good: {words}"]
    server = start(ModelServer(offers=("AUTH XOAUTH2",), replies={"AUTH": refusals}))
    done = bearer(server, token_command(count, *TOKENS), tokens=TOKENS)
    assert done.code == 77
    assert "535 5.7.8 no good: (hidden) (hidden)" in done.stderr


def test_a_token_command_that_fails(start: Start) -> None:
    server = start(ModelServer(offers=("AUTH XOAUTH2",)))
    done = bearer(server, "exit 4", tokens=())
    assert done.code == 77
    assert "--oauth-token-command: the command ended with status 4" in done.stderr
    assert server.connections[0].verbs == ["EHLO", "QUIT"]


def test_a_token_may_come_from_where_a_password_does(start: Start) -> None:
    server = start(ModelServer(offers=("AUTH XOAUTH2",), users={"me": TOKENS[0]}))
    line = ("-U", "me", "--auth", "XOAUTH2", server.address, *LINE)
    done = run_smtp(*line, stdin=MESSAGE, env={"SMTP_PASSWORD": TOKENS[0]})
    assert (done.code, done.stderr) == (0, "")
    assert server.messages[0].user == "me"


@pytest.mark.parametrize("option", ["--oauth-token-command", "--password-command"])
def test_a_signal_while_a_command_is_waited_for_ends_the_run(start: Start, option: str) -> None:
    server = start(ModelServer(offers=("AUTH XOAUTH2 PLAIN",)))
    command = "kill -TERM $PPID; exec sleep 600"
    done = run_smtp("-U", "me", option, command, server.address, *LINE, stdin=MESSAGE)
    assert done.code == 143
    assert "stopped by signal 15" in done.stderr
    assert not server.messages


def test_a_token_command_is_run_for_each_connection(
    start: Start, count: Path, tmp_path: Path
) -> None:
    server = start(ModelServer(offers=("AUTH XOAUTH2",), users={"me": TOKENS[0]}))
    messages = [tmp_path / name for name in ("1.eml", "2.eml")]
    for message in messages:
        message.write_bytes(MESSAGE)
    envelope = ("-s", server.address, "-f", LINE[0], "-r", LINE[1])
    login = ("-U", "me", "--oauth-token-command", token_command(count, TOKENS[0]))
    done = run_smtp("-d", *login, *envelope, *messages, secrets=TOKENS)
    assert (done.code, done.stderr) == (0, "")
    assert count.read_text() == "\n\n"


def initial_responses(server: ModelServer) -> list[str]:
    """What each connection said in its AUTH command."""
    said = [line for record in server.connections for line in record.commands]
    return [b64decode(line.split()[2]).decode() for line in said if line.startswith("AUTH ")]


def test_each_connection_has_its_own_nonce(start: Start, tmp_path: Path) -> None:
    server = start(offering("SCRAM-SHA-256"))
    messages = [tmp_path / name for name in ("1.eml", "2.eml")]
    for message in messages:
        message.write_bytes(MESSAGE)
    envelope = ("-s", server.address, "-f", LINE[0], "-r", LINE[1])
    done = run_smtp("-d", "-U", "me", "-P", PASSWORD, *envelope, *messages)
    assert (done.code, done.stderr) == (0, "")
    nonces = [said.removeprefix("n,,n=me,r=") for said in initial_responses(server)]
    assert len(set(nonces)) == 2
    assert all(re.fullmatch(r"[0-9a-f]{48}", nonce) for nonce in nonces)


def test_oauthbearer_names_the_server(start: Start, count: Path) -> None:
    server = start(ModelServer(offers=("AUTH OAUTHBEARER",), users={"me": TOKENS[0]}))
    done = bearer(server, token_command(count, TOKENS[0]), tokens=TOKENS)
    assert done.code == 0
    [said] = initial_responses(server)
    assert f"\1host=127.0.0.1\1port={server.port}\1" in said
