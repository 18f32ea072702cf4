"""The command with which players say what their client is to be taken for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from everdoor.encodings import encoding_name
from everdoor.errors import UserError
from everdoor.markup.tables import Table
from everdoor.markup.tags import escape
from everdoor_server.commands.default.muxcommand import MuxAccountCommand
from everdoor_server.puppeting import SAVED_FLAGS

LONGEST_TEXT = 64
LARGEST_SIZE = 1000


def _boolean(text: str) -> bool:
    """As in Evennia: what is not one of these is off."""
    return text.lower() in ("true", "on", "1")


def _size(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text[:9]) <= LARGEST_SIZE:
        raise UserError(f"expected 1 to {LARGEST_SIZE}, got '{escape(text)}'")
    return int(text)


def _encoding(text: str) -> str:
    name = encoding_name(text)
    if name is None:
        raise UserError(f"The encoding '|w{escape(text)}|n' is invalid.")
    return name


def _text(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise UserError(f"expected at most {LONGEST_TEXT} characters, got {len(text)}")
    return text


OPTIONS: dict[str, Callable[[str], Any]] = {
    "ANSI": _boolean,
    "CLIENTNAME": _text,
    "ENCODING": _encoding,
    "MXP": _boolean,
    "NOCOLOR": _boolean,
    "NOGOAHEAD": _boolean,
    "NOXTERM256": _boolean,
    "RAW": _boolean,
    "SCREENHEIGHT": _size,
    "SCREENREADER": _boolean,
    "SCREENWIDTH": _size,
    "TERM": _text,
    "TRUECOLOR": _boolean,
    "UTF-8": _boolean,
    "WRAP": _boolean,
    "XTERM256": _boolean,
}
"""Flags that a player may set, and what makes a value of what was typed."""


class CmdOption(MuxAccountCommand):
    """
    see and change how the game treats your client

    Usage:
      option
      option <name> = <value>
      option/save [<name> = <value>]
      option/clear [<name> = <value>]

    With /save the options hold at every login of yours, with /clear they do so
    no longer; without a name all of them. Clients differ: what is saved for one
    may not suit another.
    """

    key = "option"
    aliases = ("options",)
    switch_options = ("save", "clear")

    def func(self) -> None:
        if self.session is None:
            return
        if not self.args:
            self._all()
        elif not self.rhs:
            self.msg("Usage: option [name = [value]]")
        elif (name := self.lhs.upper()) not in OPTIONS:
            self.msg(f"|rNo option named '|w{escape(name)}|r'.")
        else:
            self._set(name, self.rhs)

    @property
    def _saved(self) -> dict[str, Any]:
        return dict(self.account.attributes.get(SAVED_FLAGS) or {})

    def _save(self, saved: dict[str, Any]) -> None:
        self.account.attributes.add(SAVED_FLAGS, saved)

    def _all(self) -> None:
        assert self.session is not None, "checked before"
        flags = self.session.protocol_flags
        if "save" in self.switches:
            self._save({name: flags[name] for name in OPTIONS if name in flags})
            self.msg("|gSaved all options. Use option/clear to remove.|n")
        if "clear" in self.switches:
            self._save({})
            self.msg("|gCleared all saved options.")
        self.msg(f"|wClient settings ({self.session.protocol_key}):|n\n{self._table(flags)}")

    def _table(self, flags: dict[str, Any]) -> str:
        saved = self._saved
        rows = [
            [name, escape(str(flags[name])), _mark(name, flags, saved)] for name in sorted(flags)
        ]
        head = ["Name", "Value", "Saved"]
        if not saved:
            head, rows = head[:2], [row[:2] for row in rows]
        return Table(*head, rows=rows, cut=True).text_for(self.session)

    def _set(self, name: str, text: str) -> None:
        assert self.session is not None, "checked before"
        before = _in_effect(name, self.session.protocol_flags)
        try:
            value = OPTIONS[name](text)
        except UserError as exc:
            self.msg(f"|rCould not set option |w{name}|r:|n {exc}")
            return
        told = (escape(str(before)), escape(str(value)))
        if value == before:
            self.msg(f"Option |w{name}|n was kept as '|w{told[0]}|n'.")
        else:
            self.session.update_flags(**{name: value})
            self.msg(f"Option |w{name}|n was changed from '|w{told[0]}|n' to '|w{told[1]}|n'.")
        if "save" in self.switches:
            self._save({**self._saved, name: value})
            self.msg(f"|gSaved option {name}.|n")
        if "clear" in self.switches:
            self._save({key: kept for key, kept in self._saved.items() if key != name})
            self.msg(f"|gCleared saved {name}.")


def _in_effect(name: str, flags: dict[str, Any]) -> Any:
    """A flag's value; until a player says otherwise, lines are broken for who tells a width."""
    return flags.get(name, flags.get("NAWS", False) if name == "WRAP" else False)


def _mark(name: str, flags: dict[str, Any], saved: dict[str, Any]) -> str:
    if name not in saved:
        return ""
    return "|YYes|n" if flags[name] == saved[name] else "|YYes|n|y*|n"
