"""Makes a world with Evennia itself; run by the Python that has it, in an empty folder.

    python make_world.py ACCOUNTS OBJECTS

Its default game, as `evennia --init` and the first start of its server make it, and in it accounts
with their characters, rooms with exits, and things with all that attributes may hold. Passwords are
`old lanterns N`. What is made is in server/evennia.db3; nothing listens on any port.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from evennia.server import evennia_launcher


def main(accounts: int, objects: int) -> None:
    evennia_launcher.EVENNIA_DIR = str(Path(evennia_launcher.__file__).parents[1])
    evennia_launcher.create_game_directory("mygame")
    os.chdir("mygame")
    sys.path.insert(0, os.getcwd())
    os.environ["DJANGO_SETTINGS_MODULE"] = "server.conf.settings"
    import django

    django.setup()
    import evennia

    evennia._init()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    make_default_game()
    make_world(accounts, objects)


def make_default_game() -> None:
    """What the first start of Evennia's server makes: account 1, its character #1, Limbo #2."""
    from evennia.server import initial_setup
    from evennia.utils.create import create_account

    create_account("God", "god@example.org", "old lanterns 0", is_superuser=True)
    initial_setup.create_objects()
    initial_setup.at_initial_setup()


def make_world(accounts: int, objects: int) -> None:
    from evennia.objects.models import ObjectDB
    from evennia.utils.create import create_object, create_script
    from typeclasses.accounts import Account

    limbo = ObjectDB.objects.get(id=2)
    rooms = [limbo]
    for number in range(1, 6):
        room = create_object("typeclasses.rooms.Room", f"Room {number}")
        room.db.desc = f"Room {number}, |gwith moss|n."
        for key, here, there in (("north", rooms[-1], room), ("south", room, rooms[-1])):
            exits = {"location": here, "destination": there, "aliases": [key[0]]}
            create_object("typeclasses.exits.Exit", key, **exits)
        rooms.append(room)
    for number in range(1, accounts + 1):
        account, errors = Account.create(username=f"Anna{number:02d}", password=password(number))
        assert not errors, errors
        character = account.characters.all()[0]
        character.db.desc = f"Number {number}."
        account.db._last_puppet = character
        # As if she had played and left: characters that nobody plays are nowhere.
        character.db.prelogout_location = rooms[number % len(rooms)]
        character.location = None
    things = []
    for number in range(objects):
        place = rooms[number % len(rooms)]
        thing = create_object("typeclasses.objects.Object", f"thing {number}", location=place)
        thing.aliases.add(f"t{number}")
        thing.tags.add("small", category="size")
        thing.db.weight = number / 4
        things.append(thing)
    things[0].db.everything = {
        "list": [1, 2.5, None, True, "ä", b"\0\xff"],
        (1, 2): {3, 4},
        "nested": {"of": [{"deep": (1, [2, [3]])}]},
        "here": limbo,
        "things": things[:3],
    }
    refuse_some(things, rooms)
    create_script("typeclasses.scripts.Script", key="weather", interval=60, persistent=True)


def refuse_some(things: list, rooms: list) -> None:
    """What a world may hold and no other program can take over."""
    import datetime

    from evennia.accounts.models import AccountDB
    from evennia.utils.create import create_account

    things[1].db.made = datetime.datetime(2020, 1, 2)
    things[1].attributes.add("counted", 3, category="shop")
    things[2].locks.add("get:attr(strong, 3)")
    things[2].key = "Excalibur"
    create_account("Al", "al@example.org", "old lanterns al")
    banished = create_account("Banished", "b@example.org", "old lanterns b")
    banished.is_active = False
    banished.save()
    assert AccountDB.objects.count() > 2, "accounts were made"


def password(number: int) -> str:
    return f"old lanterns {number}"


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
