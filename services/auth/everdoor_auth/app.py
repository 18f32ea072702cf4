"""The auth service's worker: opens the store, serves calls, closes in order.

What a call is answered is `service`'s; starting again after a crash is the supervisor's (`cli`).

Source: docs/protocol.md, sections 2 and 9.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from everdoor.bus import Bus, Publisher, RpcServer
from everdoor.errors import StartupError, StoreBusy
from everdoor.farhosts import far_sockets, surroundings
from everdoor.settings import Settings
from everdoor.worker import WorkerLink
from everdoor_auth.lanes import Lanes
from everdoor_auth.measured import measured
from everdoor_auth.passwords import Argon2, Hashing, HashingThreads, load_common_passwords
from everdoor_auth.service import AuthService
from everdoor_auth.store import Store
from everdoor_auth.store_thread import StoreThread
from everdoor_auth.throttle import Limit, Throttle
from everdoor_auth.tools import Clocks, News, NoNews, Tools

RPC_FD, EVENTS_FD = "rpc", "events"
"""Names of the inherited sockets: for calls, for events."""


async def serve(link: WorkerLink, settings: Settings) -> None:
    """Serve the accounts of a home until the supervisor asks for an end.

    Raises:
        StartupError: The database cannot be opened, or does not fit this program; or it is to
            listen for other hosts and has no key.
    """
    await link.go()
    around = surroundings(settings, "auth")
    system, far = around.home, far_sockets(settings, "auth", link.fd)
    bus = Bus(asyncio.get_running_loop(), around.curve)
    try:
        # Named by its beginning: auth counts no generations.
        life = f"auth.{time.time_ns()}"
        events_fd, rpc_fd = link.fd(EVENTS_FD), link.fd(RPC_FD)
        publisher = Publisher(bus, system.auth_events, life, events_fd, far.get("events"))
        async with opened(settings, Argon2(), publisher) as service:
            rpc = RpcServer(bus, system.auth_rpc, service.handle, rpc_fd, far.get("rpc"))
            link.tell_measured(partial(measured, service))
            link.ready()
            await link.stop_asked()
            await rpc.close()
    finally:
        bus.close()


@asynccontextmanager
async def opened(
    settings: Settings, hashing: Hashing, news: News | None = None
) -> AsyncIterator[AuthService]:
    """Open the accounts of a home and serve them from this process; closed at the end.

    An empty database gets its tables. `news` is told what has happened to accounts.

    Raises:
        StartupError: The database cannot be opened, or does not fit this program.
    """
    store = Store(settings.auth_database_url.get_secret_value(), settings.sqlite_synchronous)
    store.prepare()
    tools = Tools(
        StoreThread(store),
        HashingThreads(hashing),
        Throttle(
            Limit(settings.login_throttle_limit, settings.login_throttle_timeout),
            Limit(settings.creation_throttle_limit, settings.creation_throttle_timeout),
        ),
        Lanes(),
        Clocks(time.monotonic, time.time),
        news or NoNews(),
    )
    is_open = settings.new_account_registration_enabled
    service = AuthService(tools, load_common_passwords(), is_open)
    try:
        await _load(service)
        yield service
    finally:
        tools.hashing.close()
        await tools.store.close()


async def _load(service: AuthService) -> None:
    try:
        await service.load()
    except StoreBusy as exc:
        raise StartupError(f"accounts cannot be read: {exc}") from exc
