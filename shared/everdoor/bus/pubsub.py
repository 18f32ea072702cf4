"""Events over PUB and SUB sockets; their numbers and gaps are `everdoor.events`'.

Source: docs/protocol.md, section 5.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import structlog

from everdoor.bus.curve import Far
from everdoor.bus.sockets import Bus
from everdoor.errors import ProtocolError
from everdoor.events import (
    BEAT,
    Following,
    Mark,
    Numbering,
    Published,
    decode_event,
    has_topic,
)

BEAT_S = 1.0
"""A publisher that has said nothing for so long says so: followers lag no longer than this."""

log = structlog.get_logger(__name__)


class Publisher:
    """Publishes the events of one life of a process, and a beat when there are none.

    Args:
        life: Names this life of the process and no other, such as `server.17`.
        fd: The endpoint's listening socket, inherited from a supervisor.
        far: Where other hosts subscribe.
    """

    def __init__(
        self,
        bus: Bus,
        endpoint: str,
        life: str,
        fd: int | None = None,
        far: Far | None = None,
    ) -> None:
        self._numbering = Numbering(life)
        self._loop = bus.loop
        self.wire = bus.publisher(endpoint, fd, far)
        self._spoke_at = bus.loop.time()
        self._timer = bus.loop.call_later(BEAT_S, self._beat)

    @property
    def mark(self) -> Mark:
        """The last event published; a state given out now accounts for all up to it."""
        return self._numbering.mark

    def publish(self, topic: str, **data: Any) -> None:
        """Publish an event to whoever is subscribed; never waits, never fails."""
        self.wire.send(*self._numbering.next(topic, data, time.time()))
        self._spoke_at = self._loop.time()

    def close(self) -> None:
        """Close the socket. Idempotent."""
        self._timer.cancel()
        self.wire.close()

    def _beat(self) -> None:
        """Speak if nothing was published for BEAT_S; look again when the next such time ends."""
        if self._loop.time() - self._spoke_at >= BEAT_S:
            self.publish(BEAT)
        self._timer = self._loop.call_at(self._spoke_at + BEAT_S, self._beat)


class Subscriber:
    """Receives the events of one publisher, without its beats.

    Args:
        on_event: Called with each event whose topic is `topic` or below it.
        on_gap: Called when events are missing, at the beginning, and when the connection breaks
            or has been made anew: take the state by rpc, apply it, and say so with `take_state`;
            until then no event is handed on. None: events are taken for what they are, hints,
            and handed on as they come; others than those of `topic` are then not even received.

    Attributes:
        malformed: Messages dropped because they were no events.
    """

    def __init__(
        self,
        bus: Bus,
        endpoint: str,
        on_event: Callable[[Published], None],
        *,
        topic: str = "",
        on_gap: Callable[[], None] | None = None,
    ) -> None:
        self.malformed = 0
        self._on_event = on_event
        self._topic = topic
        self._on_gap = on_gap
        self._following = Following()
        interrupted = self._interrupted if on_gap is not None else None
        # Numbers count the events of all topics: who looks for gaps receives them all.
        prefix = "" if on_gap else topic
        self.wire = bus.subscriber(endpoint, self._received, prefix, interrupted, interrupted)
        if on_gap is not None:
            bus.loop.call_soon(on_gap)

    def doubt(self) -> None:
        """Hand nothing on until a state asked for from now on is taken; to be called before each
        asking, so that no state older than what was handed on is ever taken."""
        self._following.doubt()

    def take_state(self, mark: Mark) -> None:
        """Go on from a state that has just been applied; `mark` is what it accounts for."""
        self._hand_on(self._following.take_state(mark))
        self._tell_gap()

    def close(self) -> None:
        """Close the socket. Idempotent."""
        self.wire.close()

    def _interrupted(self) -> None:
        """What was published while there was no connection is lost without a trace."""
        self.doubt()
        self._tell_gap()

    def _received(self, batch: list[list[bytes]]) -> None:
        for frames in batch:
            try:
                published = decode_event(frames)
            except ProtocolError as exc:
                self.malformed += 1
                log.warning("event dropped", why=str(exc))
                continue
            self._follow(published)

    def _follow(self, published: Published) -> None:
        if self._on_gap is None:
            self._hand_on([published])
            return
        asked_before = self._following.must_ask
        self._hand_on(self._following.receive(published))
        if not asked_before:
            self._tell_gap()

    def _tell_gap(self) -> None:
        if self._following.must_ask and self._on_gap is not None:
            self._on_gap()

    def _hand_on(self, ready: list[Published]) -> None:
        for published in ready:
            if published.topic != BEAT and has_topic(published.topic, self._topic):
                self._on_event(published)
