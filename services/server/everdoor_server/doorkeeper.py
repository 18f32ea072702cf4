"""What keeps the door: follows auth's lists, sweeps guests, forgets who was deleted, has idle
sessions ended.

Who may stay is decided by `everdoor_server.door` and the handler of sessions; what they change runs
in a turn, like what players type. Source: docs/protocol.md, section 6.4.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from everdoor.bus.following import ASK_S, Follower, read_bans, read_changes
from everdoor.bus.rpc import RpcClient
from everdoor.bus.sockets import Bus
from everdoor.endpoints import Endpoints
from everdoor.errors import CallError
from everdoor.events import Mark
from everdoor.messages.accounts import SweepGuests
from everdoor_server.engine import Game

LOOK_S = 1.0
"""How often idle sessions are looked for; whoever sets a timeout means minutes."""

SWEEP_S = 10.0
"""How soon the name of a guest who has left is free again, at the latest; once it is old enough
for auth to sweep it."""

FORGET_S = 30.0
"""How often accounts that auth has deleted are looked for: their sessions have been ended by then,
those of portals that were late included."""

Perform = Callable[[Callable[[], None]], Awaitable[None]]
"""Runs an action in the next turn; done when what it changed is committed."""

_log = structlog.get_logger(__name__)


class Doorkeeper:
    """Works beside one generation's turns, from when it serves until it ends.

    Args:
        rpc: Asks auth, as this generation; it is closed by whoever made it.
        idle_timeout_s: 0: nobody is too idle.
    """

    def __init__(
        self, bus: Bus, system: Endpoints, rpc: RpcClient, game: Game, perform: Perform,
        idle_timeout_s: float,
    ) -> None:  # fmt: skip
        self._rpc = rpc
        self._game = game
        self._perform = perform
        self._idle_timeout_s = idle_timeout_s
        self._follower = Follower(bus, system.auth_events, ("ban", "account"), self._take_lists)
        work = [self._forget_deleted()]
        work += [self._end_idle()] if idle_timeout_s else []
        work += [self._sweep_guests()] if game.options.guest_enabled else []
        self._tasks = [bus.loop.create_task(each) for each in work]

    def close(self) -> None:
        """Stop. Idempotent."""
        self._follower.close()
        for task in self._tasks:
            task.cancel()

    async def _take_lists(self) -> Mark:
        # What the first of the two accounts for, the other does as well.
        changes, mark = await read_changes(self._rpc, self._game.door.last_change)
        bans, _ = await read_bans(self._rpc)
        await self._perform(lambda: self._game.learn(bans, changes))
        return mark

    async def _forget_deleted(self) -> None:
        while True:
            await asyncio.sleep(FORGET_S)
            if self._game.has_deleted_accounts:
                await self._try(self._perform(self._game.forget_deleted_accounts))

    async def _end_idle(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            if self._game.sessions.idle_sessions(self._idle_timeout_s):
                await self._try(self._perform(lambda: self._game.end_idle(self._idle_timeout_s)))

    async def _sweep_guests(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            sweep = SweepGuests(self._game.guests())
            await self._try(self._rpc.call(sweep, deadline_s=ASK_S))

    async def _try(self, work: Awaitable[object]) -> None:
        try:
            await work
        except CallError as exc:
            _log.debug("not done now", reason=str(exc))
        except Exception:
            _log.exception("code of the game has failed")
