"""Commands of builders that make, name, describe and destroy things, and move them about."""

from __future__ import annotations

from typing import Any

from everdoor.errors import UserError
from everdoor.names import check_name
from everdoor_server.commands.default.building.parts import (
    BuildingCommand,
    aliases_shown,
    read_name,
    read_named,
    shown,
)
from everdoor_server.objects import START_LABEL, Character, Object, Thing

YES = ("y", "yes")


class CmdCreate(BuildingCommand):
    """
    make things

    Usage:
      create[/drop] <thing>[;alias][:class] [, <thing> ...]

    Switches:
      drop - put them down here, instead of into your hands

    Examples:
      create lamp;light
      create/drop chest:things.Chest, rug
    """

    key = "create"
    switch_options = ("drop",)

    def func(self) -> None:
        wanted = [read_named(each, Object if ":" in each else Thing) for each in self.lhslist]
        if not wanted:
            self.msg("Usage: create[/drop] <thing>[;alias][:class] [, <thing> ...]")
            return
        caller = self.caller
        to = caller.location if "drop" in self.switches and caller.location else caller
        home = caller.location or caller.home
        for each in wanted:
            made = self.made(each, location=to, home=home)
            self.msg(f"Created {shown(made)}{aliases_shown(each.aliases)}.")


class CmdDesc(BuildingCommand):
    """
    describe a place or a thing

    Usage:
      desc <description>
      desc <thing> = <description>
      desc <thing> =

    Without a thing it describes the place where you are; with nothing behind
    the = what it is like by nature is shown again. ||/ in it begins a line.
    """

    key = "desc"

    def func(self) -> None:
        if not self.args:
            self.msg("Usage: desc [<thing> =] <description>")
            return
        name, text = ("here", self.args) if self.rhs is None else (self.lhs, self.rhs)
        thing = self.target(name)
        if thing is None:
            return
        if text:
            thing.db.desc = text
        else:
            thing.attributes.remove("desc")
        self.msg(f"The description of {shown(thing)} was {'set' if text else 'cleared'}.")


class CmdName(BuildingCommand):
    """
    give something another name

    Usage:
      name <thing> = <name>[;alias;alias]

    Aliases that are given replace those that it has.
    """

    key = "name"
    aliases = ("rename",)

    def func(self) -> None:
        if not self.lhs or not self.rhs:
            self.msg("Usage: name <thing> = <name>[;alias;alias]")
            return
        thing = self.target(self.lhs)
        if thing is None:
            return
        key, *aliases = [read_name(name) for name in self.rhs.split(";")]
        if isinstance(thing, Character):
            key = self._free(thing, key)
        before = shown(thing)
        thing.key = key
        if aliases:
            thing.aliases.clear()
            thing.aliases.add(aliases)
        self.msg(f"{before} is called {key}{aliases_shown(aliases)} now.")

    def _free(self, character: Object, key: str) -> str:
        """A name that no other character has."""
        key = check_name(key)
        others = self.game.objects.find(key, typeclass=Character)
        if any(
            other is not character and other.key.casefold() == key.casefold() for other in others
        ):
            raise UserError(f"A character named '{key}' already exists.")
        return key


class CmdSetObjAlias(BuildingCommand):
    """
    give something other names

    Usage:
      alias <thing>
      alias <thing> = <alias>, <alias>
      alias <thing> =

    Without names it shows those that there are; with nothing behind the = all
    of them are taken away.
    """

    key = "alias"

    def func(self) -> None:
        if not self.lhs:
            self.msg("Usage: alias <thing> [= [alias, alias]]")
            return
        thing = self.target(self.lhs)
        if thing is None:
            return
        if self.rhs is not None:
            names = self.rhs.replace(";", ",").split(",")
            self._change(thing, [read_name(name) for name in names if name.strip()])
        held = ", ".join(thing.aliases.all()) or "none"
        self.msg(f"Aliases of {shown(thing)}: {held}.")

    def _change(self, thing: Object, names: list[str]) -> None:
        if names:
            thing.aliases.add(names)
        else:
            thing.aliases.clear()


class CmdDestroy(BuildingCommand):
    """
    destroy things, for good

    Usage:
      destroy[/force] <thing> [, <thing> ...]

    Switches:
      force - without asking

    What is in them goes home; the ways into a room and out of it go with it.
    """

    key = "destroy"
    aliases = ("delete", "del")
    switch_options = ("force",)

    async def func(self) -> None:
        if not self.lhslist:
            self.msg("Usage: destroy[/force] <thing> [, <thing> ...]")
            return
        found = [self.target(name, "delete") for name in self.lhslist]
        if any(thing is None for thing in found):
            return
        for thing in found:
            _refuse_to_destroy(self.caller, thing)
        names = ", ".join(shown(thing) for thing in found)
        if "force" not in self.switches:
            answer = await self.ask(f"Destroy {names} for good? yes/[no] ")
            if answer.strip().lower() not in YES:
                self.msg("Nothing was destroyed.")
                return
        for thing in found:
            self._destroy(thing)

    def _destroy(self, thing: Any) -> None:
        """Destroy what is still there: it was asked for a while ago, perhaps twice."""
        name = shown(thing)
        if thing.is_deleted:
            return
        ways = len(self.game.objects.leading_to(thing))
        if not thing.delete():
            self.msg(f"{name} refuses to be destroyed.")
            return
        with_ways = f", and {ways} exit{'s' if ways > 1 else ''} that led there" if ways else ""
        self.msg(f"{name} was destroyed{with_ways}.")


def _refuse_to_destroy(caller: Any, thing: Any) -> None:
    if thing is caller:
        raise UserError("You cannot destroy yourself.")
    if thing.tags.has(START_LABEL.name, START_LABEL.category):
        raise UserError(f"{shown(thing)} is where players begin; it cannot be destroyed.")


class CmdTeleport(BuildingCommand):
    """
    go, or put something, anywhere

    Usage:
      teleport[/switches] [<thing> =] <place>
      teleport/tonone <thing>

    Switches:
      quiet  - without a word to those who are there
      tonone - out of the world: it is nowhere then

    The place may be any object, named in full or by #id; if it is an exit, it
    is where that leads.
    """

    key = "teleport"
    aliases = ("tel",)
    switch_options = ("quiet", "tonone")

    def func(self) -> None:
        to_none = "tonone" in self.switches
        name, place = (self.lhs, self.rhs) if self.rhs is not None or to_none else ("me", self.lhs)
        if not name or not (place or to_none):
            self.msg("Usage: teleport[/quiet /tonone] [<thing> =] <place>")
            return
        thing = self._moved(name)
        destination = None if to_none or thing is None else self.place(place or "")
        if thing is None or (destination is None and not to_none):
            return
        if destination is not None and destination is thing.location:
            self.msg(f"{shown(thing)} is there already.")
            return
        quiet = "quiet" in self.switches
        if not thing.move_to(destination, quiet=quiet, move_type="teleport", to_none=to_none):
            self.msg(f"{shown(thing)} could not be moved to {shown(destination)}.")
        elif thing is not self.caller:
            self.msg(f"Teleported {shown(thing)} to {shown(destination)}.")

    def _moved(self, name: str) -> Any:
        """What is to be moved: oneself, or what one may change."""
        thing = self.place(name)
        if thing is None or thing is self.caller or thing.access(self.caller, "edit"):
            return thing
        self.msg(f"You may not teleport {shown(thing)}.")
        return None


class CmdSetHome(BuildingCommand):
    """
    say where something goes when it has no other place

    Usage:
      sethome <thing>
      sethome <thing> = <place>

    What is in a room that is destroyed goes home; characters do with `home`.
    """

    key = "sethome"

    def func(self) -> None:
        if not self.lhs:
            self.msg("Usage: sethome <thing> [= <place>]")
            return
        thing = self.target(self.lhs)
        if thing is None:
            return
        if not self.rhs:
            self.msg(f"The home of {shown(thing)} is {shown(thing.home)}.")
            return
        home = self.place(self.rhs)
        if home is not None:
            thing.home = home
            self.msg(f"The home of {shown(thing)} is {shown(home)} now.")
