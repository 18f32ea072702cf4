"""Opening the accounts database, and its transactions."""

import re
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from everdoor.errors import StartupError, StoreBusy
from everdoor_auth import migrations
from everdoor_auth.migrations import HEAD, VERSION_TABLE, upgrade
from everdoor_auth.models import AuthTable
from everdoor_auth.store import Store
from postgres import CUT_OTHERS, Postgres


@pytest.fixture
def path(tmp_path: Path, empty_database: bytes) -> Path:
    path = tmp_path / "auth.db"
    path.write_bytes(empty_database)
    return path


def set_revision(url: str, revision: str) -> None:
    store = Store(url)
    with store.writing() as db:
        db.connection().exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '{revision}'")
    store.close()


def test_store_makes_the_tables_of_an_empty_database(database_url: str) -> None:
    store = Store(database_url)
    store.prepare()
    with store.reading() as db:
        context = MigrationContext.configure(db.connection(), opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, AuthTable.metadata) == []
        assert context.get_current_revision() == HEAD
    store.close()


def test_store_makes_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/new.db")
    store.prepare()
    with store.reading() as db:
        db.connection().exec_driver_sql("SELECT 1")
        assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    store.close()


def test_store_knows_the_newest_revision_without_alembic() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_store_refuses_a_newer_database_in_one_line(database_url: str) -> None:
    upgrade(database_url)
    set_revision(database_url, "9999")
    store = Store(database_url)
    for attempt in (store.prepare, lambda: upgrade(database_url)):
        with pytest.raises(StartupError, match="9999, newer than this program") as refused:
            attempt()
        assert "\n" not in str(refused.value)
    store.close()


def test_store_asks_for_an_upgrade_of_an_older_database(database_url: str) -> None:
    upgrade(database_url)
    set_revision(database_url, "0000")
    store = Store(database_url)
    with pytest.raises(StartupError, match="run `everdoor db upgrade`"):
        store.prepare()
    store.close()


def test_upgrade_makes_the_database_and_may_be_repeated(database_url: str) -> None:
    upgrade(database_url)
    upgrade(database_url)
    store = Store(database_url)
    store.prepare()
    store.close()


def test_stores_that_open_an_empty_database_at_once_make_its_tables_once(database_url: str) -> None:
    stores = [Store(database_url) for _ in range(2)]
    with ThreadPoolExecutor() as threads:
        for done in [threads.submit(store.prepare) for store in stores]:
            done.result()
    for store in stores:
        store.close()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nonsense", "no database URL"),
        ("fictional://user:hush@host/db", r"expected sqlite:///path or postgresql://"),
        ("mysql://user:hush@host/db", r"mysql://user:\*\*\*@host/db; expected"),
        ("postgresql://user:hush@/db?host=/nowhere", "cannot be opened: .*/nowhere"),
        ("postgresql://user@/db?host=/nowhere&password=hush", r"=\*\*\* cannot be opened"),
        ("mysql://user@host/db?sslpassword=hush", r"sslpassword=\*\*\*; expected"),
        ("sqlite:////nowhere/at/all/auth.db", "cannot be opened: .*No such file"),
        ("sqlite:////", "cannot be opened"),
    ],
)
def test_store_that_cannot_be_opened_says_so_in_one_line(url: str, told: str) -> None:
    with pytest.raises(StartupError) as refused:
        Store(url).prepare()
    assert re.search(told, str(refused.value))
    assert "\n" not in str(refused.value)
    assert "hush" not in str(refused.value)


def test_store_refuses_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "auth.db"
    path.write_text("not a database, and longer than a header of one" * 40)
    with pytest.raises(StartupError, match="file is not a database"):
        Store(f"sqlite:///{path}").prepare()


def test_store_works_in_wal_mode_as_it_was_told(path: Path) -> None:
    store = Store(f"sqlite:///{path}", synchronous="FULL")
    with store.reading() as db:
        pragmas = [
            db.connection().exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert pragmas == ["wal", 2, 1]
    store.close()


def test_store_undoes_a_transaction_that_fails(url: str) -> None:
    store = Store(url)
    with pytest.raises(StoreBusy), store.writing() as db:
        db.connection().exec_driver_sql(
            "INSERT INTO auth_throttle_mark (bucket, at) VALUES ('a', 1)"
        )
        db.connection().exec_driver_sql("INSERT INTO auth_throttle_mark (bucket) VALUES ('b')")
    with store.reading() as db:
        count = db.connection().exec_driver_sql("SELECT count(*) FROM auth_throttle_mark")
        assert count.scalar() == 0
    store.close()


def test_store_connects_again_after_its_connection_was_cut(postgres: Postgres) -> None:
    url = postgres.empty_database()
    store = Store(url)
    store.prepare()
    postgres.query(url, CUT_OTHERS)
    with store.writing() as db:
        assert db.connection().exec_driver_sql("SELECT 1").scalar() == 1
    with pytest.raises(StoreBusy, match="terminating connection"), store.writing() as db:
        db.connection().exec_driver_sql("SELECT 1")
        postgres.query(url, CUT_OTHERS)
        db.connection().exec_driver_sql("SELECT 1")
    store.close()


def test_store_holds_the_write_lock_from_the_beginning(path: Path) -> None:
    store = Store(f"sqlite:///{path}")
    other = sqlite3.connect(path, timeout=0)
    with store.writing() as db:
        db.connection().exec_driver_sql("SELECT 1")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    other.close()
    store.close()
