"""Sessions with servers that were looked up, and of which something is demanded."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest

from smtpwire.client import ClientSettings, Discovery, Server, TLSMode, TLSSettings
from smtpwire.core.transaction import Outcome
from smtpwire.errors import CertificateError, ConnectError, Interrupted, MissingExtension
from smtpwire.net.trust import Trust
from smtpwire.run import finder
from tests.unit.run.conftest import ENDPOINT, MAIL
from tests.unit.run.servers import Obedient, refusing_tls

if TYPE_CHECKING:
    from smtpwire.errors import SMTPError
    from smtpwire.net.dial import Endpoint
    from tests.unit.run.conftest import MakeRun

FIRST = Server("a.example", 25, domain="example.org")
SECOND = Server("b.example", 25, domain="example.org")
CLIENT = ClientSettings(servers=(MAIL,), helo="me.example", discovery=Discovery(mx=True))


class Finder:
    """Stands in for the one that asks the DNS.

    Attributes:
        found: what it finds; an exception to raise it.
        demands: what it demands of each server beyond what was asked for.
        asked: what was asked for, connection by connection.
    """

    found: tuple[list[Server], list[tuple[str, SMTPError]]] | Exception = ([FIRST], [])
    made: Exception | None = None
    demands: ClassVar[dict[str, object]]
    asked: ClassVar[list[Trust]]

    def __init__(self, *_arguments: object, **_how: object) -> None:
        if self.made is not None:
            raise self.made

    def servers(self) -> tuple[list[Server], list[tuple[str, SMTPError]]]:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    def reach(self, server: Server, asked: Trust) -> tuple[list[Endpoint], Trust]:
        self.asked.append(asked)
        otherwise = asked if "testing" in self.demands else None
        trust = asked._replace(otherwise=otherwise, **self.demands)  # type: ignore[arg-type]  # fields by name
        return [ENDPOINT], trust


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> type[Finder]:
    class Mine(Finder):
        demands: ClassVar[dict[str, object]] = {}
        asked: ClassVar[list[Trust]] = []

    monkeypatch.setattr(finder, "Finder", Mine)
    return Mine


def test_what_was_asked_for_is_what_the_finder_starts_from(
    run: MakeRun, found: type[Finder]
) -> None:
    settings = TLSSettings(name="x.example", pins=(b"x",))
    client = CLIENT._replace(tls=TLSMode.OPPORTUNISTIC, tls_settings=settings)
    submission = run(Obedient())
    submission(client=client)
    assert found.asked == [Trust(TLSMode.OPPORTUNISTIC, "x.example", pins=(b"x",))]


def test_requiretls_asks_for_verification(run: MakeRun, found: type[Finder]) -> None:
    submission = run(Obedient())
    report = submission(client=CLIENT._replace(require_tls_onward=True))
    assert found.asked[0].verify
    assert isinstance(report.problems[0].error, MissingExtension)


def test_the_servers_that_it_finds_are_tried_in_order(run: MakeRun, found: type[Finder]) -> None:
    found.found = ([FIRST, SECOND], [("other.example", ConnectError("no answer"))])
    submission = run(None, Obedient())
    assert submission(client=CLIENT).outcomes[Outcome.ACCEPTED] == 1
    wheres = [where for where, _ in submission.watcher.warnings]
    assert wheres == ["other.example", "a.example:25"]
    assert submission.watcher.connections[0].server == "b.example"


def test_where_it_finds_none_all_reasons_are_told(run: MakeRun, found: type[Finder]) -> None:
    reasons = [("a.example", ConnectError("one")), ("b.example", CertificateError("two"))]
    found.found = ([], reasons)
    submission = run()
    report = submission(2, client=CLIENT)
    assert submission.watcher.outcomes == ["m0 deferred", "m1 unsent"]
    assert submission.watcher.warnings == [("a.example", "one; trying the next server")]
    assert [problem.error for problem in report.problems] == [error for _, error in reasons]


def test_a_system_without_a_resolver(run: MakeRun, found: type[Finder]) -> None:
    found.made = ConnectError("no DNS server")
    submission = run()
    submission(client=CLIENT)
    (problem,) = submission.watcher.problems
    assert (problem.where, str(problem.error)) == ("mail.example:25", "no DNS server")


def test_a_signal_while_it_looks(run: MakeRun, found: type[Finder]) -> None:
    submission = run()

    class Stops(Interrupted):
        def __init__(self) -> None:
            super().__init__("stopped")
            submission.stop.signal = 15

    class Late:
        def __get__(self, *_: object) -> Stops:
            return Stops()

    found.found = Late()  # type: ignore[assignment]  # a stand-in
    report = submission(client=CLIENT)
    assert report.signal == 15
    assert submission.watcher.outcomes == ["m0 unsent"]


@pytest.mark.parametrize("offers", [(), ("STARTTLS",)])
def test_what_is_only_tried_is_told_and_then_done_without(
    run: MakeRun, found: type[Finder], offers: tuple[str, ...]
) -> None:
    """RFC 8461 section 5: a policy in testing stops nothing."""
    found.demands.update(mode=TLSMode.REQUIRED, verify=True, testing="example.org")
    first = refusing_tls if offers else Obedient()
    submission = run(first, Obedient(), Obedient())
    assert submission(2, client=CLIENT, disconnect=True).outcomes[Outcome.ACCEPTED] == 2
    (warning,) = submission.watcher.warnings
    assert warning[0] == "a.example:25"
    assert warning[1].endswith("; going on, since the MTA-STS policy of example.org is in testing")


def test_what_was_asked_for_is_not_done_without(run: MakeRun, found: type[Finder]) -> None:
    found.demands.update(mode=TLSMode.REQUIRED, verify=True, testing="example.org")
    submission = run(Obedient(), Obedient())
    report = submission(client=CLIENT._replace(tls=TLSMode.REQUIRED))
    assert report.outcomes[Outcome.ACCEPTED] == 0
    assert isinstance(report.problems[0].error, MissingExtension)


@pytest.mark.parametrize(
    "demands", [{"verify": True}, {"pins": (b"x",)}, {"mode": TLSMode.REQUIRED}]
)
def test_a_server_that_has_to_prove_something_is_never_used_in_the_clear(
    run: MakeRun, found: type[Finder], demands: dict[str, object]
) -> None:
    found.demands.update(demands)
    submission = run(refusing_tls)
    submission(client=CLIENT._replace(tls=TLSMode.OPPORTUNISTIC))
    assert submission.watcher.outcomes == ["m0 unsent"]


def test_what_was_found_serves_several_connections(run: MakeRun, found: type[Finder]) -> None:
    submission = run(Obedient(), Obedient(), Obedient())
    report = submission(3, client=CLIENT, jobs=2, disconnect=True)
    assert report.outcomes[Outcome.ACCEPTED] == 3
    assert len(found.asked) == 1


@pytest.mark.parametrize("domain", ["example.org", ""])
def test_tls_that_one_server_of_a_domain_has_not_another_may_have(
    run: MakeRun, found: type[Finder], domain: str
) -> None:
    """RFC 7672 section 2.2: servers that were named one by one are another matter."""
    found.demands.update(mode=TLSMode.REQUIRED)
    found.found = ([FIRST._replace(domain=domain), SECOND._replace(domain=domain)], [])
    submission = run(*[refusing_tls] * (2 if domain else 1))
    submission(client=CLIENT)
    wheres = [where for where, _ in submission.watcher.warnings]
    assert wheres == (["a.example:25"] if domain else [])


def test_a_domain_that_was_not_found_counts_where_there_is_no_session(
    run: MakeRun, found: type[Finder]
) -> None:
    found.found = ([FIRST], [("other.example", CertificateError("none allowed"))])
    submission = run(None)
    report = submission(client=CLIENT)
    assert [problem.where for problem in report.problems] == ["other.example", "a.example:25"]


def test_a_domain_that_was_not_found_counts_no_more_once_there_was_one(
    run: MakeRun, found: type[Finder]
) -> None:
    found.found = ([FIRST], [("other.example", CertificateError("none allowed"))])
    submission = run(Obedient(), None)
    report = submission(2, client=CLIENT, disconnect=True)
    assert [problem.where for problem in report.problems] == ["a.example:25"]
