"""What clients are told of characters and places besides text: `Char.*`, `Room.Info`, `Comm.*`.

Only those are told that take more than text (the flag `OOB`). What is said is plain data under the
names of `msg`; how a protocol writes them is its portal's (`char_vitals` is `Char.Vitals` in GMCP).
What a character is, is asked of it: `get_vitals` and its kin (`kinds`).

Source: docs/out-of-band.md; the packages of GMCP, https://nexus.ironrealms.com/GMCP.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from everdoor.markup.tags import plain
from everdoor_server.session import ServerSession
from everdoor_server.sessionlist import deliver

if TYPE_CHECKING:
    from everdoor_server.objects.base import Object


def told_more(sessions: Iterable[ServerSession]) -> list[ServerSession]:
    """Those whose clients take more than text."""
    return [session for session in sessions if session.protocol_flags.get("OOB")]


def tell_all(obj: Object, sessions: Sequence[ServerSession] | None = None) -> None:
    """Tell clients who it is that they control, how it is, and where.

    Args:
        sessions: Who is told; None: all that control it.
    """
    told = told_more(obj.sessions.all() if sessions is None else sessions)
    if not told:
        return
    name = {"name": obj.key, "fullname": obj.get_display_name(obj)}
    deliver(told, {"char_name": name, "char_statusvars": obj.get_status_vars()})
    tell_status(obj, told)
    tell_vitals(obj, told)
    tell_room(obj, told)


def tell_status(obj: Object, sessions: Sequence[ServerSession] | None = None) -> None:
    """Tell what changes seldom: its name, its account, what a game adds."""
    if told := told_more(obj.sessions.all() if sessions is None else sessions):
        deliver(told, {"char_status": obj.get_status()})


def tell_vitals(obj: Object, sessions: Sequence[ServerSession] | None = None) -> None:
    """Tell what changes often, if a game has such."""
    told = told_more(obj.sessions.all() if sessions is None else sessions)
    if told and (vitals := obj.get_vitals()):
        deliver(told, {"char_vitals": vitals})


def tell_room(obj: Object, sessions: Sequence[ServerSession] | None = None) -> None:
    """Tell where it is."""
    told = told_more(obj.sessions.all() if sessions is None else sessions)
    if told and obj.location is not None:
        deliver(told, {"room_info": room_info(obj.location, obj)})


def room_info(room: Object, looker: Object) -> dict[str, Any]:
    """A place as a mapper wants it: number, name, area, exits by name with the numbers behind."""
    ways = [way for way in room.exits if way.access(looker, "view", default=True)]
    areas = room.tags.all("area")
    return {
        "num": room.id,
        "name": plain(room.get_display_name(looker)),
        "area": areas[0] if areas else "",
        "exits": {way.key: way.destination_id for way in ways},
    }


def tell_channel(sessions: Iterable[ServerSession], channel: str, talker: str, text: str) -> None:
    """Tell what was said on a channel to who has been shown it as text."""
    said = {"channel": channel, "talker": talker, "text": plain(text)}
    deliver(told_more(sessions), {"comm_channel_text": said})
