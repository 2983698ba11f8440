"""`python -m smtpwire` is `smtp`."""

from __future__ import annotations

import sys

from smtpwire.cli.main import entry

sys.exit(entry())
