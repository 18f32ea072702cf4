"""The reef, what lives there, and how one fights it: a round every few seconds."""

from random import randint

from everdoor_server import Object, Script, create_object, default_cmds, delay, search_object

from game.lamp import is_lit
from game.typeclasses import MAX_HP, Character, Exit, Room, Thing

WRECKER_HP = 8
RETURNS_S = 300
"""How long the wrecker stays away who was beaten, in seconds."""


class Fight(Script):
    """Is on the wrecker, one for each who fights it, until one has fallen or gone."""

    key = "fight"
    interval = 2
    start_delay = True

    def at_repeat(self) -> None:
        wrecker, hero = self.obj, self.db.hero
        assert isinstance(wrecker, Wrecker), "fights are on wreckers"
        if hero is None or hero.location is not wrecker.location:
            self.delete()
            return
        strike(hero, wrecker)
        if hero.location is wrecker.location:
            strike(wrecker, hero)


def strike(attacker: Character, target: Character) -> None:
    """Hit, tell everybody, and have who can take no more fall."""
    is_armed = any(thing.key == "boat hook" for thing in attacker.contents)
    damage = randint(1, 3) + (2 if is_armed else 0)
    target.hp -= damage
    if attacker.location is not None:
        attacker.location.msg_contents(f"{attacker.key} hits {target.key} for {damage}.")
    if target.hp <= 0:
        target.at_fall()


class Wrecker(Character):
    """It never leaves the reef, and does not stay away from it for long."""

    default_description = "Barnacles, rope, and a coat with somebody else's buttons."

    def at_object_creation(self) -> None:
        super().at_object_creation()
        self.hp = WRECKER_HP

    def at_fall(self) -> None:
        """Leave a pearl, and come back later."""
        values = {"desc": "Somebody would pay for this.", "price": 30}
        create_object(Thing, "pearl", location=self.location, attributes=values)
        if self.location is not None:
            self.location.msg_contents(f"{self.key} sinks, and leaves a pearl behind.")
        self.location = None
        delay(RETURNS_S, self.rise, persistent=True)

    def rise(self) -> None:
        """Be there again."""
        self.hp = WRECKER_HP
        self.move_to(self.home, quiet=True)
        if self.location is not None:
            self.location.msg_contents(f"{self.key} rises from the water.")


class CmdAttack(default_cmds.MuxCommand):
    """
    attack somebody

    Usage:
      attack <somebody>

    It goes on by itself. To end it, go away.
    """

    key = "attack"

    def func(self) -> None:
        foe = self.caller.search(self.args)
        if foe is None:
            return
        if not isinstance(foe, Wrecker):
            self.msg("Not here, and not them.")
        elif any(fight.db.hero is self.caller for fight in foe.scripts.get("fight")):
            self.msg("You are at it already.")
        else:
            foe.scripts.add(Fight, attributes={"hero": self.caller})
            self.msg(f"You go for {foe.key}. You can take {self.caller.hp} of {MAX_HP}.")


class Boat(Exit):
    """A way that nobody takes in the dark."""

    def at_traverse(self, traversing_object: Object, target: Object, **kwargs: object) -> None:
        if is_lit():
            super().at_traverse(traversing_object, target, **kwargs)
        else:
            traversing_object.msg("Not in the dark: you would find the reef by sinking on it.")


def build_reef() -> None:
    """The reef lies off the cliff path, and somebody is there."""
    [path] = search_object("The Cliff Path", typeclass=Room)
    reef = create_object(Room, "The Reef")
    reef.db.desc = "Black rock, white water, and what is left of forty ships."
    create_object(Boat, "boat", location=path, destination=reef)
    create_object(Exit, "boat", location=reef, destination=path)
    create_object(Wrecker, "Old Tom", location=reef, home=reef)
