"""The settings of one system: `EVERDOOR_<NAME>` over `everdoor.toml` over the defaults.

Built once at the edge (`load_settings`) and passed in; no other module reads the environment. What
a setting does is said in its own help text, which `everdoor settings` shows (`describe`). Options
of single commands are the command line's.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from everdoor.addresses import parse_networks
from everdoor.errors import SettingsError

PREFIX = "EVERDOOR_"
FILE = "everdoor.toml"

DOORS_TO_COME = ("EVERDOOR_WEB_PORT", "EVERDOOR_TLS_PORT", "EVERDOOR_SSH_PORT")
"""Names kept for doors that this version does not have: a script that sets the port of every door
of a system works already, and nothing listens there."""

Port = Annotated[int, Field(ge=0, le=65535)]
Limit = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def _networks(text: str) -> str:
    parse_networks(text)
    return text


Networks = Annotated[str, AfterValidator(_networks)]
Folder = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]


def _setting(default: Any, expected: str, help_text: str) -> Any:
    """A field with what a value must be (for errors) and what it does (for `everdoor settings`)."""
    how = {"default_factory": default} if callable(default) else {"default": default}
    return Field(**how, description=help_text, json_schema_extra={"expected": expected})


def _sqlite_in_home(name: str) -> Any:
    return lambda known: SecretStr(f"sqlite:///{known['home']}/{name}.db")


class Settings(BaseSettings):
    """Every setting, frozen; each field's description says effect, unit, range and relations."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=PREFIX,
        toml_file=FILE,
        validate_default=True,
        hide_input_in_errors=True,
    )

    home: Folder = _setting(
        Path("var"),
        "a folder",
        "Folder that holds the system: databases, sockets, locks, logs. One home is one world; "
        "commands find a running system by it. Relative paths start at the working directory.",
    )
    listen_address: str = _setting(
        "",
        "an IP address, or nothing for all",
        "Address on which clients are accepted. Empty: every address of the machine, IPv6 and "
        "IPv4. `127.0.0.1` keeps the game to this machine.",
    )
    telnet_port: Port = _setting(
        4000,
        "a port, 0 to 65535",
        "TCP port for telnet clients, shared by all portals of one home. 0: any free one, told in "
        "the log and by `everdoor status`.",
    )
    telnet_keepalive_s: Seconds = _setting(
        30.0,
        "seconds, 0 or more",
        "Time between two signs of life (NOP) that a portal sends to telnet clients, so that "
        "routers on the way do not forget a quiet connection. 0: none are sent.",
    )
    servername: str = _setting(
        "Everdoor",
        "a name",
        "Name of the game, as it is told to those who list games (MSSP).",
    )
    proxy_protocol_from: Networks = _setting(
        "",
        "IP addresses and ranges, separated by commas, or nothing",
        "Proxies in front of the portals, such as `127.0.0.1, 10.0.0.0/8`: a connection from there "
        "must begin with a PROXY header (version 1 or 2), and the client's address is the one that "
        "it tells. Empty: nobody is believed.",
    )
    portal_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,40}$")] = _setting(
        "",
        "letters, digits, `.`, `_` and `-`, at most 40, or nothing",
        "Name of this portal process, unique on its host. Empty: the name the Procfile runner "
        "gives (such as `portal.1`), else `portal`.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info",
        "debug, info, warning or error",
        "Least severe lines that are logged; `debug` includes every message between processes.",
    )
    log_json: bool | Literal["auto"] = _setting(
        "auto",
        "auto, true or false",
        "Whether stderr gets one JSON document a line. auto: readable text on a terminal, JSON "
        "otherwise. The files under `<home>/logs` are always JSON.",
    )
    multisession_mode: Annotated[int, Field(ge=0, le=3)] = _setting(
        0,
        "0, 1, 2 or 3",
        "What a second login to an account does. 0: the older session is disconnected. 1: it "
        "joins, same puppet, same output. 2: it stays separate, one puppet each. 3: it stays "
        "separate, puppets may be shared.",
    )
    game: Folder | None = _setting(
        None,
        "a folder, or nothing for the shipped game",
        "Folder of the game: its modules cmdsets, hooks and connection_screens replace what is "
        "shipped. `everdoor server reload` brings edits to a running game.",
    )
    server_session_class: str = _setting(
        "everdoor_server.ServerSession",
        "the path of a subclass of everdoor_server.ServerSession",
        "Class of the server's sessions, such as `game.sessions.MySession`. What it adds to "
        "snapshot_fields survives restarts.",
    )
    account_class: str = _setting(
        "everdoor_server.Account",
        "the path of a subclass of everdoor_server.Account",
        "Class of accounts: what they see out of character (at_look), what happens at a login.",
    )
    character_class: str = _setting(
        "everdoor_server.world.starter.Lodger",
        "the path of a subclass of everdoor_server.Character",
        "Class of the characters that are made from now on; those that there are keep theirs.",
    )
    cmdset_unloggedin: str = _setting(
        "",
        "the path of a CmdSet, or nothing",
        "What can be typed before the login, such as "
        "`everdoor_server.contrib.menu_login.UnloggedinCmdSet`. Empty: the game's "
        "cmdsets.UnloggedinCmdSet, else the shipped one. See connection_screen.",
    )
    cmdset_session: str = _setting(
        "",
        "the path of a CmdSet, or nothing",
        "What every session has after its login. Empty: the game's cmdsets.SessionCmdSet, else the "
        "shipped one.",
    )
    cmdset_account: str = _setting(
        "",
        "the path of a CmdSet, or nothing",
        "What an account can do, with a puppet or without. Empty: the game's "
        "cmdsets.AccountCmdSet, else the shipped one.",
    )
    cmdset_character: str = _setting(
        "",
        "the path of a CmdSet, or nothing",
        "What a puppet can do. Empty: the game's cmdsets.CharacterCmdSet, else the shipped one.",
    )
    connection_screen: str = _setting(
        "",
        "the path of a module, a text or a function, or nothing",
        "What a client sees that has just connected: a text, a function of the session, or a "
        "module with one (CONNECTION_SCREEN, connection_screen). Empty: the game's module "
        "connection_screens, else the shipped one.",
    )
    server_name: Annotated[str, Field(min_length=1, max_length=80)] = _setting(
        "Everdoor",
        "1 to 80 characters",
        "What the game is called, for the command `info`, which lists of games ask for.",
    )
    command_msg_all_sessions: bool | Literal["auto"] = _setting(
        "auto",
        "auto, true or false",
        "Who sees what a command tells its caller. true: every session of the caller. false: the "
        "one that typed. auto: as multisession_mode has it.",
    )
    max_nr_characters: Limit = _setting(
        1,
        "a number of characters, 0 or more",
        "Characters that an account may have; superusers may have any number. 0: no limit.",
    )
    max_nr_simultaneous_puppets: Limit = _setting(
        1,
        "a number of puppets, 0 or more",
        "Objects that an account may control at once, in multisession modes 2 and 3; Developers "
        "and superusers may control any number. 0: no limit.",
    )
    guest_enabled: bool = _setting(
        False,
        "true or false",
        "Whether `connect guest` lets anybody in, as a guest who is forgotten at the end.",
    )
    guest_list: str = _setting(
        "Guest1,Guest2,Guest3,Guest4,Guest5,Guest6,Guest7,Guest8,Guest9",
        "names with commas between them",
        "Names of guests; there are as many at once as there are names.",
    )
    py_enabled: bool = _setting(
        False,
        "true or false",
        "Whether superusers have the command `py`, which runs Python in the server: whoever has it "
        "has everything that the server has.",
    )
    auto_create_character_with_account: bool = _setting(
        True,
        "true or false",
        "Whether creating an account also makes a Character of the same name.",
    )
    auto_puppet_on_login: bool = _setting(
        True,
        "true or false",
        "Whether a login puppets what the account puppeted last; false: it lands out of character.",
    )
    max_hold_s: Seconds = _setting(
        300.0,
        "seconds, 0 or more",
        "How long portals keep clients, and what they type, while the server is away; then they "
        "are told and disconnected. 0: without end. See held_input_lines.",
    )
    portal_grace_s: Seconds = _setting(
        120.0,
        "seconds, 0 or more",
        "How long the server keeps the sessions of a portal that it cannot reach and that may "
        "still live. 0: without end, within the memory bound of its outbox.",
    )
    resume_grace_s: Seconds = _setting(
        60.0,
        "seconds, 0 or more",
        "How long a session whose connection was lost stays in the game, link-dead, until its "
        "player comes back to it. 0: it ends with its connection.",
    )
    turn_limit_s: Seconds = _setting(
        10.0,
        "seconds, 0 or 1 and more",
        "How long the server may be busy with one thing before it counts as hung: it then ends "
        "itself, and the log says where it was. 0: never, for debuggers.",
    )
    restart_notice_after_s: Seconds = _setting(
        2.0,
        "seconds, 0 or more",
        "How long the server is away before players are told that the game is restarting. 0: "
        "they are never told.",
    )
    max_char_limit: Limit = _setting(
        6000,
        "a number of characters, 0 or more",
        "Longest line of input in characters; a longer one is refused with a message. 0: only "
        "the limit of the wire holds (64 KiB).",
    )
    held_input_lines: Limit = _setting(
        500,
        "a number of lines, 0 or more",
        "Lines of one session that a portal holds unanswered before it stops reading from that "
        "client; nothing is dropped. 0: no bound. See max_hold_s.",
    )
    max_connection_rate: Limit = _setting(
        20,
        "connections per second, 0 or more",
        "Clients of one address (/64 for IPv6) that a portal takes in a second. More of them wait "
        "their turn and are told; beyond five seconds' worth they are refused. 0: no limit.",
    )
    max_preauth_per_address: Limit = _setting(
        10,
        "a number of clients, 0 or more",
        "Clients of one address (/64 for IPv6) that may be connected to a portal without being "
        "logged in; more are refused. 0: no limit. See login_grace_s.",
    )
    login_grace_s: Seconds = _setting(
        120.0,
        "seconds, 0 or more",
        "How long a client may stay connected without logging in. 0: for ever.",
    )
    max_command_rate: Limit = _setting(
        80,
        "lines per second, 0 or more",
        "Lines of one session that are read in a second, after a burst of twice as many; a faster "
        "client is held back, nothing is dropped. 0: no limit.",
    )
    idle_timeout: Seconds = _setting(
        0.0,
        "seconds, 0 or more",
        "How long nothing may come from a session before it is disconnected; `idle`, which clients "
        "can send by themselves, is activity too. 0: for ever.",
    )
    max_output_queue: Limit = _setting(
        1024 * 1024,
        "bytes, 0 or more",
        "Output of one session that its client has not taken; one that is further behind is "
        "disconnected, and others do not notice. 0: no limit.",
    )
    new_account_registration_enabled: bool = _setting(
        True,
        "true or false",
        "Whether players may make accounts; the command line always may.",
    )
    login_throttle_limit: Limit = _setting(
        5,
        "a number of failures, 0 or more",
        "Failed logins of one address (/64 for IPv6) within login_throttle_timeout before "
        "further ones must wait. 0: no limit.",
    )
    login_throttle_timeout: Seconds = _setting(
        300.0,
        "seconds, 0 or more",
        "Seconds for which a failed login counts; see login_throttle_limit.",
    )
    creation_throttle_limit: Limit = _setting(
        2,
        "a number of accounts, 0 or more",
        "Accounts that one address (/64 for IPv6) may create within creation_throttle_timeout. "
        "0: no limit.",
    )
    creation_throttle_timeout: Seconds = _setting(
        600.0,
        "seconds, 0 or more",
        "Seconds for which a created account counts; see creation_throttle_limit.",
    )
    world_database_url: SecretStr = _setting(
        _sqlite_in_home("world"),
        "a database URL such as sqlite:///path or postgresql://user@host/name",
        "Where the game world is stored. Default: an SQLite file in the home.",
    )
    auth_database_url: SecretStr = _setting(
        _sqlite_in_home("auth"),
        "a database URL such as sqlite:///path or postgresql://user@host/name",
        "Where accounts are stored. Default: an SQLite file in the home.",
    )
    takeover_after_s: Annotated[float, Field(ge=1, allow_inf_nan=False)] = _setting(
        10.0,
        "seconds, 1 or more",
        "With the world in PostgreSQL: how long the server of another home that serves it must "
        "give no sign of life before this one takes over; until then this one waits.",
    )
    sqlite_synchronous: Literal["NORMAL", "FULL"] = _setting(
        "NORMAL",
        "NORMAL or FULL",
        "When SQLite waits for the disk. NORMAL: a crash of a process loses nothing, a power cut "
        "may lose the last moments. FULL: neither does, at the price of one disk sync a turn.",
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
    """The same URL with its password, if it has one, as `***`."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}:***@{host}"))


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return without_password(value.get_secret_value())
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _refuse_unknown_variables(known: Collection[str]) -> None:
    names = [PREFIX + name.upper() for name in Settings.model_fields] + list(known)
    for variable in os.environ:
        if variable.startswith(PREFIX) and variable not in (*names, *DOORS_TO_COME):
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
