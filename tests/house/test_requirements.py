"""What is installed is pinned, hashed, and what pyproject.toml asks for."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.house.project import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PINNED = re.compile(r"(?P<name>[a-z0-9-]+)==[\w.]+(?: ;[^\\]+)? \\")
HASH = re.compile(r" {4}--hash=sha256:[0-9a-f]{64}(?: \\)?")


def lines(name: str) -> list[str]:
    """Return a file of requirements without its comments."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if not line.startswith("#")]


def pinned(name: str) -> set[str]:
    """Return the packages that a file of requirements pins."""
    return {match["name"] for line in lines(name) if (match := PINNED.fullmatch(line))}


def asked_for(requirements: list[str]) -> set[str]:
    """Return the names of the packages in a list of pyproject.toml."""
    return {re.split(r"[^\w-]", requirement, maxsplit=1)[0] for requirement in requirements}


@pytest.mark.parametrize("name", ["test", "lint", "bench", "kerberos"])
def test_every_line_is_a_pinned_version_or_a_hash_of_it(name: str) -> None:
    assert [x for x in lines(name) if not PINNED.fullmatch(x) and not HASH.fullmatch(x)] == []
    for line, below in zip(lines(name), [*lines(name)[1:], ""], strict=True):
        assert not PINNED.fullmatch(line) or HASH.fullmatch(below)


def test_the_tests_have_all_that_the_package_can_use() -> None:
    project, groups = PYPROJECT["project"], PYPROJECT["dependency-groups"]
    wanted = [*project["dependencies"], *groups["tests"], *groups["build"]]
    wanted += PYPROJECT["build-system"]["requires"]
    for extra in project["optional-dependencies"].values():
        wanted += extra
    assert asked_for(wanted) - pinned("test") == set()


@pytest.mark.parametrize("name", ["lint", "bench", "kerberos"])
def test_the_linters_and_the_peers_are_all_there(name: str) -> None:
    assert asked_for(PYPROJECT["dependency-groups"][name]) - pinned(name) == set()


@pytest.mark.parametrize("other", ["lint", "bench", "kerberos"])
def test_all_files_pin_the_same_versions(other: str) -> None:
    def versions(name: str) -> dict[str, str]:
        rows = (line.split()[0] for line in lines(name) if PINNED.fullmatch(line))
        return {package: version for package, _, version in (row.partition("==") for row in rows)}

    tests, others = versions("test"), versions(other)
    common = tests.keys() & others.keys()
    assert {name: tests[name] for name in common} == {name: others[name] for name in common}
