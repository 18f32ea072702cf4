"""The server's worker process: loads the game, takes the world over, serves it, ends in order.

The game is loaded before its turn comes; only then does it raise the generation, so that whoever
served before can write no more, and only after that does it read. Start hooks run in the same
transaction: when one fails, the world stays with whoever has it. What is served is joined in
`everdoor_server.app`.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from everdoor.bus.rpc import RpcClient
from everdoor.bus.sockets import Bus
from everdoor.endpoints import Endpoints
from everdoor.errors import Fenced, SettingsError, StartupError, StoreError
from everdoor.farhosts import far_sockets, surroundings
from everdoor.incarnation import incarnation_is_alive
from everdoor.measures import Measured
from everdoor.settings import Settings
from everdoor.state import AppSession
from everdoor.worker import WorkerLink
from everdoor_server.app import Server, make_auth_client
from everdoor_server.collector import Collector
from everdoor_server.commit import HeldBy, Stored
from everdoor_server.configured import Configured, configure
from everdoor_server.doorkeeper import Doorkeeper
from everdoor_server.engine import Game
from everdoor_server.game import GameError, GameFolder, LoadedGame, error_text
from everdoor_server.inspection import Inspection
from everdoor_server.lease import BEATS, LeaseWatch
from everdoor_server.links import Links
from everdoor_server.restarts import Ending
from everdoor_server.scripts.clock import Clocks, at_boot_s, keep
from everdoor_server.session import ServerSession
from everdoor_server.turn import Turn
from everdoor_server.watchdog import Watchdog, last_words
from everdoor_server.world.starter import starter_world
from everdoor_server.world.store import Store, load_driver

STREAM_FD = "stream"
RPC_FD = "rpc"
EVENTS_FD = "events"
"""Names of the inherited sockets: for portals, for calls, for events."""

HUNG = "server.hung"
"""File beside the logs in which a worker that hangs says what it was doing."""

LEFT = 1
"""Exit code of a worker that leaves so that the next one begins anew."""

CRASHED = 1
"""Of one that ends as if it had been killed: what it was running is counted as the cause."""

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
MAX_BOOT = 2**62
"""Names the present boot of the machine; as a number that a database can hold."""

log = structlog.get_logger(__name__)


async def serve(link: WorkerLink, settings: Settings) -> int:
    """Serve the world of a home until the supervisor asks for an end, or memory is of no use.

    Raises:
        StartupError: The database cannot be opened or does not fit this program, a setting is at
            fault, or the game cannot be loaded or started; the supervisor has been told why.
    """
    folder = GameFolder(settings.game, settings.home / "game") if settings.game else None
    try:
        loaded = load(folder, link.handed["code"])
        configured = configure(settings, loaded.options)
    except (GameError, SettingsError) as exc:
        link.not_starting(str(exc), folder is not None and folder.has_accepted)
        raise StartupError(str(exc)) from exc
    url = settings.world_database_url.get_secret_value()
    load_driver(url)
    holds = await link.go()
    seed = None if loaded.steps else starter_world
    store = Store.open(url, settings.sqlite_synchronous, seed)
    try:
        return await _Worker(link, settings, folder, loaded, configured, store).run(holds)
    finally:
        store.close()


def load(folder: GameFolder | None, code: str) -> LoadedGame:
    """Load the game that this worker is to run.

    Args:
        folder: None: the shipped game.
        code: `new` or `live`: the folder as it is. `accepted`: the code accepted last, or the
            folder as it is where there is none.

    Raises:
        GameError: It cannot be loaded.
    """
    if folder is None:
        return LoadedGame()
    return folder.load(is_live=code != "accepted" or not folder.has_accepted)


class _Worker:
    """One generation, from taking the world over to its end."""

    def __init__(
        self,
        link: WorkerLink,
        settings: Settings,
        folder: GameFolder | None,
        loaded: LoadedGame,
        configured: Configured,
        store: Store,
    ) -> None:
        self._link = link
        self._settings = settings
        self._folder = folder
        self._loaded = loaded
        self._configured = configured
        self._store = store
        self._home = f"{socket.gethostname()}:{settings.home}"
        self._hung = settings.home / "logs" / HUNG
        self._loop = asyncio.get_running_loop()
        self._over: asyncio.Future[int] = self._loop.create_future()
        self._task: asyncio.Task[None] | None = None

    async def run(self, holds: bool) -> int:
        """Take over, serve, and return the exit code.

        Args:
            holds: The one before still has the sockets.
        """
        around = surroundings(self._settings, "server")
        # It binds sockets of its own home, and asks auth where that is.
        system = around.reached
        bus = Bus(self._loop, around.curve)
        try:
            if not await self._has_taken_over(bus, system):
                return 0
            if holds:
                await self._link.serve()
            self._serve(bus, system)
            return await self._until_over()
        finally:
            bus.close()

    # The start.

    async def _has_taken_over(self, bus: Bus, system: Endpoints) -> bool:
        """Wait until the world is free and take it; False when asked to stop before."""
        watch = LeaseWatch(self._home, self._settings.takeover_after_s)
        while (seen := await self._free_lease(watch)) is not None:
            try:
                self._take_over(bus, system, seen)
            except Fenced as exc:
                log.warning("the world was not free after all", reason=str(exc))
            else:
                return True
        return False

    async def _free_lease(self, watch: LeaseWatch) -> HeldBy | None:
        """The lease as it is once it is free; None when asked to stop before."""
        stop = asyncio.ensure_future(self._link.stop_asked())
        pause_s, told = self._settings.takeover_after_s / BEATS, ""
        try:
            while not stop.done():
                held = self._look(watch)
                if isinstance(held, HeldBy):
                    return held
                if held != told:
                    log.warning("waiting", reason=held)
                    told = held
                self._link.tell_status(partial(dict, trouble=held))
                await asyncio.wait([stop], timeout=pause_s)
            return None
        finally:
            stop.cancel()

    def _look(self, watch: LeaseWatch) -> HeldBy | str:
        """The lease when it is free, else why it is not."""
        try:
            held = self._store.held_by()
        except StoreError as exc:
            watch.lost_sight()
            return str(exc)
        if not self._store.is_remote or watch.is_free(held, self._loop.time()):
            return held
        after_s = self._settings.takeover_after_s
        return f"{held.holder} serves this world; taken over when it is silent for {after_s:g} s"

    def _take_over(self, bus: Bus, system: Endpoints, seen: HeldBy) -> None:
        """Raise the generation, read, build, run the start hooks: all of it or nothing.

        Raises:
            Fenced: The lease is no longer as it was seen.
            StartupError: A start hook or the building of the world has failed, or the database
                does not do it.
        """
        holder = f"{socket.gethostname()} pid {os.getpid()}"
        try:
            with self._store.takeover(holder, self._home, seen) as stored:
                self._generation = stored.generation
                self._join(stored, bus, system)
                self._begin(stored.ended)
                self._store.add_changes(self._game.take_changes())
        except Fenced:
            raise
        except StoreError as exc:
            raise StartupError(str(exc)) from exc
        except _BeginningFailed as exc:
            self._discard()
            has_accepted = self._folder is not None and self._folder.has_accepted
            self._link.not_starting(str(exc), has_accepted)
            raise StartupError(str(exc)) from exc
        if self._folder is not None:
            self._folder.accept(self._loaded)

    def _join(self, stored: Stored, bus: Bus, system: Endpoints) -> None:
        """Build the cores of a generation and the shell around them."""
        app = AppSession("everdoor")
        collector = Collector(app)
        died = stored.ended is Ending.CRASH and not self._link.predecessor_left
        clocks = read_clocks()
        began_s = at_boot_s(self._store.rows.counter, clocks)
        self._game = game = Game(
            self._store.rows,
            collector,
            steady_clock(),
            self._configured.options,
            self._configured.session_class,
            character_class=self._configured.character_class,
            account_class=self._configured.account_class,
            hooks=self._loaded.hooks,
            timer_clock=lambda: began_s + time.monotonic(),
            died=died,
        )
        keep(game.register, clocks, began_s)
        game.ask_restart = self._ask_restart
        links = Links(
            stored,
            socket.gethostname(),
            partial(incarnation_is_alive, self._settings.home),
            self._settings.portal_grace_s,
            self._loop.time(),
            died=died,
        )
        turn = Turn(
            app,
            game,
            collector,
            links,
            stored,
            time.monotonic,
            self._settings.resume_grace_s,
        )
        if self._settings.log_level == "debug":
            turn.log_lines()
        auth = make_auth_client(bus, system.auth_rpc, stored.generation)
        self._server = Server(
            self._loop, turn, links, game.sessions, self._store, auth, self._leave
        )
        self._inspection = Inspection(
            app,
            game.sessions,
            links,
            stored,
            self._server,
            self._configured.session_class,
            collector.states,
            game.bring_back,
        )
        self._server.on_committed = self._inspection.committed

    def _begin(self, ended: Ending) -> None:
        """Build what is new in the game's world, then run the start hooks."""
        with self._failing_as("the world cannot be built"):
            if built := self._game.build(self._loaded.steps):
                log.info("the world was built", steps=built)
        with self._failing_as("a start hook has failed"):
            self._game.at_server_start(ended)

    @contextmanager
    def _failing_as(self, what: str) -> Iterator[None]:
        try:
            yield
        except Exception as exc:
            if self._store.failure is not None:
                raise self._store.failure from exc
            folder = self._folder.folder if self._folder else None
            log.exception(what)
            text = error_text(exc, self._loaded, folder)
            raise _BeginningFailed(f"{what}: {text}") from exc

    def _discard(self) -> None:
        if self._folder is not None:
            self._folder.discard(self._loaded)

    # Serving.

    def _serve(self, bus: Bus, system: Endpoints) -> None:
        if words := last_words(self._hung):
            log.error("the server before this one was hung and has ended itself", threads=words)
        link, server = self._link, self._server
        link.on_park = self._park_soon
        link.on_resume = self._resume
        link.on_release = self._release_soon
        link.on_tell = server.tell
        far = far_sockets(self._settings, "server", link.fd)
        self._inspection.open(bus, system, link.fd(RPC_FD), link.fd(EVENTS_FD), far)
        self._watchdog = Watchdog(self._settings.turn_limit_s, self._hung)
        server.on_tick = self._watchdog.feed
        server.start(bus, system.stream, link.fd(STREAM_FD), link.settled, far.get("stream"))
        server.keep_lease(self._generation, self._settings.takeover_after_s / BEATS)
        auth = RpcClient(bus, system.auth_rpc, "server", self._generation)
        timeout_s = self._settings.idle_timeout
        self._doorkeeper = Doorkeeper(bus, system, auth, self._game, server.perform, timeout_s)
        link.tell_status(lambda: {**server.info(), "generation": self._generation})
        link.tell_measured(self._measured)
        link.ready()
        self._inspection.publish("server.ready", generation=self._generation)

    def _measured(self) -> Measured:
        return self._server.measured(self._generation, self._game.objects.count_loaded())

    async def _until_over(self) -> int:
        stop: asyncio.Future[str] = asyncio.ensure_future(self._link.stop_asked())
        waited: list[asyncio.Future[Any]] = [stop, self._over]
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if self._over.done():
            stop.cancel()
        else:
            await self._park(Ending.STOP)
        await self._close()
        if not self._over.done():
            self._let_go()
        return self._over.result() if self._over.done() else 0

    def _let_go(self) -> None:
        """Leave the world to whoever waits for it elsewhere."""
        if not (self._store.is_remote and self._server.is_idle):
            return
        try:
            self._store.let_go(self._generation)
        except StoreError as exc:
            log.warning("the world was not let go", reason=str(exc))

    def _ask_restart(self, ending: Ending, session: ServerSession) -> None:
        self._link.wish(ending, session.sessid)

    def _park_soon(self, ending: str) -> None:
        self._task = self._loop.create_task(self._say_parked(Ending(ending)))

    async def _say_parked(self, ending: Ending) -> None:
        self._link.parked(await self._park(ending))

    def _resume(self) -> None:
        """The end is called off, also one that this worker is still preparing."""
        if self._task is not None:
            self._task.cancel()
        self._server.resume(self._game.at_server_resume)

    async def _park(self, ending: Ending) -> dict[str, float]:
        stop: Callable[[], None] = partial(self._game.at_server_stop, ending)
        self._inspection.publish("server.restarting", mode=ending.value)
        return await self._server.park(ending, stop)

    def _release_soon(self) -> None:
        self._task = self._loop.create_task(self._release())

    async def _release(self) -> None:
        await self._close()
        self._link.released()
        if not self._over.done():
            self._over.set_result(0)

    async def _close(self) -> None:
        self._watchdog.close()
        self._doorkeeper.close()
        self._server.close()
        await self._inspection.close()

    def _leave(self, reason: str, has_crashed: bool) -> None:
        if self._over.done():
            return
        if not has_crashed:
            self._link.leaving(reason, LEFT)
        self._over.set_result(CRASHED if has_crashed else LEFT)


class _BeginningFailed(Exception):
    """Code of the game has raised before it served; the text names its file and line."""


def steady_clock() -> Callable[[], float]:
    """A clock of epoch seconds that does not jump with the machine's: nobody expires by that."""
    at_boot = time.time() - time.monotonic()
    return lambda: at_boot + time.monotonic()


def read_clocks() -> Clocks:
    """Read the machine's clocks, and which boot it has."""
    try:
        boot = int(BOOT_ID.read_text().replace("-", ""), 16) % MAX_BOOT + 1
    except (OSError, ValueError):
        boot = 0
    return Clocks(boot, time.time(), time.monotonic())
