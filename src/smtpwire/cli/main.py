"""Where the process of the command `smtp` begins.

Ctrl-C may come at any moment, also while modules are being imported, where an exception would end
in a traceback or be swallowed by whatever catches it there.  So before anything else SIGINT is made
to end the process at once; when a run begins it takes the signal over, to say what became of each
message (`smtpwire.run.stop`).  Hence this module imports as good as nothing.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
    from types import FrameType
else:
    import _signal  # what `signal` is made of, without the enumerations around it

_INTERRUPTED = 128 + _signal.SIGINT
"""`ExitCode.SIGINT`, which would be an import."""


def entry() -> int:
    """Run the command of this process: what the installed script calls.

    Returns:
        The exit code, for `sys.exit`.
    """
    # A shell lets its background jobs ignore SIGINT; that stays so.
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _leave)
    from smtpwire.cli.streams import open_standard_descriptors

    open_standard_descriptors()
    from smtpwire.cli.command import run

    return run(sys.argv[1:], os.environ)


def _leave(_number: int, _frame: FrameType | None) -> None:
    """End the process; nothing is half done, and nothing waits in a buffer."""
    os._exit(_INTERRUPTED)
