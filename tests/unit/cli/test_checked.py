"""Values by the name that the user gave them."""

from __future__ import annotations

import pytest

from smtpwire.cli.arguments import scan
from smtpwire.cli.checked import checked, label
from smtpwire.cli.errors import UsageError
from smtpwire.cli.values import port


def test_an_option_is_called_as_it_is_typed() -> None:
    assert label("port") == "-p"
    assert label("tls-name") == "--tls-name"


def test_a_value_is_read_and_a_missing_one_is_none() -> None:
    assert checked(scan(["--port", "26"]), "port", port) == 26
    assert checked(scan([]), "port", port) is None


def test_a_wrong_value_is_told_with_the_option() -> None:
    with pytest.raises(UsageError) as caught:
        checked(scan(["-px"]), "port", port)
    assert caught.value.where == "-p"
