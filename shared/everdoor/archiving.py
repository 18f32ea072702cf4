"""Archives of players' sessions: of whoever holds them, in pages for whoever asks.

The server archives its own; while it is away, portals archive their copies, and the command line
makes one of them (`merged`). What an archive looks like is said in docs/state-api.md.
"""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from typing import Any

import msgspec

from everdoor.errors import CallRefused, RestoreError, UserError
from everdoor.messages.calls import SESSION_CLASS, Archive, SaveSessions
from everdoor.state import (
    ARCHIVE_VERSION,
    REBOOT,
    AppSession,
    Frozen,
    FrozenState,
    Primitive,
    SnapshotFlag,
    State,
    StateManager,
)
from everdoor.state.archivefile import Metadata, Record, compress, read_items

PAGE_BYTES = 512 * 1024
"""Of an archive in one answer, which must stay below 1 MiB."""

MAX_ARCHIVES = 4
"""Archives kept for whoever has not read them to their end."""

SESSIONS = "sessions"
"""Tag of the state manager that refers to all of them."""


Copies = Callable[[], Iterator[tuple[State, State]]]


class PlayersSessions(StateManager):
    """The sessions that somebody holds as a state manager.

    A session is a connection's, so none can be made from an archive, or be reset away.

    Args:
        sessions: All that there are, whenever they are looked at.
        copies: Pairs of a session and a copy of it as it is when this is called, for all of them,
            each made when it is asked for; None: nobody copies them.
    """

    def __init__(self, sessions: Iterable[State], copies: Copies | None = None) -> None:
        self._sessions = sessions
        self._copies = copies

    def freeze(self, session: AppSession) -> Frozen | None:
        """Refer to the copies."""
        if self._copies is None:
            return None
        copies: list[State] = []
        return Frozen(PlayersSessions(copies), _kept(self._copies(), copies))

    def take_snapshot(
        self, session: AppSession, flags: SnapshotFlag
    ) -> Mapping[str, object] | None:
        """Refer to each session; None for portals, which get one session at a time."""
        if REBOOT in flags:
            return None
        return {"version": self.state_version, "sessions": list(self._sessions)}

    @classmethod
    def restore_snapshot(cls, session: AppSession, data: Mapping[str, object]) -> PlayersSessions:
        raise RestoreError("players' sessions begin and end with their connections")

    def reset_state(self, session: AppSession) -> None:
        raise UserError("players' sessions begin and end with their connections")


def _kept(
    pairs: Iterable[tuple[State, State]], copies: list[State]
) -> Iterator[tuple[State, State]]:
    """The pairs of a session and its copy; all copies are kept."""
    for session, copy in pairs:
        copies.append(copy)
        yield session, copy


class CopiedSession(FrozenState):
    """A session of which only the snapshot is here."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data

    def take_snapshot(self, session: AppSession, flags: SnapshotFlag) -> dict[str, Any]:
        """What was copied."""
        return self._data


def app_of_copies(
    copies: Iterable[Mapping[str, object]],
    secret_fields: Iterable[str],
    world: Mapping[str, Primitive],
    metadata: Mapping[str, str],
) -> AppSession:
    """Make an application session of snapshots of players' sessions, for an archive.

    Args:
        secret_fields: Names of those that no person may see.
        world: Values for `everdoor.state.metadata.ABOUT_WORLD`.
        metadata: Description, author, whatever is to be said of it.
    """
    kind = type("CopiedSession", (CopiedSession,), {"secret_fields": frozenset(secret_fields)})
    app = AppSession("everdoor", minimal=True)
    app.register_state_class(kind, SESSION_CLASS)
    sessions = [kind(data) for data in copies]
    app.add_state_manager(
        SESSIONS, PlayersSessions(sessions, lambda: ((each, each) for each in sessions))
    )
    app.about_world = lambda: world
    app.metadata = dict(metadata)
    return app


def archived(app: AppSession) -> bytes:
    """All that an application session holds, as the bytes of an archive file.

    Raises:
        UserError: It holds what cannot be archived.
    """
    stream = io.BytesIO()
    app.save(stream, ARCHIVE_VERSION)
    return compress(stream.getvalue())


def merged(archives: Iterable[bytes], metadata: Mapping[str, str]) -> bytes:
    """One archive of the sessions in several, in the order of their sessids.

    Raises:
        RestoreError: One is damaged.
    """
    sessions: list[dict[str, object]] = []
    secret: set[str] = set()
    portals: list[Primitive] = []
    for content in archives:
        for item in read_items(io.BytesIO(content)):
            if isinstance(item, Metadata):
                about = msgspec.convert(item.values, _About)
                secret |= set(about.secret_fields.get(SESSION_CLASS, ()))
                portals += [list(pair) for pair in about.portals]
            elif isinstance(item, Record) and item.class_name == SESSION_CLASS:
                sessions.append(item.data)
    sessions.sort(key=lambda data: msgspec.convert(data.get("sessid", 0), int))
    portals.sort(key=str)
    world: dict[str, Primitive] = {"portals": portals, "session_count": len(sessions)}
    return archived(app_of_copies(sessions, secret, world, metadata))


class _About(msgspec.Struct):
    """What is needed of the metadata of an archive."""

    secret_fields: dict[str, list[str]]
    portals: list[tuple[str, int]]


class ArchivePages:
    """Keeps the last archives until whoever asked has read them.

    Args:
        first: Number of the first; no other life of this process may have archives of the same
            numbers.
    """

    def __init__(self, first: int) -> None:
        self._numbers = count(first)
        self._kept: OrderedDict[int, bytes] = OrderedDict()

    def begin(self, content: bytes) -> Archive:
        """Keep an archive; its first page."""
        number = next(self._numbers)
        self._kept[number] = content
        if len(self._kept) > MAX_ARCHIVES:
            self._kept.popitem(last=False)
        return self._page(number, 0)

    def go_on(self, call: SaveSessions) -> Archive:
        """A further page.

        Raises:
            CallRefused: `gone`: the archive is not kept any more.
        """
        return self._page(call.number, call.skip)

    def _page(self, number: int, start: int) -> Archive:
        content = self._kept.get(number)
        if content is None:
            raise CallRefused("gone", "This archive is too old; begin it again.")
        end = start + PAGE_BYTES
        return Archive(number, content[start:end], end < len(content))
