"""The commands that ship and their sets; games build on them as `default_cmds`."""

from everdoor_server.commands.default.account import (
    CmdIC,
    CmdOOC,
    CmdOOCLook,
    CmdQuit,
    CmdSessions,
    CmdWho,
)
from everdoor_server.commands.default.bans import CmdBan, CmdUnban
from everdoor_server.commands.default.building.looking import CmdExamine, CmdFind
from everdoor_server.commands.default.building.things import (
    CmdCreate,
    CmdDesc,
    CmdDestroy,
    CmdName,
    CmdSetHome,
    CmdSetObjAlias,
    CmdTeleport,
)
from everdoor_server.commands.default.building.values import CmdLock, CmdSetAttribute, CmdTag
from everdoor_server.commands.default.building.ways import (
    CmdDig,
    CmdLink,
    CmdOpen,
    CmdTunnel,
    CmdUnLink,
)
from everdoor_server.commands.default.channels import CmdChannel
from everdoor_server.commands.default.characters import CmdCharCreate, CmdCharDelete
from everdoor_server.commands.default.clock import CmdTime
from everdoor_server.commands.default.cmdsets import (
    AccountCmdSet,
    CharacterCmdSet,
    SessionCmdSet,
    UnloggedinCmdSet,
)
from everdoor_server.commands.default.colours import CmdColor
from everdoor_server.commands.default.general import (
    CmdDrop,
    CmdGet,
    CmdGive,
    CmdHome,
    CmdInventory,
    CmdLook,
    CmdSetDesc,
)
from everdoor_server.commands.default.help import CmdHelp
from everdoor_server.commands.default.muxcommand import MuxAccountCommand, MuxCommand
from everdoor_server.commands.default.options import CmdOption
from everdoor_server.commands.default.pages import CmdPage
from everdoor_server.commands.default.passwords import CmdPassword, CmdUserPassword
from everdoor_server.commands.default.permissions import CmdPerm
from everdoor_server.commands.default.python import CmdPy
from everdoor_server.commands.default.speech import CmdPose, CmdSay, CmdThink, CmdWhisper
from everdoor_server.commands.default.staff import CmdBoot, CmdEmit, CmdForce, CmdWall
from everdoor_server.commands.default.system import CmdReload, CmdReset, CmdShutdown
from everdoor_server.commands.default.unloggedin import (
    CmdIdle,
    CmdUnconnectedConnect,
    CmdUnconnectedCreate,
    CmdUnconnectedEncoding,
    CmdUnconnectedHelp,
    CmdUnconnectedInfo,
    CmdUnconnectedLook,
    CmdUnconnectedQuit,
    CmdUnconnectedScreenreader,
    CmdUnconnectedStart,
)
from everdoor_server.commands.exits import ExitCmdSet, ExitCommand

__all__ = [
    "AccountCmdSet",
    "CharacterCmdSet",
    "CmdBan",
    "CmdBoot",
    "CmdChannel",
    "CmdCharCreate",
    "CmdCharDelete",
    "CmdColor",
    "CmdCreate",
    "CmdDesc",
    "CmdDestroy",
    "CmdDig",
    "CmdDrop",
    "CmdEmit",
    "CmdExamine",
    "CmdFind",
    "CmdForce",
    "CmdGet",
    "CmdGive",
    "CmdHelp",
    "CmdHome",
    "CmdIC",
    "CmdIdle",
    "CmdInventory",
    "CmdLink",
    "CmdLock",
    "CmdLook",
    "CmdName",
    "CmdOOC",
    "CmdOOCLook",
    "CmdOpen",
    "CmdOption",
    "CmdPage",
    "CmdPassword",
    "CmdPerm",
    "CmdPose",
    "CmdPy",
    "CmdQuit",
    "CmdReload",
    "CmdReset",
    "CmdSay",
    "CmdSessions",
    "CmdSetAttribute",
    "CmdSetDesc",
    "CmdSetHome",
    "CmdSetObjAlias",
    "CmdShutdown",
    "CmdTag",
    "CmdTeleport",
    "CmdThink",
    "CmdTunnel",
    "CmdTime",
    "CmdUnLink",
    "CmdUnban",
    "CmdUnconnectedConnect",
    "CmdUnconnectedCreate",
    "CmdUnconnectedEncoding",
    "CmdUnconnectedHelp",
    "CmdUnconnectedInfo",
    "CmdUnconnectedLook",
    "CmdUnconnectedQuit",
    "CmdUnconnectedScreenreader",
    "CmdUnconnectedStart",
    "CmdUserPassword",
    "CmdWall",
    "CmdWhisper",
    "CmdWho",
    "ExitCmdSet",
    "ExitCommand",
    "MuxAccountCommand",
    "MuxCommand",
    "SessionCmdSet",
    "UnloggedinCmdSet",
]
