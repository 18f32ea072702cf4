"""Logging in with an e-mail address and a password.

    cmdset_unloggedin = "everdoor_server.contrib.email_login.UnloggedinCmdSet"
    connection_screen = "everdoor_server.contrib.email_login"

An address belongs to one account. It is kept in the world's database, and never shown; no mail is
sent. Who has no address, as accounts made by operators, logs in by name.
"""

from __future__ import annotations

import re
from typing import Any, Final

from everdoor.markup.tags import escape
from everdoor_server.accounts import Account
from everdoor_server.commands.cmdset import CmdSet
from everdoor_server.commands.command import Command
from everdoor_server.commands.default import unloggedin
from everdoor_server.commands.default.muxcommand import MuxCommand
from everdoor_server.commands.default.unloggedin import (
    GUEST,
    MAX_NAME_CHARACTERS,
    MAX_PASSWORD_CHARACTERS,
    log_in_guest,
    name_and_password,
)
from everdoor_server.waits import authenticate, create_account, delete_account

CONNECTION_SCREEN: Final = """
|b====================================================================|n

  |wE V E R D O O R|n: a house at the edge of a town.

  You have been here before:   |wconnect <email> <password>|n
  You are new:                 |wcreate "<name>" <email> <password>|n

  |whelp|n tells more, |wlook|n shows this again, |wquit|n leaves.
|b====================================================================|n
"""

HELP: Final = """
You are not logged in. What you can type now:

  |wcreate|n "<name>" <email> <password>  make an account
  |wconnect|n <email> <password>          log in with it
  |wlook|n                                show the connection screen again
  |whelp|n                                this text
  |wquit|n                                leave

A name with spaces goes in double quotes:
  create "Anna Lind" anna@example.org "my pass word"
"""

BAD_EMAIL: Final = "That is not a valid e-mail address."
TAKEN: Final = "That e-mail address has an account already. You can connect with it."

EMAIL = "email"
"""Attribute of an account, and first word of the names under which its id is registered."""

_EMAIL = re.compile(r"[^\s@\"]+@[^\s@\"]+\.[^\s@\".]{2,}")
_CREATE = re.compile(r"""\s*(?:"([^"]*)"|(\S.*?))\s+(\S+@\S+)\s+(?:"(.*)"|(.*\S))\s*""")


class CmdUnconnectedConnect(Command):
    """
    connect to the game

    Usage:
      connect <email> <password>
      connect guest
    """

    key = "connect"
    aliases = ("conn", "con", "co")
    arg_regex = r"\s|$"

    async def func(self) -> None:
        if self.args.strip().lower() == GUEST:
            await log_in_guest(self)
            return
        credentials = name_and_password(self.args)
        if credentials is None:
            self.msg("\n Usage (without <>): connect <email> <password>")
            return
        email, password = credentials
        account = find_by_email(self.game, email)
        # An unknown address goes the way of an unknown name: same time, same answer.
        name = account.key if account is not None else email
        found = await authenticate(name, password, self.caller.address)
        self.game.log_in(self.caller, found)


class CmdUnconnectedCreate(Command):
    """
    create a new account

    Usage:
      create "<name>" <email> <password>

    Then `connect` with the address and the password.
    """

    key = "create"
    aliases = ("cre", "cr")
    arg_regex = r"\s|$"

    async def func(self) -> None:
        given = _CREATE.fullmatch(self.args)
        if given is None:
            self.msg('\n Usage (without <>): create "<accountname>" <email> <password>')
            return
        quoted, plain, email, quoted_password, plain_password = given.groups()
        name = " ".join((quoted or plain or "").split())[:MAX_NAME_CHARACTERS]
        password = quoted_password if quoted_password is not None else plain_password
        if not _EMAIL.fullmatch(email) or len(email) > MAX_NAME_CHARACTERS:
            self.msg(BAD_EMAIL)
        elif find_by_email(self.game, email) is not None:
            self.msg(TAKEN)
        else:
            await self._create(name, email, password[:MAX_PASSWORD_CHARACTERS])

    async def _create(self, name: str, email: str, password: str) -> None:
        found = await create_account(name, password, self.caller.address)
        if find_by_email(self.game, email) is not None:
            await delete_account(found.uid)
            self.msg(TAKEN)
            return
        account = self.game.accounts.vouched(found.uid, found.name, found.superuser)
        set_email(self.game, account, email)
        self.msg(
            f"A new account '{found.name}' was created. Welcome!\n"
            f"You can now log in with the command 'connect {escape(email)} <your password>'."
        )


class CmdUnconnectedHelp(MuxCommand):
    """
    get help

    Usage:
      help
    """

    key = "help"
    aliases = ("h", "?")
    arg_regex = None

    def func(self) -> None:
        self.msg(HELP)


class UnloggedinCmdSet(CmdSet):
    """What a session has before its login."""

    key = "DefaultUnloggedin"
    priority = 0

    def at_cmdset_creation(self) -> None:
        self.add(
            [
                CmdUnconnectedConnect,
                CmdUnconnectedCreate,
                CmdUnconnectedHelp,
                unloggedin.CmdUnconnectedStart,
                unloggedin.CmdUnconnectedLook,
                unloggedin.CmdUnconnectedQuit,
                unloggedin.CmdUnconnectedEncoding,
                unloggedin.CmdUnconnectedScreenreader,
                unloggedin.CmdUnconnectedInfo,
                unloggedin.CmdIdle,
            ]
        )


def find_by_email(game: Any, email: str) -> Account | None:
    """The account that has an e-mail address, whatever the case."""
    account_id = game.register.get(_registered(email))
    found: Account | None = game.accounts.get(account_id) if account_id else None
    return found


def set_email(game: Any, account: Account, email: str) -> None:
    """Give an account its address, in the place of the one it had."""
    if before := account.attributes.get(EMAIL):
        game.register.set(_registered(before), 0)
    account.attributes.add(EMAIL, email)
    game.register.set(_registered(email), account.id)


def _registered(email: str) -> str:
    return f"{EMAIL} {email.casefold()}"
