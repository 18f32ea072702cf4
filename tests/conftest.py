"""Fixtures for tests of every package."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from postgres import NoPostgres, Postgres, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server that the tests of a run share, one after the other."""
    try:
        with running_postgres() as server:
            yield server
    except NoPostgres as exc:
        pytest.skip(str(exc))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('tmp_path')}/empty.db"
    server: Postgres = request.getfixturevalue("postgres")
    return server.empty_database()
