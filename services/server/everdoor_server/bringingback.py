"""Brings account, puppet and flags of archived sessions back onto those that are still connected.

A session is known by its key, which no other connection ever has. Each is brought back as a whole
or left alone, and its player is never worse off: who has logged in elsewhere, or as somebody else,
stays so. What an archive is, is said in docs/state-api.md.
"""

from __future__ import annotations

from collections.abc import Callable

from everdoor.messages.calls import RestoredSession, RestoreSessions, SavedSession
from everdoor_server.accounts import Account, Accounts
from everdoor_server.door import Door
from everdoor_server.gamecode import tolerated
from everdoor_server.objects import Object, Objects
from everdoor_server.session import ServerSession
from everdoor_server.sessionhandler import ServerSessionHandler

MEMORY_S = 24 * 3600.0
"""How long auth remembers that an account was logged out or deleted; an older archive proves
nothing of a login."""

LetIn = Callable[[ServerSession, Account, int], None]


class BringingBack:
    """The sessions of one archive.

    Args:
        let_in: Logs an account in, as of a change of accounts.
        is_single: Whether an account has one session at most.
    """

    def __init__(
        self,
        accounts: Accounts,
        objects: Objects,
        sessions: ServerSessionHandler,
        door: Door,
        let_in: LetIn,
        is_single: bool,
    ) -> None:
        self._accounts = accounts
        self._objects = objects
        self._sessions = sessions
        self._door = door
        self._let_in = let_in
        self._is_single = is_single

    def bring_back(self, call: RestoreSessions) -> list[RestoredSession]:
        """Bring back all that can be; with `dry_run` only say what would be done.

        An account that is let in may change what can be done for the next session, which a dry
        run does not foresee.
        """
        is_old = self._sessions.now() - call.saved_at > MEMORY_S
        here = {str(session.key): session for session in self._sessions}
        return [self._one(here.get(s.key), s, is_old, call.dry_run) for s in call.sessions]

    def _one(
        self, session: ServerSession | None, saved: SavedSession, is_old: bool, is_dry: bool
    ) -> RestoredSession:
        if session is None or session.sessid not in self._sessions:
            return RestoredSession(saved.key, 0, "gone", "")
        if refusal := self._refusal(session, saved, is_old):
            return RestoredSession(saved.key, session.sessid, "refused", refusal)
        changed = ", ".join(_differing(session, saved))
        if not changed:
            return RestoredSession(saved.key, session.sessid, "unchanged", "")
        refused = "a hook has failed, see the server's log"
        with tolerated("a hook of a session of an archive has failed", sessid=session.sessid):
            is_done = is_dry or self._apply(session, saved)
            refused = "" if is_done else "its puppet is taken"
        if refused:
            return RestoredSession(saved.key, session.sessid, "refused", refused)
        return RestoredSession(saved.key, session.sessid, "restored", changed)

    def _refusal(self, session: ServerSession, saved: SavedSession, is_old: bool) -> str:
        """Why a session is left alone; empty: it is not."""
        if session.uid is not None and session.uid != saved.uid:
            return "somebody else has logged in since" if saved.uid else "it has logged in since"
        if saved.puid is not None and self._objects.get(saved.puid) is None:
            return f"there is no object {saved.puid} any more"
        if saved.uid is None or session.logged_in:
            return ""
        return self._refused_login(session, saved.uid, saved.as_of, is_old)

    def _refused_login(
        self, session: ServerSession, uid: int, as_of: int | None, is_old: bool
    ) -> str:
        account = self._accounts.get(uid)
        if account is None:
            return f"there is no account {uid} any more"
        if is_old or as_of is None:
            return "the archive is too old to tell whether the account may still log in"
        if session.is_asked:
            return "somebody is being asked for something"
        playing = [s for s in self._sessions.sessions_from_account(account) if not s.is_link_dead]
        if self._is_single and playing:
            return "the account plays elsewhere"
        return self._door.refusal(session.address, uid, as_of) or ""

    def _apply(self, session: ServerSession, saved: SavedSession) -> bool:
        """Returns whether the puppet could be taken, or let go of."""
        session.update_flags(**saved.flags)
        account = self._accounts.get(saved.uid)
        if account is None:
            return True
        key = session.key
        if not session.logged_in:
            assert saved.as_of is not None, "else the login was refused"
            self._let_in(session, account, saved.as_of)
        # One that was link-dead may have come back in its place.
        here = self._sessions.by_key(key)
        return here is not None and self._control(account, here, self._objects.get(saved.puid))

    def _control(self, account: Account, session: ServerSession, obj: Object | None) -> bool:
        if session.puid == (obj.id if obj else None):
            return True
        if obj is not None:
            return account.puppet_object(session, obj)
        account.unpuppet_object(session)
        return True


def _differing(session: ServerSession, saved: SavedSession) -> list[str]:
    """What of a session is not as it was."""
    flags = session.protocol_flags
    differs = {
        "account": session.uid != saved.uid,
        "puppet": session.puid != saved.puid,
        "flags": any(name not in flags or flags[name] != saved.flags[name] for name in saved.flags),
    }
    return [name for name, is_so in differs.items() if is_so]
