"""Which command sets every session, account and character has, and where their others are kept.

Which these are is said by settings. What a handler of command sets does, and how sets are merged,
is `everdoor_server.commands`'.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from everdoor.errors import SettingsError, UserError
from everdoor_server.accounts import Account
from everdoor_server.classpaths import import_class
from everdoor_server.commands.cmdset import CmdSet
from everdoor_server.commands.cmdsethandler import CmdSetHandler, CmdSetLibrary
from everdoor_server.objects import Character, Object
from everdoor_server.session import ServerSession

_SETS = "everdoor_server.commands.default.cmdsets"

DEFAULT_SETS = {
    "cmdset_unloggedin": f"{_SETS}.UnloggedinCmdSet",
    "cmdset_session": f"{_SETS}.SessionCmdSet",
    "cmdset_account": f"{_SETS}.AccountCmdSet",
    "cmdset_character": f"{_SETS}.CharacterCmdSet",
}
"""The settings, and the paths of those that are shipped."""

_log = structlog.get_logger(__name__)


class DefaultSets:
    """Gives command sets to whatever has some.

    Args:
        paths: Of command sets, by the names of DEFAULT_SETS.

    Attributes:
        of_characters: The set of every character.

    Raises:
        SettingsError: There is no such command set.
    """

    def __init__(self, paths: Mapping[str, str]) -> None:
        self._library = CmdSetLibrary(load_cmdset)
        sets = {name: self._configured(name, path) for name, path in paths.items()}
        self._of_strangers = sets["cmdset_unloggedin"]
        self._of_sessions = sets["cmdset_session"]
        self._of_accounts = sets["cmdset_account"]
        self.of_characters = sets["cmdset_character"]

    def give(self, session: ServerSession) -> None:
        """Give a session the sets of whoever is, or is not, logged in on it."""
        handler = CmdSetHandler(session, self._library, _keep_on_session)
        default = self._of_sessions if session.logged_in else self._of_strangers
        handler.add_default(default, persistent=False)
        _restore(handler, session.cmdset_paths)
        session.cmdset = handler

    def handler_of(self, owner: Object | Account) -> CmdSetHandler:
        """Make the handler of an object or account, with the sets that it has."""
        changed = _note_around if isinstance(owner, Object) else None
        handler = CmdSetHandler(owner, self._library, _keep_on_owner, changed)
        if isinstance(owner, Account):
            handler.add_default(self._of_accounts, persistent=False)
        elif isinstance(owner, Character):
            handler.add_default(self.of_characters, persistent=False)
        _restore(handler, owner.cmdset_paths)
        return handler

    def _configured(self, name: str, path: str) -> CmdSet:
        try:
            return self._library.get(path)
        except UserError as exc:
            raise SettingsError(f"{name}: {exc}") from exc


def load_cmdset(path: str) -> type[CmdSet]:
    """Import a command set's class by its dotted path.

    Raises:
        UserError: There is no such class.
    """
    return import_class(path, CmdSet, "command set")


def _restore(handler: CmdSetHandler, paths: Any) -> None:
    for error in handler.update(paths):
        _log.error("a command set is gone", owner=str(handler.owner), error=error)


def _keep_on_session(session: ServerSession, kept: list[str]) -> None:
    session.cmdset_paths = kept
    session.touch()


def _keep_on_owner(owner: Object | Account, kept: list[str]) -> None:
    owner.cmdset_paths = tuple(kept)


def _note_around(owner: Object) -> None:
    """What can be typed near an object, and inside it, has changed."""
    owner.contents_version += 1
    if owner.location is not None:
        owner.location.note_contents(owner)
