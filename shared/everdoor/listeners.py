"""Listening sockets: those a supervisor owns and hands to its workers.

A socket that its supervisor holds outlives the worker: while the next one starts, connections
wait in its queue instead of being refused. Nothing is accepted here.

A port for clients is shared by all portal workers of one home, a listener for each, and by nobody
else: two worlds on one port would share out each other's players. SO_REUSEPORT alone would let
any process of the same user join. So the first listener binds without it, which fails when
anybody has the port, and sets it only when it listens; later ones join only if a supervisor of
the same home is seen to hold the port (`<home>/ports`).

Source: socket(7), SO_REUSEPORT; docs/protocol.md, section 2.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from everdoor.endpoints import Place
from everdoor.errors import StartupError
from everdoor.lockfile import LockFile, locked

BACKLOG = 4096
"""Connections that wait while a worker restarts; the system's own bound may be lower."""

SILENT_AFTER_S = 20
PROBE_EVERY_S = 10
DEAD_AFTER_S = 50
"""A client that says nothing is asked by TCP whether it is there, and one that acknowledges nothing
for DEAD_AFTER_S is gone: its network may have ended without a word. Within a minute in all."""

PORT_PATIENCE_S = 2.0
"""How long a taken port is tried again: the workers of a killed supervisor may still be ending."""

PORT_RETRY_S = 0.02


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner may enter, or check that it is one.

    Raises:
        StartupError: It cannot be made, or belongs to somebody else, or others may enter it.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
    except OSError as exc:
        raise StartupError(f"{path}: the folder cannot be made: {exc.strerror}") from exc
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise StartupError(
            f"{path}: expected a folder of user {os.getuid()} with mode 700, found "
            f"{stat.filemode(found.st_mode)} of user {found.st_uid}; remove it or fix its owner "
            "and mode"
        )
    return path


@contextmanager
def listen_far(place: Place) -> Iterator[socket.socket]:
    """Listen for processes of other hosts on a TCP port.

    Raises:
        StartupError: It cannot be had.
    """
    try:
        found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
        listener = _bind(found[0][4][:2], shared=False)  # type: ignore[arg-type]
    except OSError as exc:
        raise StartupError(f"{place.endpoint}: cannot listen: {exc.strerror or exc}") from exc
    with listener:
        yield listener


@contextmanager
def listen_ipc(endpoint: str) -> Iterator[socket.socket]:
    """Listen on an ipc endpoint; the file is removed at the end.

    A file left by a process that was killed is replaced, so the caller must hold the lock that
    makes it the only one to serve this endpoint.

    Raises:
        StartupError: The socket cannot be made.
    """
    path = Path(endpoint.removeprefix("ipc://"))
    with socket.socket(socket.AF_UNIX) as listener:
        try:
            path.unlink(missing_ok=True)
            listener.bind(str(path))
            listener.listen(BACKLOG)
        except OSError as exc:
            raise StartupError(f"{path}: cannot listen: {exc.strerror or exc}") from exc
        listener.setblocking(False)
        try:
            yield listener
        finally:
            path.unlink(missing_ok=True)


@contextmanager
def listen_tcp(
    home: Path, address: str, port: int, count: int, setting: str = "telnet_port"
) -> Iterator[list[socket.socket]]:
    """Listen for clients with `count` sockets on one port.

    Args:
        address: An IP address; empty for all of the machine, IPv6 and IPv4.
        port: 0 takes any free one; `getsockname` of the sockets tells which.
        setting: In which the port was named: what to change when it cannot be had.

    Raises:
        StartupError: Another program, or the portals of another home, have the port.
    """
    with ExitStack() as stack:
        ports = private_folder(home / "ports")
        held, first = _claim(ports, address, port, setting)
        # The claim ends after the sockets: who sees it may count on a listener of this home.
        stack.enter_context(held)
        listeners = [stack.enter_context(first)]
        while len(listeners) < count:
            listeners.append(stack.enter_context(_join(first.getsockname())))
        yield listeners


def stop_listening(fd: int) -> None:
    """Have nobody come in by a socket any more, in any process that has it. Idempotent."""
    with suppress(OSError), socket.socket(fileno=os.dup(fd)) as listener:
        listener.shutdown(socket.SHUT_RDWR)


def _claim(ports: Path, address: str, port: int, setting: str) -> tuple[LockFile, socket.socket]:
    """Open the first listener of this supervisor, and the lock that says it has one."""
    end = time.monotonic() + PORT_PATIENCE_S
    while True:
        try:
            with locked(ports / "lock"):
                return _bind_first(ports, address, port)
        except OSError as exc:
            if time.monotonic() >= end:
                raise StartupError(
                    f"port {port} of {address or 'this machine'}: cannot listen: "
                    f"{exc.strerror or exc}; set {_remedy(exc, setting)}"
                ) from exc
        time.sleep(PORT_RETRY_S)


def _remedy(error: OSError, setting: str) -> str:
    """What to set to another value so that it can be had."""
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return "EVERDOOR_LISTEN_ADDRESS to an address of this machine, or to nothing for all"
    if isinstance(error, PermissionError):
        return f"EVERDOOR_{setting.upper()} to a port above 1023"
    return f"EVERDOOR_{setting.upper()} to a free port"


def _bind_first(ports: Path, address: str, port: int) -> tuple[LockFile, socket.socket]:
    place = _place(address, port)
    if port and _is_held(ports, port):
        listener = _join(place)
        if _is_held(ports, port):
            return _hold(ports, port), listener
        # Its holder went meanwhile, so somebody else may have taken the port before us.
        listener.close()
    listener = _bind(place, shared=False)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return _hold(ports, listener.getsockname()[1]), listener


def _is_held(ports: Path, port: int) -> bool:
    """Whether a supervisor of this home holds the port; asked under the lock of the ports."""
    with LockFile(ports / str(port)) as held:
        return not held.try_exclusive()


def _hold(ports: Path, port: int) -> LockFile:
    held = LockFile(ports / str(port))
    is_shared = held.try_shared()
    assert is_shared, "taken alone only for a moment, under the lock of the ports"
    return held


def _join(place: tuple[str, int]) -> socket.socket:
    return _bind(place[:2], shared=True)


def _bind(place: tuple[str, int], shared: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
    listener = socket.socket(family)
    try:
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, place[0] != "::")
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, shared)
        # Accepted connections inherit it: a line must not wait for an acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _notice_silence(listener)
        listener.bind(place)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def _notice_silence(listener: socket.socket) -> None:
    """Have the system end connections whose other end is gone; accepted ones inherit it."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, SILENT_AFTER_S)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, PROBE_EVERY_S)
    # For those to whom something is on its way, who are not asked.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_AFTER_S * 1000)


def _place(address: str, port: int) -> tuple[str, int]:
    if address:
        return address, port
    return ("::" if socket.has_dualstack_ipv6() else "0.0.0.0"), port
