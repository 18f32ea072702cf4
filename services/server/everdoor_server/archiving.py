"""All sessions of the running server as an archive, in pages.

An archive is of one moment between two commands; its bytes are made after it, by whoever asks
(`everdoor.slices`). Of sessions it has what their portals hold, which is there already and changes
no more. What it looks like is said in docs/state-api.md; who may ask for it is decided by
`everdoor_server.inspection`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from operator import attrgetter
from typing import Any, ClassVar

import structlog

from everdoor.archiving import SESSIONS, ArchivePages, PlayersSessions
from everdoor.errors import CallRefused, UserError
from everdoor.ids import SessionKey
from everdoor.messages.calls import SESSION_CLASS, Archive, SaveSessions
from everdoor.state import AppSession, FrozenState, Primitive, SnapshotFlag, State
from everdoor.state.saving import Saving
from everdoor.state.snapshots import VERSION
from everdoor_server.session import CLOCKS, ServerSession, with_connection
from everdoor_server.sessionhandler import ServerSessionHandler

_log = structlog.get_logger(__name__)

States = Callable[[], Mapping[SessionKey, Mapping[str, object]]]

_key_and_clocks: attrgetter[tuple[Any, ...]] = attrgetter("key", *CLOCKS)


class FrozenSession(FrozenState):
    """A session as it was at one moment.

    Args:
        state: Its replicated part, which nobody changes.
        clocks: Values by CLOCKS.

    Attributes:
        held: Names of what belongs to its snapshots.
    """

    held: ClassVar[tuple[str, ...]]

    def __init__(self, state: Mapping[str, object], key: SessionKey, clocks: Iterable[Any]) -> None:
        self._state = state
        self._key = key
        self._clocks = clocks

    def take_snapshot(self, session: AppSession, flags: SnapshotFlag) -> dict[str, Any]:
        """What the session's own snapshot for an archive was."""
        state = {name: self._state[name] for name in self.held if name in self._state}
        return with_connection(state | dict(zip(CLOCKS, self._clocks, strict=True)), self._key)


class Archiving:
    """Begins archives and keeps the last ones until they are read.

    Args:
        app: The world's; gets the sessions as a state manager.
        states: Says what portals hold of sessions, see `Collector.states`.
        about_world: Values for the metadata, see `everdoor.state.metadata.ABOUT_WORLD`.
        generation: The server's; no other has archives of the same numbers.
    """

    def __init__(
        self,
        app: AppSession,
        sessions: ServerSessionHandler,
        session_class: type[ServerSession],
        states: States,
        about_world: Callable[[], Mapping[str, Primitive]],
        generation: int,
    ) -> None:
        if _has_only_fields(session_class):
            kind = _frozen(session_class)
            app.register_state_class(kind, SESSION_CLASS)
            copies = partial(_copies, sessions, states, kind)
            app.add_state_manager(SESSIONS, PlayersSessions(sessions, copies))
        else:
            # Who writes their own may refer to what changes, and is asked at once.
            app.register_state_class(session_class, SESSION_CLASS)
            app.add_state_manager(SESSIONS, PlayersSessions(sessions))
        app.about_world = about_world
        self._app = app
        # A server that comes after this one must not go on with an archive of its own.
        self._pages = ArchivePages(generation << 32)

    def take(self, metadata: Mapping[str, str]) -> Saving:
        """Take what an archive is to hold; to be called between two commands.

        Args:
            metadata: Description, author, whatever is to be said of it.

        Raises:
            CallRefused: `not_saved`: something in a session cannot be archived.
        """
        self._app.metadata = dict(metadata)
        try:
            return self._app.begin_saving()
        except UserError as exc:
            raise not_saved(exc) from exc

    def begin(self, content: bytes) -> Archive:
        """Keep an archive that was made of what was taken. Answers with its first page."""
        return self._pages.begin(content)

    def go_on(self, call: SaveSessions) -> Archive:
        """Answer with a further page.

        Raises:
            CallRefused: `gone`: the archive is not kept any more.
        """
        return self._pages.go_on(call)


def _frozen(session_class: type[ServerSession]) -> type[FrozenSession]:
    """What stands for sessions of a class, under its name and with its fields and secrets."""
    about = {
        "held": (*session_class.snapshot_fields, VERSION),
        "secret_fields": session_class.secret_fields,
    }
    return type(session_class.__qualname__, (FrozenSession,), about)


def _copies(
    sessions: Iterable[ServerSession], states: States, kind: type[FrozenSession]
) -> Iterator[tuple[State, State]]:
    """Copy all sessions as they are now; what stands for each is made when it is asked for."""
    here, known = list(sessions), states()
    if left_out := [session.sessid for session in here if not known.get(session.key)]:
        _log.warning("not archived, as portals hold nothing of them", sessids=left_out)
    values = list(map(_key_and_clocks, here))
    return (
        (session, kind(known[key], key, clocks))
        for session, (key, *clocks) in zip(here, values, strict=True)
        if known.get(key)
    )


def _has_only_fields(session_class: type[ServerSession]) -> bool:
    """Whether its snapshots are what it inherits: its fields."""
    names = ("take_snapshot", "copied_fields", "_fields")
    return all(getattr(session_class, name) is getattr(ServerSession, name) for name in names)


def not_saved(exc: UserError) -> CallRefused:
    """The answer when something cannot be archived."""
    return CallRefused("not_saved", str(exc))
