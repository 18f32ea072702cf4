"""Commands of staff: boot, wall, force, bans, py."""

from __future__ import annotations

from typing import Any

import pytest

from everdoor_server.engine import GameOptions
from everdoor_server.objects import Character, Thing
from everdoor_server.testing import Client, World

STAFF = ("boot", "wall", "force", "ban", "bans", "unban", "py", "userpassword", "reload")


def with_permission(world: World, name: str, permission: str) -> Client:
    client = world.log_in(name)
    account: Any = client.session.account
    account.permissions.add(permission)
    return client


@pytest.mark.parametrize(
    ("permission", "has"),
    [
        ("Player", set()),
        ("Builder", {"force"}),
        ("Admin", {"force", "boot", "wall", "userpassword"}),
        ("Developer", set(STAFF) - {"py"}),
        ("ban", {"ban", "bans"}),
        ("boot", {"boot"}),
    ],
)
def test_commands_are_for_who_may(permission: str, has: set[str]) -> None:
    client = with_permission(World(), "Anna", permission)
    usable = {name for name in STAFF if "not available" not in client.type(f"help {name}")
              and "no help on" not in client.type(f"help {name}")}  # fmt: skip
    assert usable == has


# boot


def test_boot_disconnects_all_sessions_of_an_account_and_tells_them_why() -> None:
    world = World(GameOptions(multisession_mode=2))
    annas = [world.log_in("Anna"), world.log_in("Anna")]
    boss = world.log_in("Boss", superuser=True)
    assert "Booted 2 sessions." in boss.type("boot anna : Rude, Bo said")
    for anna in annas:
        assert anna.closed is not None
        assert anna.read().endswith(
            "You have been disconnected by Boss.\nReason given: Rude, Bo said"
        )


def test_boot_by_number_takes_one_session_also_before_its_login() -> None:
    world = World(GameOptions(multisession_mode=2))
    one, two = world.log_in("Anna"), world.log_in("Anna")
    stranger = world.connect()
    boss = world.log_in("Boss", superuser=True)
    boss.type(f"boot/sid {two.session.sessid}")
    assert (one.closed, two.closed is None) == (None, False)
    assert "Booted 1 session." in boss.type(f"boot/sid {stranger.session.sessid}")
    assert stranger.closed is not None
    assert boss.type("look").startswith("Limbo")


def test_boot_quietly_says_nothing() -> None:
    world = World()
    anna, boss = world.log_in("Anna"), world.log_in("Boss", superuser=True)
    anna.read()
    boss.type("boot/quiet anna : because")
    assert anna.closed is not None
    assert "disconnected" not in anna.read()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("boot", "Usage: boot[/switches] <account> [:reason]"),
        ("boot nobody", "Account nobody was not found."),
        ("boot/sid 99", "No matching sessions found. The Account does not seem to be online."),
        ("boot/sid me", "No matching sessions found. The Account does not seem to be online."),
        ("boot Gone", "No matching sessions found. The Account does not seem to be online."),
    ],
)
def test_boot_says_what_cannot_be(line: str, told: str) -> None:
    world = World()
    world.log_in("Gone").type("quit")
    assert world.log_in("Boss", superuser=True).type(line).endswith(told)


def test_boot_keeps_to_the_lock_of_the_account() -> None:
    world = World(GameOptions(multisession_mode=2))
    boss = world.log_in("Boss", superuser=True)
    boss_account: Any = boss.session.account
    boss_account.locks.add("boot:none()")
    admin = with_permission(world, "Anna", "Admin")
    for line in ("boot Boss", f"boot/sid {boss.session.sessid}"):
        assert admin.type(line) == "You don't have the permission to boot Boss."
    assert boss.closed is None


# wall and force


def test_wall_is_seen_by_everybody_also_before_the_login() -> None:
    world = World()
    clients = [world.connect(), world.log_in("Anna")]
    boss = world.log_in("Boss", superuser=True)
    for client in clients:
        client.read()
    assert boss.type("wall Tea|/ is served") == (
        'Announcing to all connected sessions ...\nBoss shouts "Tea||/ is served"'
    )
    assert [client.read() for client in clients] == ['Boss shouts "Tea||/ is served"'] * 2
    assert boss.type("wall") == "Usage: wall <message>"


def test_force_has_a_player_do_something_as_their_own_line() -> None:
    world = World()
    bo, boss = world.log_in("Bob"), world.log_in("Boss", superuser=True)
    bo.read()
    told = boss.type("force bob = say I was told to")
    assert "You have forced Bob" in told and 'Bob says, "I was told to"' in told
    assert 'You say, "I was told to"' in bo.read()


def test_force_has_somebody_do_something_whom_nobody_plays() -> None:
    world = World()
    boss = world.log_in("Boss", superuser=True)
    guard = world.game.objects.create(Character, "Guard", location=world.start)
    sword = world.game.objects.create(Thing, "sword", location=world.start)
    assert "Guard picks up a sword." in boss.type("force guard = get sword")
    assert sword.location is guard
    assert 'Guard says, "Halt!"' in boss.type("force guard = say Halt!")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("force", "You must provide a target and a command string to execute."),
        ("force bob =", "You must provide a target and a command string to execute."),
        ("force nobody = look", "Could not find 'nobody'."),
        ("force boss = quit", "You don't have permission to force Boss to execute commands."),
    ],
)
def test_force_says_what_cannot_be(line: str, told: str) -> None:
    world = World()
    world.log_in("Boss", superuser=True)
    assert with_permission(world, "Anna", "Builder").type(line) == told


# bans


def test_bans_are_made_listed_and_lifted_after_a_question() -> None:
    world = World()
    world.log_in("Troll").type("quit")
    boss = world.log_in("Boss", superuser=True)
    assert boss.type("bans") == "No active bans were found."
    assert boss.type("ban Troll : rude") == "Are you sure you want to ban '|wTroll|n' [Y]/N? "
    assert boss.type("") == "Name-ban '|wTroll|n' was added. Use |wunban|n to reinstate."
    boss.type("ban/ip 2001:db8::/32", "yes")
    listed = boss.type("ban")
    assert [line.split() for line in listed.splitlines()[2:]] == [
        ["1", "Troll", "1970-01-01", "rude"],
        ["2", "2001:db8::/32", "1970-01-01"],
    ]
    assert "banned" in world.connect().type("connect Troll password")
    assert boss.type("unban 1") == "Are you sure you want to unban 1: '|wTroll|n' [Y]/N? "
    assert boss.type("y") == "Cleared ban 1: 'Troll'"
    assert "You become Troll." in world.connect().type("connect Troll password")


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["ban Troll", "no"], "Aborted."),
        (["ban/forever Troll"], "ban: no switch /forever; it knows ip, name."),
        (["unban"], "No active bans were found."),
        (["unban 1"], "There are no bans to clear."),
        (["unban x"], "You must supply a valid ban id to clear."),
        (["ban Troll", "", "unban 7"], "Ban id |w7|n was not found."),
        (["ban Troll", "", "unban 1", "n"], "Aborted."),
    ],
)
def test_bans_are_left_alone(lines: list[str], told: str) -> None:
    boss = World().log_in("Boss", superuser=True)
    assert boss.type(*lines).splitlines()[-1] == told


# py


def python() -> Client:
    return World(GameOptions(py_enabled=True)).log_in("Boss", superuser=True)


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("1 + 1", "2"),
        ("me.key", "'Boss'"),
        ("here.key", "'Limbo'"),
        ("len(game.sessions)", "1"),
        ("x = 3; print('a|r', x)", "a||r 3\nDone."),
        ("1/0", "ZeroDivisionError: division by zero"),
        ("exit()", "SystemExit: None"),
        ("if", "SyntaxError: invalid syntax"),
    ],
)
def test_py_shows_what_the_code_gives(code: str, shown: str) -> None:
    told = python().type(f"py {code}")
    assert told.splitlines()[0].startswith(">>> ")
    assert told.endswith(shown) or shown in told


def test_py_is_off_unless_the_setting_says_so_and_never_for_developers() -> None:
    boss = World().log_in("Boss", superuser=True)
    assert boss.type("py 1 + 1") == (
        "The command py is switched off in this world (setting py_enabled)."
    )
    developer = with_permission(World(GameOptions(py_enabled=True)), "Dev", "Developer")
    assert "not available" in developer.type("py 1 + 1")
