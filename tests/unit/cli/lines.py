"""Whole command lines, read."""

from __future__ import annotations

import shlex

import pytest

from smtpwire.cli.arguments import scan
from smtpwire.cli.errors import UsageError
from smtpwire.cli.parse import CliOptions, parse

BASE = "mail.example a@x.example b@y.example"


def options(line: str) -> CliOptions:
    return parse(scan(shlex.split(line)))


def refusal(line: str) -> tuple[str, str]:
    with pytest.raises(UsageError) as caught:
        options(line)
    return caught.value.where, str(caught.value)
