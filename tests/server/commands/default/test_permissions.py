"""Who may do what, said by command."""

from __future__ import annotations

from typing import Any

import pytest

from everdoor_server.testing import World


@pytest.fixture
def world() -> World:
    world = World()
    world.log_in("Anna")
    return world


def test_permission_is_given_told_and_taken(world: World) -> None:
    root = world.log_in("Root", superuser=True)
    assert root.type("perm Anna") == "Permissions of Anna: Player."
    assert root.type("perm Anna = Builder") == "Permissions of Anna: Player, Builder."
    anna: Any = world.game.accounts.find("Anna")
    assert anna.puppet.search("#1") is world.start
    told = root.type("perm/del *anna = builder")
    assert told == "Permissions of Anna: Player."


def test_who_is_given_a_permission_can_use_it_at_once_and_after_a_restart(world: World) -> None:
    bo = world.log_in("Bo")
    root = world.log_in("Root", superuser=True)
    bo.read()
    root.type("perm Bo = Builder")
    assert bo.read() == "You now have the permission 'Builder'."
    world.commit()
    world.restart()
    assert "Created room House" in bo.type("dig House")


def test_nobody_gives_what_they_do_not_have(world: World) -> None:
    bo = world.log_in("Bo")
    account: Any = bo.session.account
    account.permissions.add(["perm", "Builder"])
    assert bo.type("perm Anna = Admin") == "You do not have the permission 'Admin' yourself."
    assert bo.type("perm Bo = shutdown") == "You do not have the permission 'shutdown' yourself."
    assert bo.type("perm Anna = Helper, perm") == "Permissions of Anna: Player, Helper, perm."


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("perm", "Usage: perm"),
        ("perm Nobody", "Account Nobody was not found."),
        ("perm Anna = a;b", "A permission is letters and numbers, at most 40, not 'a;b'."),
        ("perm/del Anna = Builder", "Anna does not have the permission 'Builder'."),
    ],
)
def test_mistake_is_said_in_a_line(world: World, line: str, told: str) -> None:
    assert told in world.log_in("Root", superuser=True).type(line)
