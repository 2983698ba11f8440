"""What the reply to EHLO offers."""

from __future__ import annotations

import pytest

from smtpwire.core.extensions import NO_EXTENSIONS, Capabilities, capabilities
from tests.unit.core.helpers import reply


def offered(*lines: str) -> Capabilities:
    return capabilities(reply("\n".join(f"250-{x}" for x in ("hi", *lines)) + "\n250 HELP"))


def test_keywords_are_without_case_and_parameters_are_kept() -> None:
    assert offered("pipelining", "Auth Plain login", "X-1 a B").keywords == {
        "PIPELINING": (),
        "AUTH": ("Plain", "login"),
        "X-1": ("a", "B"),
        "HELP": (),
    }


def test_only_white_space_of_ascii_separates() -> None:
    assert offered("PIPELINING\x1e", "CHUNKING\x85", "\xa0SIZE 9").keywords == {"HELP": ()}
    assert offered("\tSIZE\t 9").keywords == {"SIZE": ("9",), "HELP": ()}


def test_fault_44_lower_case() -> None:
    assert offered("starttls").offers("STARTTLS")


def test_fault_45_the_first_line_is_no_keyword() -> None:
    assert not capabilities(reply("250-STARTTLS\n250 HELP")).offers("STARTTLS")
    assert capabilities(reply("250 STARTTLS")).keywords == {}


@pytest.mark.parametrize("line", ["", " ", "-X", "A_B", "\u00e4", "SIZE=5", "=", "#"])
def test_fault_40_a_line_that_does_not_parse_is_passed_over(line: str) -> None:
    assert offered(line, "PIPELINING").keywords == {"PIPELINING": (), "HELP": ()}


def test_a_keyword_twice_adds_its_parameters() -> None:
    both = offered("AUTH PLAIN", "AUTH=LOGIN plain")
    assert both.mechanisms == ("PLAIN", "LOGIN")


def test_without_auth_no_mechanisms() -> None:
    assert offered().mechanisms == ()


@pytest.mark.parametrize(
    ("line", "limit"),
    [
        ("SIZE 1000", 1000),
        ("SIZE 0001000 x", 1000),
        ("SIZE " + "0" * 5000 + "7", 7),
        pytest.param("SIZE", None, id="no limit"),
        pytest.param("SIZE 0", None, id="43: 0 is no limit"),
        pytest.param("SIZE 00", None, id="43: so is 00"),
        pytest.param("SIZE 1" + "0" * 40, None, id="41: 10^40"),
        pytest.param("SIZE " + "9" * 5000, None, id="41: 5000 digits"),
        pytest.param("SIZE 999999999999999999", 999_999_999_999_999_999, id="18 digits"),
        pytest.param("SIZE -1", None, id="41: negative"),
        pytest.param("SIZE abc", None, id="41: letters"),
        pytest.param("SIZE \u0662", None, id="digits that are not ASCII"),
        pytest.param("SIZE \u00b2", None, id="a superscript"),
        pytest.param("HELP", None, id="not offered"),
    ],
)
def test_faults_41_and_43_size(line: str, limit: int | None) -> None:
    assert offered(line).size_limit == limit


def test_after_helo_there_is_nothing() -> None:
    assert not NO_EXTENSIONS.esmtp
    assert not NO_EXTENSIONS.offers("PIPELINING")
    assert NO_EXTENSIONS.size_limit is None
    assert offered().esmtp


def test_letters_that_only_look_like_a_keyword_in_capitals() -> None:
    offered = capabilities(reply("250-hello\n250-\u017fIZE 1\n250 AUTH PLA\u0131N LOGIN"))
    assert not offered.offers("SIZE")
    assert offered.mechanisms == ("LOGIN",)
