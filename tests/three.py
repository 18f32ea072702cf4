"""Three players in one world in memory, for tests of what people say to each other."""

from __future__ import annotations

from typing import NamedTuple

from everdoor_server.testing import Client, World


class Three(NamedTuple):
    """One world and who plays in it; they have read their welcome."""

    world: World
    anna: Client
    bo: Client
    cleo: Client

    @classmethod
    def begin(cls) -> Three:
        world = World()
        clients = [world.log_in(name) for name in ("Anna", "Bo", "Cleo")]
        for client in clients:
            client.read()
        return cls(world, *clients)
