"""Where things are kept: the cache that outlives a run, and the directory of one run.

The cache holds what is downloaded and unpacked, and nothing that runs: `SMTPWIRE_SERVERS_CACHE`,
else smtpwire/servers under the user's cache directory.  It may be deleted whenever no test runs.

The directory of a run holds all that is rendered, logged and delivered, so that two checkouts can
test side by side.  The servers' own accounts must be able to enter it, and the paths of UNIX
sockets in it must stay short (sun_path holds 108 octets), so it lies directly under /tmp.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
CONFIG = HERE / "config"
REQUIREMENTS = HERE.parents[1] / "requirements"

_LAID_OVER = ("/usr", "/etc", "/var", "/run", "/proc", "/sys", "/dev")
"""What a box mounts something else on; a path below one of these would vanish inside."""


def cache() -> Path:
    """The cache directory, made if need be.

    Raises:
        Unavailable: it lies where it cannot be used, or cannot be made.
    """
    named = os.environ.get("SMTPWIRE_SERVERS_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    path = Path(named or f"{base}/smtpwire/servers").expanduser().resolve()
    if any(path.is_relative_to(place) for place in _LAID_OVER):
        raise Unavailable(
            f"the servers' cache cannot lie in {path}: name another directory in "
            "SMTPWIRE_SERVERS_CACHE"
        )
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"the servers' cache {path}: {error.strerror}") from None
    return path


def make_run_directory() -> Path:
    """A new directory for one run."""
    path = Path(tempfile.mkdtemp(prefix="smtpwire-", dir="/tmp"))
    path.chmod(0o755)
    return path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file: one process at a time fetches, or starts, one thing."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
