"""All sessions of the running server as an archive, in pages.

An archive is of one moment between two commands; its bytes are made after it, by whoever asks
(`everdoor.slices`). What it looks like is said in docs/state-api.md; who may ask for it is decided
by `everdoor_server.inspection`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from everdoor.archiving import SESSIONS, ArchivePages, PlayersSessions
from everdoor.errors import CallRefused, UserError
from everdoor.messages.calls import SESSION_CLASS, Archive, SaveSessions
from everdoor.state import AppSession, Primitive
from everdoor.state.saving import Saving
from everdoor_server.frozensessions import FrozenSessions
from everdoor_server.session import ServerSession
from everdoor_server.sessionhandler import ServerSessionHandler


class Archiving:
    """Begins archives and keeps the last ones until they are read.

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
        if _has_only_fields(session_class):
            frozen = FrozenSessions(sessions, session_class)
            app.register_state_class(frozen.state_class, SESSION_CLASS)
            app.add_state_manager(SESSIONS, PlayersSessions(sessions, frozen.freeze))
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


def _has_only_fields(session_class: type[ServerSession]) -> bool:
    """Whether its snapshots are what it inherits: its fields."""
    names = ("take_snapshot", "copied_fields", "_fields")
    return all(getattr(session_class, name) is getattr(ServerSession, name) for name in names)


def not_saved(exc: UserError) -> CallRefused:
    """The answer when something cannot be archived."""
    return CallRefused("not_saved", str(exc))
