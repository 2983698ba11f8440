"""Command lines, whole."""

from __future__ import annotations

import shlex

import pytest

from smtpwire.cli.arguments import scan
from smtpwire.cli.errors import UsageError
from smtpwire.cli.parse import CliOptions, TraceOptions, parse
from smtpwire.client import Server, TLSMode

BASE = "mail.example a@x.example b@y.example"


def options(line: str) -> CliOptions:
    return parse(scan(shlex.split(line)))


def refusal(line: str) -> tuple[str, str]:
    with pytest.raises(UsageError) as caught:
        options(line)
    return caught.value.where, str(caught.value)


class TestForms:
    def test_the_first(self) -> None:
        found = options("mail.example a@x b@y c@z")
        assert found.servers == (Server("mail.example", 25),)
        assert str(found.envelope.reverse_path) == "a@x"
        assert found.envelope.reverse_path_given
        assert list(map(str, found.envelope.recipients)) == ["b@y", "c@z"]
        assert found.messages == ()

    def test_the_second(self) -> None:
        found = options("-s h -f a@x -r b@y -r c@z 1.eml - 2.eml")
        assert list(map(str, found.envelope.recipients)) == ["b@y", "c@z"]
        assert found.messages == ("1.eml", "-", "2.eml")
        assert not found.envelope.from_header

    def test_the_third(self) -> None:
        found = options("-s h -F 1.eml")
        assert found.envelope.from_header
        assert not found.envelope.reverse_path_given
        assert found.messages == ("1.eml",)

    def test_the_third_with_a_sender(self) -> None:
        found = options("-s h -F -f a@x")
        assert found.envelope.from_header
        assert found.envelope.reverse_path_given
        assert str(found.envelope.reverse_path) == "a@x"

    @pytest.mark.parametrize("null", ["''", "'<>'"])
    def test_the_null_reverse_path(self, null: str) -> None:
        for line in (f"h {null} b@y", f"-s h -r b@y -f {null}", f"-s h -F -f {null}"):
            envelope = options(line).envelope
            assert envelope.reverse_path is None
            assert envelope.reverse_path_given

    @pytest.mark.parametrize(
        ("line", "where", "words"),
        [
            ("", "", "server is missing"),
            ("h", "", "mail_from is missing"),
            ("h a@x", "", "rcpt is missing"),
            ("-s h", "", "-f ADDRESS is missing"),
            ("-f a@x", "", "-s SERVER is missing"),
            ("-r b@y msg", "", "-s SERVER is missing"),
            ("-s h -f a@x msg", "", "-r ADDRESS is missing"),
            ("-s h -r b@y", "", "-f ADDRESS is missing"),
            ("-F msg", "-F", "no server is given"),
            ("-s h -F -r b@y", "-r", "cannot be used with -F"),
            ("-s h -F - -", "-", "standard input can be read only once"),
            ("-s h -F --files-from - -", "-", "standard input can be read only once"),
            (f"{BASE} --files-from x", "--files-from", "needs -s, -f and -r"),
            ("h 'a b@x' c@y", "mail_from", "is not"),
            ("h a@x c", "rcpt", "is not an address"),
            ("-s h -f a -r c@x", "-f", "is not an address"),
            ("-s h -f a@x -r c", "-r", "is not an address"),
            ("-s h: -F", "-s", "is not a port"),
            ("h: a@x b@y", "server", "is not a port"),
        ],
    )
    def test_what_is_none(self, line: str, where: str, words: str) -> None:
        found = refusal(line)
        assert found[0] == where
        assert words in found[1]


class TestServers:
    def test_several_are_kept_in_order(self) -> None:
        found = options("-s one -s two:26 -s smtps://three -p 27 -F")
        assert found.servers == (
            Server("one", 27),
            Server("two", 26),
            Server("three", 27, tls_on_connect=True),
        )

    @pytest.mark.parametrize("option", ["-T", "-M", "-V"])
    def test_port_465_begins_with_tls_when_tls_is_asked_for(self, option: str) -> None:
        assert options(f"{option} -p 465 {BASE}").servers[0].tls_on_connect

    def test_port_465_does_not_by_itself(self) -> None:
        assert not options(f"-p 465 {BASE}").servers[0].tls_on_connect

    def test_the_name_and_the_limits(self) -> None:
        found = options(f"-H me.example --timeout 5 --connect-timeout 2.5 {BASE}")
        assert (found.helo, found.timeout, found.connect_timeout) == ("me.example", 5.0, 2.5)


class TestTLS:
    @pytest.mark.parametrize(
        ("line", "mode", "verify"),
        [
            ("", TLSMode.NONE, False),
            ("-T", TLSMode.OPPORTUNISTIC, False),
            ("-M", TLSMode.REQUIRED, False),
            ("-TM", TLSMode.REQUIRED, False),
            ("-V", TLSMode.REQUIRED, True),
            ("-TV", TLSMode.OPPORTUNISTIC, True),
            ("-MV", TLSMode.REQUIRED, True),
            ("--tls-on-connect", TLSMode.REQUIRED, False),
            ("--tls-on-connect -T", TLSMode.OPPORTUNISTIC, False),
        ],
    )
    def test_how_much(self, line: str, mode: TLSMode, verify: bool) -> None:
        tls = options(f"{line} {BASE}").tls
        assert (tls.mode, tls.verify) == (mode, verify)

    def test_limits(self) -> None:
        tls = options(f"-M --tls-min 1.2 --tls-max 1.2 --ca-file ca.pem -C HIGH {BASE}").tls
        assert (tls.minimum, tls.maximum, tls.ca_file, tls.ciphers) == (
            "1.2",
            "1.2",
            "ca.pem",
            "HIGH",
        )

    def test_the_lowest_is_not_above_the_highest(self) -> None:
        line = f"-M --tls-min 1.3 --tls-max 1.2 {BASE}"
        assert refusal(line) == ("--tls-min", "1.3 is above --tls-max 1.2")

    @pytest.mark.parametrize("option", ["-C HIGH", "--tls-min 1.2", "--tls-max 1.2", "--ca-file x"])
    def test_without_tls_its_options_are_worth_a_warning(self, option: str) -> None:
        ((where, text),) = options(f"{option} {BASE}").warnings
        assert where == option.split(maxsplit=1)[0]
        assert text == "has no effect without TLS: add -M, -T or -V"
        assert options(f"{option} -V {BASE}").warnings == ()

    def test_smtps_is_tls(self) -> None:
        assert options("-C HIGH smtps://h a@x b@y").warnings == ()

    def test_a_ca_file_is_of_no_use_without_verification(self) -> None:
        assert options(f"-M --ca-file x {BASE}").warnings == (
            ("--ca-file", "has no effect without -V"),
        )


class TestLogin:
    def test_all_of_it(self) -> None:
        login = options(f"-U me -P secret --auth login --allow-cleartext-auth {BASE}").login
        assert login is not None
        assert login.user == "me"
        assert login.password == "secret"
        assert login.mechanisms == ("LOGIN",)
        assert login.allow_cleartext

    def test_an_empty_password_is_one(self) -> None:
        login = options(f"-U me -P '' {BASE}").login
        assert login is not None
        assert login.password == ""

    def test_a_login_without_a_password(self) -> None:
        login = options(f"-U me {BASE}").login
        assert login is not None
        assert login.password is None
        assert login.password_file is None

    def test_its_representation_does_not_show_the_password(self) -> None:
        assert "secret" not in repr(options(f"-U me -P secret {BASE}"))

    @pytest.mark.parametrize(
        ("line", "where"),
        [
            ("-P x", "-P"),
            ("--password-file x", "--password-file"),
            ("--auth PLAIN", "--auth"),
            ("--allow-cleartext-auth", "--allow-cleartext-auth"),
        ],
    )
    def test_its_options_need_a_user(self, line: str, where: str) -> None:
        assert refusal(f"{line} {BASE}") == (where, "needs -U NAME, whom to log in as")

    def test_one_password_is_enough(self) -> None:
        where, text = refusal(f"-U me -P x --password-file y {BASE}")
        assert where == "--password-file"
        assert "cannot be used with -P" in text


class TestOutput:
    def test_nothing_by_default(self) -> None:
        found = options(BASE)
        assert found.trace is None
        assert found.json is None
        assert found.progress is None
        assert found.flags == frozenset()

    def test_the_trace(self) -> None:
        line = f"-t --trace-body --trace-time {BASE}"
        assert options(line).trace == TraceOptions(auth=False, body=True, time=True)

    @pytest.mark.parametrize("option", ["--trace-auth", "--trace-body", "--trace-time"])
    def test_what_needs_the_trace(self, option: str) -> None:
        assert refusal(f"{option} {BASE}") == (option, "needs -t")

    @pytest.mark.parametrize("option", ["-t", "-v"])
    def test_records_are_not_mixed_with_lines(self, option: str) -> None:
        assert refusal(f"--json - {option} {BASE}")[0] == "--json"
        assert options(f"--json log {option} {BASE}").json == "log"

    def test_the_bar(self) -> None:
        assert options(f"--progress {BASE}").progress is True
        assert options(f"--no-progress {BASE}").progress is False
        assert refusal(f"--progress --no-progress {BASE}")[0] == "--progress"


class TestConversation:
    def test_flags(self) -> None:
        found = options(f"-acde -Rv --stop --no-wait --no-size --force {BASE}")
        assert found.flags == {
            "require-all",
            "continue",
            "disconnect",
            "raw",
            "received",
            "verbose",
            "stop",
            "no-wait",
            "no-size",
            "force",
        }

    def test_the_chunk_size(self) -> None:
        assert options(f"--chunk-size 1000 {BASE}").chunk_size == 1000
        assert refusal(f"--chunk-size 0 {BASE}")[0] == "--chunk-size"

    def test_how_many_and_how_often(self) -> None:
        assert (options(BASE).jobs, options(BASE).repeat) == (1, 1)
        assert options(f"-j 10 {BASE}").jobs == 10
        assert options(f"--repeat 3 {BASE}").repeat == 3
        assert refusal(f"-j0 {BASE}")[0] == "-j"
        assert refusal(f"--repeat x {BASE}")[0] == "--repeat"
