"""Homes of the auth service, each a real SQLite file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from auth_lives import Auth
from everdoor_auth.store import Store


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a database with its tables and nothing in them: made once, copied often."""
    path = tmp_path_factory.mktemp("auth") / "auth.db"
    store = Store(f"sqlite:///{path}")
    store.prepare()
    store.close()
    return path.read_bytes()


@pytest.fixture
def closed_auth(tmp_path: Path, empty_database: bytes) -> Iterator[Auth]:
    """A home whose service is not yet open, so that a test may choose its limits."""
    path = tmp_path / "auth.db"
    path.write_bytes(empty_database)
    auth = Auth(path)
    yield auth
    auth.close()


@pytest.fixture
def auth(closed_auth: Auth) -> Auth:
    closed_auth.open()
    return closed_auth
