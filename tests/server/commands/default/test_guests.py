"""Guests: in without a name, gone without a trace."""

from __future__ import annotations

import pytest

from everdoor_server.engine import GameOptions
from everdoor_server.testing import World

GUESTS = GameOptions(guest_enabled=True, guest_list=("Ada", "Bob"), multisession_mode=1)


def test_guest_is_in_with_a_character_and_the_least_permission() -> None:
    guest = World(GUESTS).connect()
    assert "You become Ada." in guest.type("connect guest")
    account = guest.session.account
    assert (account.permissions.all(), account.is_guest) == (["Guest"], True)  # type: ignore
    assert guest.puppet.permissions.all() == ["Guest"]
    assert "not available" in guest.type("charcreate Cyd")


def test_guests_have_names_of_their_own_while_there_are_any() -> None:
    world = World(GUESTS)
    one, two, three = world.connect(), world.connect(), world.connect()
    one.type("connect guest")
    two.type("connect Guest")
    assert (one.session.uname, two.session.uname) == ("Ada", "Bob")
    assert three.type("co guest") == "All guest accounts are in use. Please try again later."


def test_world_without_guests_says_so() -> None:
    assert World().connect().type("connect guest") == "Guest accounts are not enabled."


@pytest.mark.parametrize("how", ["quit", "leave", "boot"])
def test_guest_who_leaves_is_forgotten_with_the_character(how: str) -> None:
    world = World(GUESTS)
    guest = world.connect()
    guest.type("connect guest")
    uid = guest.session.uid
    world.commit()
    if how == "quit":
        guest.type("quit")
    elif how == "leave":
        guest.leave()
    else:
        world.log_in("Boss", superuser=True).type("boot Ada")
    for _ in range(2):
        assert world.game.accounts.get(uid) is None
        assert world.game.accounts.find("Ada") is None
        assert world.game.objects.find("Ada") == []
        world.commit()
        world.restart()
    assert world.rows.account_attributes(uid or 0) == {}


def test_guest_is_still_here_after_a_restart_and_goes_when_leaving() -> None:
    world = World(GUESTS)
    guest = world.connect()
    guest.type("connect guest")
    assert world.game.guests() == [guest.session.uid]
    world.commit()
    world.restart()
    assert 'You say, "still here"' in guest.type("say still here")
    assert world.game.guests() == [guest.session.uid]
    guest.leave()
    assert world.game.guests() == []
    assert world.game.objects.find("Ada") == []
