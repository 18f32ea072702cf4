"""The sessions of one account or object, and delivery to many sessions at once.

What is said to several sessions goes to their handler as one output with all receivers, so that
a portal gets it once. Who may hear it is decided by who calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from everdoor_server.session import ServerSession
from everdoor_server.sessionhandler import outputs


class SessionList:
    """Sessions in the order in which they came; `obj.sessions` and `account.sessions`."""

    __slots__ = ("_sessions",)

    def __init__(self) -> None:
        self._sessions: list[ServerSession] = []

    def __len__(self) -> int:
        return len(self._sessions)

    def all(self) -> list[ServerSession]:
        return list(self._sessions)

    def get(self, sessid: int | None = None) -> list[ServerSession]:
        """All sessions, or the one of that sessid, or none."""
        return [s for s in self._sessions if sessid is None or s.sessid == sessid]

    def count(self) -> int:
        return len(self._sessions)

    def add(self, session: ServerSession) -> None:
        """Take in a session; nothing happens when it is here already."""
        if session not in self._sessions:
            self._sessions.append(session)

    def remove(self, session: ServerSession) -> None:
        """Forget a session; nothing happens when it is not here."""
        if session in self._sessions:
            self._sessions.remove(session)

    def add_to(self, receivers: list[ServerSession]) -> None:
        """Append all sessions to a list of receivers."""
        receivers += self._sessions


def deliver(receivers: Sequence[ServerSession], messages: dict[str, Any]) -> None:
    """Send outputs by name (the keywords of `msg`) to many sessions, each output once.

    A session class that has its own `data_out` is called one by one. All receivers are of one
    world, so that they share the class and the handler.
    """
    if not receivers:
        return
    if type(receivers[0]).data_out is not ServerSession.data_out:
        for session in receivers:
            session.data_out(**messages)
        return
    handler = receivers[0].sessionhandler
    for name, args, options in outputs(messages):
        handler.send(receivers, name, args, options)


def one_or_many(
    session: ServerSession | Sequence[ServerSession] | None,
) -> Sequence[ServerSession] | None:
    """Bring what `msg(session=)` takes to a sequence; None stays None."""
    return [session] if isinstance(session, ServerSession) else session
