"""What all sessions hold at one moment, copied at a microsecond each and looked at later.

Play waits while it is copied, so Python's own `marshal` does that, many sessions in one call; what
it wrote is read again only here. What an archive does with it is `everdoor.archiving`'s.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

from everdoor.errors import UserError
from everdoor.ids import SessionKey
from everdoor.state import AppSession, SnapshotFlag, State
from everdoor.state.primitives import EXPECTED, find_non_primitive
from everdoor_server.session import CLOCKS, ServerSession, with_connection

TOGETHER = 50
"""Sessions that are copied, and later read, in one call."""


class FrozenSession(State):
    """A session as it was when it was copied, beside others."""

    def __init__(self, part: _Part, place: int) -> None:
        self._part = part
        self._place = place

    def take_snapshot(self, session: AppSession, flags: SnapshotFlag) -> Mapping[str, object]:
        """What the session's own snapshot for an archive was."""
        part = self._part
        data = dict(zip(part.fields, part.read()[self._place], strict=True))
        data["version"] = self.state_version
        return with_connection(data, part.keys[self._place])


class FrozenSessions:
    """Sessions of one class, to be frozen again and again.

    Attributes:
        state_class: Of what stands for a session.

    Args:
        sessions: All that there are, whenever they are looked at.
        session_class: What they are; it has no snapshots but those of its fields.
    """

    def __init__(
        self, sessions: Iterable[ServerSession], session_class: type[ServerSession]
    ) -> None:
        about = {
            "state_version": session_class.state_version,
            "secret_fields": session_class.secret_fields,
        }
        self.state_class: type[FrozenSession] = type("FrozenSession", (FrozenSession,), about)
        self._sessions = sessions
        self._fields = (*session_class.snapshot_fields, *CLOCKS)
        self._values: attrgetter[tuple[Any, ...]] = attrgetter(*self._fields)

    def freeze(self) -> Iterator[State]:
        """Copy all of them; what stands for each is made when it is asked for.

        Raises:
            UserError: One holds what no archive does.
        """
        sessions = list(self._sessions)
        starts = range(0, len(sessions), TOGETHER)
        parts = [self._copied(sessions[start : start + TOGETHER]) for start in starts]
        return (self.state_class(part, place) for part in parts for place in range(len(part.keys)))

    def _copied(self, sessions: Sequence[ServerSession]) -> _Part:
        try:
            values = marshal.dumps([*map(self._values, sessions)])
        except ValueError:
            raise UserError(self._what_is_wrong(sessions)) from None
        return _Part(self._fields, [session.key for session in sessions], values)

    def _what_is_wrong(self, sessions: Iterable[ServerSession]) -> str:
        for session in sessions:
            fields = dict(zip(self._fields, self._values(session), strict=True))
            if found := find_non_primitive(fields, type(session).__qualname__):
                return f"cannot save {found}; expected {EXPECTED}"
        return f"cannot save a session; expected {EXPECTED}"


class _Part:
    """Some sessions: their keys, and values by `fields` as `marshal` wrote them."""

    def __init__(self, fields: Sequence[str], keys: Sequence[SessionKey], written: bytes) -> None:
        self.fields = fields
        self.keys = keys
        self._written = written
        self._read: list[tuple[Any, ...]] | None = None

    def read(self) -> list[tuple[Any, ...]]:
        """The values of all, which nobody else has."""
        if self._read is None:
            self._read = marshal.loads(self._written)
        return self._read
