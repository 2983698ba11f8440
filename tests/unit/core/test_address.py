"""Addresses: what is taken, what is refused, and in which words."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpwire.core.address import (
    Address,
    is_ipv4,
    is_ipv6,
    parse_address,
    parse_domain,
    parse_reverse_path,
)
from smtpwire.errors import InvalidAddress, SMTPError

NO_LITERAL = (
    "no address literal stands in the brackets at character 3:"
    " write [192.0.2.1] or [IPv6:2001:db8::1]"
)
NO_END = "the quoted string at character 1 has no end, or a backslash with nothing to quote"


def lone_dot(local: str) -> str:
    return (
        f"a dot in {local!r} has nothing before it or nothing after it, which takes quotes:"
        f' write "{local}"@domain'
    )


def not_idna(position: int, why: str) -> str:
    return f"the domain label at character {position} is not valid by IDNA 2008: {why}"


@pytest.mark.parametrize(
    ("text", "local", "domain"),
    [
        ("a@b", "a", "b"),
        ("<a@b>", "a", "b"),
        ("Joe.Smith+tag@Mail.Example", "Joe.Smith+tag", "Mail.Example"),
        ("!#$%&'*+/=?^_`{|}~-@example.org", "!#$%&'*+/=?^_`{|}~-", "example.org"),
        ("-oProxy@example.org", "-oProxy", "example.org"),
        ("a@b_c.example", "a", "b_c.example"),
        ("a@_x_.example", "a", "_x_.example"),
        ("a@1.2.3.4", "a", "1.2.3.4"),
        ("a@xn--bcher-kva.example", "a", "xn--bcher-kva.example"),
        ('"a b"@c', '"a b"', "c"),
        ('"a>b"@c', '"a>b"', "c"),
        ('<"a>\\"b\\\\"@c>', '"a>\\"b\\\\"', "c"),
        ('"a@b"@c', '"a@b"', "c"),
        ('"..a.."@c', '"..a.."', "c"),
        ('""@c', '""', "c"),
        ("a@[192.0.2.1]", "a", "[192.0.2.1]"),
        ("a@[IPv6:2001:db8::1]", "a", "[IPv6:2001:db8::1]"),
        ("a@[ipv6:::]", "a", "[ipv6:::]"),
        ("a@[X-tag:what!ever]", "a", "[X-tag:what!ever]"),
        ("postmaster", "postmaster", ""),
        ("<PostMaster>", "PostMaster", ""),
        ("jürgen@example.org", "jürgen", "example.org"),
        ("jü.rgen@example.org", "jü.rgen", "example.org"),
        ('"jü rgen"@example.org', '"jü rgen"', "example.org"),
        ("a@bücher.Example", "a", "xn--bcher-kva.Example"),
        ("a@faß.example", "a", "xn--fa-hia.example"),
        ("a@under_score.bücher.example", "a", "under_score.xn--bcher-kva.example"),
        # ZERO WIDTH NON-JOINER between these two letters is part of the label (RFC 5892 A.1)
        ("a@نامه\u200cای.example", "a", "xn--mgba3gch31f060k.example"),  # noqa: RUF001 - an alef
    ],
)
def test_is_taken(text: str, local: str, domain: str) -> None:
    assert parse_address(text) == (local, domain)


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("", "it is empty"),
        ("<>", "it is empty"),
        ("<", "the < at its start has no > at its end"),
        ("a", "it has no domain: write user@domain"),
        ("<a>", "it has no domain: write user@domain"),
        ('"a"', "it has no domain: write user@domain"),
        ("a@", "the domain label at character 3 is empty"),
        ("@b", "nothing stands before the @"),
        ("<@x,@y:a@b>", "source routes are not used any more: write user@domain"),
        ("@x:a@b", "source routes are not used any more: write user@domain"),
        ("<a@b", "the < at its start has no > at its end"),
        ("a@b>", "'>' at character 4 is not allowed in a domain"),
        ("a>@b", "'>' at character 2 is not allowed there"),
        ("<a@b> SIZE=1", "the < at its start has no > at its end"),
        ("a@b SIZE=1", "a space at character 4 is not allowed in a domain"),
        ("<a@b SIZE=1>", "a space at character 5 is not allowed in a domain"),
        ("joe smith@x", "a space at character 4 is not allowed there"),
        ("Joe <joe@x>", "give the address alone, without a name before it"),
        ("a@b@c", "'@' at character 4 is not allowed in a domain"),
        ('"a"b@c', "'b' at character 4 is not allowed there"),
        ('a"b"@c', "'\"' at character 2 is not allowed there"),
        ('"a@b', NO_END),
        ('"\\ü"@b', NO_END),
        ("a(x)@b", "'(' at character 2 is not allowed there"),
        ("a,b@c", "',' at character 2 is not allowed there"),
        (".a@b", lone_dot(".a")),
        ("a.@b", lone_dot("a.")),
        ("a..b@c", lone_dot("a..b")),
        ("a@b.", "the domain ends with a dot: leave that out"),
        ("<a@b.>", "the domain ends with a dot: leave that out"),
        ("a@.b", "the domain label at character 3 is empty"),
        ("a@b..c", "the domain label at character 5 is empty"),
        ("a@-b", "the domain label at character 3 begins or ends with a hyphen"),
        ("a@x.b-", "the domain label at character 5 begins or ends with a hyphen"),
        ("a@b!c", "'!' at character 4 is not allowed in a domain"),
        ("a@[1.2.3.4", "the [ at character 3 has no ] at the end"),
        ("a@[", "the [ at character 3 has no ] at the end"),
        ("a@[]", NO_LITERAL),
        ("a@[1.2.3.256]", NO_LITERAL),
        ("a@[IPv6:1.2.3.4]", NO_LITERAL),
        ("a@[2001:db8::1]]", NO_LITERAL),
        ("a@[x:a b]", NO_LITERAL),
        ("a@b>\r\nRCPT TO:<c@d", "a carriage return at character 5"),
        ("a@b\n", "a line feed at character 4"),
        ("a\0@b", "a NUL at character 2"),
        ("a\t@b", "a tab at character 2"),
        ("a\x7f@b", "a DEL at character 2"),
        ('"a\x1b[2J"@b', "U+001B at character 3"),
        ("a\x9b@b", "U+009B at character 2"),
        ("a\udcff@b", "the octet 0xff, which is not UTF-8, at character 2"),
        ("a\ud800@b", "U+D800 at character 2"),
        ("jü\u202e@b", "the invisible character U+202E at character 3"),
        ("a\u200b@b", "the invisible character U+200B at character 2"),
        ('"a\u00a0b"@c', "the invisible character U+00A0 at character 3"),
        ("a\u2028@b", "the invisible character U+2028 at character 2"),
        ("a@Bücher", not_idna(3, "Codepoint U+0042 at position 1 of 'Bücher' not allowed")),
        ("a@x.☃", not_idna(5, "Codepoint U+2603 at position 1 of '☃' not allowed")),
        ("a@b。c", not_idna(3, "Codepoint U+3002 at position 2 of 'b。c' not allowed")),
        ("a@b\u202ec", not_idna(3, "Codepoint U+202E at position 2 of 'b\\u202ec' not allowed")),
    ],
)
def test_is_refused_saying_what_and_where(text: str, flaw: str) -> None:
    with pytest.raises(InvalidAddress) as caught:
        parse_address(text)
    assert str(caught.value) == f"{text!r} is not an address: {flaw}"


def test_the_local_part_may_have_64_octets() -> None:
    assert parse_address("l" * 64 + "@b").local == "l" * 64
    for local, octets in (("l" * 65, 65), ("ü" * 33, 66), ('"' + "l" * 63 + '"', 65)):
        with pytest.raises(InvalidAddress, match=f"local part has {octets} octets, and 64 are"):
            parse_address(f"{local}@b")
    assert parse_address("ü" * 32 + "@b").local == "ü" * 32


def test_a_label_may_have_63_octets() -> None:
    assert parse_address("a@" + "d" * 63).domain == "d" * 63
    with pytest.raises(InvalidAddress, match="label at character 3 has 64 octets, and 63 are"):
        parse_address("a@" + "d" * 64)
    with pytest.raises(InvalidAddress, match="label at character 3 is not valid by IDNA 2008"):
        parse_address("a@" + "ü" * 60)


def test_an_address_may_have_254_octets() -> None:
    domain = ".".join(["d" * 63] * 3)  # 191 octets
    longest = "l" * 62 + "@" + domain
    assert len(longest) == 254
    assert str(parse_address(longest)) == longest
    with pytest.raises(InvalidAddress, match="it has 255 octets, and 254 are allowed"):
        parse_address("l" + longest)


def test_the_domain_may_have_255_octets_counted_as_sent() -> None:
    assert len(parse_domain(".".join(["d" * 63] * 4))) == 255
    with pytest.raises(InvalidAddress, match="the domain has 257 octets, and 255 are allowed"):
        parse_domain(".".join(["d" * 63] * 4) + ".d")
    with pytest.raises(InvalidAddress, match="the domain has 279 octets, and 255 are allowed"):
        parse_domain(".".join(["ü"] * 35))  # 69 characters, 35 times xn--tda


def test_a_long_wrong_text_is_shown_in_part() -> None:
    with pytest.raises(InvalidAddress) as caught:
        parse_address("x" * 1000)
    assert (
        str(caught.value)
        == f"'{'x' * 80}...' is not an address: it has no domain: write user@domain"
    )


def test_what_is_refused_is_both_one_of_ours_and_a_value_error() -> None:
    with pytest.raises(ValueError, match="is not an address") as caught:
        parse_address("x")
    assert isinstance(caught.value, SMTPError)


@pytest.mark.parametrize("text", ["", "<>"])
def test_the_null_reverse_path(text: str) -> None:
    assert parse_reverse_path(text) is None


def test_a_reverse_path_is_an_address_with_a_domain() -> None:
    assert parse_reverse_path("<a@b>") == Address("a", "b")
    for text in ("postmaster", "< >"):
        with pytest.raises(InvalidAddress):
            parse_reverse_path(text)


@pytest.mark.parametrize("text", ["example.org", "[192.0.2.1]", "[IPv6:::1]", "under_score"])
def test_a_domain_alone(text: str) -> None:
    assert parse_domain(text) == text


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("", "the domain label at character 1 is empty"),
        ("x\r\nMAIL FROM:<a@b>", "a carriage return at character 2"),
        ("x y", "a space at character 2 is not allowed in a domain"),
        ("x.", "the domain ends with a dot: leave that out"),
    ],
)
def test_a_domain_alone_that_is_refused(text: str, flaw: str) -> None:
    with pytest.raises(InvalidAddress) as caught:
        parse_domain(text)
    assert str(caught.value) == f"{text!r} is not a domain: {flaw}"


def test_what_goes_onto_the_wire() -> None:
    assert parse_address("<a@b>").wire == b"a@b"
    assert str(parse_address("a@b")) == "a@b"
    assert parse_address("postmaster").wire == b"postmaster"
    assert parse_address("jürgen@bücher.example").wire == "jürgen@xn--bcher-kva.example".encode()


def test_only_a_local_part_needs_smtputf8() -> None:
    assert parse_address("a@bücher.example").ascii
    assert not parse_address("jürgen@example.org").ascii


@pytest.mark.parametrize("text", ["0.0.0.1", "255.255.255.255", "192.0.2.1", "001.02.3.4"])
def test_ipv4(text: str) -> None:
    assert is_ipv4(text)


@pytest.mark.parametrize(
    "text", ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4\n", "1..2.3", "a.b.c.d"]
)
def test_not_ipv4(text: str) -> None:
    assert not is_ipv4(text)


@pytest.mark.parametrize(
    "text",
    [
        "::",
        "::1",
        "1::",
        "1:2:3:4:5:6:7:8",
        "1:2:3::6:7:8",
        "::ffff:192.0.2.1",
        "1:2:3:4:5:6:1.2.3.4",
    ],
)
def test_ipv6(text: str) -> None:
    assert is_ipv6(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        ":::",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4::5:6:7",  # :: for a single group
        "1::2::3",
        ":1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7:8:",
        "12345::",
        "g::",
        "::1%eth0",
        "1.2.3.4",
        "1.2.3.4::",
        "::1.2.3.256",
    ],
)
def test_not_ipv6(text: str) -> None:
    assert not is_ipv6(text)


@given(st.text(max_size=300) | st.text(alphabet='ab@.<>"\\ []:-\r\n\0ü\u202e', max_size=40))
def test_whatever_is_taken_can_do_no_harm_on_the_wire(text: str) -> None:
    """An address is one word between brackets, or quoted so that a server reads it as one."""
    try:
        address = parse_address(text)
    except InvalidAddress:
        return
    bare = re.sub(r'^"(?:[^"\\]|\\.)*"', "q", str(address))
    assert not set(bare) & set(' <>"\\,;()')
    assert not set(str(address)) & {chr(code) for code in [*range(32), *range(0x7F, 0xA0)]}
    assert len(address.wire) <= 254
    assert parse_address(f"<{address}>") == address


@given(st.text(alphabet='ab@.<>"\\ []:-\r\n\0ü\u202e\udcff', max_size=40))
def test_an_error_is_one_line_that_any_terminal_can_show(text: str) -> None:
    with pytest.raises(InvalidAddress) as caught:
        parse_address(f"{text} ")
    assert str(caught.value).isprintable()


@given(
    st.text(alphabet=string.ascii_letters + "!#$%&'*+/=?^_`{|}~-", min_size=1, max_size=64),
    st.from_regex(r"[a-z0-9]{1,10}(-[a-z0-9]{1,5})?(\.[a-z]{2,10}){0,3}", fullmatch=True),
)
def test_the_usual_address_is_taken_as_it_is(local: str, domain: str) -> None:
    assert parse_address(f"{local}@{domain}") == (local, domain)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "a." * 500_000,
        "a." * 500_000 + "@b",
        '"' + "\\a" * 500_000,
        "a@" + "b-" * 500_000,
        "a@" + "b." * 500_000,
        "a@" + "ü." * 500_000 + "x",
        "a@[IPv6:" + ":" * 1_000_000 + "]",
        "<" * 1_000_000,
        "a@b <" * 200_000 + ">",
    ],
    ids=lambda text: text[:8],
)
def test_a_million_characters_are_refused_in_linear_time(text: str) -> None:
    """A quadratic reader would need an hour for each; the suite's own limit would end it."""
    with pytest.raises(InvalidAddress) as caught:
        parse_address(text)
    assert len(str(caught.value)) < 300
