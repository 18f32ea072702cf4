"""The store on PostgreSQL: connections that are cut, at every point of a commit."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest

from everdoor.errors import Fenced, StoreBusy, StoreError, StoreRefused
from everdoor.ids import RowId
from everdoor_server.commit import Commit, OutboxRow
from everdoor_server.world import Store
from everdoor_server.world.postgres import store_error
from postgres import CUT_OTHERS, Postgres
from takeover import take_over

SLOW_COMMIT = """
CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON world_outbox
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()
"""
"""Has every commit of a row wait until its connection is cut."""

CUT_COMMITTING = """SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND query = 'COMMIT' AND state = 'active'"""


@pytest.fixture
def url(postgres: Postgres) -> str:
    return postgres.empty_database()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = Store.open(url)
    yield store
    store.close()


def commit(generation: int, n: int) -> Commit:
    return Commit(generation, n, rows=[OutboxRow("portal", RowId(generation, n), b"row")])


def test_commit_that_had_no_connection_is_busy_and_taken_when_tried_again(
    postgres: Postgres, url: str, store: Store
) -> None:
    generation = take_over(store, "host")
    postgres.query(url, CUT_OTHERS)
    with pytest.raises(StoreBusy):
        store.commit(commit(generation, 1))
    store.commit(commit(generation, 1))
    assert len(store.load().rows) == 1


def test_connection_that_is_cut_in_a_commit_leaves_its_outcome_unknown(
    postgres: Postgres, url: str, store: Store
) -> None:
    generation = take_over(store, "host")
    postgres.query(url, SLOW_COMMIT)
    errors: list[StoreError] = []

    def write() -> None:
        try:
            store.commit(commit(generation, 1))
        except StoreError as exc:
            errors.append(exc)

    writer = threading.Thread(target=write)
    writer.start()
    while not postgres.query(url, CUT_COMMITTING):
        pass
    writer.join()
    assert [type(error) for error in errors] == [StoreError]
    assert "whether it was written is not known" in str(errors[0])


def test_read_is_done_again_when_the_connection_was_cut_before(
    postgres: Postgres, url: str, store: Store
) -> None:
    take_over(store, "host")
    postgres.query(url, CUT_OTHERS)
    assert store.rows.counter("nothing") == 0
    assert store.failure is None


def test_read_that_fails_within_a_transaction_fails_the_transaction(
    postgres: Postgres, url: str, store: Store
) -> None:
    with pytest.raises(StoreBusy), store.takeover("host"):
        postgres.query(url, CUT_OTHERS)
        store.rows.counter("object")
    assert store.failure is not None
    assert store.held_by().generation == 0


def test_row_that_a_stopped_server_holds_is_let_go_by_the_database(
    postgres: Postgres, url: str, store: Store
) -> None:
    generation = take_over(store, "stopped")
    successor = Store.open(url)
    store._driver.run("SET idle_in_transaction_session_timeout = '1s'", {})
    with pytest.raises(StoreError), store._driver.transaction():
        store._link.write(commit(generation, 1))
        take_over(successor, "new")
    assert successor.load().rows == []
    with pytest.raises(Fenced):
        store.commit(commit(generation, 1))
    successor.close()


def test_lock_that_another_holds_is_waited_for_and_then_busy(
    postgres: Postgres, url: str, store: Store
) -> None:
    generation = take_over(store, "host")
    store._driver.run("SET lock_timeout = '50ms'", {})
    with psycopg.connect(url) as other:
        other.execute("SELECT * FROM world_lease FOR UPDATE")
        with pytest.raises(StoreBusy, match="lock timeout"):
            store.commit(commit(generation, 1))
    store.commit(commit(generation, 1))


@pytest.mark.parametrize(
    ("set_to", "taken_with"), [("off", "on"), ("remote_write", "remote_write")]
)
def test_takeover_waits_for_the_disk_at_least(
    postgres: Postgres, url: str, store: Store, set_to: str, taken_with: str
) -> None:
    shown = "SHOW synchronous_commit"
    store._driver.run(f"SET synchronous_commit = {set_to}", {})
    with store.takeover("host"):
        assert store._driver.rows(shown, {}) == [(taken_with,)]
    assert store._driver.rows(shown, {}) == [(set_to,)]


def test_errors_that_may_go_away_are_busy_and_others_are_not() -> None:
    busy = (
        psycopg.errors.DiskFull,
        psycopg.errors.AdminShutdown,
        psycopg.errors.CannotConnectNow,
        psycopg.errors.LockNotAvailable,
        psycopg.errors.ReadOnlySqlTransaction,
        psycopg.OperationalError,
    )
    assert {type(store_error(kind("no"))) for kind in busy} == {StoreBusy}
    for kind in (
        psycopg.errors.UniqueViolation,
        psycopg.errors.ProgramLimitExceeded,
        psycopg.DataError,
    ):
        assert type(store_error(kind("no"))) is StoreRefused
    assert type(store_error(psycopg.errors.UndefinedTable("no"))) is StoreError
