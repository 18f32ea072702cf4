"""Input functions of a world: those that ship, and a game's own."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from everdoor.errors import UserError
from everdoor_server.accounts import Account
from everdoor_server.contrib import menu_login
from everdoor_server.engine import GameOptions
from everdoor_server.inputs import GameInputs, before_login, inputs_of
from everdoor_server.objects import Exit, Room
from everdoor_server.session import ServerSession
from everdoor_server.testing import Client, Shown, World


def world_with(**functions: Any) -> World:
    return World(GameOptions(inputs=GameInputs(functions=functions)))


def module_with(source: str) -> ModuleType:
    module = ModuleType("inputfuncs")
    exec(source, module.__dict__)
    return module


def said(client: Client, name: str, /, *args: Any, **options: Any) -> dict[str, Any]:
    """What each output holds that calling a function brings, by its name."""
    shown = client.say(name, *args, **options)
    return {one.name: one.args[0] if one.args else one.options for one in shown}


# Finding and calling them.


def test_function_of_the_game_gets_the_session_and_what_was_said() -> None:
    calls: list[Any] = []
    world = world_with(mine=lambda session, *args, **kwargs: calls.append((session, args, kwargs)))
    anna = world.log_in("Anna")
    anna.say("mine", 1, [2], a={"b": None}, session="not this")
    assert calls == [(anna.session, (1, [2]), {"a": {"b": None}})]


def test_function_of_the_game_replaces_the_shipped_one() -> None:
    world = world_with(echo=lambda session, *args, **kwargs: session.msg("mine"))
    anna = world.log_in("Anna")
    anna.say("echo", 1)
    assert anna.read() == "mine"


def test_name_that_nobody_has_goes_to_default_with_the_name() -> None:
    world = world_with(default=lambda session, cmdname, *args, **kw: session.msg(f"no {cmdname}"))
    anna = world.log_in("Anna")
    anna.say("nonsense", cmdname="forged")
    assert anna.read() == "no nonsense"


def test_shipped_default_tells_only_who_wants_to_find_out() -> None:
    anna = World().log_in("Anna")
    anna.say("nonsense")
    assert anna.read() == ""
    anna.say("client_options", inputdebug=True)
    anna.say("non|rsense")
    assert anna.read() == "No input function is called 'non||rsense'."


def test_before_the_login_only_functions_marked_for_it_are_called() -> None:
    @before_login
    def early(session: ServerSession, *args: Any, **kwargs: Any) -> None:
        session.msg("early")

    world = world_with(early=early, late=lambda session, *args, **kwargs: session.msg("late"))
    client = world.connect()
    client.read()
    client.say("late")
    client.say("get_value", name="name")
    client.say("early")
    assert client.read() == "early"


def test_error_of_a_function_is_told_like_that_of_a_command() -> None:
    def broken(session: ServerSession, *args: Any, **kwargs: Any) -> None:
        raise ValueError("no")

    anna = world_with(broken=broken).log_in("Anna")
    anna.say("broken")
    assert "Something went wrong" in anna.read()


def test_lines_go_through_a_text_function_of_the_game() -> None:
    from everdoor_server import inputfuncs

    def text(session: ServerSession, *args: Any, **kwargs: Any) -> None:
        inputfuncs.text(session, args[0].removeprefix("please "))

    world = world_with(text=before_login(text))
    anna = world.log_in("Anna")
    assert anna.session.logged_in
    assert anna.type("please say hi") == 'You say, "hi"'


def test_module_of_a_game_gives_its_public_functions_and_tables() -> None:
    found = inputs_of(
        module_with(
            "__name__ = 'inputfuncs'\n"
            "from os.path import join\n"
            "def mine(session): pass\n"
            "def _private(session): pass\n"
            "VARIABLES = {'hp': lambda session: 5}\n"
        )
    )
    assert list(found.functions) == ["mine"]
    assert list(found.variables) == ["hp"]


@pytest.mark.parametrize("table", ["VARIABLES = {'HP': len}", "REPEATABLES = {'hp': 5}"])
def test_table_that_is_none_of_functions_by_name_is_refused(table: str) -> None:
    with pytest.raises(UserError, match="expected functions by names in lower case"):
        inputs_of(module_with(table))


# Those that ship.


def test_echo_says_what_was_said_without_its_markup() -> None:
    anna = World().log_in("Anna")
    anna.say("echo", "|rred", n=1)
    assert anna.read() == "Echo returns: ['||rred'], {'n': 1}"


def test_get_inputfuncs_names_all_with_what_they_are_for() -> None:
    names = said(World().log_in("Anna"), "get_inputfuncs")["get_inputfuncs"]
    assert {"text", "echo", "monitor", "msdp_report", "webclient_options"} <= names.keys()
    assert all(names.values())


def test_client_options_are_learned_and_told() -> None:
    client = World().connect()
    client.say("client_options", client="Mine", screenwidth="100", ansi="off", cmdid=3)
    assert client.session.protocol_flags == {
        "CLIENTNAME": "Mine", "SCREENWIDTH": 100, "ANSI": False
    }  # fmt: skip
    told = said(client, "get_client_options")["client_options"]
    assert told == client.session.protocol_flags


@pytest.mark.parametrize(
    "given",
    [
        {"screenwidth": 10**9},
        {"screenheight": -1},
        {"screenwidth": True},
        {"encoding": "utf-16"},
        {"client": "x" * 65},
        {"client": ["list"]},
    ],
)
def test_client_options_that_will_not_do_change_nothing(given: dict[str, Any]) -> None:
    client = World().connect()
    client.read()
    client.say("client_options", ansi=True, **given)
    assert client.session.protocol_flags == {}
    assert client.read()


def test_login_logs_in_as_connect_does() -> None:
    world = World()
    world.auth.add("Anna", "password")
    client = world.connect()
    client.say("login", name="Anna", password="wrong")
    assert not client.session.logged_in
    client.say("login", name="Anna", password="password")
    assert client.session.uname == "Anna"


def test_char_login_tells_how_it_went() -> None:
    world = World()
    world.auth.add("Anna", "password")
    client = world.connect()
    result = said(client, "char_login_credentials", account="Anna", password="wrong")
    assert result["char_login_result"]["success"] is False
    assert result["char_login_result"]["message"] in client.read()
    result = said(client, "char_login_credentials", account="Anna", password="password")
    assert result["char_login_result"] == {"success": True}
    assert client.session.logged_in


def test_char_login_without_credentials_leaves_it_to_the_game() -> None:
    client = World().connect()
    client.read()
    assert client.say("char_login_credentials") == []
    assert client.read() == ""


def test_char_login_takes_the_place_of_a_login_that_asks_and_gives_it_back() -> None:
    world = World(GameOptions(cmdset_unloggedin=f"{menu_login.__name__}.UnloggedinCmdSet"))
    world.auth.add("Anna", "password")
    client = world.connect()
    asked = client.read()
    client.say("char_login_credentials", account="Anna", password="wrong")
    assert asked.splitlines()[-1] in client.read()
    client.say("char_login_credentials", account="Anna", password="password")
    assert client.session.logged_in and not client.session.is_asked


def test_players_of_channels_are_all_who_are_here() -> None:
    world = World()
    anna = world.log_in("Anna")
    assert said(anna, "comm_channel_players") == {"comm_channel_players": [{"name": "Anna"}]}


def test_webclient_options_are_kept_with_the_account_and_told_to_its_other_clients() -> None:
    world = World(GameOptions(multisession_mode=2))
    anna, other = world.log_in("Anna"), world.log_in("Anna")
    other.session.update_flags(OOB=True)
    anna.say("webclient_options", gag=True, cmdid=7)
    assert other.shown[-1] == Shown("webclient_options", [], {"gag": True})
    assert said(other, "webclient_options", cmdid=1) == {"webclient_options": {"gag": True}}


def test_webclient_options_are_bounded() -> None:
    anna = World().log_in("Anna")
    anna.say("webclient_options", **{f"o{i}": i for i in range(65)})
    anna.say("webclient_options", big="x" * 300)
    anna.say("webclient_options", deep={"a": 1})
    assert said(anna, "webclient_options") == {"webclient_options": {}}


def test_core_packets_of_other_gateways_are_taken() -> None:
    client = World().connect()
    client.say("hello", client="Mine", version="2", more=[1])
    client.say("supports_set", "Char 1", "Room 1")
    assert client.session.protocol_flags == {"CLIENTNAME": "Mine", "CLIENTVERSION": "2"}


# Variables.


def test_get_value_tells_known_variables_only() -> None:
    anna = World().log_in("Anna")
    assert said(anna, "get_value", name="location") == {
        "get_value": {"name": "location", "value": "Limbo"}
    }
    assert anna.say("get_value", name="db_key") == []
    assert anna.say("get_value", name=["name"]) == []


def test_monitored_variable_is_told_when_it_changes() -> None:
    world = World()
    anna = world.log_in("Anna")
    hall = world.game.objects.create(Room, "Hall")
    world.game.objects.create(Exit, "north", location=world.start, destination=hall)
    anna.say("monitor", name="location")
    anna.type("say hi")
    assert anna.shown[-1].name == "text"
    anna.type("north")
    assert anna.shown[-1] == Shown("monitor", [], {"name": "location", "value": "Hall"})
    assert said(anna, "monitored") == {"monitored": ["location"]}
    anna.say("unmonitor", name="location")
    anna.puppet.move_to(world.start, quiet=True)
    world.game.at_turn_end()
    assert all(one.name == "text" for one in anna.shown[-1:])


def test_what_is_monitored_holds_over_a_restart() -> None:
    world = World()
    anna = world.log_in("Anna")
    anna.say("msdp_report", "CHARACTER_NAME")
    world.commit()
    world.restart()
    anna.puppet.key = "Anne"
    world.game.at_turn_end()
    assert anna.shown[-1] == Shown("character_name", ["Anne"], {})


def hp(session: ServerSession) -> Any:
    """Raises out of character, as the example of the documents does."""
    puppet: Any = session.puppet
    return puppet.db.hp


def monitoring(**variables: Any) -> tuple[World, Client, Client]:
    """A world with these variables; the first client monitors all of them, the second none."""
    world = World(GameOptions(inputs=GameInputs(variables=variables)))
    anna, ben = world.log_in("Anna"), world.log_in("Ben")
    for name in variables:
        anna.say("monitor", name=name)
    return world, anna, ben


def monitored_since(client: Client, before: int) -> list[Any]:
    return [one.options for one in client.shown[before:] if one.name == "monitor"]


def test_monitored_variable_that_raises_costs_what_it_would_have_told_and_nothing_else() -> None:
    def is_in(session: ServerSession) -> bool:
        return session.puppet is not None

    _, anna, ben = monitoring(hp=hp, is_in=is_in)
    anna.puppet.db.hp = 5
    before = len(anna.shown)
    assert "Out-of-Character" in anna.type("ooc")
    assert monitored_since(anna, before) == [{"name": "is_in", "value": False}]
    assert ben.type("say hello") == 'You say, "hello"'
    anna.type("ic")
    assert {"name": "hp", "value": 5} in monitored_since(anna, before)


def test_monitored_variable_that_raises_after_a_restart_is_told_once_it_is_known_again() -> None:
    world, anna, _ = monitoring(hp=hp, nick=lambda session: session.account.db.nick)
    anna.puppet.db.hp = 5
    anna.type("ooc")
    world.commit()
    world.restart()
    before, account = len(anna.shown), anna.session.account
    assert isinstance(account, Account)
    account.db.nick = "Ann"
    world.game.at_turn_end()
    assert monitored_since(anna, before) == [{"name": "nick", "value": "Ann"}]
    anna.type("ic")
    assert {"name": "hp", "value": 5} in monitored_since(anna, before)


def test_variables_of_the_game_can_be_asked_for() -> None:
    inputs = GameInputs(variables={"hp": lambda session: session.puppet.db.hp})  # type: ignore[union-attr]
    anna = World(GameOptions(inputs=inputs)).log_in("Anna")
    anna.puppet.db.hp = 5
    assert said(anna, "msdp_send", "HP", "NAME", "NONSENSE") == {"hp": 5, "name": "Anna"}


def test_msdp_lists_tell_what_there_is_and_what_is_reported() -> None:
    anna = World().log_in("Anna")
    anna.say("msdp_report", "ROOM_NAME", "NONSENSE", 5)
    lists = said(anna, "msdp_list", "LISTS", "REPORTED_VARIABLES", "REPORTABLE_VARIABLES", "WHAT")
    assert lists["reported_variables"] == ["ROOM_NAME"]
    assert "ROOM_EXITS" in lists["reportable_variables"]
    assert "CONFIGURABLE_VARIABLES" in lists["lists"]
    anna.say("msdp_reset", "REPORTED_VARIABLES")
    assert said(anna, "msdp_list", "REPORTED_VARIABLES") == {"reported_variables": []}


# At intervals.


def test_repeated_call_is_made_at_its_interval_until_it_is_ended() -> None:
    told: list[ServerSession] = []
    world = World(GameOptions(inputs=GameInputs(repeatables={"tick": told.append})))
    anna = world.log_in("Anna")
    anna.say("repeat", callback="tick", interval=1)
    due = world.game.due
    assert due(100.0) == []
    assert due(104.0) == []
    [call] = due(105.5)
    call()
    assert told == [anna.session]
    anna.say("unrepeat", callback="tick")
    assert due(1000.0) == []


def test_repeat_tells_what_can_be_repeated() -> None:
    anna = World().log_in("Anna")
    anna.say("repeat", callback="__import__")
    assert anna.read() == "Allowed repeating functions are: vitals, status"
    anna.say("repeat", callback="vitals", interval="often")
    assert "expected seconds" in anna.read()


def test_nothing_is_due_for_who_has_left() -> None:
    world = World()
    anna = world.log_in("Anna")
    anna.say("repeat", callback="vitals")
    anna.say("monitor", name="name")
    world.game.due(100.0)
    anna.leave()
    world.game.at_turn_end()
    assert world.game.due(1000.0) == []
