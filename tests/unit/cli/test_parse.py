"""Command lines, whole."""

from __future__ import annotations

import pytest

from smtpwire.cli.parse import TraceOptions
from smtpwire.client import Server
from tests.unit.cli.lines import BASE, options, refusal


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

    def test_a_token(self) -> None:
        login = options(f"-U me --oauth-token-command get --authzid you {BASE}").login
        assert login is not None
        assert (login.token_command, login.authzid) == ("get", "you")
        assert login.mechanisms == ("OAUTHBEARER", "XOAUTH2")
        assert "get" not in repr(login)

    def test_a_token_for_one_mechanism(self) -> None:
        login = options(f"-U me --oauth-token-command get --auth xoauth2 {BASE}").login
        assert login is not None
        assert login.mechanisms == ("XOAUTH2",)

    @pytest.mark.parametrize("mechanisms", ["EXTERNAL", "GSSAPI,EXTERNAL"])
    def test_who_is_known_from_elsewhere_needs_no_name(self, mechanisms: str) -> None:
        login = options(f"--auth {mechanisms} {BASE}").login
        assert login is not None
        assert login.user == ""

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
            ("--password-command x", "--password-command"),
            ("--oauth-token-command x", "--oauth-token-command"),
            ("--authzid x", "--authzid"),
            ("--auth PLAIN", "--auth"),
            ("--auth EXTERNAL,PLAIN", "--auth"),
            ("--allow-cleartext-auth", "--allow-cleartext-auth"),
        ],
    )
    def test_its_options_need_a_user(self, line: str, where: str) -> None:
        assert refusal(f"{line} {BASE}") == (where, "needs -U NAME, whom to log in as")

    @pytest.mark.parametrize(
        ("line", "where", "other"),
        [
            ("-P x --password-file y", "--password-file", "-P"),
            ("--password-command y --password-file x", "--password-command", "--password-file"),
            ("--oauth-token-command x -P y", "--oauth-token-command", "-P"),
        ],
    )
    def test_one_secret_is_enough(self, line: str, where: str, other: str) -> None:
        text = f"cannot be used with {other}; give the secret once"
        assert refusal(f"-U me {line} {BASE}") == (where, text)

    def test_a_token_is_no_password(self) -> None:
        where, text = refusal(f"-U me --oauth-token-command x --auth XOAUTH2,PLAIN {BASE}")
        assert where == "--oauth-token-command"
        assert text == "cannot be used with PLAIN: it is for OAUTHBEARER and XOAUTH2"


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
