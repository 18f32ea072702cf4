"""The shipped commands, `die` and `hang`, and `forget`, which breaks a promise that games make."""

from __future__ import annotations

import os
import signal

from everdoor_server.commands.command import Command
from everdoor_server.commands.default import cmdsets


class CmdDie(Command):
    """Kills the server."""

    key = "die"

    def func(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class CmdHang(Command):
    """Keeps the server busy for ever."""

    key = "hang"

    def func(self) -> None:
        while True:
            pass


class CharacterCmdSet(cmdsets.CharacterCmdSet):
    """What a puppet can do here."""

    def at_cmdset_creation(self) -> None:
        super().at_cmdset_creation()
        self.add(CmdDie)
        self.add(CmdHang)
