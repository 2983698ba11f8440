"""Address lists: what is taken, what is refused, and in which words."""

from __future__ import annotations

import pytest

from smtpwire.errors import MessageUnusable
from smtpwire.message.addresslist import parse_address_list


@pytest.mark.parametrize(
    ("body", "want"),
    [
        ("", []),
        (" \r\n", []),
        ("a@x", ["a@x"]),
        (" a@x\r\n", ["a@x"]),
        ("a@x,b@y , c@z", ["a@x", "b@y", "c@z"]),
        ("<a@x>", ["a@x"]),
        ("A B <a@x>, b@y", ["a@x", "b@y"]),
        ("J. Q. Doe <j@x>", ["j@x"]),
        ("first.last@sub.example", ["first.last@sub.example"]),
        ("!#$%&'*+-/=?^_`{|}~@x", ["!#$%&'*+-/=?^_`{|}~@x"]),
        ('"a b"@x', ['"a b"@x']),
        (r'"a\"b\\"@x', [r'"a\"b\\"@x']),
        ('""@x', ['""@x']),
        ("a@[192.0.2.1]", ["a@[192.0.2.1]"]),
        ("a@[IPv6:2001:db8::1]", ["a@[IPv6:2001:db8::1]"]),
        ("a @ x", ["a@x"]),
        ("a (c) @ (d) x (e)", ["a@x"]),
        ("(a(b(c)d)e\\)f) a@x", ["a@x"]),
        ("(a, b@c) a@x", ["a@x"]),
        ("a@x,,b@y,", ["a@x", "b@y"]),
        (",a@x", ["a@x"]),
    ],
)
def test_lists(body: str, want: list[str]) -> None:
    assert parse_address_list(body, "To") == want
    assert parse_address_list(body.encode(), "To") == want


def test_fault_178_commas_in_quotes_comments_groups_and_folds() -> None:
    body = (
        b' "a, b" <c@d>,\r\n\t(one, two) e@f ,\r\n Team: "x;y" <g@h>, i@j;,\n'
        b' "folded\r\n name" <k@l> (\r\n comment\r\n )\r\n'
    )
    assert parse_address_list(body, "To") == ["c@d", "e@f", "g@h", "i@j", "k@l"]


def test_a_fold_in_a_quoted_local_part_is_white_space() -> None:
    assert parse_address_list('"a\r\n b"@x', "To") == ['"a b"@x']


@pytest.mark.parametrize("body", ["undisclosed-recipients:;", "a:,;", '"a b" c:(none);\r\n'])
def test_fault_179_an_empty_group_has_no_addresses(body: str) -> None:
    assert parse_address_list(body, "To") == []


def test_groups_among_addresses() -> None:
    assert parse_address_list("a@x, g: b@x, c@x;, h:;, d@x", "To") == ["a@x", "b@x", "c@x", "d@x"]


def test_fault_177_a_comment_is_no_address() -> None:
    assert parse_address_list("a@x (<b@y>)", "From") == ["a@x"]


@pytest.mark.parametrize("body", ["a@x@<b@y>", "a@x <b@y>", "a@x@y", "<a@x>b@y", "<a@x> <b@y>"])
def test_fault_177_two_addresses_without_a_comma_are_refused(body: str) -> None:
    with pytest.raises(MessageUnusable, match="there is no comma behind an address at "):
        parse_address_list(body, "From")


def test_fault_180_encoded_words_are_never_decoded() -> None:
    assert parse_address_list("=?utf-8?q?x=40y?= <a@b>", "To") == ["a@b"]
    assert parse_address_list("=?utf-8?q?x=2Ey?=@b", "To") == ["=?utf-8?q?x=2Ey?=@b"]
    with pytest.raises(MessageUnusable):
        parse_address_list("=?utf-8?q?x=40y?=", "To")


def test_utf8_is_kept_in_both_parts() -> None:
    assert parse_address_list("é@é.example".encode(), "To") == ["é@é.example"]


def test_fault_184_other_octets_are_passed_over_where_they_are_not_read() -> None:
    assert parse_address_list(b'\xe9 <a@x> (\xe9), "\xe9" <b@y>', "To") == ["a@x", "b@y"]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"\xe9@x", r"an address is not UTF-8 at '\udce9@x'"),
        (b"a@\xe9", r"an address is not UTF-8 at 'a@\udce9'"),
        (b'"a\0b"@x', r"""an address holds a control character at '"a\x00b"@x'"""),
        (b'"a\tb"@x', r"""an address holds a control character at '"a\tb"@x'"""),
        (b"a\xc2\x85@x", r"an address holds a control character at 'a\x85@x'"),
        (b"a\0@x", r"'\x00' cannot stand there at '\x00@x'"),
        (b"b@y, \x1b[31m@x", r"'\x1b' cannot stand there at '\x1b[31m@x'"),
        (b"a@x\r\nb@y", r"'\r' cannot stand there at 'b@y'"),
    ],
)
def test_fault_184_bad_octets_in_an_address_are_refused(body: bytes, text: str) -> None:
    with pytest.raises(MessageUnusable) as caught:
        parse_address_list(body, "Cc")
    assert str(caught.value) == f"in its Cc field, {text}"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("foo", "there is text that is not an address at 'foo'"),
        ("a@x, foo", "there is text that is not an address at 'foo'"),
        ("a b@x", "there is text that is not an address at 'a b@x'"),
        ("a..b@x", "there is text that is not an address at 'a..b@x'"),
        ("a.@x", "there is text that is not an address at 'a.@x'"),
        ("<a.@x>", "there is text that is not an address at 'a.@x>'"),
        ("<foo>", "there is text that is not an address at 'foo>'"),
        ("g:a:b@x;", "there is text that is not an address at 'a:b@x;'"),
        (".a@x", "there is no address at '.a@x'"),
        ("@x", "there is no address at '@x'"),
        (":a@x;", "there is no address at ':a@x;'"),
        ("a@x, ;", "there is no address at ';'"),
        ("<>", "there is no address behind < at '>'"),
        ("a@", "an address has no domain at 'a@'"),
        ('a@"x"', "an address has no domain at 'a@\"x\"'"),
        ("a@x.", "there is no comma behind an address at '.'"),
        ("a@x;", "there is no comma behind an address at ';'"),
        ("g:;a@x", "there is no comma behind an address at 'a@x'"),
        ("<a@x> b", "there is no comma behind an address at 'b'"),
        ("<a@x", "an address in <> is not ended by > at its end"),
        ("<a@x,b@y>", "an address in <> is not ended by > at ',b@y>'"),
        ("g: a@x", "a group is not ended by ; at its end"),
        ('a@x, "b', "a quotation mark is not closed at '\"b'"),
        (r'"b\"', "a quotation mark is not closed at '\"b\\\\\"'"),
        ("a@x (b", "a comment is not closed at '(b'"),
        ("(a (b) @x", "a comment is not closed at '(a (b) @x'"),
        ("a@x)", "a ) closes nothing at ')'"),
        ("a@[x y]", "what begins with [ is not a domain literal at '[x y]'"),
        ("a@[x", "what begins with [ is not a domain literal at '[x'"),
        ("a\\b@x", r"'\\' cannot stand there at '\\b@x'"),
        ("x" * 60, f"there is text that is not an address at '{'x' * 40}...'"),
    ],
)
def test_what_is_no_list_is_refused_and_the_place_quoted(body: str, text: str) -> None:
    with pytest.raises(MessageUnusable) as caught:
        parse_address_list(body, "To")
    assert str(caught.value) == f"in its To field, {text}"


def test_fault_100_source_routes_are_refused() -> None:
    with pytest.raises(MessageUnusable, match="a source route is not supported at '@x,@y:a@b>'"):
        parse_address_list("<@x,@y:a@b>", "To")


@pytest.mark.parametrize(
    "body",
    [
        "(" * 300_000,
        "(" * 150_000 + ")" * 150_000,
        "a " * 150_000,
        "a." * 150_000,
        '"' + "\\a" * 150_000,
        '"" ' * 100_000,
        "a@b," * 75_000,
        "g:;," * 75_000,
        "\r\n " * 100_000,
        "<" * 300_000,
    ],
)
def test_fault_183_no_list_takes_quadratic_time_or_recursion(body: str) -> None:
    # What is quadratic takes minutes here; what recurses, an exception that is not the parser's.
    try:
        addresses = parse_address_list(body, "To")
    except MessageUnusable:
        addresses = []
    assert addresses in ([], ["a@b"] * 75_000)
