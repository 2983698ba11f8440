"""Single values of the command line."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from smtpwire.cli import values
from smtpwire.cli.errors import UsageError
from smtpwire.client import Server

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("text", "number"), [("25", 25), ("1", 1), ("65535", 65535), ("025", 25), ("smtp", 25)]
)
def test_ports(text: str, number: int) -> None:
    assert values.port("-p", text) == number


@pytest.mark.parametrize("text", ["", "0", "65536", "9" * 5000, "-1", "+25", "²", "no-such", "a\0"])
def test_what_is_not_a_port(text: str) -> None:
    with pytest.raises(UsageError, match="is not a port: give a number from 1 to 65535"):
        values.port("-p", text)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("mail.example", "mail.example", 25),
        ("mail.example:2525", "mail.example", 2525),
        ("mail.example:smtp", "mail.example", 25),
        ("192.0.2.1", "192.0.2.1", 25),
        ("[2001:db8::1]", "2001:db8::1", 25),
        ("[2001:db8::1]:2525", "2001:db8::1", 2525),
        ("2001:db8::1", "2001:db8::1", 25),
        ("::1", "::1", 25),
        ("fe80::1%eth0", "fe80::1%eth0", 25),
        ("smtp://mail.example", "mail.example", 25),
        ("SMTP://mail.example:26/", "mail.example", 26),
        ("smtp://[::1]:26", "::1", 26),
        ("bücher.example", "bücher.example", 25),
    ],
)
def test_servers(text: str, host: str, port: int) -> None:
    assert values.server("-s", text, None, tls=False, at_once=False) == Server(host, port)


@pytest.mark.parametrize(
    ("text", "default", "tls", "at_once", "port", "on_connect"),
    [
        ("h", 2525, False, False, 2525, False),
        ("h:26", 2525, False, False, 26, False),
        ("smtps://h", None, False, False, 465, True),
        ("smtps://h", 2525, False, False, 2525, True),
        ("smtps://h:26", None, False, False, 26, True),
        ("h:465", None, False, False, 465, False),
        ("h:465", None, True, False, 465, True),
        ("h", 465, True, False, 465, True),
        ("h:587", None, True, False, 587, False),
        ("h:587", None, True, True, 587, True),
    ],
)
def test_ports_and_tls_of_servers(
    text: str, default: int | None, tls: bool, at_once: bool, port: int, on_connect: bool
) -> None:
    expected = Server("h", port, on_connect)
    assert values.server("-s", text, default, tls=tls, at_once=at_once) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not a server"),
        (":25", "is not a server"),
        ("a b", "is not a server"),
        ("a\nb", r"'a\nb' is not a server"),
        ("smtp://h/path", "is not a server"),
        ("user@h", "the user's name goes into -U"),
        ("h:", "is not a port"),
        ("h:x", "is not a port"),
        ("unix:/run/lmtp", "is not a port"),
        ("[::1", "write an IPv6 address as"),
        ("[::1]x", "write an IPv6 address as"),
        ("[]", "write an IPv6 address as"),
        ("[192.0.2.1]", "write an IPv6 address as"),
        ("[::1%]", "write an IPv6 address as"),
        ("a:b:c", "is neither HOST:PORT nor an IPv6 address"),
        ("::1\0", "is neither HOST:PORT nor an IPv6 address"),
        ("lmtp://h:24", "the scheme is to be smtp:// or smtps://"),
    ],
)
def test_what_is_not_a_server(text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        values.server("-s", text, None, tls=False, at_once=False)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["me:secret@h", "smtp://me:secret@h/", "smtps://me:secret@h:465", "me:a:secret@[::1]:25"],
)
def test_a_password_in_the_name_of_a_server_is_not_repeated(text: str) -> None:
    with pytest.raises(UsageError, match="the user's name goes into -U") as caught:
        values.server("-s", text, None, tls=False, at_once=False)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("text", "number"), [("1", 1.0), ("0.5", 0.5), ("1e3", 1000.0)])
def test_seconds(text: str, number: float) -> None:
    assert math.isclose(values.seconds("--timeout", text), number)


@pytest.mark.parametrize("text", ["", "0", "-1", "nan", "inf", "1e9", "1_0", "5s", " 3 ", "\u0663"])
def test_what_is_not_a_time(text: str) -> None:
    with pytest.raises(UsageError, match="is not a time: give seconds, more than 0"):
        values.seconds("--timeout", text)


def test_sizes() -> None:
    assert values.octets("--chunk-size", "65536") == 65536


@pytest.mark.parametrize("text", ["", "0", "-1", "1k", "1.5", "9" * 5000])
def test_what_is_not_a_size(text: str) -> None:
    with pytest.raises(UsageError, match="is not a size: give a number of octets, 1 or more"):
        values.octets("--chunk-size", text)


def test_numbers() -> None:
    assert values.count("-j", "10") == 10


@pytest.mark.parametrize("text", ["", "0", "-1", "1e3", "\u0661", "9" * 5000])
def test_what_is_not_a_number(text: str) -> None:
    with pytest.raises(UsageError, match="is not a number: give 1 or more"):
        values.count("-j", text)


def test_tls_versions() -> None:
    assert values.tls_version("--tls-min", "1.2") == "1.2"
    with pytest.raises(UsageError, match=r"'1.4' is not a TLS version: 1.0, 1.1, 1.2, 1.3"):
        values.tls_version("--tls-min", "1.4")


def test_mechanisms() -> None:
    assert values.mechanisms("--auth", "cram-md5, Plain") == ("CRAM-MD5", "PLAIN")
    with pytest.raises(UsageError, match=r"'X' is not a mechanism: SCRAM-SHA-512-PLUS, .*, NTLM"):
        values.mechanisms("--auth", "PLAIN,x")


def test_addresses() -> None:
    assert values.reverse_path("-f", "<>") is None
    assert list(map(str, values.recipients("-r", ["b@x", "a@x", "b@x"]))) == ["b@x", "a@x", "b@x"]


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (values.reverse_path, "a@x\r\nRCPT TO:<b@y>"),
        (lambda label, text: values.recipients(label, [text]), "a@b>\r\nRCPT TO:<c@d"),
        (values.helo_name, "x\r\nMAIL FROM:<a@x>"),
    ],
)
def test_fault_47_96_no_second_command_gets_into_a_line(
    check: Callable[[str, str], object], text: str
) -> None:
    with pytest.raises(UsageError) as caught:
        check("-x", text)
    assert caught.value.where == "-x"
    assert "\n" not in str(caught.value)


def test_helo_names() -> None:
    assert values.helo_name("-H", "me.example") == "me.example"
    assert values.helo_name("-H", "[192.0.2.1]") == "[192.0.2.1]"


def test_users() -> None:
    assert values.user_name("-U", "jürgen@x.example") == "jürgen@x.example"


@pytest.mark.parametrize("text", ["", "a\0b", "a\nb", "a\u202eb", "a\udcff"])
def test_what_is_not_a_user(text: str) -> None:
    with pytest.raises(UsageError):
        values.user_name("-U", text)


def test_fault_92_a_password_may_hold_anything_but_a_nul() -> None:
    assert values.password("-P", "a\r\nb ü") == "a\r\nb ü"


@pytest.mark.parametrize("text", ["geheim\0", "geheim\udcff"])
def test_the_error_about_a_password_does_not_repeat_it(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        values.password("-P", text)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "a\0b"])
def test_what_is_not_the_name_of_a_file(text: str) -> None:
    with pytest.raises(UsageError):
        values.path("--json", text)


def test_the_name_of_a_file() -> None:
    assert values.path("--json", "log.jsonl") == "log.jsonl"
