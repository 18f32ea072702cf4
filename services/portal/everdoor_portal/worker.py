"""The portal's worker process: takes its identity and its listeners, serves, ends in order.

What it serves is joined in `everdoor_portal.app`.
"""

from __future__ import annotations

import asyncio
import resource
import socket

from everdoor.farhosts import surroundings
from everdoor.ids import Incarnation
from everdoor.incarnation import hold_portal
from everdoor.settings import Settings
from everdoor.worker import WorkerLink
from everdoor_portal.app import Identity, Portal

EVICTED = 1
"""Exit code of a worker that the server has given up: the next one is a newer incarnation."""


async def serve(link: WorkerLink, settings: Settings) -> int:
    """Serve clients until the supervisor asks for an end, the server has given this life up, or it
    was to end with its last client.

    Raises:
        StartupError: Another worker has the same portal id, or the package of a protocol is broken.
    """
    _allow_open_files()
    await link.go()
    identity = _identity(link)
    loop = asyncio.get_running_loop()
    around = surroundings(settings, "portal")
    listeners = {name: socket.socket(fileno=link.fd(name)) for name in link.fd_names}
    with hold_portal(settings.home, identity.portal, identity.incarnation):
        portal = Portal(loop, settings, identity, around, listeners)
        await portal.start()
        link.on_drain = portal.drain
        link.tell_status(portal.info)
        link.tell_measured(portal.measured)
        link.ready()
        return await _until_end(link, portal)


async def _until_end(link: WorkerLink, portal: Portal) -> int:
    loop = asyncio.get_running_loop()
    stop = loop.create_task(link.stop_asked())
    evicted = loop.create_task(portal.evicted.wait())
    drained = loop.create_task(portal.drained.wait())
    ends = [stop, evicted, drained]
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    is_told, is_evicted = stop.done(), evicted.done()
    for end in ends:
        end.cancel()
    if is_told:
        await portal.stop(stop.result())
        return 0
    if is_evicted:
        reason, code = "given up by the server", EVICTED
    else:
        reason, code = f"{link.handed['portal']} has been drained", 0
    link.leaving(reason, code)
    await portal.stop("")
    return code


def _allow_open_files() -> None:
    """Take as many open files as the system lets us: each client needs one, and usually a process
    begins with room for a thousand."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _identity(link: WorkerLink) -> Identity:
    handed = link.handed
    return Identity(
        handed["portal"], Incarnation(handed["number"], handed["nonce"]), handed["host"]
    )
