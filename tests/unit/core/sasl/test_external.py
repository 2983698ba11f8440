"""EXTERNAL, octet for octet."""

from __future__ import annotations

import pytest

from smtpwire.core.sasl.external import External


@pytest.mark.parametrize("identity", ["", "fred@example.com", "jürgen"])
def test_external_names_whom_to_act_as_and_nothing_else(identity: str) -> None:
    external = External(identity)
    assert external.initial() == identity.encode()
    assert external.step(b"") is None
