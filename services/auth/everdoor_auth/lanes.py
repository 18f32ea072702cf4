"""One at a time: attempts of one address wait for each other, in order.

Who shares a lane is decided elsewhere (`throttle`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from everdoor.errors import CallRefused

MAX_IN_LANE = 48
"""Attempts of one address that may wait: more than a server asks at once (32 calls), less than
the service works on at once (64), so that one address cannot take every place."""


class Lanes:
    """Locks by name, which exist while somebody holds or wants them."""

    def __init__(self, max_in_lane: int = MAX_IN_LANE) -> None:
        self._max_in_lane = max_in_lane
        self._locks: dict[str, asyncio.Lock] = {}
        self._users: dict[str, int] = {}

    @asynccontextmanager
    async def turn(self, lane: str | None) -> AsyncIterator[None]:
        """Wait for the turn in a lane and hold it; None is no lane and never waits.

        Raises:
            CallRefused: `busy`: too many wait in this lane already.
        """
        if lane is None:
            yield
            return
        self._enter(lane)
        try:
            async with self._locks[lane]:
                yield
        finally:
            self._leave(lane)

    def __len__(self) -> int:
        """Count the lanes in use."""
        return len(self._locks)

    def _enter(self, lane: str) -> None:
        users = self._users.get(lane, 0)
        if users > self._max_in_lane:
            raise CallRefused("busy", "Too many attempts wait from your address; try again later.")
        self._users[lane] = users + 1
        self._locks.setdefault(lane, asyncio.Lock())

    def _leave(self, lane: str) -> None:
        self._users[lane] -= 1
        if not self._users[lane]:
            del self._users[lane], self._locks[lane]
