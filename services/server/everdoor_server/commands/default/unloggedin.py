"""Commands of those who are not logged in yet; their caller is the session."""

from __future__ import annotations

import re
from typing import Final

from everdoor.errors import CallRefused
from everdoor_server.commands import syscmdkeys
from everdoor_server.commands.command import Command
from everdoor_server.commands.default.muxcommand import MuxCommand
from everdoor_server.waits import authenticate, create_account

_NAME_AND_PASSWORD = re.compile(r"""\s*(?:"([^"]*)"|(\S+))\s+(?:"(.*)"|(.*\S))\s*""")

MAX_NAME_CHARACTERS: Final = 200
MAX_PASSWORD_CHARACTERS: Final = 1024
"""What a call to auth can carry; what it accepts is less, and it says so itself."""


class CmdUnconnectedConnect(Command):
    """
    connect to the game

    Usage:
      connect <name> <password>

    Logs you in to your account. A name or a password with spaces goes in
    "double quotes".
    """

    key = "connect"
    aliases = ("conn", "con", "co")
    arg_regex = r"\s|$"
    usage = "\n Usage (without <>): connect <name> <password>"

    async def func(self) -> None:
        credentials = name_and_password(self.args)
        if credentials is None:
            self.msg(self.usage)
            return
        try:
            found = await authenticate(*credentials, self.caller.address)
        except CallRefused as exc:
            self.msg(str(exc))
        else:
            self.game.log_in(self.caller, found)


class CmdUnconnectedCreate(Command):
    """
    create a new account

    Usage:
      create <name> <password>

    Makes an account, with which you then `connect`. A name or a password with
    spaces goes in "double quotes".
    """

    key = "create"
    aliases = ("cre", "cr")
    arg_regex = r"\s|$"
    usage = (
        "\n Usage (without <>): create <name> <password>\n"
        "If <name> or <password> contains spaces, enclose it in double quotes."
    )

    async def func(self) -> None:
        credentials = name_and_password(self.args)
        if credentials is None:
            self.msg(self.usage)
            return
        try:
            found = await create_account(*credentials, self.caller.address)
        except CallRefused as exc:
            self.msg(str(exc))
        else:
            name = f'"{found.name}"' if " " in found.name else found.name
            self.msg(
                f"A new account '{found.name}' was created. Welcome!\n"
                f"You can now log in with the command 'connect {name} <your password>'."
            )


class CmdUnconnectedQuit(MuxCommand):
    """
    leave

    Usage:
      quit

    Closes the connection.
    """

    key = "quit"
    aliases = ("q", "qu")

    def func(self) -> None:
        self.game.sessions.disconnect(self.caller, "Good bye! Disconnecting.")


class CmdUnconnectedLook(MuxCommand):
    """
    look at the connection screen again

    Usage:
      look
    """

    key = "look"
    aliases = ("l",)

    def func(self) -> None:
        self.msg(self.game.connection_screen(self.caller))


class CmdUnconnectedStart(Command):
    """Shows the connection screen to a client that has just connected."""

    key = syscmdkeys.CMD_LOGINSTART

    def func(self) -> None:
        self.msg(self.game.connection_screen(self.caller))


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


class CmdIdle(Command):
    """
    keep the connection alive

    Usage:
      idle

    Does nothing; clients send it so that nobody between you and the game takes
    a quiet connection for a dead one. You stay as idle as you were.
    """

    key = "idle"
    arg_regex = r"\s|$"
    auto_help = False

    def func(self) -> None:
        """Nothing: the activity has been stamped already."""


HELP: Final = """
You are not logged in. What you can type now:

  |wcreate|n <name> <password>  make an account; choose a password of your own
  |wconnect|n <name> <password> log in with it
  |wlook|n                      show the connection screen again
  |whelp|n                      this text
  |wquit|n                      leave

A name or a password with spaces goes in double quotes:
  create "Anna Lind" "my pass word"
  connect "Anna Lind" "my pass word"
"""


def name_and_password(args: str) -> tuple[str, str] | None:
    """Read a name and a password, each in double quotes if it has spaces; None: it is neither."""
    found = _NAME_AND_PASSWORD.fullmatch(args)
    if found is None:
        return None
    quoted_name, plain_name, quoted_password, plain_password = found.groups()
    name = " ".join((quoted_name or plain_name or "").split())
    password = quoted_password if quoted_password is not None else plain_password
    fits = 0 < len(name) <= MAX_NAME_CHARACTERS and 0 < len(password) <= MAX_PASSWORD_CHARACTERS
    return (name, password) if fits else None
