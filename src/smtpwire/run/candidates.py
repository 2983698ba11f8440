"""The servers of a run, in the order in which they are tried."""

from __future__ import annotations

from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from smtpwire.client import Server
    from smtpwire.errors import SMTPError
    from smtpwire.run.report import Observer
    from smtpwire.run.session import Sessions


class Candidates:
    """They are looked for when they are needed first; until then there are none.

    Args:
        sessions: finds them.
        observer: told of domains without servers, where others have some.

    Attributes:
        not_found: domains without servers and why, until there is a session.
    """

    def __init__(self, sessions: Sessions, observer: Observer) -> None:
        self._sessions = sessions
        self._observer = observer
        self._servers: deque[Server] = deque()
        self._seeking = False
        self.not_found: list[tuple[str, SMTPError]] = []

    def __len__(self) -> int:
        return len(self._servers)

    @property
    def first(self) -> Server:
        """Whose turn it is."""
        return self._servers[0]

    def pass_over(self) -> None:
        """Try the next one from now on: who could not be had is the last."""
        self._servers.rotate(-1)

    def seek(
        self, found: Callable[[], object], failed: Callable[[list[tuple[str, SMTPError]]], object]
    ) -> None:
        """Look for them, if nobody does yet; a signal meanwhile ends the run anyway.

        Args:
            found: called when there are some.
            failed: called when there are none, with the reasons; without any, none was named.
        """
        if self._seeking:
            return
        self._seeking = True

        def take(servers: list[Server], failures: list[tuple[str, SMTPError]]) -> None:
            for where, error in failures if servers else failures[:-1]:
                self._observer.warning(where, "trying the next server", error)
            if servers:
                self._servers.extend(servers)
                self.not_found = failures
                found()
            else:
                self._seeking = False
                failed(failures)

        self._sessions.find(take, lambda _: None)
