"""Commands of those who are not logged in yet; their caller is the session."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from everdoor.encodings import DEFAULT_ENCODING, encoding_name
from everdoor.errors import CallRefused
from everdoor.markup.tags import escape
from everdoor_server.commands import syscmdkeys
from everdoor_server.commands.command import Command
from everdoor_server.commands.default.muxcommand import MuxCommand
from everdoor_server.waits import authenticate, create_account, create_guest

GUEST = "guest"

_NAME_AND_PASSWORD = re.compile(r"""\s*(?:"([^"]*)"|(\S+))\s+(?:"(.*)"|(.*\S))\s*""")

MAX_NAME_CHARACTERS: Final = 200
MAX_PASSWORD_CHARACTERS: Final = 1024
"""What a call to auth can carry; what it accepts is less, and it says so itself."""


class CmdUnconnectedConnect(Command):
    """
    connect to the game

    Usage:
      connect <name> <password>
      connect guest

    Logs you in to your account, or, where the game has guests, as one of them.
    A name or a password with spaces goes in "double quotes".
    """

    key = "connect"
    aliases = ("conn", "con", "co")
    arg_regex = r"\s|$"
    usage = "\n Usage (without <>): connect <name> <password>"

    async def func(self) -> None:
        if self.args.strip().lower() == GUEST:
            await log_in_guest(self)
            return
        credentials = name_and_password(self.args)
        if credentials is None:
            self.msg(self.usage)
            return
        self.game.log_in(self.caller, await authenticate(*credentials, self.caller.address))


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
        found = await create_account(*credentials, self.caller.address)
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


class CmdUnconnectedEncoding(MuxCommand):
    """
    set which text encoding your client uses

    Usage:
      encoding
      encoding <encoding>
      encoding/clear

    Letters that look strange are in another encoding than the game thinks.
    Common ones are utf-8, which the game begins with, latin-1, cp1252, koi8-r.
    """

    key = "encoding"
    aliases = ("encode",)
    switch_options = ("clear",)

    def func(self) -> None:
        if self.session is None:
            return
        before = self.session.protocol_flags.get("ENCODING") or DEFAULT_ENCODING
        if "clear" in self.switches:
            self.session.update_flags(ENCODING=DEFAULT_ENCODING)
            self.msg(f"Your custom text encoding ('{before}') was cleared.")
        elif not self.args:
            self.msg(f"Default encoding: |g{before}|n (change with |wencoding <encoding>|n)")
        elif (name := encoding_name(self.args)) is None:
            self.msg(
                f"|rThe encoding '|w{escape(self.args)}|r' is invalid. "
                f"Keeping the previous encoding '|w{before}|r'.|n"
            )
        else:
            self.session.update_flags(ENCODING=name)
            self.msg(
                f"Your custom text encoding was changed from '|w{before}|n' to "
                f"'|w{escape(self.args)}|n'."
            )


class CmdUnconnectedScreenreader(MuxCommand):
    """
    have texts made for a screen reader

    Usage:
      screenreader

    Switches it on or off: no colours, no drawings. After the login
    `option screenreader = on` does the same.
    """

    key = "screenreader"

    def func(self) -> None:
        if self.session is None:
            return
        wanted = not self.session.protocol_flags.get("SCREENREADER", False)
        self.session.update_flags(SCREENREADER=wanted)
        self.msg(f"Screenreader mode turned |w{'on' if wanted else 'off'}|n.")


class CmdUnconnectedInfo(MuxCommand):
    """
    tell what this game is, in the form that lists of games read

    Usage:
      info
    """

    key = "info"

    def func(self) -> None:
        options = self.game.options
        since = datetime.fromtimestamp(self.game.start_time).ctime()
        self.msg(
            f"## BEGIN INFO 1.1\nName: {escape(options.servername)}\nUptime: {since}\n"
            f"Connected: {self.game.sessions.account_count()}\n"
            f"Version: Everdoor {options.version}\n## END INFO"
        )


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


ALL_GUESTS: Final = "All guest accounts are in use. Please try again later."

HELP: Final = """
You are not logged in. What you can type now:

  |wcreate|n <name> <password>  make an account; choose a password of your own
  |wconnect|n <name> <password> log in with it
  |wlook|n                      show the connection screen again
  |wencoding|n                  letters look strange? set that of your client
  |wscreenreader|n              have texts made to be listened to
  |whelp|n                      this text
  |wquit|n                      leave

A name or a password with spaces goes in double quotes:
  create "Anna Lind" "my pass word"
  connect "Anna Lind" "my pass word"
"""


async def log_in_guest(command: Command) -> None:
    """Log in whoever typed the command as a guest, or say why not."""
    options = command.game.options
    if not options.guest_enabled:
        command.msg("Guest accounts are not enabled.")
        return
    try:
        found = await create_guest(options.guest_list, command.caller.address)
    except CallRefused as exc:
        command.msg(ALL_GUESTS if exc.code == "name_taken" else str(exc))
    else:
        command.game.log_in_guest(command.caller, found)


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
