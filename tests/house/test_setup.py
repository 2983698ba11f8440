"""tools/setup with interpreters that only say what they were asked to do."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.house.project import ROOT

if TYPE_CHECKING:
    from pathlib import Path

INTERPRETER = """\
#!/bin/sh
case "$*" in
    *version_info\\ *) exit {too_old} ;;
    *"import ensurepip"*) exit {no_ensurepip} ;;
    *python%d.%d-venv*) echo python3.11-venv ;;
    *"-m venv"*) mkdir -p .venv/bin; cp "$0" .venv/bin/python; echo "$*" >>calls ;;
    *base_prefix*) echo "$(cat "$0".prefix 2>/dev/null)" ;;
    *"-m pip"*) echo "$*" >>calls; exit {pip} ;;
esac
"""


class Tree:
    """A copy of what the set-up reads, and the interpreters that it finds."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / "bin"
        self.path.mkdir()
        for name in ("pyproject.toml", "tools/setup", "requirements/test.txt"):
            (root / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, root / name)
        shutil.copy(ROOT / "requirements" / "test.txt", root / "requirements" / "lint.txt")

    def command(self, name: str, program: str) -> str:
        path = self.path / name
        path.write_text(program)
        path.chmod(0o755)
        return str(path)

    def interpreter(
        self, name: str, *, too_old: int = 0, no_ensurepip: int = 0, pip: int = 0
    ) -> str:
        program = INTERPRETER.format(too_old=too_old, no_ensurepip=no_ensurepip, pip=pip)
        return self.command(name, program)

    def setup(self, *names: str, python: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["tools/setup", *names],
            cwd=self.root,
            env={"PATH": f"{self.path}:{os.environ['PATH']}", "PYTHON": python},
            capture_output=True,
            text=True,
            check=False,
        )

    def calls(self) -> list[str]:
        """Return what the interpreters did since the last look."""
        log = self.root / "calls"
        done = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return done


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_it_makes_the_environment_and_installs_with_hashes_once(tree: Tree) -> None:
    tree.interpreter("python3")
    assert tree.setup("test").returncode == 0
    venv, requirements, package = tree.calls()
    assert venv == "-m venv --clear .venv"
    assert requirements.endswith("install --require-hashes --no-deps -r requirements/test.txt")
    assert package.endswith("install --no-index --no-deps --no-build-isolation --editable .")
    again = tree.setup("test")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert tree.calls() == []


def test_only_what_changed_is_installed_again(tree: Tree) -> None:
    tree.interpreter("python3")
    tree.setup("test", "lint")
    tree.calls()
    with (tree.root / "requirements" / "lint.txt").open("a") as file:
        file.write("# changed\n")
    assert "lint.txt" in tree.setup("test", "lint").stdout
    requirements, _ = tree.calls()
    assert requirements.endswith("requirements/lint.txt")


def test_what_failed_is_tried_again(tree: Tree) -> None:
    tree.interpreter("python3", pip=1)
    ended = tree.setup("test")
    assert ended.returncode == 1
    assert ended.stderr.startswith("setup: requirements/test.txt could not be installed")
    tree.calls()
    tree.setup("test")
    assert tree.calls() != []


def test_an_interpreter_that_is_too_old_or_does_not_run_is_passed_over(tree: Tree) -> None:
    tree.interpreter("python3", too_old=1)
    tree.command("python3.13", "#!/bin/sh\nexit 127\n")  # a version manager's shim
    tree.interpreter("python3.12")
    tree.command("python3.14", "#!/bin/sh\nexit 127\n")
    assert tree.setup("test").returncode == 0
    copied = (tree.root / ".venv" / "bin" / "python").read_text()
    assert copied == (tree.path / "python3.12").read_text()


def test_the_interpreter_can_be_named(tree: Tree) -> None:
    tree.interpreter("python3", pip=1)
    named = tree.interpreter("mine")
    assert tree.setup("test", python=named).returncode == 0


def test_another_interpreter_makes_the_environment_anew(tree: Tree) -> None:
    tree.interpreter("python3")
    tree.setup("test")
    tree.calls()
    other = tree.interpreter("mine")
    (tree.path / "mine.prefix").write_text("elsewhere")
    assert tree.setup("test", python=other).returncode == 0
    assert tree.calls()[0] == "-m venv --clear .venv"


def test_a_named_interpreter_that_cannot_be_used_is_one_line(tree: Tree) -> None:
    tree.interpreter("python3")
    ended = tree.setup("test", python=tree.interpreter("old", too_old=1))
    assert ended.returncode == 1
    assert ended.stderr == (
        f"setup: PYTHON={tree.path}/old is not a Python 3.11 or newer that runs\n"
    )
    assert tree.calls() == []


def test_an_environment_that_no_longer_runs_is_made_anew(tree: Tree) -> None:
    tree.interpreter("python3")
    tree.setup("test")
    tree.calls()
    (tree.root / ".venv" / "bin" / "python").unlink()
    (tree.root / ".venv" / "made-from-test").unlink()
    assert tree.setup("test").returncode == 0
    assert tree.calls()[0] == "-m venv --clear .venv"


def test_a_missing_ensurepip_is_one_line_that_says_what_to_install(tree: Tree) -> None:
    tree.command("id", "#!/bin/sh\necho 1000\n")
    python = tree.interpreter("python3", no_ensurepip=1)
    ended = tree.setup("test", python=python)
    assert ended.returncode == 1
    assert ended.stderr == (
        f"setup: {python} cannot make virtual environments; "
        "as root: apt-get install python3.11-venv\n"
    )


def test_root_has_it_installed(tree: Tree) -> None:
    tree.command("id", "#!/bin/sh\necho 0\n")
    tree.command("apt-get", '#!/bin/sh\necho "apt-get $*" >>calls\n')
    tree.interpreter("python3", no_ensurepip=1)
    assert tree.setup("test").returncode == 0
    assert tree.calls()[:2] == ["apt-get update -qq", "apt-get install -y -qq python3.11-venv"]
