"""What a server may make of a secret that it says back."""

from __future__ import annotations

import base64
import hmac
import html
import json
import quopri
from urllib.parse import quote_plus

import pytest

from smtpwire.cli.secretforms import LONGEST_SOUGHT, SecretForms

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
    "PLAIN": base64.b64encode(PLAIN),
    "PLAIN, wrapped": base64.b64encode(PLAIN)[:10] + b" " + base64.b64encode(PLAIN)[10:],
    "LOGIN": base64.b64encode(OCTETS),
    "the user of LOGIN": base64.b64encode(USER.encode()),
    "URL-safe base64": base64.urlsafe_b64encode(OCTETS),
    "CRAM-MD5": base64.b64encode(DIGEST),
    "CRAM-MD5, decoded": DIGEST,
}


def hidden(user: str, password: str, text: bytes) -> bytes:
    """Return what is left of a text."""
    pattern = SecretForms(user, password).pattern(text)
    return text if pattern is None else pattern.sub(b"", text)


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


def test_behind_the_start_of_a_very_long_password_nothing_is_shown() -> None:
    start = b"0123456789" * (LONGEST_SOUGHT // 10 + 1)
    for form in (start, base64.b64encode(b"\0me\0" + start)):
        assert hidden("me", "0123456789" * 10_000, b"no: " + form + b"\nrest") == b"no: "


@pytest.mark.parametrize("text", [b"\n5.7.8 ", b"me ", b"bWU", b"S ", b" ", b"0x"], ids=ascii)
def test_what_only_looks_like_a_secret_is_searched_in_linear_time(text: bytes) -> None:
    long = text * (200_000 // len(text)) + b" Sup3r secU3VwM3Igc2Vj5375703372207365"
    assert hidden("me", "Sup3r sec!", long) == long


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
def test_for_what_a_server_usually_says_next_to_nothing_is_compiled(
    text: bytes, password: str
) -> None:
    pattern = SecretForms("someone@mail.example", password).pattern(text)
    assert pattern is None or len(pattern.pattern) < 500
