"""Getting what a server is made of into the cache; nothing is ever installed for it.

Debian packages are downloaded and unpacked side by side, one root a server: installed in the
usual way, Exim, OpenSMTPD and Sendmail would each remove Postfix.
"""

from __future__ import annotations

import json
import platform
import re
import shutil
from typing import TYPE_CHECKING

from tests.servers.catalogue import PACKAGES, Kind
from tests.servers.errors import Unavailable
from tests.servers.places import CONFIG, HERE, cache, locked
from tests.servers.tools import apt_get, need_program, run, with_fresh_lists

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.servers.catalogue import Spec

_UNMERGED = ("bin", "lib", "lib64", "sbin")
"""Top directories of old packages; on a merged system they are links into /usr."""
_OLDEST_NODE = 20


def fetched(spec: Spec) -> Path:
    """The directory that the server's program runs from, filled on first use.

    Raises:
        Unavailable: it cannot be had.
    """
    if spec.kind is Kind.BOX and spec.root is not None:
        return unpacked(spec.root)
    if spec.kind is Kind.NODE:
        config = CONFIG / spec.name
        stamp = [file.read_text() for file in sorted(config.iterdir())]
        return once(spec.name, stamp, lambda new: _install_node_package(config, new))
    return HERE


def unpacked(root: str) -> Path:
    """The directory with the files of an entry of PACKAGES, filled on first use.

    Raises:
        Unavailable: they cannot be had.
    """
    stamp = [platform.freedesktop_os_release().get("VERSION_ID", ""), platform.machine()]
    return once(f"root-{root}", [*stamp, *PACKAGES[root]], lambda new: _unpack(root, new))


def once(name: str, stamp: list[str], fill: Callable[[Path], None]) -> Path:
    """A directory of the cache; `fill` makes it where it is missing or the stamp has changed."""
    target = cache() / name
    mark = json.dumps(stamp)
    with locked(cache() / f"{name}.lock"):
        if not (target / ".stamp").is_file() or (target / ".stamp").read_text() != mark:
            new = cache() / f"{name}.new"
            for path in (new, target):
                shutil.rmtree(path, ignore_errors=True)
            new.mkdir()
            fill(new)
            (new / ".stamp").write_text(mark)
            new.rename(target)
    return target


def _unpack(root: str, new: Path) -> None:
    need_program("apt-get", "apt")
    need_program("dpkg-deb", "dpkg")
    debs = new / ".debs"
    debs.mkdir()

    def download() -> None:
        # What the packages depend on and this machine lacks; --reinstall names them all even
        # where they are installed.
        plan = apt_get("install", "-s", "--no-install-recommends", "--reinstall", *PACKAGES[root])
        lacking = re.findall(r"^Inst (\S+)", plan, re.MULTILINE)
        apt_get("download", *sorted({*PACKAGES[root], *lacking}), cwd=debs)

    with_fresh_lists(download)
    for deb in sorted(debs.iterdir()):
        run("dpkg-deb", "-x", deb, new)
    shutil.rmtree(debs)
    # A box lays usr, etc and var over the host's, and nothing else.
    for name in ("usr", "etc", "var"):
        (new / name).mkdir(exist_ok=True)
    for name in _UNMERGED:
        if (new / name).is_dir() and not (new / name).is_symlink():
            run("cp", "-a", f"{new / name}/.", f"{new / 'usr' / name}/")


def _install_node_package(config: Path, new: Path) -> None:
    need_program("node", "nodejs")
    need_program("npm", "npm")
    version = run("node", "--version").strip()
    if int(version.lstrip("v").split(".")[0]) < _OLDEST_NODE:
        raise Unavailable(f"Node.js {_OLDEST_NODE} or newer is needed, this is {version}")
    for file in config.iterdir():
        shutil.copy(file, new / file.name)
    run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", cwd=new)
