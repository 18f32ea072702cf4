"""Asks a running system who is here: the server, or the portals' copies while it is away.

What is asked is `everdoor.messages.calls`'; how it is shown is `everdoor.cli.session`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import click

from everdoor.bus import Bus, RpcClient
from everdoor.cli.control import is_listening
from everdoor.cli.surroundings import endpoints_of
from everdoor.endpoints import Endpoints
from everdoor.errors import CallRefused, CallTimeout, UserError
from everdoor.events import Mark
from everdoor.messages.calls import (
    InspectionCall,
    PortalInfo,
    PortalList,
    Portals,
    Result,
    SessionInfo,
    SessionList,
    Sessions,
    SessionShow,
    SessionState,
    Status,
    StatusReport,
)
from everdoor.settings import Settings

SERVER_S = 2.5
"""How long the server may take to answer before it counts as away: a restart of its worker, and
the second in which portals say hello to it."""

SUPERVISOR_S = 1.0
"""How long its supervisor may take; it gives its worker 0.5 s."""

PORTAL_S = 2.5
"""How long a portal may take, on a machine that is busy."""

COMMAND_S = 10.0
"""How long what is to be done may take: a commit may be tried again for 5 s, after a restart."""

LIST_TRIES = 3
"""How often a long list is begun."""

AWAY = "the server is away; this is what the portals keep"

T = TypeVar("T")


class Listed(NamedTuple):
    """All sessions as of one moment, in the order of their sessids."""

    sessions: list[SessionInfo]
    mark: Mark


Ask = Callable[[RpcClient, float], Awaitable[T]]


def sessions(settings: Settings) -> list[SessionInfo]:
    """All sessions. The portals' word is taken, and this said on stderr, while the server is away.

    Raises:
        UserError: Nothing runs.
    """

    async def ask(bus: Bus, system: Endpoints) -> list[SessionInfo]:
        if (listed := await _from_server(system, bus, list_all)) is not None:
            return listed.sessions
        found = await _from_portals(settings, system, bus, list_all)
        every = [info for listed in found for info in listed.sessions]
        return sorted(every, key=lambda info: (info.sessid == 0, info.sessid))

    return run(settings, ask)


def from_server_or_portals(settings: Settings, ask: Ask[T]) -> list[T]:
    """The server's answer alone or, while it is away, that of each portal of this host.

    Raises:
        UserError: Nothing runs.
    """

    async def asking(bus: Bus, system: Endpoints) -> list[T]:
        answered = await _from_server(system, bus, lambda c, s: _boxed(ask(c, s)))
        return answered or await _from_portals(settings, system, bus, ask)

    return run(settings, asking)


def session_state(settings: Settings, sessid: int) -> SessionState:
    """What one session holds.

    Raises:
        UserError: Nothing runs, or there is no such session.
    """

    async def show(client: RpcClient, deadline_s: float) -> SessionState | None:
        try:
            answer = await client.call(SessionShow(sessid), deadline_s=deadline_s)
        except CallRefused as exc:
            if exc.code != "no_session":
                raise
            return None
        assert isinstance(answer, SessionState), "the answer to session_show"
        return answer

    for state in from_server_or_portals(settings, show):
        if state is not None:
            return state
    raise no_session(sessid)


def no_session(sessid: int) -> UserError:
    """The error of whoever asks for a session that there is not."""
    return UserError(f"there is no session {sessid}; `everdoor session list` shows all")


def portals(settings: Settings) -> list[PortalInfo]:
    """All portals that the server knows, or those of this host while it is away.

    Raises:
        UserError: Nothing runs.
    """

    async def list_portals(client: RpcClient, deadline_s: float) -> list[PortalInfo]:
        answer = await client.call(PortalList(), deadline_s=deadline_s)
        assert isinstance(answer, Portals), "the answer to portal_list"
        return answer.portals

    async def ask(bus: Bus, system: Endpoints) -> list[PortalInfo]:
        if (known := await _from_server(system, bus, list_portals)) is not None:
            return known
        found = await _from_portals(settings, system, bus, list_portals)
        return sorted((info for listed in found for info in listed), key=lambda info: info.id)

    return run(settings, ask)


def command(settings: Settings, call: InspectionCall) -> Result:
    """Have the server do something; while it prepares to restart, wait and ask again.

    Raises:
        UserError: It does not run, or did not answer in time.
        CallRefused: It said no.
    """

    async def ask(bus: Bus, system: Endpoints) -> Result:
        if not is_listening(_path(system.server_rpc)):
            raise UserError(f"the game server does not run in {settings.home}")
        if await _is_stopped(system, bus):
            raise UserError("the game server is stopped, or cannot start; see `everdoor status`")
        client = RpcClient(bus, system.server_rpc, "cli")
        end = bus.loop.time() + COMMAND_S
        while True:
            try:
                return await client.call(call, deadline_s=end - bus.loop.time())
            except CallTimeout as exc:
                raise UserError("the game server is away; nothing is known to be done") from exc
            except CallRefused as exc:
                if exc.code != "restarting" or bus.loop.time() + exc.retry_after_s > end:
                    raise
                await asyncio.sleep(exc.retry_after_s)

    return run(settings, ask)


async def list_all(client: RpcClient, deadline_s: float) -> Listed:
    """Read a list of sessions to its end; begin again when it was not kept until then.

    Raises:
        CallRefused: `gone`, again and again: too many read lists at once.
        CallTimeout: No answer came in time.
    """
    for _ in range(LIST_TRIES - 1):
        try:
            return await _list_once(client, deadline_s)
        except CallRefused as exc:
            if exc.code != "gone":
                raise
    return await _list_once(client, deadline_s)


async def _list_once(client: RpcClient, deadline_s: float) -> Listed:
    found: list[SessionInfo] = []
    call = SessionList()
    while True:
        page = await client.call(call, deadline_s=deadline_s)
        assert isinstance(page, Sessions), "the answer to session_list"
        found += page.sessions
        if not page.more:
            return Listed(found, Mark(page.publisher, page.seq))
        call = SessionList(len(found), page.publisher, page.seq)


def run(settings: Settings, ask: Callable[[Bus, Endpoints], Awaitable[T]]) -> T:
    """Run a coroutine with a bus of its own."""

    async def main() -> T:
        bus = Bus(asyncio.get_running_loop())
        try:
            return await ask(bus, endpoints_of(settings))
        finally:
            bus.close()

    return asyncio.run(main())


async def _from_server(system: Endpoints, bus: Bus, ask: Ask[T]) -> T | None:
    """The server's answer; None: it is away."""
    if not is_listening(_path(system.server_rpc)) or await _is_stopped(system, bus):
        return None
    try:
        return await ask(RpcClient(bus, system.server_rpc, "cli"), SERVER_S)
    except CallTimeout:
        return None


async def _is_stopped(system: Endpoints, bus: Bus) -> bool:
    """Whether its supervisor says that the server has no worker: there is nobody to wait for."""
    try:
        report = await RpcClient(bus, system.control("server"), "cli").call(
            Status(), deadline_s=SUPERVISOR_S
        )
    except CallTimeout:
        return False
    return isinstance(report, StatusReport) and report.state == "down"


async def _from_portals(settings: Settings, system: Endpoints, bus: Bus, ask: Ask[T]) -> list[T]:
    """The answers of all portals of this host that give one."""
    sockets = [path for path in sorted(system.folder.glob("portal.*")) if is_listening(path)]
    if not sockets:
        if is_listening(_path(system.server_rpc)):
            raise UserError("the server is away, and no portal runs on this host")
        raise UserError(f"nothing runs in {settings.home}; start it with `everdoor up`")
    click.echo(f"everdoor: {AWAY}", err=True)

    async def one(path: Path) -> list[T]:
        try:
            return [await ask(RpcClient(bus, f"ipc://{path}", "cli"), PORTAL_S)]
        except CallTimeout:
            name = path.name.removeprefix("portal.")
            click.echo(f"everdoor: portal {name} does not answer", err=True)
            return []

    return [answer for found in await asyncio.gather(*map(one, sockets)) for answer in found]


async def _boxed(answer: Awaitable[T]) -> list[T]:
    """An answer that may itself be None, apart from no answer."""
    return [await answer]


def _path(endpoint: str) -> Path:
    return Path(endpoint.removeprefix("ipc://"))
