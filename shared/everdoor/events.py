"""Events: numbering them at the publisher, and noticing at a subscriber that some are missing.

Events are hints. Who must not miss anything follows the Clone pattern of the ZeroMQ Guide:
subscribe, ask for the present state by rpc, then apply what is newer (`Following`). Sockets are
`everdoor.bus.pubsub`'s. Source: docs/protocol.md, section 5; the ZeroMQ Guide, chapter 5.
"""

from __future__ import annotations

import itertools
from collections import deque
from typing import Any, NamedTuple

import msgspec

from everdoor.codec import MAX_FRAME_BYTES
from everdoor.errors import MalformedMessage, UnsupportedVersion
from everdoor.messages.events import Event

EVENTS_VERSION = 1
"""Version of events; the stream has its own."""

MAX_TOPIC_BYTES = 255
"""Longest topic; `session.<portal>.<sessid>` takes some 80."""

MAX_EARLY = 10_000
"""Events kept while the state is on its way; as many as ZeroMQ would queue for a subscriber."""

_encoder = msgspec.msgpack.Encoder()
_events = msgspec.msgpack.Decoder(Event)


BEAT = "beat"
"""Topic of what a publisher says when it has nothing else to say: it is numbered like all others,
so that the loss of the last event before a pause is noticed too."""


class Published(NamedTuple):
    """An event and its topic, such as `server.restarting`."""

    topic: str
    event: Event


class Mark(NamedTuple):
    """A place among the events of one publisher's life: all up to `seq` are accounted for."""

    publisher: str
    seq: int


class Numbering:
    """Gives the events of one publisher's life their numbers.

    Args:
        publisher: Names this life and no other, such as `server.17`.
    """

    def __init__(self, publisher: str) -> None:
        self._mark = Mark(publisher, 0)

    @property
    def mark(self) -> Mark:
        """What a state taken now accounts for; an answer with a state carries it."""
        return self._mark

    def next(self, topic: str, data: dict[str, Any], now: float) -> list[bytes]:
        """Number an event and return its frames: topic, event.

        Args:
            now: Wall clock, epoch seconds.
        """
        self._mark = Mark(self._mark.publisher, self._mark.seq + 1)
        event = Event(EVENTS_VERSION, self._mark.publisher, self._mark.seq, now, data)
        return [topic.encode(), _encoder.encode(event)]


def decode_event(frames: list[bytes]) -> Published:
    """Parse the frames of an event: topic, event.

    Raises:
        MalformedMessage: They are no event.
        UnsupportedVersion: The event has a version that is not spoken here.
    """
    if len(frames) != 2 or len(frames[0]) > MAX_TOPIC_BYTES or len(frames[1]) > MAX_FRAME_BYTES:
        raise MalformedMessage("an event is two frames, its topic and itself, within their bounds")
    try:
        topic, event = frames[0].decode(), _events.decode(frames[1])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise MalformedMessage(str(exc)) from exc
    if event.version != EVENTS_VERSION:
        raise UnsupportedVersion(event.version, (EVENTS_VERSION,))
    return Published(topic, event)


def has_topic(topic: str, prefix: str) -> bool:
    """Whether a topic is `prefix` or below it (`session` and `session.portal.3`)."""
    return not prefix or topic == prefix or topic.startswith(prefix + ".")


class Following:
    """Keeps a subscriber's state complete: says what to apply and when to ask for all of it.

    Numbers count all events of a publisher, whatever their topic, so a follower receives them
    all and picks by topic afterwards. It begins not knowing the state: `must_ask` is true until
    `take_state`.
    """

    def __init__(self) -> None:
        self.must_ask = True
        self._mark = Mark("", 0)
        self._early: deque[Published] = deque(maxlen=MAX_EARLY)

    def receive(self, published: Published) -> list[Published]:
        """Take an event; return what is to be applied now, in order.

        After a gap, or when the publisher has been replaced, that is nothing, and `must_ask` is
        true: the state must be asked for by rpc and given to `take_state`.
        """
        if not self.must_ask and self._is_next(published.event):
            self._mark = Mark(published.event.publisher, published.event.seq)
            return [published]
        if not self.must_ask and self._is_old(published.event):
            return []
        self.must_ask = True
        self._early.append(published)
        return []

    def doubt(self) -> None:
        """Something may have been missed: nothing is applied until a state asked for from now on
        is taken."""
        self.must_ask = True

    def take_state(self, mark: Mark) -> list[Published]:
        """Take note of a state that the caller has just applied as a whole.

        Args:
            mark: What the state accounts for, as its publisher said with it.

        Returns:
            The events that came early and are newer, to be applied now. When some of those are
            missing, or come from another life of the publisher than the state, `must_ask` is
            true again: a state asked for from now on accounts for all that came.
        """
        self._mark = mark
        early = list(self._early)
        self._early.clear()
        # A life that ended before the state was taken has nothing to add to it.
        ours = list(
            itertools.dropwhile(lambda known: known.event.publisher != mark.publisher, early)
        )
        self.must_ask = bool(early) and not ours
        ready: list[Published] = []
        for published in ours:
            ready += self.receive(published)
        if self.must_ask:
            self._early.clear()
        return ready

    def _is_next(self, event: Event) -> bool:
        return (event.publisher, event.seq) == (self._mark.publisher, self._mark.seq + 1)

    def _is_old(self, event: Event) -> bool:
        return event.publisher == self._mark.publisher and event.seq <= self._mark.seq
