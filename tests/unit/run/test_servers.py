"""What is known of servers, and what is demanded of them; `test_session_trust` has it in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smtpwire.client import ClientSettings, Discovery, Login, Server, TLSMode, TLSSettings
from smtpwire.core.event import Close
from smtpwire.core.reply import Reply
from smtpwire.errors import (
    CertificateError,
    HostNotFound,
    MissingExtension,
    SMTPError,
    StartTLSRefused,
    TimedOut,
    TLSError,
)
from smtpwire.net.dane import TLSA
from smtpwire.net.trust import Trust
from smtpwire.run import finder
from smtpwire.run.servers import Servers, where_of
from tests.unit.cli.recorder import Recorder
from tests.unit.run.conftest import ENDPOINT, MAIL, Watcher

if TYPE_CHECKING:
    from smtpwire.net.dial import Endpoint

WISH = Trust(TLSMode.OPPORTUNISTIC, "mail.example")
TRIED = Trust(TLSMode.REQUIRED, "mail.example", verify=True, testing="example.org", otherwise=WISH)
BROKEN = TLSError("broken")
NO_STARTTLS = MissingExtension("no STARTTLS", name="STARTTLS")


def client(**settings: object) -> ClientSettings:
    plain = ClientSettings(servers=(MAIL,), helo="me.example")
    return plain._replace(**settings)  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize(
    ("server", "where"),
    [
        (Server("mail.example", 25), "mail.example:25"),
        (Server("192.0.2.1", 2525), "192.0.2.1:2525"),
        (Server("2001:db8::1", 25), "[2001:db8::1]:25"),
    ],
)
def test_a_server_as_errors_name_it(server: Server, where: str) -> None:
    assert where_of(server) == where


def test_servers_that_are_named_are_tried_in_their_order() -> None:
    servers = (MAIL, Server("other.example", 25))
    assert Servers(client(servers=servers), Watcher()).find() == (list(servers), [])


@pytest.mark.parametrize(("timeout", "seconds"), [(None, 30.0), (60.0, 30.0), (5.0, 5.0)], ids=str)
def test_the_limit_of_a_connection_holds_for_look_ups(
    timeout: float | None, seconds: float
) -> None:
    assert Servers(client(timeout=timeout), Watcher()).seconds == seconds


@pytest.mark.parametrize(
    ("settings", "trust"),
    [
        ({}, Trust(TLSMode.NONE, "mail.example")),
        ({"require_tls_onward": True}, Trust(TLSMode.NONE, "mail.example", verify=True)),
        (
            {"tls_settings": TLSSettings(verify=True, name="x.example", pins=(b"x",))},
            Trust(TLSMode.NONE, "x.example", verify=True, pins=(b"x",)),
        ),
    ],
)
def test_what_the_caller_asked_for(settings: dict[str, object], trust: Trust) -> None:
    assert Servers(client(**settings), Watcher()).asked(MAIL) == trust


def test_a_name_that_cannot_be_looked_up_is_the_name_of_no_host() -> None:
    with pytest.raises(HostNotFound):
        Servers(client(), Watcher()).asked(Server("☃☃.example", 25))


def test_a_server_is_reached_without_its_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    class Finder:
        def __init__(self, *_: object, **how: object) -> None:
            assert how["seconds"] == 30.0

        def reach(self, server: Server, asked: Trust) -> tuple[list[Endpoint], Trust]:
            assert server == MAIL
            return [ENDPOINT], asked._replace(verify=True)

    monkeypatch.setattr(finder, "Finder", Finder)
    servers = Servers(client(discovery=Discovery(dane=True)), Watcher())
    for _ in range(2):
        demands = Trust(TLSMode.NONE, "mail.example", verify=True)
        assert servers.reach(MAIL) == ([ENDPOINT], demands)


def test_what_is_found_on_the_way_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Finder:
        def __init__(self, *_: object, warn: object, **how: object) -> None:
            self._warn = warn

        def servers(self) -> tuple[list[Server], list[object]]:
            self._warn("example.org", "odd")  # type: ignore[operator]  # set by the base class
            return [], []

    monkeypatch.setattr(finder, "Finder", Finder)
    watcher = Watcher()
    servers = Servers(client(discovery=Discovery(mx=True)), watcher)
    for _ in range(2):
        servers.find()
    assert watcher.warnings == []
    servers.remark()
    servers.remark()
    assert watcher.warnings == [("example.org", "odd")]


@pytest.mark.parametrize(
    ("trust", "error", "goes_on"),
    [
        (WISH, BROKEN, True),
        (WISH, TimedOut("late", wait="HANDSHAKE"), True),
        (WISH, TimedOut("late", wait="GREETING"), False),
        (WISH, CertificateError("wrong"), False),
        (WISH, NO_STARTTLS, False),
        (WISH._replace(mode=TLSMode.REQUIRED), BROKEN, False),
        (WISH._replace(verify=True), BROKEN, False),
        (WISH._replace(pins=(b"x",)), BROKEN, False),
    ],
)
def test_when_a_server_is_used_in_the_clear(trust: Trust, error: SMTPError, goes_on: bool) -> None:
    watcher = Watcher()
    servers = Servers(client(tls=TLSMode.OPPORTUNISTIC), watcher)
    assert servers.options(MAIL, ENDPOINT, trust, "me").tls is trust.mode
    assert servers.fall_back(MAIL, trust, error) is goes_on
    mode = TLSMode.NONE if goes_on else trust.mode
    assert servers.options(MAIL, ENDPOINT, trust, "me").tls is mode
    assert servers.expected(MAIL, trust) == trust
    assert [text for _, text in watcher.warnings] == [f"{error}; going on without TLS"] * goes_on


@pytest.mark.parametrize(
    "found",
    [
        WISH._replace(mode=TLSMode.REQUIRED),
        WISH._replace(verify=True),
        WISH._replace(pins=(b"x",)),
        WISH._replace(tlsa=(TLSA(3, 1, 1, b"x" * 32),)),
    ],
)
def test_what_was_learnt_of_a_server_does_not_undo_what_is_demanded_later(found: Trust) -> None:
    """Its TLSA records may be published, or a policy fetched, while the run goes on."""
    servers = Servers(client(tls=TLSMode.OPPORTUNISTIC), Watcher())
    assert servers.fall_back(MAIL, WISH, BROKEN)
    assert servers.options(MAIL, ENDPOINT, found, "me").tls is found.mode
    assert servers.options(MAIL, ENDPOINT, WISH, "me").tls is TLSMode.NONE


def test_what_a_tried_policy_excused_is_not_excused_of_anything_else() -> None:
    servers = Servers(client(tls=TLSMode.OPPORTUNISTIC), Watcher())
    assert servers.fall_back(MAIL, TRIED, BROKEN)
    for found in (
        TRIED._replace(testing="", otherwise=None),
        WISH._replace(mode=TLSMode.REQUIRED, tlsa=(TLSA(3, 1, 1, b"x" * 32),)),
    ):
        assert servers.expected(MAIL, found) == found


def test_where_tls_comes_first_it_is_never_used_in_the_clear() -> None:
    first = MAIL._replace(tls_on_connect=True)
    assert not Servers(client(), Watcher()).fall_back(first, WISH, BROKEN)


@pytest.mark.parametrize(
    "error",
    [
        BROKEN,
        CertificateError("wrong"),
        NO_STARTTLS,
        StartTLSRefused("no", reply=Reply(454, (b"no",))),
    ],
)
def test_a_demand_that_is_only_tried_stands_until_it_fails(error: SMTPError) -> None:
    servers = Servers(client(tls=TLSMode.OPPORTUNISTIC), Watcher())
    assert servers.expected(MAIL, TRIED) == TRIED
    assert servers.fall_back(MAIL, TRIED, error)
    assert servers.expected(MAIL, TRIED) == WISH
    assert not servers.fall_back(MAIL, WISH, NO_STARTTLS), "what was asked for stands"


def test_a_server_that_took_no_chunks_gets_none() -> None:
    servers = Servers(client(), Watcher())
    servers.learn(Close(None))
    assert servers.options(MAIL, ENDPOINT, WISH, "me").chunking
    servers.learn(Close(None, without_chunking=True))
    assert not servers.options(MAIL, ENDPOINT, WISH, "me").chunking


def test_each_connection_has_a_nonce_for_its_login() -> None:
    login = Login("me", lambda: "secret")
    servers = Servers(client(login=login), Watcher())
    one, other = (servers.options(MAIL, ENDPOINT, WISH, "me") for _ in range(2))
    assert (one.login, one.host, one.port) == (login, "mail.example", 25)
    assert one.nonce != other.nonce
    assert Servers(client(), Watcher()).options(MAIL, ENDPOINT, WISH, "me").nonce == ""


def test_secrets_that_come_up_are_told() -> None:
    recorder = Recorder()
    login = Login("me", lambda: "one", renew=lambda: "two")
    own = Servers(client(login=login), recorder).options(MAIL, ENDPOINT, WISH, "me").login
    assert own is not None
    assert own.renew is not None
    assert recorder.calls == []
    assert (own.password(), own.renew()) == ("one", "two")
    assert recorder.calls == [("secret", "one"), ("secret", "two")]


def test_there_is_one_context_for_those_who_prove_something_and_one_for_the_others() -> None:
    servers = Servers(client(), Watcher())
    one = servers.identity(WISH)
    other = servers.identity(WISH._replace(name="x.example"))
    verified = servers.identity(WISH._replace(verify=True))
    assert one.context is other.context is not verified.context
    assert not one.bound
    assert Servers(client(login=Login("me", str)), Watcher()).identity(WISH).bound
    assert (one.server_name, other.server_name) == ("mail.example", "x.example")


def test_all_connections_share_what_scram_has_computed() -> None:
    servers = Servers(client(login=Login("me", lambda: "secret")), Watcher())
    one, other = (servers.options(MAIL, ENDPOINT, WISH, "me") for _ in range(2))
    assert one.salted is other.salted is not None
    assert Servers(client(), Watcher()).options(MAIL, ENDPOINT, WISH, "me").salted is None
