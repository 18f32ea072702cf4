"""Sessions whose class another edition of the game has changed, over crashes and reloads.

A portal is to hold what a session is after the change, version and all, and nothing is to differ in
it for ever.
"""

from __future__ import annotations

from io import BytesIO
from typing import ClassVar

import msgspec

from everdoor.digest import digest_of_copies
from everdoor.messages.calls import SESSION_CLASS
from everdoor.messages.stream import Copy
from everdoor.state import AppSession
from everdoor.state.archivefile import Record, read_items
from everdoor_server.archiving import Archiving
from everdoor_server.session import ServerSession
from tinygame import ScriptedPortal, TinyServer, after_crash, copy_of, started


class InGold(ServerSession):
    """The first edition counts gold."""

    snapshot_fields: ClassVar[tuple[str, ...]] = ("gold", "lucky")
    gold = 0
    lucky = False


class InPence(ServerSession):
    """The second counts pence, under the same name, knows rank and no luck."""

    snapshot_fields: ClassVar[tuple[str, ...]] = ("gold", "rank")
    state_version = 2
    gold = 0
    rank = "nobody"

    @classmethod
    def upgrade_snapshot(cls, data: dict[str, object], version: int) -> dict[str, object]:
        gold = data["gold"]
        assert isinstance(gold, int)
        return data | {"gold": 100 * gold}


def brought_up_to_date(copy: Copy, portal: ScriptedPortal) -> Copy:
    """The copy with what the server says now, as a portal keeps it."""
    state = dict(copy.state or {})
    for row in portal.take_rows():
        state |= dict(row.changes).get(copy.conn, {})
    return msgspec.structs.replace(copy, state=state)


def is_confirmed(server: TinyServer, copy: Copy) -> bool:
    """Whether the barrier finds nothing to send anew."""
    [link] = server.links
    mine = server.turn.copies_of(link)
    return digest_of_copies([(copy.conn, copy.cursor, copy.state or {})]) == digest_of_copies(mine)


def earn(session: ServerSession) -> None:
    assert isinstance(session, InPence)
    session.gold += 50
    session.touch()


def changed() -> tuple[TinyServer, ScriptedPortal, Copy]:
    """A server of the second edition, with the copy that the portal had of the first one's."""
    old, portal = started(session_class=InGold)
    copy = copy_of(old.session(1), 1, gold=3)
    old.game.lines["earn"] = earn
    return after_crash(old, portal, copy, session_class=InPence), portal, copy


def test_session_is_upgraded_once_over_crashes() -> None:
    server, portal, copy = changed()
    copy = brought_up_to_date(copy, portal)
    assert copy.state is not None
    assert (copy.state["version"], copy.state["gold"], copy.state["rank"]) == (2, 300, "nobody")
    portal.type(1, 2, "earn")
    copy = brought_up_to_date(copy, portal)
    again = after_crash(server, portal, copy, session_class=InPence)
    session = again.session(1)
    assert isinstance(session, InPence)
    assert session.gold == 350


def test_archive_holds_what_the_class_has_now() -> None:
    server, portal, _ = changed()
    portal.take_rows()
    app = AppSession("test", silent=True)
    archiving = Archiving(app, server.sessions, InPence, server.collector.states, dict, 1)
    saving = archiving.take({})
    for _ in saving.steps():
        pass
    records = [one for one in read_items(BytesIO(saving.content())) if isinstance(one, Record)]
    [data] = [record.data for record in records if record.class_name == SESSION_CLASS]
    assert (data["gold"], data["version"], "lucky" in data) == (300, 2, False)


def test_barrier_finds_nothing_to_send_anew_though_a_field_is_gone() -> None:
    server, portal, copy = changed()
    copy = brought_up_to_date(copy, portal)
    assert is_confirmed(server, copy)
    portal.type(1, 2, "earn")
    copy = msgspec.structs.replace(brought_up_to_date(copy, portal), cursor=2)
    assert is_confirmed(server, copy)
