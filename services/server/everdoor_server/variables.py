"""The variables that clients may ask for, as shipped, and what they may have called at intervals.

A game adds its own in its module `inputfuncs`, as `VARIABLES` and `REPEATABLES`: functions of a
session by name. What is done with them is `monitors`'.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from everdoor.markup.tags import plain
from everdoor_server.monitors import Repeatable, Variable
from everdoor_server.objects import telling
from everdoor_server.session import ServerSession


def _who(session: ServerSession) -> str:
    who = session.get_puppet_or_account()
    return who.key if who is not None else ""


def _puppet(session: ServerSession) -> str:
    return session.puppet.key if session.puppet is not None else ""


def _account(session: ServerSession) -> str:
    return session.account.key if session.account is not None else ""


def _desc(session: ServerSession) -> str:
    puppet: Any = session.puppet
    return plain(str(puppet.db.desc or "")) if puppet is not None else ""


def _room(session: ServerSession, field: str, default: Any) -> Any:
    puppet: Any = session.puppet
    if puppet is None or puppet.location is None:
        return default
    return telling.room_info(puppet.location, puppet)[field]


def _server(session: ServerSession) -> str:
    name: str = session.sessionhandler.game.options.servername
    return name


VARIABLES: Mapping[str, Variable] = {
    "name": _who,
    "key": _who,
    "location": lambda session: _room(session, "name", ""),
    "desc": _desc,
    "servername": _server,
    "account_name": _account,
    "character_name": _puppet,
    "room_name": lambda session: _room(session, "name", ""),
    "room_vnum": lambda session: _room(session, "num", 0),
    "room_area": lambda session: _room(session, "area", ""),
    "room_exits": lambda session: _room(session, "exits", {}),
    "server_id": _server,
    "server_time": lambda session: int(session.sessionhandler.now()),
}
"""Evennia's names first, then those of MSDP."""


def _repeat_vitals(session: ServerSession) -> None:
    puppet: Any = session.puppet
    if puppet is not None:
        telling.tell_vitals(puppet, [session])


def _repeat_status(session: ServerSession) -> None:
    puppet: Any = session.puppet
    if puppet is not None:
        telling.tell_status(puppet, [session])


REPEATABLES: Mapping[str, Repeatable] = {"vitals": _repeat_vitals, "status": _repeat_status}
