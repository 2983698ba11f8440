"""What the targets are worth: each broken rule is noticed by the target that it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fuzz.mutants import MUTANTS
from tests.fuzz.random_inputs import alarmed, play
from tests.fuzz.targets import TARGETS
from tests.fuzz.test_fuzz import GUIDED, guided
from tests.property.mutants import applied

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fuzz.targets import Target

ROUNDS = 40


def test_every_target_has_its_mutants() -> None:
    assert {target for target, _ in MUTANTS} == set(TARGETS)


@pytest.mark.parametrize(("name", "rule"), MUTANTS)
def test_a_broken_rule_is_noticed(name: str, rule: str) -> None:
    """The inputs are the same each time."""
    target = TARGETS[name]
    with applied(MUTANTS[name, rule]), alarmed():
        assert _is_noticed(target)


def _is_noticed(target: Target) -> bool:
    try:
        for octets in target.corpus:
            target.check(octets)
        for number in range(ROUNDS):
            play(target, number)
    except Exception:  # noqa: BLE001 - a mutant may fail in any way
        return True
    return False


@GUIDED
def test_what_the_code_leads_to_is_kept_when_it_fails(tmp_path: Path) -> None:
    rule = "one code for all lines of a reply"
    done = guided("replies", "--mutant", rule, f"-artifact_prefix={tmp_path}/", "-runs=1000000")
    assert done.returncode != 0
    assert "AssertionError" in done.stdout + done.stderr
    kept = [path.read_bytes() for path in tmp_path.iterdir()]
    assert len(kept) == 1
    TARGETS["replies"].check(kept[0])
    with applied(MUTANTS["replies", rule]), pytest.raises(AssertionError):
        TARGETS["replies"].check(kept[0])
