"""Starting one server: its directory, its configuration, its process, and the wait until it serves.

A server lives as long as its lifeline: its standard input is a FIFO that the process which leads
the test run holds open for writing.  When that process ends, in whatever way, the kernel closes
the FIFO, and every server sees the end of file and ends.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.servers.catalogue import PASSWORD, USER, Kind
from tests.servers.errors import Unavailable
from tests.servers.maildir import Maildir
from tests.servers.places import CONFIG, HERE
from tests.servers.ports import served
from tests.servers.processes import Process
from tests.servers.tokens import KEY, token
from tests.servers.tools import run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.servers.catalogue import Spec
    from tests.servers.pki import Pki

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PAUSE = 0.02
_VARIABLE = re.compile(r"@([A-Z][A-Z0-9_]*)@")
_LONGEST_WORDS = 200
_LOGS = ("out", "main", "panic", "maillog", "dovecot.log")


def check_boxes(scratch: Path, lifeline: Path) -> None:
    """Say, before anything is fetched, if this machine cannot run a server in a box.

    Args:
        scratch: a directory to be made for it.
        lifeline: the FIFO.

    Raises:
        Unavailable: it cannot, and why.
    """
    if os.geteuid() != 0:
        raise Unavailable("root is needed, for private mounts")
    for name in ("usr", "etc", "var", "work"):
        (scratch / name).mkdir(parents=True)
    users = scratch / "users"
    users.touch()
    box = (HERE / "box.sh", scratch, users, scratch / "work")
    with _opened(lifeline) as stdin:
        try:
            run("/bin/sh", *box, "true", stdin=stdin)
        except Unavailable as error:
            raise Unavailable(f"private mounts cannot be had here: {error}") from None


def launch(
    spec: Spec,
    *,
    directory: Path,
    root: Path,
    pki: Pki,
    ports: Mapping[str, int],
    needed_ports: Mapping[str, int],
    lifeline: Path,
) -> Process:
    """Start a server's process in a new directory; `wait_until_served` is what comes next.

    Args:
        spec: which server.
        directory: the server's own, made anew, with etc, log, mail and box in it.
        root: where its program is, from `fetch.fetched`.
        pki: the certificates of this run.
        ports: the port of each of its services.
        needed_ports: the ports of the servers it needs, by the variables that hold them.
        lifeline: the FIFO.
    """
    for name in ("etc", "log", "box"):
        (directory / name).mkdir(parents=True)
    Maildir(directory / "mail").make()
    _copy_certificate(pki.directory, "rsa" if spec.rsa else "ecdsa", directory)
    values = {
        "RUN": str(directory),
        "PKI": str(pki.directory),
        "USER": USER,
        "PASSWORD": PASSWORD,
        "TOKEN": token(),
        "TOKEN_KEY": KEY,
        **{_variable(service): str(port) for service, port in ports.items()},
        **{name: str(port) for name, port in needed_ports.items()},
    }
    command = _command(spec, directory, root, values)
    output = directory / "log" / "out"
    with _opened(lifeline) as stdin, output.open("wb") as log:
        # Not subprocess.Popen: nobody here waits for the process, and a session of its own keeps
        # a Ctrl-C of the terminal from it.
        pid = os.posix_spawn(
            command[0],
            command,
            {**os.environ, "PATH": _SYSTEM_PATH, "LC_ALL": "C", **values},
            file_actions=[
                (os.POSIX_SPAWN_DUP2, stdin, 0),
                (os.POSIX_SPAWN_DUP2, log.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, log.fileno(), 2),
            ],
            setsid=True,
        )
    return Process.of(pid)


def wait_until_served(
    spec: Spec, process: Process, ports: Mapping[str, int], directory: Path
) -> None:
    """Wait until every port of a server just launched is served.

    Raises:
        Unavailable: the server ended, or took too long; with the last line of its log.
    """
    deadline = time.monotonic() + spec.start_limit
    for service, speaks in spec.services.items():
        while not served(ports[service], speaks):
            if not process.alive:
                raise Unavailable(f"it ended while starting: {last_words(directory)}")
            if time.monotonic() > deadline:
                process.kill()
                raise Unavailable(
                    f"port {ports[service]} ({service}) was not served within "
                    f"{spec.start_limit:.0f} s: {last_words(directory)}"
                )
            time.sleep(_PAUSE)


def last_words(directory: Path) -> str:
    """The last line of the first log that has one."""
    for name in _LOGS:
        try:
            lines = (directory / "log" / name).read_text(errors="replace").split("\n")
        except FileNotFoundError:
            continue
        if told := [line.strip() for line in lines if line.strip()]:
            return told[-1][:_LONGEST_WORDS]
    return "its log is empty"


@contextmanager
def _opened(lifeline: Path) -> Iterator[int]:
    """The reading end of the lifeline."""
    # Non-blocking, or this would wait for ever for a leader that has just ended.
    descriptor = os.open(lifeline, os.O_RDONLY | os.O_NONBLOCK)
    try:
        os.set_blocking(descriptor, True)
        yield descriptor
    finally:
        os.close(descriptor)


def _variable(*words: str) -> str:
    return "_".join(("PORT", *words)).upper().replace("-", "_")


def port_variables(name: str, ports: Mapping[str, int]) -> dict[str, int]:
    """The variables by which another server's configuration knows the ports of this one."""
    return {_variable(name, service): port for service, port in ports.items()}


def _copy_certificate(source: Path, kind: str, directory: Path) -> None:
    key = (source / f"{kind}.key").read_bytes()
    chain = (source / f"{kind}-chain.pem").read_bytes()
    (directory / "server-chain.pem").write_bytes(chain)
    for name, content in (("server.key", key), ("server-all.pem", key + chain)):
        (directory / name).touch(0o600)
        (directory / name).write_bytes(content)


def _command(spec: Spec, directory: Path, root: Path, values: Mapping[str, str]) -> list[str]:
    if spec.kind is Kind.PYTHON:
        # -P: no module of this folder may stand in for one of the standard library.
        return [sys.executable, "-P", str(root / "store.py")]
    if spec.kind is Kind.NODE:
        return [str(shutil.which("node")), str(root / "server.mjs")]
    for file in (CONFIG / spec.name).iterdir():
        text = file.read_text()
        if file.suffix == ".in":
            text = _VARIABLE.sub(lambda match: values[match[1]], text)
        (directory / "etc" / file.name.removesuffix(".in")).write_text(text)
    etc = directory / "etc"
    box = [str(HERE / "box.sh"), str(root), str(etc / "users"), str(directory / "box")]
    return ["/bin/sh", *box, "/bin/sh", str(etc / "run.sh")]
