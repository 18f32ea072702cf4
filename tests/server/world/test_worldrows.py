"""The store and MemoryRows give the same answers: what is tested in memory holds on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from everdoor_server.changes import Changes
from everdoor_server.commit import Change, Commit
from everdoor_server.objects import Exit, Objects, Thing
from everdoor_server.rows import (
    ChannelRow,
    Label,
    MemoryRows,
    MessageRow,
    ScriptRow,
    TimerRow,
    WorldRows,
)
from everdoor_server.scripts import Script
from everdoor_server.testing import World
from everdoor_server.world import Store
from postgres import Postgres
from stage import Stage
from takeover import take_over


class Kept:
    """Rows in memory or in a database, and how changes get into them."""

    def __init__(self, rows: WorldRows, write: Callable[[list[Change]], None]) -> None:
        self.rows = rows
        self.write = write


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    if request.param == "memory":
        rows = MemoryRows()
        yield Kept(rows, rows.apply)
        return
    url = f"sqlite:///{tmp_path}/world.db"
    if request.param == "postgresql":
        postgres: Postgres = request.getfixturevalue("postgres")
        url = postgres.empty_database()
    store = Store.open(url)
    generation = take_over(store, "test")
    yield Kept(store.rows, lambda changes: store.commit(Commit(generation, 1, changes=changes)))
    store.close()


@pytest.fixture
def stage(kept: Kept) -> Stage:
    """Hall (1), garden (2), an exit, two lamps, and Anna; all of it written."""
    stage = Stage(kept.rows)
    ways = {"location": stage.hall, "destination": stage.garden, "home": stage.garden}
    stage.objects.create(Exit, "Nörth", aliases=["n", "ÜP"], **ways)
    for tag in ("old", "new"):
        stage.objects.create(Thing, "lamp", location=stage.hall, tags=[tag])
    stage.login()
    kept.write(stage.changes.take())
    return stage


def test_rows_have_objects_with_their_labels(stage: Stage, kept: Kept) -> None:
    north = kept.rows.object(3)
    assert north is not None
    assert (north.key, north.typeclass) == ("Nörth", "everdoor_server.objects.Exit")
    assert (north.location, north.home, north.destination) == (1, 2, 2)
    assert set(north.labels) == {Label("alias", "", "n"), Label("alias", "", "ÜP")}
    assert kept.rows.object(999) is None
    assert kept.rows.object(10**30) is None


def test_rows_have_the_contents_of_a_place(stage: Stage, kept: Kept) -> None:
    assert [row.id for row in kept.rows.contents(1)] == [3, 4, 5, 6]
    assert kept.rows.contents(2) == []


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ({"name": "LAMP"}, [4, 5]),
        ({"name": "nÖRTH"}, [3]),
        ({"name": "üp"}, [3]),
        ({"name": "nobody"}, []),
        ({"label": Label("tag", "", "old")}, [4]),
        ({"label": Label("tag", "place", "start")}, [1]),
        ({"label": Label("alias", "", "old")}, []),
        ({"home": 2}, [3]),
        ({"destination": 2}, [3]),
        ({"name": "lamp", "label": Label("tag", "", "new")}, [5]),
    ],
)
def test_rows_find_objects(
    stage: Stage, kept: Kept, asked: dict[str, object], ids: list[int]
) -> None:
    assert [row.id for row in kept.rows.find_objects(**asked)] == ids


def test_rows_have_attributes_and_counters(stage: Stage, kept: Kept) -> None:
    assert kept.rows.attributes(1) == {"desc": '"A hall."'}
    assert kept.rows.attributes(999) == {}
    assert (kept.rows.counter("object"), kept.rows.counter("nothing")) == (6, 0)


def test_rows_have_accounts(stage: Stage, kept: Kept) -> None:
    account = kept.rows.account(1)
    assert account is not None and account == kept.rows.find_account("ANNA")
    assert (account.key, account.characters, account.last_puppet) == ("Anna", (6,), 6)
    assert (account.permissions, account.is_superuser) == (("Player",), False)
    assert kept.rows.account(2) is kept.rows.find_account("nobody") is None


def test_rows_of_a_deleted_object_go_with_it(stage: Stage, kept: Kept) -> None:
    lamp = stage.objects.get(4)
    assert lamp is not None
    lamp.db.lit = True
    kept.write(stage.changes.take())
    assert kept.rows.attributes(4) == {"lit": "true"}
    lamp.delete()
    kept.write(stage.changes.take())
    assert kept.rows.object(4) is None
    assert kept.rows.attributes(4) == {}
    assert kept.rows.find_objects(label=Label("tag", "", "old")) == []


def test_object_made_and_deleted_within_a_turn_leaves_nothing(stage: Stage, kept: Kept) -> None:
    lamp = stage.objects.create(Thing, "lamp", aliases=["light"], attributes={"lit": True})
    lamp.delete()
    kept.write(stage.changes.take())
    assert kept.rows.object(lamp.id) is None
    assert kept.rows.counter("object") == lamp.id


def test_world_is_the_same_when_it_is_read_again(stage: Stage, kept: Kept) -> None:
    anna = stage.objects.find("Anna")[0]
    anna.db.friends = {"best": stage.hall, "met": [(1, {"x"})]}
    anna.move_to(stage.garden)
    kept.write(stage.changes.take())
    again = Objects(kept.rows, Changes())
    found = again.get(anna.id)
    assert found is not None and found.location is again.get(2)
    assert found.db.friends == {"best": again.get(1), "met": [(1, {"x"})]}
    assert [obj.id for obj in again.get(2).contents] == [anna.id]  # type: ignore[union-attr]


def test_rows_have_channels_and_what_was_said_on_them(kept: Kept) -> None:
    world = World(rows=MemoryRows())
    channels = world.game.channels
    trade = channels.create("Trade", ("t",), "Buying", "send:perm(Admin)", for_all=True)
    trade.msg("one")
    trade.msg("|rtwo")
    kept.write(world.game.take_changes())
    public, stored = kept.rows.channels()
    assert public.key == "Public" and public.for_all
    locks = "listen:all();send:perm(Admin);control:perm(Admin)"
    assert stored == ChannelRow(2, "Trade", ("t",), "Buying", locks, True)
    assert kept.rows.channel_messages(2) == [
        MessageRow(1, world.now, "one"),
        MessageRow(2, world.now, "|rtwo"),
    ]
    channels.delete(trade)
    kept.write(world.game.take_changes())
    assert [row.key for row in kept.rows.channels()] == ["Public"]
    assert kept.rows.channel_messages(2) == []
    assert kept.rows.counter("channel") == 2


def test_rows_have_scripts_with_their_timers(kept: Kept) -> None:
    world = World(rows=MemoryRows())
    scripts, lamp = world.game.scripts, world.game.objects.create(Thing, "lamp")
    kept.write(world.game.take_changes())
    of_lamp = scripts.create(
        Script, "Flame", obj=lamp, interval=2.5, start_delay=True, desc="Burns.", tags=["fire"]
    )
    weather = scripts.create(Script, "weather", persistent=False, attributes={"sky": "grey"})
    weather.pause()
    kept.write(world.game.take_changes())
    flame = ScriptRow(
        1,
        "Flame",
        "everdoor_server.scripts.Script",
        object_id=lamp.id,
        description="Burns.",
        interval_s=2.5,
        start_delay=True,
        active=True,
        due_s=world.now + 2.5,
        tags=(("", "fire"),),
    )
    assert kept.rows.script(1) == flame and kept.rows.script(9) is None
    assert kept.rows.timers() == [TimerRow(1, world.now + 2.5, 0)]
    assert kept.rows.find_scripts(key="FLAME", tag=("", "fire"), object_id=lamp.id) == [flame]
    assert [row.key for row in kept.rows.find_scripts(persistent=False)] == ["weather"]
    assert kept.rows.find_scripts(key="flame", persistent=False) == []
    assert kept.rows.script_attributes(2) == {"sky": '"grey"'}
    scripts.count_attempt(1, 2)
    kept.write(world.game.take_changes())
    assert kept.rows.timers() == [TimerRow(1, world.now + 2.5, 2)]
    of_lamp.delete()
    weather.delete()
    kept.write(world.game.take_changes())
    assert kept.rows.timers() == [] and kept.rows.find_scripts(tag=("", "fire")) == []
    assert kept.rows.script_attributes(2) == {}
    assert kept.rows.counter("script") == 2
