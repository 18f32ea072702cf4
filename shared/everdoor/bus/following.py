"""Keeping a copy of what a service knows: taken whole, and again when events say that it is old.

Events only say that there is news; what counts is asked for by calls (the Clone pattern). While
the service cannot be reached, the copy stays as it was. Source: docs/protocol.md, section 5.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from everdoor.bus.pubsub import Subscriber
from everdoor.bus.rpc import RpcClient
from everdoor.bus.sockets import Bus
from everdoor.errors import CallError
from everdoor.events import Mark, Published, has_topic
from everdoor.messages.accounts import (
    AccountChange,
    AccountChanges,
    Ban,
    Bans,
    ListBans,
    ListChanges,
)

ASK_S = 4.0
"""How long one call of a taking may take."""

AGAIN_S = 1.0
"""Pause after one that did not succeed."""

_log = structlog.get_logger(__name__)


class Follower:
    """Has a copy taken at the beginning, at news of its topics, and whenever some may be missing.

    Args:
        endpoint: Where the service publishes its events.
        topics: Those that make the copy old.
        take: Takes the copy; returns what it accounts for. An error means: again, later.
    """

    def __init__(
        self, bus: Bus, endpoint: str, topics: tuple[str, ...], take: Callable[[], Awaitable[Mark]]
    ) -> None:
        self._topics = topics
        self._take = take
        self._is_old = asyncio.Event()
        self._has_failed = False
        self._task = bus.loop.create_task(self._follow())
        self._subscriber = Subscriber(bus, endpoint, self._heard, on_gap=self._is_old.set)

    def close(self) -> None:
        """Follow no more. Idempotent."""
        self._task.cancel()
        self._subscriber.close()

    def _heard(self, published: Published) -> None:
        if any(has_topic(published.topic, topic) for topic in self._topics):
            self._is_old.set()

    async def _follow(self) -> None:
        while True:
            await self._is_old.wait()
            self._is_old.clear()
            self._subscriber.doubt()
            try:
                mark = await self._take()
            except CallError as exc:
                await self._fail(exc)
            except Exception as exc:
                # A copy that is never taken again would be worse, whatever it was.
                _log.exception("a list cannot be taken over")
                await self._fail(exc)
            else:
                self._has_failed = False
                self._subscriber.take_state(mark)

    async def _fail(self, error: Exception) -> None:
        if not self._has_failed:
            self._has_failed = True
            _log.warning("a list is not up to date", error=str(error))
        await asyncio.sleep(AGAIN_S)
        self._is_old.set()


async def read_bans(rpc: RpcClient) -> tuple[list[Ban], Mark]:
    """Ask auth for all bans in force, page by page.

    Returns:
        They, and what they account for.

    Raises:
        CallError: It does not say.
    """
    bans: list[Ban] = []
    mark: Mark | None = None
    while True:
        page = await rpc.call(ListBans(bans[-1].id if bans else 0), deadline_s=ASK_S)
        assert isinstance(page, Bans), "auth answers what it was asked"
        bans += page.bans
        mark = mark or Mark(page.publisher, page.seq)
        if not page.more:
            return bans, mark


async def read_changes(rpc: RpcClient, after: int) -> tuple[list[AccountChange], Mark]:
    """Ask auth for the changes of accounts after a number; as `read_bans`."""
    changes: list[AccountChange] = []
    mark: Mark | None = None
    while True:
        last = changes[-1].number if changes else after
        page = await rpc.call(ListChanges(last), deadline_s=ASK_S)
        assert isinstance(page, AccountChanges), "auth answers what it was asked"
        changes += page.changes
        mark = mark or Mark(page.publisher, page.seq)
        if not page.more:
            return changes, mark
