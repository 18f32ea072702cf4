"""Who a portal is: its name on its host, and which life of it this one is.

A portal's supervisor gives every life of a worker a new incarnation, kept in
`<home>/portals/<id>.json`. The worker holds `<home>/portals/<id>.lock` while it lives, and the
lock says which incarnation has it; so a server on the same host can see who is dead.

Source: docs/protocol.md, section 2.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from everdoor.errors import StartupError
from everdoor.ids import Incarnation
from everdoor.listeners import private_folder
from everdoor.lockfile import LockFile

LOCK_PATIENCE_S = 1.0
"""How long a taken lock is tried again: a server that looks holds it for a moment, and the life
before may still be ending."""

LOCK_RETRY_S = 0.01

RUNNER_NAMES = ("HONCHO_PROCESS_NAME", "PS")
"""What Procfile runners put a process's name in: honcho; foreman and its kin."""

_GOOD_NAME = re.compile(r"[A-Za-z0-9._-]{1,40}")
_TAKEN_NAMES = ("server", "auth")


class _Last(msgspec.Struct):
    """The file that remembers a portal's last life."""

    number: int


def process_name(portal_id: str, environment: Mapping[str, str]) -> str:
    """The name of a portal process: the setting, else the runner's name for it, else `portal`.

    Raises:
        StartupError: The name cannot be used, or belongs to another kind of process.
    """
    runner = next((environment[name] for name in RUNNER_NAMES if environment.get(name)), "")
    name = portal_id or runner or "portal"
    if not _GOOD_NAME.fullmatch(name) or name in _TAKEN_NAMES:
        raise StartupError(
            f"{name!r} cannot name a portal: expected at most 40 of letters, digits, '.', '_' "
            f"and '-', and none of {', '.join(_TAKEN_NAMES)}; set EVERDOOR_PORTAL_ID"
        )
    return name


def portal_id(host: str, process: str, index: int) -> str:
    """The id of one portal worker, such as `snake.portal.1.0`."""
    return f"{host}.{process}.{index}"


def next_incarnation(home: Path, portal: str) -> Incarnation:
    """Begin a new life of a portal; it is on the disk when this returns.

    Its number is above all before it, and never below the clock in milliseconds: so it is above
    them even when the home was lost.

    Raises:
        OSError: It could not be written down.
    """
    folder = private_folder(home / "portals")
    path = folder / f"{portal}.json"
    number = max(_last_number(path) + 1, time.time_ns() // 1_000_000)
    _write_durably(path, msgspec.json.encode(_Last(number)))
    return Incarnation(number, secrets.randbits(64))


def hold_portal(home: Path, portal: str, incarnation: Incarnation) -> LockFile:
    """Take a portal's lock for the life of this worker; it ends with the process.

    Raises:
        StartupError: Another worker has the same id.
    """
    lock = LockFile(private_folder(home / "portals") / f"{portal}.lock")
    end = time.monotonic() + LOCK_PATIENCE_S
    while not lock.try_exclusive():
        if time.monotonic() >= end:
            lock.close()
            raise StartupError(
                f"portal {portal} runs already; give this one another EVERDOOR_PORTAL_ID"
            )
        time.sleep(LOCK_RETRY_S)
    lock.write(_told(incarnation))
    return lock


def incarnation_is_alive(home: Path, portal: str, incarnation: Incarnation) -> bool | None:
    """Whether this life of a portal holds its lock now; only its own host can tell.

    None: a portal without a lock here is of another home, where it may live.
    """
    path = home / "portals" / f"{portal}.lock"
    if not path.exists():
        return None
    with LockFile(path) as lock:
        return not lock.try_shared() and lock.read() == _told(incarnation)


def _told(incarnation: Incarnation) -> str:
    return f"{incarnation.number} {incarnation.nonce}\n"


def _last_number(path: Path) -> int:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Last).number
    except (FileNotFoundError, msgspec.DecodeError):
        # A damaged file is no reason to stay closed: the clock keeps the order.
        return 0


def _write_durably(path: Path, data: bytes) -> None:
    """Replace a file so that after a power cut it holds the old data or the new."""
    new = path.with_suffix(".new")
    with open(new, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
