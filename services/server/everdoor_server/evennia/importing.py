"""Writes a world that comes from Evennia, in one transaction, into a world that nobody has used.

What becomes of what is decided in `converting`. While it is written no server has the world: this
takes it over as a server does, and leaves it as one that has stopped.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from everdoor.errors import UserError
from everdoor.evennia.importing import Import
from everdoor_server.commit import Change, Commit
from everdoor_server.evennia.converting import Conversion
from everdoor_server.restarts import Ending
from everdoor_server.world.starter import starter_world
from everdoor_server.world.store import Store, is_there
from everdoor_server.worldlock import world_lock


@contextmanager
def import_world(job: Import) -> Iterator[Callable[[], None]]:
    """Read Evennia's world and keep servers from ours, for the time of the block.

    Returns:
        For the block: what writes the world.

    Raises:
        UserError: The world is not new, or is served by a server.
        StartupError: The database cannot be opened or does not fit this program.
    """
    url = job.settings.world_database_url.get_secret_value()
    with nullcontext() if job.is_dry else world_lock(url, job.settings.home):
        former = _former(url) if is_there(url) else []
        world = Conversion(job)
        yield lambda: _write(job, url, former, world)


def _former(url: str) -> list[Change]:
    """What removes the starter world, where a world has nothing else and nobody has played.

    Raises:
        UserError: It has more.
    """
    store = Store.open(url, "FULL")
    try:
        held = store.held_by()
        if store.is_remote and held.home:
            raise UserError(f"{held.holder} serves the world; stop that server, then try again")
        count = store.rows.counter("object")
        if count not in (0, _starter_count()) or store.rows.has_accounts():
            raise UserError(
                f"the world has been used: {count} objects were made in it. Import into a new one: "
                "name another home (EVERDOOR_HOME) or another world_database_url"
            )
        return [Change("object", {"id": number}, None) for number in range(1, count + 1)]
    finally:
        store.close()


def _starter_count() -> int:
    return len({change.key["id"] for change in starter_world() if change.table == "object"})


def _write(job: Import, url: str, former: list[Change], world: Conversion) -> None:
    if job.is_dry:
        for _ in world.changes():
            pass
        return
    store = Store.open(url, "FULL")
    try:
        home = f"{socket.gethostname()}:{job.settings.home}"
        with store.takeover(f"{socket.gethostname()} pid {os.getpid()}", home) as stored:
            store.add_changes(former)
            store.add_changes(world.changes())
        store.commit(Commit(stored.generation, 0, ending=Ending.STOP))
        if store.is_remote:
            store.let_go(stored.generation)
    finally:
        store.close()
