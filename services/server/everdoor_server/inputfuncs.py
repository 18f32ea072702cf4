"""The input functions that ship, under the names and with the forms that Evennia has.

Each public function here is one: `name(session, *args, **kwargs)`. A game replaces one by a
function of the same name in its own `inputfuncs`, and may call these. Left out are those of bots
and of a Discord bridge, which there are none of here. How they are found and called: `inputs`.

Source: docs/out-of-band.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog

from everdoor.encodings import encoding_name
from everdoor.errors import CallRefused, UserError
from everdoor.markup.tags import escape
from everdoor_server.inputs import before_login
from everdoor_server.monitors import monitored as monitored_of
from everdoor_server.monitors import names_in, tell
from everdoor_server.session import ServerSession
from everdoor_server.waits import Running, authenticate

WEBCLIENT_OPTIONS: Final = "_saved_webclient_options"
"""Attribute of an account, as in Evennia."""

MOST_WEBCLIENT_OPTIONS: Final = 64
LONGEST_OPTION: Final = 200

_USUAL_INTERVAL_S = 60.0

_LISTS = (
    "commands",
    "lists",
    "configurable_variables",
    "reportable_variables",
    "reported_variables",
    "sendable_variables",
)

_log = structlog.get_logger(__name__)

# Lines, and what nobody knows.


@before_login
def text(session: ServerSession, *args: Any, **kwargs: Any) -> Running | None:
    """Run a line, as if it had been typed."""
    if args and isinstance(args[0], str):
        return session.sessionhandler.run_line(session, args[0])
    return None


@before_login
def echo(session: ServerSession, *args: Any, **kwargs: Any) -> None:
    """Show what was said, to try the way here and back."""
    session.msg(escape(f"Echo returns: {list(args)}, {kwargs}"))


@before_login
def default(session: ServerSession, cmdname: str, *args: Any, **kwargs: Any) -> None:
    """Take what has a name that no function has; who wants to find out (INPUTDEBUG) is told."""
    _log.debug("no input function", session=str(session.key), name=cmdname)
    if session.protocol_flags.get("INPUTDEBUG"):
        session.msg(f"No input function is called '{escape(cmdname)}'.")


@before_login
def get_inputfuncs(session: ServerSession, *args: Any, **kwargs: Any) -> None:
    """Say which input functions there are, and what each is for."""
    functions = session.sessionhandler.get_inputfuncs()
    session.msg(get_inputfuncs={name: found.__doc__ or "" for name, found in functions.items()})


# What the client is.


def _boolean(value: Any) -> bool:
    if isinstance(value, str):
        return value.lower() in ("true", "on", "1")
    return bool(value)


def _size(value: Any) -> int:
    if isinstance(value, str | int | float) and str(value).isdecimal() and 0 < int(value) <= 1000:
        return int(value)
    raise UserError(f"expected a size from 1 to 1000, got {escape(repr(value)[:60])}")


def _name(value: Any) -> str:
    if isinstance(value, str | int | float) and len(str(value)) <= 64 and str(value).isprintable():
        return str(value)
    raise UserError(f"expected at most 64 characters, got {escape(repr(value)[:60])}")


def _encoding(value: Any) -> str:
    found = encoding_name(str(value)[:64])
    if found is None:
        raise UserError(f"The encoding '|w{escape(repr(value)[:60])}|n' is invalid.")
    return found


_OPTIONS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "client": ("CLIENTNAME", _name),
    "version": ("CLIENTVERSION", _name),
    "encoding": ("ENCODING", _encoding),
    "screenwidth": ("SCREENWIDTH", _size),
    "screenheight": ("SCREENHEIGHT", _size),
    **{
        name: (name.upper(), _boolean)
        for name in ("ansi", "xterm256", "truecolor", "mxp", "utf-8", "screenreader", "nocolor")
        + ("raw", "nogoahead", "inputdebug", "autoresize", "localecho")
    },
}
_IGNORED = frozenset({"options", "cmdid", "get"})


@before_login
def client_options(session: ServerSession, *args: Any, **kwargs: Any) -> None:
    """Take what a client says of itself; without anything, or with `get`, say what is known."""
    wanted = {key.lower(): value for key, value in kwargs.items()}
    if wanted.get("get") or not wanted.keys() - _IGNORED:
        flags = {flag for flag, _ in _OPTIONS.values()}
        known = {name: value for name, value in session.protocol_flags.items() if name in flags}
        session.msg(client_options=known)
        return
    learned = {}
    for key, value in wanted.items():
        if key in _OPTIONS:
            flag, convert = _OPTIONS[key]
            learned[flag] = convert(value)
        elif key not in _IGNORED:
            session.msg(f"client_options: '{escape(key[:60])}' is no option.")
    session.update_flags(**learned)


@before_login
def get_client_options(session: ServerSession, *args: Any, **kwargs: Any) -> None:
    """Say what is known of the client."""
    client_options(session, get=True)


@before_login
def hello(session: ServerSession, *args: Any, **kwargs: Any) -> None:
    """GMCP's `Core.Hello`, where no portal has answered it."""
    known = {key: value for key, value in kwargs.items() if key.lower() in _OPTIONS}
    if known:
        client_options(session, **known)


@before_login
def supports_set(session: ServerSession, *args: Any, **kwargs: Any) -> None:
    """GMCP's `Core.Supports.Set`: portals keep what a client does not want."""


# Logging in.


@before_login
async def login(session: ServerSession, *args: Any, **kwargs: Any) -> None:
    """Log in with `name` and `password`, as `connect` does."""
    name, password = kwargs.get("name"), kwargs.get("password")
    if not session.logged_in and isinstance(name, str) and isinstance(password, str):
        await _log_in(session, name, password)


@before_login
async def char_login_credentials(session: ServerSession, *args: Any, **kwargs: Any) -> None:
    """GMCP's `Char.Login.Credentials`: log in with `account` and `password`.

    Without them the client leaves it to the game's own login, which it is at already.
    """
    name, password = kwargs.get("account"), kwargs.get("password")
    if session.logged_in or not isinstance(name, str) or not isinstance(password, str):
        return
    key, game = session.key, session.sessionhandler.game
    try:
        await _log_in(session, name, password)
    except CallRefused as exc:
        session.msg(str(exc))
        session.msg(char_login_result={"success": False, "message": str(exc)})
        if session.prompt and session.is_void(session.prompt - 1):
            # It took the place of a login that asks, which begins again.
            await _awaited(game.at_interrupted(session))
        return
    found = game.sessions.by_key(key)
    if found is not None:
        found.msg(char_login_result={"success": found.logged_in})


async def _log_in(session: ServerSession, name: str, password: str) -> None:
    name = " ".join(name.split())
    if not 0 < len(name) <= 200 or not 0 < len(password) <= 1024:
        raise UserError("A name and a password are needed to log in.")
    found = await authenticate(name, password, session.address)
    session.sessionhandler.game.log_in(session, found)


async def _awaited(running: Running | None) -> None:
    if running is not None:
        await running


# Variables.


def get_value(session: ServerSession, *args: Any, **kwargs: Any) -> None:
    """Say what the variable `name` is."""
    monitors, name = session.sessionhandler.game.monitors, kwargs.get("name")
    if name in monitors.variables:
        session.msg(get_value={"name": name, "value": monitors.value(session, name)})


def monitor(session: ServerSession, *args: Any, **kwargs: Any) -> None:
    """Say the variable `name` whenever it changes; no more with `stop`."""
    monitors, name = session.sessionhandler.game.monitors, kwargs.get("name")
    if name not in monitors.variables:
        return
    if kwargs.get("stop"):
        monitors.remove(session, name)
    else:
        monitors.add(session, name, "monitor")


def unmonitor(session: ServerSession, *args: Any, **kwargs: Any) -> None:
    """Say the variable `name` no more."""
    monitor(session, **{**kwargs, "stop": True})


def monitored(session: ServerSession, *args: Any, **kwargs: Any) -> None:
    """Say which variables are said whenever they change."""
    session.msg(monitored=([list(monitored_of(session))], {}))


def repeat(session: ServerSession, *args: Any, **kwargs: Any) -> None:
    """Call `callback` every `interval` seconds (60; 5 at least); no more with `stop`."""
    monitors, name = session.sessionhandler.game.monitors, kwargs.get("callback")
    interval = kwargs.get("interval", _USUAL_INTERVAL_S)
    if name not in monitors.repeatables:
        session.msg(f"Allowed repeating functions are: {', '.join(monitors.repeatables)}")
    elif kwargs.get("stop"):
        monitors.end_repeat(session, name)
    elif isinstance(interval, int | float) and interval == interval:
        monitors.repeat(session, name, float(interval))
    else:
        session.msg(f"repeat: expected seconds as `interval`, got {escape(repr(interval)[:60])}")


def unrepeat(session: ServerSession, *args: Any, **kwargs: Any) -> None:
    """Call `callback` no more."""
    repeat(session, **{**kwargs, "stop": True})


# Who is here.


def comm_channel_players(session: ServerSession, *args: Any, **kwargs: Any) -> None:
    """GMCP's `Comm.Channel.Players`: say who is here."""
    accounts = session.sessionhandler.all_connected_accounts()
    players = [{"name": account.key} for account in accounts]
    session.msg(comm_channel_players=([players], {}))


# Options of web clients, kept with the account.


def webclient_options(session: ServerSession, *args: Any, **kwargs: Any) -> None:
    """Keep options of a web client with its account; without any, say those that are kept."""
    account: Any = session.account
    kept = dict(account.attributes.get(WEBCLIENT_OPTIONS) or {})
    given = {key: value for key, value in kwargs.items() if key not in _IGNORED}
    if not given:
        session.msg(webclient_options=kept)
        return
    for key, value in given.items():
        if not isinstance(value, str | int | float | None) or len(f"{key}{value}") > LONGEST_OPTION:
            raise UserError(f"webclient_options: '{escape(key[:60])}' is too large.")
    kept |= given
    if len(kept) > MOST_WEBCLIENT_OPTIONS:
        raise UserError(f"webclient_options: at most {MOST_WEBCLIENT_OPTIONS} are kept.")
    account.attributes.add(WEBCLIENT_OPTIONS, kept)
    for other in account.sessions.all():
        if other is not session and other.protocol_flags.get("OOB"):
            other.msg(webclient_options=kept)


# MSDP's commands, which portals give these names.


@before_login
def msdp_list(session: ServerSession, *args: Any, **kwargs: Any) -> None:
    """MSDP's `LIST`: say what there is of each kind."""
    names = list(session.sessionhandler.game.monitors.variables)
    found = {
        "commands": ["LIST", "REPORT", "RESET", "SEND", "UNREPORT"],
        "lists": [name.upper() for name in _LISTS],
        "configurable_variables": [],
        "reportable_variables": [name.upper() for name in names],
        "reported_variables": [name.upper() for name in monitored_of(session)],
        "sendable_variables": [name.upper() for name in names],
    }
    for wanted in names_in(args):
        if wanted in found:
            session.msg(**{wanted: ([found[wanted]], {})})


def msdp_report(session: ServerSession, *args: Any, **kwargs: Any) -> None:
    """MSDP's `REPORT`: say variables now, and whenever they change."""
    monitors = session.sessionhandler.game.monitors
    for name in names_in(args):
        if name in monitors.variables:
            monitors.add(session, name)
            tell(session, name, monitors.value(session, name))


def msdp_unreport(session: ServerSession, *args: Any, **kwargs: Any) -> None:
    """MSDP's `UNREPORT`: say variables no more."""
    for name in names_in(args):
        session.sessionhandler.game.monitors.remove(session, name)


def msdp_send(session: ServerSession, *args: Any, **kwargs: Any) -> None:
    """MSDP's `SEND`: say variables once."""
    monitors = session.sessionhandler.game.monitors
    for name in names_in(args):
        if name in monitors.variables:
            tell(session, name, monitors.value(session, name))


def msdp_reset(session: ServerSession, *args: Any, **kwargs: Any) -> None:
    """MSDP's `RESET`: say none of the variables any more, as at the start."""
    if {"reportable_variables", "reported_variables"} & set(names_in(args)):
        msdp_unreport(session, *monitored_of(session))
