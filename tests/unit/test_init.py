"""The library's names: those of `__all__`, each imported when it is first used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import smtpwire


@pytest.mark.parametrize("name", smtpwire.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(smtpwire, name).__name__ == name
    assert name in dir(smtpwire)


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="module 'smtpwire' has no attribute 'sendmail'"):
        smtpwire.sendmail  # noqa: B018 - to ask for it is the test


def test_to_import_the_package_is_to_import_nothing_else() -> None:
    names = "import sys, smtpwire; print(*(n for n in sys.modules if n.startswith('smtpwire')))"
    done = subprocess.run([sys.executable, "-c", names], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["smtpwire"]
