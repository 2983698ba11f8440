"""Every short option, and its long name, in the installed command as a process."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from smtpwire.cli.options import BY_SHORT
from tests.command import run_smtp
from tests.scripted import Close, ModelServer, StartTLS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import Start

MESSAGE = b"From: from@x.example\nTo: to@y.example\nSubject: x\n\nhello\n"
ON_THE_WIRE = MESSAGE.replace(b"\n", b"\r\n")
NO_USER = {"RCPT": {"bad@y.example": "550 5.1.1 no such user"}}


@pytest.fixture
def message(tmp_path: Path) -> Path:
    file = tmp_path / "msg.eml"
    file.write_bytes(MESSAGE)
    return file


@pytest.fixture
def server(start: Start) -> ModelServer:
    return start(ModelServer())


def test_every_letter_has_a_test_here() -> None:
    letters = {name.split("_")[1] for name in globals() if re.match(r"test_._", name)}
    assert letters == set(BY_SHORT)


@pytest.mark.parametrize("option", ["-f", "--mail-from"])
@pytest.mark.parametrize(("given", "sent"), [("a@x.example", "a@x.example"), ("<>", ""), ("", "")])
def test_f_is_the_sender(server: ModelServer, option: str, given: str, sent: str) -> None:
    done = run_smtp("-s", server.address, option, given, "-r", "b@y.example", stdin=MESSAGE)
    assert (done.code, done.stdout, done.stderr) == (0, "", "")
    assert server.messages[0].reverse_path == sent


@pytest.mark.parametrize("option", ["-r", "--rcpt-to"])
def test_r_is_a_recipient_and_order_and_repetitions_are_kept(
    server: ModelServer, option: str
) -> None:
    given = ["b@y.example", "a@y.example", "b@y.example"]
    recipients = [word for address in given for word in (option, address)]
    done = run_smtp("-s", server.address, "-f", "a@x.example", *recipients, stdin=MESSAGE)
    assert done.code == 0
    assert server.messages[0].recipients == tuple(given)


@pytest.mark.parametrize("option", ["-s", "--server"])
def test_s_is_the_server_and_the_next_one_is_tried(
    server: ModelServer, option: str, message: Path
) -> None:
    stopped = ModelServer()
    stopped.stop()
    done = run_smtp(
        *(option, stopped.address, option, f"smtp://{server.address}"),
        *("-f", "a@x.example", "-r", "b@y.example"),
        message,
    )
    assert done.code == 0
    assert done.stderr.startswith(f"smtp: {stopped.address}: warning: ")
    assert server.messages[0].content == ON_THE_WIRE


@pytest.mark.parametrize("option", ["-F", "--from-header"])
def test_F_takes_the_envelope_from_the_header(
    server: ModelServer, option: str, tmp_path: Path
) -> None:
    file = tmp_path / "msg.eml"
    file.write_bytes(b"Bcc: secret@y.example,\n other@y.example\n" + MESSAGE)
    done = run_smtp("-s", server.address, option, file)
    assert done.code == 0
    (arrived,) = server.messages
    assert arrived.reverse_path == "from@x.example"
    assert sorted(arrived.recipients) == ["other@y.example", "secret@y.example", "to@y.example"]
    assert arrived.content == ON_THE_WIRE


def test_F_leaves_the_sender_to_f(server: ModelServer, message: Path) -> None:
    done = run_smtp("-s", server.address, "-F", "-f", "other@x.example", message)
    assert done.code == 0
    assert server.messages[0].reverse_path == "other@x.example"


@pytest.mark.parametrize("option", ["-a", "--require-all"])
def test_a_aborts_a_message_of_which_one_recipient_is_refused(
    start: Start, option: str, message: Path
) -> None:
    server = start(ModelServer(replies={"RCPT": [None, "550 5.1.1 no such user"]}))
    recipients = ("-r", "b@y.example", "-r", "bad@y.example")
    done = run_smtp(
        *(option, "-s", server.address, "-f", "a@x.example", *recipients), message, message
    )
    assert done.code == 67
    assert len(server.messages) == 1
    assert server.messages[0].recipients == ("b@y.example", "bad@y.example")
    assert "<bad@y.example>" in done.stderr


@pytest.mark.parametrize("option", ["-c", "--continue"])
def test_c_attempts_the_content_though_every_recipient_was_refused(
    start: Start, option: str
) -> None:
    server = start(
        ModelServer(
            offers=(),
            replies={**NO_USER, "DATA": "554 5.5.1 no valid recipients"},
        )
    )
    done = run_smtp(option, server.address, "a@x.example", "bad@y.example", stdin=MESSAGE)
    assert "DATA" in server.connections[0].verbs
    assert done.code == 65
    assert "554 5.5.1 no valid recipients" in done.stderr


def test_c_is_needed_for_that(start: Start) -> None:
    server = start(ModelServer(offers=(), replies=NO_USER))
    done = run_smtp(server.address, "a@x.example", "bad@y.example", stdin=MESSAGE)
    assert "DATA" not in server.connections[0].verbs
    assert done.code == 67


@pytest.mark.parametrize(
    ("options", "connections"), [((), 1), (("-d",), 2), (("--disconnect",), 2)]
)
def test_d_makes_a_connection_for_each_message(
    server: ModelServer, options: tuple[str, ...], connections: int, message: Path
) -> None:
    done = run_smtp(*options, "-s", server.address, "-F", message, message)
    assert done.code == 0
    assert len(server.messages) == 2
    assert [connection.verbs[-1] for connection in server.connections] == ["QUIT"] * connections


@pytest.mark.parametrize("option", ["-e", "--raw"])
def test_e_leaves_line_ends_as_they_are(start: Start, option: str) -> None:
    content = b"Subject: x\n\nbare\rCR\n.dot\r\n.dot"
    for offers, added in (((), b"\r\n"), (("CHUNKING",), b"")):
        server = start(ModelServer(offers=offers))
        done = run_smtp(option, server.address, "a@x.example", "b@y.example", stdin=content)
        assert done.code == 0
        assert server.messages[0].content == content + added


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_h_prints_the_manual_page(option: str) -> None:
    done = run_smtp(option)
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout.startswith("SMTP(1)")


@pytest.mark.parametrize("option", ["-H", "--helo"])
def test_H_is_the_name_for_ehlo(server: ModelServer, option: str) -> None:
    done = run_smtp(
        *(option, "me.example", server.address, "a@x.example", "b@y.example"), stdin=MESSAGE
    )
    assert done.code == 0
    assert server.connections[0].commands[0] == "EHLO me.example"


def test_H_has_a_default_that_is_better_than_localhost(server: ModelServer) -> None:
    run_smtp(server.address, "a@x.example", "b@y.example", stdin=MESSAGE)
    verb, name = server.connections[0].commands[0].split(" ")
    assert verb == "EHLO"
    assert "." in name
    assert not name.startswith("localhost")


@pytest.mark.parametrize("form", ["-p{}", "-p {}", "--port {}", "--port={}"])
def test_p_is_the_port(server: ModelServer, form: str) -> None:
    option = form.format(server.port).split()
    done = run_smtp(*option, server.host, "a@x.example", "b@y.example", stdin=MESSAGE)
    assert done.code == 0
    assert len(server.messages) == 1


def test_p_can_be_the_name_of_a_service_and_yields_to_the_servers_own(server: ModelServer) -> None:
    line = ("-p", "submission", server.address, "a@x.example", "b@y.example")
    assert run_smtp(*line, stdin=MESSAGE).code == 0
    assert len(server.messages) == 1


@pytest.mark.parametrize("option", ["-R", "--received"])
def test_R_prepends_a_received_field(server: ModelServer, option: str) -> None:
    line = (option, "-H", "me.example", server.address, "a@x.example", "b@y.example")
    assert run_smtp(*line, stdin=MESSAGE).code == 0
    (arrived,) = server.messages
    assert arrived.content.startswith(b"Received: from me.example ([127.0.0.1])")
    assert arrived.content.endswith(ON_THE_WIRE)
    assert b"b@y.example" not in arrived.content
    assert f"SIZE={len(arrived.content)}" in arrived.parameters


@pytest.mark.parametrize("option", ["-t", "--trace"])
def test_t_writes_the_conversation(server: ModelServer, option: str) -> None:
    line = ("-H", "me.example", server.address, "a@x.example", "b@y.example")
    done = run_smtp(option, *line, stdin=MESSAGE)
    assert (done.code, done.stderr) == (0, "")
    marks = {line[:4] for line in done.stdout.splitlines()}
    assert marks == {"=== ", " -> ", "<-  "}
    assert " -> EHLO me.example\n<-  250-" in done.stdout
    assert f" -> ({len(ON_THE_WIRE)} octets of message)\n" in done.stdout
    assert "hello\n" not in done.stdout


@pytest.mark.parametrize("option", ["-v", "--verbose"])
def test_v_writes_one_line_for_each_connection_and_message(
    server: ModelServer, option: str, message: Path
) -> None:
    done = run_smtp(option, "-s", server.address, "-F", message, message)
    assert (done.code, done.stderr) == (0, "")
    connected, *sent = done.stdout.splitlines()
    assert connected == f"connected: {server.address} [127.0.0.1] ESMTP"
    about = f"sent: {message} from <from@x.example> to 1 of 1, {len(ON_THE_WIRE)} octets, 250 "
    assert len(sent) == 2
    assert all(line.startswith(about) for line in sent)


def login_server(start: Start, *offers: str) -> ModelServer:
    return start(ModelServer(offers=("AUTH PLAIN LOGIN", *offers), users={"me": "secret"}))


@pytest.mark.parametrize("user", ["-U", "--user"])
@pytest.mark.parametrize("password", ["-P", "--password"])
def test_U_and_P_log_in(start: Start, user: str, password: str) -> None:
    server = login_server(start)
    line = (user, "me", password, "secret", server.address, "a@x.example", "b@y.example")
    done = run_smtp(*line, stdin=MESSAGE)
    assert (done.code, done.stderr) == (0, "")
    assert server.messages[0].user == "me"


def test_U_ends_the_run_where_no_login_can_be_had(start: Start) -> None:
    server = start(ModelServer())
    line = ("-U", "me", "-P", "secret", server.address, "a@x.example", "b@y.example")
    done = run_smtp(*line, stdin=MESSAGE)
    assert done.code == 69
    assert "MAIL" not in server.connections[0].verbs


def test_P_may_be_empty(start: Start) -> None:
    server = start(ModelServer(offers=("AUTH LOGIN",), users={"me": ""}))
    line = ("-U", "me", "-P", "", server.address, "a@x.example", "b@y.example")
    assert run_smtp(*line, stdin=MESSAGE).code == 0
    assert server.messages[0].user == "me"


def tls_server(start: Start, certificate: str = "right") -> ModelServer:
    return start(ModelServer(offers=("STARTTLS",), starttls=StartTLS(certificate)))


def send(server: ModelServer, *options: str | Path) -> int:
    line = (*options, server.address, "a@x.example", "b@y.example")
    return run_smtp(*line, stdin=MESSAGE).code


@pytest.mark.parametrize("option", ["-T", "--tls"])
def test_T_uses_tls_where_it_is_offered_and_goes_on_where_not(start: Start, option: str) -> None:
    for server, tls in ((tls_server(start), True), (start(ModelServer()), False)):
        assert send(server, option) == 0
        assert server.messages[0].tls == tls


@pytest.mark.parametrize("option", ["-M", "--require-tls"])
def test_M_stops_where_tls_cannot_be_had(start: Start, option: str) -> None:
    server = tls_server(start)
    assert send(server, option) == 0
    assert server.messages[0].tls
    without = start(ModelServer())
    assert send(without, option) == 69
    assert "MAIL" not in without.connections[0].verbs


@pytest.mark.parametrize("option", ["-C", "--ciphers"])
def test_C_selects_the_cipher(start: Start, option: str) -> None:
    server = tls_server(start)
    cipher = "ECDHE-ECDSA-AES256-GCM-SHA384"
    line = ("-v", "-M", "--tls-max", "1.2", option, cipher)
    done = run_smtp(*line, server.address, "a@x.example", "b@y.example", stdin=MESSAGE)
    assert (done.code, done.stderr) == (0, "")
    assert f"ESMTP TLSv1.2 {cipher}, " in done.stdout


def test_C_that_selects_nothing_is_refused_before_connecting(server: ModelServer) -> None:
    assert send(server, "-M", "-C", "NONSENSE") == 64
    assert server.connections == []


@pytest.mark.parametrize("option", ["-V", "--verify"])
def test_V_verifies_and_implies_M(start: Start, option: str, ca_file: Path) -> None:
    trusted = tls_server(start)
    assert send(trusted, option, "--ca-file", ca_file) == 0
    assert trusted.messages[0].tls
    without = start(ModelServer())
    line = (option, "--ca-file", ca_file, without.address, "a@x.example", "b@y.example")
    done = run_smtp(*line, stdin=MESSAGE)
    assert done.code == 69
    assert done.stderr.endswith(" (-V implies -M)\n")


def test_V_with_T_never_falls_back_to_the_clear(start: Start, ca_file: Path) -> None:
    server = ModelServer(
        offers=("STARTTLS",), starttls=StartTLS("wrong name"), replies={"QUIT": Close("221 bye")}
    )
    with server:
        assert send(server, "-T", "-V", "--ca-file", ca_file) == 77
        assert server.messages == []
        assert len(server.connections) == 1


def test_j_is_how_many_connections(server: ModelServer, message: Path) -> None:
    line = ("-s", server.address, "-f", "a@x.example", "-r", "b@y.example")
    done = run_smtp("-j", "2", *line, message, message, message)
    assert (done.code, done.stderr) == (0, "")
    assert len(server.messages) == 3
    assert len(server.connections) <= 2
