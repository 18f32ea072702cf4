"""Logging in with an e-mail address."""

from __future__ import annotations

import pytest

from everdoor_server.contrib import email_login
from everdoor_server.engine import GameOptions
from everdoor_server.testing import World

OPTIONS = GameOptions(
    cmdset_unloggedin="everdoor_server.contrib.email_login.UnloggedinCmdSet",
    connection_screen=email_login.CONNECTION_SCREEN,
    guest_enabled=True,
)

CREATE = 'create "Anna Lind" anna@example.org my secret'


def world() -> World:
    return World(OPTIONS)


def test_screen_says_how() -> None:
    assert "connect <email> <password>" in world().connect().read()


def test_account_is_made_and_logged_in_by_its_address_whatever_the_case() -> None:
    client = world().connect()
    assert client.type(CREATE).endswith(
        "You can now log in with the command 'connect anna@example.org <your password>'."
    )
    assert not client.session.logged_in
    assert "You become Anna Lind." in client.type("connect Anna@Example.ORG my secret")


def test_address_is_known_after_a_restart() -> None:
    made = world()
    made.connect().type(CREATE)
    made.commit()
    made.restart()
    assert "You become Anna Lind." in made.connect().type("connect anna@example.org my secret")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("connect", "Usage (without <>): connect <email> <password>"),
        ("connect anna@example.org", "Usage (without <>): connect <email> <password>"),
        ("connect anna@example.org wrong", "Username and/or password is incorrect."),
        ("connect nobody@example.org wrong", "Username and/or password is incorrect."),
        ("create", 'Usage (without <>): create "<accountname>" <email> <password>'),
        ("create Anna anna@example.org", 'Usage (without <>): create "<accountname>"'),
        ("create Bob bob@nowhere secret", "That is not a valid e-mail address."),
        ("create Bob @@x.org secret", "is not a valid e-mail address."),
        ("create Bob ANNA@example.org secret", email_login.TAKEN),
        ('create "Anna Lind" other@example.org secret', "The name Anna Lind is taken."),
    ],
)
def test_line_that_will_not_do_is_refused(line: str, told: str) -> None:
    client = world().connect()
    client.type(CREATE)
    assert told in client.type(line)
    assert not client.session.logged_in


def test_names_have_spaces_also_without_quotes() -> None:
    client = world().connect()
    assert "'Anna Lind' was created" in client.type("create Anna Lind a@example.org secret")


def test_account_without_an_address_logs_in_by_name() -> None:
    made = world()
    made.auth.add("Boss", "secret", superuser=True)
    assert "You become Boss." in made.connect().type("connect boss secret")


def test_guest_and_what_else_there_is_before_the_login() -> None:
    client = world().connect()
    assert "my pass word" in client.type("help")
    assert "Screenreader mode" in client.type("screenreader")
    assert "You become Guest1." in client.type("connect guest")


def test_address_can_be_changed() -> None:
    made = world()
    client = made.connect()
    client.type(CREATE)
    account = email_login.find_by_email(made.game, "anna@example.org")
    assert account is not None
    email_login.set_email(made.game, account, "new@example.org")
    made.commit()
    assert email_login.find_by_email(made.game, "anna@example.org") is None
    assert made.rows.counter("email new@example.org") == account.id
    assert "You become" in client.type("connect new@example.org my secret")
