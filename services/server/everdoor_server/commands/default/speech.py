"""Commands with which characters speak and show what they do; who hears what is the objects'."""

from __future__ import annotations

from everdoor_server.commands.command import Command
from everdoor_server.commands.default.muxcommand import MuxCommand
from everdoor_server.commands.playertext import inert


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


class CmdWhisper(MuxCommand):
    """
    say something that only some hear

    Usage:
      whisper <character> = <words>
      whisper <character>, <character> = <words>

    The others here do not notice.
    """

    key = "whisper"

    def func(self) -> None:
        caller = self.caller
        words = inert(self.rhs or "")
        if not self.lhslist or not words:
            self.msg("Usage: whisper <character> = <words>")
            return
        # Each once: whoever is named twice hears it once.
        found = {hearer.id: hearer for name in self.lhslist if (hearer := caller.search(name))}
        if not found:
            return
        words = caller.at_pre_say(words, whisper=True, receivers=list(found.values()))
        if words:
            caller.at_say(words, msg_self=True, receivers=list(found.values()), whisper=True)
