"""Accounts: the world's half of who is playing.

Who somebody is, and their password, is kept by auth; here are what they play, may do, and carry
from login to login. What happens when an account takes control of an object is in `puppeting`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from everdoor.errors import UserError
from everdoor.names import check_name
from everdoor_server.attributes import Attributes, Saved, Unsaved
from everdoor_server.changes import Values
from everdoor_server.labels import Labels
from everdoor_server.locks import LockHandler, add_locks, check_locks
from everdoor_server.objects import Character, Object, Objects
from everdoor_server.rows import AccountRow
from everdoor_server.session import ServerSession
from everdoor_server.sessionlist import SessionList, deliver, one_or_many

COLUMNS = frozenset(
    {"key", "is_superuser", "character_ids", "last_puppet_id", "lock_storage", "cmdset_paths"}
)
"""Attributes of an account that are columns of its row."""

GUEST_PERMISSION = "Guest"

GUEST_MARK = "_is_guest"
"""Attribute of accounts that are guests."""

CHARACTER_LOCKS = (
    "puppet:id({character}) or pid({account}) or perm(Developer) or pperm(Developer);"
    "delete:pid({account}) or perm(Admin);edit:pid({account}) or perm(Admin)"
)


@dataclass(frozen=True)
class AccountOptions:
    """The settings that say what accounts may do; each is described with the settings.

    `max_nr_characters` and `max_nr_simultaneous_puppets`: 0 is no limit.
    """

    multisession_mode: int = 0
    auto_create_character_with_account: bool = True
    auto_puppet_on_login: bool = True
    max_nr_characters: int = 1
    max_nr_simultaneous_puppets: int = 1
    default_permission: str = "Player"


class Puppeteer(Protocol):
    """What `puppeting` does for accounts."""

    def puppet_object(self, account: Account, session: ServerSession, obj: Object) -> bool: ...

    def unpuppet_object(
        self, account: Account, sessions: Sequence[ServerSession], **kwargs: Any
    ) -> None: ...

    def enter(self, account: Account, session: ServerSession) -> None:
        """Bring a session that has just logged in to its puppet, or leave it out of character."""


class Account:
    """Who is playing.

    Attributes:
        id: The id that auth has given; the same in both databases.
        key: Its name as its owner spells it.
        is_superuser: As auth said at the last login.
        character_ids: Ids of the characters it may play; `characters` are they.
        last_puppet_id: What it puppeted last.
        permissions, attributes, db, ndb, sessions, cmdset_paths: As those of an Object.
    """

    default_locks: ClassVar[str] = (
        "examine:perm(Developer);edit:perm(Developer);delete:perm(Developer);msg:all();"
        "boot:perm(Admin)"
    )

    id: int
    key: str
    is_superuser: bool
    character_ids: tuple[int, ...]
    last_puppet_id: int | None
    lock_storage: str
    cmdset_paths: tuple[str, ...]
    accounts: Accounts

    def __init__(self, accounts: Accounts, row: AccountRow) -> None:
        state = self.__dict__
        state["accounts"], state["id"], state["key"] = accounts, row.id, row.key
        state["is_superuser"], state["character_ids"] = row.is_superuser, row.characters
        state["last_puppet_id"], state["cmdset_paths"] = row.last_puppet, row.cmdsets
        state["lock_storage"] = add_locks(self.default_locks, row.locks)
        self.sessions = SessionList()
        self.permissions = Labels((("", each) for each in row.permissions), self._note_permission)
        objects = accounts.objects
        load = objects.rows.account_attributes
        self.attributes = Attributes("account_attribute", row.id, load, objects.changes, objects)
        self.db = Saved(self.attributes)
        self.ndb = Unsaved()
        self._cmdset: Any = None

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in COLUMNS:
            self.touch()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.key}(account {self.id})>"

    def __str__(self) -> str:
        return self.key

    @property
    def name(self) -> str:
        return self.key

    @property
    def locks(self) -> LockHandler:
        return LockHandler(self)

    @property
    def cmdset(self) -> Any:
        """Its command sets; None in a world without commands."""
        make = self.accounts.objects.make_cmdset
        if self._cmdset is None and make is not None:
            self._cmdset = make(self)
        return self._cmdset

    @property
    def is_guest(self) -> bool:
        """Whether it has no password and is deleted when it leaves."""
        return self.attributes.has(GUEST_MARK)

    @property
    def is_connected(self) -> bool:
        return len(self.sessions) > 0

    def touch(self) -> None:
        """Note that its row has changed."""
        self.accounts.objects.changes.mark("account", (self.id,), self._row)

    # What it plays.

    @property
    def characters(self) -> list[Object]:
        """Those that still exist."""
        found = map(self.accounts.objects.get, self.character_ids)
        return [character for character in found if character is not None]

    @property
    def puppet(self) -> Object | list[Object] | None:
        """What it controls: one or None in multisession modes 0 and 1, a list in 2 and 3."""
        puppets = self.get_all_puppets()
        if self.accounts.options.multisession_mode in (2, 3):
            return puppets
        return puppets[0] if puppets else None

    character = puppet

    def owns(self, obj: Object) -> bool:
        """Whether something is one of its characters."""
        return obj.id in self.character_ids

    def get_puppet(self, session: ServerSession) -> Object | None:
        """What one of its sessions controls."""
        return self.accounts.objects.get(session.puid)

    def get_all_puppets(self) -> list[Object]:
        """Each object that any of its sessions controls, once."""
        found = {session.puid: self.get_puppet(session) for session in self.sessions.all()}
        return [puppet for puppet in found.values() if puppet is not None]

    def puppet_object(self, session: ServerSession, obj: Object) -> bool:
        """Take control of an object; False after the session was told why not."""
        return self.accounts.puppeteer.puppet_object(self, session, obj)

    def unpuppet_object(self, session: ServerSession | Sequence[ServerSession]) -> None:
        """Let go; in mode 1 for all sessions of the account."""
        given = one_or_many(session) or ()
        shared = self.accounts.options.multisession_mode == 1
        self.accounts.puppeteer.unpuppet_object(self, self.sessions.all() if shared else given)

    def unpuppet_all(self) -> None:
        """Let go of everything that any session controls."""
        self.accounts.puppeteer.unpuppet_object(self, self.sessions.all())

    def create_character(self, key: str | None = None, **kwargs: Any) -> Object:
        """Make a character that it may play.

        Args:
            key: Its name; None: the account's.
            **kwargs: As for `Objects.create`.

        Raises:
            UserError: It has as many as it may have, or the name is taken or will not do; the text
                is meant for the player.
        """
        return self.accounts.create_character(self, key or self.key, kwargs)

    def delete_character(self, character: Object) -> bool:
        """Delete one of its characters for good; False: it refuses, or is gone already."""
        if not self.owns(character) or not character.delete():
            return False
        self.character_ids = tuple(own for own in self.character_ids if own != character.id)
        if self.last_puppet_id == character.id:
            self.last_puppet_id = None
        return True

    # Speaking and hearing.

    def msg(
        self,
        text: Any = None,
        from_obj: Any = None,
        session: ServerSession | Sequence[ServerSession] | None = None,
        options: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Show something to all of its sessions, or to those given; as `Object.msg`."""
        senders = from_obj if isinstance(from_obj, Sequence) else [from_obj] if from_obj else []
        for sender in senders:
            sender.at_msg_send(text=text, to_obj=self, **kwargs)
        if self.at_msg_receive(text=text, from_obj=from_obj, **kwargs) is False:
            return
        receivers = one_or_many(session)
        messages = {"text": text, "options": options, **kwargs}
        deliver(self.sessions.all() if receivers is None else receivers, messages)

    def execute_cmd(self, raw_string: str, session: ServerSession | None = None) -> None:
        """Run a line as one of its sessions; nothing happens when it has none."""
        found = session or next(iter(self.sessions.all()), None)
        if found is not None:
            found.data_in(raw_string)

    def access(
        self,
        accessing_obj: Any,
        access_type: str = "read",
        default: bool = False,
        no_superuser_bypass: bool = False,
        **kwargs: Any,
    ) -> bool:
        """Say whether somebody may do something with it."""
        locks = self.lock_storage
        return check_locks(locks, accessing_obj, access_type, self, default, no_superuser_bypass)

    def get_display_name(self, looker: Any = None, **kwargs: Any) -> str:
        return self.key

    def at_look(self, session: ServerSession | None = None, **kwargs: Any) -> str:
        """What it sees out of character: its characters, and how to play one."""
        lines = [f"Account {self.key} (you are Out-of-Character)", ""]
        characters = self.characters
        if characters:
            lines.append("Your characters, to play one use: ic <name>")
            lines += [f"  {each.key}{_held(each)}" for each in characters]
        else:
            lines.append("You have no character yet.")
        return "\n".join(lines)

    # Hooks.

    def at_account_creation(self) -> None:
        """The world knows it for the first time."""

    def at_init(self) -> None:
        """It has been read from the database."""

    def at_first_login(self) -> None:
        """It is about to log in for the first time ever."""

    def at_pre_login(self) -> None:
        """It is about to log in."""

    def at_post_login(self, session: ServerSession) -> None:
        """It has logged in: on to its puppet, or out of character."""
        self.accounts.puppeteer.enter(self, session)

    def at_disconnect(self, reason: str = "", **kwargs: Any) -> None:
        """One of its sessions has ended."""

    def at_post_create_character(self, character: Object) -> None:
        """A character has been made for it."""

    def at_msg_receive(self, text: Any = None, from_obj: Any = None, **kwargs: Any) -> bool:
        """Something is about to be shown to it; False: it is not."""
        return True

    def at_msg_send(self, text: Any = None, to_obj: Any = None, **kwargs: Any) -> None:
        """It is about to say something to another."""

    def at_cmdset_get(self, **kwargs: Any) -> None:
        """Its command sets are about to be merged."""

    # Private.

    def _note_permission(self, category: str, name: str, present: bool) -> None:
        self.touch()

    def _row(self) -> Values:
        plain = self.lock_storage == add_locks(self.default_locks, "")
        return {
            "key": self.key,
            "folded": self.key.casefold(),
            "is_superuser": self.is_superuser,
            "permissions": self.permissions.all(),
            "characters": list(self.character_ids),
            "last_puppet_id": self.last_puppet_id,
            "locks": "" if plain else self.lock_storage,
            "cmdsets": list(self.cmdset_paths),
        }


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


def _held(character: Object) -> str:
    return " (being played)" if character.has_account else ""
