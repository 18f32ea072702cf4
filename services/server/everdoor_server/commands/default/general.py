"""Commands of characters: seeing, speaking, picking up."""

from __future__ import annotations

from typing import Any

from everdoor.markup.tags import escape
from everdoor_server.commands.command import Command
from everdoor_server.commands.default.muxcommand import MuxCommand
from everdoor_server.commands.playertext import inert


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


class CmdSay(Command):
    """
    speak to those who are here

    Usage:
      say <words>
      '<words>
    """

    key = "say"
    aliases = ('"', "'")

    def func(self) -> None:
        speech = inert(self.args.strip())
        if not speech:
            self.msg("Say what?")
            return
        speech = self.caller.at_pre_say(speech)
        if speech:
            self.caller.at_say(speech, msg_self=True)


class CmdPose(Command):
    """
    show what you do

    Usage:
      pose <what you do>
      :<what you do>

    `:waves.` shows everybody here, and you, your name with `waves.` behind it.
    What begins with ' is joined to your name without a space.
    """

    key = "pose"
    aliases = (":", "emote")

    def func(self) -> None:
        action = inert(self.args.strip())
        location = self.caller.location
        if not action:
            self.msg("What do you want to do?")
        elif location is None:
            self.msg("You have no location to do that in!")
        else:
            joined = "{object}{action}" if action[0] in "',:" else "{object} {action}"
            words = {"object": self.caller, "action": action}
            location.msg_contents((joined, {"type": "pose"}), from_obj=self.caller, mapping=words)


class CmdThink(Command):
    """
    think something

    Usage:
      think <words>

    Nobody but you notices.
    """

    key = "think"
    arg_regex = r"\s|$"

    def func(self) -> None:
        thought = inert(self.args.strip())
        self.msg(f'You think, "{thought}"' if thought else "Think what?")


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
        thing = caller.search(
            self.args,
            candidates=caller.contents,
            nofound_string=f"You aren't carrying {escape(self.args)}.",
        )
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


def _tell(command: Command, thing: Any, to_caller: str, to_place: str) -> None:
    """Tell the caller, and those around, what has been done with a thing."""
    caller = command.caller
    name, _ = thing.get_numbered_name(1, caller)
    command.msg(to_caller.format(thing=name))
    words = {"object": caller, "thing": name}
    caller.location.msg_contents(to_place, exclude=[caller], from_obj=caller, mapping=words)
