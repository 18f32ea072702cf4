"""Folders with short paths for systems, and one system that tests which kill nothing share."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.system import System

SHARED_ACCOUNTS = ["Ada", "Bob", "Cyd", "Dot"]


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder whose path is short enough for sockets in it."""
    with tempfile.TemporaryDirectory(prefix="everdoor-") as path:
        yield Path(path)


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    """A system that is up, with accounts, for all tests of one module."""
    with tempfile.TemporaryDirectory(prefix="everdoor-") as path:
        with System(Path(path), login_throttle_limit=0, creation_throttle_limit=0) as system:
            system.up()
            system.make_accounts(SHARED_ACCOUNTS)
            yield system
