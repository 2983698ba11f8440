"""What is printed instead of sending anything."""

from __future__ import annotations

import re

import pytest

from smtpwire import __version__
from smtpwire.cli.arguments import scan
from smtpwire.cli.options import OPTIONS, Group
from smtpwire.cli.pages import Page, manual, page_asked_for, print_page, usage, version


def test_the_usage_names_every_option_once() -> None:
    named = re.findall(r"(?<=[ ,])--([a-z0-9-]+)(=?)", "\n".join(usage()))
    expected = [(o.long, "=" if o.metavar and not o.short else "") for o in OPTIONS]
    assert sorted(named) == sorted(expected)


def test_the_usage_has_a_line_for_every_letter() -> None:
    lines = usage()
    for option in OPTIONS:
        if option.short:
            shown = f" -{option.short}, --{option.long} {option.metavar}".rstrip()
            (line,) = (line for line in lines if f"{shown} " in line)
            assert line.endswith(f" {option.help}")


def test_the_usage_has_every_heading_once() -> None:
    headings = [line.split()[0] for line in usage()[4:-2] if not line.startswith(" ")]
    assert headings == [group.value for group in Group]


def test_the_usage_fits_on_one_screen() -> None:
    lines = usage()
    assert max(map(len, lines)) <= 80
    assert 24 <= len(lines) <= 40


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
