"""Homes of the auth service, each a real database of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from auth_lives import Auth
from everdoor_auth.models import AuthTable
from everdoor_auth.store import Store
from postgres import Postgres


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a database with its tables and nothing in them: made once, copied often."""
    path = tmp_path_factory.mktemp("auth") / "auth.db"
    store = Store(f"sqlite:///{path}")
    store.prepare()
    store.close()
    return path.read_bytes()


@pytest.fixture(scope="module")
def empty_postgres(postgres: Postgres) -> str:
    """The same in PostgreSQL: one for all tests of a module, its tables emptied for each."""
    url = postgres.empty_database()
    store = Store(url)
    store.prepare()
    store.close()
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path, empty_database: bytes) -> str:
    """A database of each kind, with nothing in it."""
    if request.param == "sqlite":
        path = tmp_path / "auth.db"
        path.write_bytes(empty_database)
        return f"sqlite:///{path}"
    shared: str = request.getfixturevalue("empty_postgres")
    server: Postgres = request.getfixturevalue("postgres")
    names = ", ".join(AuthTable.metadata.tables)
    server.query(shared, f"TRUNCATE {names} RESTART IDENTITY")
    return shared


@pytest.fixture
def closed_auth(url: str) -> Iterator[Auth]:
    """A home whose service is not yet open, so that a test may choose its limits."""
    auth = Auth(url)
    yield auth
    auth.close()


@pytest.fixture
def auth(closed_auth: Auth) -> Auth:
    closed_auth.open()
    return closed_auth
