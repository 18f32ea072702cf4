"""The help command: what can be typed now, and what it does."""

from __future__ import annotations

from collections import defaultdict
from inspect import cleandoc
from typing import Any

from everdoor.markup.layout import wrap
from everdoor.markup.tags import escape
from everdoor_server.commands.command import Command
from everdoor_server.commands.default.muxcommand import MuxCommand

MIN_WIDTH = 30
"""Narrower windows wrap long lists by themselves."""


class CmdHelp(MuxCommand):
    """
    get help

    Usage:
      help
      help <command>
      help <category>

    Without a name it lists what you can type now.
    """

    key = "help"
    aliases = ("?", "h")

    def func(self) -> None:
        topic = self.args.lower()
        if not topic:
            self.msg((self._overview(), {"type": "help"}))
            return
        found = next((one for one in self._commands() if topic in one.names), None)
        if found is not None:
            self.msg((self._entry(found), {"type": "help"}))
        elif topic in self._categories():
            self.msg((self._overview(topic), {"type": "help"}))
        else:
            self.msg(self._no_such(topic))

    def _commands(self) -> list[Command]:
        return [one for one in self.cmdset if one.auto_help and one.access(self.caller)]

    def _categories(self) -> dict[str, list[str]]:
        categories: dict[str, list[str]] = defaultdict(list)
        for command in self._commands():
            categories[command.help_category].append(command.key)
        return categories

    def _overview(self, only: str = "") -> str:
        width = max(MIN_WIDTH, self.client_width())
        parts = [
            "\n".join([f"|w{category.capitalize()}|n", *_wrapped(sorted(names), width)])
            for category, names in sorted(self._categories().items())
            if only in ("", category)
        ]
        return "\n\n".join([*parts, "|whelp <command>|n says more."])

    def _entry(self, command: Command) -> str:
        aliases = f" (aliases: {', '.join(command.aliases)})" if command.aliases else ""
        text = cleandoc(command.get_help(self.caller, self.cmdset))
        return f"|wHelp for {command.key}|n{aliases}\n\n{text}"

    def _no_such(self, topic: str) -> str:
        near = self.cmdset.suggest(topic, self._listed)
        maybe = f" Maybe you meant {' or '.join(near)}?" if near else ""
        return f"There is no help on '{escape(topic)}'.{maybe}"

    def _listed(self, command: Any) -> bool:
        return bool(command.auto_help and command.access(self.caller))


def _wrapped(names: list[str], width: int) -> list[str]:
    return wrap(", ".join(map(escape, names)), width, indent="  ")
