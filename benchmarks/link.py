"""A link with a round trip of so many milliseconds, between two network namespaces of our own.

Linux and root only.  Nothing outside the two namespaces is touched, and they go when the suite
ends; those of a benchmark that was killed go when the next one begins (a namespace's name has the
pid of its benchmark in it).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.errors import Unavailable
from benchmarks.row import Run
from benchmarks.servers import Address, Csink

if TYPE_CHECKING:
    from typing import Self

    from benchmarks.servers import Start
    from benchmarks.workshop import Workshop

_NEAR, _FAR = "10.99.0.1", "10.99.0.2"
_PORT = 2525
_CONNECTS = 5

_CONNECT = """
import json, socket, sys, time
host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
took = []
for _ in range(count):
    begin = time.perf_counter()
    with socket.create_connection((host, port)):
        took.append(time.perf_counter() - begin)
print(json.dumps(sorted(took)[count // 2]))
"""


class Link:
    """A context manager.

    Args:
        workshop: the suite's.
        round_trip: milliseconds.
    """

    def __init__(self, workshop: Workshop, round_trip: float) -> None:
        self._workshop = workshop
        self._round_trip = round_trip
        self._names = [f"smtpwire-bench-{os.getpid()}-{side}" for side in "ab"]
        self._delay: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Make it.

        Raises:
            Unavailable: this machine cannot have it.
        """
        if os.geteuid() != 0:
            raise Unavailable("network namespaces need root")
        if not Path("/dev/net/tun").exists():
            raise Unavailable("there is no /dev/net/tun")
        self._sweep()
        try:
            self._make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Take it away."""
        if self._delay is not None:
            self._delay.terminate()
            self._delay.communicate()
        for name in self._names:
            subprocess.run(
                self._workshop.tools.ip("netns", "del", name), capture_output=True, check=False
            )

    @property
    def prefix(self) -> list[str]:
        """What to put in front of a client's command."""
        return self._workshop.tools.ip("netns", "exec", self._names[0])

    @property
    def csinks(self) -> Start:
        """A fresh csink at the far end for each run; there is time to look at all content."""
        return lambda _counting: self._csink()

    def connect(self, _warm_up: bool) -> Run:
        """Measure a round trip as a row does: the time that a TCP connection takes to be made."""
        sink = self._csink()
        try:
            done = subprocess.run(
                [*self.prefix, sys.executable, "-c", _CONNECT, _FAR, str(_PORT), str(_CONNECTS)],
                capture_output=True,
                check=True,
            )
        finally:
            sink.stop()
        return Run(wall=json.loads(done.stdout), cpu=0)

    def _csink(self) -> Csink:
        far = self._workshop.tools.ip("netns", "exec", self._names[1])
        return Csink(self._workshop, counting=True, address=Address(_FAR, _PORT), prefix=far)

    def _make(self) -> None:
        devices = [f"sw{os.getpid()}{side}" for side in "ab"]
        for name in self._names:
            self._ip("netns", "add", name)
        delay = str(round(self._round_trip * 1000 / 2))
        self._delay = subprocess.Popen(
            [self._workshop.tools.instrument("delaytun"), *devices, delay],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self._delay.stdout is not None
        line = self._delay.stdout.readline()
        if line != b"ready\n":
            raise Unavailable(line.decode(errors="replace").strip())
        for name, device, address in zip(self._names, devices, (_NEAR, _FAR), strict=True):
            self._ip("link", "set", device, "netns", name)
            self._ip("-n", name, "link", "set", "lo", "up")
            self._ip("-n", name, "addr", "add", f"{address}/24", "dev", device)
            self._ip("-n", name, "link", "set", device, "up", "txqueuelen", "2000")

    def _sweep(self) -> None:
        for name, pid in re.findall(
            r"^(smtpwire-bench-(\d+)-[ab])\b", self._ip("netns"), re.MULTILINE
        ):
            if not Path("/proc", pid).exists():
                self._ip("netns", "del", name)

    def _ip(self, *arguments: str) -> str:
        done = subprocess.run(
            self._workshop.tools.ip(*arguments), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise Unavailable(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout
