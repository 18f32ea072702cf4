"""Puppets that a planned end has released, and who takes them again.

A reset or a stop has all players leave their characters. They take them again when their session
is whole in the next generation, or at once when the end is called off.
"""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakSet

from everdoor_server.accounts import Account, Accounts
from everdoor_server.gamecode import tolerated
from everdoor_server.objects import Objects
from everdoor_server.puppeting import Puppeting
from everdoor_server.restarts import Ending, releases_puppets
from everdoor_server.session import ServerSession
from everdoor_server.sessionhandler import ServerSessionHandler


class Released:
    """What one generation knows of released puppets.

    Args:
        is_taken_again: Whether logging in, and so coming back, leads into character.
    """

    def __init__(
        self,
        sessions: ServerSessionHandler,
        accounts: Accounts,
        objects: Objects,
        puppeting: Puppeting,
        is_taken_again: Callable[[], bool],
    ) -> None:
        self._sessions = sessions
        self._accounts = accounts
        self._objects = objects
        self._puppeting = puppeting
        self._is_taken_again = is_taken_again
        self._ended = self._ending = Ending.CRASH
        self._puppets: list[tuple[ServerSession, int | None]] = []
        self._to_come: WeakSet[ServerSession] = WeakSet()

    def begin(self, ended: Ending) -> None:
        """A generation begins; `ended` is how the one before it did."""
        self._ended = ended

    def adopted(self, session: ServerSession) -> None:
        """A session of the generation before is here, and its player has yet to come back."""
        self._to_come.add(session)

    def enter(self, session: ServerSession) -> bool:
        """Have a session whose player is back take the puppet again that the end before this
        generation has released; False: it has released none of theirs.

        Later it never has: who has gone out of character since then stays so.
        """
        is_first = session in self._to_come
        self._to_come.discard(session)
        account = self._accounts.get(session.uid)
        is_released = releases_puppets(self._ended) and session.logged_in and session.puid is None
        if account is None or not (is_first and is_released and self._is_taken_again()):
            return False
        self._puppeting.enter(account, session)
        return True

    def release(self, ending: Ending) -> None:
        """A generation ends as planned: all leave their puppets, if it is an end for that."""
        self._ending = ending
        if releases_puppets(ending):
            for session in self._sessions.get_sessions():
                if isinstance(session.account, Account):
                    self._puppets.append((session, session.puid))
                    with tolerated("a puppet was not left in order", sessid=session.sessid):
                        self._puppeting.unpuppet_object(session.account, [session])

    def call_off(self) -> Ending:
        """The end that was planned is called off; returns which it was."""
        ending, self._ending = self._ending, Ending.CRASH
        return ending

    def take_again(self) -> None:
        """All take their puppets again that an end has released which was called off."""
        released, self._puppets = self._puppets, []
        for session, puid in released:
            account, obj = self._accounts.get(session.uid), self._objects.get(puid)
            if session.sessid in self._sessions and account is not None and obj is not None:
                if session not in obj.sessions.all():
                    with tolerated("a puppet was not taken again", sessid=session.sessid):
                        self._puppeting.puppet_object(account, session, obj)
