"""The words of a netrc file, and whose password is where."""

from __future__ import annotations

import pytest

from smtpwire.cli.netrcfile import Entry, NetrcError, entries, password


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("# nothing but this", []),
        ("machine h login me password p", [Entry("h", "me", "p")]),
        ("machine h\n\tuser me\n\taccount a\n\tpassword p\n", [Entry("h", "me", "p")]),
        ("machine h port 587 login me password p", [Entry("h", "me", "p")]),
        ("machine h", [Entry("h", "", "")]),
        ("machine h password login", [Entry("h", "", "login")]),
        ("default password p", [Entry(None, "", "p")]),
        ('machine h password "p w"', [Entry("h", "", "p w")]),
        ('machine h password ""', [Entry("h", "", "")]),
        (r'machine h password "a\"b\\c"', [Entry("h", "", 'a"b\\c')]),
        (r"machine h password p\ w", [Entry("h", "", "p w")]),
        ('machine h password p"w', [Entry("h", "", 'p"w')]),
        ("machine h password p#w # c\nlogin me # machine x", [Entry("h", "me", "p#w")]),
        ("machine h password #p", [Entry("h", "", "#p")]),
        ("#machine x\nmachine h #\nlogin me", [Entry("h", "me", "")]),
        ("machine h login me macdef init\nmachine x\n\nmachine i", ["h", "i"]),
        ("macdef init\ncd /\n \t\nmachine h", ["h"]),
        ("machine h macdef init\nmachine x", ["h"]),
        ("machine h login a machine h login b default", ["h", "h", None]),
    ],
)
def test_entries(text: str, found: list[Entry | str | None]) -> None:
    read = entries(text)
    assert [e if isinstance(f, Entry) else e.machine for e, f in zip(read, found, strict=True)] == (
        found
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("login me", 1),
        ("machine h\nlogin me\npasswort geheim\n", 3),
        ("machine h\nlogin", 2),
        ("machine", 1),
        ('machine h password "geheim', 1),
        ("\n\nnothing of the kind", 3),
    ],
)
def test_what_is_none(text: str, line: int) -> None:
    with pytest.raises(NetrcError) as raised:
        entries(text)
    assert raised.value.line == line
    assert "geheim" not in str(raised.value)


KNOWN = [
    Entry("one", "alice", "of alice"),
    Entry("ONE", "", "of anybody"),
    Entry("one", "bob", "of bob"),
    Entry("one", "bob", "of another bob"),
    Entry("two", "alice", "of alice at two"),
    Entry(None, "bob", "everywhere"),
]


@pytest.mark.parametrize(
    ("machine", "user", "found"),
    [
        ("one", "alice", "of alice"),
        ("One", "bob", "of bob"),
        ("one", "carol", "of anybody"),
        ("two", "alice", "of alice at two"),
        ("two", "bob", None),
        ("three", "bob", "everywhere"),
        ("three", "alice", None),
    ],
)
def test_whose_password_it_is(machine: str, user: str, found: str | None) -> None:
    assert password(KNOWN, machine, user) == found
