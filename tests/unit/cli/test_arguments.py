"""The words of the command line, by the rules of getopt(3)."""

from __future__ import annotations

import pytest

from smtpwire.cli.arguments import scan
from smtpwire.cli.errors import UsageError


@pytest.mark.parametrize(
    ("argv", "values", "arguments"),
    [
        ("", {}, ""),
        ("a b", {}, "a b"),
        ("-M -V", {"require-tls": [], "verify": []}, ""),
        ("-MV", {"require-tls": [], "verify": []}, ""),
        ("-p 25", {"port": ["25"]}, ""),
        ("-p25", {"port": ["25"]}, ""),
        ("-Mp25", {"require-tls": [], "port": ["25"]}, ""),
        ("-Mp 25", {"require-tls": [], "port": ["25"]}, ""),
        ("-p=25", {"port": ["=25"]}, ""),
        ("--port 25", {"port": ["25"]}, ""),
        ("--port=25", {"port": ["25"]}, ""),
        ("--port=", {"port": [""]}, ""),
        ("--password=a=b", {"password": ["a=b"]}, ""),
        ("-P -x", {"password": ["-x"]}, ""),
        ("-P --", {"password": ["--"]}, ""),
        ("--password -v", {"password": ["-v"]}, ""),
        ("-r a -r b", {"rcpt-to": ["a", "b"]}, ""),
        ("a -v b", {"verbose": []}, "a b"),
        ("a b -v", {"verbose": []}, "a b"),
        ("-", {}, "-"),
        ("-- -v --port", {}, "-v --port"),
        ("a -- -- b", {}, "a -- b"),
        ("-v -v", {"verbose": []}, ""),
    ],
)
def test_words(argv: str, values: dict[str, list[str]], arguments: str) -> None:
    words = scan(argv.split())
    assert words.values == values
    assert words.arguments == tuple(arguments.split())


def test_an_empty_word_is_an_argument_and_can_be_a_value() -> None:
    words = scan(["-P", "", ""])
    assert words.value("password") == ""
    assert words.arguments == ("",)


def test_the_last_value_counts() -> None:
    assert scan(["-p1", "--port=2"]).value("port") == "2"


@pytest.mark.parametrize(
    ("argv", "places"),
    [
        ("-P a", [(1, 0)]),
        ("-Pa", [(0, 2)]),
        ("-MVPa", [(0, 4)]),
        ("-MVP a", [(1, 0)]),
        ("srv --password=a", [(1, 11)]),
        ("srv --password a", [(2, 0)]),
        ("-Pa x -P b", [(0, 2), (3, 0)]),
    ],
)
def test_where_a_value_stands(argv: str, places: list[tuple[int, int]]) -> None:
    words = scan(argv.split())
    assert words.places == {"password": places}
    where = [argv.split()[word][start:] for word, start in places]
    assert where == words.values["password"]


def test_what_was_not_given() -> None:
    words = scan([])
    assert words.value("port") is None
    assert not words.flag("verbose")


@pytest.mark.parametrize(
    ("argv", "where", "text"),
    [
        ("-Z", "-Z", "there is no such option; smtp --usage lists them"),
        ("-vZ", "-Z", "there is no such option; smtp --usage lists them"),
        ("--verb", "--verb", "there is no such option; smtp --usage lists them"),
        ("--verbosely", "--verbosely", "there is no such option; smtp --usage lists them"),
        ("--p=25", "--p", "there is no such option; smtp --usage lists them"),
        ("--verbose=1", "--verbose", "takes no value; leave out what follows the '='"),
        ("-p", "-p", "needs a value: -p PORT, number or service name (25)"),
        ("--port", "--port", "needs a value: --port PORT, number or service name (25)"),
        ("-vp", "-p", "needs a value: -p PORT, number or service name (25)"),
    ],
)
def test_what_cannot_be_read(argv: str, where: str, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        scan(argv.split())
    assert (caught.value.where, str(caught.value)) == (where, text)


def test_many_recipients_take_linear_time() -> None:
    recipients = [f"-ru{n}@x.example" for n in range(50_000)]
    assert len(scan(recipients).values["rcpt-to"]) == len(recipients)
