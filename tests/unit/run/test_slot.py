"""Several connections at a time: who gets which message, and what it means that one ends."""

from __future__ import annotations

import fcntl
import signal
from typing import TYPE_CHECKING

import pytest

from smtpwire.client import ClientSettings, Login
from smtpwire.core.transaction import Outcome
from smtpwire.errors import AuthFailed, ConnectError
from smtpwire.message.body import open_message
from smtpwire.message.source import message_names
from smtpwire.run.messages import MessageSettings
from tests.unit.message.files import Pipe
from tests.unit.run.conftest import MAIL, OTHER, RECIPIENT
from tests.unit.run.servers import Obedient, last_words, vanish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.net.peer import Peer
    from tests.unit.net.world import Server
    from tests.unit.run.conftest import MakeRun, Run
    from tests.unit.run.servers import Answer

OFFERS = ("PIPELINING", "CHUNKING")


def numbers(server: Obedient) -> list[int]:
    """Which messages a server took."""
    return [int(content.split()[1]) for content in server.contents]


def paced(server: Obedient, seconds: float) -> Server:
    """The same server, which takes its time for each turn."""

    def serve(peer: Peer) -> Iterator[float]:
        for _ in server(peer):
            yield seconds

    return serve


def outcomes(run: Run) -> list[str]:
    return sorted(run.watcher.outcomes)


@pytest.mark.parametrize("offers", [(), OFFERS, ("PIPELINING",)])
def test_each_connection_gets_its_share(run: MakeRun, offers: tuple[str, ...]) -> None:
    servers = [Obedient(*offers) for _ in range(5)]
    submission = run(paced(servers[0], 10), *(paced(server, 1) for server in servers[1:]))
    report = submission(5, jobs=5)
    assert report.outcomes[Outcome.ACCEPTED] == 5
    assert sorted(map(numbers, servers)) == [[0], [1], [2], [3], [4]]
    assert submission.world.most == 5
    assert sorted(result.number for result in submission.watcher.results) == [0, 1, 2, 3, 4]


def test_no_more_connections_than_messages(run: MakeRun) -> None:
    submission = run(Obedient(), Obedient())
    assert submission(2, jobs=50).outcomes[Outcome.ACCEPTED] == 2


def test_no_more_connections_than_asked_for(run: MakeRun) -> None:
    servers = [Obedient(*OFFERS) for _ in range(2)]
    submission = run(*servers)
    assert submission(5, jobs=2).outcomes[Outcome.ACCEPTED] == 5
    assert submission.world.most == 2
    assert sorted(numbers(servers[0]) + numbers(servers[1])) == [0, 1, 2, 3, 4]


def test_work_goes_to_whoever_is_free(run: MakeRun) -> None:
    quick = Obedient(*OFFERS)
    submission = run(paced(Obedient(*OFFERS), 100), quick)
    assert submission(5, jobs=2).outcomes[Outcome.ACCEPTED] == 5
    assert len(quick.contents) == 4


def test_the_first_connection_is_made_alone(run: MakeRun) -> None:
    """A login that is refused is refused once."""
    server = Obedient("AUTH PLAIN", AUTH=["535 no"])
    submission = run(server)
    login = Login("me", lambda: "secret", allow_cleartext=True)
    client = ClientSettings(servers=(MAIL,), helo="me.example", login=login)
    report = submission(5, jobs=5, client=client)
    assert isinstance(report.problems[0].error, AuthFailed)
    assert outcomes(submission) == [f"m{number} unsent" for number in range(5)]


def test_a_later_login_that_is_refused_ends_the_run(run: MakeRun) -> None:
    first = Obedient("AUTH PLAIN", AUTH=["235 yes"])
    second = Obedient("AUTH PLAIN", AUTH=["535 no"])
    submission = run(paced(first, 10), second)
    login = Login("me", lambda: "secret", allow_cleartext=True)
    client = ClientSettings(servers=(MAIL,), helo="me.example", login=login)
    report = submission(5, jobs=2, client=client)
    assert isinstance(report.problems[0].error, AuthFailed)
    assert 1 <= report.outcomes[Outcome.ACCEPTED] < 5, "what was under way is settled"
    assert report.outcomes[Outcome.UNSENT] == 5 - report.outcomes[Outcome.ACCEPTED]


@pytest.mark.parametrize("answer", ["421 too many connections", "554 no more of you"])
def test_a_server_that_refuses_a_further_connection(run: MakeRun, answer: str) -> None:
    submission = run(paced(Obedient(), 10), Obedient(GREETING=[answer]), Obedient())
    report = submission(5, jobs=3)
    assert report.outcomes[Outcome.ACCEPTED] == 5
    assert report.problems == ()
    (warning,) = submission.watcher.warnings
    assert warning[0] == "mail.example:25"
    assert answer[:3] in warning[1]
    assert "; going on with " in warning[1]


def test_a_further_connection_that_is_out_of_reach(run: MakeRun) -> None:
    submission = run(Obedient(), None, None)
    assert submission(5, jobs=3).outcomes[Outcome.ACCEPTED] == 5
    assert len(submission.watcher.warnings) == 2


def test_no_connection_at_all(run: MakeRun) -> None:
    submission = run(None)
    report = submission(3, jobs=3)
    assert outcomes(submission) == ["m0 deferred", "m1 unsent", "m2 unsent"]
    assert isinstance(report.problems[0].error, ConnectError)


def test_when_all_have_gone_the_last_one_decides(run: MakeRun) -> None:
    first, second = (paced(Obedient(END=[last_words("250 queued")]), 10) for _ in range(2))
    submission = run(first, second, None, None)
    report = submission(5, jobs=2)
    assert report.outcomes[Outcome.ACCEPTED] == 2
    # Two were on their way, each on one of those; their new connections were not to be had.
    assert outcomes(submission)[2:] == ["m2 deferred", "m3 deferred", "m4 unsent"]
    assert isinstance(report.problems[-1].error, ConnectError)


@pytest.mark.parametrize("word", ["250 queued", "250 queued\r\n421 enough"])
def test_what_comes_back_goes_on_a_session_that_has_carried_nothing(
    run: MakeRun, word: str
) -> None:
    """Each ends behind one message, at different times: none is given two."""
    servers = [Obedient(END=[last_words(word)]) for _ in range(5)]
    submission = run(*(paced(server, 1 + 2 * n) for n, server in enumerate(servers)))
    assert submission(5, jobs=2).outcomes[Outcome.ACCEPTED] == 5
    assert submission.watcher.problems == []


@pytest.mark.parametrize("pace", [1, 10, 100])
def test_where_there_is_no_room_for_such_a_session_another_makes_it(
    run: MakeRun, pace: float
) -> None:
    """The first goes on alone to its end, and what came back goes on a third."""
    first, third = Obedient(), Obedient()
    second = Obedient(MAIL=[vanish])
    submission = run(
        paced(first, pace), paced(second, 1), Obedient(GREETING=["421 too many"]), third
    )
    assert submission(4, jobs=2).outcomes[Outcome.ACCEPTED] == 4
    assert submission.watcher.problems == []
    assert len(third.contents) == 1
    assert submission.world.most <= 2


@pytest.mark.parametrize("seconds", [0, 100], ids=["when it is lost", "when there is no other"])
def test_a_list_that_is_still_to_come_holds_up_nothing_that_came_back(
    run: MakeRun, seconds: float
) -> None:
    """Whoever is free does not wait for the next name where a message needs its room."""

    def refusing(peer: Peer) -> Iterator[float]:
        yield seconds
        peer.say("421 too many")
        yield 0

    def end(peer: Peer) -> None:
        peer.say("250 queued")
        names.end()

    names = Pipe()
    last = Obedient(END=[end])
    submission = run(paced(Obedient(), 10), Obedient(MAIL=[vanish]), refusing, last)
    names.write("".join(f"{name}\n" for name in submission.names[:2]).encode())
    messages = MessageSettings(message_names((), "-", names.reading), recipients=(RECIPIENT,))
    report = submission(message_settings=messages, jobs=2)
    assert report.outcomes[Outcome.ACCEPTED] == 2
    assert report.problems == ()
    assert numbers(last) == [1]
    names.close()


def silent(peer: Peer) -> Iterator[float]:
    """A server that never greets."""
    while True:
        yield 1


@pytest.mark.parametrize("end", [None, last_words("250 queued")], ids=["", "FIN"])
def test_nobody_waits_for_a_session_that_nothing_is_left_for(run: MakeRun, end: Answer) -> None:
    first = Obedient(END=[None, None, end])
    submission = run(first, silent)
    assert submission(3, jobs=2).outcomes[Outcome.ACCEPTED] == 3
    assert (submission.watcher.problems, submission.watcher.warnings) == ([], [])
    assert submission.world.now < 1010
    assert first.verbs[-1] == ("DATA" if end else "QUIT"), "the others take their leave"


def test_what_came_back_is_waited_for_with_its_session(run: MakeRun) -> None:
    """The last but one connection ends with a message that the slow one can have."""

    def slow(peer: Peer) -> Iterator[float]:
        yield 100
        yield from second(peer)

    second = Obedient()
    lost = paced(Obedient(MAIL=[None, vanish]), 5)
    submission = run(lost, slow, None)
    assert submission(2, jobs=2).outcomes[Outcome.ACCEPTED] == 2
    assert submission.world.now >= 1100
    assert numbers(second) == [1]


def test_another_server_has_all_connections_again(run: MakeRun) -> None:
    submission = run(Obedient(END=[last_words("250 queued")]), None, None, Obedient(), Obedient())
    client = ClientSettings(servers=(MAIL, OTHER), helo="me.example")
    assert submission(5, jobs=2, client=client).outcomes[Outcome.ACCEPTED] == 5
    assert submission.tried[-1] == "other.example"


def test_a_message_that_was_not_begun_goes_on_another_connection(run: MakeRun) -> None:
    submission = run(Obedient(MAIL=[vanish]), Obedient(MAIL=[vanish]), Obedient(), Obedient())
    assert submission(2, jobs=2).outcomes[Outcome.ACCEPTED] == 2
    assert submission.watcher.problems == []


def test_d_with_several(run: MakeRun) -> None:
    servers = [Obedient("PIPELINING") for _ in range(5)]
    submission = run(*servers)
    assert submission(5, jobs=3, disconnect=True).outcomes[Outcome.ACCEPTED] == 5
    assert [len(server.contents) for server in servers] == [1] * 5
    assert submission.world.most <= 3


def test_stop_ends_it_at_the_first_failure_and_settles_what_is_under_way(run: MakeRun) -> None:
    def late(peer: Peer) -> Iterator[float]:
        steps = Obedient()(peer)
        for _ in range(5):
            yield next(steps)
        yield 100
        yield from steps

    submission = run(paced(Obedient(RCPT=["550 no"]), 1), late)
    report = submission(5, jobs=2, stop_at_failure=True)
    assert report.outcomes[Outcome.REFUSED] == 1
    assert report.outcomes[Outcome.ACCEPTED] == 1
    assert report.outcomes[Outcome.UNSENT] == 3


def test_stop_begins_nothing_on_a_session_that_was_not_ready(run: MakeRun) -> None:
    submission = run(Obedient(RCPT=["550 no"]), silent)
    submission(3, jobs=2, stop_at_failure=True)
    assert outcomes(submission) == ["m0 refused", "m1 unsent", "m2 unsent"]
    assert submission.world.now < 1010


def test_a_signal_ends_all_of_them_within_a_second(run: MakeRun) -> None:
    def stop_now(peer: Peer) -> None:
        submission.stop.signal = signal.SIGTERM

    def silent(peer: Peer) -> None:
        """Say nothing more."""

    servers = [Obedient(END=[silent]), Obedient(END=[silent]), Obedient(END=[stop_now])]
    submission = run(*servers)
    report = submission(5, jobs=3)
    assert report.outcomes[Outcome.UNKNOWN] == 3
    assert report.outcomes[Outcome.UNSENT] == 2
    assert submission.world.now == 1001


def test_each_connection_has_an_observer_of_its_own(run: MakeRun) -> None:
    submission = run(Obedient(), Obedient(), Obedient())
    asked: list[int] = []

    def connection(number: int) -> object:
        asked.append(number)
        return submission.watcher

    submission.watcher.connection = connection  # type: ignore[method-assign, assignment] # a stand-in
    submission(3, jobs=3)
    assert asked == [1, 2, 3]


def test_addresses_are_looked_up_once_for_all(run: MakeRun) -> None:
    submission = run(*[Obedient() for _ in range(4)])
    submission(4, jobs=4)
    assert submission.tried == ["mail.example"]


# -- --repeat --------------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_message_is_sent_as_often_as_wanted(run: MakeRun, jobs: int) -> None:
    servers = [Obedient(*OFFERS) for _ in range(jobs)]
    submission = run(*servers)
    messages = MessageSettings(submission.names[:2], recipients=(RECIPIENT,), repeat=3)
    report = submission(message_settings=messages, jobs=jobs)
    assert report.messages == 6
    assert report.outcomes[Outcome.ACCEPTED] == 6
    taken = sorted(number for server in servers for number in numbers(server))
    assert taken == [0, 0, 0, 1, 1, 1]
    assert sorted(result.number for result in submission.watcher.results) == list(range(6))


def test_it_is_opened_once(run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []

    def noting(source: object, **how: object) -> object:
        opened.append(how["name"])
        return open_message(source, **how)  # type: ignore[arg-type] # passed on

    monkeypatch.setattr("smtpwire.run.messages.open_message", noting)
    submission = run(Obedient("PIPELINING"))
    messages = MessageSettings(submission.names[:1], recipients=(RECIPIENT,), repeat=5)
    submission(message_settings=messages)
    assert opened == submission.names[:1]


def test_one_that_cannot_be_used_is_as_many_messages(run: MakeRun) -> None:
    messages = MessageSettings(["/nowhere/m"], recipients=(RECIPIENT,), repeat=2)
    report = run()(message_settings=messages)
    assert report.messages == 2
    assert report.outcomes[Outcome.UNSENT] == 2


def test_a_large_file_is_closed_behind_the_last(run: MakeRun) -> None:
    """The fixture looks for descriptors that stay open."""
    submission = run(Obedient("PIPELINING"))
    with open(submission.names[0], "ab") as file:
        file.write(b"x" * 70 + b"\n" * 300_000)
    messages = MessageSettings(submission.names[:1], recipients=(RECIPIENT,), repeat=3)
    assert submission(message_settings=messages).outcomes[Outcome.ACCEPTED] == 3


@pytest.mark.parametrize("octets", [100, 400_000])
def test_a_pipe_is_repeated_from_where_it_is_kept(
    run: MakeRun, monkeypatch: pytest.MonkeyPatch, octets: int
) -> None:
    pipe = Pipe()
    monkeypatch.setattr("smtpwire.run.messages._STDIN", pipe.reading)
    content = b"Subject: piped\n\n" + b"x\n" * (octets // 2)
    fcntl.fcntl(pipe.reading, fcntl.F_SETPIPE_SZ, 1 << 20)  # there is nobody to write the rest
    pipe.write(content)
    pipe.end()
    server = Obedient("PIPELINING", "CHUNKING")
    messages = MessageSettings(
        message_names((), None), recipients=(RECIPIENT,), repeat=3, spool=False
    )
    report = run(server)(message_settings=messages)
    assert report.outcomes[Outcome.ACCEPTED] == 3
    assert len(set(server.contents)) == 1
    pipe.close()
