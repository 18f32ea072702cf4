"""The form of the commands that ship: `name/switch/switch left = right`."""

from __future__ import annotations

import re

from everdoor.errors import UserError
from everdoor.markup.tags import escape
from everdoor_server.commands.command import Command

WHOLE_WORD = r"[/\s]|$"
"""`arg_regex` of a command that needs a space, a switch or nothing behind its name."""


class MuxCommand(Command):
    """A command that splits what follows its name.

    Attributes:
        switch_options: Switches that it knows; others are refused before it runs. The beginning of
            one is enough where no other begins so. None: whatever is typed is taken.
        rhs_split: What divides the two sides, tried in this order; a word has spaces around it.
        switches: Those typed, in lower case.
        args: The rest, without space around; `lhs` and `rhs` its sides (`rhs` is None where
            nothing divides them), `lhslist` and `rhslist` these split at commas, `arglist` its
            words.
        raw: All that follows the name, as typed.
    """

    arg_regex: str | re.Pattern[str] | None = WHOLE_WORD
    switch_options: tuple[str, ...] | None = None
    rhs_split: tuple[str, ...] = ("=",)

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
            typed = [switch for switch in head.lower().split("/") if switch]
            self.switches = [self._known(switch) for switch in typed]
        self.args = args = args.strip()
        self.arglist = args.split()
        self.lhs, self.rhs = args, None
        for divider in self.rhs_split:
            if divider in args:
                lhs, _, rhs = args.partition(divider)
                self.lhs, self.rhs = lhs.strip(), rhs.strip()
                return

    @property
    def lhslist(self) -> list[str]:
        return _list(self.lhs)

    @property
    def rhslist(self) -> list[str]:
        return _list(self.rhs or "")

    def _known(self, switch: str) -> str:
        """The switch that was meant.

        Raises:
            UserError: None of those that there are.
        """
        options = self.switch_options
        if options is None or switch in options:
            return switch
        begun = [option for option in options if option.startswith(switch)]
        if len(begun) == 1:
            return begun[0]
        known = ", ".join(options) or "none"
        raise UserError(f"{self.key}: no switch /{escape(switch)}; it knows {known}.")


class MuxAccountCommand(MuxCommand):
    """A MuxCommand whose caller is the account, with a puppet or without."""

    account_caller = True


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
