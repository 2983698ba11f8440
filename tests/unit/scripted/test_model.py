"""The model server speaks good ESMTP, departs from it where told, and holds the client to rules."""

from __future__ import annotations

import smtplib
import ssl
from typing import TYPE_CHECKING

import pytest

from tests.scripted import (
    Close,
    Message,
    ModelServer,
    Reset,
    Send,
    SendPlain,
    Stall,
    StartTLS,
    authority,
)
from tests.unit.scripted.client import ask, at_fault, connected, read_all, read_reply, say

if TYPE_CHECKING:
    import socket

CONTENT = b"Subject: dots\r\n\r\n.\r\n..\r\n.a\r\n"
STUFFED = b"Subject: dots\r\n\r\n..\r\n...\r\n..a\r\n.\r\n"
PATIENCE = 0.2


def replies(sock: socket.socket, count: int) -> list[str]:
    """The codes of the next `count` replies."""
    return [read_reply(sock)[:3].decode() for _ in range(count)]


def open_session(sock: socket.socket) -> None:
    """Read the greeting, say EHLO."""
    assert read_reply(sock).startswith(b"220 ")
    assert ask(sock, "EHLO client.example").startswith(b"250-")


def test_a_client_of_another_make_can_send_to_it() -> None:
    with ModelServer() as server:
        with smtplib.SMTP(server.host, server.port) as client:
            client.sendmail("a@x", ["b@y", "c@z"], CONTENT, mail_options=["BODY=8BITMIME"])
        assert server.connections[0].verbs == ["EHLO", "MAIL", "RCPT", "RCPT", "DATA", "QUIT"]
        assert server.messages == [
            Message(
                reverse_path="a@x",
                parameters=(f"size={len(CONTENT)}", "BODY=8BITMIME"),
                recipients=("b@y", "c@z"),
                content=CONTENT,
                by="DATA",
                tls=False,
                user=None,
            )
        ]


def test_a_pipelining_client_is_answered_by_the_group_and_its_turns_are_counted() -> None:
    with ModelServer(patience=PATIENCE) as server:
        with connected(server) as sock:
            open_session(sock)
            say(sock, "MAIL FROM:<a@x>", "RCPT TO:<b@y>")
            say(sock, "DATA")  # a group in two writes is one turn all the same
            assert replies(sock, 3) == ["250", "250", "354"]
            sock.sendall(
                STUFFED + b"MAIL FROM:<c@x>\r\nRCPT TO:<d@y>\r\nBDAT 3 LAST\r\nabcQUIT\r\n"
            )
            assert replies(sock, 5) == ["250", "250", "250", "250", "221"]
            assert read_all(sock) == b""
        assert [(m.by, m.content) for m in server.messages] == [("DATA", CONTENT), ("BDAT", b"abc")]
        assert len(server.connections[0].turns) == 4


def test_a_client_that_waits_for_every_reply_takes_a_turn_for_each() -> None:
    with ModelServer() as server:
        with connected(server) as sock:
            open_session(sock)
            for line in ("MAIL FROM:<>", "RCPT TO:<b@y>", "BDAT 0", "BDAT 0 LAST", "RSET", "NOOP"):
                assert ask(sock, line).startswith(b"250 ")
            assert ask(sock, "QUIT").startswith(b"221 ")
        (connection,) = server.connections
        assert connection.turns == [
            b"",
            *(f"{line}\r\n".encode() for line in connection.commands),
        ]
        assert server.messages[0].reverse_path == ""


@pytest.mark.parametrize(
    ("offers", "said"),
    [
        (("PIPELINING",), "EHLO x|MAIL FROM:<a@x>"),
        (("PIPELINING",), "MAIL FROM:<a@x>|RCPT TO:<b@y>|DATA|text"),
        (("PIPELINING",), "NOOP|MAIL FROM:<a@x>"),
        (("PIPELINING", "AUTH PLAIN"), "AUTH PLAIN|AGEAYg=="),
        (("PIPELINING", "STARTTLS"), "STARTTLS|EHLO x"),
        (("PIPELINING",), "QUIT|QUIT"),
        ((), "MAIL FROM:<a@x>|RCPT TO:<b@y>"),
        ((), "RSET|MAIL FROM:<a@x>"),
    ],
)
def test_what_stands_behind_an_unanswered_command_is_held_against_the_client(
    offers: tuple[str, ...], said: str
) -> None:
    server = ModelServer(offers=offers)
    with at_fault(server, "came behind an unanswered") as sock:
        read_reply(sock)
        ask(sock, "EHLO client.example")
        say(sock, *said.split("|"))
        read_all(sock)


def test_whoever_speaks_before_the_greeting_is_found_out() -> None:
    server = ModelServer(patience=PATIENCE)
    with at_fault(server, "behind an unanswered GREETING") as sock:
        say(sock, "EHLO x")
        read_all(sock)


def test_replies_can_be_replaced_by_address_by_occurrence_for_all_and_by_a_function() -> None:
    with (
        ModelServer(
            replies={
                "RCPT": {"bad@x": "550 5.1.1 no"},
                "MAIL": [None, "451 4.3.0 later"],
                "RSET": "250 as you like",
                "NOOP": lambda argument: f"250 {argument}" if argument else None,
            }
        ) as server,
        connected(server) as sock,
    ):
        open_session(sock)
        say(sock, "MAIL FROM:<a@x>", "RCPT TO:<bad@x>", "RCPT TO:<good@x>", "RSET")
        assert replies(sock, 4) == ["250", "550", "250", "250"]
        say(sock, "MAIL FROM:<a@x>", "RSET", "MAIL FROM:<a@x>")
        assert replies(sock, 3) == ["451", "250", "250"]
        assert ask(sock, "NOOP x") == b"250 x\r\n"
        assert ask(sock, "NOOP") == b"250 2.0.0 ok\r\n"


def test_a_reply_can_be_steps_and_a_close_takes_the_replies_before_it_along() -> None:
    with (
        ModelServer(replies={"RCPT": ("554 5.7.1 go away", Close())}) as server,
        connected(server) as sock,
    ):
        open_session(sock)
        say(sock, "MAIL FROM:<a@x>", "RCPT TO:<b@y>")
        assert read_all(sock) == b"250 2.1.0 sender ok\r\n554 5.7.1 go away\r\n"


def test_a_reply_can_be_split_and_a_connection_reset() -> None:
    with (
        ModelServer(
            replies={"EHLO": Send("250-a\n250 PIPELINING", each=1), "RCPT": Reset("421 out")}
        ) as server,
        connected(server) as sock,
    ):
        open_session(sock)
        say(sock, "MAIL FROM:<a@x>", "RCPT TO:<b@y>")
        assert replies(sock, 2) == ["250", "421"]
        with pytest.raises(ConnectionResetError):
            sock.recv(1)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("RCPT TO:<b@y>", "503"),
        ("DATA", "554"),
        ("BDAT 0 LAST", "554"),
        ("MAIL FROM:a@x", "501"),
        ("RCPT TO:<>", "501"),
        ("STARTTLS", "503"),
        ("AUTH PLAIN AGEAYg==", "503"),
        ("WHAT", "500"),
    ],
)
def test_what_is_out_of_order_is_refused(line: str, code: str) -> None:
    with ModelServer() as server, connected(server) as sock:
        open_session(sock)
        assert ask(sock, line)[:3].decode() == code


def test_after_a_refused_chunk_the_rest_is_refused_until_rset() -> None:
    with ModelServer(replies={"BDAT": ["552 5.3.4 no"]}) as server:
        with connected(server) as sock:
            open_session(sock)
            say(sock, "MAIL FROM:<a@x>", "RCPT TO:<b@y>")
            sock.sendall(b"BDAT 2\r\nabBDAT 2 LAST\r\ncdRSET\r\n")
            assert replies(sock, 5) == ["250", "250", "552", "503", "250"]
        assert server.messages == []


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
@pytest.mark.parametrize("password", ["secret", "wrong"])
def test_a_client_of_another_make_can_log_in(mechanism: str, password: str) -> None:
    with ModelServer(offers=(f"AUTH {mechanism}",), users={"user": "secret"}) as server:
        with smtplib.SMTP(server.host, server.port) as client:
            if password == "wrong":
                with pytest.raises(smtplib.SMTPAuthenticationError, match="535"):
                    client.login("user", password)
            else:
                client.login("user", password)
                client.sendmail("a@x", ["b@y"], CONTENT)
        assert [m.user for m in server.messages] == (["user"] if password == "secret" else [])


@pytest.mark.parametrize("initial", ["*", "=", "AGEAYg", "X"])
def test_a_login_that_makes_no_sense_is_refused(initial: str) -> None:
    with ModelServer(offers=("AUTH PLAIN",), users={"a": "b"}) as server, connected(server) as sock:
        read_reply(sock)
        ask(sock, "EHLO x")
        assert ask(sock, f"AUTH PLAIN {initial}").startswith(b"535 ")
        assert ask(sock, "AUTH OTHER").startswith(b"535 ")


@pytest.mark.parametrize("on_connect", [False, True])
def test_tls_is_spoken_with_a_certificate_that_can_be_verified(on_connect: bool) -> None:
    context = ssl.create_default_context()
    authority().configure_trust(context)
    with ModelServer(offers=("STARTTLS", "SIZE"), tls_on_connect=on_connect) as server:
        if on_connect:
            client: smtplib.SMTP = smtplib.SMTP_SSL("localhost", server.port, context=context)
        else:
            client = smtplib.SMTP("localhost", server.port)
            client.starttls(context=context)
        with client:
            client.sendmail("a@x", ["b@y"], CONTENT)
            assert not client.has_extn("starttls")
        assert [m.tls for m in server.messages] == [True]
        (connection,) = server.connections
        assert (connection.tls_version or "").startswith("TLSv1.")
        assert connection.verbs[-1] == "QUIT"


@pytest.mark.parametrize(
    "kind", ["expired", "wrong name", "common name only", "unknown authority", "self-signed"]
)
def test_a_certificate_can_be_wrong_in_every_way(kind: str) -> None:
    context = ssl.create_default_context()
    context.hostname_checks_common_name = False
    authority().configure_trust(context)
    with ModelServer(offers=("STARTTLS",), starttls=StartTLS(kind)) as server:
        client = smtplib.SMTP("localhost", server.port)
        with pytest.raises(ssl.SSLCertVerificationError):
            client.starttls(context=context)
        client.close()
        assert server.connections[0].tls_failure is not None


def test_plain_octets_can_be_put_into_tls() -> None:
    context = ssl.create_default_context()
    authority().configure_trust(context)
    noop = (SendPlain(b"250 ok\r\n"), Stall())
    with ModelServer(tls_on_connect=True, replies={"NOOP": noop}) as server:
        client = smtplib.SMTP_SSL("localhost", server.port, context=context)
        with pytest.raises(smtplib.SMTPServerDisconnected, match="wrong version number"):
            client.noop()
        client.close()


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        (b"NOO", "ended the connection inside b'NOO'"),
        (b"NOOP\n", "does not end in CRLF"),
        (b"BDAT all\r\n", "BDAT with the argument 'all'"),
    ],
)
def test_a_malformed_command_is_held_against_the_client(said: bytes, complaint: str) -> None:
    with at_fault(ModelServer(), complaint) as sock:
        open_session(sock)
        sock.sendall(said)
