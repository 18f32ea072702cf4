"""Worlds that come from Evennia, row by row, in a database of each kind."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from everdoor.errors import StartupError, UserError
from everdoor.evennia.database import EvenniaDatabase
from everdoor.evennia.importing import Import
from everdoor.settings import Settings
from everdoor_server.accounts import AccountOptions, Accounts
from everdoor_server.changes import Changes
from everdoor_server.commit import Change, Commit
from everdoor_server.evennia.importing import import_world
from everdoor_server.objects import Character, Exit, Objects, Room, Thing
from everdoor_server.restarts import Ending
from everdoor_server.world import Store
from everdoor_server.world.starter import starter_world
from everdoor_server.worldlock import world_lock
from fromevennia.tiny import Evennia, reference
from takeover import take_over

UIDS = {7: 1234}
"""What auth has made of account 7."""


@pytest.fixture
def theirs(tmp_path: Path) -> Evennia:
    return Evennia(tmp_path / "evennia.db3")


def imported(theirs: Evennia, url: str, **options: Any) -> Import:
    settings = Settings(home=theirs.path.parent, world_database_url=SecretStr(url))
    with EvenniaDatabase(theirs.path) as source:
        job = Import(source, settings, uids=dict(UIDS), **options)
        with import_world(job) as write:
            write()
    return job


@contextmanager
def world(url: str) -> Iterator[Accounts]:
    store = Store.open(url)
    try:
        yield Accounts(Objects(store.rows, Changes()), AccountOptions())
    finally:
        store.close()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/world.db"


def left_out(job: Import) -> dict[str, int]:
    return {group: count for group, (count, _) in job.report.left_out.items()}


def test_objects_keep_numbers_places_names_and_values(theirs: Evennia, database_url: str) -> None:
    theirs.object(3, "Attic", "typeclasses.rooms.Room")
    theirs.object(4, "up", "typeclasses.exits.Exit", 2, db_destination_id=3, db_home_id=2)
    theirs.object(9, "Lamp", location=3, db_home_id=3, db_lock_storage="get:pid(7)")
    theirs.tag(9, "lantern", db_tagtype="alias")
    theirs.tag(9, "small", db_category="size")
    theirs.attribute(9, "desc", "It |yglows|n.")
    theirs.attribute(9, "kept", {"at": [reference(3)], (1, 2): {b"\0"}})
    job = imported(theirs, database_url)
    with world(database_url) as accounts:
        lamp, up = accounts.objects.get(9), accounts.objects.get(4)
        attic = accounts.objects.find("attic")[0]
        assert type(lamp) is Thing and lamp.location is lamp.home is attic is up.destination
        assert (lamp.aliases.all(), lamp.tags.pairs()) == (["lantern"], [("size", "small")])
        assert lamp.db.desc == "It |yglows|n."
        assert lamp.db.kept == {"at": [attic], (1, 2): {b"\0"}}
        assert lamp.locks.get("get") == "get:pid(1234)"
        assert accounts.objects.start_location().key == "Limbo"
        assert accounts.objects.create(Thing, "next").id == 10
    assert left_out(job) == {}


def test_what_an_object_is_is_told_by_what_it_does(theirs: Evennia, url: str) -> None:
    theirs.object(3, "Cellar", "world.places.Cellar")
    theirs.object(4, "trapdoor", "world.places.Door", 3, db_destination_id=2)
    theirs.object(5, "rat", "world.mobs.Rat", 3)
    theirs.object(6, "Anna", "world.people.Hero")
    theirs.object(8, "guard", "world.people.CityCharacter", 2)
    theirs.account(7, "Anna")
    theirs.attribute(7, "_playable_characters", [reference(6), reference(77)], "account")
    job = imported(theirs, url)
    with world(url) as accounts:
        kinds = [type(accounts.objects.get(number)) for number in (3, 4, 5, 6, 8)]
    assert kinds == [Room, Exit, Thing, Character, Character]
    assert len(left_out(job)) == 5 and job.report.brought["things"] == 1


def test_class_that_is_named_is_what_objects_become(theirs: Evennia, url: str) -> None:
    theirs.object(5, "rat", "world.mobs.Rat", 2)
    theirs.object(6, "cat", "world.mobs.Cat", 2)
    named = {
        "world.mobs.Rat": "everdoor_server.objects.Character",
        "world.mobs.Cat": "game.typeclasses.Cat",
    }
    job = imported(theirs, url, typeclasses=named)
    store = Store.open(url)
    found = [store.rows.object(number).typeclass for number in (5, 6)]
    store.close()
    assert found == list(named.values()) and left_out(job) == {}


@pytest.mark.parametrize("path", ["everdoor_server.nothing.Here", "collections.OrderedDict"])
def test_class_that_is_none_refuses_all(theirs: Evennia, url: str, path: str) -> None:
    theirs.object(5, "rat", "world.mobs.Rat", 2)
    with pytest.raises(UserError, match=path):
        imported(theirs, url, typeclasses={"world.mobs.Rat": path})
    store = Store.open(url)
    assert store.rows.object(2) is None and store.rows.counter("object") == 0
    store.close()


def test_account_has_its_characters_permissions_and_last_puppet(theirs: Evennia, url: str) -> None:
    theirs.object(6, "Anna", "typeclasses.characters.Character")
    theirs.attribute(6, "prelogout_location", reference(2))
    theirs.attribute(6, "creator_id", 7)
    theirs.account(7, "Anna  Lind", is_superuser=True, db_lock_storage="msg:pid(7)")
    theirs.attribute(7, "_playable_characters", [reference(6)], "account")
    theirs.attribute(7, "_last_puppet", reference(6), "account")
    theirs.attribute(7, "_saved_protocol_flags", {"SCREENWIDTH": {0: 80}}, "account")
    theirs.attribute(7, "mood", "calm", "account")
    theirs.tag(7, "builder", "account", db_tagtype="permission")
    theirs.account(8, "Nobody")
    imported(theirs, url)
    with world(url) as accounts:
        anna = accounts.get(1234)
        assert (anna.key, anna.is_superuser, anna.permissions.all()) == (
            "Anna Lind", True, ["builder"],
        )  # fmt: skip
        assert [each.id for each in anna.characters] == [6] and anna.last_puppet_id == 6
        assert anna.attributes.all() == {"mood": "calm"}
        assert anna.locks.get("msg") == "msg:pid(1234)"
        body = anna.characters[0]
        assert (body.db.prelogout_location.key, body.db.creator_id) == ("Limbo", 1234)
        assert accounts.find("Nobody") is None


def test_what_cannot_come_along_is_reported(theirs: Evennia, url: str) -> None:
    theirs.object(3, "a\x07b", location=3)
    theirs.object(4, "loop", location=5, db_home_id=99)
    theirs.object(5, "loop", location=4, db_lock_storage="get:attr(x)")
    theirs.object(6, "far", location=98, db_cmdset_storage="commands.mine.CmdSet")
    theirs.attribute(6, "born", datetime.datetime(2020, 1, 2))
    theirs.attribute(6, "many", 2**64)
    theirs.attribute(6, "surrogate", "\ud800")
    theirs.attribute(6, "friend", [reference(97)])
    theirs.attribute(6, "sold", 1, db_category="shop")
    theirs.attribute(6, "secret", 1, db_lock_storage="attrread:false()")
    theirs.attribute(6, "k", "kill", db_attrtype="nick", db_strvalue="kill $1")
    theirs.tag(6, "x", db_tagtype="odd")
    theirs.tag(6, "y", db_data="more")
    theirs.tag(7, "vip", "account")
    theirs.other("scripts_scriptdb", db_key="weather")
    theirs.other("comms_channeldb", db_key="Public", db_typeclass_path="typeclasses.channels.C")
    theirs.other("help_helpentry", db_key="rules")
    theirs.other("server_serverconfig", db_key="server_bans")
    job = imported(theirs, url)
    assert left_out(job) == {
        "scripts": 1,
        "channels": 1,
        "help entries": 1,
        "bans": 1,
        "objects within themselves": 2,
        "names that were cleaned": 1,
        "a home that is gone": 1,
        "a location that is gone": 1,
        "command sets": 1,
        "locks that were closed, as they cannot be understood": 1,
        "attributes that hold datetime.datetime": 1,
        "attributes that hold a whole number of more than 64 bits": 1,
        "attributes that cannot be stored": 1,
        "references to a objectdb that is gone or no object": 1,
        "attributes with a category": 1,
        "locks of attributes": 1,
        "nicks": 1,
        "tags of other kinds": 1,
        "data of tags": 1,
        "tags of accounts": 1,
    }
    assert job.report.left_out["channels"][1] == ["Public (typeclasses.channels.C)"]
    with world(url) as accounts:
        far = accounts.objects.get(6)
        assert (far.location, far.db.friend, far.db.secret) == (None, [None], 1)
        assert accounts.objects.get(3).key == "ab"


# Where it may be written.


def test_dry_run_reads_all_and_writes_nothing(theirs: Evennia, url: str, tmp_path: Path) -> None:
    job = imported(theirs, url, is_dry=True)
    assert job.report.brought["rooms"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["evennia.db3"]


def test_starter_world_that_nobody_has_used_gives_way(theirs: Evennia, database_url: str) -> None:
    Store.open(database_url, seed=starter_world).close()
    imported(theirs, database_url)
    with world(database_url) as accounts:
        assert accounts.objects.get(1) is None and accounts.objects.get(2).key == "Limbo"
        assert accounts.objects.find("brass compass") == []


@pytest.mark.parametrize(
    "used",
    [
        Change("counter", {"name": "object"}, {"value": 500}),
        Change(
            "account",
            {"id": 1},
            {
                "key": "A", "folded": "a", "is_superuser": False, "permissions": [],
                "characters": [], "last_puppet_id": None, "locks": "", "cmdsets": [],
            },
        ),
    ],
    ids=["objects", "accounts"],
)  # fmt: skip
def test_world_that_was_used_is_left_alone(
    theirs: Evennia, database_url: str, used: Change
) -> None:
    store = Store.open(database_url, seed=starter_world)
    store.commit(Commit(take_over(store, "host"), 1, changes=[used]))
    store.close()
    with pytest.raises(UserError, match="has been used"):
        imported(theirs, database_url)
    with world(database_url) as accounts:
        assert accounts.objects.start_location().key == "The Front Step"


def test_world_whose_server_runs_is_left_alone(theirs: Evennia, url: str, tmp_path: Path) -> None:
    with world_lock(url, tmp_path), pytest.raises(StartupError, match="is served"):
        imported(theirs, url)


def test_world_is_left_as_by_a_server_that_has_stopped(theirs: Evennia, url: str) -> None:
    imported(theirs, url)
    store = Store.open(url)
    with store.takeover("next") as stored:
        assert (stored.ended, stored.generation) == (Ending.STOP, 2)
    store.close()


@pytest.mark.parametrize("start", [1, 4])
def test_start_that_is_no_room_is_refused(theirs: Evennia, url: str, start: int) -> None:
    theirs.object(4, "out", "typeclasses.exits.Exit", 2, db_destination_id=2)
    with pytest.raises(UserError, match=f"no room #{start} .* --start"):
        imported(theirs, url, start=start)


def test_start_may_be_another_room(theirs: Evennia, url: str) -> None:
    theirs.object(3, "Attic", "typeclasses.rooms.Room")
    imported(theirs, url, start=3)
    with world(url) as accounts:
        assert accounts.objects.start_location().key == "Attic"


@pytest.mark.parametrize("content", [None, b"", b"no database at all, but long enough to be one"])
def test_file_that_is_no_database_of_evennias_is_refused(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "evennia.db3"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"is no (file|database of Evennia's)"):
        EvenniaDatabase(path)
