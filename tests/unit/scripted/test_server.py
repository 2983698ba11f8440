"""Scripts do what they say, and a client that departs from one is found out."""

from __future__ import annotations

import re
import socket
import struct
import threading

import pytest

from tests.scripted import (
    Close,
    Drip,
    Expect,
    ExpectEnd,
    Flood,
    HalfClose,
    Hold,
    ReadBdat,
    ReadData,
    ReadLine,
    ReadOctets,
    Reset,
    Script,
    ScriptedServer,
    Send,
    Stall,
    StopReading,
    multiline,
)
from tests.unit.scripted.client import (
    ask,
    at_fault,
    connected,
    read_all,
    read_exactly,
    read_line,
    say,
)


def test_a_script_is_followed_to_its_end() -> None:
    with ScriptedServer(
        Script("greets and says goodbye", Send("220 hi"), Expect("QUIT"), Close("221 bye"))
    ) as server:
        with connected(server) as sock:
            assert read_line(sock) == b"220 hi\r\n"
            say(sock, "QUIT")
            assert read_all(sock) == b"221 bye\r\n"
        (connection,) = server.connections
    assert connection.received == b"QUIT\r\n"
    assert connection.turns == [b"", b"QUIT\r\n"]
    assert connection.verbs == ["QUIT"]
    assert connection.octets_after_fin == 0
    assert connection.ended_by_client


def test_successive_connections_get_successive_scripts_and_the_last_one_repeats() -> None:
    with ScriptedServer(
        Script("first", Send("220 one"), ExpectEnd()), Script("rest", Send("220 two"), ExpectEnd())
    ) as server:
        heard = []
        for _ in range(3):
            with connected(server) as sock:
                heard.append(read_line(sock))
        assert [c.scenario for c in server.connections] == ["first", "rest", "rest"]
    assert heard == [b"220 one\r\n", b"220 two\r\n", b"220 two\r\n"]


def test_it_listens_on_ipv6_when_asked() -> None:
    script = Script("greets", Send("220 hi"), ExpectEnd())
    try:
        started = ScriptedServer(script, ipv6=True)
    except OSError as error:
        pytest.skip(f"no IPv6 on this host: {error}")
    with started as server:
        assert server.address == f"[::1]:{server.port}"
        with connected(server) as sock:
            assert read_line(sock) == b"220 hi\r\n"


@pytest.mark.parametrize(
    ("split", "pieces"),
    [
        (Send("220 hi", at=(3, 7)), [b"220", b" hi\r", b"\n"]),
        (Send("220", each=2), [b"22", b"0\r", b"\n"]),
    ],
)
def test_a_split_write_arrives_in_exactly_these_pieces(split: Send, pieces: list[bytes]) -> None:
    with (
        ScriptedServer(Script("greets in pieces", split, ExpectEnd())) as server,
        connected(server) as sock,
    ):
        # Each read has room for everything: what it gets is what was there.
        assert [sock.recv(100) for _ in pieces] == pieces


def test_a_close_carries_its_text_and_fin_in_one_segment() -> None:
    with (
        ScriptedServer(Script("421 and FIN", Close("421 busy"))) as server,
        connected(server) as sock,
    ):
        assert sock.recv(100, socket.MSG_PEEK) == b"421 busy\r\n"
        sock.setblocking(False)
        assert sock.recv(100) == b"421 busy\r\n"
        assert sock.recv(100) == b""  # no wait: the FIN is there already


def test_octets_after_a_fin_are_counted_and_held_against_the_client() -> None:
    server = ScriptedServer(Script("closes at once", Close("421 busy")))
    with at_fault(server, "6 octets came after the FIN") as sock:
        read_all(sock)
        say(sock, "QUIT")
    assert [c.octets_after_fin for c in server.connections] == [6]


def test_octets_that_crossed_a_fin_can_be_allowed_for() -> None:
    with ScriptedServer(Script("closes", Close("421 busy", crossing=True))) as server:
        with connected(server) as sock:
            read_all(sock)
            say(sock, "QUIT")
        assert [c.octets_after_fin for c in server.connections] == [6]


def test_after_a_half_close_the_script_goes_on_reading() -> None:
    script = Script("half", Send("220 hi"), HalfClose(), Expect("QUIT"), ExpectEnd())
    with ScriptedServer(script) as server:
        with connected(server) as sock:
            assert read_all(sock) == b"220 hi\r\n"
            say(sock, "QUIT")
        assert server.connections[0].octets_after_fin == 6


def test_a_reset_lets_the_client_read_first() -> None:
    with ScriptedServer(Script("resets", Reset("421 busy"))) as server:
        with connected(server) as sock:
            assert sock.recv(100) == b"421 busy\r\n"
            with pytest.raises(ConnectionResetError):
                sock.recv(100)
        assert not server.connections[0].error


def test_data_is_read_to_its_dot_and_its_dots_are_undone() -> None:
    script = Script("data", ReadData(), ReadData(), Send("250 ok"), ExpectEnd())
    with ScriptedServer(script) as server:
        with connected(server) as sock:
            sock.sendall(b"a\r\n..b\r\n\r\n..\n.\r\r\n...\r\n.\r\n.\r\n")
            assert read_line(sock) == b"250 ok\r\n"
        assert server.connections[0].contents == [b"a\r\n.b\r\n\r\n.\n.\r\r\n..\r\n", b""]


def test_data_with_an_undoubled_dot_is_held_against_the_client() -> None:
    server = ScriptedServer(Script("data", ReadData(), ExpectEnd()))
    with at_fault(server, "the line b'.hidden' has a dot that is not doubled") as sock:
        sock.sendall(b"a\r\n.hidden\r\n.\r\n")


def test_bdat_is_read_by_its_count() -> None:
    script = Script("bdat", ReadBdat(), ReadBdat(), ReadOctets(2), ReadLine(), ExpectEnd())
    with ScriptedServer(script) as server:
        with connected(server) as sock:
            sock.sendall(b"BDAT 6\r\n.\r\n.\r\nbdat 0 last\r\nxyQUIT\r\n")
        assert server.connections[0].contents == [b".\r\n.\r\n", b""]
        assert server.connections[0].verbs == ["BDAT", "BDAT", "QUIT"]


def test_what_is_not_bdat_is_held_against_the_client() -> None:
    server = ScriptedServer(Script("bdat", ReadBdat()))
    with at_fault(server, "expected BDAT") as sock:
        say(sock, "BDAT x LAST")


@pytest.mark.parametrize(
    ("script", "said", "complaint"),
    [
        (Script("", Expect("EHLO")), b"HELO x\r\n", "expected 'EHLO', received 'HELO x'"),
        (Script("", Expect(re.compile("EHLO [a-z]+"))), b"EHLO 1\r\n", "received 'EHLO 1'"),
        (Script("", Expect("EHLO")), b"EHLO x\n", "does not end in CRLF"),
        (Script("", Expect("EHLO")), b"EHL", "ended the connection where a line was due"),
        (Script("", ReadOctets(9)), b"12345678", "where 9 octets was due"),
        (Script("", ReadData()), b"text\r\n", "ended the connection where"),
        (Script("", ExpectEnd()), b"QUIT\r\n", "expected the end of the connection"),
        (Script("", ReadLine()), b"A\r\nB\r\n", "came after the end of the script"),
    ],
)
def test_a_client_that_departs_from_the_script_is_found_out(
    script: Script, said: bytes, complaint: str
) -> None:
    with at_fault(ScriptedServer(script), complaint) as sock:
        sock.sendall(said)


def test_a_failing_test_gets_the_transcript_as_a_note() -> None:
    server = ScriptedServer(Script("greets", Send("220 hi"), Stall()))

    def fail() -> None:
        with server, connected(server) as sock:
            read_line(sock)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        fail()
    assert "S: '220 hi\\r\\n'" in "".join(caught.value.__notes__)


def test_a_drip_goes_on_until_the_client_leaves() -> None:
    with ScriptedServer(Script("drips", Drip(b"2", every=0.001))) as server:
        with connected(server) as sock:
            assert read_exactly(sock, 3) == b"222"
        assert server.connections[0].error is None


def test_a_flood_ends_with_the_client_or_with_its_size() -> None:
    with ScriptedServer(
        Script("a full one", Flood(b"220-x\r\n", 1), Close()), Script("broken", Flood(b"x", 64))
    ) as server:
        with connected(server) as sock:
            flood = read_all(sock)
        with connected(server) as sock:
            sock.recv(100)
        assert [c.error for c in server.connections] == [None, None]
    assert set(flood.split(b"\r\n")) == {b"220-x", b""}
    assert (1 << 20) - 7 < len(flood) <= 1 << 20


def test_a_held_script_waits_for_its_release() -> None:
    hold = Hold(threading.Event())
    with (
        ScriptedServer(Script("holds", hold, Send("220 hi"), ExpectEnd())) as server,
        connected(server) as sock,
    ):
        assert hold.reached.wait(20)
        sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            sock.recv(1)
        sock.settimeout(20)
        hold.release.set()
        assert read_line(sock) == b"220 hi\r\n"


def test_a_server_that_stops_reading_notices_the_end_all_the_same() -> None:
    with ScriptedServer(Script("deaf", StopReading())) as server:
        with connected(server) as sock:
            sock.sendall(b"hello")
        assert server.connections[0].received == b""


def test_a_client_that_resets_before_it_has_heard_all_was_gone() -> None:
    hold = Hold(threading.Event())
    script = Script("says more than is heard", hold, Send("220 hello", each=1), ExpectEnd())
    with at_fault(ScriptedServer(script), "the client was gone") as sock:
        assert hold.reached.wait(20)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
        hold.release.set()


@pytest.mark.parametrize(
    "steps", [Stall(), StopReading(), Hold(threading.Event()), Drip("220-x"), Flood(b"x", 256)]
)
def test_stopping_ends_every_thread_whatever_it_does(
    steps: Stall | StopReading | Hold | Drip | Flood,
) -> None:
    before = set(threading.enumerate())
    server = ScriptedServer(Script("busy", Send("220 hi"), steps))
    with connected(server) as sock:
        read_line(sock)
        server.stop()
    assert set(threading.enumerate()) <= before


def test_a_connection_made_just_before_settling_is_not_missed() -> None:
    with ScriptedServer(Script("silent", Stall())) as server:
        for _ in range(50):
            with connected(server):
                pass
        assert len(server.connections) == 50


def test_a_multiline_reply_is_written_from_its_lines() -> None:
    assert multiline("250 a", "250 SIZE 10") == "250-a\n250 SIZE 10"


def test_a_server_without_a_connection_says_so() -> None:
    with ScriptedServer(Script("never used")) as server:
        assert server.transcript == "(no connection was made)"
        assert server.connections == []


def test_a_script_may_be_made_of_lists_of_steps() -> None:
    opening = [Send("220 hi"), Expect("EHLO"), Send("250 mail.example")]
    server = ScriptedServer(Script("a list first", opening, ExpectEnd()))
    with server, connected(server) as sock:
        read_line(sock)
        assert ask(sock, "EHLO x") == b"250 mail.example\r\n"
