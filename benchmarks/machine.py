"""The machine that was measured, and the versions of what ran on it."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.tools import Program


def description() -> dict[str, str]:
    """What a reader has to know of it, in the order to be shown."""
    memory = _first(r"MemTotal: +(\d+)", "/proc/meminfo")
    return {
        "processor": _first(r"model name\s*: (.+)", "/proc/cpuinfo"),
        "processors": str(os.cpu_count()),
        "memory": f"{int(memory or 0) // 1024} MiB",
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", ""),
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def load_average() -> float:
    """Of the last minute."""
    return os.getloadavg()[0]


def version(program: Program, *words: str) -> str:
    """The first thing that looks like a version in what a program says of itself."""
    environment = {**os.environ, **program.environment}
    command = [program.path, *words]
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=30, check=False
        )
    except OSError:
        return "not installed"
    found = re.search(r"\d+(?:\.\d+)+", done.stdout + done.stderr)
    return found[0] if found else "unknown"


def _first(pattern: str, path: str) -> str:
    found = re.search(pattern, Path(path).read_text())
    return found[1].strip() if found else ""
