"""Which policy holds now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smtpwire.errors import CertificateError, ConnectError, Interrupted
from smtpwire.net.sts.cache import Cache, Entry
from smtpwire.net.sts.discovery import discover
from smtpwire.net.sts.policy import Mode, Policy
from tests.unit.net.sts.test_policy import GOOD, READ

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_000_000.0
TESTING = GOOD.replace(b"enforce", b"testing")


class Web:
    """A domain's record and its policy host."""

    def __init__(self, record: bytes | Exception, page: bytes | Exception = GOOD) -> None:
        self._record = record
        self._page = page
        self.asked: list[str] = []
        self.warnings: list[str] = []

    def texts(self, name: str) -> tuple[bytes, ...]:
        self.asked.append(name)
        if isinstance(self._record, Exception):
            raise self._record
        return (self._record,)

    def fetch(self, domain: str) -> bytes:
        self.asked.append(domain)
        if isinstance(self._page, Exception):
            raise self._page
        return self._page

    def discover(self, cache: Cache | None = None, now: float = NOW) -> Policy | None:
        return discover(
            "example.org",
            texts=self.texts,
            fetch=self.fetch,
            cache=cache,
            now=now,
            warn=self.warnings.append,
        )


RECORD = b"v=STSv1; id=1;"
NO_ANSWER = ConnectError("no answer")


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(str(tmp_path))


def kept(cache: Cache, text: bytes = TESTING, record_id: str = "1", age: float = 10.0) -> Cache:
    cache.store("example.org", Entry(record_id, text.decode(), NOW - age))
    return cache


def test_a_policy_is_fetched_and_kept(cache: Cache) -> None:
    web = Web(RECORD)
    assert web.discover(cache) == READ
    assert web.asked == ["_mta-sts.example.org", "example.org"]
    assert cache.load("example.org") == Entry("1", GOOD.decode(), NOW)
    assert web.discover(cache, NOW + 1) == READ
    assert web.asked[2:] == ["_mta-sts.example.org"]


def test_a_policy_with_words_of_any_language_is_kept_like_any_other(cache: Cache) -> None:
    page = GOOD + "note: café\r\n".encode()
    web = Web(RECORD, page)
    assert web.discover(cache) == web.discover(cache) == READ
    assert web.asked.count("example.org") == 1
    assert cache.load("example.org") == Entry("1", page.decode(), NOW)


def test_without_a_cache_it_is_fetched_each_time() -> None:
    web = Web(RECORD)
    assert web.discover() == web.discover() == READ
    assert web.asked.count("example.org") == 2


def test_a_domain_without_a_record_has_none() -> None:
    web = Web(b"other")
    assert web.discover() is None
    assert web.asked == ["_mta-sts.example.org"]
    assert web.warnings == []


def test_a_new_id_is_a_new_policy(cache: Cache) -> None:
    assert Web(RECORD).discover(kept(cache, record_id="0")) == READ


def test_one_that_has_expired_is_fetched_again(cache: Cache) -> None:
    assert Web(RECORD).discover(kept(cache, age=604_800.0)) == READ


@pytest.mark.parametrize(
    "web",
    [
        Web(b"other"),
        Web(NO_ANSWER),
        Web(b"v=STSv1; id=2;", NO_ANSWER),
        Web(b"v=STSv1; id=2;", CertificateError("wrong name")),
        Web(b"v=STSv1; id=2;", b"<html>"),
    ],
    ids=["no record", "no answer", "no page", "wrong certificate", "no policy"],
)
def test_one_that_is_kept_holds_whatever_is_hidden(cache: Cache, web: Web) -> None:
    found = web.discover(kept(cache))
    assert found is not None
    assert found.mode is Mode.TESTING


@pytest.mark.parametrize("page", [NO_ANSWER, CertificateError("wrong name"), b"<html>"])
def test_one_that_cannot_be_had_is_told(cache: Cache, page: bytes | Exception) -> None:
    web = Web(RECORD, page)
    assert web.discover(cache) is None
    (warning,) = web.warnings
    assert warning.startswith(
        "the MTA-STS policy of example.org cannot be had, it is as if there were none: "
    )
    assert cache.load("example.org") is None
    web = Web(RECORD, page)
    web.discover(kept(cache, record_id="0"))
    assert "cannot be had, the one before holds: " in web.warnings[0]


def test_a_record_that_cannot_be_looked_up_is_told() -> None:
    web = Web(NO_ANSWER)
    assert web.discover() is None
    assert web.warnings == ["no answer; an MTA-STS policy counts only if it is remembered"]


def test_one_that_cannot_be_kept_holds_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    web = Web(RECORD)
    assert web.discover(Cache(str(tmp_path / "file"))) == READ
    (warning,) = web.warnings
    assert warning.startswith("the MTA-STS policy of example.org cannot be remembered: ")


def test_a_signal_is_no_reason_to_go_on() -> None:
    with pytest.raises(Interrupted):
        Web(Interrupted("stop")).discover()
