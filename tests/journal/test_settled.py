"""`--journal`: what is settled is not sent again, whatever ended the run before."""

from __future__ import annotations

import subprocess
import threading
from typing import TYPE_CHECKING

import pytest

from tests.command import SMTP, clean_environment
from tests.journal.runs import LIMIT, status, submit, taken
from tests.scripted import Close, Hold, ModelServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.scripted.fixtures import Start


@pytest.fixture
def end_held() -> Hold:
    return Hold(threading.Event())


@pytest.fixture
def half_answering(end_held: Hold) -> Iterator[ModelServer]:
    """A server that holds back its answer to the third end of data, and bears with being left."""
    server = ModelServer(replies={"END": [None, None, (end_held, "250 2.0.0 queued")]})
    yield server
    server.stop()


WAYS = [(), ("-j3",), ("--no-chunking",), ("--no-wait",), ("--no-pipelining",), ("--chunk-size=8",)]


@pytest.mark.parametrize("options", WAYS)
def test_what_was_accepted_is_not_sent_again(
    start: Start, names: list[str], journal: Path, options: tuple[str, ...]
) -> None:
    server = start(ModelServer())
    assert submit(server, journal, *options, *names[:4]).code == 0
    done = submit(server, journal, *options, *names)
    assert (done.code, done.stderr) == (0, "")
    assert taken(server) == [0, 1, 2, 3, 4, 5]
    again = [line for line in done.stdout.splitlines() if "settled by an earlier run" in line]
    assert again == [
        f"sent: {name} from <a@x> to 1 of 1, - octets, settled by an earlier run: 250 2.0.0 queued"
        for name in names[:4]
    ]
    assert status(journal) == {"messages": 6, "accepted": 6}


def test_no_connection_is_made_for_nothing(start: Start, names: list[str], journal: Path) -> None:
    server = start(ModelServer())
    submit(server, journal, *names)
    assert submit(server, journal, *names).code == 0
    assert len(server.connections) == 1


def test_a_refused_one_counts_again_and_a_deferred_one_is_sent(
    start: Start, names: list[str], journal: Path
) -> None:
    rules = {"no@y": "550 5.1.1 no", "late@y": "450 4.2.1 later"}
    to = ("b@y", "no@y", "late@y")
    server = start(ModelServer(replies={"RCPT": rules}))
    assert submit(server, journal, names[0], to=to).code == 75
    del rules["late@y"]
    done = submit(server, journal, names[0], to=to)
    assert done.code == 67
    assert done.stderr == (
        f"smtp: {names[0]}: <no@y> refused: RCPT: 550 5.1.1 no; settled by an earlier run\n"
    )
    assert "to 2 of 3" in done.stdout
    assert [message.recipients for message in server.messages] == [("b@y",), ("late@y",)]
    assert status(journal) == {"messages": 1, "accepted": 2, "refused": 1}


def test_a_message_refused_as_a_whole_is_told_of_once(
    start: Start, names: list[str], journal: Path
) -> None:
    server = start(ModelServer(replies={"END": "554 5.7.1 spam"}))
    assert submit(server, journal, names[0], to=("b@y", "c@y")).code == 65
    done = submit(server, journal, names[0], to=("b@y", "c@y"))
    assert done.code == 65
    assert done.stderr == (
        f"smtp: {names[0]}: refused: end of data: 554 5.7.1 spam; settled by an earlier run\n"
    )
    assert done.stdout.startswith("refused: ")


def test_an_unknown_one_is_sent_again_by_the_users_word_alone(
    start: Start, names: list[str], journal: Path
) -> None:
    server = start(ModelServer(replies={"END": [Close()]}))
    assert submit(server, journal, names[0]).code == 79
    assert status(journal) == {"messages": 1, "unknown": 1}
    done = submit(server, journal, names[0])
    assert done.code == 79
    assert done.stderr == (
        f"smtp: {names[0]}: unknown: an earlier run ended, or lost the connection, before the"
        " answer to its end of data (it may have been delivered)\n"
    )
    assert taken(server) == []
    assert submit(server, journal, "--resend-unknown", names[0]).code == 0
    assert taken(server) == [0]
    assert status(journal) == {"messages": 1, "accepted": 1}


def test_the_how_manieth_of_a_name_is_a_message_of_its_own(
    start: Start, names: list[str], journal: Path
) -> None:
    server = start(ModelServer())
    assert submit(server, journal, names[0], names[1], names[0]).code == 0
    assert taken(server) == [0, 0, 1]
    assert submit(server, journal, "--repeat=3", names[0], names[1]).code == 0
    assert taken(server) == [0, 0, 0, 1, 1, 1]


def test_another_recipient_or_sender_is_another_matter(
    start: Start, names: list[str], journal: Path
) -> None:
    server = start(ModelServer())
    assert submit(server, journal, names[0], to=("b@y", "b@y")).code == 0
    assert submit(server, journal, names[0], to=("c@y", "b@y")).code == 0
    assert submit(server, journal, "-f", "", names[0], to=("c@y",)).code == 0
    sent = [(message.reverse_path, message.recipients) for message in server.messages]
    assert sent == [("a@x", ("b@y", "b@y")), ("a@x", ("c@y",)), ("", ("c@y",))]


def test_a_content_that_changed_is_a_new_message(
    start: Start, names: list[str], journal: Path, tmp_path: Path
) -> None:
    server = start(ModelServer())
    submit(server, journal, names[0])
    (tmp_path / "m0").write_text("Subject: 10\n\nhello\n", encoding="ascii")
    done = submit(server, journal, names[0])
    assert done.code == 0
    assert done.stderr == (
        f"smtp: {names[0]}: warning: its content is not that of an earlier run: it is a new"
        " message\n"
    )
    assert taken(server) == [0, 10]
    assert submit(server, journal, names[0]).stderr == ""
    assert taken(server) == [0, 10]


@pytest.mark.parametrize("options", [(), ("--no-size", "--no-chunking")])
@pytest.mark.parametrize("lines", [1, 200_000])
def test_standard_input_is_known_by_its_content(
    start: Start, journal: Path, options: tuple[str, ...], lines: int
) -> None:
    server = start(ModelServer())
    for subject in (b"1", b"1", b"2"):
        content = b"Subject: " + subject + b"\n\n" + b"hello\n" * lines
        done = submit(server, journal, *options, stdin=content)
        assert (done.code, done.stderr) == (0, "")
    assert taken(server) == [1, 2]


def test_all_or_none_holds_across_runs(start: Start, names: list[str], journal: Path) -> None:
    """Who was refused is asked again, or the others would get it without him."""
    server = start(ModelServer(replies={"RCPT": {"no@y": "550 5.1.1 no"}}))
    for _ in range(2):
        assert submit(server, journal, "-a", names[0], to=("b@y", "no@y")).code == 67
    assert server.messages == []
    assert len(server.connections) == 2


def test_stop_is_for_failures_of_this_run(start: Start, names: list[str], journal: Path) -> None:
    server = start(ModelServer(replies={"MAIL": ["550 5.7.1 no"]}))
    assert submit(server, journal, "--stop", *names[:2]).code == 65
    assert submit(server, journal, "--stop", *names[:2]).code == 65
    assert taken(server) == [1]


# -- durability ------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [(), *WAYS[2:], ("--chunk-size=8", "-a")])
def test_what_was_on_its_way_is_unknown_after_a_crash(
    half_answering: ModelServer,
    end_held: Hold,
    names: list[str],
    journal: Path,
    tmp_path: Path,
    options: tuple[str, ...],
) -> None:
    """Killed when the end of the third message is out; the first two are settled by then."""
    server = half_answering
    args = ["--journal", str(journal), "-s", server.address, "-f", "a@x", "-r", "b@y", *options]
    with subprocess.Popen([SMTP, *args, *names], env=clean_environment(str(tmp_path))) as smtp:
        assert end_held.reached.wait(LIMIT)
        smtp.kill()
    end_held.release.set()
    server.settle()
    unknown = status(journal)["unknown"]
    assert unknown >= 1
    if "--no-wait" not in options:
        assert unknown == 1
    done = submit(server, journal, *options, *names)
    assert done.code == 79
    assert done.stderr.count("unknown: ") == unknown
    assert status(journal).get("accepted", 0) == 6 - unknown
    assert len(set(taken(server))) == len(taken(server)) >= 6 - unknown
