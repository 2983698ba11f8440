"""The channel binding tls-exporter, and the log that its secret is read from."""

from __future__ import annotations

import errno
import os
import ssl
from typing import TYPE_CHECKING

import pytest

from smtpwire.net.exporter import step, tls_exporter
from smtpwire.net.tls import TLSSettings, make_context
from tests.unit.net.memorytls import server_context

if TYPE_CHECKING:
    from pathlib import Path

    import trustme

SECRET = bytes.fromhex("8248618a4a9ac4d51273191b998cd32eef86841dcf0dcbdf8d7f09368bcb9b20")
LONG = bytes.fromhex(
    "5d27135eb9bf8ab696d91f9da38078a174b9145bc752cd47"
    "f0d9e8f4c28272e695ea1791c0daf7d354089b25993294a8"
)


@pytest.mark.parametrize(
    ("secret", "exported"),
    [
        (SECRET, "65424e43463fb4c9749430f0072f21b679d4102d109a4a0be58292d419e9aaee"),
        (LONG, "a6048582e6ef3a6c943e5d9ccc8de6a8587b3e3056e4620f5cc851bd4107d65c"),
    ],
    ids=["SHA-256", "SHA-384"],
)
def test_it_is_what_openssl_exports(secret: bytes, exported: str) -> None:
    """As printed by `openssl s_server -keymatexport EXPORTER-Channel-Binding`."""
    assert tls_exporter(secret).hex() == exported


class Ends:
    """A client and a server, joined in memory."""

    def __init__(self, ca: trustme.CA, context: ssl.SSLContext) -> None:
        self.context = context
        there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._client = context.wrap_bio(back, there, server_hostname="x")
        serving = server_context(ca.issue_cert("x"))
        self._server = serving.wrap_bio(there, back, server_side=True)

    def shake_hands(self) -> list[bytes]:
        """What each of the client's steps gave."""
        first = step(self.context, lambda: self._try(self._client))
        self._try(self._server)
        second = step(self.context, lambda: self._try(self._client))
        assert (first[0], second[0]) == (False, True)
        return [first[1], second[1]]

    def _try(self, end: ssl.SSLObject) -> bool:
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def test_each_handshake_has_its_own_secret(ca: trustme.CA) -> None:
    context = make_context(TLSSettings())
    before = descriptors()
    secrets = []
    for _ in range(2):
        nothing, secret = Ends(ca, context).shake_hands()
        assert nothing == b""
        assert len(secret) == 48
        secrets.append(secret)
    assert len(set(secrets)) == 2
    assert not context.keylog_filename
    assert descriptors() == before


def test_it_is_closed_where_the_handshake_fails() -> None:
    before = descriptors()
    context = make_context(TLSSettings())
    with pytest.raises(ZeroDivisionError):
        step(context, lambda: 1 // 0)
    assert not context.keylog_filename
    assert descriptors() == before


def test_below_tls_1_3_there_is_none(ca: trustme.CA) -> None:
    ends = Ends(ca, make_context(TLSSettings(maximum="1.2")))
    assert step(ends.context, lambda: ends._try(ends._client)) == (False, b"")


def test_the_log_that_the_user_asked_for_is_complete(ca: trustme.CA, tmp_path: Path) -> None:
    path = tmp_path / "keys"
    context = make_context(TLSSettings(keylog=str(path)))
    for _ in range(2):
        secret = Ends(ca, context).shake_hands()[1]
        assert secret.hex() in path.read_text()
    assert context.keylog_filename == str(path)
    comment, *lines = path.read_text().splitlines()
    assert comment.startswith("#")
    assert len(lines) == 10
    assert len({line.split()[0] for line in lines}) == 5


def test_a_log_that_cannot_be_written_ends_nothing(ca: trustme.CA, tmp_path: Path) -> None:
    directory = tmp_path / "gone"
    directory.mkdir()
    context = make_context(TLSSettings(keylog=str(directory / "keys")))
    (directory / "keys").unlink()
    directory.rmdir()
    assert len(Ends(ca, context).shake_hands()[1]) == 48


def refuse(*_args: object) -> int:
    raise OSError(errno.ENOSYS, "no")


def test_a_system_without_files_in_memory_has_none(
    ca: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "memfd_create", refuse)
    assert Ends(ca, make_context(TLSSettings())).shake_hands() == [b"", b""]
    monkeypatch.delattr(os, "memfd_create")
    assert Ends(ca, make_context(TLSSettings())).shake_hands() == [b"", b""]


def test_nor_has_one_without_proc() -> None:
    class Context:
        log: str | None = "own"

        @property
        def keylog_filename(self) -> str | None:
            return self.log

        @keylog_filename.setter
        def keylog_filename(self, path: str) -> None:
            self.log = None
            if path != "own":
                raise FileNotFoundError(path)
            self.log = path

    context = Context()
    before = descriptors()
    assert step(context, lambda: True) == (True, b"")  # type: ignore[arg-type]  # a stand-in
    assert context.log == "own"
    assert descriptors() == before
