"""The game server, and what games are written with: `from everdoor_server import Command, ...`.

These names are what games may rely on. What is not among them may change at any time.
"""

from everdoor.errors import CallRefused, UserError
from everdoor.markup.tables import Table
from everdoor_server.accounts import Account
from everdoor_server.commands import default as default_cmds
from everdoor_server.commands import syscmdkeys
from everdoor_server.commands.cmdset import CmdSet
from everdoor_server.commands.command import Command
from everdoor_server.commands.playertext import inert
from everdoor_server.current import SESSION_HANDLER, SESSIONS
from everdoor_server.engine import Game
from everdoor_server.inputs import before_login
from everdoor_server.objects import (
    Character,
    Exit,
    Object,
    Room,
    Thing,
    create_object,
    search_object,
)
from everdoor_server.scripts import Delay, Script, create_script, delay, search_script
from everdoor_server.session import ServerSession
from everdoor_server.sessionhandler import ServerSessionHandler
from everdoor_server.waits import ask, authenticate, create_account, create_guest, sleep

__all__ = [
    "Account",
    "CallRefused",
    "Character",
    "CmdSet",
    "Command",
    "Delay",
    "Exit",
    "Game",
    "Object",
    "Room",
    "SESSIONS",
    "SESSION_HANDLER",
    "Script",
    "ServerSession",
    "ServerSessionHandler",
    "Table",
    "Thing",
    "UserError",
    "ask",
    "authenticate",
    "before_login",
    "create_account",
    "create_guest",
    "create_object",
    "create_script",
    "default_cmds",
    "delay",
    "inert",
    "search_object",
    "search_script",
    "sleep",
    "syscmdkeys",
]
