"""Fixtures for tests of every package."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from postgres import NoPostgres, Postgres, running_postgres

# No test is a matter of time: a machine may be as slow as it likes.
settings.register_profile("everdoor", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("everdoor")


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
