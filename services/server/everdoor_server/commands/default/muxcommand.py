"""The form of the commands that ship: `name/switch/switch left = right`."""

from __future__ import annotations

import re

from everdoor_server.commands.command import Command

WHOLE_WORD = r"[/\s]|$"
"""`arg_regex` of a command that needs a space, a switch or nothing behind its name."""


class MuxCommand(Command):
    """A command that splits what follows its name.

    Attributes:
        switch_options: Switches that it knows; others are refused before it runs.
        switches: Those typed, in lower case.
        args: The rest, without space around; `lhs` and `rhs` its sides of the first `=` (`rhs` is
            None without one), `lhslist` and `rhslist` these split at commas, `arglist` its words.
        raw: All that follows the name, as typed.
    """

    arg_regex: str | re.Pattern[str] | None = WHOLE_WORD
    switch_options: tuple[str, ...] = ()

    switches: list[str]
    raw: str
    arglist: list[str]
    lhs: str
    rhs: str | None

    def parse(self) -> None:
        args, self.switches = self.args, []
        self.raw = args
        if args[:1] == "/":
            head, _, args = args[1:].partition(" ")
            self.switches = [switch for switch in head.lower().split("/") if switch]
        self.args = args = args.strip()
        self.arglist = args.split()
        self.lhs, self.rhs = args, None
        if "=" in args:
            lhs, _, rhs = args.partition("=")
            self.lhs, self.rhs = lhs.strip(), rhs.strip()

    @property
    def lhslist(self) -> list[str]:
        return _list(self.lhs)

    @property
    def rhslist(self) -> list[str]:
        return _list(self.rhs or "")

    def unknown_switches(self) -> bool:
        """Tell the caller when a switch was typed that the command does not know."""
        unknown = [switch for switch in self.switches if switch not in self.switch_options]
        if unknown:
            known = ", ".join(self.switch_options) or "none"
            self.msg(f"{self.key}: no switch /{unknown[0]}; it knows {known}.")
        return bool(unknown)


class MuxAccountCommand(MuxCommand):
    """A MuxCommand whose caller is the account, with a puppet or without."""

    account_caller = True


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
