"""Many messages in one run: one connection, or one a message; bodies that wait, or do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import reference
from tests.command import run_smtp
from tests.real.arrivals import arrived
from tests.real.messages import ENVELOPE, new_mark, small
from tests.servers.catalogue import PASSWORD, USER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.farm import Server


def numbered(mark: str, count: int, directory: Path) -> dict[str, bytes]:
    """Small messages, each with its own mark, written into files of that name."""
    contents = {f"{mark}-{n:03}.": small(f"{mark}-{n:03}.") for n in range(count)}
    for name, content in contents.items():
        (directory / name).write_bytes(content)
    return contents


def assert_each_arrived_once(server: Server, mark: str, contents: dict[str, bytes]) -> None:
    expected = sorted(reference.normalised(content) for content in contents.values())
    assert sorted(arrived(server, mark, len(contents))) == expected


@pytest.mark.parametrize("name", ["postfix", "exim"])
@pytest.mark.parametrize("wait", [[], ["--no-wait"]], ids=["wait", "no-wait"])
@pytest.mark.parametrize("by", [[], ["--no-chunking"]], ids=["BDAT", "DATA"])
def test_a_hundred_messages_go_on_one_connection(
    request: pytest.FixtureRequest, name: str, wait: list[str], by: list[str], tmp_path: Path
) -> None:
    server: Server = request.getfixturevalue(name)
    mark = new_mark()
    contents = numbered(mark, 100, tmp_path)
    done = run_smtp(
        *wait,
        *by,
        *("-v", "--files-from", "-", "-s", server.address),
        *ENVELOPE,
        stdin="\n".join(contents).encode(),
        cwd=tmp_path,
    )
    assert done.code == 0, done
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["connected:"] + ["sent:"] * len(contents)
    assert [line.split()[1] for line in lines[1:]] == list(contents)
    assert_each_arrived_once(server, mark, contents)


@pytest.mark.parametrize("name", ["postfix", "exim", "opensmtpd", "aiosmtpd_store"])
def test_disconnect_takes_a_new_connection_for_each_message(
    request: pytest.FixtureRequest, name: str, tmp_path: Path
) -> None:
    server: Server = request.getfixturevalue(name)
    mark = new_mark()
    contents = numbered(mark, 3, tmp_path)
    done = run_smtp("-d", "-v", "-s", server.address, *ENVELOPE, *contents, cwd=tmp_path)
    assert done.code == 0, done
    outcomes = [line.split()[0] for line in done.stdout.splitlines()]
    assert outcomes == ["connected:", "sent:"] * 3
    arrived(server, mark, 3)


@pytest.mark.parametrize("wait", [[], ["--no-wait"]], ids=["wait", "no-wait"])
@pytest.mark.parametrize("by", [[], ["--no-chunking"]], ids=["BDAT", "DATA"])
def test_a_relay_that_panics_without_rset_gets_it(
    dovecot: Server, aiosmtpd_store: Server, wait: list[str], by: list[str], tmp_path: Path
) -> None:
    """Dovecot 2.3's proxy dies of `<end of data> MAIL RCPT` in one group, and never with RSET."""
    mark = new_mark()
    contents = numbered(mark, 20, tmp_path)
    done = run_smtp(
        *wait,
        *by,
        *("-v", "-M", "-U", USER, "-P", PASSWORD, "-s", dovecot.address),
        *ENVELOPE,
        *contents,
        cwd=tmp_path,
    )
    assert done.code == 0, done
    assert done.stdout.count("connected: ") == 1
    assert len(aiosmtpd_store.mail.wait_for(mark.encode(), len(contents))) == len(contents)
