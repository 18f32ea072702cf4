"""What a commit is to others: sessions that came, logged in, puppeted, left; portals up and down.

News compares the roster as it was with what a turn has committed, so that what is published is
exactly what the database has. Publishing is `everdoor_server.inspection`'s.

Source: docs/protocol.md, section 5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from everdoor.ids import SessionKey
from everdoor.presence import Presence, Step, steps
from everdoor_server.commit import Commit, RosterEntry
from everdoor_server.session import ServerSession

FindSession = Callable[[SessionKey], ServerSession | None]


class News:
    """The roster as of the last commit.

    Args:
        roster: As the generation found it.
        find: The sessions, which know their names and addresses.
    """

    def __init__(self, roster: Iterable[RosterEntry], find: FindSession) -> None:
        self._find = find
        self._known = {entry.key: self._presence(entry) for entry in roster}

    def keys(self) -> list[SessionKey]:
        """The sessions that are present."""
        return list(self._known)

    def __getitem__(self, key: SessionKey) -> Presence:
        return self._known[key]

    def take(self, commit: Commit) -> list[Step]:
        """Take over what has been committed; return it as events, those who left first."""
        found = [
            Step(f"portal.{'down' if known.buried else 'up'}", {"portal": known.id})
            for known in commit.portals
        ]
        moved = self._take_moved(commit)
        here = {entry.sessid for entry in commit.present}
        for sessid, before in moved.items():
            if sessid not in here:
                found += steps(before, None)
        for entry in commit.present:
            after = self._presence(entry)
            found += steps(moved.get(entry.sessid) or self._known.get(entry.key), after)
            self._known[entry.key] = after
        return found

    def _take_moved(self, commit: Commit) -> dict[int, Presence]:
        """Take out, by sessid, those whose key nobody has any more, or another session."""
        here = {entry.key: entry.sessid for entry in commit.present}
        moved = {}
        for key in (*commit.absent, *here):
            before = self._known.get(key)
            if before is not None and here.get(key) != before.sessid:
                moved[before.sessid] = self._known.pop(key)
        return moved

    def _presence(self, entry: RosterEntry) -> Presence:
        session = self._find(entry.key)
        return Presence(
            sessid=entry.sessid,
            portal=entry.key.portal,
            protocol=session.protocol_key if session else "",
            address=session.address if session else "",
            account_id=entry.account,
            account=_name(entry.account, account_name(session)),
            puppet_id=entry.puppet,
            puppet=_name(entry.puppet, puppet_name(session)),
        )


def account_name(session: ServerSession | None) -> str | None:
    """The account's name as its owner spells it."""
    if session is None or session.account is None:
        return session.uname if session else None
    return session.account.key


def puppet_name(session: ServerSession | None) -> str | None:
    """The puppet's name as it is now."""
    if session is None or session.puppet is None:
        return session.puname if session else None
    return session.puppet.key


def _name(found_id: int | None, name: str | None) -> str | None:
    """A name for an id, which may belong to nobody any more."""
    if found_id is None:
        return None
    return name or f"#{found_id}"
