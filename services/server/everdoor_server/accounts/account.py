"""Account: the world's half of who is playing.

Who somebody is, and their password, is kept by auth; here are what they play, may do, and carry
from login to login. Accounts are found and made by `index.Accounts`; what happens when one takes
control of an object is in `puppeting`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from everdoor_server.attributes import Attributes, Saved, Unsaved
from everdoor_server.changes import Values
from everdoor_server.labels import Labels
from everdoor_server.locks import join_locks
from everdoor_server.objects import Object, hearing
from everdoor_server.rows import AccountRow
from everdoor_server.session import ServerSession
from everdoor_server.sessionlist import SessionList, one_or_many
from everdoor_server.stored import Locked

if TYPE_CHECKING:
    from everdoor_server.accounts.index import Accounts

GUEST_MARK = "_is_guest"
"""Attribute of accounts that are guests."""


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


class Account(Locked):
    """Who is playing.

    Attributes:
        id: The id that auth has given; the same in both databases.
        key: Its name as its owner spells it.
        is_superuser: As auth said at the last login.
        character_ids: Ids of the characters it may play; `characters` are they.
        last_puppet_id: What it puppeted last.
        permissions, attributes, db, ndb, sessions, cmdset_paths: As those of an Object.
    """

    stored_columns: ClassVar[frozenset[str]] = frozenset(
        {"key", "is_superuser", "character_ids", "last_puppet_id", "lock_storage", "cmdset_paths"}
    )
    default_locks: ClassVar[str] = (
        "examine:perm(Developer);edit:perm(Developer);delete:perm(Developer);msg:all();"
        "boot:perm(Admin)"
    )

    hears_plainly: ClassVar[bool] = True
    sends_plainly: ClassVar[bool] = True
    """As those of an Object."""

    id: int
    is_superuser: bool
    character_ids: tuple[int, ...]
    last_puppet_id: int | None
    cmdset_paths: tuple[str, ...]
    accounts: Accounts

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.hears_plainly = cls.msg is Account.msg and cls.at_msg_receive is Account.at_msg_receive
        cls.sends_plainly = cls.at_msg_send is Account.at_msg_send

    def __init__(self, accounts: Accounts, row: AccountRow) -> None:
        state = self.__dict__
        state["accounts"], state["id"], state["key"] = accounts, row.id, row.key
        state["is_superuser"], state["character_ids"] = row.is_superuser, row.characters
        state["last_puppet_id"], state["cmdset_paths"] = row.last_puppet, row.cmdsets
        state["lock_storage"] = join_locks(self.default_locks, row.locks)
        self.sessions = SessionList()
        self.permissions = Labels((("", each) for each in row.permissions), "permission", self)
        objects = accounts.objects
        load = objects.rows.account_attributes
        self.attributes = Attributes("account_attribute", row.id, load, objects.changes, objects)
        self.db = Saved(self.attributes)
        self.ndb = Unsaved()
        self._cmdset: Any = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.key}(account {self.id})>"

    @property
    def name(self) -> str:
        return self.key

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
        hearing.msg(self, text, from_obj, session, options, kwargs)

    def execute_cmd(self, raw_string: str, session: ServerSession | None = None) -> None:
        """Run a line as one of its sessions; nothing happens when it has none."""
        found = session or next(iter(self.sessions.all()), None)
        if found is not None:
            found.data_in(raw_string)

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

    def note_label(self, kind: str, category: str, name: str, present: bool) -> None:
        self.touch()

    def _row(self) -> Values:
        plain = self.lock_storage == join_locks(self.default_locks, "")
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


def _held(character: Object) -> str:
    return " (being played)" if character.has_account else ""
