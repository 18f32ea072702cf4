from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, make_url

from everdoor_server.world import upgrade
from everdoor_server.world.migrations import HEAD, VERSION_TABLE
from everdoor_server.world.models import WorldTable

DRIVERS = {"sqlite": "sqlite", "postgr": "postgresql+psycopg"}


def test_migrations_make_the_tables_of_the_models(database_url: str) -> None:
    upgrade(database_url)
    engine = create_engine(make_url(database_url).set(drivername=DRIVERS[database_url[:6]]))
    with engine.connect() as connection:
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, WorldTable.metadata) == []
    engine.dispose()


def test_newest_revision_is_the_one_that_the_program_names() -> None:
    versions = Path(__file__).parents[3] / "services/server/everdoor_server/world/migrations"
    files = sorted(path.name for path in (versions / "versions").glob("r*.py"))
    assert files[-1].startswith(f"r{HEAD}_")
