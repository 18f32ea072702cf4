"""A builder who stands where players begin."""

from __future__ import annotations

from typing import Any

import pytest

from everdoor_server.testing import Client, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def builder(world: World) -> Client:
    client = world.log_in("Bea")
    account: Any = client.session.account
    account.permissions.add("Builder")
    return client
