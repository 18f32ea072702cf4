"""What a worker says to its supervisor and hears from it.

Messages are `everdoor.messages.supervision`'s; when to go and to stop is the supervisor's to say.
A worker never outlives its supervisor: the kernel is told to kill it (PR_SET_PDEATHSIG), and the
end of the link ends it as well.

Source: prctl(2); docs/protocol.md, section 9.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import signal
import socket
import stat
from collections.abc import Callable
from typing import Any

import msgspec

from everdoor.errors import StartupError
from everdoor.measures import Measured
from everdoor.messages.supervision import (
    MAX_LINE_BYTES,
    AskMeasured,
    AskStatus,
    Begin,
    Drain,
    FromWorker,
    Go,
    Imported,
    Leaving,
    MeasuredNow,
    NotStarting,
    Park,
    Parked,
    Ready,
    Release,
    Released,
    Resume,
    Serve,
    Settled,
    StatusInfo,
    StopWork,
    Taken,
    TellSession,
    ToWorker,
    Wish,
)

PR_SET_PDEATHSIG = 1

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[ToWorker] = msgspec.json.Decoder(ToWorker)


class WorkerLink:
    """A worker's link to its supervisor.

    A worker loads what it needs, awaits `go`, takes its sockets, says `ready`, and ends when
    `stop_asked` returns.

    Args:
        link: Its end of the socketpair; blocking until `attach`.

    Attributes:
        process, index: Which worker this is (`portal.1`, 0).
        handed: What this life alone was given, such as a portal's id and incarnation.
        predecessor_left: Whether the worker before said that it would end; known after `go`.
        on_park, on_resume, on_release, on_tell: Called with what a supervisor asks of a worker
            that is to be handed over; set before `ready`.
        on_drain: Called with the fields of Drain when a worker is to leave as soon as nobody needs
            it; set before `ready` where its spec says that it can.
    """

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._unread = b""
        begin = self._first_line()
        self.process = begin.process
        self.index = begin.index
        self.handed = begin.handed
        self.predecessor_left = False
        self.supervisor_pid = begin.supervisor_pid
        self._fds = begin.fds
        self._info: Callable[[], dict[str, Any]] = dict
        self._measured: Callable[[], Measured] = dict
        self.on_park: Callable[[str], None] = _cannot_park
        self.on_resume: Callable[[], None] = _nothing
        self.on_release: Callable[[], None] = _nothing
        self.on_tell: Callable[[int, str], None] = _nothing_told
        self.on_drain: Callable[[float | None, list[str]], None] = _cannot_drain
        for fd in begin.fds.values():
            os.set_inheritable(fd, False)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Read the link on this loop from now on."""
        self._go: asyncio.Future[bool] = loop.create_future()
        self._serve: asyncio.Future[None] = loop.create_future()
        self._stop: asyncio.Future[str] = loop.create_future()
        self._link.setblocking(False)
        loop.add_reader(self._link, self._read)

    def fd(self, name: str) -> int:
        """The inherited listening socket of this name.

        Raises:
            KeyError: The supervisor has none of this name.
        """
        return self._fds[name]

    @property
    def fd_names(self) -> list[str]:
        """Names of all of them."""
        return list(self._fds)

    def tell_status(self, info: Callable[[], dict[str, Any]]) -> None:
        """Set what this worker says of itself when asked for its status (JSON)."""
        self._info = info

    def tell_measured(self, measured: Callable[[], Measured]) -> None:
        """Set what this worker says when asked for what it has measured."""
        self._measured = measured

    async def go(self) -> bool:
        """Say that everything is loaded, and wait until this worker is to serve.

        Returns:
            Whether the one before it still has the sockets: take over, then await `serve`.
        """
        # What is loaded stays. Collections that looked through it all would cost 60 ms each, the
        # first of them while players wait for a takeover.
        gc.collect()
        gc.freeze()
        self._say(Imported())
        return await self._go

    async def serve(self) -> None:
        """Say that this worker has taken over, and wait until the sockets are free."""
        self._say(Taken())
        await self._serve

    def settled(self) -> None:
        """Say that whoever this worker serves is back."""
        self._say(Settled())

    def parked(self, parts: dict[str, float]) -> None:
        """Say that nothing is under way any more, after `on_park`."""
        self._say(Parked(parts))

    def released(self) -> None:
        """Say that the sockets are free, after `on_release`."""
        self._say(Released())

    def not_starting(self, reason: str, has_accepted: bool = False) -> None:
        """Say why this worker cannot load or start; it then ends.

        Args:
            has_accepted: There is code that was accepted last, which the next one may load.
        """
        self._say(NotStarting(reason, has_accepted))

    def wish(self, ending: str, sessid: int) -> None:
        """Ask for a planned end on behalf of a session."""
        self._say(Wish(ending, sessid))

    def ready(self) -> None:
        """Say that this worker serves."""
        self._say(Ready())

    def leaving(self, reason: str, code: int) -> None:
        """Say that this worker is about to end on purpose, with this exit code."""
        self._say(Leaving(reason, code))

    async def stop_asked(self) -> str:
        """Wait until this worker is to end in order; return the reason to tell clients."""
        return await asyncio.shield(self._stop)

    def _first_line(self) -> Begin:
        while b"\n" not in self._unread:
            if not (data := self._link.recv(65536)):
                raise StartupError("the supervisor has gone before this worker could begin")
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        begin = _decoder.decode(line)
        assert isinstance(begin, Begin), "a supervisor says Begin first"
        return begin

    def _read(self) -> None:
        try:
            data = self._link.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            # Nobody is left to restart, stop or answer for this worker.
            os._exit(1)
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            self._take(_decoder.decode(line))

    def _take(self, message: ToWorker) -> None:
        match message:
            case Go(hold=hold, left=left):
                self.predecessor_left = left
                self._go.set_result(hold)
            case Serve():
                self._serve.set_result(None)
            case Park(ending=ending):
                self.on_park(ending)
            case Resume():
                self.on_resume()
            case Release():
                self.on_release()
            case TellSession(sessid=sessid, text=text):
                self.on_tell(sessid, text)
            case AskStatus():
                self._say(StatusInfo(self._info()))
            case AskMeasured():
                self._say(MeasuredNow(self._measured()))
            case Drain(within_s=within_s, own=own):
                self.on_drain(within_s, own)
            case StopWork(reason=reason):
                if not self._stop.done():
                    self._stop.set_result(reason)
            case Begin():
                raise AssertionError("a supervisor says Begin once")

    def _say(self, message: FromWorker) -> None:
        line = _encoder.encode(message) + b"\n"
        assert len(line) <= MAX_LINE_BYTES, "a status is short"
        self._link.sendall(line)


def _cannot_park(ending: str) -> None:
    raise AssertionError("only workers that are handed over are asked to park")


def _cannot_drain(within_s: float | None, own: list[str]) -> None:
    raise AssertionError("only workers that can are asked to drain")


def _nothing() -> None:
    """What a worker that is never handed over does about it."""


def _nothing_told(sessid: int, text: str) -> None:
    """What a worker without players tells them."""


def inherited_link() -> WorkerLink:
    """Take the link from standard input and bind this process's life to its supervisor's.

    Standard input is empty afterwards, so that no program started from here can read the link
    or keep it open. Signals that stop a supervisor are ignored from now on.

    Raises:
        StartupError: This process was not started by a supervisor, or it has gone already.
    """
    if not stat.S_ISSOCK(os.fstat(0).st_mode):
        raise StartupError("workers are started by a supervisor, such as `everdoor server run`")
    link = socket.socket(fileno=os.dup(0))
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    worker = WorkerLink(link)
    # A supervisor that ended before the call above was not noticed by it.
    if os.getppid() != worker.supervisor_pid:
        raise StartupError("the supervisor has gone before this worker could begin")
    return worker
