"""What rooms, exits, things and characters of this game are.

A class is stored with each object by its name, such as `game.typeclasses.Room`: who renames one
renames it in the world as well.
"""

import everdoor_server

FIRST_COINS = 10
MAX_HP = 12


class Room(everdoor_server.Room):
    """A place."""


class Exit(everdoor_server.Exit):
    """A way from one place to another."""


class Thing(everdoor_server.Thing):
    """Something that can be picked up, unless its locks forbid it."""


class Character(everdoor_server.Character):
    """What players play; the setting character_class names it."""

    default_description = "Somebody new here."

    @property
    def coins(self) -> int:
        """What is in its purse; who has never paid for anything has what everybody begins with."""
        return int(self.attributes.get("coins", FIRST_COINS))

    @coins.setter
    def coins(self, number: int) -> None:
        self.db.coins = number

    @property
    def hp(self) -> int:
        """How much it can still take."""
        return int(self.attributes.get("hp", MAX_HP))

    @hp.setter
    def hp(self, number: int) -> None:
        self.db.hp = number

    def at_fall(self) -> None:
        """It can take no more: it wakes up at home."""
        self.hp = MAX_HP
        self.msg("The sea takes you, looks at you, and puts you back where you came from.")
        self.move_to(self.home, quiet=True)
