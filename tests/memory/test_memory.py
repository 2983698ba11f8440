"""The memory that a submission needs does not depend on how large a message is, or on how many.

Peaks are compared with that of a message of 1 KB by the same way, so nothing here knows how large
an interpreter is.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.memory.conftest import Measure, Sink

pytestmark = pytest.mark.xdist_group("memory")  # one large file for all of them

MORE = 8 * 1024
"""KiB that a large message may take beyond a small one."""

ENVELOPE = ("-f", "a@x", "-r", "b@y")

SMALL = 16
"""Lines in 1 KB."""

BY_DATA = ("PIPELINING", "SIZE")
BY_BDAT = ("PIPELINING", "SIZE", "CHUNKING")

OFFERS = pytest.mark.parametrize(
    ("offers", "octets_a_line"), [(BY_DATA, 64), (BY_BDAT, 63)], ids=["DATA", "BDAT"]
)


@OFFERS
def test_a_large_file(
    measure: Measure,
    sink: Callable[..., Sink],
    large_file: str,
    lines: int,
    offers: tuple[str, ...],
    octets_a_line: int,
    tmp_path: Path,
) -> None:
    small_file = tmp_path / "small.eml"
    small_file.write_text("Subject: small\n\n" + "x" * 1000 + "\n", encoding="ascii")
    server = sink(*offers)
    small = measure("-s", server.address, *ENVELOPE, str(small_file))
    assert small.code == 0, small
    server.octets(1)
    large = measure("-s", server.address, *ENVELOPE, large_file)
    assert large.code == 0, large
    assert server.octets(1) == [lines * octets_a_line]
    assert large.peak - small.peak < MORE


@OFFERS
def test_a_large_pipe(
    measure: Measure,
    sink: Callable[..., Sink],
    lines: int,
    offers: tuple[str, ...],
    octets_a_line: int,
) -> None:
    server = sink(*offers)
    small = measure("-s", server.address, *ENVELOPE, lines=SMALL)
    assert small.code == 0, small
    large = measure("-s", server.address, *ENVELOPE, lines=lines)
    assert large.code == 0, large
    assert server.octets(2) == [SMALL * octets_a_line, lines * octets_a_line]
    assert large.peak - small.peak < MORE


def test_a_pipe_without_size_is_not_spooled(
    measure: Measure, sink: Callable[..., Sink], lines: int
) -> None:
    """There is nowhere to spool it to."""
    server = sink(*BY_BDAT)
    options = ("--no-size", "-s", server.address, *ENVELOPE)
    small = measure(*options, lines=SMALL, tmpdir="/nowhere")
    assert small.code == 0, small
    large = measure(*options, lines=lines, tmpdir="/nowhere")
    assert large.code == 0, large
    # A small one is read whole, and its octets are known: it can go by BDAT.
    assert server.octets(2) == [SMALL * 63, lines * 64]
    assert large.peak - small.peak < MORE


@pytest.fixture
def names(soak: bool) -> int:
    """How many names many are."""
    return 1_000_000 if soak else 20_000


def growth(measure: Measure, server: Sink, tmp_path: Path, names: int, *options: str) -> int:
    """KiB that so many messages take beyond 100."""
    message = tmp_path / "message.eml"
    message.write_text("Subject: one of many\n\nhello\n", encoding="ascii")
    few, many = tmp_path / "few", tmp_path / "many"
    few.write_text(f"{message}\n" * 100, encoding="utf-8")
    many.write_text(f"{message}\n" * names, encoding="utf-8")
    line = (*options, "-s", server.address, *ENVELOPE, "--files-from")
    small = measure(*line, str(few))
    assert small.code == 0, small
    assert len(server.octets(100)) == 100
    large = measure(*line, str(many))
    assert large.code == 0, large
    assert len(set(server.octets(names))) == 1
    return large.peak - small.peak


@pytest.mark.parametrize("option", ["--no-chunking", "--no-wait", "--jobs=10"])
def test_many_names(
    measure: Measure, sink: Callable[..., Sink], tmp_path: Path, option: str, names: int
) -> None:
    assert growth(measure, sink(*BY_BDAT), tmp_path, names, option) < MORE


def test_many_messages_in_records(
    measure: Measure, sink: Callable[..., Sink], tmp_path: Path, names: int
) -> None:
    records = tmp_path / "records"
    assert growth(measure, sink(*BY_BDAT), tmp_path, names, "--json", str(records)) < MORE
    with records.open("rb") as lines:
        kinds = Counter(json.loads(line)["record"] for line in lines)
    assert kinds == {"connection": 2, "message": names + 100, "recipient": names + 100}


@pytest.mark.parametrize(("jobs", "descriptors"), [(1, 16), (5, 47)], ids=["-j1", "-j5"])
@pytest.mark.parametrize("end", ["-d", "421", "FIN"])
def test_fault_196_reconnecting_takes_neither_memory_nor_descriptors(
    measure: Measure,
    sink: Callable[..., Sink],
    tmp_path: Path,
    soak: bool,
    end: str,
    jobs: int,
    descriptors: int,
) -> None:
    """Whether the client ends each connection behind its message or the server does."""
    connections = 10_000 if soak else 1_000
    message = tmp_path / "message.eml"
    message.write_text("Subject: one of many\n\nhello\n", encoding="ascii")
    names = tmp_path / "names"
    server = sink(*BY_BDAT) if end == "-d" else sink("--close-behind", end, *BY_BDAT)
    options = (*(["-d"] if end == "-d" else []), f"-j{jobs}", "-s", server.address, *ENVELOPE)
    names.write_text(f"{message}\n" * 20, encoding="utf-8")
    small = measure(*options, "--files-from", str(names), descriptors=descriptors)
    assert small.code == 0, small
    names.write_text(f"{message}\n" * connections, encoding="utf-8")
    large = measure(*options, "--files-from", str(names), descriptors=descriptors)
    assert large.code == 0, large
    assert len(server.octets(20 + connections)) == 20 + connections
    assert large.peak - small.peak < MORE
