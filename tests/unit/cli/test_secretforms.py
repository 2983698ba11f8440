"""What a server may make of a secret that it says back."""

from __future__ import annotations

import base64
import hmac
import html
import json
import quopri
from urllib.parse import quote_plus

import pytest

from smtpwire.cli.secretforms import LONGEST_SOUGHT, secret_pattern

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


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_is_found_whole(form: bytes) -> None:
    found = secret_pattern(USER, PASSWORD).search(b"no: " + form + b" !")
    assert found is not None
    assert found[0].strip() == form.strip()


@pytest.mark.parametrize("offset", range(3))
def test_base64_at_any_place(offset: int) -> None:
    encoded = base64.b64encode(bytes(offset) + OCTETS)
    hidden = secret_pattern(USER, PASSWORD).sub(b"", encoded)
    assert len(hidden) <= offset + 1


@pytest.mark.parametrize("password", ["a", "abc"])
def test_of_a_short_password_the_long_forms_are_found_and_the_plain_one_as_a_word(
    password: str,
) -> None:
    pattern = secret_pattern("me", password)
    octets = password.encode()
    for form in (octets, octets.hex().encode(), base64.b64encode(b"\0me\0" + octets)):
        assert pattern.fullmatch(form)
    assert pattern.search(b"x" + octets + b"x") is None


def test_behind_the_start_of_a_very_long_password_nothing_is_shown() -> None:
    pattern = secret_pattern("me", "0123456789" * 10_000)
    start = b"0123456789" * (LONGEST_SOUGHT // 10 + 1)
    for form in (start, base64.b64encode(b"\0me\0" + start)):
        assert pattern.sub(b"", b"no: " + form + b"\nrest") == b"no: "


@pytest.mark.parametrize("text", [b"\n5.7.8 ", b"me ", b"bWU", b"S ", b" ", b"0x"], ids=ascii)
def test_what_only_looks_like_a_secret_is_searched_in_linear_time(text: bytes) -> None:
    assert secret_pattern("me", "Sup3r sec").search(text * (200_000 // len(text))) is None
