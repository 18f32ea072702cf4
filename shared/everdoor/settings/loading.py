"""Where settings come from: `EVERDOOR_<NAME>` over `everdoor.toml` over the defaults.

Built once at the edge (`load_settings`) and passed in; no other module reads the environment. Which
settings there are is in `system`, `doors` and `game`. What a setting does is said in its own help
text, which `everdoor settings` shows (`describe`). Options of single commands are the command
line's.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from everdoor.errors import SettingsError
from everdoor.settings.doors import DoorSettings
from everdoor.settings.game import GameSettings
from everdoor.settings.system import SystemSettings

PREFIX = "EVERDOOR_"
FILE = "everdoor.toml"

_LOGIN = re.compile(r"^([^:/?#]+://[^:@/?#]*):.*@", re.DOTALL)
"""The beginning of a URL, to the name of who logs in, and all that may be their password."""


class Settings(GameSettings, DoorSettings, SystemSettings, BaseSettings):
    """Every setting, frozen; each field's description says effect, unit, range and relations."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=PREFIX,
        toml_file=FILE,
        validate_default=True,
        hide_input_in_errors=True,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment over the file, and nothing else; arguments are for tests."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


class SettingInfo(NamedTuple):
    """One setting as `everdoor settings` shows it.

    `env` names its environment variable; `value` and `default` are texts without passwords;
    `source` is `environment`, `everdoor.toml` or `default`.
    """

    name: str
    env: str
    value: str
    default: str
    source: str
    help: str


def load_settings(other_variables: Collection[str] | None = ()) -> Settings:
    """Read the settings from the environment and the working directory's `everdoor.toml`.

    Args:
        other_variables: `EVERDOOR_*` names that are no settings but known (options of commands).
            None: names are not checked, for a worker, whose supervisor has done so.

    Raises:
        SettingsError: A setting is unknown or has a bad value, or the file cannot be read; one
            line for each.
    """
    if other_variables is not None:
        _refuse_unknown_variables(other_variables)
    try:
        return Settings()
    except ValidationError as exc:
        raise SettingsError("\n".join(_problems(exc))) from exc
    except (OSError, ValueError) as exc:
        raise SettingsError(f"{FILE} cannot be read: {exc}") from exc


def settings_of(folder: Path, **values: object) -> Settings:
    """Read the settings of a folder's `everdoor.toml` alone, as for tests of the game there.

    The environment does not count, and relative paths start at the folder.

    Args:
        folder: An absolute path.
        **values: Settings by name, over those of the file.

    Raises:
        SettingsError: As for `load_settings`.
    """
    try:
        path = folder / FILE
        read = tomllib.loads(path.read_text()) if path.exists() else {}
    except (OSError, ValueError) as exc:
        raise SettingsError(f"{FILE} cannot be read: {exc}") from exc
    given = {"home": "var", **read, **values}
    for name in ("home", "game"):
        if isinstance(found := given.get(name), str):
            given[name] = folder / found
    try:
        return _Alone(**given)
    except ValidationError as exc:
        raise SettingsError("\n".join(_problems(exc))) from exc


class _Alone(Settings):
    """Settings that are read from nowhere."""

    model_config = SettingsConfigDict(toml_file=None)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def describe(settings: Settings) -> list[SettingInfo]:
    """Tell of every setting what it is, where its value comes from and what it does."""
    from_environment = EnvSettingsSource(Settings)()
    from_file = TomlConfigSettingsSource(Settings)()
    defaults = Settings.model_construct(home=settings.home)
    found: list[SettingInfo] = []
    for name, field in Settings.model_fields.items():
        source = "environment" if name in from_environment else FILE
        if name not in from_environment and name not in from_file:
            source = "default"
        default = field.get_default(call_default_factory=True, validated_data=defaults.__dict__)
        found.append(
            SettingInfo(
                name=name,
                env=PREFIX + name.upper(),
                value=_shown(getattr(settings, name)),
                default=_shown(default),
                source=source,
                help=field.description or "",
            )
        )
    return found


def without_password(url: str) -> str:
    """The same URL with its passwords, if it has some, as `***`; rather too much than too little.

    It need not be a URL that anybody can read: a password may hold what ends other parts.
    """
    base, mark, query = _LOGIN.sub(r"\1:***@", url).partition("?")
    return base + mark + "&".join(map(_without_value, query.split("&")))


def _without_value(parameter: str) -> str:
    name, _, value = parameter.partition("=")
    is_secret = unquote(name).lower().endswith("password")
    return f"{name}=***" if value and is_secret else parameter


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return without_password(value.get_secret_value())
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _refuse_unknown_variables(known: Collection[str]) -> None:
    names = [PREFIX + name.upper() for name in Settings.model_fields] + list(known)
    for variable in os.environ:
        if variable.startswith(PREFIX) and variable not in names:
            raise SettingsError(f"{variable} is no setting{_did_you_mean(variable, names)}")


def _problems(exc: ValidationError) -> Iterator[str]:
    """One line for each setting at fault, naming it as the user wrote it."""
    from_environment = EnvSettingsSource(Settings)()
    told = set()
    for error in exc.errors(include_url=False, include_context=False):
        name = str(error["loc"][0])
        if name in told or error["type"] == "default_factory_not_called":
            continue
        told.add(name)
        yield _problem(name, error, name in from_environment)


def _problem(name: str, error: ErrorDetails, in_environment: bool) -> str:
    field = Settings.model_fields.get(name)
    if field is None:
        return f"{FILE}: {name} is no setting{_did_you_mean(name, list(Settings.model_fields))}"
    where = PREFIX + name.upper() if in_environment else f"{FILE}: {name}"
    extra = field.json_schema_extra
    expected = extra["expected"] if isinstance(extra, dict) else ""
    if field.annotation is SecretStr:
        return f"{where}: expected {expected}"
    return f"{where}: expected {expected}, got {error['input']!r}"


def _did_you_mean(name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {near[0]}?" if near else "; `everdoor settings` lists them all"
