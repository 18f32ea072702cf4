"""Objects of the world: rooms, exits, characters, things."""

from everdoor_server.objects.asking import create_object, search_object
from everdoor_server.objects.base import Object
from everdoor_server.objects.index import START_LABEL, Objects, import_typeclass
from everdoor_server.objects.kinds import Character, Exit, Room, Thing
from everdoor_server.objects.typeclasses import find_typeclass

__all__ = [
    "START_LABEL",
    "Character",
    "Exit",
    "Object",
    "Objects",
    "Room",
    "Thing",
    "create_object",
    "find_typeclass",
    "import_typeclass",
    "search_object",
]
