"""Opening what is there, and saying what is not."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
from pathlib import Path

import pytest

from smtpwire.errors import MessageNotFound
from smtpwire.message.opening import Opening, at_hand
from tests.unit.message.files import Pipe, is_open, opened, piped


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "m.eml"
    path.write_bytes(b"abcdefghij")
    return path


def test_a_small_file_takes_one_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[int] = []
    real = os.pread

    def count(fd: int, octets: int, position: int) -> bytes:
        reads.append(octets)
        return real(fd, octets, position)

    monkeypatch.setattr(os, "pread", count)
    opening = Opening(str(path), name="m")
    opening.fill(1000)
    assert (opening.head, opening.ended, reads) == (b"abcdefghij", True, [10])
    opening.close()


def test_filling_and_taking(path: Path) -> None:
    opening = Opening(os.fsencode(path), name="m")
    opening.fill(4)
    assert (opening.head, opening.ended) == (b"abcd", False)
    assert opening.take(3) == b"abc"
    assert (opening.head, opening.start) == (b"d", 3)
    opening.fill(2)
    assert (opening.head, opening.ended) == (b"de", False)
    opening.fill(100)
    assert (opening.head, opening.ended) == (b"defghij", True)
    opening.fill(100)
    assert opening.take(100) == b"defghij"
    opening.close()


def test_a_file_that_says_it_is_empty_is_read_until_it_ends() -> None:
    # Files under /proc do; elsewhere it is one that grew since it was looked at.
    path = Path("/proc/self/status")
    if not path.exists():
        pytest.skip("there is no /proc here")
    opening = Opening(str(path), name="m")
    opening.fill(100_000)
    assert opening.head.startswith(b"Name:")
    assert opening.ended
    opening.close()


def test_a_file_that_shrank_since_it_was_opened(path: Path) -> None:
    opening = Opening(str(path), name="m")
    path.write_bytes(b"abc")
    opening.fill(100)
    assert (opening.head, opening.ended) == (b"abc", True)
    opening.close()


def test_a_descriptor_is_read_from_where_it_stands_and_stays_there_and_open(path: Path) -> None:
    with opened(path) as fd:
        os.lseek(fd, 4, os.SEEK_SET)
        opening = Opening(fd, name="-")
        opening.fill(100)
        assert (opening.head, opening.ended) == (b"efghij", True)
        opening.close()
        assert os.lseek(fd, 0, os.SEEK_CUR) == 4


def test_a_descriptor_behind_the_end_of_its_file_gives_nothing(path: Path) -> None:
    with opened(path) as fd:
        os.lseek(fd, 20, os.SEEK_SET)
        opening = Opening(fd, name="-")
        opening.fill(100)
        assert (opening.head, opening.ended) == (b"", True)


def test_a_pipe_is_read_until_there_is_enough() -> None:
    with piped(*([b"ab"] * 5)) as fd:
        opening = Opening(fd, name="-")
        assert opening.stamp is None
        opening.fill(3)
        assert opening.head[:3] == b"aba"
        opening.fill(100)
        assert (opening.head, opening.ended) == (b"ab" * 5, True)


def test_a_pipe_is_read_on_by_what_it_has() -> None:
    pipe = Pipe()
    opening = Opening(pipe.reading, name="-")
    assert not opening.readable()
    for data in (b"abc", b"def"):
        pipe.write(data)
        assert opening.readable()
        opening.read_on(100)
    assert (opening.head, opening.ended) == (b"abcdef", False)
    assert not opening.readable()
    pipe.end()
    assert opening.readable()
    opening.read_on(100)
    assert opening.ended
    assert opening.readable()
    pipe.close()


def test_a_file_is_readable_and_read_on_from_where_it_was(path: Path) -> None:
    opening = Opening(str(path), name="m")
    assert opening.readable()
    opening.read_on(4)
    opening.read_on(4)
    assert (opening.head, opening.ended) == (b"abcdefgh", False)
    opening.close()


def test_what_waits_for_nobody(path: Path) -> None:
    opening = Opening(str(path), name="m")
    assert opening.at_hand
    opening.close()
    device = Opening("/dev/null", name="m")
    assert not device.at_hand
    device.close()
    with opened(path) as fd, piped() as reading:
        assert Opening(fd, name="-").at_hand
        assert not Opening(reading, name="-").at_hand


def test_what_is_at_hand_before_it_is_opened(path: Path, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for name in (str(path), str(tmp_path), str(tmp_path / "missing"), "a\0b"):
        assert at_hand(name), name
    assert not at_hand(str(fifo))
    assert not at_hand("/dev/null")
    with opened(path) as fd, piped() as reading:
        assert at_hand(fd)
        assert not at_hand(reading)


def test_a_fifo_is_opened_before_its_writer_and_waits_for_him_when_it_is_read(
    tmp_path: Path,
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    opening = Opening(str(fifo), name="m")
    assert not opening.at_hand
    assert not opening.readable()

    def write() -> None:
        with fifo.open("wb", buffering=0) as pipe:
            pipe.write(b"abc")

    writer = threading.Thread(target=write)
    writer.start()
    opening.fill(100)
    writer.join()
    assert (opening.head, opening.ended) == (b"abc", True)
    opening.close()


def test_a_fifo_whose_writer_has_nothing_to_say_is_empty(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    opening = Opening(str(fifo), name="m")
    os.close(os.open(fifo, os.O_WRONLY))
    opening.fill(100)
    assert (opening.head, opening.ended) == (b"", True)
    opening.close()


def test_a_file_leased_to_somebody_is_waited_for(path: Path) -> None:
    """The system asks the holder to give it back, and opens it for nobody until he has."""
    holder = os.open(path, os.O_RDWR)

    def give_back(_number: int, _frame: object) -> None:
        fcntl.fcntl(holder, fcntl.F_SETLEASE, fcntl.F_UNLCK)

    before = signal.signal(signal.SIGIO, give_back)
    try:
        fcntl.fcntl(holder, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        opening = Opening(str(path), name="m")
    finally:
        signal.signal(signal.SIGIO, before)
        os.close(holder)
    opening.fill(100)
    assert opening.head == b"abcdefghij"
    opening.close()


def test_a_fifo_is_a_pipe(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    # Held open both ways, so that opening it waits for nobody.
    holder = os.open(fifo, os.O_RDWR)
    os.write(holder, b"abc")
    opening = Opening(str(fifo), name="m")
    os.close(holder)
    opening.fill(100)
    assert (opening.head, opening.ended, opening.stamp) == (b"abc", True, None)
    opening.close()


def test_what_was_opened_here_is_closed_once(path: Path) -> None:
    opening = Opening(str(path), name="m")
    assert is_open(opening.fd)
    opening.close()
    assert not is_open(opening.fd)
    opening.close()


def problem(source: str | bytes | int) -> str:
    with pytest.raises(MessageNotFound) as caught:
        Opening(source, name="the name")
    assert caught.value.where == "the name"
    return str(caught.value)


def test_fault_187_what_cannot_be_opened_says_why(tmp_path: Path, path: Path) -> None:
    missing = str(tmp_path / "missing")
    assert problem(missing) == "cannot be opened: no such file or directory"
    assert problem(f"{path}/x") == "cannot be opened: not a directory"
    assert problem(str(tmp_path)) == "cannot be read: it is a directory"
    assert problem("a\0b") == "cannot be opened: no file has such a name"
    with opened(path) as fd:
        closed = os.dup(fd)
        os.close(closed)
    assert problem(closed) == "cannot be opened: bad file descriptor"


def test_fault_187_a_file_that_may_not_be_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, flags: int) -> int:
        raise PermissionError(13, "Permission denied")  # root, who runs some tests, never gets it

    monkeypatch.setattr(os, "open", refuse)
    assert problem(str(path)) == "cannot be opened: permission denied"


def test_fault_187_a_directory_does_not_stay_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[int] = []
    real = os.close

    def close(fd: int) -> None:
        closed.append(fd)
        real(fd)

    monkeypatch.setattr(os, "close", close)
    problem(str(tmp_path))
    assert len(closed) == 1


def test_fault_186_a_name_is_only_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("-oProxy", "a;b|c $(d)", "\udcff\n"):
        with open(name, "wb") as file:
            file.write(b"x")
        opening = Opening(name, name=name)
        opening.fill(10)
        assert opening.head == b"x"
        opening.close()
