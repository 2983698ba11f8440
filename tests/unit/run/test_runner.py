"""What becomes of messages when connections end, and what is not held up by messages to come."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from smtpwire.client import ClientSettings
from smtpwire.core.transaction import Outcome
from smtpwire.errors import (
    ConnectionLost,
    RemoteProtocolError,
    ServerClosing,
    TimedOut,
)
from smtpwire.message.source import message_names
from smtpwire.run.messages import MessageSettings
from smtpwire.run.report import Observer
from smtpwire.run.settings import RunSettings
from smtpwire.run.submit import submit
from tests.unit.message.files import Pipe
from tests.unit.run.conftest import MAIL, RECIPIENT
from tests.unit.run.servers import Obedient, last_words, vanish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smtpwire.errors import SMTPError
    from smtpwire.run.report import ConnectionInfo
    from tests.unit.net.peer import Peer
    from tests.unit.run.conftest import MakeRun
    from tests.unit.run.servers import Answer


# -- the usual way ---------------------------------------------------------------------------------


def test_all_messages_go_on_one_connection(run: MakeRun) -> None:
    server = Obedient("PIPELINING")
    submission = run(server)
    report = submission(3)
    assert report.messages == 3
    assert report.outcomes[Outcome.ACCEPTED] == 3
    assert report.problems == ()
    assert report.signal is None
    assert submission.watcher.outcomes == ["m0 accepted", "m1 accepted", "m2 accepted"]
    assert [content.split()[1] for content in server.contents] == [b"0", b"1", b"2"]
    assert submission.watcher.notes == ["Connection to mail.example:25 closed."]


def test_no_message_is_no_connection(run: MakeRun) -> None:
    assert run()(0).messages == 0


def test_without_an_observer_the_report_says_it_all(run: MakeRun) -> None:
    submission = run(Obedient())
    messages = MessageSettings(names=submission.names[:1], recipients=(RECIPIENT,))
    client = ClientSettings(servers=(MAIL,), helo="me.example")
    assert submit(RunSettings(client, messages)).outcomes[Outcome.ACCEPTED] == 1


def test_d_is_a_connection_for_each_message(run: MakeRun) -> None:
    servers = [Obedient("PIPELINING") for _ in range(3)]
    submission = run(*servers)
    assert submission(3, disconnect=True).outcomes[Outcome.ACCEPTED] == 3
    assert [server.verbs[-1] for server in servers] == ["QUIT"] * 3


def test_a_received_field_goes_in_front(run: MakeRun) -> None:
    server = Obedient("PIPELINING", "CHUNKING", "SIZE")
    run(server)(received=True)
    (content,) = server.contents
    assert content.startswith(b"Received: from me.example ")
    assert f"SIZE={len(content)}" in server.lines[1]


def test_an_observer_that_fails_leaves_nothing_open(run: MakeRun) -> None:
    class Failing(Observer):
        def connected(self, info: ConnectionInfo) -> None:
            raise ZeroDivisionError

    submission = run(Obedient())
    submission.watcher = Failing()  # type: ignore[assignment] # one that fails
    with pytest.raises(ZeroDivisionError):
        submission(2)


# -- connections that end between messages --------------------------------------------------------


@pytest.mark.parametrize("end", [last_words("250 queued"), last_words("250 queued\r\n421 busy")])
def test_the_next_message_goes_on_a_new_connection(run: MakeRun, end: Answer) -> None:
    second = Obedient()
    submission = run(Obedient(END=[end]), second)
    report = submission(3)
    assert report.outcomes[Outcome.ACCEPTED] == 3
    assert report.problems == ()
    assert [content.split()[1] for content in second.contents] == [b"1", b"2"]


@pytest.mark.parametrize(
    "end", [vanish, last_words("421 busy"), "421 busy"], ids=["FIN", "421 FIN", "421"]
)
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
def test_a_message_that_was_not_begun_is_sent_again(run: MakeRun, verb: str, end: Answer) -> None:
    second = Obedient("PIPELINING")
    submission = run(Obedient(**{verb: [end]}), second)
    assert submission().outcomes[Outcome.ACCEPTED] == 1
    assert len(second.contents) == 1
    assert submission.watcher.problems == []


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
def test_it_is_sent_again_once(run: MakeRun, verb: str) -> None:
    submission = run(Obedient(**{verb: [vanish]}), Obedient(**{verb: [vanish]}))
    report = submission()
    assert report.outcomes[Outcome.DEFERRED] == 1
    (problem,) = report.problems
    assert isinstance(problem.error, ConnectionLost)
    assert problem.where.endswith("m0")


def test_a_server_that_drops_every_message_ends_with_the_messages(run: MakeRun) -> None:
    servers = [Obedient(MAIL=[vanish]) for _ in range(6)]
    submission = run(*servers)
    assert submission(3).outcomes[Outcome.DEFERRED] == 3
    assert submission.watcher.outcomes == ["m0 deferred", "m1 deferred", "m2 deferred"]


def test_a_pipelining_server_that_drops_all_of_them_too(run: MakeRun) -> None:
    offers = ("PIPELINING", "CHUNKING")
    servers = [Obedient(*offers, MAIL=[vanish]) for _ in range(6)]
    client = ClientSettings(servers=(MAIL,), helo="me.example", no_wait=True)
    submission = run(*servers[:1])
    assert submission(3, client=client).outcomes[Outcome.UNKNOWN] == 3


def test_a_server_that_drops_every_session_before_its_first_message(run: MakeRun) -> None:
    """Or the run would have one connection after the other, for ever."""
    ready_and_gone = "250 mail.example\n421 too busy"
    submission = run(Obedient(EHLO=[ready_and_gone]))
    report = submission(2)
    assert submission.watcher.outcomes == ["m0 deferred", "m1 unsent"]
    (problem,) = report.problems
    assert isinstance(problem.error, ServerClosing)
    assert problem.where == "mail.example:25"


def test_a_server_that_says_too_much_at_every_ehlo(run: MakeRun) -> None:
    submission = run(Obedient(EHLO=["250 mail.example\n250 mail.example"]))
    report = submission(2)
    assert isinstance(report.problems[0].error, RemoteProtocolError)
    assert submission.watcher.outcomes == ["m0 deferred", "m1 unsent"]


def test_a_refused_rset_is_the_end_of_a_connection(run: MakeRun) -> None:
    first = Obedient(MAIL=["250 ok"], RCPT=["550 no"], RSET=["554 too many"])
    submission = run(first, Obedient())
    submission(2)
    assert submission.watcher.outcomes == ["m0 refused", "m1 accepted"]


def test_bdat_that_is_not_known_turns_chunking_off(run: MakeRun) -> None:
    first = Obedient("PIPELINING", "CHUNKING", END=["502 what?"])
    second = Obedient("PIPELINING", "CHUNKING")
    submission = run(first, second)
    assert submission(2).outcomes[Outcome.ACCEPTED] == 2
    assert second.verbs.count("DATA") == 2


# -- connections that end inside messages ---------------------------------------------------------


def test_a_message_whose_end_was_out_is_unknown_and_the_next_goes_on(run: MakeRun) -> None:
    submission = run(Obedient(END=[vanish]), Obedient())
    report = submission(2)
    assert submission.watcher.outcomes == ["m0 unknown", "m1 accepted"]
    assert report.outcomes[Outcome.UNKNOWN] == 1
    assert report.problems[0].outcome is Outcome.UNKNOWN


def test_silence_settles_a_message_and_the_next_goes_on(run: MakeRun) -> None:
    def silent(peer: Peer) -> None:
        """Say nothing more."""

    submission = run(Obedient(MAIL=[silent]), Obedient())
    report = submission(2)
    assert submission.watcher.outcomes == ["m0 deferred", "m1 accepted"]
    assert isinstance(report.problems[0].error, TimedOut)
    assert submission.world.now == 1300


def test_nonsense_settles_a_message_and_the_next_goes_on(run: MakeRun) -> None:
    submission = run(Obedient(MAIL=["what?"]), Obedient())
    report = submission(2)
    assert submission.watcher.outcomes == ["m0 deferred", "m1 accepted"]
    assert isinstance(report.problems[0].error, RemoteProtocolError)


def test_a_refusal_in_the_content_ends_the_connection_and_not_the_run(run: MakeRun) -> None:
    def refuse(peer: Peer) -> Iterator[float]:
        for line in ("220 mail.example", "250 mail.example", "250 ok", "250 ok"):
            peer.say(line)
            yield 0
        peer.say("354 go on", "552 too much")
        yield 0

    submission = run(refuse, Obedient())
    submission(2)
    assert submission.watcher.outcomes[0].startswith("m0 ")
    assert submission.watcher.outcomes[1] == "m1 accepted"


# -- messages that are long in coming -------------------------------------------------------------


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipe]:
    """Standard input."""
    made = Pipe()
    monkeypatch.setattr("smtpwire.run.messages._STDIN", made.reading)
    yield made
    made.close()


def piping(pipe: Pipe, end: str = "") -> Answer:
    """Take a message, and only then let standard input go on; after that, an end of session."""

    def go_on(peer: Peer) -> None:
        pipe.write(b"Subject: piped\n\nhello\n")
        pipe.end()
        peer.say("250 queued")
        if end:
            last_words(end)(peer)

    return go_on


@pytest.mark.parametrize("offers", [(), ("PIPELINING",), ("PIPELINING", "CHUNKING")])
def test_a_message_goes_out_while_the_next_is_still_coming(
    run: MakeRun, pipe: Pipe, offers: tuple[str, ...]
) -> None:
    server = Obedient(*offers, END=[None, piping(pipe)])
    submission = run(server)
    submission.names[2] = "-"
    assert submission(4).outcomes[Outcome.ACCEPTED] == 4
    assert [content.split()[1] for content in server.contents] == [b"0", b"1", b"piped", b"3"]
    assert server.verbs.count("QUIT") == 1


def test_a_server_that_leaves_meanwhile_is_replaced(run: MakeRun, pipe: Pipe) -> None:
    second = Obedient()
    submission = run(Obedient(END=[piping(pipe, "421 idle for too long")]), second)
    submission.names[1] = "-"
    assert submission(3).outcomes[Outcome.ACCEPTED] == 3
    assert [content.split()[1] for content in second.contents] == [b"piped", b"2"]
    assert submission.watcher.problems == []


def test_a_message_goes_out_while_the_next_name_is_still_coming(run: MakeRun, pipe: Pipe) -> None:
    def name_two_more(peer: Peer) -> None:
        pipe.write("".join(f"{name}\n" for name in submission.names[1:3]).encode())
        pipe.end()
        peer.say("250 queued")

    server = Obedient("PIPELINING", END=[name_two_more])
    submission = run(server)
    names = message_names(submission.names[:1], "-", pipe.reading)
    settings = MessageSettings(names, recipients=(RECIPIENT,))
    assert submission(message_settings=settings).outcomes[Outcome.ACCEPTED] == 3
    assert len(server.contents) == 3


# -- --stop ----------------------------------------------------------------------------------------


def test_stop_ends_the_run_at_the_first_failure(run: MakeRun) -> None:
    server = Obedient("PIPELINING", RCPT=[None, "550 no"])
    submission = run(server)
    report = submission(4, stop_at_failure=True)
    assert submission.watcher.outcomes == [
        "m0 accepted",
        "m1 refused",
        "m2 unsent",
        "m3 unsent",
    ]
    assert report.messages == 4
    assert server.verbs.count("MAIL") == 2
    assert server.verbs[-1] == "QUIT"


def test_stop_ends_it_at_an_unusable_message(run: MakeRun) -> None:
    submission = run(Obedient("PIPELINING"))
    submission.names[1] = "/nowhere/m1"
    submission(4, stop_at_failure=True)
    assert submission.watcher.outcomes == [
        "m0 accepted",
        "m1 unsent",
        "m2 unsent",
        "m3 unsent",
    ]


def test_stop_ends_it_before_a_connection_is_made(run: MakeRun) -> None:
    submission = run()
    submission.names[0] = "/nowhere/m0"
    submission(2, stop_at_failure=True)
    assert submission.watcher.outcomes == ["m0 unsent", "m1 unsent"]


def test_without_stop_an_unusable_message_stops_nothing(run: MakeRun) -> None:
    submission = run(Obedient())
    submission.names[0] = "/nowhere/m0"
    submission(3)
    assert submission.watcher.outcomes == ["m0 unsent", "m1 accepted", "m2 accepted"]


# -- signals ---------------------------------------------------------------------------------------


def test_a_signal_between_messages(run: MakeRun) -> None:
    def stop_now(peer: Peer) -> None:
        peer.say("250 queued")
        submission.stop.signal = signal.SIGTERM

    submission = run(Obedient(END=[stop_now]))
    report = submission(3)
    assert report.signal == signal.SIGTERM
    assert report.outcomes[Outcome.ACCEPTED] == 1
    assert submission.watcher.outcomes == ["m0 accepted", "m1 unsent", "m2 unsent"]
    assert report.problems == ()


def test_a_signal_with_an_end_of_data_out(run: MakeRun) -> None:
    def stop_now(peer: Peer) -> None:
        submission.stop.signal = signal.SIGINT

    submission = run(Obedient(END=[stop_now]))
    report = submission(2)
    assert report.signal == signal.SIGINT
    assert submission.watcher.outcomes == ["m0 unknown", "m1 unsent"]
    assert submission.world.now == 1001


def test_a_signal_before_anything(run: MakeRun) -> None:
    submission = run()
    submission.stop.signal = signal.SIGTERM
    assert submission(2).outcomes[Outcome.UNSENT] == 2


def test_a_signal_while_connecting(run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    submission = run()

    def connect(*args: object, failed: Callable[[SMTPError], None], **how: object) -> None:
        submission.stop.signal = signal.SIGTERM
        error = submission.stop.error()
        assert error is not None
        failed(error)

    monkeypatch.setattr("smtpwire.net.dial.connect", connect)
    assert submission(2).problems == ()
    assert submission.watcher.outcomes == ["m0 unsent", "m1 unsent"]
