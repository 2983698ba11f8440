"""The table of options is one that getopt(3) could use, and names what the contract names."""

from __future__ import annotations

from smtpwire.cli.options import BY_LONG, BY_SHORT, OPTIONS, Group, Kind

SHORT_OPTIONS = "frsFacdehHpRtvUPTMCV"
"""The twenty of the specification."""

ADDED = "j"
"""As make(1) and xargs(1) almost call it."""


def test_the_short_options_are_those_of_the_specification() -> None:
    assert sorted(BY_SHORT) == sorted(SHORT_OPTIONS + ADDED)


def test_no_name_stands_twice() -> None:
    assert len(BY_LONG) == len(OPTIONS)
    assert len(BY_SHORT) == sum(bool(option.short) for option in OPTIONS)


def test_a_flag_has_no_metavar_and_every_other_option_has_one() -> None:
    for option in OPTIONS:
        assert bool(option.metavar) == (option.kind is not Kind.FLAG), option


def test_every_heading_has_options() -> None:
    assert {option.group for option in OPTIONS} == set(Group)


def test_an_option_is_called_by_its_letter_where_it_has_one() -> None:
    assert BY_LONG["port"].label == "-p"
    assert BY_LONG["timeout"].label == "--timeout"
