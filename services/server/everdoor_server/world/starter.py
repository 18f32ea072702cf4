"""The world that a new database begins with: a house at the edge of a town, its doors open.

Data, and what makes objects of it; a game replaces it by its own rooms, or builds on it.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from everdoor_server.changes import Changes
from everdoor_server.commit import Change
from everdoor_server.objects import START_LABEL, Character, Exit, Objects, Room, Thing
from everdoor_server.rows import MemoryRows


class Lodger(Character):
    """A character of the starter world: everybody gets a key of their own."""

    path: ClassVar[str] = "everdoor_server.world.starter.Lodger"
    default_description: ClassVar[str] = "A lodger of the house, a little dusty from the road."

    def at_object_creation(self) -> None:
        """Hang a key with its name on it around its neck."""
        super().at_object_creation()
        desc = (
            "A brass door key on a loop of red thread, warm as if somebody had just let go of it. "
            f"A name is engraved on its bow: {self.key}. No door in the house has ever been seen "
            "shut, so nobody knows which one it fits."
        )
        self.objects.create(
            Thing,
            "brass key",
            location=self,
            aliases=["key", f"{self.key}'s key"],
            attributes={"desc": desc},
        )

    def at_object_delete(self) -> bool:
        """Take the key along: it would lie about where it was made, and fits nobody else."""
        for thing in self.contents:
            if f"{self.key}'s key" in thing.aliases:
                thing.delete()
        return super().at_object_delete()


class _RoomData(NamedTuple):
    id: str
    key: str
    desc: str


class _ExitData(NamedTuple):
    """A way there, and its way back."""

    source: str
    key: str
    aliases: tuple[str, ...]
    destination: str
    back: str
    back_aliases: tuple[str, ...]
    desc: str


class _ThingData(NamedTuple):
    """Something to look at; `locks` says whether it stays where it is."""

    room: str
    key: str
    aliases: tuple[str, ...]
    desc: str
    locks: str = ""


FIXED = "get:false()"

START = "step"

ROOMS = (
    _RoomData(
        "step",
        "The Front Step",
        "The last house of the town leans back from the lane as if to look at whoever is coming. "
        "Its front door stands open, as it always has; the hinges have been painted over so often "
        "that it could not close if it wanted to. Lamplight lies across the step like a mat.",
    ),
    _RoomData(
        "hall",
        "The Hall of Doors",
        "A long hall with more doorways than the outside of the house has room for. Every door is "
        "open, propped with boots, bricks, books, and one patient stone tortoise. Coats of many "
        "sizes hang on the pegs, and a draught wanders through them, trying them on.",
    ),
    _RoomData(
        "kitchen",
        "The Kitchen",
        "Copper pans, a scrubbed table, and a stove that is never let go out. There is always "
        "soup; nobody remembers who makes it. The window is open to the garden, and the smell of "
        "thyme comes in to see what is cooking.",
    ),
    _RoomData(
        "maps",
        "The Map Room",
        "Maps cover the walls, the ceiling, and a good part of the floor. Some show the town, some "
        "show places that the town has only heard of, and one, very small and very exact, shows "
        "this room with you in it.",
    ),
    _RoomData(
        "stair",
        "The Crooked Stair",
        "The stair climbs around itself as if it had lost something. Each tread has its own creak, "
        "and those who live here can tell by the tune who is going to bed. A round window looks "
        "out over the roofs.",
    ),
    _RoomData(
        "lamps",
        "The Lamp Room",
        "Under the roof, behind glass on all four sides, burns the great lamp by which carts and "
        "late walkers find the house. Beyond it the fields run out into the dark, and the road "
        "with them. It is very quiet, and you can see rain coming an hour before it arrives.",
    ),
    _RoomData(
        "garden",
        "The Walled Garden",
        "Beans on poles, bees in the thyme, and a pear tree that has been told to grow flat "
        "against the wall and mostly does. The gate in the wall was taken off long ago to make a "
        "bench, which is a better thing to have than a gate.",
    ),
    _RoomData(
        "lane",
        "The Lane's End",
        "Here the cobbles of the town give up and become a road. A milestone leans in the grass. "
        "To one side are lit windows and somebody practising the fiddle; to the other a great deal "
        "of evening, with the first star in it.",
    ),
)

EXITS = (
    _ExitData("step", "in", ("door",), "hall", "out", ("door", "o"), "The front door, open."),
    _ExitData("step", "south", ("s", "lane"), "lane", "house", ("north", "n"), "A garden path."),
    _ExitData("hall", "kitchen", ("east", "e"), "kitchen", "hall", ("west", "w"), "A doorway."),
    _ExitData("hall", "map room", ("west", "w"), "maps", "hall", ("east", "e"), "A doorway."),
    _ExitData("hall", "up", ("u", "stair"), "stair", "down", ("d",), "The stair, winding."),
    _ExitData("stair", "up", ("u", "ladder"), "lamps", "down", ("d",), "A ladder, worn smooth."),
    _ExitData("kitchen", "garden", ("out", "o"), "garden", "kitchen", ("in",), "The back door."),
    _ExitData("garden", "lane", ("gap", "south"), "lane", "garden", ("gap",), "Where a gate was."),
)

THINGS = (
    _ThingData(
        "step",
        "bell",
        ("brass bell",),
        "A brass bell on a bracket, polished by many hands. It has no clapper: nobody has ever had "
        "to ring to be let in.",
        FIXED,
    ),
    _ThingData(
        "step",
        "boot scraper",
        ("scraper",),
        "An iron hedgehog with a long-suffering expression.",
        FIXED,
    ),
    _ThingData(
        "hall",
        "stone tortoise",
        ("tortoise",),
        "It holds the widest door, and has been holding it for so long that moss has taken it for "
        "a garden. If you watch for an hour you might say that it has moved; you would not swear.",
        FIXED,
    ),
    _ThingData(
        "hall",
        "guest book",
        ("book",),
        "Names, in every kind of hand, and beside each a day of arrival. The column for departures "
        "is there too. Nobody has ever needed it.",
        FIXED,
    ),
    _ThingData(
        "kitchen",
        "soup pot",
        ("soup", "pot"),
        "Barley, leeks, something green, and a bay leaf that has been promised retirement. Help "
        "yourself.",
        FIXED,
    ),
    _ThingData("kitchen", "wooden spoon", ("spoon",), "A spoon with a bite taken out of its edge."),
    _ThingData(
        "maps",
        "rolled map",
        ("map",),
        "A road map of one sheet. The road leaves the house, goes a long way around, and comes "
        "back to it by the other door.",
    ),
    _ThingData(
        "maps",
        "brass compass",
        ("compass",),
        "Its needle does not point north. It points home, wherever that is for whoever holds it; "
        "just now it turns slowly, making up its mind.",
    ),
    _ThingData(
        "stair",
        "round window",
        ("window",),
        "Roofs, chimneys, a cat crossing from one to another on business of its own.",
        FIXED,
    ),
    _ThingData(
        "lamps",
        "great lamp",
        ("lamp", "light"),
        "A flame no larger than a hand, and around it a beehive of glass that makes of it a small "
        "sun. A card is tied to the handle: PLEASE DO NOT LET ME GO OUT. THANK YOU.",
        FIXED,
    ),
    _ThingData("garden", "pear", (), "A yellow pear with one red cheek, still warm from the wall."),
    _ThingData(
        "garden",
        "bench",
        ("gate",),
        "Once a gate, oak, with the latch still on it. You can lift the latch. Nothing opens, but "
        "it is satisfying.",
        FIXED,
    ),
    _ThingData(
        "lane",
        "milestone",
        ("stone",),
        "One side says TOWN, and a number worn away. The other side says EVERYWHERE ELSE.",
        FIXED,
    ),
)


def starter_world() -> list[Change]:
    """The rows of the starter world, for a database that has none."""
    changes = Changes()
    build(Objects(MemoryRows(), changes))
    return changes.take()


def build(objects: Objects) -> None:
    """Build the starter world among some objects."""
    rooms = {
        room.id: objects.create(Room, room.key, attributes={"desc": room.desc}) for room in ROOMS
    }
    rooms[START].tags.add(START_LABEL.name, START_LABEL.category)
    for each in EXITS:
        _build_exits(objects, rooms, each)
    for thing in THINGS:
        objects.create(
            Thing,
            thing.key,
            location=rooms[thing.room],
            home=rooms[thing.room],
            aliases=thing.aliases,
            locks=thing.locks,
            attributes={"desc": thing.desc},
        )


def _build_exits(objects: Objects, rooms: dict[str, Room], data: _ExitData) -> None:
    source, destination = rooms[data.source], rooms[data.destination]
    ways = (
        (data.key, data.aliases, source, destination),
        (data.back, data.back_aliases, destination, source),
    )
    for key, aliases, here, there in ways:
        objects.create(
            Exit,
            key,
            location=here,
            destination=there,
            aliases=aliases,
            attributes={"desc": data.desc},
        )
