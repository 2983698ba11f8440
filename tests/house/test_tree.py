"""Small modules, and unit tests that mirror them file for file."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.house.project import PACKAGE, ROOT, TESTS, UNIT_TESTS, dotted, files, modules

if TYPE_CHECKING:
    from pathlib import Path

LINES = 400
"""More than this in one module is more than one responsibility."""


def has_code(module: Path) -> bool:
    """Tell whether a module has a function that does something: values alone need no test."""
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not _is_stub(node)
        for node in ast.walk(ast.parse(module.read_bytes()))
    )


def _is_stub(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether a function is only declared, as the methods of a protocol are."""
    return all(
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        for statement in function.body
    )


WITH_CODE = [module for module in modules() if has_code(module)]


def unit_test(module: Path, tree: Path = PACKAGE) -> Path:
    """Return where the unit tests of a module are: of the package's, or of what tests share."""
    name = module.stem.strip("_")
    return UNIT_TESTS / module.relative_to(tree).with_name(f"test_{name}.py")


@pytest.mark.parametrize("module", WITH_CODE, ids=dotted)
def test_every_module_with_code_has_its_unit_test(module: Path) -> None:
    assert unit_test(module).is_file()


def test_every_unit_test_has_its_module() -> None:
    tools = [path for path in TESTS.rglob("*.py") if UNIT_TESTS not in path.parents]
    expected = {unit_test(module) for module in modules()}
    expected |= {unit_test(tool, TESTS) for tool in tools}
    # Where one page is not enough, a theme of a module has its own: test_engine_ends.py.
    orphans = [
        test
        for test in UNIT_TESTS.rglob("test_*.py")
        if test not in expected
        and not any(
            test.parent == main.parent and test.stem.startswith(f"{main.stem}_")
            for main in expected
        )
    ]
    assert orphans == []


def test_no_module_is_long() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_bytes().splitlines())
        for path in files()
        if path.suffix == ".py"
    }
    assert {name: length for name, length in lengths.items() if length > LINES} == {}
