"""Follows the sessions of a running system: events, and the whole state where some are missing.

What a state means after another is `everdoor.presence`'s, what a missing event is
`everdoor.events`'; here are the sockets, and the two ways of printing.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

import click
import msgspec

from everdoor.bus import Bus, RpcClient, Subscriber
from everdoor.cli.control import running
from everdoor.cli.live import SERVER_S, list_all, no_session
from everdoor.cli.live import run as run_with_bus
from everdoor.endpoints import Endpoints
from everdoor.errors import CallRefused, CallTimeout, UserError
from everdoor.events import Published
from everdoor.playertext import clean
from everdoor.presence import SESSION, Roster, presence_of
from everdoor.settings import Settings

AGAIN_S = 0.1
"""Pause before a state is asked for again that could not be given."""


class News(NamedTuple):
    """One change as it is told.

    `seq` counts the events of `publisher`; where `caught_up`, the change was found by comparing
    states, `seq` is the number up to which the later one accounts, and `time` when it was found.
    """

    topic: str
    seq: int
    time: float
    publisher: str
    data: dict[str, Any]
    caught_up: bool


Show = Callable[[News], str]


def follow(settings: Settings, show: Show, sessid: int | None = None) -> None:
    """Print every change of a session, one a line, until Ctrl-C; of all, or of one until it ends.

    Raises:
        UserError: Nothing runs at the beginning, or there is no such session.
    """

    async def main(bus: Bus, system: Endpoints) -> None:
        if not running(system):
            raise UserError(f"nothing runs in {settings.home}; start it with `everdoor up`")
        await _Watch(bus, system, show, sessid).run()

    try:
        run_with_bus(settings, main)
    except KeyboardInterrupt:
        # The way to end it.
        click.echo(err=True)


def for_programs(news: News) -> str:
    """One JSON document."""
    return msgspec.json.encode(news._asdict()).decode()


def for_people(news: News) -> str:
    """Time, session, what happened to whom, from where."""
    at = datetime.fromtimestamp(news.time).strftime("%H:%M:%S")
    data = news.data
    names = ("account", "puppet", "protocol", "address")
    who = " ".join(clean(str(data[name])) for name in names if data.get(name))
    mark = "*" if news.caught_up else " "
    line = f"{at} {mark} {data.get('sessid', '-'):>6}  {data.get('event', news.topic):<12}  {who}"
    return clean(line).rstrip()


class _Watch:
    """One follower of the server's events.

    Args:
        sessid: The only session to tell of; None: all are told of.
    """

    def __init__(self, bus: Bus, system: Endpoints, show: Show, sessid: int | None) -> None:
        self._show = show
        self._sessid = sessid
        self._over: asyncio.Future[None] = bus.loop.create_future()
        self._client = RpcClient(bus, system.server_rpc, "cli")
        self._roster = Roster()
        self._due = asyncio.Event()
        self._is_away = False
        self._subscriber = Subscriber(
            bus, system.server_events, self._take, topic=SESSION, on_gap=self._due.set
        )

    async def run(self) -> None:
        """Follow until the one session ends, or nobody reads any more.

        Raises:
            BrokenPipeError: Nobody reads any more.
            UserError: There is no such session.
        """
        following = asyncio.ensure_future(self._keep_complete())
        await asyncio.wait([following, self._over], return_when=asyncio.FIRST_COMPLETED)
        (self._over if self._over.done() else following).result()

    async def _keep_complete(self) -> None:
        """Take the whole state whenever it is due."""
        while True:
            await self._due.wait()
            self._due.clear()
            if not await self._take_state():
                await asyncio.sleep(AGAIN_S)
                self._due.set()

    async def _take_state(self) -> bool:
        self._subscriber.doubt()
        try:
            sessions, mark = await list_all(self._client, SERVER_S)
        except CallTimeout:
            self._note_away()
            return False
        except CallRefused:
            return False
        self._note_back()
        for topic, data in self._roster.take(map(presence_of, sessions)):
            self._tell(News(topic, mark.seq, time.time(), mark.publisher, data, True))
        sessids = {info.sessid for info in sessions}
        if self._sessid is not None and self._sessid not in sessids and not self._over.done():
            raise no_session(self._sessid)
        self._subscriber.take_state(mark)
        return True

    def _take(self, published: Published) -> None:
        event = published.event
        self._roster.apply(event.data)
        self._tell(News(published.topic, event.seq, event.time, event.publisher, event.data, False))

    def _tell(self, news: News) -> None:
        if self._over.done() or self._sessid not in (None, news.data.get("sessid")):
            return
        try:
            click.echo(self._show(news))
        except BrokenPipeError as exc:
            self._over.set_exception(exc)
            return
        if self._sessid is not None and news.data.get("event") == "disconnected":
            self._over.set_result(None)

    def _note_away(self) -> None:
        if not self._is_away:
            self._is_away = True
            print("everdoor: the server is away; waiting for it", file=sys.stderr)

    def _note_back(self) -> None:
        if self._is_away:
            self._is_away = False
            print("everdoor: the server is back", file=sys.stderr)
