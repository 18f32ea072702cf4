"""Calls between processes: one request, its tries and its answer, at both ends.

The asking end is `Asking` (Lazy Pirate: ask again until the deadline, always the same request).
The answering end is `Reception`: however often a request arrives it is worked on once, and every
copy gets the same answer. Sockets and clocks are `everdoor.bus.rpc`'s. What makes an effect happen
once across a restart of the answering process is the request's `key`, kept by the service itself.

Source: docs/protocol.md, section 6; the ZeroMQ Guide, chapter 4, "Client-Side Reliability".
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import NamedTuple, TypeVar

import msgspec

from everdoor.codec import MAX_FRAME_BYTES
from everdoor.errors import CallRefused, MalformedMessage, UserError
from everdoor.messages.callmessage import CallKey
from everdoor.messages.calls import (
    Answer,
    Call,
    Failed,
    Reply,
    Request,
    RequestId,
    Result,
    Role,
)

CALLS_VERSION = 1
"""Version of requests and replies; the stream has its own."""

TRY_S = (0.25, 0.5, 1.0)
"""Pauses before asking again; the last one repeats. A request is lost only when the answering
process dies, and its successor serves a second later."""

MAX_RUNNING = 64
"""Requests worked on at once: what waits inside is a database or a password hash, and both have
their own bounds below this."""

MAX_WAITING = 4096
"""Requests waiting for their turn; one above is told to come back. 1 MiB at usual sizes."""

MAX_ANSWERED = 4096
"""Answers kept for requests that are asked again because the reply was lost."""

MAX_ANSWERED_BYTES = 16 * 1024 * 1024
"""And their size in all; lists of sessions take 100 KiB a page."""

T = TypeVar("T")
Envelope = tuple[bytes, ...]
"""The frames before a request, which its reply takes back: routing id, correlation id, empty."""

_encoder = msgspec.msgpack.Encoder()
_requests = msgspec.msgpack.Decoder(Request)
_replies = msgspec.msgpack.Decoder(Reply)


class _Head(msgspec.Struct, array_like=True):
    """The part of a request that every version has, for a refusal of the rest."""

    version: int
    id: RequestId


_heads = msgspec.msgpack.Decoder(_Head)


class Post(NamedTuple):
    """A frame to send behind an envelope."""

    envelope: Envelope
    frame: bytes


class Asking:
    """One request on its way: what to send, how long to wait, which reply is its own.

    Args:
        request_id: 16 random bytes.
        now: Monotonic clock, seconds; `deadline_s` counts from it.
    """

    def __init__(
        self,
        request_id: bytes,
        call: Call,
        now: float,
        deadline_s: float,
        *,
        role: Role,
        generation: int = 0,
        key: CallKey | None = None,
        trace: str = "",
    ) -> None:
        self.id = request_id
        self.tries = 0
        request = Request(CALLS_VERSION, request_id, role, generation, key, call, trace)
        try:
            self.frame = _encoder.encode(request)
        except UnicodeEncodeError as exc:
            raise UserError("expected UTF-8 text, got bytes that are none") from exc
        except OverflowError as exc:
            raise UserError("a number is too large: expected one of 64 bits") from exc
        self._deadline = now + deadline_s

    def next_try(self, now: float) -> float | None:
        """Begin a try: the caller sends `frame` and waits for a reply.

        Returns:
            Seconds to wait before the next try; None when the deadline is over.
        """
        left = self._deadline - now
        if left <= 0:
            return None
        pause = TRY_S[min(self.tries, len(TRY_S) - 1)]
        self.tries += 1
        return min(pause, left)

    def receive(self, frame: bytes) -> Answer | None:
        """Take a reply; None when it answers another request.

        Raises:
            MalformedMessage: It is no reply.
        """
        reply = _decode(_replies, frame)
        return reply.answer if reply.id == self.id else None


def result_of(answer: Answer) -> Result:
    """The answer of a call that succeeded.

    Raises:
        CallRefused: The answer is a Failed.
    """
    if isinstance(answer, Failed):
        raise CallRefused(answer.code, answer.text, answer.retry_after_s)
    return answer


class Reception:
    """The answering end: takes requests in, gives them out one by one, takes answers back.

    `receive` and `finish` return what must be sent; `take` gives the next request to work on,
    and is asked again after each of the two.

    Attributes:
        dropped: Frames dropped without a reply, because no id could be read from them.
    """

    def __init__(
        self,
        max_running: int = MAX_RUNNING,
        max_waiting: int = MAX_WAITING,
        max_answered: int = MAX_ANSWERED,
    ) -> None:
        self.dropped = 0
        self._max_running = max_running
        self._max_waiting = max_waiting
        self._max_answered = max_answered
        self._waiting: deque[Request] = deque()
        self._running: set[bytes] = set()
        self._callers: dict[bytes, Envelope] = {}
        self._answered: OrderedDict[bytes, bytes] = OrderedDict()
        self._answered_bytes = 0

    def receive(self, envelope: Envelope, frame: bytes, role: str | None = None) -> Post | None:
        """Take a request; return the reply if it can be given at once.

        A frame that is no request is answered `malformed`, one of another version `version`;
        where no id can be read, it is dropped and counted.

        Args:
            role: That of the asker's key: asking as another one is `forbidden`. None: it came
                from this machine, where no keys are needed.
        """
        try:
            request = decode_request(frame)
        except MalformedMessage:
            return self._refuse(envelope, frame)
        if role is not None and request.role != role:
            told = f"The key of a {role} cannot ask as {request.role}."
            return Post(envelope, encode_reply(request.id, Failed("forbidden", told)))
        if (known := self._answered.get(request.id)) is not None:
            return Post(envelope, known)
        if request.id in self._callers:
            self._callers[request.id] = envelope
            return None
        if len(self._waiting) >= self._max_waiting:
            busy = Failed("busy", "Too much is asked at once; try again shortly.", 1.0)
            return Post(envelope, encode_reply(request.id, busy))
        self._callers[request.id] = envelope
        self._waiting.append(request)
        return None

    def take(self) -> Request | None:
        """The next request to work on; None while none waits or as many as allowed run."""
        if not self._waiting or len(self._running) >= self._max_running:
            return None
        request = self._waiting.popleft()
        self._running.add(request.id)
        return request

    def finish(self, request: Request, answer: Answer) -> Post:
        """Take the answer of a request given out by `take`; return its reply."""
        frame = encode_reply(request.id, answer)
        if len(frame) > MAX_FRAME_BYTES:
            frame = encode_reply(request.id, Failed("too_large", "The answer is above 1 MiB."))
        self._running.discard(request.id)
        self._keep(request.id, frame)
        return Post(self._callers.pop(request.id), frame)

    def _keep(self, request_id: bytes, frame: bytes) -> None:
        self._answered[request_id] = frame
        self._answered_bytes += len(frame)
        while len(self._answered) > self._max_answered or self._answered_bytes > MAX_ANSWERED_BYTES:
            _, oldest = self._answered.popitem(last=False)
            self._answered_bytes -= len(oldest)

    def _refuse(self, envelope: Envelope, frame: bytes) -> Post | None:
        try:
            head = _decode(_heads, frame)
        except MalformedMessage:
            self.dropped += 1
            return None
        failed = Failed("malformed", "The request could not be read.")
        if head.version != CALLS_VERSION:
            failed = Failed("version", f"Version {CALLS_VERSION} is spoken here.")
        return Post(envelope, encode_reply(head.id, failed))


def decode_request(frame: bytes) -> Request:
    """Parse a request.

    Raises:
        MalformedMessage: It is no request of a version spoken here, or above MAX_FRAME_BYTES.
    """
    request = _decode(_requests, frame)
    if request.version != CALLS_VERSION:
        raise MalformedMessage(f"a request of version {request.version}")
    return request


def encode_reply(request_id: bytes, answer: Answer) -> bytes:
    """Encode the reply to the request with this id."""
    return _encoder.encode(Reply(CALLS_VERSION, request_id, answer))


def _decode(decoder: msgspec.msgpack.Decoder[T], frame: bytes) -> T:
    if len(frame) > MAX_FRAME_BYTES:
        raise MalformedMessage(f"a frame of {len(frame)} bytes, at most {MAX_FRAME_BYTES} allowed")
    try:
        return decoder.decode(frame)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise MalformedMessage(str(exc)) from exc
