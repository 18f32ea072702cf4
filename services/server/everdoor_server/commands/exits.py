"""Walking: every exit of a place is a command there, by its name and aliases."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from everdoor_server.commands.cmdset import EXIT_CMDSET_KEY, EXIT_CMDSET_PRIORITY, CmdSet
from everdoor_server.commands.command import Command


class ExitCommand(Command):
    """Goes through the exit that it is made from (`obj`)."""

    arg_regex = r"\s*$"
    auto_help = False

    def func(self) -> None:
        way, caller = self.obj, self.caller
        destination = way.destination
        if destination is not None and way.access(caller, "traverse"):
            way.at_traverse(caller, destination)
        elif way.db.err_traverse:
            self.msg(way.db.err_traverse)
        else:
            way.at_failed_traverse(caller)


class ExitCmdSet(CmdSet):
    """The ways out of one place, as commands."""

    key = EXIT_CMDSET_KEY
    priority = EXIT_CMDSET_PRIORITY
    duplicates = True

    @classmethod
    def of(cls, exits: Iterable[Any]) -> ExitCmdSet:
        """Make the set of some exits; those with the same name stay side by side."""
        made = cls()
        made.add([_command(way) for way in exits], allow_duplicates=True)
        return made


def _command(way: Any) -> ExitCommand:
    return ExitCommand(key=way.key, aliases=list(way.aliases), locks=way.locks.get("cmd"), obj=way)
