"""What a domain publishes, read strictly."""

from __future__ import annotations

import pytest

from smtpwire.net.sts.policy import MAX_AGE, Mode, Policy, parse, policy_id

GOOD = (
    b"version: STSv1\r\nmode: enforce\r\n"
    b"mx: mail.example\r\nmx: *.example.net\r\nmax_age: 604800\r\n"
)
READ = Policy(Mode.ENFORCE, ("mail.example", "*.example.net"), 604_800)


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ([b"v=STSv1; id=20160831085700Z;"], "20160831085700Z"),
        ([b"v=STSv1;id=1"], "1"),
        ([b"v=STSv1 ; a=b; id=1; c=d"], "1"),
        ([b"other", b"v=STSv1; id=1;"], "1"),
        ([b"v=STSv1; id=1;", b"v=STSv1; id=2;"], None),
        ([b"v=STSv1; id=;"], None),
        ([b"v=STSv1; id=a-b;"], None),
        ([b"v=STSv1; id=" + b"1" * 33], None),
        ([b"v=STSv1;"], None),
        ([b"v=STSv2; id=1;"], None),
        ([b"v=STSv1\xff; id=1"], None),
        ([b" v=STSv1; id=1"], None),
        ([], None),
    ],
)
def test_the_record(texts: list[bytes], found: str | None) -> None:
    assert policy_id(texts) == found


@pytest.mark.parametrize(
    "data",
    [
        GOOD,
        GOOD.replace(b"\r\n", b"\n"),
        GOOD.rstrip(b"\r\n"),
        GOOD + b"\r\n",
        GOOD.replace(b": ", b":"),
        GOOD.replace(b"\r\n", b"  \r\n"),
        GOOD + b"unknown_field: whatever\r\n",
        GOOD + b"note: caf\xc3\xa9 \xe2\x80\xa8 au lait\r\n",
        GOOD + b"mode: none\r\nmax_age: 1\r\n",
        GOOD.replace(b"mail.example", b"MAIL.Example"),
    ],
)
def test_a_policy(data: bytes) -> None:
    assert parse(data) == READ


def test_none_needs_no_hosts() -> None:
    found = parse(b"version: STSv1\nmode: none\nmax_age: 0\n")
    assert found == Policy(Mode.NONE, (), 0)


def test_a_year_is_the_longest() -> None:
    assert parse(GOOD.replace(b"604800", b"9999999999")).max_age == MAX_AGE


@pytest.mark.parametrize(
    ("data", "flaw"),
    [
        (b"", "line 1 is not NAME: VALUE"),
        (b"<html>\n", "line 1 is not NAME: VALUE"),
        (GOOD.replace(b"mode", b"\nmode"), "line 2 is not NAME: VALUE"),
        (GOOD.replace(b"STSv1", b"STSv2"), "its version is not STSv1"),
        (GOOD.replace(b"version: STSv1\r\n", b""), "its version is not STSv1"),
        (GOOD.replace(b"enforce", b"Enforce"), "its mode is none of enforce, testing and none"),
        (GOOD.replace(b"mode: enforce\r\n", b""), "its mode is none of enforce"),
        (GOOD.replace(b"604800", b"-1"), "its max_age is not a number of seconds"),
        (GOOD.replace(b"604800", b"1" * 11), "its max_age is not a number of seconds"),
        (GOOD.replace(b"max_age", b"max-age"), "its max_age is not a number of seconds"),
        (GOOD.replace(b"mx: ", b"mxx: "), "it names no mx"),
        (GOOD.replace(b"mail.example", b"a.*.example"), "line 3 does not name a host"),
        (GOOD.replace(b"mail.example", b".example"), "line 3 does not name a host"),
        (GOOD.replace(b"mail.example", b"*"), "line 3 does not name a host"),
        (GOOD.replace(b"mail", b"m\xc3\xa4il"), "line 3 does not name a host"),
        (GOOD + b"n\xc3\xb6te: x\r\n", "line 6 is not NAME: VALUE"),
        (GOOD + b"note: caf\xe9\r\n", "it is not UTF-8"),
        (b"\xef\xbb\xbf" + GOOD, "line 1 is not NAME: VALUE"),
        (GOOD.replace(b"604800", "\u0661\u0662".encode()), "its max_age is not a number"),
    ],
)
def test_what_is_no_policy(data: bytes, flaw: str) -> None:
    with pytest.raises(ValueError, match=flaw):
        parse(data)


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("mail.example", True),
        ("MAIL.example", True),
        ("a.mail.example", False),
        ("example", False),
        ("a.example.net", True),
        ("A.Example.NET", True),
        ("example.net", False),
        ("a.b.example.net", False),
        ("aexample.net", False),
    ],
)
def test_the_hosts_that_it_allows(host: str, allowed: bool) -> None:
    assert READ.allows(host) is allowed
