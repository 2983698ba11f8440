"""The messages of a run: opened when their turn comes, passed over when they cannot be used."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from smtpwire.core.address import parse_address
from smtpwire.errors import (
    MessageError,
    MessageNotFound,
    MessageUnreadable,
    MessageUnusable,
)
from smtpwire.message.source import message_names
from smtpwire.run.messages import Messages, MessageSettings
from tests.unit.message.files import Pipe
from tests.unit.net.stops import Stop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from smtpwire.run.job import Job

SENDER = parse_address("a@x")
RECIPIENT = parse_address("b@y")
HEADER = "From: me@x\nTo: you@y, you@y, them@z\nBcc: secret@y\n\nhello\n"


class Watched:
    """Messages, and what was told of them."""

    def __init__(self, settings: MessageSettings) -> None:
        self.stop = Stop()
        self.unusable: list[tuple[int, str, MessageError]] = []
        self.list_errors: list[MessageError] = []
        self.warnings: list[tuple[str, str]] = []
        self.messages = Messages(
            settings,
            self.stop,
            unusable=lambda *told: self.unusable.append(told),
            list_failed=self.list_errors.append,
            warn=lambda *told: self.warnings.append(told),
        )

    def all(self) -> list[Job]:
        """Every job, closed."""
        jobs = []
        while (job := self.messages.next()) is not None:
            job.body.close()
            jobs.append(job)
        return jobs


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    names = []
    for number in range(3):
        path = tmp_path / f"m{number}"
        path.write_text(f"Subject: {number}\n\nhello\n", encoding="ascii")
        names.append(str(path))
    return names


def to_all(names: list[str]) -> MessageSettings:
    return MessageSettings(names=names, reverse_path=SENDER, recipients=(RECIPIENT,))


def from_header(name: str, **settings: Any) -> MessageSettings:
    plain = MessageSettings(names=[name], from_header=True, reverse_path_given=False)
    return plain._replace(**settings)


# -- one after the other ---------------------------------------------------------------------------


def test_in_the_order_of_their_names(files: list[str]) -> None:
    watched = Watched(to_all(files))
    jobs = watched.all()
    assert [(job.index, job.name) for job in jobs] == list(enumerate(files))
    assert watched.messages.count == 3
    assert watched.messages.next() is None


def test_a_message_is_opened_when_its_turn_comes(files: list[str]) -> None:
    watched = Watched(to_all(files))
    first = watched.messages.next()
    assert first is not None
    os.unlink(files[1])
    assert [job.name for job in watched.all()] == [files[2]]
    first.body.close()


def test_they_share_one_envelope(files: list[str]) -> None:
    first, second, _ = Watched(to_all(files)).all()
    assert first.envelope is second.envelope
    assert first.reverse_path == "a@x"


def test_the_null_reverse_path(files: list[str]) -> None:
    (job, *_) = Watched(to_all(files)._replace(reverse_path=None)).all()
    assert job.reverse_path == ""


def test_what_cannot_be_used_is_passed_over(files: list[str], tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    names = [files[0], "/nowhere/m", str(empty), files[1]]
    watched = Watched(to_all(names))
    assert [job.index for job in watched.all()] == [0, 3]
    assert [(index, name, type(error)) for index, name, error in watched.unusable] == [
        (1, "/nowhere/m", MessageNotFound),
        (2, str(empty), MessageUnusable),
    ]
    assert watched.messages.count == 4


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    os.write(write, b"Subject: piped\n\nhello\n")
    os.close(write)
    monkeypatch.setattr("smtpwire.run.messages._STDIN", read)
    (job,) = Watched(to_all(["-"])).all()
    assert job.name == "-"
    assert job.body.facts is not None
    os.close(read)


# -- what the engine is told -----------------------------------------------------------------------


def test_a_submission_counts_what_goes_in_front(files: list[str]) -> None:
    (job, *_) = Watched(to_all(files)).all()
    submission = job.submission(b"X: 1\r\n")
    assert submission.id == job.index
    octets = len("X: 1\r\n" + "Subject: 0\r\n\r\nhello\r\n")
    assert (submission.size, submission.data_size, job.octets) == (octets, octets, octets)
    assert not submission.eightbit


def test_a_raw_message_may_be_longer_by_data(files: list[str], tmp_path: Path) -> None:
    path = tmp_path / "raw"
    path.write_bytes(b"no end of line \xe9")
    (job,) = Watched(to_all([str(path)])._replace(raw=True)).all()
    submission = job.submission(b"")
    assert submission.size == 16
    assert submission.data_size == 18
    assert submission.eightbit


def test_a_pipe_that_is_not_looked_through_has_no_size(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    keeps_it_open = os.open(fifo, os.O_RDWR)
    os.write(keeps_it_open, b"x" * 1000 + b"\n")
    monkeypatch.setattr("smtpwire.message.body.BLOCK", 100)
    watched = Watched(to_all([str(fifo)])._replace(spool=False))
    job = watched.messages.next()
    assert job is not None
    assert job.submission(b"").size is None
    assert job.octets is None
    job.body.close()
    os.close(keeps_it_open)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a\0b\n", "a NUL is in it"),
        (b"x" * 999 + b"\n", "longer than the 998 octets"),
        (b"x" * 998 + b"\n", None),
    ],
)
def test_what_is_odd_is_told_and_sent(tmp_path: Path, content: bytes, said: str | None) -> None:
    path = tmp_path / "odd"
    path.write_bytes(content)
    watched = Watched(to_all([str(path)]))
    assert len(watched.all()) == 1
    assert [name for name, _ in watched.warnings] == [str(path)] * bool(said)
    assert all(said is not None and said in text for _, text in watched.warnings)


# -- -F --------------------------------------------------------------------------------------------


def test_the_envelope_from_the_header(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_text(HEADER, encoding="ascii")
    (job,) = Watched(from_header(str(path))).all()
    assert job.reverse_path == "me@x"
    assert list(map(str, job.envelope.recipients)) == ["you@y", "them@z", "secret@y"]


def test_a_reverse_path_that_is_given_wins(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_text(HEADER, encoding="ascii")
    settings = from_header(str(path), reverse_path=SENDER, reverse_path_given=True)
    (job,) = Watched(settings).all()
    assert job.reverse_path == "a@x"


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("To: you@y\n\nhello\n", "sender"),
        ("From: me@x, you@x\nTo: you@y\n\nhello\n", "Sender"),
        ("From: me@x\n\nhello\n", "recipient"),
        ("From: me@x\nTo: you@-y.example\n\nhello\n", "in its header: "),
    ],
)
def test_a_header_without_an_envelope_is_no_message(tmp_path: Path, header: str, said: str) -> None:
    path = tmp_path / "m"
    path.write_text(header, encoding="ascii")
    before = sorted(os.listdir("/proc/self/fd"))
    watched = Watched(from_header(str(path)))
    assert watched.all() == []
    ((_, name, error),) = watched.unusable
    assert isinstance(error, MessageUnusable)
    assert (name, error.where) == (str(path), str(path))
    assert said in str(error)
    assert sorted(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    ("settings", "reverse_path"),
    [
        (MessageSettings([], SENDER), "a@x"),
        (MessageSettings([]), ""),
        (MessageSettings([], SENDER, from_header=True), "a@x"),
        (MessageSettings([], from_header=True, reverse_path_given=False), None),
    ],
)
def test_what_is_known_of_a_message_before_it_is_opened(
    settings: MessageSettings, reverse_path: str | None
) -> None:
    assert settings.known == (reverse_path, ())
    assert settings._replace(recipients=(RECIPIENT,)).known[1] == (RECIPIENT,)


# -- without waiting -------------------------------------------------------------------------------


def test_a_message_that_may_be_long_in_coming_keeps_its_turn(
    files: list[str], tmp_path: Path
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    keeps_it_open = os.open(fifo, os.O_RDWR)
    watched = Watched(to_all([files[0], "/nowhere/m", str(fifo), files[1]]))
    first = watched.messages.next(wait=False)
    assert first is not None
    first.body.close()
    for _ in range(2):
        assert watched.messages.next(wait=False) is None
    assert not watched.messages.ended
    assert [name for _, name, _ in watched.unusable] == ["/nowhere/m"]
    assert list(watched.messages.rest()) == [(2, str(fifo)), (3, files[1])]
    os.close(keeps_it_open)


def test_a_name_that_may_be_long_in_coming_is_not_awaited(files: list[str]) -> None:
    pipe = Pipe()
    names = message_names(files[:1], "-", pipe.reading)
    watched = Watched(to_all([])._replace(names=names))
    taken = []
    for data in (b"", os.fsencode(files[1])[:3], os.fsencode(files[1])[3:] + b"\n"):
        pipe.write(data)
        while (job := watched.messages.next(wait=False)) is not None:
            job.body.close()
            taken.append(job.name)
        assert not watched.messages.ended
    assert taken == files[:2]
    pipe.end()
    assert watched.messages.next(wait=False) is None
    assert watched.messages.ended
    pipe.close()


def test_names_of_an_unknown_kind_are_taken_for_long_in_coming(files: list[str]) -> None:
    watched = Watched(to_all([])._replace(names=(name for name in files)))
    assert watched.messages.next(wait=False) is None
    assert len(watched.all()) == 3


def test_the_list_is_closed(tmp_path: Path) -> None:
    before = sorted(os.listdir("/proc/self/fd"))
    path = tmp_path / "list"
    path.write_text("a\nb\n", encoding="ascii")
    watched = Watched(to_all([])._replace(names=message_names([], str(path))))
    watched.messages.close()
    assert sorted(os.listdir("/proc/self/fd")) == before


# -- the rest --------------------------------------------------------------------------------------


def test_the_rest_is_taken_unopened(files: list[str]) -> None:
    watched = Watched(to_all([files[0], "/nowhere/m", files[1]]))
    first = watched.messages.next()
    assert first is not None
    first.body.close()
    assert list(watched.messages.rest()) == [(1, "/nowhere/m"), (2, files[1])]
    assert watched.messages.count == 3
    assert watched.unusable == []


def test_a_list_that_breaks_ends_the_messages(files: list[str]) -> None:
    def names() -> Iterator[str]:
        yield files[0]
        raise MessageUnreadable("it broke", where="the list")

    watched = Watched(to_all([])._replace(names=names()))
    assert len(watched.all()) == 1
    assert [error.where for error in watched.list_errors] == ["the list"]
    assert watched.unusable == []
    assert watched.messages.count == 1
    assert list(watched.messages.rest()) == []


def test_after_a_signal_nothing_is_opened(files: list[str]) -> None:
    watched = Watched(to_all(files))
    watched.stop.now = True
    assert watched.messages.next() is None
    assert list(watched.messages.rest()) == list(enumerate(files))


def test_a_message_whose_opening_was_interrupted_is_among_the_rest(
    monkeypatch: pytest.MonkeyPatch, files: list[str]
) -> None:
    os.unlink(files[0])
    os.mkfifo(files[0])
    watched = Watched(to_all(files))

    def signalled(*args: object, **how: object) -> None:
        watched.stop.now = True
        error = watched.stop.error()
        assert error is not None
        raise error

    monkeypatch.setattr("smtpwire.run.messages.open_message", signalled)
    assert watched.messages.next() is None
    assert list(watched.messages.rest()) == list(enumerate(files))
    assert watched.messages.count == 3


def test_a_list_that_is_still_being_read_is_not_awaited_after_a_signal(files: list[str]) -> None:
    """Whoever writes it may never end it."""

    def names() -> Iterator[str]:
        yield files[0]
        pytest.fail("it was read on")

    watched = Watched(to_all([])._replace(names=names()))
    job = watched.messages.next()
    assert job is not None
    job.body.close()
    watched.stop.now = True
    assert list(watched.messages.rest()) == []


def test_nor_are_the_names_taken_that_were_read_of_it(files: list[str]) -> None:
    """Whoever writes it may write for ever."""
    pipe = Pipe()
    pipe.write(os.fsencode("\n".join([*files, ""])))
    watched = Watched(to_all([])._replace(names=message_names([], "-", pipe.reading)))
    job = watched.messages.next()
    assert job is not None
    job.body.close()
    watched.stop.now = True
    assert list(watched.messages.rest()) == []
    pipe.close()


def test_a_list_is_read_to_its_end_when_there_was_none(files: list[str]) -> None:
    watched = Watched(to_all([])._replace(names=(name for name in files)))
    assert list(watched.messages.rest()) == list(enumerate(files))
