"""How one process is joined with other hosts: from the settings and keys of its home.

Nothing is connected here: `everdoor.bus` is given what is found. A process that is to be reached
from elsewhere, or reaches elsewhere, and has no keys does not start.

Source: docs/protocol.md, sections 2 and 9.2.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from everdoor.bus.curve import Curve, Far
from everdoor.endpoints import Endpoints, Place, endpoints, far_auth, far_server, reached
from everdoor.keys import Keys
from everdoor.peers import KeyRole
from everdoor.settings import Settings

PORTALS: frozenset[KeyRole] = frozenset(("portal",))
SERVERS_AND_PORTALS: frozenset[KeyRole] = frozenset(("portal", "server"))

FAR = "far_"
"""What the names of inherited sockets for other hosts begin with."""


class Surroundings(NamedTuple):
    """What a worker has around it: where everything is that it connects to, and its keys.

    `home` has the endpoints of its own home, which are those that it binds.
    """

    home: Endpoints
    reached: Endpoints
    curve: Curve | None


def surroundings(settings: Settings, role: KeyRole) -> Surroundings:
    """Find out what a process of a role has around it.

    Raises:
        StartupError: It is to be joined with other hosts and lacks a key.
    """
    here = endpoints(settings.home, Path(tempfile.gettempdir()), os.getuid())
    server = settings.server_endpoint if role == "portal" else ""
    auth = settings.auth_endpoint if role != "auth" else ""
    there = reached(here, server, auth)
    if not (server or auth or listens(settings, role)):
        return Surroundings(here, there, None)
    keys = Keys(settings.home)
    services: dict[str, str] = {}
    if server:
        found = keys.service("server")
        services |= dict.fromkeys((there.stream, there.server_rpc, there.server_events), found)
    if auth:
        services |= dict.fromkeys((there.auth_rpc, there.auth_events), keys.service("auth"))
    return Surroundings(here, there, Curve(keys.own(role), services, keys))


def listens(settings: Settings, role: KeyRole) -> str:
    """The setting by which a process of a role listens for other hosts; empty: it does not."""
    return {"server": settings.server_listen, "auth": settings.auth_listen}.get(role, "")


def far_places(settings: Settings, role: KeyRole) -> dict[str, Place]:
    """Where a service listens for other hosts, by the name of each inherited socket."""
    if not (text := listens(settings, role)):
        return {}
    if role == "auth":
        return dict(zip((f"{FAR}rpc", f"{FAR}events"), far_auth(text), strict=True))
    names = (f"{FAR}stream", f"{FAR}rpc", f"{FAR}events")
    return dict(zip(names, far_server(text), strict=True))


def far_sockets(settings: Settings, role: KeyRole, fd: Callable[[str], int]) -> dict[str, Far]:
    """The same with what a bus is to be given, by the channel's name; `fd` finds a socket."""
    roles = SERVERS_AND_PORTALS if role == "auth" else PORTALS
    return {
        name.removeprefix(FAR): Far(place.endpoint, fd(name), roles)
        for name, place in far_places(settings, role).items()
    }
