"""The accounts that one world knows: found, made, deleted; one Python object per account.

Who somebody is was checked by auth before; what an account is and does is in `account`.
"""

from __future__ import annotations

from typing import Any

from everdoor.errors import UserError
from everdoor.names import check_name
from everdoor_server.accounts.account import GUEST_MARK, Account, AccountOptions, Puppeteer
from everdoor_server.objects import Character, Object, Objects
from everdoor_server.rows import AccountRow

GUEST_PERMISSION = "Guest"

CHARACTER_LOCKS = (
    "puppet:id({character}) or pid({account}) or perm(Developer) or pperm(Developer);"
    "delete:pid({account}) or perm(Admin);edit:pid({account}) or perm(Admin)"
)


class Accounts:
    """The accounts that one world knows; one Python object per account.

    Args:
        objects: The objects of the world.
        options: What accounts may do.
        account_class, character_class: What new ones are.

    Attributes:
        puppeteer: Set by `puppeting.Puppeting`.
    """

    puppeteer: Puppeteer

    def __init__(
        self,
        objects: Objects,
        options: AccountOptions,
        account_class: type[Account] = Account,
        character_class: type[Object] = Character,
    ) -> None:
        self.objects = objects
        self.options = options
        self._account_class = account_class
        self._character_class = character_class
        self._accounts: dict[int, Account] = {}
        self._deleted: set[int] = set()

    def get(self, account_id: int | None) -> Account | None:
        """The account of that id, None when the world does not know it."""
        if account_id is None:
            return None
        found = self._accounts.get(account_id)
        if found is None and account_id not in self._deleted:
            found = self._load(self.objects.rows.account(account_id))
        return found

    def find(self, name: str) -> Account | None:
        """The account of that name, whatever the case."""
        folded = name.casefold()
        for account in self._accounts.values():
            if account.key.casefold() == folded:
                return account
        row = self.objects.rows.find_account(name)
        is_stale = row is None or row.id in self._accounts or row.id in self._deleted
        return None if is_stale else self._load(row)

    def vouched(self, account_id: int, name: str, is_superuser: bool) -> Account:
        """The account that auth has vouched for; made when the world does not know it yet.

        Args:
            account_id, name, is_superuser: As auth has answered.
        """
        account = self.get(account_id) or self._make(account_id, name)
        if account.key != name:
            account.key = name
        if account.is_superuser != is_superuser:
            account.is_superuser = is_superuser
        return account

    def create_character(self, account: Account, key: str, kwargs: dict[str, Any]) -> Object:
        """Make a character for an account (`Account.create_character`)."""
        most = self.options.max_nr_characters
        if most and len(account.characters) >= most and not account.is_superuser:
            raise UserError(f"You may only have a maximum of {most} characters.")
        if key != account.key:
            key = check_name(key)
        if self.objects.find(key, typeclass=Character):
            raise UserError(f"A character named '{key}' already exists.")
        start = self.objects.start_location()
        permission = self._permission(account.is_guest)
        settings = {"home": start, "permissions": [permission], **kwargs}
        character = self.objects.create(self._character_class, key, **settings)
        character.locks.add(CHARACTER_LOCKS.format(character=character.id, account=account.id))
        account.character_ids = (*account.character_ids, character.id)
        account.at_post_create_character(character)
        return character

    def vouched_guest(self, account_id: int, name: str) -> Account:
        """A guest that auth has made: with a character, and deleted when it leaves."""
        return self.get(account_id) or self._make(account_id, name, is_guest=True)

    def rename(self, account_id: int, name: str) -> None:
        """Take over the new name of an account; nothing happens to one that is not known."""
        account = self.get(account_id)
        if account is None or account.key == name:
            return
        account.key = name
        for session in account.sessions.all():
            session.uname = name
            session.touch()

    def delete(self, account: Account) -> None:
        """Delete the world's half of an account, and its characters, for good."""
        account.unpuppet_all()
        for character in account.characters:
            character.delete()
        for name in account.attributes.names():
            account.attributes.remove(name)
        account.attributes.close()
        self._accounts.pop(account.id, None)
        self._deleted.add(account.id)
        self.objects.changes.mark("account", (account.id,), lambda: None)

    def _permission(self, is_guest: bool) -> str:
        return GUEST_PERMISSION if is_guest else self.options.default_permission

    def _make(self, account_id: int, name: str, is_guest: bool = False) -> Account:
        permissions = (self._permission(is_guest),)
        row = AccountRow(account_id, name, permissions=permissions)
        account = self._accounts[account_id] = self._account_class(self, row)
        account.touch()
        account.attributes.add("FIRST_LOGIN", True)
        if is_guest:
            account.attributes.add(GUEST_MARK, True)
        account.at_account_creation()
        if self.options.auto_create_character_with_account or is_guest:
            self._first_character(account)
        return account

    def _first_character(self, account: Account) -> None:
        try:
            account.last_puppet_id = account.create_character().id
        except UserError:
            # The name is that of a character of somebody else: its owner makes one by hand.
            account.last_puppet_id = None

    def _load(self, row: AccountRow | None) -> Account | None:
        if row is None:
            return None
        account = self._accounts[row.id] = self._account_class(self, row)
        account.at_init()
        return account
