"""The server's worker process: takes the world over, serves it, ends in order.

Everything is imported before its turn comes; only then does it raise the generation, so that
whoever served before can write no more, and only after that does it read. What it serves is
joined in `everdoor_server.app`.
"""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from everdoor.bus.sockets import Bus
from everdoor.endpoints import Endpoints, endpoints
from everdoor.incarnation import incarnation_is_alive
from everdoor.settings import Settings
from everdoor.state import AppSession
from everdoor.worker import WorkerLink
from everdoor_server.app import Server, make_auth_client
from everdoor_server.collector import Collector
from everdoor_server.commit import Stored
from everdoor_server.engine import Game, GameOptions
from everdoor_server.links import Links
from everdoor_server.turn import Turn
from everdoor_server.world.starter import Lodger, starter_world
from everdoor_server.world.store import Store

STREAM_FD = "stream"
"""Name of the inherited socket for portals."""

LEFT = 1
"""Exit code of a worker that leaves so that the next one begins anew."""


async def serve(link: WorkerLink, settings: Settings) -> int:
    """Serve the world of a home until the supervisor asks for an end, or memory is of no use.

    Raises:
        StartupError: The database cannot be opened, or does not fit this program.
    """
    await link.go()
    loop = asyncio.get_running_loop()
    left: asyncio.Future[str] = loop.create_future()
    with _opened(settings) as store:
        generation = store.raise_generation(f"{socket.gethostname()} pid {os.getpid()}")
        system = endpoints(settings.home, Path(tempfile.gettempdir()), os.getuid())
        bus = Bus(loop)
        server = _join(loop, settings, store, store.load(), bus, system, left.set_result)
        try:
            server.start(bus, system.stream, link.fd(STREAM_FD))
            link.tell_status(lambda: {**server.info(), "generation": generation})
            link.ready()
            stop = loop.create_task(link.stop_asked())
            await asyncio.wait([stop, left], return_when=asyncio.FIRST_COMPLETED)
            stop.cancel()
        finally:
            server.close()
            bus.close()
    if left.done():
        link.leaving(left.result(), LEFT)
        return LEFT
    return 0


@contextmanager
def _opened(settings: Settings) -> Iterator[Store]:
    url = settings.world_database_url.get_secret_value()
    store = Store.open(url, settings.sqlite_synchronous, starter_world)
    try:
        yield store
    finally:
        store.close()


def _join(
    loop: asyncio.AbstractEventLoop,
    settings: Settings,
    store: Store,
    stored: Stored,
    bus: Bus,
    system: Endpoints,
    leave: Any,
) -> Server:
    """Build the cores of a generation and the shell around them."""
    app = AppSession("everdoor")
    collector = Collector(app)
    game = Game(store.rows, collector, time.time, _options(settings), character_class=Lodger)
    links = Links(
        stored,
        socket.gethostname(),
        partial(incarnation_is_alive, settings.home),
        settings.portal_grace_s,
        loop.time(),
    )
    turn = Turn(app, game, collector, links, stored, time.monotonic)
    auth = make_auth_client(bus, system.auth_rpc, stored.generation)
    return Server(loop, turn, links, game.sessions, store, auth, leave)


def _options(settings: Settings) -> GameOptions:
    return GameOptions(
        multisession_mode=settings.multisession_mode,
        auto_create_character_with_account=settings.auto_create_character_with_account,
        auto_puppet_on_login=settings.auto_puppet_on_login,
    )
