"""Servers by hand: `python -m tests.servers NAME... [-- COMMAND...]`.

Starts the servers named, and those that they need, and runs the command with their addresses in its
environment: SMTPWIRE_POSTFIX_SMTP=HOST:PORT and the like, SMTPWIRE_CA_FILE, SMTPWIRE_SERVERS (the
directory of their files).  Without a command it prints that and waits for Ctrl-C or the end of
standard input.  Then it ends the servers.
"""

from __future__ import annotations

import os
import subprocess
import sys

from tests.servers.catalogue import SERVERS
from tests.servers.errors import Unavailable
from tests.servers.farm import Farm


def main(arguments: list[str]) -> int:
    """Run what the docstring above says; the command's own exit status."""
    names = arguments
    command: list[str] = []
    if "--" in arguments:
        names = arguments[: arguments.index("--")]
        command = arguments[len(names) + 1 :]
    if not names or not set(names) <= SERVERS.keys():
        print(f"{(__doc__ or '').strip()}\n\nNames: {' '.join(SERVERS)}", file=sys.stderr)
        return 64
    farm = Farm.lead()
    try:
        variables = {"SMTPWIRE_SERVERS": str(farm.directory)}
        for name in names:
            server = farm.start(name)
            variables["SMTPWIRE_CA_FILE"] = str(server.ca_file)
            for service, port in server.ports.items():
                key = f"SMTPWIRE_{name}_{service}".upper().replace("-", "_")
                variables[key] = f"{server.host}:{port}"
        if command:
            return subprocess.run(command, env={**os.environ, **variables}, check=False).returncode
        for key, value in variables.items():
            print(f"{key}={value}", flush=True)
        sys.stdin.read()
    except Unavailable as error:
        print(error, file=sys.stderr)
        return 69
    except KeyboardInterrupt:
        return 130
    finally:
        farm.end()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
