"""The commands that ship and their sets; games build on them as `default_cmds`."""

from everdoor_server.commands.default.account import (
    CmdIC,
    CmdOOC,
    CmdOOCLook,
    CmdQuit,
    CmdSessions,
    CmdWho,
)
from everdoor_server.commands.default.cmdsets import (
    AccountCmdSet,
    CharacterCmdSet,
    SessionCmdSet,
    UnloggedinCmdSet,
)
from everdoor_server.commands.default.general import (
    CmdDrop,
    CmdGet,
    CmdInventory,
    CmdLook,
    CmdPose,
    CmdSay,
    CmdThink,
)
from everdoor_server.commands.default.help import CmdHelp
from everdoor_server.commands.default.muxcommand import MuxAccountCommand, MuxCommand
from everdoor_server.commands.default.unloggedin import (
    CmdIdle,
    CmdUnconnectedConnect,
    CmdUnconnectedCreate,
    CmdUnconnectedHelp,
    CmdUnconnectedLook,
    CmdUnconnectedQuit,
    CmdUnconnectedStart,
)
from everdoor_server.commands.exits import ExitCmdSet, ExitCommand

__all__ = [
    "AccountCmdSet",
    "CharacterCmdSet",
    "CmdDrop",
    "CmdGet",
    "CmdHelp",
    "CmdIC",
    "CmdIdle",
    "CmdInventory",
    "CmdLook",
    "CmdOOC",
    "CmdOOCLook",
    "CmdPose",
    "CmdQuit",
    "CmdSay",
    "CmdSessions",
    "CmdThink",
    "CmdUnconnectedConnect",
    "CmdUnconnectedCreate",
    "CmdUnconnectedHelp",
    "CmdUnconnectedLook",
    "CmdUnconnectedQuit",
    "CmdUnconnectedStart",
    "CmdWho",
    "ExitCmdSet",
    "ExitCommand",
    "MuxAccountCommand",
    "MuxCommand",
    "SessionCmdSet",
    "UnloggedinCmdSet",
]
