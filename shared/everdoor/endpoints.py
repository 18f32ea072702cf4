"""Where the sockets of one system are: from a home to endpoints.

Only the names; who binds and who connects is said in docs/protocol.md, section 2. Paths of unix
sockets end at 107 bytes, so a home with a long path keeps its sockets in a short folder of the
machine's temporary one, found again from the home's path alone. Services of other hosts have one
TCP port for each channel, counted from the one that is set.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import NamedTuple

MAX_IPC_PATH_BYTES = 107
"""Longest path that `sockaddr_un` takes on Linux, its ending NUL not counted."""

LONGEST_SOCKET_NAME = 64
"""Room kept for the name behind the folder: a supervisor's control socket has the longest."""


MAX_CHANNELS = 3
"""TCP ports of a service: stream, calls, events."""

_FAR = re.compile(
    r"tcp://(?P<host>[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})"
)


class Place(NamedTuple):
    """A TCP port of a host, which is a name or an address without brackets."""

    host: str
    port: int

    @property
    def endpoint(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"tcp://{host}:{self.port}"


def parse_far(text: str) -> Place:
    """Read `tcp://HOST:PORT`; an IPv6 address is in brackets.

    Raises:
        ValueError: It is none, or there is no room for a service's ports.
    """
    found = _FAR.fullmatch(text)
    if found is None or not 0 < int(found["port"]) <= 65536 - MAX_CHANNELS:
        raise ValueError(f"expected tcp://HOST:PORT, got {text!r}")
    return Place(found["host"].strip("[]"), int(found["port"]))


def far_server(text: str) -> tuple[Place, Place, Place]:
    """Where a game server is for other hosts: stream, calls, events."""
    host, port = parse_far(text)
    return Place(host, port), Place(host, port + 1), Place(host, port + 2)


def far_auth(text: str) -> tuple[Place, Place]:
    """Where an auth service is for other hosts: calls, events."""
    host, port = parse_far(text)
    return Place(host, port), Place(host, port + 1)


class Endpoints(NamedTuple):
    """The sockets of one system, as ZeroMQ endpoints.

    `folder` holds the ipc ones; it belongs to the user who runs the system, mode 0700.
    """

    folder: Path
    stream: str
    server_rpc: str
    server_events: str
    auth_rpc: str
    auth_events: str

    def control(self, process: str) -> str:
        """The supervisor's control socket of a process, such as `portal.1`."""
        return f"ipc://{self.folder}/control.{process}"

    def portal(self, portal: str) -> str:
        """The socket on which a portal answers for its copies; a long id is told by its digest."""
        name = f"portal.{portal}"
        if len(name.encode()) > LONGEST_SOCKET_NAME:
            name = f"portal.{_digest(portal)}"
        return f"ipc://{self.folder}/{name}"


def reached(system: Endpoints, server: str, auth: str) -> Endpoints:
    """The same system with services of other hosts in it.

    Args:
        server, auth: As the settings server_endpoint and auth_endpoint; empty: that of this home.
    """
    if server:
        stream, rpc, events = (place.endpoint for place in far_server(server))
        system = system._replace(stream=stream, server_rpc=rpc, server_events=events)
    if auth:
        rpc, events = (place.endpoint for place in far_auth(auth))
        system = system._replace(auth_rpc=rpc, auth_events=events)
    return system


def endpoints(home: Path, temporary: Path, user_id: int) -> Endpoints:
    """Name the sockets of the system in `home` (an absolute path).

    The same home gives the same names in every process and at every time.
    """
    folder = home / "sockets"
    if len(str(folder).encode()) + 1 + LONGEST_SOCKET_NAME > MAX_IPC_PATH_BYTES:
        folder = temporary / f"everdoor-{user_id}-{_digest(str(home))}"
    return Endpoints(
        folder=folder,
        stream=f"ipc://{folder}/stream",
        server_rpc=f"ipc://{folder}/server",
        server_events=f"ipc://{folder}/server-events",
        auth_rpc=f"ipc://{folder}/auth",
        auth_events=f"ipc://{folder}/auth-events",
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
