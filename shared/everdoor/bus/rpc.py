"""Calls over REQ and ROUTER sockets; what is asked again and answered once is `everdoor.calls`'.

Source: docs/protocol.md, section 6.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable

import structlog

from everdoor.bus.curve import Far
from everdoor.bus.sockets import Bus, Received, Wire
from everdoor.calls import Asking, Post, Reception, result_of
from everdoor.errors import CallRefused, CallTimeout, MalformedMessage
from everdoor.messages.callmessage import CallKey
from everdoor.messages.calls import Answer, Call, Failed, Request, Result, Role
from everdoor.trace import current_trace

MAX_SOCKETS = 32
"""Requests of one client under way at once, each on a socket of its own; more wait in line.
Above what a service on a few cores works on at once, and few descriptors."""

log = structlog.get_logger(__name__)

Handler = Callable[[Request], Awaitable[Answer]]


class RpcClient:
    """Asks one service; keeps its sockets between calls.

    Args:
        role: Who asks; a service allows different things to different roles.
        generation: The asking server's (0: not a server); may be set later.
    """

    def __init__(self, bus: Bus, endpoint: str, role: Role, generation: int = 0) -> None:
        self.generation = generation
        self._bus = bus
        self._endpoint = endpoint
        self._role: Role = role
        self._idle: list[_Line] = []
        self._free = asyncio.Semaphore(MAX_SOCKETS)

    async def call(self, call: Call, *, deadline_s: float, key: CallKey | None = None) -> Result:
        """Ask, again if need be, until an answer comes or the deadline is over.

        Args:
            deadline_s: Seconds from now, the wait for a free socket included.
            key: Makes the call's effect happen once, however often it is asked.

        Raises:
            CallTimeout: No answer came in time; whether the call took effect is unknown.
            CallRefused: The service answered Failed.
            StartupError: The endpoint cannot be used.
        """
        asking = Asking(
            os.urandom(16),
            call,
            self._bus.loop.time(),
            deadline_s,
            role=self._role,
            generation=self.generation,
            key=key,
            trace=current_trace(),
        )
        try:
            async with asyncio.timeout(deadline_s), self._free:
                return result_of(await self._ask(asking))
        except TimeoutError:
            what = f"no answer from {self._endpoint} within {deadline_s:g} s"
            raise CallTimeout(f"{what}, asked {asking.tries} times") from None

    def close(self) -> None:
        """Close the idle sockets; calls under way close theirs as they end. Idempotent."""
        while self._idle:
            self._idle.pop().wire.close()

    async def _ask(self, asking: Asking) -> Answer:
        line = self._idle.pop() if self._idle else _Line(self._bus, self._endpoint)
        try:
            answer = await line.ask(asking)
        except BaseException:
            # Its request may still be queued or answered: a new socket begins clean.
            line.wire.close()
            raise
        self._idle.append(line)
        return answer


class _Line:
    """One REQ socket and the reply it waits for."""

    def __init__(self, bus: Bus, endpoint: str) -> None:
        self.wire: Wire[bytes] = bus.requester(endpoint, self._received)
        self._loop = bus.loop
        self._asking: Asking | None = None
        self._answer: asyncio.Future[Answer] | None = None

    async def ask(self, asking: Asking) -> Answer:
        """Send the request at every try until its answer comes.

        Raises:
            TimeoutError: The deadline is over.
        """
        self._asking, self._answer = asking, self._loop.create_future()
        while (pause := asking.next_try(self._loop.time())) is not None:
            self.wire.send(asking.frame)
            await asyncio.wait([self._answer], timeout=pause)
            if self._answer.done():
                return self._answer.result()
        raise TimeoutError

    def _received(self, batch: list[bytes]) -> None:
        for frame in batch:
            if self._asking is None or self._answer is None or self._answer.done():
                return
            try:
                answer = self._asking.receive(frame)
            except MalformedMessage as exc:
                log.warning("reply dropped", why=str(exc))
                continue
            if answer is not None:
                self._answer.set_result(answer)


class RpcServer:
    """Answers the calls of one endpoint, many at once.

    Args:
        handler: Works on one request. What it raises becomes the answer: CallRefused a Failed
            with its code and text, anything else is logged and answered `internal`.
        fd: The endpoint's listening socket, inherited from a supervisor.
        far: Where other hosts ask; each may ask what the role of its key may.

    Attributes:
        wire: Its socket.
    """

    def __init__(
        self,
        bus: Bus,
        endpoint: str,
        handler: Handler,
        fd: int | None = None,
        far: Far | None = None,
    ) -> None:
        self._handler = handler
        self._reception = Reception()
        self._tasks: set[asyncio.Task[None]] = set()
        self.wire = bus.replier(endpoint, self._received, fd, far)

    @property
    def dropped(self) -> int:
        """Requests dropped without a reply, because no id could be read from them."""
        return self._reception.dropped + self.wire.malformed

    async def close(self) -> None:
        """Stop taking requests, abandon those under way, close the socket. Idempotent."""
        self.wire.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _received(self, batch: list[Received]) -> None:
        for frames, peer in batch:
            role = peer.role if peer is not None else None
            self._send(self._reception.receive(tuple(frames[:-1]), frames[-1], role))
        self._begin()

    def _begin(self) -> None:
        while (request := self._reception.take()) is not None:
            task = asyncio.create_task(self._work(request))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(self, request: Request) -> None:
        answer = await self._answer(request)
        self._send(self._reception.finish(request, answer))
        self._begin()

    async def _answer(self, request: Request) -> Answer:
        try:
            return await self._handler(request)
        except CallRefused as exc:
            return Failed(exc.code, str(exc), exc.retry_after_s)
        except Exception:
            log.exception("call failed", call=type(request.call).__name__, role=request.role)
            return Failed("internal", "Something went wrong; it has been logged.")

    def _send(self, post: Post | None) -> None:
        if post is not None and not self.wire.send(*post.envelope, post.frame):
            log.debug("reply not sent, the caller has gone or its queue is full")
