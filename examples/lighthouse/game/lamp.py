"""The lamp: a puzzle of three steps, which opens the way to the reef for a while."""

from everdoor_server import SESSIONS, CmdSet, Command, create_object, delay, search_object

from game.typeclasses import Room, Thing

BURNS_S = 600
"""How long the oil lasts, in seconds."""


class CmdTrim(Command):
    """
    trim the wick of the lamp

    Usage:
      trim lamp
    """

    key = "trim"

    def func(self) -> None:
        self.obj.db.trimmed = True
        self.msg("You trim the wick until it is straight and clean.")


class CmdFill(Command):
    """
    fill the lamp with oil that you carry

    Usage:
      fill lamp
    """

    key = "fill"

    def func(self) -> None:
        cans = [thing for thing in self.caller.contents if thing.key == "oil can"]
        if self.obj.db.oil:
            self.msg("It is full.")
        elif not cans:
            self.msg("You have no oil.")
        elif cans[0].delete():
            self.obj.db.oil = True
            self.msg("You pour the oil in, to the last drop.")


class CmdLight(Command):
    """
    light the lamp

    Usage:
      light lamp
    """

    key = "light"

    def func(self) -> None:
        lamp = self.obj
        if lamp.db.lit:
            self.msg("It burns already.")
        elif not lamp.db.oil:
            self.msg("The wick glows, and dies: it is dry.")
        elif not lamp.db.trimmed:
            self.msg("It smokes, it stinks, it goes out. That wick has seen no scissors for days.")
        else:
            self.msg("The flame stands up.")
            lamp.shine()


class LampCmdSet(CmdSet):
    """What can be typed by those who are where the lamp is."""

    key = "Lamp"

    def at_cmdset_creation(self) -> None:
        self.add([CmdTrim, CmdFill, CmdLight])


class Lamp(Thing):
    """It stays where it is; its commands are there with it."""

    default_locks = f"{Thing.default_locks};get:false()"

    def at_object_creation(self) -> None:
        super().at_object_creation()
        self.cmdset.add(LampCmdSet, persistent=True)

    def get_display_desc(self, looker: object = None, **kwargs: object) -> str:
        """Say what it lacks, to who looks closely."""
        if self.db.lit:
            return "It burns, and turns, and burns."
        wick = "trimmed" if self.db.trimmed else "crooked and black"
        return f"Cold. Its wick is {wick}, its tank {'full' if self.db.oil else 'empty'}."

    def shine(self) -> None:
        """Burn until the oil is used up, whatever becomes of the server meanwhile."""
        self.db.lit = True
        SESSIONS.announce_all("A beam of light sweeps over the headland and out to the reef.")
        delay(BURNS_S, self.go_out, persistent=True)

    def go_out(self) -> None:
        """Be dark again, and want trimming and oil."""
        self.db.lit = self.db.oil = self.db.trimmed = False
        SESSIONS.announce_all("The light of the tower goes out.")


def is_lit() -> bool:
    """Whether the lamp burns."""
    return any(lamp.db.lit for lamp in search_object(tag="lighthouse lamp", typeclass=Lamp))


def build_lamp() -> None:
    """The lamp stands where it always has."""
    [room] = search_object("The Lamp Room", typeclass=Room)
    create_object(Lamp, "lamp", location=room, home=room, tags=["lighthouse lamp"])
