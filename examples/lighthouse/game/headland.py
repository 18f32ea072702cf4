"""The headland: a path from the square, the keeper's kitchen, the lamp room above it."""

from everdoor_server import create_object, search_object

from game.typeclasses import Exit, Room


def build_headland() -> None:
    """Build on from the square, wherever the world has got to by then."""
    [square] = search_object("The Square", typeclass=Room)
    path = create_object(Room, "The Cliff Path")
    path.db.desc = "Gulls below, wind above, and between them a path to a white tower."
    kitchen = create_object(Room, "The Kitchen")
    kitchen.db.desc = "A round room at the foot of the tower. The kettle has just boiled."
    lamp_room = create_object(Room, "The Lamp Room")
    lamp_room.db.desc = "Glass on all sides, and behind it the sea, the reef and the dark."
    join(square, "path", path, "square")
    join(path, "tower", kitchen, "out")
    join(kitchen, "up", lamp_room, "down")


def join(here: Room, there_name: str, there: Room, here_name: str) -> None:
    """Make a way there and a way back."""
    create_object(Exit, there_name, location=here, destination=there)
    create_object(Exit, here_name, location=there, destination=here)
