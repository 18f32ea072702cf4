"""The world as code.

Each function of BUILD is run once in the life of a world, in order; the world remembers which. To
build on in a world that people play in, add a function and reload; to change what one has built,
add another that changes it.
"""

from everdoor_server import Game, create_object

from game.fight import build_reef
from game.headland import build_headland
from game.keeper import build_keeper
from game.lamp import build_lamp
from game.shop import build_shop
from game.typeclasses import Exit, Room, Thing


def build_first_rooms(game: Game) -> None:
    """Two rooms with a way there and back."""
    square = create_object(Room, "The Square")
    square.db.desc = "Four streets meet here, and none of them is in a hurry."
    garden = create_object(Room, "The Garden")
    garden.db.desc = "Somebody waters it, and nobody has ever seen who."
    create_object(Exit, "garden", aliases=["g"], location=square, destination=garden)
    create_object(Exit, "square", aliases=["s"], location=garden, destination=square)
    can = create_object(Thing, "watering can", aliases=["can"], location=garden, home=garden)
    can.db.desc = "Tin, dented, and half full."
    game.objects.set_start_location(square)


BUILD = (
    build_first_rooms,
    build_headland,
    build_keeper,
    build_shop,
    build_lamp,
    build_reef,
)
