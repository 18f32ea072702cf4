from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, make_url, text

from everdoor_server.commit import HeldBy
from everdoor_server.world import Store, upgrade
from everdoor_server.world.migrations import HEAD, VERSION_TABLE, run_revisions
from everdoor_server.world.models import WorldTable

DRIVERS = {"sqlite": "sqlite", "postgr": "postgresql+psycopg"}


@contextmanager
def opened(url: str) -> Iterator[Connection]:
    engine = create_engine(make_url(url).set(drivername=DRIVERS[url[:6]]))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_migrations_make_the_tables_of_the_models(database_url: str) -> None:
    upgrade(database_url)
    with opened(database_url) as connection:
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, WorldTable.metadata) == []


def test_newest_revision_is_the_one_that_the_program_names() -> None:
    versions = Path(__file__).parents[3] / "services/server/everdoor_server/world/migrations"
    files = sorted(path.name for path in (versions / "versions").glob("r*.py"))
    assert files[-1].startswith(f"r{HEAD}_")


def test_world_of_an_older_revision_keeps_what_it_holds(database_url: str) -> None:
    with opened(database_url) as connection, connection.begin():
        run_revisions(connection, "0001")
        connection.execute(text("UPDATE world_lease SET generation = 7, holder = 'host pid 1'"))
    upgrade(database_url)
    store = Store.open(database_url)
    assert store.held_by() == HeldBy(7, "host pid 1", "", 0, "stop")
    store.close()
