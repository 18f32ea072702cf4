"""What settings name is imported, or refused in one line that names the setting."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from everdoor.errors import SettingsError
from everdoor.settings import Settings
from everdoor_server.accounts import Account
from everdoor_server.configured import configure
from everdoor_server.objects import Character
from everdoor_server.session import ServerSession
from everdoor_server.testing import World
from everdoor_server.world.starter import Lodger

SHIPPED = "everdoor_server.commands.default.cmdsets.UnloggedinCmdSet"


class MySession(ServerSession):
    pass


class MyAccount(Account):
    def at_look(self, session: ServerSession | None = None, **kwargs: Any) -> str:
        return "Choose your fate."


class MyCharacter(Character):
    pass


def my_screen(session: ServerSession) -> str:
    return f"Hello {session.address}"


MY_TEXT = "Hello"


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """This module, by a name that settings can have."""
    monkeypatch.setitem(sys.modules, "my_game", sys.modules[__name__])


def settings(tmp_path: Path, **values: Any) -> Settings:
    return Settings(home=tmp_path, **values)


def test_nothing_named_is_what_is_shipped(tmp_path: Path) -> None:
    options, *classes = configure(settings(tmp_path), {})
    assert classes == [ServerSession, Account, Lodger]
    assert options.cmdset_unloggedin == SHIPPED
    assert options.command_msg_all_sessions is None
    assert options.guest_list[:2] == ("Guest1", "Guest2") and len(options.guest_list) == 9


def test_settings_reach_the_game(tmp_path: Path) -> None:
    given = settings(
        tmp_path,
        command_msg_all_sessions=True,
        max_nr_characters=5,
        max_nr_simultaneous_puppets=2,
        guest_list="Ada, Bo,",
        server_session_class="my_game.MySession",
        account_class="my_game.MyAccount",
        character_class="my_game.MyCharacter",
        connection_screen="my_game.MY_TEXT",
    )
    options, *classes = configure(given, {})
    assert classes == [MySession, MyAccount, MyCharacter]
    assert (options.max_nr_characters, options.max_nr_simultaneous_puppets) == (5, 2)
    assert options.command_msg_all_sessions is True
    assert options.guest_list == ("Ada", "Bo")
    assert World(options).connect().read() == "Hello"


def test_setting_comes_before_the_games_folder_and_that_before_what_is_shipped(
    tmp_path: Path,
) -> None:
    of_game = {"cmdset_unloggedin": "game.cmdsets.UnloggedinCmdSet"}
    assert configure(settings(tmp_path), of_game).options.cmdset_unloggedin.startswith("game")
    given = settings(tmp_path, cmdset_unloggedin=SHIPPED)
    assert configure(given, of_game).options.cmdset_unloggedin == SHIPPED


def test_screen_may_be_a_function_with_or_without_the_session(tmp_path: Path) -> None:
    given = settings(tmp_path, connection_screen="my_game.my_screen")
    assert World(configure(given, {}).options).connect().read() == "Hello 127.0.0.1"
    module = ModuleType("my_screens")
    module.connection_screen = lambda: "a module's"  # type: ignore[attr-defined]
    sys.modules["my_screens"] = module
    given = settings(tmp_path, connection_screen="my_screens")
    assert World(configure(given, {}).options).connect().read() == "a module's"
    del sys.modules["my_screens"]


@pytest.mark.parametrize(
    ("setting", "path", "told"),
    [
        ("server_session_class", "nowhere.Session", "cannot be imported: No module named"),
        ("server_session_class", "my_game.Missing", "has no attribute 'Missing'"),
        ("server_session_class", "my_game.World", "expected a subclass of everdoor_server."),
        ("server_session_class", "", "cannot be imported"),
        ("account_class", "my_game.MyCharacter", "expected a subclass of everdoor_server.Account"),
        ("character_class", "my_game.MyAccount", "subclass of everdoor_server.Character"),
        ("cmdset_account", "my_game.World", "'my_game.World' is not a class below CmdSet"),
        ("cmdset_unloggedin", "nowhere.Set", "cannot be imported"),
        ("connection_screen", "my_game", "expected a text, a function or a module"),
        ("connection_screen", "nowhere.text", "cannot be imported"),
    ],
)
def test_what_will_not_do_is_refused_in_one_line(
    tmp_path: Path, setting: str, path: str, told: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        configure(settings(tmp_path, **{setting: path}), {})
    text = str(caught.value)
    assert text.startswith(f"{setting}: ") and told in text and "\n" not in text


def test_game_has_its_own_look_out_of_character_and_characters_of_its_own() -> None:
    world = World(account_class=MyAccount, character_class=MyCharacter)
    anna = world.log_in("Anna")
    assert isinstance(anna.puppet, MyCharacter)
    assert "Choose your fate." in anna.type("ooc")
    assert anna.type("look") == "Choose your fate."
