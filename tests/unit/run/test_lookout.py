"""Waiting for a name while connections are at work."""

from __future__ import annotations

import os

from smtpwire.errors import Interrupted
from smtpwire.net.loop import Loop
from smtpwire.net.poll import Poller
from smtpwire.run.lookout import Lookout
from tests.unit.net.stops import Stop


def looked_out(*, stop: Stop | None = None, over: bool = False) -> int:
    """How often it was told that something came."""
    read, write = os.pipe()
    os.write(write, b"name\n")
    seen: list[bool] = []
    lookout = Lookout(read, lambda: seen.append(True))
    loop = Loop(Poller(), stop or Stop())
    loop.add(lookout)
    if over:
        lookout.over = True
        loop.nudge(lookout)
    loop.run()
    assert os.read(read, 9) == b"name\n", "it reads nothing"
    os.close(read)
    os.close(write)
    assert not os.path.exists(f"/proc/self/fd/{lookout.fd}")
    return len(seen)


def test_it_tells_once() -> None:
    assert looked_out() == 1


def test_it_can_be_called_off() -> None:
    assert looked_out(over=True) == 1


def test_a_signal_ends_it() -> None:
    stop = Stop()
    stop.now = True
    assert isinstance(stop.error(), Interrupted)
    assert looked_out(stop=stop) == 1


def test_it_is_never_late() -> None:
    lookout = Lookout(0, lambda: None)
    lookout.late()
    assert not lookout.over
    lookout.close()
