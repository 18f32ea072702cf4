"""Logging in step by step: a name, then its password, or the way to a new account.

    cmdset_unloggedin = "everdoor_server.contrib.menu_login.UnloggedinCmdSet"
    connection_screen = "everdoor_server.contrib.menu_login"

Passwords are typed hidden. Whoever is in the middle of it when the server ends begins again.
"""

from __future__ import annotations

from typing import Final

from everdoor.errors import CallRefused, UserError
from everdoor.markup.tags import escape
from everdoor.messages.accounts import AccountFound
from everdoor.names import check_name
from everdoor_server.commands import syscmdkeys
from everdoor_server.commands.cmdset import CmdSet
from everdoor_server.commands.command import Command
from everdoor_server.commands.default.unloggedin import (
    GUEST,
    MAX_NAME_CHARACTERS,
    MAX_PASSWORD_CHARACTERS,
    CmdIdle,
    log_in_guest,
)
from everdoor_server.waits import authenticate, create_account, find_account

CONNECTION_SCREEN: Final = """
|b====================================================================|n

  |wE V E R D O O R|n: a house at the edge of a town.

  Say who you are. |whelp|n tells more, |wquit|n leaves.
|b====================================================================|n
"""

ASK_NAME: Final = "Enter a new or existing user name to login: "
ASK_NAME_OR_GUEST: Final = (
    "Enter a new or existing user name to login (write 'guest' for a guest login): "
)
NEW_ACCOUNT: Final = "Creating a new account of that name. Enter a password (empty to abort): "
NAME_HELP: Final = "Enter a new or existing login name."
PASSWORD_HELP: Final = (
    "A password has at least 8 characters, is not one that many people have, and not like the "
    "name. A sentence is easy to remember."
)
CANCELLED: Final = "|yCancelled login.|n"
GOODBYE: Final = "Goodbye! Logging off."

QUIT = ("quit", "q")
HELP = ("help", "h")


class CmdUnloggedinLook(Command):
    """Asks whoever has connected for a name and a password, until they are in or gone."""

    key = syscmdkeys.CMD_LOGINSTART

    async def func(self) -> None:
        self.msg(self.game.connection_screen(self.caller))
        while self._is_here() and not self.caller.logged_in:
            try:
                await self._ask_name()
            except (CallRefused, UserError) as exc:
                self.msg(f"|R{escape(str(exc))}|n")

    async def _ask_name(self) -> None:
        options = self.game.options
        typed = await self.ask(ASK_NAME_OR_GUEST if options.guest_enabled else ASK_NAME)
        name = " ".join(typed.split())[:MAX_NAME_CHARACTERS]
        if name.lower() in QUIT:
            self._leave()
        elif name.lower() in HELP:
            self.msg(NAME_HELP)
        elif name.lower() == GUEST and options.guest_enabled:
            await log_in_guest(self)
        elif name:
            await self._log_in(name)

    async def _log_in(self, name: str) -> None:
        found = await self._existing(name) if await _exists(name) else await self._new(name)
        if found is not None:
            self.msg("|gLogging in ...|n")
            self.game.log_in(self.caller, found)

    async def _existing(self, name: str) -> AccountFound | None:
        """Ask for the password until it is right; None: not now."""
        question = f"Enter the password for account |c{escape(name)}|n (empty to abort): "
        while (password := await self._ask_password(question)) is not None:
            try:
                return await authenticate(name, password, self.caller.address)
            except CallRefused as exc:
                self.msg(f"|R{exc}|n")
        return None

    async def _new(self, name: str) -> AccountFound | None:
        """Make an account, once its password will do; None: not now."""
        name = check_name(name)
        # The name is not repeated, which may be a password: nothing that is shown may hold one.
        question = NEW_ACCOUNT
        while (password := await self._ask_password(question)) is not None:
            if await self.ask("Enter it again: ", hidden=True) != password:
                self.msg("|RThe two passwords are not the same.|n")
                continue
            try:
                found = await create_account(name, password, self.caller.address)
            except CallRefused as exc:
                self.msg(f"|R{exc}|n")
                if exc.code != "bad_password":
                    return None
            else:
                self.msg(f"|gA new account |c{found.name}|g was created. Welcome!|n")
                return found
            question = "Enter a new password: "
        return None

    async def _ask_password(self, question: str) -> str | None:
        """Ask hidden; None: whoever was asked has given up, or left."""
        while self._is_here():
            typed = await self.ask(question, hidden=True)
            if typed.strip().lower() in HELP:
                self.msg(PASSWORD_HELP)
            elif typed.strip().lower() in QUIT:
                self._leave()
            elif not typed:
                self.msg(CANCELLED)
                return None
            else:
                return typed[:MAX_PASSWORD_CHARACTERS]
        return None

    def _is_here(self) -> bool:
        return self.caller.sessid in self.game.sessions

    def _leave(self) -> None:
        self.game.sessions.disconnect(self.caller, GOODBYE)


class CmdAgain(CmdUnloggedinLook):
    """Begins again for whoever types a line although nobody has asked."""

    key = syscmdkeys.CMD_NOMATCH


class CmdAgainForNothing(CmdUnloggedinLook):
    """The same for an empty line."""

    key = syscmdkeys.CMD_NOINPUT


class UnloggedinCmdSet(CmdSet):
    """All that there is before the login."""

    key = "DefaultUnloggedin"
    priority = 0

    def at_cmdset_creation(self) -> None:
        self.add([CmdUnloggedinLook, CmdAgain, CmdAgainForNothing, CmdIdle])


async def _exists(name: str) -> bool:
    try:
        await find_account(name)
    except CallRefused as exc:
        if exc.code != "no_account":
            raise
        return False
    return True
