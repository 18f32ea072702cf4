"""Who may be here: sessions end when auth says so.

Holds what is known of bans and of what has happened to accounts, and ends the sessions that are
about it. Where the lists come from, and when, is `everdoor_server.doorkeeper`'s; sessions of
portals that have not said hello are left alone until they have.

Source: docs/protocol.md, section 6.4.
"""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from everdoor.bans import BanList, told
from everdoor.messages.accounts import AccountChange, Ban, ChangeKind
from everdoor_server.gamecode import tolerated
from everdoor_server.session import ServerSession
from everdoor_server.sessionhandler import HOOK_FAILED, ServerSessionHandler

LOGGED_OUT = "You have been logged out everywhere. Please connect again."
DELETED = "This account has been deleted."

_ENDS: dict[ChangeKind, str] = {"deleted": DELETED, "logged_out": LOGGED_OUT}

_log = structlog.get_logger(__name__)


class Door:
    """Ends the sessions that may not be here, and keeps new ones out.

    A session is judged by its address, and, once it is logged in, by its account: by bans of its
    name, and by what has happened to it after auth vouched for it (`session.as_of`).

    Attributes:
        last_change: The number of the last change that is known.
    """

    def __init__(self, sessions: ServerSessionHandler) -> None:
        self._sessions = sessions
        self._bans = BanList()
        self._last: dict[int, dict[ChangeKind, int]] = {}
        self.last_change = 0

    def take(self, bans: Iterable[Ban], changes: Iterable[AccountChange]) -> None:
        """Take over the list of bans, and changes of accounts after `last_change`, in order."""
        self._bans = BanList(bans)
        for change in changes:
            self._last.setdefault(change.uid, {})[change.kind] = change.number
            self.last_change = change.number
        for session in self._sessions:
            with tolerated(HOOK_FAILED, sessid=session.sessid):
                self.check(session)

    def deleted_after(self, number: int) -> dict[int, int]:
        """Ids of accounts that were deleted by changes above a number, with that change's."""
        changes = ((uid, last.get("deleted", 0)) for uid, last in self._last.items())
        return {uid: changed for uid, changed in changes if changed > number}

    def check(self, session: ServerSession) -> None:
        """End a session that may not be here; make it harder to come back where it should be."""
        reason = self._banned_address(session.address) if session.address else None
        if reason is None and session.uid is not None and session.as_of is not None:
            reason = self._of_account(session.uid, session.as_of)
            self._revoke(session, session.uid, session.as_of)
        if reason is not None:
            _log.info("session ended by auth", sessid=session.sessid, reason=reason)
            self._sessions.disconnect(session, reason)

    def refusal(self, address: str, uid: int, as_of: int) -> str | None:
        """Say why somebody may not log in who auth has just vouched for; None: they may."""
        return self._banned_address(address) or self._of_account(uid, as_of)

    def _banned_address(self, address: str) -> str | None:
        now = self._sessions.now()
        ban = self._bans.of_address(address, now)
        return told(ban, now) if ban is not None else None

    def _of_account(self, uid: int, as_of: int) -> str | None:
        now = self._sessions.now()
        ban = self._bans.of_account(uid, now)
        return told(ban, now) if ban is not None else self._outdated(uid, as_of)

    def _outdated(self, uid: int, as_of: int) -> str | None:
        """Why what auth said of an account once allows nothing any more."""
        last = self._last.get(uid, {})
        return next((text for kind, text in _ENDS.items() if last.get(kind, 0) > as_of), None)

    def _revoke(self, session: ServerSession, uid: int, as_of: int) -> None:
        """A token that was given out before the password was changed brings nobody back."""
        changed = self._last.get(uid, {}).get("password_changed", 0)
        if changed > as_of:
            session.as_of = changed
            session.allow_resume(b"")
            session.touch()
