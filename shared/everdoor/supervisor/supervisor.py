"""The supervisor of one process: owns its sockets, runs its workers, answers for it.

What to do when is decided by `everdoor.supervisor.crew`. A supervisor does little and imports
little, so that there is little in it that could fail. Source: docs/protocol.md, section 9.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import structlog

from everdoor.bus import Bus, RpcServer
from everdoor.endpoints import Endpoints
from everdoor.errors import CallRefused, StartupError
from everdoor.listeners import listen_ipc, private_folder
from everdoor.lockfile import LockFile
from everdoor.messages.calls import Answer, Done, Request, Status, StatusReport, Stop, WorkerReport
from everdoor.messages.supervision import FromWorker, Imported, Leaving, Ready
from everdoor.supervisor.crew import (
    COULD_NOT_START,
    Action,
    Crew,
    Finish,
    Kill,
    Place,
    Say,
    Start,
    State,
)
from everdoor.supervisor.process import STOPPING_SIGNALS, WorkerProcess, WorkerSpec

STATUS_S = 0.5
"""How long a worker may take to say how it is; one that hangs is reported without its words."""

log = structlog.get_logger(__name__)


def supervise(
    process: str,
    home: Path,
    system: Endpoints,
    prepare: Callable[[ExitStack], list[WorkerSpec]],
    standby: bool = False,
) -> int:
    """Run a process of a home in the foreground until it is told to stop.

    Args:
        process: Its name, such as `server` or `portal.1`; one of a name runs in each home.
        prepare: Makes the listening sockets, kept open by the stack it is given, and says how
            each place's workers are started. Called under the lock of the process.
        standby: Keep a second worker for each place that is loaded and takes over at once.

    Returns:
        The exit code: 0 after a stop, 3 when no worker ever served (it has said why).

    Raises:
        StartupError: The process runs already, or a folder or socket cannot be had.
    """
    private_folder(system.folder)
    with ExitStack() as stack:
        stack.enter_context(_only_one(process, home))
        control = stack.enter_context(listen_ipc(system.control(process)))
        supervisor = _Supervisor(process, prepare(stack), standby)
        return asyncio.run(supervisor.run(system.control(process), control.fileno()))


def _only_one(process: str, home: Path) -> LockFile:
    lock = LockFile(private_folder(home / "run") / f"{process}.lock")
    if not lock.try_exclusive():
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise StartupError(
            f"{process} of {home} runs already (pid {holder}); stop it first, or set "
            "EVERDOOR_HOME to another folder for another world"
        )
    lock.write(f"{os.getpid()}\n")
    return lock


class _Supervisor:
    """Carries out what its crew decides."""

    def __init__(self, process: str, workers: list[WorkerSpec], standby: bool) -> None:
        self._process = process
        self._specs = workers
        self._crew = Crew(len(workers), standby)
        self._processes: dict[int, WorkerProcess] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def run(self, endpoint: str, fd: int) -> int:
        """Run until the crew has finished, controlled over a socket; return the exit code."""
        self._loop = asyncio.get_running_loop()
        self._finished: asyncio.Future[int] = self._loop.create_future()
        for number in STOPPING_SIGNALS:
            self._loop.add_signal_handler(number, self._signalled, number)
        bus = Bus(self._loop)
        try:
            control = RpcServer(bus, endpoint, self._answer, fd)
            self._do(self._crew.begin(self._loop.time()))
            code = await self._finished
            await control.close()
            return code
        finally:
            bus.close()

    # What happens.

    def _signalled(self, number: signal.Signals) -> None:
        if number is signal.SIGHUP:
            return
        log.info("stopping", process=self._process, signal=number.name)
        self._stop("The game is being stopped.")

    def _stop(self, reason: str) -> None:
        self._do(self._crew.stop(reason, self._loop.time()))

    def _heard(self, worker: int, message: FromWorker) -> None:
        now, pid = self._loop.time(), self._processes[worker].pid
        match message:
            case Imported():
                self._do(self._crew.imported(worker, now))
            case Ready():
                log.info("worker serves", process=self._process, pid=pid)
                self._do(self._crew.ready(worker, now))
            case Leaving(reason=reason, code=code):
                log.warning(
                    "worker leaves", process=self._process, pid=pid, reason=reason, code=code
                )

    def _ended(self, worker: int) -> None:
        process = self._processes.pop(worker)
        was_stopping = self._crew.is_stopping
        actions = self._crew.ended(worker, self._loop.time())
        has_told_why = process.exit_code == COULD_NOT_START and self._crew.is_stopping
        if not was_stopping and not has_told_why:
            cause = _cause(process.exit_code)
            log.warning("worker ended", process=self._process, pid=process.pid, by=cause)
        self._do(actions)

    # What to do.

    def _do(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Start(worker=worker, place=place):
                    self._start(worker, place)
                case Say(worker=worker, message=message) if worker in self._processes:
                    self._processes[worker].say(message)
                case Kill(worker=worker) if worker in self._processes:
                    self._processes[worker].kill()
                case Finish(code=code):
                    self._finished.set_result(code)
        self._set_timer()

    def _start(self, worker: int, place: int) -> None:
        try:
            process = self._processes[worker] = WorkerProcess(
                self._loop,
                self._specs[place],
                self._process,
                place,
                lambda message: self._heard(worker, message),
                lambda: self._ended(worker),
            )
        except OSError as exc:
            log.error("worker cannot be started", process=self._process, error=str(exc))
            self._loop.call_soon(self._not_started, worker)
        else:
            log.debug("worker started", process=self._process, pid=process.pid)

    def _not_started(self, worker: int) -> None:
        self._do(self._crew.ended(worker, self._loop.time()))

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        due = self._crew.due()
        self._timer = None if due is None else self._loop.call_at(due, self._tick)

    def _tick(self) -> None:
        self._do(self._crew.tick(self._loop.time()))

    # What is asked.

    async def _answer(self, request: Request) -> Answer:
        match request.call:
            case Status():
                return await self._report()
            case Stop(reason=reason):
                log.info("stopping", process=self._process, asked_by=request.role, reason=reason)
                # After the reply has been sent: the last worker's end closes its socket.
                self._loop.call_soon(self._stop, reason)
                return Done()
            case _:
                raise CallRefused("unknown_call", "A supervisor does not answer this.")

    async def _report(self) -> StatusReport:
        workers = await asyncio.gather(*map(self._report_place, self._crew.places))
        state = _worst([self._crew.state(place) for place in self._crew.places])
        return StatusReport(self._process, state, os.getpid(), list(workers))

    async def _report_place(self, place: Place) -> WorkerReport:
        now, state = self._loop.time(), self._crew.state(place)
        process = self._processes.get(place.active.number) if place.active else None
        return WorkerReport(
            index=place.index,
            state=state,
            pid=process.pid if process else 0,
            failures=self._crew.failures(place, now),
            retry_in_s=0.0 if place.active else max(0.0, place.next_active_at - now),
            info=await process.ask_status(STATUS_S) if process and state == "up" else {},
        )


def _worst(states: list[State]) -> State:
    """The state of a process: down only when all its workers are."""
    if all(state == "down" for state in states):
        return "down"
    for state in ("restarting", "starting"):
        if state in states:
            return state
    return "restarting" if "down" in states else "up"


def _cause(code: int | None) -> str:
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"
