"""The Received field."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import pytest

from smtpwire.message.received import received_field

BILLENNIUM = 1_000_000_000


def field(
    helo: str = "client.example", address: str = "192.0.2.1", when: float = 0, utc_offset: int = 0
) -> str:
    return received_field(
        helo=helo,
        address=address,
        program="smtpwire 1.0",
        protocol="ESMTPS",
        when=when,
        utc_offset=utc_offset,
    ).decode()


def test_the_whole_field() -> None:
    assert field(when=BILLENNIUM + 0.9, utc_offset=7200) == (
        "Received: from client.example ([192.0.2.1])\r\n"
        "\tby client.example (smtpwire 1.0) with ESMTPS;\r\n"
        "\tSun, 9 Sep 2001 03:46:40 +0200\r\n"
    )


def test_an_ipv6_address_is_a_tagged_literal_without_its_zone() -> None:
    assert "([IPv6:2001:db8::1])" in field(address="2001:db8::1")
    assert "([IPv6:fe80::1])" in field(address="fe80::1%eth0")


@pytest.mark.parametrize("utc_offset", [0, 3600, -3600, 20700, -12600, 50400, -43200])
@pytest.mark.parametrize("when", [0, BILLENNIUM, 1_709_164_800, 4_102_444_799])
def test_the_date_is_what_the_standard_library_reads(when: int, utc_offset: int) -> None:
    date = parsedate_to_datetime(field(when=when, utc_offset=utc_offset).rsplit("\t", 1)[1])
    assert date.timestamp() == when
    offset = date.utcoffset()
    assert offset is not None
    assert offset.total_seconds() == utc_offset


def test_every_day_and_every_month() -> None:
    dates = [field(when=day * 86400).rsplit("\t", 1)[1].split() for day in range(365)]
    assert {date[0] for date in dates} == {"Mon,", "Tue,", "Wed,", "Thu,", "Fri,", "Sat,", "Sun,"}
    assert list(dict.fromkeys(date[2] for date in dates)) == [
        *("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    ]


@pytest.mark.parametrize("length", range(40, 90))
def test_lines_are_folded_where_they_would_be_too_long(length: int) -> None:
    helo = ("a" * 30 + "." + "b" * 60)[:length]
    written = field(helo=helo, address="2001:db8:1111:2222:3333:4444:5555:6666")
    lines = written.removesuffix("\r\n").split("\r\n")
    assert all(line.startswith("\t") for line in lines[1:])
    assert all(len(line) <= 78 or line.split()[-1] == helo for line in lines)
    assert " ".join(written.split()).startswith(
        f"Received: from {helo} ([IPv6:2001:db8:1111:2222:3333:4444:5555:6666])"
        f" by {helo} (smtpwire 1.0) with ESMTPS; Thu,"
    )


def test_a_line_of_78_is_full_and_not_folded() -> None:
    widths = {len(line) for length in range(1, 70) for line in field("a" * length).split("\r\n")}
    assert 78 in widths
