"""The shipped commands, `die` and `hang`, and `note` and `notes`, which use the session."""

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


class CmdNote(Command):
    """Keeps a word with the session."""

    key = "note"

    def func(self) -> None:
        self.session.server_data["note"] = self.args.strip()
        self.session.touch()
        self.msg("Noted.")


class CmdNotes(Command):
    """Shows it."""

    key = "notes"

    def func(self) -> None:
        self.msg(f"You noted: {self.session.server_data.get('note')}.")


class CharacterCmdSet(cmdsets.CharacterCmdSet):
    """What a puppet can do here."""

    def at_cmdset_creation(self) -> None:
        super().at_cmdset_creation()
        self.add(CmdDie)
        self.add(CmdHang)
        self.add(CmdNote)
        self.add(CmdNotes)
