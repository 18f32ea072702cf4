"""ZeroMQ sockets on an asyncio loop, with the options that Everdoor's channels need.

A `Bus` is one process's ZeroMQ context and makes every socket of it; a `Wire` is one socket that
is read in batches. What the frames mean is decided elsewhere: `everdoor.stream`, `everdoor.calls`,
`everdoor.events`.

Sockets are read through their raw file descriptor (`zmq.FD`), not `zmq.asyncio`: one future less
for every message. That descriptor is edge-triggered: it tells of a change once, and any call on
the socket may consume the edge. So reading goes on until EAGAIN, and whoever has sent looks at the
socket's EVENTS afterwards; otherwise a message waits for ever.

Source: docs/protocol.md, section 2; zmq_getsockopt(3), ZMQ_FD.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
from collections.abc import Callable
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

import zmq
from zmq.utils.monitor import parse_monitor_message

from everdoor.bus.curve import (
    ZAP_ENDPOINT,
    Curve,
    Far,
    Gate,
    protect_connecting,
    protect_listening,
)
from everdoor.codec import MAX_FRAME_BYTES
from everdoor.errors import StartupError
from everdoor.peers import Peer

MAX_BATCH = 256
"""Frames read before other work of the loop gets its turn; at 3 µs a frame, under 1 ms."""

STREAM_HWM = 1000
"""Frames queued for one peer of the stream; what is above waits in its sender's own memory, which
is bounded in bytes. A turn sends one frame a portal, so this is a second and more of turns."""

EVENTS_HWM = 10_000
"""Events queued for one subscriber; above, ZeroMQ drops them, which the subscriber notices."""

CALLS_HWM = 1000
"""Requests or replies queued for one peer; a requester has one outstanding on each socket."""

MAX_PART_BYTES = MAX_FRAME_BYTES + 1024
"""ZeroMQ itself ends the connection of a peer that sends more: the frame and some room, so that
a frame that is only just too long is refused with a reason."""

LAST_WORDS_MS = 200
"""How long a closed socket may still send replies and events; streams send nothing more."""

REFUSED_AGAIN_S = 1.0
"""Pause before a socket whose key was refused tries again: it may have been allowed meanwhile."""

_REFUSED = zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL

T = TypeVar("T")


class Addressed(NamedTuple):
    """A frame with the routing id of the socket that it came from, and whose key that socket has;
    None: it is on this machine."""

    routing_id: bytes
    frame: bytes
    peer: Peer | None = None


class Received(NamedTuple):
    """A message's frames, and whose key they came by; None: from this machine."""

    frames: list[bytes]
    peer: Peer | None = None


Socket = zmq.Socket[bytes]


class Wire(Generic[T]):
    """One ZeroMQ socket, read in batches by the loop that made it.

    Made by `Bus`. Not thread-safe: everything happens on the loop's thread.

    Attributes:
        malformed: Messages dropped because they did not have the channel's number of frames, or
            came by a key that is allowed no more.
        retries: The endpoint that is connected anew, a while after a refusal; empty: none is.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        socket: Socket,
        form: Callable[[list[bytes], Peer | None], T | None],
        on_batch: Callable[[list[T]], None] | None,
        whose: Callable[[zmq.Frame], Peer | None] | None = None,
    ) -> None:
        self.malformed = 0
        self.retries = ""
        self._loop = loop
        self._socket = socket
        self._form = form
        self._on_batch = on_batch
        self._whose = whose
        self._read_is_due = False
        self._monitor: Wire[list[bytes]] | None = None
        self._fd = int(socket.getsockopt(zmq.FD))
        if on_batch is not None:
            loop.add_reader(self._fd, self._read)
            self._read_soon()

    @property
    def closed(self) -> bool:
        return self._socket.closed

    @property
    def endpoint(self) -> str:
        """The endpoint that was bound or connected last, with the port the system gave."""
        return self._socket.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0")

    def send(self, *frames: bytes) -> bool:
        """Send one message of these frames, without waiting.

        Returns:
            False when it was not taken: the peer's queue is full, a ROUTER has no peer with
            this routing id, or the wire is closed. True says that ZeroMQ has it, no more.
        """
        if self._socket.closed:
            return False
        try:
            self._socket.send_multipart(frames, zmq.NOBLOCK)
        except zmq.ZMQError as exc:
            if exc.errno not in (zmq.EAGAIN, zmq.EHOSTUNREACH):
                raise
            return False
        finally:
            self._look()
        return True

    def watch(
        self,
        on_connect: Callable[[], None] | None = None,
        on_disconnect: Callable[[], None] | None = None,
        on_refused: Callable[[], None] | None = None,
    ) -> None:
        """Call back each time a connection of this socket is established, breaks, or is refused.

        Established means that the other side's ZeroMQ has greeted; that a listening socket took
        the connection, with nobody behind it yet, is not told, nor are attempts that fail.
        Refused means that the other side does not know the key, or is not who it should be.
        """
        calls = {zmq.EVENT_HANDSHAKE_SUCCEEDED: on_connect, zmq.EVENT_DISCONNECTED: on_disconnect}
        socket = self._socket.get_monitor_socket(
            zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED | _REFUSED
        )

        def told(batch: list[list[bytes]]) -> None:
            for message in batch:
                event = zmq.Event(parse_monitor_message(message)["event"])
                call = self._refused(on_refused) if event & _REFUSED else calls.get(event)
                if call is not None and not self._socket.closed:
                    call()

        self._monitor = Wire(self._loop, socket, _any_frames, told)

    def _refused(self, tell: Callable[[], None] | None) -> Callable[[], None] | None:
        """ZeroMQ takes a refusal for final: whoever must not give up connects anew."""
        if self.retries:
            self._loop.call_later(REFUSED_AGAIN_S, self._connect_again)
        return tell

    def _connect_again(self) -> None:
        if not self._socket.closed:
            self._socket.disconnect(self.retries)
            self._socket.connect(self.retries)

    def close(self) -> None:
        """Close the socket; nothing more is read. Idempotent."""
        if self._socket.closed:
            return
        if self._monitor is not None:
            self._socket.disable_monitor()
            self._monitor.close()
        if self._on_batch is not None:
            self._loop.remove_reader(self._fd)
        self._socket.close()

    def _look(self) -> None:
        """Sending may have consumed the edge of a message that came in."""
        if self._on_batch is not None and int(self._socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            self._read_soon()

    def _read_soon(self) -> None:
        if not self._read_is_due:
            self._read_is_due = True
            self._loop.call_soon(self._read)

    def _read(self) -> None:
        self._read_is_due = False
        if self._socket.closed or self._on_batch is None:
            return
        batch = self._receive()
        if batch:
            self._on_batch(batch)

    def _receive(self) -> list[T]:
        batch: list[T] = []
        for _ in range(MAX_BATCH):
            try:
                item = self._receive_one()
            except zmq.ZMQError as exc:
                if exc.errno not in (zmq.EAGAIN, zmq.EFSM):
                    raise
                # A REQ that has asked nothing says EFSM and, unlike EAGAIN, keeps the edge.
                self._look()
                return batch
            if item is None:
                self.malformed += 1
            else:
                batch.append(item)
        self._read_soon()
        return batch

    def _receive_one(self) -> T | None:
        if self._whose is None:
            return self._form(self._socket.recv_multipart(zmq.NOBLOCK), None)
        frames: list[zmq.Frame] = self._socket.recv_multipart(zmq.NOBLOCK, copy=False)
        try:
            peer = self._whose(frames[-1])
        except PermissionError:
            # It was allowed when it connected.
            return None
        return self._form([frame.bytes for frame in frames], peer)


class Bus:
    """One process's ZeroMQ context: makes its sockets and closes them all.

    Binding methods take `fd`, a listening socket inherited from a supervisor that belongs to the
    endpoint; it is duplicated, so that it can be bound again after `Wire.close`. With `far` they
    listen for other hosts too.

    All of them raise StartupError for an endpoint that other machines can reach and for which
    there are no keys.

    Args:
        curve: What joins this process with other hosts; None: nothing does.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, curve: Curve | None = None) -> None:
        self.loop = loop
        self._curve = curve
        self._gate: Gate | None = None
        self._context = zmq.Context()
        self._wires: list[Wire[bytes] | Wire[Addressed] | Wire[list[bytes]] | Wire[Received]] = []

    def dealer(
        self,
        endpoint: str,
        routing_id: bytes,
        on_batch: Callable[[list[bytes]], None],
        on_connect: Callable[[], None] | None = None,
        on_disconnect: Callable[[], None] | None = None,
        on_refused: Callable[[], None] | None = None,
    ) -> Wire[bytes]:
        """Open the portal's end of the stream; a batch is a list of frames.

        Args:
            routing_id: 1 to 255 bytes, not beginning with NUL; another for every socket, so that
                what an older one had queued is never taken for this one's.
            on_connect: Called each time the server's end has greeted.
            on_disconnect: Called each time the established connection breaks.
            on_refused: Called when this end's key is not known there, or that end is another.
        """
        socket = self._socket(zmq.DEALER, STREAM_HWM)
        self._protect(socket, endpoint)
        socket.setsockopt(zmq.ROUTING_ID, routing_id)
        wire = self._keep(Wire(self.loop, socket, _one_frame, on_batch))
        # Before connecting: a server on the same host may have greeted before the next line.
        wire.watch(on_connect, on_disconnect, on_refused)
        try:
            socket.connect(endpoint)
        except zmq.ZMQError as exc:
            wire.close()
            raise StartupError(f"{endpoint}: cannot be used: {exc.strerror}") from exc
        return wire

    def router(
        self,
        endpoint: str,
        on_batch: Callable[[list[Addressed]], None],
        fd: int | None = None,
        far: Far | None = None,
    ) -> Wire[Addressed]:
        """Open the server's end of the stream."""
        socket = self._socket(zmq.ROUTER, STREAM_HWM)
        socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        socket.setsockopt(zmq.ROUTER_HANDOVER, 1)
        whose = self._bind(socket, endpoint, fd, far)
        return self._keep(Wire(self.loop, socket, _addressed, on_batch, whose))

    def publisher(
        self, endpoint: str, fd: int | None = None, far: Far | None = None
    ) -> Wire[list[bytes]]:
        """Open the publishing end of events."""
        socket = self._socket(zmq.PUB, EVENTS_HWM, linger_ms=LAST_WORDS_MS)
        self._bind(socket, endpoint, fd, far)
        return self._keep(Wire(self.loop, socket, _any_frames, None))

    def subscriber(
        self,
        endpoint: str,
        on_batch: Callable[[list[list[bytes]]], None],
        prefix: str = "",
        on_connect: Callable[[], None] | None = None,
        on_disconnect: Callable[[], None] | None = None,
    ) -> Wire[list[bytes]]:
        """Open the receiving end of events whose topic begins so; a batch is a list of frame
        lists. It is called back as a dealer is."""
        socket = self._socket(zmq.SUB, EVENTS_HWM)
        self._protect(socket, endpoint)
        socket.setsockopt(zmq.SUBSCRIBE, prefix.encode())
        wire = self._keep(Wire(self.loop, socket, _any_frames, on_batch))
        if self._curve is not None and endpoint in self._curve.services:
            wire.retries = endpoint
        wire.watch(on_connect, on_disconnect)
        _attach(socket, endpoint, socket.connect)
        return wire

    def requester(self, endpoint: str, on_batch: Callable[[list[bytes]], None]) -> Wire[bytes]:
        """Open the asking end of calls: REQ that may ask again before it was answered."""
        socket = self._socket(zmq.REQ, CALLS_HWM)
        socket.setsockopt(zmq.REQ_RELAXED, 1)
        socket.setsockopt(zmq.REQ_CORRELATE, 1)
        self._protect(socket, endpoint)
        _attach(socket, endpoint, socket.connect)
        return self._keep(Wire(self.loop, socket, _one_frame, on_batch))

    def replier(
        self,
        endpoint: str,
        on_batch: Callable[[list[Received]], None],
        fd: int | None = None,
        far: Far | None = None,
    ) -> Wire[Received]:
        """Open the answering end of calls: ROUTER, so that answers come in any order.

        A message's frames are the envelope (routing id, correlation id, empty frame) and the
        request; the same envelope goes before the reply.
        """
        socket = self._socket(zmq.ROUTER, CALLS_HWM, linger_ms=LAST_WORDS_MS)
        socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        whose = self._bind(socket, endpoint, fd, far)
        return self._keep(Wire(self.loop, socket, Received, on_batch, whose))

    def allows(self, key: str) -> bool:
        """Whether what comes by a key counts."""
        return self._curve is not None and key in self._curve.keys.allowed()

    def close(self) -> None:
        """Close every socket and end the context. Idempotent."""
        for wire in self._wires:
            wire.close()
        self._wires.clear()
        self._context.term()

    def _socket(self, kind: int, high_water_mark: int, linger_ms: int = 0) -> Socket:
        socket: Socket = self._context.socket(kind)
        options = {
            zmq.SNDHWM: high_water_mark,
            zmq.RCVHWM: high_water_mark,
            zmq.LINGER: linger_ms,
            zmq.MAXMSGSIZE: MAX_PART_BYTES,
            # A restarted server is found within 10 ms; an attempt on one machine costs 20 µs.
            zmq.RECONNECT_IVL: 1,
            zmq.RECONNECT_IVL_MAX: 10,
            # A vanished host is noticed even where nothing is being sent: after 10 + 3 x 5 s.
            zmq.TCP_KEEPALIVE: 1,
            zmq.TCP_KEEPALIVE_IDLE: 10,
            zmq.TCP_KEEPALIVE_INTVL: 5,
            zmq.TCP_KEEPALIVE_CNT: 3,
            zmq.IPV6: 1,
        }
        for option, value in options.items():
            socket.setsockopt(option, value)
        return socket

    def _protect(self, socket: Socket, endpoint: str) -> None:
        """Have a socket know whom it connects to, when that is elsewhere."""
        service = self._curve.services.get(endpoint) if self._curve else None
        if self._curve is not None and service is not None:
            protect_connecting(socket, self._curve.own, service)
            return
        try:
            require_local(endpoint)
        except StartupError:
            socket.close()
            raise

    def _bind(
        self, socket: Socket, endpoint: str, fd: int | None, far: Far | None
    ) -> Callable[[zmq.Frame], Peer | None] | None:
        """Bind a socket here, and where others reach it; returns what tells whose a frame is."""
        try:
            require_local(endpoint)
        except StartupError:
            socket.close()
            raise
        _use(socket, fd)
        _attach(socket, endpoint, socket.bind)
        if far is None:
            return None
        assert self._curve is not None, "who listens for other hosts has keys"
        gate = self._open_gate(self._curve)
        # Only what is bound from now on is protected so: sockets of this machine need no keys.
        protect_listening(socket, self._curve.own, far.roles)
        _use(socket, far.fd)
        _attach(socket, far.endpoint, socket.bind)
        return partial(gate.peer, far.roles)

    def _open_gate(self, curve: Curve) -> Gate:
        """Answer ZeroMQ's questions about who may connect, from now on."""
        if self._gate is not None:
            return self._gate
        gate = self._gate = Gate(curve.keys)
        socket = self._context.socket(zmq.ROUTER)
        socket.bind(ZAP_ENDPOINT)

        def asked(batch: list[list[bytes]]) -> None:
            for request in batch:
                wire.send(*gate.answer(request))

        wire = self._keep(Wire(self.loop, socket, _any_frames, asked))
        return gate

    def _keep(self, wire: W) -> W:
        self._wires = [known for known in self._wires if not known.closed]
        self._wires.append(wire)
        return wire


W = TypeVar("W", Wire[bytes], Wire[Addressed], Wire[list[bytes]], Wire[Received])


def require_local(endpoint: str) -> None:
    """Refuse an endpoint that another machine can reach.

    Raises:
        StartupError: It is neither `ipc://` nor `tcp://` on a loopback address.
    """
    scheme, _, place = endpoint.partition("://")
    if scheme == "ipc" or (scheme == "tcp" and _is_loopback(place.rpartition(":")[0])):
        return
    raise StartupError(
        f"{endpoint}: expected an endpoint of this machine (ipc:// or tcp://127.0.0.1:PORT); "
        "others need keys, and there are none (`everdoor keys --help`)"
    )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _use(socket: Socket, fd: int | None) -> None:
    """Have a socket listen on what a supervisor has opened; ZeroMQ closes what it is given."""
    if fd is not None:
        socket.setsockopt(zmq.USE_FD, os.dup(fd))


def _attach(socket: Socket, endpoint: str, how: Callable[[str], object]) -> None:
    try:
        how(endpoint)
    except zmq.ZMQError as exc:
        socket.close()
        raise StartupError(f"{endpoint}: cannot be used: {exc.strerror}") from exc


def _one_frame(parts: list[bytes], _: Any) -> bytes | None:
    return parts[0] if len(parts) == 1 else None


def _addressed(parts: list[bytes], peer: Peer | None) -> Addressed | None:
    return Addressed(parts[0], parts[1], peer) if len(parts) == 2 else None


def _any_frames(parts: list[bytes], _: Any) -> list[bytes]:
    return parts
