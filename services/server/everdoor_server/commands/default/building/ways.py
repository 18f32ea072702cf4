"""Commands of builders that make rooms and the ways between them."""

from __future__ import annotations

from typing import Final

from everdoor.errors import UserError
from everdoor.markup.tags import escape
from everdoor_server.commands.default.building.parts import (
    BuildingCommand,
    Named,
    aliases_shown,
    read_named,
    shown,
)
from everdoor_server.objects import Exit, Object, Room

DIRECTIONS: Final = {
    "n": ("north", "s"),
    "ne": ("northeast", "sw"),
    "e": ("east", "w"),
    "se": ("southeast", "nw"),
    "s": ("south", "n"),
    "sw": ("southwest", "ne"),
    "w": ("west", "e"),
    "nw": ("northwest", "se"),
    "u": ("up", "d"),
    "d": ("down", "u"),
    "i": ("in", "o"),
    "o": ("out", "i"),
}
"""Directions by their short names: the long one, and the way back."""

SOME_PLACE = "Some place"
"""A room that was dug without a name."""


class _WayCommand(BuildingCommand):
    """What makes ways."""

    def here(self) -> Object:
        """Where the builder stands.

        Raises:
            UserError: Nowhere.
        """
        place: Object | None = self.caller.location
        if place is None:
            raise UserError("You are nowhere; there can be no ways from there.")
        return place

    def open(self, way: Named, source: Object, destination: Object) -> None:
        """Make a way and say so."""
        made = self.made(way, location=source, destination=destination)
        self.msg(
            f"Created exit {shown(made)}{aliases_shown(way.aliases)} from {shown(source)} to "
            f"{shown(destination)}."
        )

    def dig(self, room: Named) -> Object:
        """Make a room and say so."""
        made = self.made(room)
        self.msg(f"Created room {shown(made)}{aliases_shown(room.aliases)}.")
        return made


def _refuse_second(source: Object, way: Named) -> None:
    """A way must be told from the others: whoever names one of two is asked which."""
    names = [name.casefold() for name in (way.key, *way.aliases)]
    for there in source.exits:
        if clash := set(names) & set(there.folded_names()):
            raise UserError(
                f"There is a way '{clash.pop()}' in {shown(source)} already: {shown(there)}. "
                "Give this one another name, or destroy that one."
            )


class CmdDig(_WayCommand):
    """
    make a room, and ways to it and back

    Usage:
      dig[/teleport] <room> [= <exit> [, <exit back>]]

    Switches:
      teleport - go there

    Names may have aliases and a class: <name>;<alias>;<alias>:<class>

    Examples:
      dig House = house;h, out;o
      dig/tel Cellar:rooms.DarkRoom = down;d, up;u
    """

    key = "dig"
    switch_options = ("teleport",)

    def func(self) -> None:
        if not self.lhs:
            self.msg("Usage: dig[/teleport] <room>[;alias][:class] [= <exit> [, <exit back>]]")
            return
        room, ways = read_named(self.lhs, Room), [read_named(each, Exit) for each in self.rhslist]
        if len(ways) > 2:
            raise UserError(f"dig makes a way there and one back, not {len(ways)} ways.")
        if ways:
            _refuse_second(self.here(), ways[0])
        made = self.dig(room)
        if ways:
            self.open(ways[0], self.here(), made)
        if len(ways) > 1:
            self.open(ways[1], made, self.here())
        if "teleport" in self.switches:
            self.caller.move_to(made, move_type="teleport")


class CmdTunnel(_WayCommand):
    """
    make a room in a direction, with ways there and back

    Usage:
      tunnel[/switches] <direction> [= <room>[;alias][:class]]

    Switches:
      oneway   - no way back
      teleport - go there

    Directions: n, ne, e, se, s, sw, w, nw, u (up), d (down), i (in), o (out).

    Examples:
      tunnel n = House by the sea
      tunnel/tel down = Cellar
    """

    key = "tunnel"
    aliases = ("tun",)
    switch_options = ("oneway", "teleport")

    def func(self) -> None:
        short = _direction(self.lhs)
        room = read_named(self.rhs or SOME_PLACE, Room)
        there, back = _way(short), _way(DIRECTIONS[short][1])
        here = self.here()
        _refuse_second(here, there)
        made = self.dig(room)
        self.open(there, here, made)
        if "oneway" not in self.switches:
            self.open(back, made, here)
        if "teleport" in self.switches:
            self.caller.move_to(made, move_type="teleport")


class CmdOpen(_WayCommand):
    """
    open a way from here to a room that there is

    Usage:
      open <exit> [, <exit back>] = <room>

    Names may have aliases and a class: <name>;<alias>;<alias>:<class>

    Example:
      open gate;g, gate;g = #12
    """

    key = "open"

    def func(self) -> None:
        if not self.lhslist or not self.rhs:
            self.msg("Usage: open <exit>[;alias][:class] [, <exit back>] = <room>")
            return
        ways = [read_named(each, Exit) for each in self.lhslist]
        if len(ways) > 2:
            raise UserError(f"open makes a way there and one back, not {len(ways)} ways.")
        here, destination = self.here(), self.place(self.rhs)
        if destination is None:
            return
        pairs = [(here, destination), (destination, here)]
        for way, (source, _) in zip(ways, pairs, strict=False):
            _refuse_second(source, way)
        for way, (source, target) in zip(ways, pairs, strict=False):
            self.open(way, source, target)


class CmdLink(BuildingCommand):
    """
    say where a way leads

    Usage:
      link <exit>
      link <exit> = <room>

    Without a room it tells where it leads now.
    """

    key = "link"

    def func(self) -> None:
        if not self.lhs:
            self.msg("Usage: link <exit> [= <room>]")
            return
        way = self.target(self.lhs)
        if way is None:
            return
        if self.rhs is None:
            self.msg(f"{shown(way)} leads to {shown(way.destination)}.")
            return
        destination = self.place(self.rhs) if self.rhs else None
        if destination is None:
            if not self.rhs:
                self.msg("Usage: link <exit> = <room>; to have it lead nowhere: unlink <exit>")
            return
        if not isinstance(way, Exit):
            raise UserError(f"{shown(way)} is no exit; make one with: open <exit> = <room>")
        way.destination = destination
        self.msg(f"{shown(way)} leads to {shown(destination)} now.")


class CmdUnLink(BuildingCommand):
    """
    have a way lead nowhere

    Usage:
      unlink <exit>

    It can then not be walked until it is linked again.
    """

    key = "unlink"

    def func(self) -> None:
        if not self.args:
            self.msg("Usage: unlink <exit>")
            return
        way = self.target(self.args)
        if way is None:
            return
        if way.destination is None:
            raise UserError(f"{shown(way)} leads nowhere already.")
        former = way.destination
        way.destination = None
        self.msg(f"{shown(way)} leads to {shown(former)} no more.")


def _direction(text: str) -> str:
    """The short name of a direction.

    Raises:
        UserError: It is none.
    """
    typed = text.lower()
    for short, (long, _) in DIRECTIONS.items():
        if typed in (short, long):
            return short
    expected = ", ".join(DIRECTIONS)
    raise UserError(f"tunnel goes in one of the directions {expected}, not '{escape(text)}'.")


def _way(short: str) -> Named:
    return Named(DIRECTIONS[short][0], [short], Exit)
