"""One worker process: started, spoken to, waited for.

What is said when is `everdoor.supervisor.crew`'s; the other end is `everdoor.worker`. The worker's
end of their socketpair is its standard input, so a worker needs no arguments to find it, and
what it inherits besides is named in the first line (`Begin`).
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import msgspec
import structlog

from everdoor.measures import Measured
from everdoor.messages.supervision import (
    MAX_LINE_BYTES,
    AskMeasured,
    AskStatus,
    Begin,
    FromWorker,
    MeasuredNow,
    StatusInfo,
    ToWorker,
)

T = TypeVar("T")

STOPPING_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""What a supervisor reacts to and its workers must not, being of the same process group."""

log = structlog.get_logger(__name__)

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[FromWorker] = msgspec.json.Decoder(FromWorker)


def _nothing() -> dict[str, Any]:
    return {}


class WorkerSpec(NamedTuple):
    """How the workers of one place are started.

    Fields: `target`, the coroutine function to run, as `package.module:function`; it is given its
    `everdoor.worker.WorkerLink` and the settings. `fds`, the supervisor's listening sockets by
    name. `hand` is called at every start for what this life alone is given (JSON). `hang_limit_s`:
    for how long one may not answer before it is ended; 0: for ever. `can_drain`: it leaves by
    itself when nobody needs it, if it is asked to.
    """

    target: str
    fds: dict[str, int] = {}
    hand: Callable[[], dict[str, Any]] = _nothing
    hang_limit_s: float = 0.0
    can_drain: bool = False


class WorkerProcess:
    """A running worker.

    Args:
        code: Which code of the game it is to load (`crew.Code`).
        on_message: Called with each message except answers to what was asked.
        on_end: Called once, after its last message, when the process has ended.

    Raises:
        OSError: The system has no room for another process, or what is handed to this life
            could not be written down.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        spec: WorkerSpec,
        process: str,
        index: int,
        code: str,
        on_message: Callable[[FromWorker], None],
        on_end: Callable[[], None],
    ) -> None:
        self.index = index
        self._loop = loop
        self._on_message = on_message
        self._on_end = on_end
        self._unread = b""
        self._asked: dict[type, set[asyncio.Future[Any]]] = {StatusInfo: set(), MeasuredNow: set()}
        handed = {**spec.hand(), "code": code}
        begin = Begin(process, index, os.getpid(), spec.fds, handed)
        self._link, theirs = socket.socketpair()
        with theirs:
            self._link.setblocking(False)
            self._popen = _spawn(spec, theirs)
        self._pidfd = os.pidfd_open(self._popen.pid)
        loop.add_reader(self._link, self._read)
        loop.add_reader(self._pidfd, self._ended)
        self.say(begin)

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return self._popen.returncode

    def say(self, message: ToWorker) -> None:
        """Send a message; one that the worker does not take, hanging or gone, is dropped."""
        try:
            self._link.send(_encoder.encode(message) + b"\n")
        except OSError as exc:
            log.debug("worker not told", pid=self.pid, error=str(exc))

    async def ask_status(self, limit_s: float) -> dict[str, Any]:
        """What it says of itself; empty when it does not answer in time."""
        answer = await self._ask(AskStatus(), StatusInfo, limit_s)
        return answer.info if answer is not None else {}

    async def answers(self, limit_s: float) -> bool:
        """Whether it says anything when it is asked."""
        return await self._ask(AskStatus(), StatusInfo, limit_s) is not None

    async def ask_measured(self, limit_s: float) -> Measured:
        """What it has measured; empty when it does not answer in time."""
        answer = await self._ask(AskMeasured(), MeasuredNow, limit_s)
        return answer.measured if answer is not None else {}

    async def _ask(self, question: ToWorker, answer: type[T], limit_s: float) -> T | None:
        asked: asyncio.Future[T] = self._loop.create_future()
        self._asked[answer].add(asked)
        self.say(question)
        try:
            return await asyncio.wait_for(asked, limit_s)
        except TimeoutError:
            return None
        finally:
            self._asked[answer].discard(asked)

    def kill(self) -> None:
        """End it now; `on_end` follows."""
        self._popen.kill()

    def _read(self) -> None:
        try:
            data = self._link.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._loop.remove_reader(self._link)
            return
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            self._take(line)
        if len(self._unread) > MAX_LINE_BYTES:
            log.error("worker says too much in one line, ended", pid=self.pid)
            self.kill()

    def _take(self, line: bytes) -> None:
        try:
            message = _decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            log.error("worker says what is no message", pid=self.pid, error=str(exc))
            return
        if (waiting := self._asked.get(type(message))) is None:
            self._on_message(message)
            return
        for asked in waiting:
            if not asked.done():
                asked.set_result(message)

    def _ended(self) -> None:
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        # Its last words may still be unread.
        self._read()
        self._loop.remove_reader(self._link)
        self._link.close()
        self._popen.wait()
        self._on_end()


def _spawn(spec: WorkerSpec, link: socket.socket) -> subprocess.Popen[bytes]:
    """Start the program with the signals blocked: it ignores them before it unblocks them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING_SIGNALS)
    try:
        # -P: nothing in the working directory, such as a game's string.py, stands in for a module.
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "everdoor.worker", spec.target],
            stdin=link.fileno(),
            pass_fds=tuple(spec.fds.values()),
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
