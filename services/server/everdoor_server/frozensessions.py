"""What all sessions hold at one moment, copied at a microsecond each and looked at later.

Play waits while it is copied, so Python's own `marshal` does that, many sessions in one call; what
it wrote is read again only here. It takes more than a snapshot does: what is no primitive is found
when the copy is looked at, but that something was a `bytearray` is forgotten. What an archive does
with the copies is `everdoor.archiving`'s.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from everdoor.errors import UserError
from everdoor.ids import SessionKey
from everdoor.state import AppSession, SnapshotFlag, State, copy_state, find_non_primitive
from everdoor.state.primitives import EXPECTED
from everdoor_server.session import CLOCKS, ServerSession, with_connection

TOGETHER = 50
"""Sessions that are copied, and later read, in one call."""


class FrozenSession(State):
    """A session as it was when it was copied, beside others."""

    def __init__(self, part: _Part, place: int) -> None:
        self._part = part
        self._place = place

    def take_snapshot(self, session: AppSession, flags: SnapshotFlag) -> Mapping[str, object]:
        """What the session's own snapshot for an archive was.

        Raises:
            TypeError: It holds what no archive does; the text starts with its path.
        """
        part = self._part
        fields = dict(zip(part.fields, part.read()[self._place], strict=True))
        data = copy_state(fields, _label(type(self), fields))
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
        name = session_class.__qualname__
        self.state_class: type[FrozenSession] = type(name, (FrozenSession,), about)
        self._sessions = sessions
        self._fields = (*session_class.snapshot_fields, *CLOCKS)
        self._values: attrgetter[tuple[Any, ...]] = attrgetter(*self._fields)

    def freeze(self) -> list[tuple[State, State]]:
        """Copy all of them; each with what stands for it.

        Raises:
            UserError: One holds what no archive does.
        """
        sessions = list(self._sessions)
        starts = range(0, len(sessions), TOGETHER)
        parts = [self._copied(sessions[start : start + TOGETHER]) for start in starts]
        return [
            (session, self.state_class(parts[number // TOGETHER], number % TOGETHER))
            for number, session in enumerate(sessions)
        ]

    def _copied(self, sessions: Sequence[ServerSession]) -> _Part:
        try:
            values = marshal.dumps([*map(self._values, sessions)])
        except ValueError:
            raise UserError(self._what_is_wrong(sessions)) from None
        return _Part(self._fields, [session.key for session in sessions], values)

    def _what_is_wrong(self, sessions: Iterable[ServerSession]) -> str:
        for session in sessions:
            fields = dict(zip(self._fields, self._values(session), strict=True))
            if found := find_non_primitive(fields, _label(type(session), fields)):
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


def _label(cls: type[State], fields: Mapping[str, object]) -> str:
    return f"{cls.__qualname__} {fields['sessid']}"
