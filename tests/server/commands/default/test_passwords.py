"""Passwords are changed, and shown to nobody."""

from __future__ import annotations

from typing import Any

import pytest

from everdoor_server.testing import Client, World


def seen(client: Client) -> str:
    return repr(client.shown)


def test_password_is_changed_by_who_knows_the_old_one() -> None:
    world = World()
    anna = world.log_in("Anna")
    assert anna.type("password password = a new = one") == "Password changed."
    assert world.auth.password_of("Anna") == "a new = one"


def test_password_without_passwords_asks_for_them_hidden() -> None:
    world = World()
    anna = world.log_in("Anna")
    assert anna.type("password") == "Old password: "
    assert anna.type("password") == "New password: "
    assert anna.type("new secret") == "New password again: "
    assert [one.options for one in anna.shown if one.name == "prompt"] == [{"hidden": True}] * 3
    assert anna.type("new secret") == "Password changed."
    assert world.auth.password_of("Anna") == "new secret"
    assert "new secret" not in seen(anna)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["password old"], "Usage: password <oldpass> = <newpass>"),
        (["password ="], "Usage: password <oldpass> = <newpass>"),
        (["password wrong = new"], "The old password isn't correct."),
        (["password", ""], "Nothing was changed."),
        (["password", "password", ""], "Nothing was changed."),
        (["password", "password", "one", "two"], "are not the same. Nothing was changed."),
    ],
)
def test_password_is_left_alone(lines: list[str], told: str) -> None:
    world = World()
    anna = world.log_in("Anna")
    assert told in anna.type(*lines)
    assert world.auth.password_of("Anna") == "password"


def test_staff_sets_a_password_and_nobody_is_shown_it() -> None:
    world = World()
    anna, boss = world.log_in("Anna"), world.log_in("Boss", superuser=True)
    assert boss.type("userpassword anna = brand new") == "Anna - new password set."
    assert anna.read().splitlines()[-1] == "Boss has changed your password."
    assert world.auth.password_of("Anna") == "brand new"
    assert "brand new" not in seen(anna) + seen(boss)


def test_staff_is_asked_for_a_password_hidden() -> None:
    world = World()
    world.log_in("Anna")
    boss = world.log_in("Boss", superuser=True)
    boss.type("userpassword anna", "brand new", "brand new")
    assert world.auth.password_of("Anna") == "brand new"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("userpassword", "Usage: userpassword <user obj> = <new password>"),
        ("userpassword nobody = x", "There is no account of the name nobody."),
        ("userpassword Boss = x", "You may not change the password of Boss."),
    ],
)
def test_userpassword_says_what_cannot_be(line: str, told: str) -> None:
    world = World()
    world.log_in("Boss", superuser=True)
    helper = world.log_in("Help")
    account: Any = helper.session.account
    account.permissions.add("Admin")
    assert helper.type(line) == told


def test_players_have_no_userpassword() -> None:
    assert "not available" in World().log_in("Anna").type("userpassword Anna = x")
