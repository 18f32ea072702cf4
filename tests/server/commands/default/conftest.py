"""A builder who stands where players begin; three players."""

from __future__ import annotations

from typing import Any

import pytest

from everdoor_server.testing import Client, World
from three import Three


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def builder(world: World) -> Client:
    client = world.log_in("Bea")
    account: Any = client.session.account
    account.permissions.add("Builder")
    return client


@pytest.fixture
def three() -> Three:
    return Three.begin()
