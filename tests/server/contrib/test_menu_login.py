"""Logging in step by step."""

from __future__ import annotations

from typing import Any

import pytest

from everdoor_server.contrib import menu_login
from everdoor_server.engine import GameOptions
from everdoor_server.testing import Client, World

MENU = "everdoor_server.contrib.menu_login.UnloggedinCmdSet"


def world(**options: Any) -> World:
    screen = menu_login.CONNECTION_SCREEN
    made = World(GameOptions(cmdset_unloggedin=MENU, connection_screen=screen, **options))
    made.auth.add("Anna", "password")
    return made


def hidden(client: Client) -> bool:
    """Whether what is typed next is not to be seen."""
    return bool(client.shown[-1].options.get("hidden"))


def test_known_name_is_asked_for_its_password_and_logged_in() -> None:
    anna = world().connect()
    assert anna.read().endswith(menu_login.ASK_NAME)
    assert not hidden(anna)
    assert anna.type("anna") == "Enter the password for account |canna|n (empty to abort): "
    assert hidden(anna)
    told = anna.type("password")
    assert "|gLogging in ...|n" in told and "You become Anna." in told
    assert not anna.session.is_asked
    assert 'You say, "hi"' in anna.type("say hi")


def test_new_name_is_led_to_an_account_and_logged_in() -> None:
    made = world()
    bob = made.connect()
    assert bob.type("  Bob ") == menu_login.NEW_ACCOUNT
    assert bob.type("sea and salt") == "Enter it again: "
    assert hidden(bob)
    told = bob.type("sea and salt")
    assert "A new account |cBob|g was created" in told and "You become Bob." in told
    assert made.auth.password_of("Bob") == "sea and salt"
    assert "sea and salt" not in repr(bob.shown)


def test_wrong_password_is_asked_for_again() -> None:
    anna = world().connect()
    anna.type("Anna")
    told = anna.type("wrong")
    assert "|RUsername and/or password is incorrect.|n" in told
    assert told.endswith("(empty to abort): ") and hidden(anna)
    anna.type("password")
    assert anna.session.logged_in


def test_passwords_that_differ_are_asked_for_again() -> None:
    bob = world().connect()
    assert "not the same" in bob.type("Bob", "one", "two")
    bob.type("one", "one")
    assert bob.session.uname == "Bob"


@pytest.mark.parametrize("name", ["Anna", "Bob"])
def test_empty_password_goes_back_to_the_name(name: str) -> None:
    client = world().connect()
    told = client.type(name, "")
    assert menu_login.CANCELLED in told and told.endswith(menu_login.ASK_NAME)
    assert not hidden(client)


@pytest.mark.parametrize("lines", [["quit"], ["Q"], ["Anna", "quit"], ["Bob", "q"]])
def test_quit_leaves_at_every_step(lines: list[str]) -> None:
    client = world().connect()
    assert client.type(*lines).endswith(menu_login.GOODBYE)
    assert client.closed is not None


def test_help_is_given_at_every_step() -> None:
    client = world().connect()
    assert client.type("help") == f"{menu_login.NAME_HELP}\n{menu_login.ASK_NAME}"
    assert menu_login.PASSWORD_HELP in client.type("Anna", "h")
    assert hidden(client)


def test_name_that_will_not_do_is_refused_and_asked_for_again() -> None:
    client = world().connect()
    assert client.type("Bo").startswith("|RA name has 3 to 30 characters")
    assert client.type("") == menu_login.ASK_NAME


def test_guest_is_let_in_where_there_are_guests() -> None:
    guest = world(guest_enabled=True).connect()
    assert guest.read().endswith(menu_login.ASK_NAME_OR_GUEST)
    assert "You become Guest1." in guest.type("guest")
    assert world().connect().type("guest") == menu_login.NEW_ACCOUNT


@pytest.mark.parametrize("line", ["the sea and salt", "the sea & salt", "the sea and salt " * 9])
def test_password_in_the_place_of_the_name_is_not_shown(line: str) -> None:
    client = world().connect()
    client.type(line, "")
    assert "salt" not in repr(client.shown)


def test_login_begins_again_after_a_restart_and_no_password_is_a_name() -> None:
    made = world()
    anna = made.connect()
    anna.type("Anna")
    seen = anna.session.prompt
    made.restart()
    told = anna.read()
    assert "interrupted" in told and told.endswith(menu_login.ASK_NAME)
    assert anna.session.is_void(seen) and not hidden(anna)
    anna.type("Anna", "password")
    assert anna.session.logged_in


def test_markup_in_a_name_is_shown_as_typed() -> None:
    client = world().connect()
    assert "|R" in client.type("|rAnna|n")
    assert "Creating" not in client.read()
