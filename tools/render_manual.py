#!/usr/bin/env python3
"""Make the manual page as text, which `smtp -h` prints, from its source; mandoc is needed.

With `--check` nothing is written, and the exit status says whether the text is fresh.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src/smtpwire/cli/smtp.1"
TEXT = SOURCE.with_name("smtp.1.txt")
WIDTH = 78


def rendered() -> str:
    """Return the page as plain text: what a terminal shows, without bold and underlines."""
    command = ["mandoc", "-T", "utf8", "-O", f"width={WIDTH}", str(SOURCE)]
    page = subprocess.run(command, check=True, capture_output=True).stdout.decode()
    return re.sub(".\b", "", page)


def main() -> int:
    """Write the text, or compare it."""
    if sys.argv[1:] == ["--check"]:
        fresh = TEXT.read_text(encoding="utf-8") == rendered()
        if not fresh:
            print(f"{TEXT.name} is not what {SOURCE.name} says: run tools/render_manual.py")
        return 0 if fresh else 1
    TEXT.write_text(rendered(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
