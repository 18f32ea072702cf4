"""The command sets that ship; settings name those of a world."""

from __future__ import annotations

from everdoor_server.commands.cmdset import CmdSet
from everdoor_server.commands.default import (
    account,
    bans,
    channels,
    characters,
    clock,
    colours,
    general,
    help,
    options,
    pages,
    passwords,
    permissions,
    python,
    speech,
    staff,
    system,
    unloggedin,
)
from everdoor_server.commands.default.building import looking, things, values, ways


class UnloggedinCmdSet(CmdSet):
    """What a session has before its login."""

    key = "DefaultUnloggedin"
    priority = 0

    def at_cmdset_creation(self) -> None:
        self.add(
            [
                unloggedin.CmdUnconnectedStart,
                unloggedin.CmdUnconnectedConnect,
                unloggedin.CmdUnconnectedCreate,
                unloggedin.CmdUnconnectedLook,
                unloggedin.CmdUnconnectedHelp,
                unloggedin.CmdUnconnectedEncoding,
                unloggedin.CmdUnconnectedScreenreader,
                unloggedin.CmdUnconnectedInfo,
                unloggedin.CmdUnconnectedQuit,
                unloggedin.CmdIdle,
            ]
        )


class SessionCmdSet(CmdSet):
    """What a session has after its login, whatever it controls."""

    key = "DefaultSession"
    priority = -20

    def at_cmdset_creation(self) -> None:
        self.add([account.CmdSessions, unloggedin.CmdIdle])


class AccountCmdSet(CmdSet):
    """What an account can do, with a puppet or without."""

    key = "DefaultAccount"
    priority = -10

    def at_cmdset_creation(self) -> None:
        self.add(
            [
                account.CmdOOCLook,
                account.CmdIC,
                account.CmdOOC,
                account.CmdWho,
                account.CmdQuit,
                characters.CmdCharCreate,
                characters.CmdCharDelete,
                channels.CmdChannel,
                pages.CmdPage,
                options.CmdOption,
                colours.CmdColor,
                clock.CmdTime,
                passwords.CmdPassword,
                passwords.CmdUserPassword,
                system.CmdReload,
                system.CmdReset,
                system.CmdShutdown,
                python.CmdPy,
                help.CmdHelp,
            ]
        )


class CharacterCmdSet(CmdSet):
    """What a puppet can do."""

    key = "DefaultCharacter"
    priority = 0

    def at_cmdset_creation(self) -> None:
        self.add(
            [
                general.CmdLook,
                general.CmdInventory,
                general.CmdGet,
                general.CmdDrop,
                general.CmdGive,
                general.CmdHome,
                general.CmdSetDesc,
                speech.CmdSay,
                speech.CmdPose,
                speech.CmdWhisper,
                speech.CmdThink,
                ways.CmdDig,
                ways.CmdTunnel,
                ways.CmdOpen,
                ways.CmdLink,
                ways.CmdUnLink,
                things.CmdCreate,
                things.CmdDesc,
                things.CmdName,
                things.CmdSetObjAlias,
                things.CmdDestroy,
                things.CmdTeleport,
                things.CmdSetHome,
                values.CmdSetAttribute,
                values.CmdTag,
                values.CmdLock,
                looking.CmdExamine,
                looking.CmdFind,
                permissions.CmdPerm,
                staff.CmdBoot,
                staff.CmdWall,
                staff.CmdForce,
                staff.CmdEmit,
                bans.CmdBan,
                bans.CmdUnban,
            ]
        )
