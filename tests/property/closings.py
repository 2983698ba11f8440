"""The real connection against the model server, which closes at any moment of a session.

Both live in one thread, and the server acts only while the client waits, or in the place of what
takes the client long: to open its next message.  So whatever comes behind its FIN was written when
the FIN could be read, and none of it crossed on the way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smtpwire.core.engine import Engine
from smtpwire.core.event import Settled
from smtpwire.core.session import TLSMode
from smtpwire.core.transaction import Outcome
from smtpwire.message.memory import body_of
from smtpwire.net.connection import Connection
from smtpwire.net.trust import Identity
from tests.property.model_server import ModelServer
from tests.property.worlds import world as any_world
from tests.unit.net.peer import client_context

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from smtpwire.core.event import Close, Event
    from smtpwire.core.transaction import TransactionResult
    from tests.property.worlds import World as Given
    from tests.unit.net.peer import Peer
    from tests.unit.net.world import World

LARGE = b"x" * 70 + b"\r\n"
"""A line of what does not go into the buffers of a socket at once."""
TURNS = 25
"""As many as a session of these may take, or fewer, before the server closes."""


def given(rng: Random) -> Given:
    """Messages, some of them large, and a server that has no end of its own and tells no lies."""
    plain = any_world(rng, lies=False, closes=False)
    messages = tuple(
        message._replace(content=message.content + LARGE * rng.choice((0, 0, 100, 4_000)))
        for message in plain.messages
    )
    secured = rng.random() < 0.2
    tls = TLSMode.NONE if secured else plain.options.tls
    options = plain.options._replace(login=None, secured=secured, tls=tls)
    return plain._replace(options=options, messages=messages)


class Closing:
    """One session: the owner of its messages, and its server.

    Attributes:
        cut: the server closed before the client said QUIT.
        results: what became of the messages that were begun.
    """

    def __init__(self, rng: Random) -> None:
        self.cut = False
        self.results: list[TransactionResult] = []
        self._rng = rng
        self._given = given(rng)
        self._model = ModelServer(self._given.plan)
        self._turns = rng.randrange(TURNS)
        self._waiting = list(self._given.messages)
        self._closed = False

    def run(self, world: World) -> int:
        """Play it from the greeting to the end.

        Returns:
            The octets that the client wrote behind the server's FIN; inside TLS, what it said in
            them, for OpenSSL answers an end without close_notify with an alert of its own.
        """
        self._world = world
        self._connection = Connection(
            world.connect(),
            Engine(self._given.options),
            self,
            stop=world.stop,
            tls=lambda: Identity(client_context(), "localhost", lambda _: "CA"),
        )
        loop = world.loop
        loop.add(self._connection)
        loop.run()
        return len(world.peers[0].hear()) if self._closed else 0

    def check(self) -> None:
        """See that no result is a false one."""
        delivered = {
            (delivery.reverse_path, recipient)
            for delivery in self._model.deliveries
            for recipient in delivery.recipients
        }
        for result in self.results:
            for each in result.recipients:
                there = (f"s{result.id}@client", str(each.recipient)) in delivered
                assert each.outcome is not Outcome.ACCEPTED or there, each
                assert each.outcome in {Outcome.ACCEPTED, Outcome.UNKNOWN} or not there, each

    # -- the client's messages (net.contract.Owner) ------------------------------------------------

    def feed(self, *, ahead: bool) -> bool:
        """Give the next message; some take so long to open that much can happen meanwhile."""
        if self._rng.random() < 0.1:
            self._world.now += 1
            self._close(self._world.peers[0])
        if self._waiting:
            message = self._waiting.pop(0)
            self._connection.submit(message.submission, body_of(message.content, name="m"))
        else:
            self._connection.engine.finish()
        return True

    def happened(self, event: Event) -> None:
        """Take an event of the engine."""
        if isinstance(event, Settled):
            self.results.append(event.result)

    def closed(self, close: Close) -> None:
        """Take the end of the connection."""

    # -- the server --------------------------------------------------------------------------------

    def serve(self, peer: Peer) -> Iterator[float]:
        """Serve the connection until its time has come."""
        model = self._model
        if self._given.options.secured:
            yield from peer.shake()
        while self._turns and not (self._closed or model.closed):
            self._turns -= 1
            model.receive(peer.hear())
            if peer.ended:
                return
            peer.say(self._replies())
            if model.starting_tls:
                yield from peer.shake()
                model.tls_established()
            yield 1
        self._close(peer)

    def _replies(self) -> bytes:
        replies = b"".join(octets for octets, _ in self._model.out)
        self._model.out.clear()
        return replies

    def _close(self, peer: Peer) -> None:
        """End this side: behind part of an answer to what has come, or without a look at it."""
        if self._closed or peer.ended:
            return
        self._closed = True
        self.cut = not self._model.closed
        last = b""
        heard = peer.hear()
        if self._model.closed or self._rng.random() < 0.5:
            self._model.receive(heard)
            last = self._replies()
            last = last[: self._rng.randrange(len(last) + 1)]
        elif self._rng.random() < 0.5:
            last = b"421 4.3.2 shutting down\r\n"
        if not peer.ended:
            peer.say(last)
            peer.finish()
