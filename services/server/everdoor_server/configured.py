"""What the settings of a world name: classes, command sets, screens; imported, or refused.

A setting at fault stops the start with one line that names it. What a game's folder has stands in
for what no setting names (`everdoor_server.game`), and what is shipped for the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from importlib.metadata import version
from typing import Any, NamedTuple, TypeVar

from everdoor.errors import SettingsError
from everdoor.settings import Settings
from everdoor_server.accounts import Account
from everdoor_server.defaultsets import DEFAULT_SETS, load_cmdset
from everdoor_server.engine import GameOptions
from everdoor_server.game import Screen, screen_of
from everdoor_server.objects import Character
from everdoor_server.session import ServerSession

ClassT = TypeVar("ClassT")

SAME_NAMED = (
    "multisession_mode",
    "auto_create_character_with_account",
    "auto_puppet_on_login",
    "max_nr_characters",
    "max_nr_simultaneous_puppets",
    "servername",
    "guest_enabled",
    "py_enabled",
)
"""Settings that are options of the game as they are."""


class Configured(NamedTuple):
    """What a world is built with."""

    options: GameOptions
    session_class: type[ServerSession]
    account_class: type[Account]
    character_class: type[Character]


def configure(settings: Settings, of_game: Mapping[str, Any]) -> Configured:
    """Import what the settings name.

    Args:
        of_game: Options that the game's folder has set.

    Raises:
        SettingsError: There is no such thing, or it is none that will do; the text names the
            setting.
    """
    options = {**{name: getattr(settings, name) for name in SAME_NAMED}, **of_game}
    options["version"] = version("everdoor")
    options["guest_list"] = _names(settings.guest_list)
    if settings.command_msg_all_sessions != "auto":
        options["command_msg_all_sessions"] = settings.command_msg_all_sessions
    for name in DEFAULT_SETS:
        if path := getattr(settings, name):
            options[name] = _cmdset(name, path)
    if settings.connection_screen:
        options["connection_screen"] = _screen(settings.connection_screen)
    return Configured(
        GameOptions(**options),
        _class("server_session_class", settings.server_session_class, ServerSession),
        _class("account_class", settings.account_class, Account),
        _class("character_class", settings.character_class, Character),
    )


def mistakes_of(settings: Settings) -> list[tuple[str, str]]:
    """All settings that name what there is not, or what will not do, each with what is wrong."""
    named: dict[str, Callable[[str, str], object]] = {
        **dict.fromkeys(DEFAULT_SETS, _cmdset),
        "server_session_class": partial(_class, base=ServerSession),
        "account_class": partial(_class, base=Account),
        "character_class": partial(_class, base=Character),
        "connection_screen": lambda _, path: _screen(path),
    }
    found = []
    for setting, check in named.items():
        try:
            if path := getattr(settings, setting):
                check(setting, path)
        except SettingsError as exc:
            found.append((setting, str(exc)))
    return found


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _cmdset(setting: str, path: str) -> str:
    try:
        load_cmdset(path)
    except Exception as exc:
        raise SettingsError(f"{setting}: {exc}") from exc
    return path


def _class(setting: str, path: str, base: type[ClassT]) -> type[ClassT]:
    found = _imported(setting, path)
    if not (isinstance(found, type) and issubclass(found, base)):
        raise SettingsError(
            f"{setting}: expected a subclass of everdoor_server.{base.__name__}, and {path!r} is "
            "none"
        )
    return found


def _screen(path: str) -> Screen:
    screen = screen_of(_imported("connection_screen", path))
    if screen is None:
        raise SettingsError(
            f"connection_screen: expected a text, a function or a module that has "
            f"CONNECTION_SCREEN or connection_screen, and {path!r} is none"
        )
    return screen


def _imported(setting: str, path: str) -> object:
    """What stands at a dotted path: a module, or a name in one."""
    module_name, _, name = path.rpartition(".")
    try:
        module = import_module(module_name) if module_name else None
        if module is None or (hasattr(module, "__path__") and not hasattr(module, name)):
            return import_module(path)
        return getattr(module, name)
    except Exception as exc:
        raise SettingsError(f"{setting}: {path!r} cannot be imported: {exc}") from exc
