"""What a client of Kerberos needs beside the package: two modules that are compiled here.

Their libraries come with most systems, the headers do not: those are unpacked into the cache and
laid over /usr for as long as the compiler runs.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers.errors import Unavailable
from tests.servers.fetch import once, unpacked
from tests.servers.places import REQUIREMENTS
from tests.servers.tools import need_program, run

if TYPE_CHECKING:
    from tests.servers.farm import Server

_PINNED = REQUIREMENTS / "kerberos.txt"
_OVERLAY = 'mount -t overlay overlay -o lowerdir="$0":/usr /usr && exec "$@"'


def modules() -> dict[str, str]:
    """What the environment has to hold for Python to find the modules, compiled on first use.

    Raises:
        Unavailable: they cannot be had.
    """
    headers = unpacked("kerberos-headers")
    stamp = [sys.version, _PINNED.read_text()]
    compiled = once("kerberos-modules", stamp, lambda new: _compile(headers, new))
    libraries = headers / "usr" / "lib" / str(sysconfig.get_config_var("MULTIARCH"))
    return {"PYTHONPATH": str(compiled), "LD_LIBRARY_PATH": str(libraries)}


def tickets(kdc: Server, home: Path, keytab: str) -> dict[str, str]:
    """What the environment has to hold for tickets to be had without a question.

    Args:
        kdc: the server `kerberos`.
        home: where the tickets go.
        keytab: which of the files with keys in the KDC's directory.
    """
    return {
        "KRB5_CONFIG": str(kdc.directory / "etc" / "krb5.conf"),
        "KRB5_CLIENT_KTNAME": f"FILE:{kdc.directory / keytab}",
        "KRB5CCNAME": f"FILE:{home / 'tickets'}",
    }


def _compile(headers: Path, new: Path) -> None:
    if os.geteuid() != 0:
        raise Unavailable("root is needed, for private mounts")
    need_program("gcc", "build-essential")  # for the headers of the C library, too
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        need_program(f"{version}-config", f"{version}-dev")
    pip = (sys.executable, "-m", "pip", "--quiet", "install", "--no-deps", "--require-hashes")
    overlaid = ("unshare", "--mount", "--propagation", "private", "sh", "-c", _OVERLAY)
    run(*overlaid, headers / "usr", *pip, "--target", new, "--requirement", _PINNED)
