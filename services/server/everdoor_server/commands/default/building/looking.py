"""Commands of builders that tell all about something, and find it."""

from __future__ import annotations

from typing import Any

from everdoor.markup.tags import escape
from everdoor_server.commands.cmdsethandler import path_of
from everdoor_server.commands.default.building.parts import BuildingCommand, shown
from everdoor_server.commands.default.building.values import tag_shown, value_shown

LONGEST_VALUE = 200
MOST_LISTED = 50
MOST_FOUND = 100


class CmdExamine(BuildingCommand):
    """
    see all about something

    Usage:
      examine
      examine <thing>
      examine <thing>/<attribute>

    Without a name it is the place where you are. With an attribute it shows
    the whole value of it.
    """

    key = "examine"
    aliases = ("ex", "exam")

    def func(self) -> None:
        name, _, attribute = (part.strip() for part in self.args.partition("/"))
        thing = self.target(name or "here", "examine")
        if thing is None:
            return
        if attribute:
            found = thing.attributes.has(attribute)
            value = value_shown(thing.attributes.get(attribute)) if found else "not set"
            self.msg(f"{shown(thing)}/{escape(attribute)}: {value}")
        else:
            self.msg(("\n".join(_lines(thing)), {"type": "examine"}))


class CmdFind(BuildingCommand):
    """
    find things anywhere in the world

    Usage:
      find <name>
      find #<id>
      find/tag <tag>[:<category>]

    A name is the whole name or an alias of what is looked for.
    """

    key = "find"
    switch_options = ("tag",)

    def func(self) -> None:
        if not self.args:
            self.msg("Usage: find[/tag] <name, #id or tag>")
            return
        if "tag" in self.switches:
            tag, _, category = (part.strip() for part in self.args.partition(":"))
            found = self.game.objects.find(tag=tag, category=category)
        else:
            found = self.game.objects.find(self.args)
        if not found:
            self.msg(f"Nothing is called '{escape(self.args)}'.")
            return
        lines = [f"  {shown(each)} in {shown(each.location)}" for each in found[:MOST_FOUND]]
        more = [f"  and {len(found) - MOST_FOUND} more"] if len(found) > MOST_FOUND else []
        self.msg("\n".join([f"{len(found)} found:", *lines, *more]))


def _lines(thing: Any) -> list[str]:
    facts = [
        ("Name", shown(thing)),
        ("Aliases", ", ".join(thing.aliases.all())),
        ("Class", thing.typeclass_path),
        ("Location", shown(thing.location) if thing.location_id else ""),
        ("Home", shown(thing.home) if thing.home_id else ""),
        ("Leads to", shown(thing.destination) if thing.destination_id else ""),
        ("Played by", f"{thing.account} in {_sessions(thing)}" if thing.account else ""),
        ("Permissions", ", ".join(thing.permissions.all())),
        ("Tags", escape(", ".join(tag_shown(*pair) for pair in thing.tags.pairs()))),
        ("Command sets", ", ".join(_cmdsets(thing))),
        ("Locks", escape("; ".join(thing.locks.all()))),
    ]
    lines = [f"|w{name}|n: {value}" for name, value in facts if value]
    lines += _section("Attributes", [_attribute(thing, name) for name in thing.attributes.names()])
    lines += _section("Exits", [f"{shown(way)} to {shown(way.destination)}" for way in thing.exits])
    inside = [each for each in thing.contents if each.destination_id is None]
    return [*lines, *_section("Contents", [shown(each) for each in inside])]


def _section(name: str, listed: list[str]) -> list[str]:
    if not listed:
        return []
    more = [f"  and {len(listed) - MOST_LISTED} more"] if len(listed) > MOST_LISTED else []
    return [f"|w{name}|n:", *[f"  {each}" for each in listed[:MOST_LISTED]], *more]


def _attribute(thing: Any, name: str) -> str:
    value = value_shown(thing.attributes.get(name))
    cut = f"{value[:LONGEST_VALUE].rstrip('|')} ..." if len(value) > LONGEST_VALUE else value
    return f"{escape(name)} = {cut}"


def _sessions(thing: Any) -> str:
    numbers = ", ".join(str(session.sessid) for session in thing.sessions.all())
    return f"session {numbers}"


def _cmdsets(thing: Any) -> list[str]:
    return [path_of(cmdset) for cmdset in thing.cmdset.sets] if thing.has_cmdsets else []
