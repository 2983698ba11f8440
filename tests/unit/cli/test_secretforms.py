"""What a server may make of a secret that it says back."""

from __future__ import annotations

import base64
import hmac
import html
import json
import quopri
import struct
import sys
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpwire.cli.needles import SHORTEST_ANYWHERE
from smtpwire.cli.secretforms import LONGEST_SOUGHT, SecretForms

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

USER = "us er"
PASSWORD = 'S3cr3t&Pa ss<"é'
OCTETS = PASSWORD.encode()
PLAIN = b"\0us er\0" + OCTETS
DIGEST = b"us er " + hmac.new(OCTETS, b"<1@h>", "md5").hexdigest().encode()

FORMS = {
    "plain": OCTETS,
    "in the other case": PASSWORD.swapcase().encode(),
    "Latin-1": PASSWORD.encode("latin-1"),
    "hexadecimal with spaces": OCTETS.hex(" ").encode(),
    "hexadecimal with colons": OCTETS.hex(":").upper().encode(),
    "form-encoded": quote_plus(PASSWORD).encode(),
    "HTML": html.escape(PASSWORD).encode(),
    "JSON": json.dumps(PASSWORD)[1:-1].encode(),
    "quoted string": OCTETS.replace(b'"', b'\\"'),
    "quoted-printable": quopri.encodestring(OCTETS),
    "hexadecimal of Latin-1": PASSWORD.encode("latin-1").hex().encode(),
    "hexadecimal of UTF-16": PASSWORD.encode("utf-16-le").hex().encode(),
    "base64 of Latin-1": base64.b64encode(PASSWORD.encode("latin-1")),
    "base64 of UTF-16": base64.b64encode(PASSWORD.encode("utf-16-le")),
    "PLAIN": base64.b64encode(PLAIN),
    "PLAIN, wrapped": base64.b64encode(PLAIN)[:10] + b" " + base64.b64encode(PLAIN)[10:],
    "LOGIN": base64.b64encode(OCTETS),
    "the user of LOGIN": base64.b64encode(USER.encode()),
    "URL-safe base64": base64.urlsafe_b64encode(OCTETS),
    "CRAM-MD5": base64.b64encode(DIGEST),
    "CRAM-MD5, decoded": DIGEST,
    "a SCRAM signature": base64.b64encode(b"v=" + base64.b64encode(bytes(range(32)))),
}


def hidden(user: str, password: str, text: bytes, *, fragment: bool = False) -> bytes:
    """Return what is left of a text."""
    kept = bytearray(b"\1" * len(text))
    for start, end in SecretForms(user, password).spans(text, fragment=fragment):
        assert start < end
        kept[start:end] = bytes(end - start)
    return bytes(octet for octet, keep in zip(text, kept, strict=True) if keep)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_is_found_whole(form: bytes) -> None:
    assert hidden(USER, PASSWORD, b"no: " + form + b"!").strip() == b"no: !"


@pytest.mark.parametrize("between", [b" ", b"\n", b"\t\t", b"\n5.7.8 "], ids=ascii)
@pytest.mark.parametrize("name", ["plain", "PLAIN", "the user of LOGIN", "CRAM-MD5"])
def test_a_form_is_found_whole_when_its_characters_are_apart(name: str, between: bytes) -> None:
    characters = FORMS[name].decode().replace(" ", "").rstrip("=")
    apart = between.join(character.encode() for character in characters)
    assert hidden(USER, PASSWORD, b"no: " + apart + b"!") == b"no: !"


@pytest.mark.parametrize("offset", range(3))
def test_base64_at_any_place(offset: int) -> None:
    encoded = base64.b64encode(bytes(offset) + OCTETS)
    assert len(hidden(USER, PASSWORD, encoded)) <= offset + 1


@pytest.mark.parametrize("password", ["a", "abc"])
def test_of_a_short_password_the_long_forms_are_found_and_the_plain_one_as_a_word(
    password: str,
) -> None:
    octets = password.encode()
    for form in (octets, octets.hex().encode(), base64.b64encode(b"\0me\0" + octets)):
        assert hidden("me", password, form) == b""
    inside = b"x" + octets + b"x"
    assert hidden("me", password, inside) == inside


def test_a_password_that_latin_1_cannot_write() -> None:
    password = "\u043f\u0430\u0440\u043e\u043b\u044c-1"
    for form in (password, password.upper(), html.escape(password), json.dumps(password)[1:-1]):
        assert hidden("me", password, b"no: " + form.encode() + b" -1!") == b"no:  -1!"


@pytest.mark.parametrize(("user", "password"), [("me", ""), ("", ""), (" ", " "), ("", "    ")])
def test_what_is_empty_or_white_space_is_not_looked_for(user: str, password: str) -> None:
    text = b"535 5.7.8  no:    0123456789abcdef0123456789abcdef"
    assert hidden(user, password, text) == text


def test_behind_the_start_of_a_very_long_password_nothing_is_shown() -> None:
    start = b"0123456789" * (LONGEST_SOUGHT // 10 + 1)
    for form in (start, base64.b64encode(b"\0me\0" + start)):
        assert hidden("me", "0123456789" * 10_000, b"no: " + form + b"\nrest") == b"no: "


@pytest.mark.parametrize("text", [b"\n5.7.8 ", b"me ", b"bWU", b"S ", b" ", b"0x"], ids=ascii)
def test_what_only_looks_like_a_secret_is_left_alone(text: bytes) -> None:
    long = text * (200_000 // len(text)) + b" Sup3r secU3VwM3Igc2Vj5375703372207365 no"
    assert hidden("me", "Sup3r sec!", long) == long


ENCODERS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in capitals": str.upper,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "ascii": lambda text: ascii(text)[1:-1],
    "URL": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "HTML": html.escape,
    "decimal": lambda text: "".join(f"&#{ord(character)};" for character in text),
    "hexadecimal": lambda text: "".join(f"&#x{ord(character):X};" for character in text),
    "UTF-16": lambda text: "".join(
        f"\\u{unit:04x}" for (unit,) in struct.iter_unpack(">H", text.encode("utf-16-be"))
    ),
    "octal": lambda text: "".join(f"\\{octet:03o}" for octet in text.encode()),
    "xtext": lambda text: "".join(f"+{octet:02X}" for octet in text.encode()),
    "every other": lambda text: "".join(
        f"&#{ord(character)};" if place % 2 else quote(character, safe="")
        for place, character in enumerate(text)
    ),
    "dump": lambda text: " ".join(f"0x{octet:02x}" for octet in text.encode()),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "inside base64": lambda text: base64.b64encode(b"(" + text.encode() + b")").decode(),
    "base64 in a URL": lambda text: quote(base64.b64encode(text.encode()).decode(), safe=""),
    "PLAIN": lambda text: base64.b64encode(b"you\0me\0" + text.encode()).decode(),
}
SECRETS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=40)


@pytest.mark.parametrize("name", ENCODERS)
@given(secret=SECRETS)
def test_whatever_a_server_makes_of_a_secret_is_hidden(name: str, secret: str) -> None:
    form = ENCODERS[name](secret).encode()
    left = hidden("me", secret, b"535 5.7.8 ~~ " + form + b" ~~")
    assert form not in left
    assert left.startswith(b"535 5.7.8 ~~ ")
    assert left.endswith(b" ~~")


@pytest.mark.parametrize("between", ["-", ", ", "' + '", ":"])
@given(secret=SECRETS.filter(str.isalnum))
def test_letters_and_digits_are_found_whatever_is_between_them(between: str, secret: str) -> None:
    form = between.join(secret).encode()
    assert hidden("me", secret, b"no: (" + form + b")") == b"no: ()"
    assert hidden("me", secret + "!", b"no: (" + form + b") no") == b"no: (" + form + b") no"


@given(secret=SECRETS, text=st.text("\u2022\u00b7 \n\u2014").map(str.encode))
def test_text_that_shares_nothing_with_a_secret_is_left_alone(secret: str, text: bytes) -> None:
    assert hidden("me", secret, text) == text


CUT = [
    *(FORMS[name] for name in ("plain", "PLAIN", "LOGIN", "hexadecimal with colons")),
    *(FORMS[name] for name in ("JSON", "form-encoded", "URL-safe base64")),
]


@pytest.mark.parametrize("form", CUT, ids=ascii)
def test_the_beginning_of_a_form_is_hidden_where_a_text_was_cut(form: bytes) -> None:
    for size in range(SHORTEST_ANYWHERE, len(form)):
        assert hidden(USER, PASSWORD, b"no: " + form[:size]).rstrip() == b"no:"


@pytest.mark.parametrize("form", CUT[:2], ids=ascii)
def test_the_end_of_a_form_is_hidden_at_the_beginning_of_a_fragment(form: bytes) -> None:
    text = form[-9:] + b", no"
    assert hidden(USER, PASSWORD, text) == text
    assert hidden(USER, PASSWORD, text, fragment=True) == b", no"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (b"no: sec", b"no: "),
        (b"no: xsec", b"no: xsec"),
        (b"no: xsecr", b"no: x"),
        (b"no: se", b"no: se"),
        (b"no: sec!", b"no: sec!"),
        (b"no: sec\n\n", b"no: \n\n"),
        (b"retx", b"retx"),
        (b"cretx", b"x"),
        (b"ret.", b"."),
    ],
)
def test_three_octets_of_a_form_are_hidden_as_a_word_and_four_anywhere(
    text: bytes, left: bytes
) -> None:
    assert hidden("me", "secret", text, fragment=True) == left


def steps(secret: str, text: bytes) -> int:
    """Count the calls, of Python's functions and of those in C, that a search takes."""
    count = 0

    def counting(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    forms = SecretForms("me", secret)
    list(forms.spans(text))  # whatever is made only once is there then
    before = sys.getprofile()
    sys.setprofile(counting)
    try:
        for _ in forms.spans(text):
            pass
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize(
    ("secret", "unit"),
    [
        ("_ _ z", b"_"),
        ("\\" * 8 + "z", b"\\"),
        ("%" * 8 + "z", b"%25"),
        ("=" * 16 + "z", b"=3d"),
        ("a" * 127 + "b", b"a"),
        ("a" * 127 + "b", b"61 "),
        ("a" * 120, b"YWFh"),
        ("a", b"a "),
        ("+ " * 10 + "z", b"+"),
    ],
    ids=ascii,
)
def test_twice_the_text_takes_no_more_than_twice_the_steps(secret: str, unit: bytes) -> None:
    once = steps(secret, unit * 2_000)
    assert steps(secret, unit * 4_000) <= 2 * once


@given(
    secret=st.text("_+%=\\&#;x0a ", min_size=1, max_size=40),
    unit=st.text("_+%=\\&#;x0a \n5.", min_size=1, max_size=12).map(str.encode),
)
def test_no_text_takes_more_steps_than_its_length_allows(secret: str, unit: bytes) -> None:
    assert steps(secret, unit * 400) <= 2 * steps(secret, unit * 200)


@pytest.mark.parametrize(
    "password", ["hunter2", "correct horse battery staple", "p4$$w0rd", "é!" * 100]
)
@pytest.mark.parametrize(
    "text",
    [
        b"mail.example ESMTP ready",
        b"mail.example\nPIPELINING\nSIZE 10240000\n8BITMIME\nSTARTTLS\nAUTH PLAIN LOGIN\nCHUNKING",
        b"2.7.0 Authentication successful",
        b"2.0.0 Ok: queued as 4cZx7Q1Tn4z3hGw",
    ],
)
def test_what_a_server_usually_says_is_left_alone(text: bytes, password: str) -> None:
    assert list(SecretForms("someone@mail.example", password).spans(text)) == []
