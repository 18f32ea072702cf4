"""Classes, sessions and damage for tests of archives."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from everdoor.errors import RestoreError
from everdoor.state import AppSession, SnapshotFlag, State, StateManager


class Ship(State):
    """May be lost, and then no archive brings it back."""

    secret_fields = frozenset({"password"})

    def __init__(self) -> None:
        self.name = ""
        self.escort: Ship | None = None
        self.password = ""

    @classmethod
    def restore_snapshot(cls, session: AppSession, data: Mapping[str, object]) -> Ship:
        if str(data["name"]).startswith("lost"):
            raise LookupError("no such ship")
        return super().restore_snapshot(session, data)


class Harbour(StateManager):
    def __init__(self) -> None:
        self.ships: list[Ship] = []
        self.tide = 0.0
        self.notes: dict[str, Any] = {}

    def reset_state(self, session: AppSession) -> None:
        self.__init__()  # type: ignore[misc]


class Wreck(State):
    """Leaves no snapshot."""

    def take_snapshot(self, session: AppSession, flags: SnapshotFlag) -> None:
        return None


class Stuck(StateManager):
    """Cannot be reset."""

    def __init__(self) -> None:
        self.value = 1

    def reset_state(self, session: AppSession) -> None:
        self.value = 0
        raise RestoreError("stuck")


def ship(name: str, escort: Ship | None = None, password: str = "") -> Ship:
    made = Ship()
    made.name, made.escort, made.password = name, escort, password
    return made


def harbour_session() -> AppSession:
    """A session that has an empty harbour and knows ships."""
    session = AppSession("test", minimal=True, silent=True)
    session.register_state_class(Ship, "Ship")
    session.register_state_class(Harbour, "Harbour")
    session.harbour = Harbour()
    return session


def fleet_session(*names: str) -> AppSession:
    """A session whose harbour has ships, each the escort of the next."""
    session = harbour_session()
    last: Ship | None = None
    for name in names or ("Bounty", "Argo", "Erebus"):
        last = ship(name, last)
        session.harbour.ships.append(last)
    session.harbour.tide = 1.5
    session.metadata["description"] = "the fleet"
    return session


def saved(session: AppSession) -> bytes:
    """The session as an uncompressed archive."""
    stream = io.BytesIO()
    session.save(stream, 3)
    return stream.getvalue()


def restored(session: AppSession, content: bytes, **options: bool) -> AppSession:
    """The session, with the archive restored into it."""
    session.restore(io.BytesIO(content), **options)
    return session


def names(session: AppSession) -> list[str]:
    return [ship.name for ship in session.harbour.ships]


def flipped(content: bytes, bit: int) -> bytes:
    """The content with one bit the other way."""
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
