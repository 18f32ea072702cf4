"""The portals that the server knows: who may speak for which, and who is dead.

Frames come in with the routing id of their socket; what they say goes on as events to the turn.
A portal speaks only after its hello was accepted, and only in the epoch that the hello opened.
Each portal's numbering and rows are its Downlink's; what is done for sessions is the turn's.

Source: docs/protocol.md, section 4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple, TypeAlias

import structlog

from everdoor import codec
from everdoor.errors import Fenced, MalformedMessage, ProtocolError, UnsupportedVersion
from everdoor.ids import Incarnation, RowId
from everdoor.messages.stream import (
    Ack,
    Connected,
    Deaths,
    Disconnected,
    DownFrame,
    FlagsChanged,
    Hello,
    Input,
    Noted,
    Numbered,
    OutOfBand,
    Part,
    PortalToServer,
    Refused,
    Resume,
    Resync,
    Row,
    Seen,
    ServerToPortal,
    Token,
    UpFrame,
)
from everdoor.peers import Peer
from everdoor.stream import SILENCE_S, FrameReceiver
from everdoor_server.commit import OutboxRow, Stored
from everdoor_server.downlink import BACKLOG_BYTES, Downlink

OTHER_HOST_SILENCE_S = 5.0
"""An incarnation on another machine counts as dead for its successor after so long: two and a
half times what a link needs to be noticed as broken."""

PROBE_INTERVAL_S = 1.0
"""How often the lock of a portal that is not heard is looked at."""

MAX_GREETINGS = 1024
"""Sockets that have sent part of a hello; beyond it the oldest begins again."""

_log = structlog.get_logger(__name__)


class Greeted(NamedTuple):
    """A portal opened an epoch. `rows` are those it has not applied, in order."""

    link: Downlink
    hello: Hello
    rows: list[Row]


class Arrived(NamedTuple):
    """An input of a connection of this portal."""

    link: Downlink
    message: Numbered


class Dead(NamedTuple):
    """This incarnation has ended and will not come back; its sessions are to be ended."""

    link: Downlink


class Counted(NamedTuple):
    """Lines of this portal under which servers have died: (conn, seq, how many)."""

    link: Downlink
    lines: list[tuple[int, int, int]]


class NotedBy(NamedTuple):
    """The portal has noted that a suspect is run next."""

    link: Downlink
    conn: int
    seq: int


LinkEvent: TypeAlias = Greeted | Arrived | Dead | Counted | NotedBy

IsAlive: TypeAlias = Callable[[str, Incarnation], bool | None]
"""Says whether an incarnation of a portal of this host still runs; None: that cannot be seen."""


class Links:
    """All portals of one generation of the server.

    Attributes:
        rows_resent: Rows that portals were sent again.

    Args:
        stored: What the database held when the generation began.
        host: This machine's name, as portals say theirs.
        is_alive: Asked about portals of this host only.
        grace_s: How long a portal that cannot be reached is waited for; 0: for ever.
        now: Monotonic seconds.
        died: Whether the generation before ended without meaning to.
    """

    def __init__(
        self,
        stored: Stored,
        host: str,
        is_alive: IsAlive,
        grace_s: float,
        now: float,
        died: bool = False,
    ) -> None:
        self._generation = stored.generation
        self._died = died
        self._host = host
        self._is_alive = is_alive
        self._grace_s = grace_s
        self._links = {
            known.id: Downlink(known.id, known.incarnation, known.host, now)
            for known in stored.portals
            if not known.buried
        }
        self._buried = {known.id: known.incarnation for known in stored.portals if known.buried}
        self._trimmed: dict[str, RowId] = {}
        for row in stored.rows:
            self._keep(row)
        self._routes: dict[bytes, Downlink] = {}
        self._routing_ids: dict[str, bytes] = {}
        self._greetings: dict[bytes, FrameReceiver] = {}
        self._answers: list[tuple[bytes, bytes]] = []
        self._probed: dict[str, float] = {}
        self._refused_versions: set[int] = set()
        self.rows_resent = 0

    def _keep(self, row: OutboxRow) -> None:
        """Take in a row that the database holds for a portal."""
        if (link := self._links.get(row.portal)) is None:
            _log.error("a row for a portal that is not known is dropped", portal=row.portal)
            self._trimmed[row.portal] = row.id
            return
        closes = tuple(conn for conn, _ in codec.decode_row(row.body).closes)
        link.keep(row._replace(closes=closes))

    def __iter__(self) -> Iterator[Downlink]:
        return iter(list(self._links.values()))

    def __len__(self) -> int:
        return len(self._links)

    def get(self, portal: str) -> Downlink | None:
        return self._links.get(portal)

    # Frames in.

    def receive(
        self, routing_id: bytes, data: bytes, now: float, peer: Peer | None = None
    ) -> list[LinkEvent]:
        """Take one frame; what it breaks is answered, never raised.

        Args:
            peer: Whose key it came by; None: it is from this machine.

        Raises:
            Fenced: A portal has rows of a newer generation: this server must leave.
        """
        events: list[LinkEvent] = []
        try:
            # What was taken before a message turned out to be bad stays taken.
            for event in self._receive(routing_id, codec.decode_up(data), now, peer):
                events.append(event)
        except UnsupportedVersion as exc:
            self._refuse_version(routing_id, exc)
        except ProtocolError as exc:
            _log.warning("bad frame from a portal", error=str(exc), size=len(data))
            self._answer(routing_id, _version_to_answer(data), 0, Resync("bad frame"))
        return events

    def _receive(
        self, routing_id: bytes, frame: UpFrame, now: float, peer: Peer | None
    ) -> Iterator[LinkEvent]:
        link = self._routes.get(routing_id)
        if link is not None and link.key != _key(peer):
            _log.warning("a frame by another key was dropped", portal=link.portal, key=_key(peer))
        elif link is None or frame.epoch > link.epoch:
            yield from self._greet(routing_id, frame, now, peer)
        elif link.accepts(frame, now):
            yield from self._take(link, frame.messages)
        elif link.is_open:
            self._answers += [(routing_id, f) for f in link.resync("a frame is missing")]
            self._forget_route(link)

    def _take(self, link: Downlink, messages: Iterable[PortalToServer]) -> Iterator[LinkEvent]:
        for message in messages:
            match message:
                # Input first, and types compared: a struct that is not asked costs 0.3 µs.
                case (
                    Input() | Seen() | OutOfBand() | Connected() | FlagsChanged() | Token()
                    | Resume() | Disconnected()
                ):  # fmt: skip
                    if (type(message) is Connected) != (message.seq == 1):
                        raise MalformedMessage("input 1 of a connection is its `connected`")
                    yield Arrived(link, message)
                case Ack(last=last):
                    if link.acknowledge(last):
                        self._trimmed[link.portal] = last
                case Deaths(lines=lines):
                    yield Counted(link, lines)
                case Noted(conn=conn, seq=seq):
                    yield NotedBy(link, conn, seq)
                case Hello() | Part():
                    raise MalformedMessage("a hello within an epoch")

    def _greet(
        self, routing_id: bytes, frame: UpFrame, now: float, peer: Peer | None
    ) -> Iterator[LinkEvent]:
        receiver = self._greetings.pop(routing_id, None)
        if frame.k == 1:
            receiver = FrameReceiver(frame.epoch)
        if receiver is None or receiver.epoch != frame.epoch or not receiver.is_next(frame.k):
            self._answer(routing_id, frame.version, frame.epoch, Resync("no hello"))
            return
        hello, rest = _find_hello(receiver, frame.messages)
        if hello is None:
            if len(self._greetings) >= MAX_GREETINGS:
                self._greetings.pop(next(iter(self._greetings)))
            self._greetings[routing_id] = receiver
            return
        yield from self._welcome(routing_id, hello, frame, receiver, now, peer)
        if link := self._routes.get(routing_id):
            yield from self._take(link, rest)

    def _welcome(
        self,
        routing_id: bytes,
        hello: Hello,
        frame: UpFrame,
        receiver: FrameReceiver,
        now: float,
        peer: Peer | None,
    ) -> Iterator[LinkEvent]:
        """Open an epoch or refuse it. `frame` is the (last) one of the hello."""
        refusal = partial(self._answer, routing_id, frame.version, frame.epoch)
        if peer is not None and not peer.speaks_for(hello.portal, hello.host):
            refusal(Refused("not_yours", f"the key is of {peer.host}, and of its portals only"))
            return
        if hello.last.generation > self._generation:
            raise Fenced(f"portal {hello.portal} has rows of generation {hello.last.generation}")
        buried = self._buried.get(hello.portal)
        if buried is not None and not hello.incarnation.is_newer_than(buried):
            refusal(Refused("buried", "it was given up"))
            return
        link = self._links.get(hello.portal)
        if link is not None and link.incarnation != hello.incarnation:
            if not hello.incarnation.is_newer_than(link.incarnation):
                refusal(Refused("stale", "a newer incarnation is known"))
                return
            if not self._is_dead(link, now):
                refusal(Refused("older_alive", "the older one may live"))
                return
            yield Dead(link)
            link = None
        elif link is not None and link.epoch and link.key != _key(peer):
            refusal(Refused("not_yours", "it has come by another key"))
            return
        elif link is not None and frame.epoch <= link.epoch:
            refusal(Refused("stale", "a newer epoch is known"))
            return
        if link is None:
            link = Downlink(hello.portal, hello.incarnation, hello.host, now)
            self._links[hello.portal] = link
            self._buried.pop(hello.portal, None)
        link.open(hello, frame.version, frame.epoch, receiver, now, _key(peer))
        if hello.last.generation:
            self._trimmed[link.portal] = hello.last
        self._route(routing_id, link)
        welcome = link.welcome(self._generation, self._died)
        self._answers += [(routing_id, data) for data in welcome]
        self.rows_resent += len(link.rows)
        yield Greeted(link, hello, [codec.decode_row(row.body) for row in link.rows])

    def _refuse_version(self, routing_id: bytes, error: UnsupportedVersion) -> None:
        """Say in the highest version spoken here which ones are; such portals come every second."""
        if error.theirs not in self._refused_versions:
            self._refused_versions.add(error.theirs)
            _log.error("a portal speaks another version", error=str(error))
        self._answer(routing_id, codec.WIRE_VERSION, 0, Refused("version", str(error)))

    def _answer(self, routing_id: bytes, version: int, epoch: int, message: ServerToPortal) -> None:
        frame = DownFrame(version, epoch, 0, message)
        self._answers.append((routing_id, codec.encode(frame)))

    # Frames out.

    def data_to_send(self, now: float) -> list[tuple[bytes, bytes]]:
        """All frames that are due, as (routing id, frame)."""
        frames, self._answers = self._answers, []
        for link in self._links.values():
            if link.is_open:
                routing_id = self._routing_ids[link.portal]
                frames += [(routing_id, frame) for frame in link.data_to_send(now)]
        return frames

    def lost(self, routing_id: bytes) -> None:
        """Its socket could not be reached: nothing is sent to it before its next hello."""
        link = self._routes.get(routing_id)
        if link is not None:
            link.close()
            self._forget_route(link)

    def drop_keys(self, is_allowed: Callable[[str], bool]) -> None:
        """Say nothing more to portals of other hosts whose keys are allowed no more."""
        for link in self:
            if link.is_open and link.key and not is_allowed(link.key):
                _log.warning("the key of a portal is allowed no more", portal=link.portal)
                self.lost(self._routing_ids[link.portal])

    def take_trimmed(self) -> dict[str, RowId]:
        """Last acknowledged row of the portals that acknowledged any since the last call."""
        trimmed, self._trimmed = self._trimmed, {}
        return trimmed

    # The dead.

    def find_dead(self, now: float) -> list[Dead]:
        """Portals that have ended, or have been out of reach beyond their grace."""
        return [Dead(link) for link in self if self._is_overdue(link, now)]

    def bury(self, link: Downlink) -> None:
        """Forget a portal whose sessions have ended; a successor may have taken its id."""
        if self._links.get(link.portal) is link:
            self._buried[link.portal] = link.incarnation
            self._forget_route(link)
            del self._links[link.portal]
            self._probed.pop(link.portal, None)
        self._trimmed.pop(link.portal, None)

    def _is_overdue(self, link: Downlink, now: float) -> bool:
        silence = now - link.last_heard
        stalled = max(silence, link.stalled_s(now))
        if link.backlog_bytes > BACKLOG_BYTES or 0 < self._grace_s < stalled:
            return True
        if link.is_open and silence < SILENCE_S:
            return False
        if link.host != self._host or now - self._probed.get(link.portal, 0.0) < PROBE_INTERVAL_S:
            return False
        self._probed[link.portal] = now
        return self._is_alive(link.portal, link.incarnation) is False

    def _is_dead(self, link: Downlink, now: float) -> bool:
        alive = self._is_alive(link.portal, link.incarnation) if link.host == self._host else None
        if alive is None:
            return now - link.last_heard >= OTHER_HOST_SILENCE_S
        return not alive

    def _route(self, routing_id: bytes, link: Downlink) -> None:
        self._forget_route(link)
        self._routes[routing_id] = link
        self._routing_ids[link.portal] = routing_id

    def _forget_route(self, link: Downlink) -> None:
        routing_id = self._routing_ids.pop(link.portal, None)
        if routing_id is not None:
            self._routes.pop(routing_id, None)


def _key(peer: Peer | None) -> str:
    return peer.key if peer is not None else ""


def _version_to_answer(frame: bytes) -> int:
    """The version to answer a bad frame in: its own, where that can be read and is spoken."""
    try:
        version = codec.frame_version(frame)
    except MalformedMessage:
        return codec.WIRE_VERSION
    return version if version in codec.SPOKEN_VERSIONS else codec.WIRE_VERSION


def _find_hello(
    receiver: FrameReceiver, messages: list[PortalToServer]
) -> tuple[Hello | None, list[PortalToServer]]:
    """The hello at the head of an epoch and what follows it; None while parts are missing."""
    match messages:
        case [Hello() as hello, *rest]:
            return hello, rest
        case [Part() as part]:
            whole = receiver.join(part)
            if whole is None:
                return None, []
            message = codec.decode_up_message(whole)
            if isinstance(message, Hello):
                return message, []
    raise MalformedMessage("an epoch that does not begin with a hello")
