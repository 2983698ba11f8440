"""What is printed instead of sending anything."""

from __future__ import annotations

import pytest

from smtpwire import __version__
from smtpwire.cli.arguments import scan
from smtpwire.cli.options import OPTIONS
from smtpwire.cli.pages import Page, manual, page_asked_for, print_page, usage, version


def test_the_usage_names_every_option() -> None:
    lines = usage()
    for option in OPTIONS:
        name = f"-{option.short}, --{option.long}" if option.short else f"    --{option.long}"
        assert any(line.startswith(f"  {name} ") and option.help in line for line in lines), option


def test_the_usage_fits_the_width_of_a_terminal() -> None:
    assert max(map(len, usage())) <= 80


def test_the_manual() -> None:
    lines = manual()
    assert lines[0].startswith("SMTP(1)")
    assert "NAME" in lines


def test_the_version() -> None:
    assert version() == f"smtp (smtpwire) {__version__}"


@pytest.mark.parametrize(
    ("page", "first"), [(Page.MANUAL, "SMTP(1)"), (Page.USAGE, "usage:"), (Page.VERSION, "smtp")]
)
def test_pages_are_printed(page: Page, first: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert print_page(page) == 0
    printed = capfd.readouterr()
    assert printed.out.startswith(first)
    assert printed.out.endswith("\n")
    assert printed.err == ""


@pytest.mark.parametrize(
    ("option", "page"),
    [
        ("-h", Page.MANUAL),
        ("--help", Page.MANUAL),
        ("--usage", Page.USAGE),
        ("--version", Page.VERSION),
    ],
)
def test_a_page_wins_over_everything_else(option: str, page: Page) -> None:
    assert page_asked_for(scan([option])) is page
    assert page_asked_for(scan(["-F", "-r", "x", option])) is page


def test_without_these_options_no_page_is_asked_for() -> None:
    assert page_asked_for(scan(["-F", "-r", "x"])) is None
