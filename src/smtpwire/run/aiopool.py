"""Many messages over up to so many connections, in an asyncio event loop.

The rules are those of a run (`smtpwire.run.runner`).  A message that cannot have been taken goes on
another connection, unasked and once; one that may have been taken never does.  What differs is that
nobody says which message is the last: a connection stays until `close`, and while there is nothing
to send it waits.

- A message goes to a connection that has none; else to the first that can send it at once, behind
  the content of another.  It is not bound to one where it would have to wait.
- A message that is sent again goes on a session that has carried none: many a server ends its
  sessions after so many messages, and the others have had some.  Where there may be no further
  session for it, one of those that finds nothing else to send makes room.
- A further connection is made while messages wait, up to the limit.  One that cannot be had while
  others are there only lowers the limit, until one of those ends.
- When there is no connection and none can be had, all messages that wait are told so, and also
  when a server will not have us (EHLO refused, TLS not to be had, no login).  Those that come later
  have it tried anew; only a login that was refused never is: that would lock the account.  (One
  that was refused for now, with 4yz, is: RFC 4954 section 6.)
"""

from __future__ import annotations

import asyncio
from collections import deque
from time import monotonic

from smtpwire.errors import AuthFailed, ConnectError, Interrupted, MessageError, SMTPError
from smtpwire.run.again import sort_out
from smtpwire.run.aiosession import AsyncSessions
from smtpwire.run.nosession import another_may_do, costs_one, deciding
from smtpwire.run.report import MessageResult, Observer
from smtpwire.run.tally import message_outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from smtpwire.client import ClientSettings, Server
    from smtpwire.core.event import Close
    from smtpwire.core.transaction import TransactionResult
    from smtpwire.net.aio import AsyncConnection
    from smtpwire.run.order import Order

FILES = 3
"""Files open at a time for each connection: one that is sent, one behind it, one to come."""
FILES_NO_WAIT = 66
"""The same where a whole window of messages may be under way (`SessionOptions.window_messages`)."""


class Slot:
    """One of the connections, while it is made and while it is there."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.connection: AsyncConnection | None = None
        self.flying: dict[int, Order] = {}
        """Given to the session and not settled, by number."""
        self.returned: list[tuple[Order, TransactionResult]] = []
        """What the session gave back unsent, in order."""
        self.used = False
        """The session was given a message."""
        self.leaving = False
        """The session was told that there is no further message."""

    # What the session asks and tells (run.aiosession.Desk):

    def ready(self, connection: AsyncConnection) -> None:
        """Take it that messages may follow."""
        self.connection = connection
        self._pool.idle[self] = None

    def feed(self, connection: AsyncConnection, *, ahead: bool) -> bool:
        """Give the session its next message, or say that there is none."""
        order = None if ahead else self._pool.next(self)
        if order is not None:
            self._pool.idle.pop(self, None)
            self.used = True
            self.flying[order.number] = order
            connection.submit(order.submission(), order)
            return True
        if self._pool.ending or self._pool.in_need_of_room:
            self.leaving = True
            connection.engine.finish()
            return True
        return False

    def settled(self, result: TransactionResult) -> None:
        """Take what became of a message on this session."""
        order = self.flying.pop(result.id)
        if result.resend:
            self.returned.append((order, result))
        else:
            self._pool.settle(order, result)
        if not self.flying:
            self._pool.idle[self] = None

    def name_of(self, number: int) -> str:
        """The name of a message that is on this session."""
        return self.flying[number].name

    def closed(self, close: Close) -> None:
        """Take the end of the session."""
        self._pool.left(self, close)


class Pool:
    """The messages that wait, and the connections.

    Args:
        client: how connections are made.
        connections: how many there may be at a time.
        observer: told of everything; None for nobody.

    Attributes:
        idle: the slots whose session has no message, the one that has waited longest first.
    """

    def __init__(
        self, client: ClientSettings, *, connections: int, observer: Observer | None
    ) -> None:
        self.idle: dict[Slot, None] = {}
        self._loop = asyncio.get_running_loop()
        self._sessions = AsyncSessions(client, observer or Observer())
        self._observer = observer
        self._servers: deque[Server] = deque()
        """In the order in which they are tried; empty until they are needed first."""
        self._finding = asyncio.Lock()
        discovery = client.discovery
        self._of_domains = discovery is not None and discovery.mx
        self._connections = connections
        self._room = connections
        self._files = connections * (FILES_NO_WAIT if client.no_wait else FILES)
        self._waiting: deque[Order] = deque()
        self._again: deque[Order] = deque()
        """Those that have had their one new connection, and go on a session that has carried none.
        """
        self._unopened: deque[Order] = deque()
        self._opening: dict[asyncio.Future[None], Order] = {}
        self._held: set[Order] = set()
        """Orders whose files are open, or being opened."""
        self._slots: set[Slot] = set()
        self._trying: dict[asyncio.Task[None], Slot] = {}
        self._failure: SMTPError | None = None
        """Why there will be no connection any more."""
        self._due = False
        self._closing = False
        self._over: asyncio.Future[None] | None = None

    # -- messages --------------------------------------------------------------------------------

    def add(self, order: Order) -> None:
        """Take a message; its future is told what becomes of it."""
        if order.in_memory or self._failure is not None:
            self._enqueue(order)
        else:
            self._unopened.append(order)
        self._go_on_soon()

    def _enqueue(self, order: Order) -> None:
        if self._failure is None:
            self._waiting.append(order)
        else:
            self._fail(order, self._failure)

    def _fail(self, order: Order, error: SMTPError) -> None:
        order.fail(_copy(error))
        self._release(order)

    def next(self, slot: Slot) -> Order | None:
        """The next message that can be sent now on the session of a slot."""
        while waiting := (not slot.used and self._again) or self._waiting:
            order = waiting.popleft()
            if order.replaced:
                self._go_on_soon()  # who can do nothing for it may have waited for the end
            if order.future.done():
                self._release(order)
                continue
            try:
                if not order.opened:
                    order.open()
            except MessageError as error:
                order.fail(error)
            else:
                return order
        return None

    @property
    def ending(self) -> bool:
        """Whether no message will follow."""
        return self._closing and not (
            self._waiting or self._again or self._unopened or self._opening
        )

    @property
    def in_need_of_room(self) -> bool:
        """Whether a session has to end, so that there can be one for a message sent again."""
        if not self._again or len(self._slots) < self._room:
            return False
        return len(self._again) > sum(slot.leaving or not slot.used for slot in self._slots)

    def settle(self, order: Order, result: TransactionResult) -> None:
        """Take what became of a message."""
        if self._observer is not None:
            reverse_path = order.envelope.reverse_path
            self._observer.message(
                MessageResult(
                    order.number,
                    order.name,
                    "" if reverse_path is None else str(reverse_path),
                    result.recipients,
                    order.octets,
                    message_outcome(result.recipients),
                    result.reply,
                    result.command,
                    result.error,
                    monotonic() - order.started,
                )
            )
        order.settle(result)
        self._release(order)

    def withdraw(self) -> None:
        """Cancel what no server was told of."""
        waiting = (*self._again, *self._waiting)
        for order in (*waiting, *self._unopened, *self._opening.values()):
            order.future.cancel()
        for order in waiting:
            self._release(order)
        for orders in (self._again, self._waiting, self._unopened):
            orders.clear()

    def _release(self, order: Order) -> None:
        order.close()
        if order in self._held:
            self._held.remove(order)
            self._go_on_soon()

    def _open_files(self) -> None:
        """Open the next files, each in a thread: a disk, and a pipe above all, takes its time."""
        while self._unopened and len(self._held) < self._files:
            order = self._unopened.popleft()
            if order.future.done():
                continue
            self._held.add(order)
            opening = self._loop.run_in_executor(None, order.open)
            self._opening[opening] = order
            opening.add_done_callback(self._opened)

    def _opened(self, opening: asyncio.Future[None]) -> None:
        order = self._opening.pop(opening)
        error = opening.exception()
        if error is None:
            self._enqueue(order)
        else:
            order.fail(error)
            self._release(order)
        self._go_on_soon()

    # -- connections -----------------------------------------------------------------------------

    def left(self, slot: Slot, close: Close) -> None:
        """Take the end of a slot's session."""
        again, settled = sort_out(close, slot.returned)
        for order, result in settled:
            self.settle(order, result)
        for order in reversed(again):
            if self._failure is not None:
                self._fail(order, self._failure)
            else:
                (self._again if order.replaced else self._waiting).appendleft(order)
        self._room = self._connections
        self._forget(slot)

    def _forget(self, slot: Slot) -> None:
        self._slots.discard(slot)
        self.idle.pop(slot, None)
        self._go_on_soon()

    def _go_on_soon(self) -> None:
        """Look behind all that happens now, once."""
        if not self._due:
            self._due = True
            self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        self._due = False
        self._open_files()
        for slot in tuple(self.idle):
            if not (self._waiting or self._again or self.ending):
                break
            if slot.connection is not None:
                slot.connection.go_on()
        waiting = len(self._again) + len(self._waiting)
        while len(self._trying) < waiting and len(self._slots) < self._room:
            slot = Slot(self)
            self._slots.add(slot)
            task = self._loop.create_task(self._connect_to_any(slot))
            self._trying[task] = slot
            task.add_done_callback(self._tried)
        if self.ending:
            self._end()

    def _tried(self, task: asyncio.Task[None]) -> None:
        del self._trying[task]
        self._go_on_soon()

    async def _find_servers(self) -> list[SMTPError]:
        """Find the servers where that was not done yet; return why some were not found."""
        async with self._finding:
            if self._servers:
                return []
            servers, failures = await self._sessions.find()
            self._servers.extend(servers)
        if not (servers or failures):
            return [ConnectError("no server was named")]
        for where, error in failures if servers else failures[:-1]:
            self._sessions.observer.warning(where, "trying the next server", error)
        return [error for _, error in failures]

    async def _connect_to_any(self, slot: Slot) -> None:
        """Have a session with the first server that gives one."""
        try:
            failures = await self._find_servers()
            for server in tuple(self._servers):
                try:
                    await self._sessions.open(server, slot)
                except SMTPError as error:
                    if not another_may_do(error, domain=self._of_domains):
                        failures = [error]  # whatever the others said
                        break
                    failures.append(error)
                    if self._servers[0] is server:
                        self._servers.rotate(-1)  # it is the last to be tried from now on
                else:
                    return
        except asyncio.CancelledError:
            self._forget(slot)
            raise
        self._forget(slot)
        self._no_session(deciding(failures))

    def _no_session(self, error: SMTPError) -> None:
        if isinstance(error, AuthFailed) and not (error.reply and error.reply.transient):
            self._failure = error
        self._room = len(self._slots) or self._connections
        if costs_one(error, domain=self._of_domains) and self._slots:
            return
        for orders in (self._again, self._waiting, self._unopened):
            while orders:
                self._fail(orders.popleft(), error)

    # -- the end ---------------------------------------------------------------------------------

    async def close(self) -> None:
        """Send what waits, wait for what is under way, and take leave of the servers.

        When this is cancelled, nothing more is sent, and replies to ends of data that are out are
        waited for a second.
        """
        self._closing = True
        if self._over is None:
            self._over = self._loop.create_future()
        self._go_on_soon()
        try:
            await asyncio.shield(self._over)
        except asyncio.CancelledError:
            self._interrupt()
            await self._over
            raise

    def _interrupt(self) -> None:
        self.withdraw()
        for slot in tuple(self._slots):
            if slot.connection is not None:
                slot.connection.interrupt(Interrupted("the client is being closed"))
        self._go_on_soon()

    def _end(self) -> None:
        """Nothing is to be sent any more: whoever is still connecting need not."""
        for task, slot in self._trying.items():
            if slot.connection is None:
                task.cancel()
        if not self._slots and self._over is not None and not self._over.done():
            self._over.set_result(None)


def _copy(error: SMTPError) -> SMTPError:
    """The same error for another message: each that is raised collects a traceback of its own."""
    copy = error.__class__.__new__(error.__class__, *error.args)
    copy.__dict__.update(error.__dict__)
    copy.__cause__ = error.__cause__
    return copy
