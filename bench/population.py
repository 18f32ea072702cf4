"""Worlds for measurements, made directly in the databases: rooms, accounts, characters, things.

Accounts are named `b00000`, `b00001`, ... . The first TEN_A_ROOM of them wake up ten to a room, the
rest all in one hall.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import insert

from bench.free_auth import FREE
from everdoor_auth.models import Account
from everdoor_auth.store import Store as AuthStore
from everdoor_server.accounts import AccountOptions, Accounts
from everdoor_server.changes import Changes
from everdoor_server.objects import Exit, Object, Objects, Room, Thing
from everdoor_server.puppeting import Puppeting
from everdoor_server.world.starter import Lodger, starter_world
from everdoor_server.world.store import Store as WorldStore

NAME = "b"
PASSWORD = "seven lanterns"
TEN_A_ROOM = 2000

THINGS_A_ROOM = 10
BATCH = 1000
"""Things that are made before they are written and forgotten."""


def name_of(number: int) -> str:
    """The name of an account, as the load generator spells it."""
    return f"{NAME}{number:05d}"


def populate(home: Path, accounts: int, things: int) -> None:
    """Make the databases of a new home with so many accounts, each with its character, and so
    many things in rooms where nobody is."""
    home.mkdir(parents=True)
    _make_accounts(home, accounts)
    _make_world(home, accounts)
    _make_things(home, things)


def _make_accounts(home: Path, count: int) -> None:
    store = AuthStore(f"sqlite:///{home}/auth.db")
    store.prepare()
    password_hash = FREE.hash(PASSWORD)
    rows = [
        {
            "id": number + 1,
            "name": name_of(number),
            "name_key": name_of(number),
            "password_hash": password_hash,
            "superuser": False,
            "created_at": 0.0,
        }
        for number in range(count)
    ]
    with store.writing() as db:
        db.exec(insert(Account), params=rows)
    store.close()


def _make_world(home: Path, count: int) -> None:
    store = WorldStore.open(f"sqlite:///{home}/world.db", seed=starter_world)
    changes = Changes()
    objects = Objects(store.rows, changes)
    accounts = Accounts(objects, AccountOptions(), character_class=Lodger)
    Puppeting(accounts)
    with store.takeover("bench"):
        start = objects.start_location()
        assert start is not None, "the starter world has one"
        room = hall = _make_room(objects, "The Long Hall", start)
        for number in range(count):
            if number < TEN_A_ROOM and number % 10 == 0:
                room = _make_room(objects, f"Room {number // 10}", start)
            account = accounts.vouched(number + 1, name_of(number), is_superuser=False)
            for character in account.characters:
                character.home = room if number < TEN_A_ROOM else hall
                character.location = None
            if number % 10 == 9:
                # What is written is found by the database's index, the rest by looking at each.
                store.add_changes(changes.take())
        store.add_changes(changes.take())
    store.close()


def _make_things(home: Path, count: int) -> None:
    store = WorldStore.open(f"sqlite:///{home}/world.db")
    with store.takeover("bench"):
        for first in range(0, count, BATCH):
            changes = Changes()
            objects = Objects(store.rows, changes)
            for number in range(first, min(first + BATCH, count)):
                if number % THINGS_A_ROOM == 0:
                    room = objects.create(Room, f"Store {number}")
                attributes = {"desc": f"Number {number} of very many."}
                objects.create(Thing, f"thing {number}", location=room, attributes=attributes)
            store.add_changes(changes.take())
    store.close()


def _make_room(objects: Objects, key: str, way_out: Object) -> Room:
    room = objects.create(Room, key)
    objects.create(Exit, "out", location=room, destination=way_out)
    return room
