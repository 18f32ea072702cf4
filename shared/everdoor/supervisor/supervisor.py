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
from everdoor.listeners import listen_ipc, private_folder, stop_listening
from everdoor.lockfile import LockFile
from everdoor.messages.callmessage import Done
from everdoor.messages.calls import (
    Answer,
    DrainPortal,
    Failed,
    Measure,
    Request,
    Restart,
    Restarted,
    Started,
    StartServer,
    Status,
    Stop,
    StopServer,
)
from everdoor.messages.supervision import (
    Drain,
    FromWorker,
    Imported,
    Leaving,
    NotStarting,
    Parked,
    Ready,
    Released,
    Settled,
    Taken,
    TellSession,
    Wish,
)
from everdoor.supervisor.attention import LOOK_S, Attention
from everdoor.supervisor.crew import (
    COULD_NOT_START,
    Action,
    Crew,
    Finish,
    Kill,
    Report,
    Say,
    Start,
)
from everdoor.supervisor.exporter import Address, Exporter
from everdoor.supervisor.figures import ProcessFigures
from everdoor.supervisor.handover import Outcome
from everdoor.supervisor.process import STOPPING_SIGNALS, WorkerProcess, WorkerSpec
from everdoor.supervisor.reports import SERVING, Reports

START_S = 30.0
"""How long a worker may take to serve before whoever waits for it is told that none does."""

log = structlog.get_logger(__name__)


def supervise(
    process: str,
    home: Path,
    system: Endpoints,
    prepare: Callable[[ExitStack], list[WorkerSpec]],
    standby: bool = False,
    metrics: Address | None = None,
) -> int:
    """Run a process of a home in the foreground until it is told to stop.

    Args:
        process: Its name, such as `server` or `portal.1`; one of a name runs in each home.
        prepare: Makes the listening sockets, kept open by the stack it is given, and says how
            each place's workers are started. Called under the lock of the process.
        standby: Keep a second worker for each place that is loaded and takes over at once.
        metrics: Where to tell what is measured; None: nowhere.

    Returns:
        The exit code: 0 after a stop, 3 when no worker ever served (it has said why).

    Raises:
        StartupError: The process runs already, or a folder or socket cannot be had.
    """
    private_folder(system.folder)
    with ExitStack() as stack:
        stack.enter_context(_only_one(process, home))
        control = stack.enter_context(listen_ipc(system.control(process)))
        supervisor = _Supervisor(process, prepare(stack), standby, metrics)
        return asyncio.run(supervisor.run(system.control(process), control.fileno()))


def _only_one(process: str, home: Path) -> LockFile:
    lock = LockFile(private_folder(home / "run") / f"{process}.lock")
    if not lock.try_exclusive():
        holder = lock.read().strip() or "unknown"
        lock.close()
        other = (
            "set EVERDOOR_HOME to another folder for another world"
            if process in ("auth", "server")
            else "set EVERDOOR_PORTAL_ID to another name for one more"
        )
        raise StartupError(
            f"{process} of {home} runs already (pid {holder}); stop it first, or {other}"
        )
    lock.write(f"{os.getpid()}\n")
    return lock


class _Supervisor:
    """Carries out what its crew decides."""

    def __init__(
        self, process: str, workers: list[WorkerSpec], standby: bool, metrics: Address | None
    ) -> None:
        self._process = process
        self._specs = workers
        self._crew = Crew(len(workers), standby)
        self._processes: dict[int, WorkerProcess] = {}
        self._attention = Attention()
        self._dismissed: set[int] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._report_to: Callable[[Outcome], None] = _nobody
        self._served = asyncio.Event()
        self._changes_asked = 0
        self._not_starting = ""
        self._metrics = metrics
        self._figures = ProcessFigures()
        self._ending = ""
        self._reports = Reports(
            process, self._crew, self._processes, self._attention, self._figures
        )
        self._exporter = Exporter(self._reports.sources, lambda: self._reports.state() == "up")

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
            if self._metrics is not None:
                await self._exporter.open(self._metrics)
            watching = self._loop.create_task(self._watch())
            code = await self._finished
            watching.cancel()
            self._exporter.close()
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
                self._figures.serves(self._processes[worker].index, now)
                self._do(self._crew.ready(worker, now))
                self._served.set()
            case Taken():
                self._do(self._crew.taken(worker, now))
            case Settled():
                self._do(self._crew.settled(worker, now))
            case Parked(parts=parts):
                self._do(self._crew.parked(worker, parts, now))
            case Released():
                self._dismissed.add(worker)
                self._do(self._crew.released(worker, now))
            case NotStarting(reason=reason, has_accepted=has_accepted):
                log.error("worker cannot start", process=self._process, pid=pid, reason=reason)
                self._not_starting = reason
                self._crew.not_starting(worker, reason, has_accepted)
            case Wish(ending=ending, sessid=sessid):
                self._wished(ending, sessid)
            case Leaving(reason=reason, code=code):
                if self._crew.has_served and code:
                    log.warning(
                        "worker leaves", process=self._process, pid=pid, reason=reason, code=code
                    )
                # Else it ends what the user has just started, and says so itself, or was drained.
                self._crew.leaving(worker, reason)

    def _ended(self, worker: int) -> None:
        process = self._processes.pop(worker)
        if self._crew.places[process.index].drains:
            # It may have ended before it could, and clients would wait in them for nobody.
            for fd in self._own_listeners(process.index).values():
                stop_listening(fd)
        was_stopping = self._crew.is_stopping
        actions = self._crew.ended(worker, self._loop.time())
        has_told_why = process.exit_code == COULD_NOT_START and self._crew.is_stopping
        if worker in self._dismissed:
            self._dismissed.discard(worker)
            log.debug("worker dismissed", process=self._process, pid=process.pid)
        elif process.exit_code == 0 and self._crew.places[process.index].drains:
            log.info("drained", process=self._process, worker=process.index)
        elif not was_stopping and not has_told_why:
            cause = _cause(process.exit_code)
            log.warning("worker ended", process=self._process, pid=process.pid, by=cause)
            self._figures.died(process.index, self._loop.time())
        self._do(actions)

    # Workers that hang.

    async def _watch(self) -> None:
        """Look at those who serve, again and again."""
        while True:
            begun = self._loop.time()
            served = {
                place.active.number: place.index
                for place in self._crew.places
                if place.active is not None and place.active.ready
                if place.active.number in self._processes
            }
            self._attention.keep(set(served))
            seen = [self._processes[number].answers(LOOK_S) for number in served]
            answers = await asyncio.gather(*seen)
            for (number, index), answered in zip(served.items(), answers, strict=True):
                if number in self._processes and not self._crew.is_stopping:
                    self._take_look(number, index, answered)
            await asyncio.sleep(max(0.0, begun + LOOK_S - self._loop.time()))

    def _take_look(self, number: int, index: int, answered: bool) -> None:
        limit_s = self._specs[index].hang_limit_s
        process = self._processes[number]
        match self._attention.look(number, answered, limit_s):
            case "hangs":
                log.warning("worker does not answer", process=self._process, pid=process.pid)
            case "answers":
                log.warning("worker answers again", process=self._process, pid=process.pid)
            case "overdue":
                log.error("worker hangs, ended", process=self._process, pid=process.pid)
                process.kill()

    # What to do.

    def _do(self, actions: list[Action]) -> None:
        if self._crew.is_stopping:
            self._served.set()  # Nobody will: whoever waits is told so before the socket closes.
        for action in actions:
            match action:
                case Start(worker=worker, place=place, code=code):
                    self._start(worker, place, code)
                case Say(worker=worker, message=message) if worker in self._processes:
                    self._processes[worker].say(message)
                case Kill(worker=worker) if worker in self._processes:
                    self._dismissed.add(worker)
                    self._processes[worker].kill()
                case Report(outcome=outcome):
                    if "silence" in outcome.parts:
                        self._figures.was_silent(0, self._ending, outcome.parts["silence"])
                    report, self._report_to = self._report_to, _nobody
                    report(outcome)
                case Finish(code=code):
                    self._finished.set_result(code)
        self._set_timer()

    def _start(self, worker: int, place: int, code: str) -> None:
        try:
            process = self._processes[worker] = WorkerProcess(
                self._loop,
                self._specs[place],
                self._process,
                place,
                code,
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

    # Planned changes.

    def _wished(self, ending: str, sessid: int) -> None:
        """Somebody in the game asks; whoever serves then tells them how it went."""

        def report(outcome: Outcome) -> None:
            place = self._crew.places[0]
            if place.active is not None and place.active.number in self._processes:
                text = _told(ending, outcome)
                self._processes[place.active.number].say(TellSession(sessid, text))

        if why := self._crew.why_not():
            report(Outcome(why, {}))
        else:
            log.info("restarting", process=self._process, ending=ending, asked_by=sessid)
            self._change(ending, report)

    async def _changed(self, ending: str) -> Outcome:
        """Make a planned change; returns when it is over.

        One that is asked for while a worker starts, after a crash say, waits until that serves.

        Raises:
            CallRefused: It cannot begin now.
        """
        self._changes_asked += 1
        asked = self._changes_asked
        if self._crew.awaits_worker:
            await self._serves()
        if asked != self._changes_asked:
            # Whoever asked may have given up since, and asked for something else.
            raise CallRefused("refused", "Another change was asked for after this one.")
        if why := self._crew.why_not():
            raise CallRefused("refused", f"The server cannot be changed now: {why}.")
        over: asyncio.Future[Outcome] = self._loop.create_future()
        log.info("restarting", process=self._process, ending=ending, asked_by="cli")
        self._change(ending, over.set_result)
        return await over

    def _change(self, ending: str, report: Callable[[Outcome], None]) -> None:
        self._report_to, self._ending = report, ending
        now = self._loop.time()
        stops = ending == "stop"
        self._do(self._crew.switch_off(now) if stops else self._crew.restart(ending, now))

    async def _switched_on(self) -> Started:
        if not self._crew.places[0].is_off:
            raise CallRefused("refused", "The server has not been stopped.")
        self._not_starting = ""
        self._do(self._crew.switch_on(self._loop.time()))
        if not await self._serves():
            why = self._not_starting or "see the log"
            raise CallRefused("refused", f"The server does not start: {why}.")
        return Started(self._not_starting)

    async def _serves(self) -> bool:
        """Wait for a worker that starts; whether it serves in time."""
        self._served.clear()
        try:
            async with asyncio.timeout(START_S):
                await self._served.wait()
        except TimeoutError:
            return False
        return self._crew.places[0].is_served

    def _drain(self, index: int, within_s: float | None) -> None:
        if not 0 <= index < len(self._specs) or not self._specs[index].can_drain:
            raise CallRefused("refused", "Only portals are drained.")
        if self._crew.is_stopping:
            raise CallRefused("refused", "It is being stopped.")
        place = self._crew.places[index]
        if not place.drains and self._crew.state(place) not in SERVING:
            raise CallRefused("refused", "It does not serve now; see `everdoor status`.")
        log.info("draining", process=self._process, worker=index, within_s=within_s)
        self._do(self._crew.drain(index, Drain(within_s, list(self._own_listeners(index)))))

    def _own_listeners(self, index: int) -> dict[str, int]:
        """The listening sockets of a place that no other has, by name."""
        others = {fd for spec in self._specs[:index] for fd in spec.fds.values()}
        others |= {fd for spec in self._specs[index + 1 :] for fd in spec.fds.values()}
        return {name: fd for name, fd in self._specs[index].fds.items() if fd not in others}

    # What is asked.

    async def _answer(self, request: Request) -> Answer:
        match request.call:
            case Status():
                return await self._reports.status(self._exporter.url)
            case Measure():
                return await self._reports.measured()
            case Stop(reason=reason):
                log.info("stopping", process=self._process, asked_by=request.role, reason=reason)
                # After the reply has been sent: the last worker's end closes its socket.
                self._loop.call_soon(self._stop, reason)
                return Done()
            case Restart(mode=mode):
                return _restarted(await self._changed(mode))
            case StopServer():
                outcome = await self._changed("stop")
                return Failed("refused", outcome.error) if outcome.error else Done()
            case StartServer():
                return await self._switched_on()
            case DrainPortal(index=index, within_s=within_s):
                self._drain(index, within_s)
                return Done()
            case _:
                raise CallRefused("unknown_call", "A supervisor does not answer this.")


def _nobody(outcome: Outcome) -> None:
    """Nobody waits for the outcome any more."""


def _restarted(outcome: Outcome) -> Answer:
    if outcome.error:
        return Failed("refused", outcome.error)
    parts = {name: value for name, value in outcome.parts.items() if name != "silence"}
    return Restarted(outcome.parts["silence"], parts)


def _told(ending: str, outcome: Outcome) -> str:
    if outcome.error:
        return f"The {ending} was refused: {outcome.error}"
    return f"Done: the game was away for {outcome.parts['silence'] * 1000:.0f} ms."


def _cause(code: int | None) -> str:
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"
