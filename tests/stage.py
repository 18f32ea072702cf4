"""A world in memory for tests of objects, accounts and puppets, without commands or a turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from everdoor.ids import SessionKey
from everdoor_server.accounts import Account, AccountOptions, Accounts
from everdoor_server.changes import Changes
from everdoor_server.objects import START_LABEL, Character, Object, Objects, Room
from everdoor_server.puppeting import Puppeting
from everdoor_server.rows import MemoryRows, WorldRows
from everdoor_server.session import ServerSession, SessionAccount
from everdoor_server.sessionhandler import ServerSessionHandler


class Stage:
    """One world: `hall` and `garden`, and whoever logs in.

    Attributes:
        sent: Every output as (sessids of its receivers, name, args, options).
    """

    def __init__(self, rows: WorldRows | None = None, **options: Any) -> None:
        self.rows = rows or MemoryRows()
        self.options = AccountOptions(**options)
        self.sent: list[tuple[list[int], str, list[Any], dict[str, Any]]] = []
        self._begin()
        self.hall = self.objects.create(Room, "Hall", attributes={"desc": "A hall."})
        self.hall.tags.add(START_LABEL.name, START_LABEL.category)
        self.garden = self.objects.create(Room, "Garden", attributes={"desc": "A garden."})

    def _begin(self) -> None:
        self.changes = Changes()
        self.objects = Objects(self.rows, self.changes)
        self.accounts = Accounts(self.objects, self.options)
        self.puppeting = Puppeting(self.accounts)
        mode = self.options.multisession_mode
        self.sessions = ServerSessionHandler(self, self, lambda: 1000.0, mode)

    def commit(self) -> None:
        """Write what has changed; `rows` must be in memory."""
        assert isinstance(self.rows, MemoryRows)
        self.rows.apply(self.changes.take())

    def restart(self) -> None:
        """Begin again from what was committed; sessions and their objects are gone."""
        self._begin()

    def connect(self) -> ServerSession:
        """A session that has not logged in."""
        session = ServerSession(SessionKey("p", 1, len(self.sessions) + 1), self.sessions)
        session.sessid = max((s.sessid for s in self.sessions), default=0) + 1
        self.sessions.add(session)
        return session

    def login(self, name: str = "Anna", uid: int = 1, superuser: bool = False) -> ServerSession:
        """A session of an account that auth has vouched for."""
        session = self.connect()
        self.sessions.login(session, self.accounts.vouched(uid, name, superuser))
        return session

    def account(self, session: ServerSession) -> Account:
        found = self.accounts.get(session.uid)
        assert found is not None
        return found

    def puppet(self, session: ServerSession) -> Object:
        found = self.objects.get(session.puid)
        assert found is not None
        return found

    def actor(self, name: str = "Anna", uid: int = 1) -> tuple[Object, ServerSession]:
        """A character in the hall and the session that hears for it; what was sent is forgotten."""
        session = self.login(name, uid)
        self.sent.clear()
        return self.puppet(session), session

    def npc(self, key: str, room: Room | None = None) -> Character:
        return self.objects.create(Character, key, location=room or self.hall)

    def heard(self, session: ServerSession) -> list[str]:
        """Texts that a session was sent; what anybody was sent is forgotten."""
        texts = [
            str(args[0])
            for to, name, args, _ in self.sent
            if name == "text" and session.sessid in to
        ]
        self.sent.clear()
        return texts

    # What the handler needs: a sink and the hooks.

    def send(
        self,
        sessions: Sequence[ServerSession],
        name: str,
        args: list[Any],
        options: dict[str, Any],
    ) -> None:
        self.sent.append(([session.sessid for session in sessions], name, args, options))

    def touch(self, session: ServerSession) -> None:
        """Nothing is replicated here."""

    def close(self, session: ServerSession, reason: str) -> None:
        """No connection is here to be closed."""

    def move(self, session: ServerSession, client: ServerSession) -> None:
        """No connection is here to be moved."""

    def inject(self, session: ServerSession, text: str) -> None:
        """No command is here to be run."""

    def at_login(self, session: ServerSession, account: SessionAccount) -> None:
        assert isinstance(account, Account)
        self.puppeting.at_login(session, account)

    def at_back(self, session: ServerSession, is_seamless: bool) -> None:
        self.puppeting.at_back(session, self.account(session), is_seamless)

    def unlink(self, session: ServerSession) -> None:
        """No session ends without its hooks here."""

    def at_disconnect(self, session: ServerSession, reason: str) -> None:
        self.puppeting.at_disconnect(session, reason)
