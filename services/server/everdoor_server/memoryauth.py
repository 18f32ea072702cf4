"""Accounts in dictionaries: what answers a world's calls to auth in tests (`testing.World`).

It knows no throttles, no rules for names and passwords, and no addresses in bans.
"""

from __future__ import annotations

from everdoor.errors import CallRefused
from everdoor.messages.accounts import (
    AccountFound,
    AccountInfo,
    AccountShown,
    AddBan,
    AuthCall,
    Authenticate,
    Ban,
    BanAdded,
    BanKind,
    Bans,
    ChangePassword,
    CreateAccount,
    CreateGuest,
    DeleteAccount,
    FindAccount,
    ListBans,
    RedeemTicket,
    RemoveBan,
    SetPassword,
)
from everdoor.messages.callmessage import Done

WRONG = CallRefused("wrong_password", "Username and/or password is incorrect.")


class MemoryAuth:
    """Accounts, passwords and bans of one test."""

    def __init__(self) -> None:
        self._accounts: dict[int, AccountFound] = {}
        self._passwords: dict[int, str | None] = {}
        self._bans: dict[int, Ban] = {}
        self._tickets: dict[bytes, AccountFound] = {}
        self._last_uid = 0

    def add(self, name: str, password: str | None, superuser: bool = False) -> AccountFound:
        """Make an account; CallRefused when the name is taken. None: nobody can log in to it."""
        if self._named(name) is not None:
            raise CallRefused("name_taken", f"The name {name} is taken.")
        self._last_uid += 1
        found = self._accounts[self._last_uid] = AccountFound(self._last_uid, name, superuser)
        self._passwords[found.uid] = password
        return found

    def issue(self, ticket: bytes, name: str) -> None:
        """Have a ticket stand for an account that there is; it is good once."""
        self._tickets[ticket] = self._found(name)

    def password_of(self, name: str) -> str | None:
        """The password of an account that there is."""
        return self._passwords[self._found(name).uid]

    def answer(self, call: AuthCall) -> AccountFound | AccountShown | BanAdded | Bans | Done:
        """Answer as auth does; CallRefused when it says no."""
        match call:
            case CreateAccount(name=name, password=password):
                return self.add(name, password)
            case Authenticate(name=name, password=password):
                return self._authenticate(name, password)
            case CreateGuest(names=names):
                return self._guest(names)
            case RedeemTicket(ticket=ticket):
                return self._redeem(ticket)
            case FindAccount(name=name):
                return self._shown(self._found(name))
            case _:
                return self._answer_otherwise(call)

    def _answer_otherwise(self, call: AuthCall) -> BanAdded | Bans | Done:
        match call:
            case ChangePassword(uid=uid, old=old, new=new):
                if self._passwords[uid] != old:
                    raise CallRefused("wrong_password", "The old password isn't correct.")
                self._passwords[uid] = new
            case SetPassword(uid=uid, password=password):
                self._passwords[uid] = password
            case DeleteAccount(uid=uid):
                self._accounts.pop(uid, None)
            case AddBan(target=target, reason=reason, by=by):
                return BanAdded(self._ban(target, reason, by))
            case RemoveBan(id=ban_id):
                self._bans.pop(ban_id, None)
            case ListBans(after=after):
                later = [ban for ban in self._bans.values() if ban.id > after]
                return Bans(later, False, "memory", 0)
        return Done()

    def _authenticate(self, name: str, password: str) -> AccountFound:
        found = self._named(name)
        if found is None or self._passwords[found.uid] != password:
            raise WRONG
        if any(ban.target.casefold() == name.casefold() for ban in self._bans.values()):
            raise CallRefused("banned", "You have been banned and cannot continue from here.")
        return found

    def _redeem(self, ticket: bytes) -> AccountFound:
        if ticket not in self._tickets:
            raise CallRefused("bad_ticket", "Your login could not be taken over; log in again.")
        return self._tickets.pop(ticket)

    def _guest(self, names: list[str]) -> AccountFound:
        for name in names:
            if self._named(name) is None:
                return self.add(name, None)
        raise CallRefused("name_taken", "All of these names are taken.")

    def _ban(self, target: str, reason: str, by: str) -> Ban:
        number = max(self._bans, default=0) + 1
        is_address = set(target) <= set("0123456789.:/*abcdef")
        kind: BanKind = "address" if is_address else "name"
        ban = Ban(number, kind, target, None, reason, by, 0.0, None)
        return self._bans.setdefault(number, ban)

    def _named(self, name: str) -> AccountFound | None:
        folded = name.casefold()
        return next((a for a in self._accounts.values() if a.name.casefold() == folded), None)

    def _found(self, name: str) -> AccountFound:
        found = self._named(name)
        if found is None:
            raise CallRefused("no_account", f"There is no account of the name {name}.")
        return found

    def _shown(self, found: AccountFound) -> AccountShown:
        is_guest = self._passwords[found.uid] is None
        info = AccountInfo(found.uid, found.name, found.superuser, is_guest, 0.0, None)
        return AccountShown(info, [], [])
