"""The game's own commands."""

from everdoor_server import Command, inert


class CmdHum(Command):
    """
    hum a tune

    Usage:
      hum [<tune>]
    """

    key = "hum"

    def func(self) -> None:
        tune = inert(self.args.strip()) or "a tune"
        self.msg(f"You hum {tune}.")
        self.caller.location.msg_contents(f"{self.caller.key} hums {tune}.", exclude=self.caller)
