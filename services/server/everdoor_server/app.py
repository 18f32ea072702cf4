"""The game server's worker: sockets, database and timers around the turn.

It feeds frames to `Links` and `Turn`, writes what a turn has done in one transaction, and only
then sends. What is run, said and refused is decided by the cores. Started by its supervisor
(`everdoor_server.cli`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import perf_counter
from typing import Any

import structlog

from everdoor.bus.curve import Far
from everdoor.bus.rpc import RpcClient
from everdoor.bus.sockets import Addressed, Bus, Wire
from everdoor.errors import CallRefused, StoreError, StoreRefused
from everdoor.measures import Measured
from everdoor.messages.calls import ConfirmCopies, CopiesKept, CopiesLack
from everdoor.trace import follow
from everdoor_server.auth_client import AuthClient
from everdoor_server.barrier import BARRIER_S, Barrier
from everdoor_server.commit import Commit
from everdoor_server.committing import CommitStore, Committer, settle_future
from everdoor_server.links import Links
from everdoor_server.measured import TurnTimes, measured
from everdoor_server.restarts import Ending
from everdoor_server.sessionhandler import ServerSessionHandler
from everdoor_server.turn import Turn
from everdoor_server.waits import Call, Pause, Waiting

TICK_S = 0.25
"""How often links are told the time: twice within a heartbeat."""

CONFIRM_S = 1.0
"""How often auth is told which of its answers it may forget."""

SETTLE_S = 2.0
"""How long after a start portals are expected back: they notice a break within SILENCE_S."""

_log = structlog.get_logger(__name__)


class Server:
    """One generation of the game server.

    Args:
        turn, links, sessions: The cores, made for this generation.
        leave: Called once, with a reason, when this worker must end: it is fenced, or its memory
            is ahead of a database that will not take it. True as second argument: what it ran is
            to blame, as for any crash.

    Attributes:
        on_committed: Called with each Commit that is written, once players have been answered.
        times: What turns take.
        on_tick: Called every TICK_S as long as nothing keeps this process from it.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        turn: Turn,
        links: Links,
        sessions: ServerSessionHandler,
        store: CommitStore,
        auth: AuthClient,
        leave: Callable[[str, bool], None],
    ) -> None:
        self._loop = loop
        self._turn = turn
        self._links = links
        self._sessions = sessions
        self._store = store
        self._committer = Committer(loop, store, self._after_turn, self._give_up)
        self._auth = auth
        self._leave = leave
        self._wire: Wire[Addressed] | None = None
        self._allows: Callable[[str], bool] | None = None
        self._arrived: deque[Addressed] = deque()
        self._is_parked = False
        self._barrier: Barrier | None = None
        self._confirmed = asyncio.Event()
        self._has_left = False
        self.times = TurnTimes()
        self._written_since = 0.0
        self._turn_is_due = False
        self._on_settled: Callable[[], None] | None = None
        self._settle_by = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._performed: list[Callable[[], None]] = []
        self.on_committed: Callable[[Commit], None] = lambda commit: None
        self.on_tick: Callable[[], None] = lambda: None

    def start(
        self,
        bus: Bus,
        stream: str,
        fd: int | None,
        on_settled: Callable[[], None],
        far: Far | None = None,
    ) -> None:
        """Take the listening socket of the stream and serve portals.

        Args:
            far: Where portals of other hosts come to.
            on_settled: Called once, when every portal of the generation before is back, or has
                had SETTLE_S for it.
        """
        self._wire = bus.router(stream, self._received, fd, far)
        self._allows = bus.allows if far is not None else None
        self._on_settled = on_settled
        self._settle_by = self._loop.time() + SETTLE_S
        self._tick()
        self._confirm()

    def keep_lease(self, generation: int, every_s: float) -> None:
        """Show others that this generation lives, from now on; not while its end is planned, when
        its successor takes the lease."""
        if not self._is_parked:
            self._committer.renew(generation)
        again = partial(self.keep_lease, generation, every_s)
        self._timers["lease"] = self._loop.call_later(every_s, again)

    def close(self) -> None:
        """Stop serving; a turn under way is not waited for, its lines are run again."""
        self._has_left = True
        for timer in self._timers.values():
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        self._committer.close()
        if self._wire is not None:
            self._wire.close()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being written."""
        return self._committer.is_idle

    def measured(self, generation: int, objects: int) -> Measured:
        """What is measured of this generation; `objects`: how many of the world are in memory."""
        return measured(
            generation,
            self.times,
            self._turn,
            self._links,
            self._sessions,
            len(self._arrived),
            objects,
        )

    def info(self) -> dict[str, Any]:
        """What `everdoor status` says of this worker."""
        connected = sum(not session.is_link_dead for session in self._sessions)
        counts = {"sessions": connected, "portals": len(self._links)}
        trouble = self._committer.trouble
        return {**counts, "trouble": trouble} if trouble else counts

    # A planned end.

    async def park(self, ending: Ending, stop: Callable[[], None]) -> dict[str, float]:
        """Run the stop hooks in a last turn, and have every portal confirm what it holds.

        Lines wait from now on, in the portals. Frames are still taken and heartbeats sent.

        Args:
            stop: Runs the hooks of the game.

        Returns:
            Seconds by name: quiesce (until the last turn was committed), barrier.
        """
        begun = self._loop.time()
        self._is_parked = True
        await self._committer.wait_idle()
        self._turn.end(ending)
        self._turn.do(stop)
        self._work()
        await self._committer.wait_idle()
        quiesced = self._loop.time()
        self._confirmed.clear()
        barrier = self._barrier = Barrier(self._turn, self._links)
        if barrier.waiting:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._confirmed.wait(), BARRIER_S)
        if barrier.waiting or barrier.resent:
            _log.warning(
                "portals were not sure of their copies",
                waited_for=sorted(barrier.waiting),
                sent_anew=barrier.resent,
            )
        return {"quiesce": quiesced - begun, "barrier": self._loop.time() - quiesced}

    async def confirm(self, call: ConfirmCopies) -> CopiesKept | CopiesLack:
        """A portal says what it holds; answered when the last turn is committed."""
        await self._committer.wait_idle()
        if self._barrier is None:
            return CopiesKept()
        answer = self._barrier.confirm(call)
        if isinstance(answer, CopiesLack):
            self._work()
        if not self._barrier.waiting:
            self._confirmed.set()
        return answer

    def resume(self, start: Callable[[], None]) -> None:
        """The end is called off: lines are run again.

        Args:
            start: Runs the hooks of the game.
        """
        self._is_parked = False
        self._barrier = None
        self._turn.end(Ending.CRASH)
        self._turn.do(start)
        self._work()

    def tell(self, sessid: int, text: str) -> None:
        """Show a text to a session, if it is still here."""
        session = self._sessions.get(sessid)
        if session is not None:
            self._turn.do(partial(session.msg, text))
            self._work_soon()

    def perform(self, action: Callable[[], None]) -> asyncio.Future[None]:
        """Run an action in the next turn.

        Returns:
            Done when what it changed is committed. What the action raised is raised by it, and
            CallRefused `restarting` while an end is planned.
        """
        done: asyncio.Future[None] = self._loop.create_future()
        if self._is_parked:
            done.set_exception(CallRefused("restarting", "The server is restarting.", 1.0))
        else:
            self._turn.do(lambda: self._performed.append(_attempt(action, done)))
            self._work_soon()
        return done

    # Frames.

    def _received(self, batch: list[Addressed]) -> None:
        self._arrived.extend(batch)
        self._work()

    def _work(self) -> None:
        """Take what has arrived, run turns until nothing waits, send.

        While a commit is tried again nothing else happens: memory must not run further ahead.
        """
        self._turn_is_due = False
        if not self._committer.is_idle or self._has_left:
            return
        now, begun = self._loop.time(), perf_counter()
        try:
            while self._arrived:
                routing_id, frame, peer = self._arrived.popleft()
                for event in self._links.receive(routing_id, frame, now, peer):
                    self._turn.receive(event)
            commit = self._turn.run(lines=not self._is_parked)
            self.times.running.observe(perf_counter() - begun)
        except Exception as exc:
            self._give_up(exc)
            return
        if self._store.failure is not None:
            # Whatever asked may have done half of what it was about: it is done again from rows.
            self._give_up(self._store.failure)
        elif commit is None:
            self._after_turn(None)
        else:
            self._written_since = perf_counter()
            self._committer.write(commit)

    def _after_turn(self, commit: Commit | None) -> None:
        if commit is not None:
            self.times.committing.observe(perf_counter() - self._written_since)
            self._turn.committed(commit)
        for waiting in self._turn.take_waits():
            self._wait(waiting)
        self._send()
        if commit is not None:
            self.on_committed(commit)
        performed, self._performed = self._performed, []
        for settle in performed:
            settle()
        self._tell_settled()
        if self._arrived or (self._turn.has_work() and not self._is_parked):
            self._work_soon()
        else:
            self._wake_for_timer()

    def _tell_settled(self) -> None:
        tell = self._on_settled
        if tell is None:
            return
        if self._loop.time() > self._settle_by or all(link.adopted for link in self._links):
            self._on_settled = None
            tell()

    def _give_up(self, error: Exception) -> None:
        """Memory must not outlive a commit that did not happen: the next worker begins anew."""
        is_bug = not isinstance(error, StoreError)
        _log.error("this server leaves", error=str(error), exc_info=error if is_bug else None)
        self._has_left = True
        self._leave(str(error), is_bug or isinstance(error, StoreRefused))

    def _send(self) -> None:
        if self._wire is None:
            return
        for routing_id, frame in self._links.data_to_send(self._loop.time()):
            if not self._wire.send(routing_id, frame):
                self._links.lost(routing_id)

    def _work_soon(self) -> None:
        if not self._turn_is_due:
            self._turn_is_due = True
            self._loop.call_soon(self._work)

    # What commands wait for.

    def _wait(self, waiting: Waiting) -> None:
        match waiting.request:
            case Call():
                self._spawn(self._ask_auth(waiting, waiting.request))
            case Pause(seconds=seconds):
                self._loop.call_later(seconds, self._resume, waiting.id)

    async def _ask_auth(self, waiting: Waiting, request: Call) -> None:
        follow(waiting.trace)
        try:
            answer = await self._auth.call(request.call, waiting.key)
        except CallRefused as exc:
            self._resume(waiting.id, error=exc)
        else:
            self._resume(waiting.id, answer)

    def _resume(self, wait_id: int, answer: Any = None, error: Exception | None = None) -> None:
        self._turn.resume(wait_id, answer, error)
        self._work_soon()

    def _spawn(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Time.

    def _tick(self) -> None:
        self.on_tick()
        if self._allows is not None:
            self._links.drop_keys(self._allows)
        self._turn.tick(self._loop.time())
        if not self._committer.is_idle:
            # Nothing is run, but portals are shown that somebody is here.
            self._send()
        else:
            for dead in self._links.find_dead(self._loop.time()):
                _log.warning("a portal has ended", portal=dead.link.portal)
                self._turn.receive(dead)
            self._work()
        self._timers["tick"] = self._loop.call_later(TICK_S, self._tick)

    def _wake_for_timer(self) -> None:
        """Come back when a timer of the game is due, where that is before the next tick."""
        if (waking := self._timers.pop("due", None)) is not None:
            waking.cancel()
        wait_s = self._turn.timer_wait_s()
        if wait_s is not None and wait_s < TICK_S and not self._is_parked:
            self._timers["due"] = self._loop.call_later(wait_s, self._work)

    def _confirm(self) -> None:
        self._spawn(self._auth.confirm(self._turn.take_answered()))
        self._timers["confirm"] = self._loop.call_later(CONFIRM_S, self._confirm)


def _attempt(action: Callable[[], None], done: asyncio.Future[None]) -> Callable[[], None]:
    """Run an action; return what tells whoever waits for it how that went."""
    try:
        action()
    except Exception as exc:
        return partial(settle_future, done, exc)
    return partial(settle_future, done, None)


def make_auth_client(bus: Bus, endpoint: str, generation: int) -> AuthClient:
    """An AuthClient that asks as this generation of the server."""
    return AuthClient(RpcClient(bus, endpoint, "server", generation))
