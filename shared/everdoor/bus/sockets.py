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
from typing import Generic, TypeVar

import zmq
from zmq.utils.monitor import parse_monitor_message

from everdoor.codec import MAX_FRAME_BYTES
from everdoor.errors import StartupError

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

T = TypeVar("T")
Addressed = tuple[bytes, bytes]
"""A frame with the routing id of the peer it came from."""

Socket = zmq.Socket[bytes]


class Wire(Generic[T]):
    """One ZeroMQ socket, read in batches by the loop that made it.

    Made by `Bus`. Not thread-safe: everything happens on the loop's thread.

    Attributes:
        malformed: Messages dropped because they did not have the channel's number of frames.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        socket: Socket,
        form: Callable[[list[bytes]], T | None],
        on_batch: Callable[[list[T]], None] | None,
    ) -> None:
        self.malformed = 0
        self._loop = loop
        self._socket = socket
        self._form = form
        self._on_batch = on_batch
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
    ) -> None:
        """Call back each time a connection of this socket is established, or breaks.

        Established means that the other side's ZeroMQ has greeted; that a listening socket took
        the connection, with nobody behind it yet, is not told, nor are attempts that fail.
        """
        calls = {zmq.EVENT_HANDSHAKE_SUCCEEDED: on_connect, zmq.EVENT_DISCONNECTED: on_disconnect}
        socket = self._socket.get_monitor_socket(
            zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED
        )

        def told(batch: list[list[bytes]]) -> None:
            for message in batch:
                call = calls.get(zmq.Event(parse_monitor_message(message)["event"]))
                if call is not None and not self._socket.closed:
                    call()

        self._monitor = Wire(self._loop, socket, _any_frames, told)

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
                parts = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.ZMQError as exc:
                if exc.errno not in (zmq.EAGAIN, zmq.EFSM):
                    raise
                # A REQ that has asked nothing says EFSM and, unlike EAGAIN, keeps the edge.
                self._look()
                return batch
            if (item := self._form(parts)) is None:
                self.malformed += 1
            else:
                batch.append(item)
        self._read_soon()
        return batch


class Bus:
    """One process's ZeroMQ context: makes its sockets and closes them all.

    Binding methods take `fd`, a listening socket inherited from a supervisor that belongs to the
    endpoint; it is duplicated, so that it can be bound again after `Wire.close`.

    All of them raise StartupError for an endpoint that other machines can reach: that needs keys.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._context = zmq.Context()
        self._wires: list[Wire[bytes] | Wire[Addressed] | Wire[list[bytes]]] = []

    def dealer(
        self,
        endpoint: str,
        routing_id: bytes,
        on_batch: Callable[[list[bytes]], None],
        on_connect: Callable[[], None] | None = None,
        on_disconnect: Callable[[], None] | None = None,
    ) -> Wire[bytes]:
        """Open the portal's end of the stream; a batch is a list of frames.

        Args:
            routing_id: 1 to 255 bytes, not beginning with NUL; another for every socket, so that
                what an older one had queued is never taken for this one's.
            on_connect: Called each time the server's end has greeted.
            on_disconnect: Called each time the established connection breaks.
        """
        require_local(endpoint)
        socket = self._socket(zmq.DEALER, STREAM_HWM)
        socket.setsockopt(zmq.ROUTING_ID, routing_id)
        wire = self._keep(Wire(self.loop, socket, _one_frame, on_batch))
        # Before connecting: a server on the same host may have greeted before the next line.
        wire.watch(on_connect, on_disconnect)
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
    ) -> Wire[Addressed]:
        """Open the server's end of the stream; a batch is a list of (routing id, frame)."""
        socket = self._socket(zmq.ROUTER, STREAM_HWM)
        socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        socket.setsockopt(zmq.ROUTER_HANDOVER, 1)
        _bind(socket, endpoint, fd)
        return self._keep(Wire(self.loop, socket, _addressed, on_batch))

    def publisher(self, endpoint: str, fd: int | None = None) -> Wire[list[bytes]]:
        """Open the publishing end of events."""
        socket = self._socket(zmq.PUB, EVENTS_HWM, linger_ms=LAST_WORDS_MS)
        _bind(socket, endpoint, fd)
        return self._keep(Wire(self.loop, socket, _any_frames, None))

    def subscriber(
        self, endpoint: str, on_batch: Callable[[list[list[bytes]]], None], prefix: str = ""
    ) -> Wire[list[bytes]]:
        """Open the receiving end of events whose topic begins so; a batch is a list of frame
        lists."""
        socket = self._socket(zmq.SUB, EVENTS_HWM)
        socket.setsockopt(zmq.SUBSCRIBE, prefix.encode())
        _connect(socket, endpoint)
        return self._keep(Wire(self.loop, socket, _any_frames, on_batch))

    def requester(self, endpoint: str, on_batch: Callable[[list[bytes]], None]) -> Wire[bytes]:
        """Open the asking end of calls: REQ that may ask again before it was answered."""
        socket = self._socket(zmq.REQ, CALLS_HWM)
        socket.setsockopt(zmq.REQ_RELAXED, 1)
        socket.setsockopt(zmq.REQ_CORRELATE, 1)
        _connect(socket, endpoint)
        return self._keep(Wire(self.loop, socket, _one_frame, on_batch))

    def replier(
        self,
        endpoint: str,
        on_batch: Callable[[list[list[bytes]]], None],
        fd: int | None = None,
    ) -> Wire[list[bytes]]:
        """Open the answering end of calls: ROUTER, so that answers come in any order.

        A message of a batch is the envelope (routing id, correlation id, empty frame) and the
        request; the same envelope goes before the reply.
        """
        socket = self._socket(zmq.ROUTER, CALLS_HWM, linger_ms=LAST_WORDS_MS)
        socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        _bind(socket, endpoint, fd)
        return self._keep(Wire(self.loop, socket, _any_frames, on_batch))

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

    def _keep(self, wire: W) -> W:
        self._wires = [known for known in self._wires if not known.closed]
        self._wires.append(wire)
        return wire


W = TypeVar("W", Wire[bytes], Wire[Addressed], Wire[list[bytes]])


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
        "others need keys, and there are none"
    )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _connect(socket: Socket, endpoint: str) -> None:
    _attach(socket, endpoint, socket.connect)


def _bind(socket: Socket, endpoint: str, fd: int | None) -> None:
    if fd is not None:
        # ZeroMQ closes what it is given; the caller keeps its own.
        socket.setsockopt(zmq.USE_FD, os.dup(fd))
    _attach(socket, endpoint, socket.bind)


def _attach(socket: Socket, endpoint: str, how: Callable[[str], object]) -> None:
    try:
        require_local(endpoint)
        how(endpoint)
    except zmq.ZMQError as exc:
        socket.close()
        raise StartupError(f"{endpoint}: cannot be used: {exc.strerror}") from exc
    except StartupError:
        socket.close()
        raise


def _one_frame(parts: list[bytes]) -> bytes | None:
    return parts[0] if len(parts) == 1 else None


def _addressed(parts: list[bytes]) -> Addressed | None:
    return (parts[0], parts[1]) if len(parts) == 2 else None


def _any_frames(parts: list[bytes]) -> list[bytes]:
    return parts
