"""The steps of a turn at which a server may die: what it still does, until it dies."""

from __future__ import annotations

from collections.abc import Callable

from simulator.serverprocess import Phase, ServerProcess
from simulator.world import ALL, World


def _nothing(world: World, server: ServerProcess, c: int) -> None:
    """It dies before it receives what is under way."""


def _receives(world: World, server: ServerProcess, c: int) -> None:
    for portal in list(world.portals):
        if portal.wire is not None and portal.wire.server is server:
            world.deliver_up(portal.wire, ALL)


def _runs_half(world: World, server: ServerProcess, c: int) -> None:
    _receives(world, server, c)
    server.game.die_in = 1 + c % 3
    if server in world.servers:
        world.run(server)


def _runs(world: World, server: ServerProcess, c: int) -> None:
    _receives(world, server, c)
    if server in world.servers:
        world.run(server)


def _writes(world: World, server: ServerProcess, c: int) -> None:
    _runs(world, server, c)
    if server in world.servers and server.phase is Phase.COMMITTING:
        world.write(server)


def _knows(world: World, server: ServerProcess, c: int) -> None:
    _runs(world, server, c)
    if server in world.servers:
        world.commit(server)


def _sends_some(world: World, server: ServerProcess, c: int) -> None:
    _knows(world, server, c)
    if server in world.servers and not server.is_paused:
        world.send(server, 1 + c % 3)


def _sends(world: World, server: ServerProcess, c: int) -> None:
    _knows(world, server, c)
    if server in world.servers:
        world.send(server)


CRASHES: dict[str, Callable[[World, ServerProcess, int], None]] = {
    "before it receives": _nothing,
    "after it received": _receives,
    "while a line runs": _runs_half,
    "before the commit": _runs,
    "before it knows of the commit": _writes,
    "before it sends": _knows,
    "between two sends": _sends_some,
    "after it sent": _sends,
}
