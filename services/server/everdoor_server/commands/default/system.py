"""Commands for those who run the game: reload, reset and shut down the server."""

from __future__ import annotations

from typing import ClassVar

from everdoor_server.commands.default.muxcommand import MuxCommand
from everdoor_server.restarts import Ending
from everdoor_server.session import ServerSession


class _RestartCommand(MuxCommand):
    """What the three have in common: they ask, and who asked is told how it went."""

    help_category = "System"
    ending: ClassVar[Ending]
    begun: ClassVar[str]

    def func(self) -> None:
        session = self.session
        assert isinstance(session, ServerSession), "typed by somebody"
        self.msg(self.begun)
        self.game.ask_restart(self.ending, session)


class CmdReload(_RestartCommand):
    """
    load the game's code anew

    Usage:
      reload

    Everybody stays: what they type meanwhile is done by the new code. Code that
    cannot be loaded is refused, and the old code runs on.
    """

    key = "reload"
    aliases = ["restart"]
    locks = "cmd:perm(reload) or perm(Developer)"
    ending = Ending.RELOAD
    begun = "Reloading ..."


class CmdReset(_RestartCommand):
    """
    load the game's code anew and put everybody back into their characters

    Usage:
      reset

    As `reload`, but characters are left and taken again, as after a stop.
    """

    key = "reset"
    locks = "cmd:perm(reload) or perm(Developer)"
    ending = Ending.RESET
    begun = "Resetting ..."


class CmdShutdown(_RestartCommand):
    """
    stop the game server

    Usage:
      shutdown

    Connections are kept for a while; an operator starts the server again with
    `everdoor server start`.
    """

    key = "shutdown"
    locks = "cmd:perm(shutdown) or perm(Developer)"
    ending = Ending.STOP
    begun = "Shutting down ..."
