"""What accounts do, with a puppet and without."""

from __future__ import annotations

import pytest

from everdoor.markup.layout import width
from everdoor_server.commands.default.account import clock, short_time
from everdoor_server.engine import GameOptions
from everdoor_server.objects import Thing
from everdoor_server.testing import World


def test_ooc_lets_go_and_ic_takes_the_last_puppet_again() -> None:
    anna = World().log_in("Anna")
    character = anna.puppet
    assert "You go OOC." in anna.type("ooc")
    assert anna.puppet is None and character.location is None
    assert "ic <name>" in anna.type("look")
    assert "not available" in anna.type("say hello")
    assert "You become Anna." in anna.type("ic")
    assert anna.puppet is character


@pytest.mark.parametrize(
    ("line", "told"),
    [("ooc", "You are already OOC."), ("ic nobody", "That is not a valid character choice.")],
)
def test_ooc_and_ic_say_what_cannot_be(line: str, told: str) -> None:
    anna = World().log_in("Anna")
    anna.type("ooc")
    assert anna.type(line) == told


def test_character_of_somebody_else_cannot_be_played() -> None:
    world = World()
    anna, bo = world.log_in("Anna"), world.log_in("Bo")
    assert bo.type("ic Anna") == "That is not a valid character choice."
    assert bo.puppet.key == "Bo" and anna.puppet.key == "Anna"


def test_staff_borrows_a_thing_and_can_act_with_it() -> None:
    world = World()
    bo, boss = world.log_in("Bo"), world.log_in("Boss", superuser=True)
    statue = world.game.objects.create(Thing, "Statue", location=world.start)
    boss.type("ic statue")
    bo.read()
    assert boss.puppet is statue
    boss.type("say Fear me.")
    assert bo.read() == 'Statue says, "Fear me."'


def test_who_shows_everybody_who_is_here() -> None:
    world = World()
    anna = world.log_in("Anna")
    world.now += 3700
    world.log_in("Bo")
    told = anna.type("who")
    assert [line.split() for line in told.splitlines()[2:4]] == [
        ["Anna", "01:01", "0s"],
        ["Bo", "00:00", "0s"],
    ]
    assert "2 unique accounts logged in." in told
    assert "127.0.0.1" not in told


def test_who_shows_staff_more() -> None:
    world = World()
    world.log_in("Bo")
    boss = world.log_in("Boss", superuser=True)
    assert "127.0.0.1" in boss.type("who")
    assert "127.0.0.1" not in boss.type("doing")


def test_quit_ends_its_own_session_and_quit_all_every_one() -> None:
    world = World(GameOptions(multisession_mode=2))
    clients = [world.log_in("Anna") for _ in range(3)]
    assert clients[0].type("quit") == "|RQuitting|n. 2 sessions are still connected."
    assert [client.closed is None for client in clients] == [False, True, True]
    clients[1].type("quit/all")
    assert [client.closed is None for client in clients] == [False, False, False]
    assert world.game.sessions.get_sessions() == []


def test_quit_refuses_a_switch_that_it_does_not_know() -> None:
    anna = World().log_in("Anna")
    assert anna.type("quit/everything") == "quit: no switch /everything; it knows all."
    assert anna.closed is None


def test_sessions_lists_those_of_the_account_and_marks_this_one() -> None:
    world = World(GameOptions(multisession_mode=2))
    anna, _ = world.log_in("Anna"), world.log_in("Anna")
    world.log_in("Bo")
    rows = anna.type("sessions").splitlines()[2:]
    assert [row.split()[0] for row in rows] == ["*1", "2"]


def test_sessions_says_it_once_however_many_there_are() -> None:
    world = World(GameOptions(multisession_mode=2))
    anna = [world.log_in("Anna") for _ in range(3)][0]
    anna.read()
    shown = len(anna.shown)
    anna.type("sessions")
    assert len(anna.shown) == shown + 1


def test_idle_says_nothing_anywhere() -> None:
    world = World()
    assert world.log_in("Anna").type("idle") == ""
    assert world.connect().type("idle") == ""


def test_help_lists_what_can_be_typed_and_explains_it() -> None:
    anna = World().log_in("Anna")
    overview = anna.type("help")
    assert "say" in overview and "connect" not in overview and "__" not in overview
    assert "speak to those who are here" in anna.type("help say")
    assert "(aliases: take)" in anna.type("? take")
    assert anna.type("help inventroy") == (
        "There is no help on 'inventroy'. Maybe you meant inventory?"
    )
    anna.type("ooc")
    assert "pose" not in anna.type("help")


@pytest.mark.parametrize(
    ("seconds", "long", "short"),
    [(0, "00:00", "0s"), (59, "00:00", "59s"), (3700, "01:01", "1h"), (180000, "2d 02:00", "2d")],
)
def test_times_are_said_in_few_letters(seconds: float, long: str, short: str) -> None:
    assert (clock(seconds), short_time(seconds)) == (long, short)


def test_lists_fit_into_the_window_of_who_asks() -> None:
    world = World()
    boss = world.log_in("Boss", superuser=True)
    boss.session.update_flags(SCREENWIDTH=40)
    world.start.key = "A place with a name that is rather long"
    assert all(width(line) <= 68 for line in boss.type("who").splitlines())
    assert all(width(line) <= 40 for line in boss.type("sessions", "help").splitlines())
