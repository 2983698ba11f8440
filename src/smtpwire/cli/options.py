"""Every option of the command, as one table.

The scanner of the command line, `--usage`, and the test that the manual page documents exactly
these options all read this table; nothing else knows an option's letter.  A row says how an option
looks, never what it does: that is `smtpwire.cli.parse`.
"""

from __future__ import annotations

from enum import Enum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from smtpwire.record import NamedTuple


class Kind(Enum):
    """What an option takes, and what repeating it means."""

    FLAG = "flag"
    """No value; repeating it changes nothing."""
    VALUE = "value"
    """One value; the last one given counts, as getopt(3) users expect."""
    LIST = "list"
    """One value each time; all of them count, in order."""


class Group(Enum):
    """The headings of `--usage`."""

    ENVELOPE = "Envelope"
    SERVER = "Server"
    SECURITY = "TLS"
    LOGIN = "Login"
    CONTENT = "Messages"
    CONVERSATION = "Conversation"
    OUTPUT = "Output"


class Option(NamedTuple):
    """One option."""

    short: str
    """The letter, or "" where there is only a long name."""
    long: str
    """The long name without its hyphens."""
    metavar: str
    """What stands for the value where the option is shown; "" for a flag."""
    kind: Kind
    help: str
    """A few words, with the default where there is one worth telling: for `--usage`, which has room
    for the options with a letter, and for the error about a missing value."""
    group: Group

    @property
    def label(self) -> str:
        """The name to call it in a message to the user: `-p`, or `--port` without a letter."""
        return f"-{self.short}" if self.short else f"--{self.long}"


_FLAG, _VALUE, _LIST = Kind.FLAG, Kind.VALUE, Kind.LIST

OPTIONS: tuple[Option, ...] = (
    Option("f", "mail-from", "ADDRESS", _VALUE, "reverse-path; '<>' or '' is null", Group.ENVELOPE),
    Option("r", "rcpt-to", "ADDRESS", _LIST, "recipient; repeatable", Group.ENVELOPE),
    Option("F", "from-header", "", _FLAG, "envelope from the message header", Group.ENVELOPE),
    Option(
        "a", "require-all", "", _FLAG, "one refused recipient aborts the message", Group.ENVELOPE
    ),
    Option("c", "continue", "", _FLAG, "content goes even without a recipient", Group.ENVELOPE),
    Option(
        "s", "server", "SERVER", _LIST, "host[:port] or smtp[s]://...; repeatable", Group.SERVER
    ),
    Option("p", "port", "PORT", _VALUE, "number or service name (25)", Group.SERVER),
    Option("H", "helo", "NAME", _VALUE, "name for EHLO (this host's)", Group.SERVER),
    Option("", "mx", "", _FLAG, "SERVER is a domain: use its MX hosts", Group.SERVER),
    Option("", "resolver", "[tls://]ADDRESS", _VALUE, "DNS server (the system's)", Group.SERVER),
    Option("", "connect-timeout", "SECONDS", _VALUE, "for each address (30)", Group.SERVER),
    Option("", "timeout", "SECONDS", _VALUE, "for each phase (those of RFC 5321)", Group.SERVER),
    Option("T", "tls", "", _FLAG, "TLS when it can be had", Group.SECURITY),
    Option("M", "require-tls", "", _FLAG, "TLS or nothing", Group.SECURITY),
    Option("V", "verify", "", _FLAG, "verify the certificate; alone implies -M", Group.SECURITY),
    Option("C", "ciphers", "STRING", _VALUE, "OpenSSL cipher string", Group.SECURITY),
    Option("", "tls-on-connect", "", _FLAG, "TLS from the first octet", Group.SECURITY),
    Option("", "tls-min", "VERSION", _VALUE, "1.0, 1.1, 1.2 or 1.3", Group.SECURITY),
    Option("", "tls-max", "VERSION", _VALUE, "1.0, 1.1, 1.2 or 1.3", Group.SECURITY),
    Option(
        "", "ca-file", "FILE", _VALUE, "trust these certificates (the system's)", Group.SECURITY
    ),
    Option("", "tls13-ciphers", "SUITES", _VALUE, "suites of TLS 1.3", Group.SECURITY),
    Option("", "tls-name", "NAME", _VALUE, "name to ask for and to verify", Group.SECURITY),
    Option("", "tls-pin", "sha256:PIN", _LIST, "the server's key; implies -M", Group.SECURITY),
    Option("", "tls-keylog", "FILE", _VALUE, "append the secrets of TLS to FILE", Group.SECURITY),
    Option("", "cert", "FILE", _VALUE, "certificate to show to the server", Group.SECURITY),
    Option("", "key", "FILE", _VALUE, "its key (in the same file)", Group.SECURITY),
    Option("", "dane", "", _FLAG, "by TLSA records, where there are any", Group.SECURITY),
    Option("", "mta-sts", "", _FLAG, "by the policy of the domain; needs --mx", Group.SECURITY),
    Option("", "mta-sts-port", "PORT", _VALUE, "port of policy hosts (443)", Group.SECURITY),
    Option("", "require-tls-onward", "", _FLAG, "REQUIRETLS; implies -M -V", Group.SECURITY),
    Option("U", "user", "NAME", _VALUE, "log in as NAME", Group.LOGIN),
    Option("P", "password", "PASSWORD", _VALUE, "password; ps(1) shows it", Group.LOGIN),
    Option("", "password-file", "FILE", _VALUE, "password on the first line of FILE", Group.LOGIN),
    Option("", "password-command", "CMD", _VALUE, "CMD prints the password", Group.LOGIN),
    Option("", "oauth-token-command", "CMD", _VALUE, "CMD prints an access token", Group.LOGIN),
    Option("", "authzid", "NAME", _VALUE, "act as NAME, not as the user", Group.LOGIN),
    Option("", "auth", "MECH[,MECH]", _VALUE, "only these, in this order", Group.LOGIN),
    Option("", "allow-cleartext-auth", "", _FLAG, "send a password without TLS", Group.LOGIN),
    Option("", "files-from", "FILE", _VALUE, "more message names from FILE or -", Group.CONTENT),
    Option("", "repeat", "N", _VALUE, "send each message N times (1)", Group.CONTENT),
    Option("", "retry", "N", _VALUE, "try what was deferred N times more (0)", Group.CONTENT),
    Option("", "retry-delay", "SECONDS", _VALUE, "before the first of these (60)", Group.CONTENT),
    Option("", "journal", "FILE", _VALUE, "write down what is settled", Group.CONTENT),
    Option("", "resend-unknown", "", _FLAG, "with --journal: unknown ones too", Group.CONTENT),
    Option("", "status", "", _FLAG, "with --journal: show it, send nothing", Group.CONTENT),
    Option("e", "raw", "", _FLAG, "line ends as they are", Group.CONTENT),
    Option("", "no-dot-stuffing", "", _FLAG, "dots as they are", Group.CONTENT),
    Option("R", "received", "", _FLAG, "prepend a Received field", Group.CONTENT),
    Option("j", "jobs", "N", _VALUE, "connections at a time (1)", Group.CONVERSATION),
    Option("", "processes", "N", _VALUE, "spread over N processes (1)", Group.CONVERSATION),
    Option("d", "disconnect", "", _FLAG, "a new connection for each message", Group.CONVERSATION),
    Option(
        "", "max-per-connection", "N", _VALUE, "messages a connection (all)", Group.CONVERSATION
    ),
    Option("", "stop", "", _FLAG, "end the run at the first failure", Group.CONVERSATION),
    Option("", "no-pipelining", "", _FLAG, "one command at a time", Group.CONVERSATION),
    Option("", "no-chunking", "", _FLAG, "DATA, never BDAT", Group.CONVERSATION),
    Option("", "chunk-size", "OCTETS", _VALUE, "octets a BDAT chunk (all)", Group.CONVERSATION),
    Option("", "no-wait", "", _FLAG, "content right behind its envelope", Group.CONVERSATION),
    Option(
        "", "no-size", "", _FLAG, "no SIZE=; a pipe is not spooled for DATA", Group.CONVERSATION
    ),
    Option("", "force", "", _FLAG, "send what an extension is missing for", Group.CONVERSATION),
    Option("v", "verbose", "", _FLAG, "a line per connection and message", Group.OUTPUT),
    Option("t", "trace", "", _FLAG, "the conversation on standard output", Group.OUTPUT),
    Option("", "trace-auth", "", _FLAG, "with -t: secrets too", Group.OUTPUT),
    Option("", "trace-body", "", _FLAG, "with -t: content too", Group.OUTPUT),
    Option("", "trace-time", "", _FLAG, "with -t: seconds since the start", Group.OUTPUT),
    Option("", "json", "FILE", _VALUE, "records to FILE or -", Group.OUTPUT),
    Option("", "progress", "", _FLAG, "a progress bar (on a terminal)", Group.OUTPUT),
    Option("", "no-progress", "", _FLAG, "no progress bar", Group.OUTPUT),
    Option("h", "help", "", _FLAG, "print the manual page", Group.OUTPUT),
    Option("", "usage", "", _FLAG, "print this", Group.OUTPUT),
    Option("", "version", "", _FLAG, "print the version", Group.OUTPUT),
)

BY_SHORT = {option.short: option for option in OPTIONS if option.short}
BY_LONG = {option.long: option for option in OPTIONS}
