"""What can be done before the login."""

from __future__ import annotations

import pytest

from everdoor_server.commands.default.unloggedin import name_and_password
from everdoor_server.engine import GameOptions
from everdoor_server.testing import World


def test_client_is_shown_the_connection_screen() -> None:
    client = World().connect()
    assert "connect <name> <password>" in client.read()
    assert "connect <name> <password>" in client.type("look")


def test_world_sets_a_screen_of_its_own_for_each_session() -> None:
    screen = GameOptions(connection_screen=lambda session: f"Hello, {session.address}.")
    assert World(screen).connect().read() == "Hello, 127.0.0.1."


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (" anna secret", ("anna", "secret")),
        (' "Anna Lind" "my pass"', ("Anna Lind", "my pass")),
        (' "Anna  Lind" secret', ("Anna Lind", "secret")),
        (" anna my long pass ", ("anna", "my long pass")),
        (' anna pa"ss', ("anna", 'pa"ss')),
        (' anna "pa"ss"', ("anna", 'pa"ss')),
        (" anna", None),
        ("", None),
        (' "" secret', None),
        (" " + "a" * 201 + " secret", None),
        (" anna " + "s" * 1025, None),
    ],
)
def test_names_and_passwords_may_have_spaces_in_quotes(
    args: str, expected: tuple[str, str] | None
) -> None:
    assert name_and_password(args) == expected


def test_create_makes_an_account_that_is_not_logged_in() -> None:
    client = World().connect()
    told = client.type("create Anna password")
    assert told == (
        "A new account 'Anna' was created. Welcome!\n"
        "You can now log in with the command 'connect Anna <your password>'."
    )
    assert not client.session.logged_in


def test_created_account_connects_and_has_a_character_of_its_name() -> None:
    client = World().connect()
    told = client.type("create Anna password", "connect anna password")
    assert client.session.logged_in and client.session.uname == "Anna"
    assert client.puppet.key == "Anna"
    assert "You become Anna." in told and "Limbo" in told


@pytest.mark.parametrize("line", ["connect Anna wrong", "co nobody password"])
def test_wrong_login_is_refused_in_one_line(line: str) -> None:
    world = World()
    world.auth.add("Anna", "password")
    client = world.connect()
    assert client.type(line) == "Username and/or password is incorrect."
    assert not client.session.logged_in


def test_taken_name_is_refused_with_what_auth_says() -> None:
    client = World().connect()
    assert client.type("create Anna one", "cr anna two").endswith("The name anna is taken.")


@pytest.mark.parametrize("line", ["connect", "connect Anna", "create Anna"])
def test_incomplete_line_brings_the_usage(line: str) -> None:
    assert "Usage (without <>)" in World().connect().type(line)


def test_help_and_unknown_commands_say_what_to_do() -> None:
    client = World().connect()
    assert "make an account" in client.type("help")
    assert client.type("wombat seven") == 'That is not available. Type "help" for help.'
    assert "Maybe you meant" in client.type("conect Anna")


@pytest.mark.parametrize("word", ["herald", "hello", "helpme", "?say"])
def test_word_that_begins_as_help_does_is_another_word(word: str) -> None:
    world = World()
    assert world.connect().type(word).startswith("That is not available.")
    assert world.log_in("Anna").type(word).startswith(f"Command '{word}' is not available.")


def test_quit_closes_the_connection() -> None:
    client = World().connect()
    assert "Good bye" in client.type("quit")
    assert client.closed is not None


def test_info_is_the_block_that_lists_of_games_read() -> None:
    world = World(GameOptions(servername="The |rHouse", version="1.2"))
    world.log_in("Anna")
    lines = world.connect().type("info").splitlines()
    assert lines[0] == "## BEGIN INFO 1.1"
    assert [line.partition(":")[0] for line in lines[1:5]] == [
        "Name",
        "Uptime",
        "Connected",
        "Version",
    ]
    assert lines[1] == "Name: The ||rHouse"
    assert lines[3:] == ["Connected: 1", "Version: Everdoor 1.2", "## END INFO"]
