"""Commands of characters: seeing, picking up, giving away, going home."""

from __future__ import annotations

from typing import Any

from everdoor.markup.tags import escape
from everdoor_server.commands.command import Command
from everdoor_server.commands.default.muxcommand import MuxCommand
from everdoor_server.commands.playertext import inert
from everdoor_server.objects.hearing import fill


class CmdLook(MuxCommand):
    """
    look around or at something

    Usage:
      look
      look <thing>
      look me
    """

    key = "look"
    aliases = ("l", "ls")

    def func(self) -> None:
        caller = self.caller
        target = caller.search(self.args) if self.args else caller.location
        if target is not None:
            self.msg((caller.at_look(target), {"type": "look"}))
        elif not self.args:
            self.msg("You have no location to look at!")


class CmdInventory(MuxCommand):
    """
    see what you carry

    Usage:
      inventory
    """

    key = "inventory"
    aliases = ("inv", "i")
    arg_regex = r"\s*$"

    def func(self) -> None:
        carried: dict[str, list[Any]] = {}
        for thing in self.caller.contents:
            carried.setdefault(thing.get_display_name(self.caller), []).append(thing)
        lines = [f"  {self._counted(things)}" for things in carried.values()]
        text = (
            "\n".join(["You are carrying:", *lines]) if lines else "You are not carrying anything."
        )
        self.msg((text, {"type": "inventory"}))

    def _counted(self, things: list[Any]) -> str:
        one, many = things[0].get_numbered_name(len(things), self.caller)
        return str(one if len(things) == 1 else many)


class CmdGet(MuxCommand):
    """
    pick something up

    Usage:
      get <thing>
    """

    key = "get"
    aliases = ("take",)

    def func(self) -> None:
        caller = self.caller
        if not self.args:
            self.msg("Get what?")
            return
        if caller.location is None:
            self.msg("There is nothing here.")
            return
        thing = caller.search(self.args, location=caller.location)
        if thing is None:
            return
        if thing is caller:
            self.msg("You can't get yourself.")
        elif not thing.access(caller, "get"):
            self.msg(thing.db.get_err_msg or "You can't get that.")
        elif thing.at_pre_get(caller):
            self._pick_up(thing)

    def _pick_up(self, thing: Any) -> None:
        if not thing.move_to(self.caller, quiet=True, move_type="get"):
            self.msg("That can't be picked up.")
            return
        _tell(self, thing, "You pick up {thing}.", "{object} picks up {thing}.")
        thing.at_get(self.caller)


class CmdDrop(MuxCommand):
    """
    put down something that you carry

    Usage:
      drop <thing>
    """

    key = "drop"

    def func(self) -> None:
        caller = self.caller
        if not self.args:
            self.msg("Drop what?")
            return
        if caller.location is None:
            self.msg("There is nowhere to drop it.")
            return
        thing = _carried(self, self.args)
        if thing is None:
            return
        if not thing.access(caller, "drop", default=True):
            self.msg("You can't drop that.")
        elif thing.at_pre_drop(caller):
            self._put_down(thing)

    def _put_down(self, thing: Any) -> None:
        if not thing.move_to(self.caller.location, quiet=True, move_type="drop"):
            self.msg("That can't be dropped.")
            return
        _tell(self, thing, "You drop {thing}.", "{object} drops {thing}.")
        thing.at_drop(self.caller)


class CmdGive(MuxCommand):
    """
    give something that you carry to somebody

    Usage:
      give <thing> = <character>
      give <thing> to <character>
    """

    key = "give"
    rhs_split = ("=", " to ")

    def func(self) -> None:
        caller = self.caller
        if not self.lhs or not self.rhs:
            self.msg("Usage: give <thing> = <character>")
            return
        thing = _carried(self, self.lhs)
        if thing is None:
            return
        getter = caller.search(self.rhs)
        if getter is None:
            return
        if getter is caller:
            name, _ = thing.get_numbered_name(1, caller)
            self.msg(f"You keep {name} to yourself.")
        elif getter is caller.location or getter.destination_id is not None:
            self.msg(f"You can't give anything to {getter.get_display_name(caller)}.")
        elif not thing.access(caller, "give", default=True):
            self.msg("You can't give that away.")
        elif thing.at_pre_give(caller, getter):
            self._hand_over(thing, getter)

    def _hand_over(self, thing: Any, getter: Any) -> None:
        caller = self.caller
        if not thing.move_to(getter, quiet=True, move_type="give"):
            self.msg(f"{getter.get_display_name(caller)} can't take that.")
            return
        name, _ = thing.get_numbered_name(1, caller)
        self.msg(f"You give {name} to {getter.get_display_name(caller)}.")
        words = {"object": caller, "thing": name, "getter": getter}
        getter.msg(fill("{object} gives you {thing}.", words, getter), from_obj=caller)
        text = "{object} gives {thing} to {getter}."
        caller.location.msg_contents(text, [caller, getter], caller, words)
        thing.at_give(caller, getter)


class CmdHome(MuxCommand):
    """
    go home

    Usage:
      home

    Where that is is up to the game; without a home it is where everybody
    begins.
    """

    key = "home"
    locks = "cmd:perm(home) or perm(Player)"
    arg_regex = r"\s*$"

    def func(self) -> None:
        caller = self.caller
        home = caller.home or self.game.objects.start_location()
        if home is None:
            self.msg("You have no home!")
        elif home is caller.location:
            self.msg("You are already home!")
        else:
            self.msg("There's no place like home ...")
            caller.move_to(home, move_type="teleport")


class CmdSetDesc(MuxCommand):
    """
    say what others see when they look at you

    Usage:
      setdesc <description>
      setdesc

    Without a description it shows the one that you have.
    """

    key = "setdesc"

    def func(self) -> None:
        if not self.args:
            self.msg(self.caller.get_display_desc(self.caller))
            return
        self.caller.db.desc = inert(self.args)
        self.msg("You set your description.")


def _carried(command: MuxCommand, name: str) -> Any:
    """What the caller carries of that name; None after it was told."""
    return command.caller.search(
        name,
        candidates=command.caller.contents,
        nofound_string=f"You aren't carrying {escape(name)}.",
    )


def _tell(command: Command, thing: Any, to_caller: str, to_place: str) -> None:
    """Tell the caller, and those around, what has been done with a thing."""
    caller = command.caller
    name, _ = thing.get_numbered_name(1, caller)
    command.msg(to_caller.format(thing=name))
    words = {"object": caller, "thing": name}
    caller.location.msg_contents(to_place, exclude=[caller], from_obj=caller, mapping=words)
