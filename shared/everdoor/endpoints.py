"""Where the sockets of one system are: from a home to endpoints.

Only the names; who binds and who connects is said in docs/protocol.md, section 2. Paths of unix
sockets end at 107 bytes, so a home with a long path keeps its sockets in a short folder of the
machine's temporary one, found again from the home's path alone.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

MAX_IPC_PATH_BYTES = 107
"""Longest path that `sockaddr_un` takes on Linux, its ending NUL not counted."""

LONGEST_SOCKET_NAME = 64
"""Room kept for the name behind the folder: a supervisor's control socket has the longest."""


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
