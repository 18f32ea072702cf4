"""All sessions of the running server as an archive, in pages.

An archive is of one moment between two commands. What it looks like is said in docs/state-api.md;
who may ask for it is decided by `everdoor_server.inspection`.
"""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Callable, Mapping
from itertools import count

from everdoor.errors import CallRefused, RestoreError, UserError
from everdoor.messages.calls import SESSION_CLASS, Archive, SaveSessions
from everdoor.state import (
    ARCHIVE_VERSION,
    REBOOT,
    AppSession,
    Primitive,
    SnapshotFlag,
    StateManager,
)
from everdoor.state.archivefile import compress
from everdoor_server.session import ServerSession
from everdoor_server.sessionhandler import ServerSessionHandler

PAGE_BYTES = 512 * 1024
"""Of an archive in one answer, which must stay below 1 MiB."""

MAX_ARCHIVES = 4
"""Archives kept for whoever has not read them to their end."""


class PlayersSessions(StateManager):
    """The handler's sessions as a state manager.

    A session is a connection's, so none can be made from an archive, or be reset away.
    """

    def __init__(self, sessions: ServerSessionHandler) -> None:
        self._sessions = sessions

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


class Archiving:
    """Makes archives and keeps the last ones until they are read.

    Args:
        app: The world's; gets the sessions as a state manager.
        about_world: Values for the metadata, see `everdoor.state.metadata.ABOUT_WORLD`.
        generation: The server's; no other has archives of the same numbers.
    """

    def __init__(
        self,
        app: AppSession,
        sessions: ServerSessionHandler,
        session_class: type[ServerSession],
        about_world: Callable[[], Mapping[str, Primitive]],
        generation: int,
    ) -> None:
        app.register_state_class(session_class, SESSION_CLASS)
        app.add_state_manager("sessions", PlayersSessions(sessions))
        app.about_world = about_world
        self._app = app
        # A server that comes after this one must not go on with an archive of its own.
        self._numbers = count(generation << 32)
        self._kept: OrderedDict[int, bytes] = OrderedDict()

    def begin(self, metadata: Mapping[str, str]) -> Archive:
        """Make an archive; to be called between two commands. Answers with its first page.

        Args:
            metadata: Description, author, whatever is to be said of it.

        Raises:
            CallRefused: `not_saved`: something in a session cannot be archived.
        """
        self._app.metadata = dict(metadata)
        stream = io.BytesIO()
        try:
            self._app.save(stream, ARCHIVE_VERSION)
        except UserError as exc:
            raise CallRefused("not_saved", str(exc)) from exc
        number = next(self._numbers)
        self._kept[number] = compress(stream.getvalue())
        if len(self._kept) > MAX_ARCHIVES:
            self._kept.popitem(last=False)
        return self._page(number, 0)

    def go_on(self, call: SaveSessions) -> Archive:
        """Answer with a further page.

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
