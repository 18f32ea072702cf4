from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from everdoor.errors import Fenced, StartupError, StoreError
from everdoor.ids import Incarnation, RowId, SessionKey, link_dead_key
from everdoor_server.commit import Change, Commit, KnownPortal, Missed, OutboxRow, RosterEntry
from everdoor_server.world import Store, upgrade
from takeover import take_over

KEY = SessionKey("portal", 5, 1)


@pytest.fixture
def url(database_url: str) -> str:
    return database_url


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = Store.open(url)
    yield store
    store.close()


def row(n: int, portal: str = "portal", generation: int = 1) -> OutboxRow:
    return OutboxRow(portal, RowId(generation, n), b"row %d" % n)


def set_revision(store: Store, revision: str) -> None:
    with store._driver.transaction():
        given = {"revision": revision}
        sql = "UPDATE world_version SET version_num = {}"
        is_sqlite = store._driver.dialect.name == "sqlite"
        store._driver.run(sql.format(":revision" if is_sqlite else "%(revision)s"), given)


def counter(value: int) -> Change:
    return Change("counter", {"name": "object"}, {"value": value})


def test_store_begins_with_nothing(store: Store) -> None:
    stored = store.load()
    assert (stored.generation, stored.last_sessid) == (0, 0)
    assert (stored.portals, stored.roster, stored.rows) == ([], [], [])


def test_generation_rises_with_every_server(url: str, store: Store) -> None:
    assert take_over(store, "host.1") == 1
    again = Store.open(url)
    assert take_over(again, "host.2") == 2
    assert again.load().generation == 2
    again.close()


def test_world_has_an_id_of_its_own_from_its_first_server_on(url: str, store: Store) -> None:
    take_over(store, "host.1")
    named = store.load().world_id
    again = Store.open(url)
    take_over(again, "host.2")
    assert again.load().world_id == named
    assert int(named, 16)
    again.close()


def test_store_holds_what_a_turn_has_committed(url: str, store: Store) -> None:
    generation = take_over(store, "host")
    entry = RosterEntry(KEY, 7, 3, None, resume=b"\0\xff")
    portal = KnownPortal("portal", Incarnation(5, 2**64 - 1), "host", buried=True)
    commit = Commit(generation, 1, rows=[row(1)], present=[entry], portals=[portal], last_sessid=7)
    commit.changes.append(counter(12))
    store.commit(commit)
    again = Store.open(url)
    stored = again.load()
    assert stored.roster == [entry]
    assert stored.portals == [portal]
    assert stored.rows == [row(1)]
    assert (stored.last_sessid, again.rows.counter("object")) == (7, 12)
    again.close()


def test_store_replaces_what_has_changed_and_removes_what_is_absent(store: Store) -> None:
    generation = take_over(store, "host")
    leaving = SessionKey("portal", 5, 2)
    lost = RosterEntry(link_dead_key(6), 6, 3, None, state=b"\x80")
    entries = [RosterEntry(KEY, 7, None, None), RosterEntry(leaving, 8, None, None), lost]
    store.commit(Commit(generation, 1, present=entries, last_sessid=8))
    changed = RosterEntry(KEY, 7, 3, 4)
    newer = KnownPortal("portal", Incarnation(6, 1), "host")
    store.commit(Commit(generation, 2, present=[changed], absent=[leaving], portals=[newer]))
    stored = store.load()
    assert (stored.roster, stored.portals, stored.last_sessid) == ([lost, changed], [newer], 8)


def test_acknowledged_rows_go_up_to_the_one_that_was_named(store: Store) -> None:
    take_over(store, "host")
    generation = take_over(store, "host")
    old = [row(1, generation=1), row(9, generation=1), row(1, "another", generation=1)]
    store.commit(Commit(generation, 1, rows=[*old, row(1, generation=2), row(2, generation=2)]))
    store.commit(Commit(generation, 3, trimmed={"portal": RowId(2, 1)}))
    assert store.load().rows == [row(1, "another"), row(2, generation=2)]


def test_what_sessions_have_missed_is_kept_until_they_have_caught_up(store: Store) -> None:
    generation = take_over(store, "host")
    missed = [Missed(sessid, number, b"\x93") for sessid in (7, 8) for number in (1, 2, 3)]
    store.commit(Commit(generation, 1, missed=missed))
    store.commit(Commit(generation, 2, missed=[Missed(7, 4, b"")], caught_up={7: 2, 8: 2**63 - 1}))
    assert store.load().missed == [Missed(7, 3, b"\x93"), Missed(7, 4, b"")]


def test_rows_of_a_forgotten_portal_go_before_new_ones_come(store: Store) -> None:
    generation = take_over(store, "host")
    store.commit(Commit(generation, 1, rows=[row(1), row(1, "another")]))
    store.commit(Commit(generation, 2, rows=[row(2)], forgotten=["portal"]))
    assert store.load().rows == [row(1, "another"), row(2)]


def test_row_of_a_mebibyte_is_kept_as_it_is(store: Store) -> None:
    generation = take_over(store, "host")
    body = bytes(range(256)) * 4096
    store.commit(Commit(generation, 1, rows=[OutboxRow("portal", RowId(1, 1), body)]))
    assert store.load().rows[0].body == body


# The fence.


def test_store_writes_nothing_for_a_server_that_was_replaced(url: str, store: Store) -> None:
    generation = take_over(store, "old")
    successor = Store.open(url)
    take_over(successor, "new")
    commit = Commit(generation, 1, rows=[row(1)], last_sessid=5, changes=[counter(5)])
    with pytest.raises(Fenced, match="generation 2 has taken over .* generation 1 and must leave"):
        store.commit(commit)
    assert (successor.load().rows, successor.load().last_sessid) == ([], 0)
    assert successor.rows.counter("object") == 0
    successor.close()


def test_store_writes_nothing_for_a_generation_that_is_not_there_yet(store: Store) -> None:
    generation = take_over(store, "host")
    with pytest.raises(Fenced):
        store.commit(Commit(generation + 1, 1, rows=[row(1)]))


# Errors.


def test_commit_that_the_database_refuses_writes_nothing(store: Store) -> None:
    generation = take_over(store, "host")
    orphan = Change("attribute", {"object_id": 99, "name": "desc"}, {"value": "1"})
    with pytest.raises(StoreError, match="refused"):
        store.commit(Commit(generation, 1, rows=[row(1)], changes=[orphan]))
    with pytest.raises(StoreError, match="refused"):
        store.commit(Commit(generation, 2, rows=[row(2), row(2)]))
    assert store.load().rows == []


# Opening.


def test_seed_is_written_once(url: str) -> None:
    seeds: list[int] = []

    def seed() -> list[Change]:
        seeds.append(1)
        return [counter(3)]

    for _ in range(2):
        store = Store.open(url, seed=seed)
        assert store.rows.counter("object") == 3
        store.close()
    assert seeds == [1]


def test_failing_seed_leaves_an_empty_database(url: str) -> None:
    with pytest.raises(StartupError, match="cannot be opened"):
        Store.open(
            url, seed=lambda: [Change("attribute", {"object_id": 9, "name": "x"}, {"value": "1"})]
        )
    store = Store.open(url, seed=lambda: [counter(3)])
    assert store.rows.counter("object") == 3
    store.close()


@pytest.mark.parametrize(
    ("revision", "text"),
    [("9999", "newer than this program"), ("0000", "run `everdoor db upgrade`")],
)
def test_database_of_another_revision_is_refused(
    url: str, store: Store, revision: str, text: str
) -> None:
    set_revision(store, revision)
    with pytest.raises(StartupError, match=text) as caught:
        Store.open(url)
    assert "\n" not in str(caught.value)


def test_newer_database_is_not_upgraded(url: str, store: Store) -> None:
    set_revision(store, "9999")
    with pytest.raises(StartupError, match="newer"):
        upgrade(url)


def test_upgrade_makes_a_database_and_can_be_repeated(url: str) -> None:
    upgrade(url)
    upgrade(url)
    store = Store.open(url)
    assert store.load().generation == 0
    store.close()


def test_stores_that_open_an_empty_database_at_once_make_one_world(url: str) -> None:
    with ThreadPoolExecutor() as threads:
        opened = [threads.submit(open_and_close, url) for _ in range(2)]
        assert [each.result() for each in opened] == [3, 3]


def open_and_close(url: str) -> int:
    store = Store.open(url, seed=lambda: [counter(3)])
    try:
        return store.rows.counter("object")
    finally:
        store.close()


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("nonsense", "no database URL"),
        ("sqlite:////nowhere/at/all/world.db", "cannot be opened: unable to open"),
        ("postgresql://anna:secret@/world?host=/nowhere", r"anna:\*\*\*@.* No such file"),
        ("mysql://anna:secret@host/world", r"anna:\*\*\*@host/world; expected sqlite:///path or"),
    ],
)
def test_url_that_leads_nowhere_is_refused_in_one_line(url: str, text: str) -> None:
    with pytest.raises(StartupError, match=text) as caught:
        Store.open(url)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


# The lease.


def test_world_that_was_seen_free_is_taken(store: Store) -> None:
    with store.takeover("host pid 7", "here", over=store.held_by()):
        pass
    held = store.held_by()
    assert (held.generation, held.holder, held.home) == (1, "host pid 7", "here")


def test_world_that_another_has_taken_meanwhile_is_not_taken(url: str, store: Store) -> None:
    seen = store.held_by()
    take_over(store, "quicker")
    with pytest.raises(Fenced, match="quicker serves this world, generation 1"):
        with store.takeover("slower", "there", over=seen):
            pass
    assert store.held_by().holder == "quicker"


def test_world_whose_holder_gives_a_sign_of_life_is_not_taken_by_another_home(store: Store) -> None:
    with store.takeover("alive", "here") as stored:
        pass
    seen = store.held_by()
    store.renew(stored.generation)
    with pytest.raises(Fenced, match="alive serves this world"):
        with store.takeover("other", "there", over=seen):
            pass
    with store.takeover("same", "here", over=seen):
        pass
    assert store.held_by().generation == 2


def test_world_that_was_let_go_is_taken_at_once(store: Store) -> None:
    with store.takeover("ended", "here") as stored:
        pass
    store.let_go(stored.generation)
    assert store.held_by().home == ""


def test_replaced_server_neither_renews_nor_lets_go(store: Store) -> None:
    old = take_over(store, "old")
    take_over(store, "new")
    for write in (store.renew, store.let_go):
        with pytest.raises(Fenced):
            write(old)
    assert store.held_by().beat == 0


def test_failing_takeover_leaves_the_world_to_whoever_has_it(store: Store) -> None:
    generation = take_over(store, "old")
    with pytest.raises(ValueError), store.takeover("new"):
        raise ValueError("a start hook")
    store.commit(Commit(generation, 1, rows=[row(1)]))
    assert store.held_by().holder == "old"
