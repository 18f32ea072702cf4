"""Before a planned end every portal confirms what it holds; who lacks something is told."""

from __future__ import annotations

import pytest

from everdoor.digest import digest_of_copies
from everdoor.ids import NO_ROW, Incarnation, RowId
from everdoor.messages.calls import ConfirmCopies, CopiesKept, CopiesLack
from everdoor_server.barrier import Barrier
from everdoor_server.downlink import Downlink
from tinygame import ScriptedPortal, TinyServer, started


def link_of(server: TinyServer, portal: str = "p") -> Downlink:
    link = server.links.get(portal)
    assert link is not None
    return link


def barrier_of(server: TinyServer) -> Barrier:
    return Barrier(server.turn, server.links)


def call(server: TinyServer, says: ScriptedPortal, **differs: object) -> ConfirmCopies:
    """What a portal says that holds just what the server holds, unless something differs."""
    copies = server.turn.copies_of(link_of(server, says.portal))
    said = {
        "portal": says.portal,
        "incarnation": says.incarnation,
        "last": says.last,
        "count": len(copies),
        "digest": digest_of_copies(copies),
    }
    return ConfirmCopies(**{**said, **differs})  # type: ignore[arg-type]


def test_portal_that_holds_everything_has_confirmed() -> None:
    server, portal = started(conns=2)
    barrier = barrier_of(server)
    assert barrier.waiting == {"p"}
    assert barrier.confirm(call(server, portal)) == CopiesKept()
    assert (barrier.waiting, barrier.resent) == (set(), [])


def test_barrier_waits_for_every_open_portal_and_no_other() -> None:
    server, portal = started()
    other = ScriptedPortal(server, "q")
    other.hello()
    other.take()
    server.links.lost(other.routing_id)
    assert barrier_of(server).waiting == {"p"}
    other.hello()
    other.take()
    barrier = barrier_of(server)
    assert barrier.waiting == {"p", "q"}
    barrier.confirm(call(server, portal))
    assert barrier.waiting == {"q"}
    barrier.confirm(call(server, other))
    assert barrier.waiting == set()


def test_portal_that_lacks_a_row_waits_for_it_and_nothing_is_sent_anew() -> None:
    server, portal = started()
    before = portal.last
    portal.type(1, 2, "look")
    portal.take()
    barrier = barrier_of(server)
    assert barrier.confirm(call(server, portal, last=before)) == CopiesLack(portal.last)
    assert (barrier.waiting, barrier.resent) == ({"p"}, [])
    assert not server.turn.has_work()
    portal.ack()
    assert barrier.confirm(call(server, portal)) == CopiesKept()


@pytest.mark.parametrize("differs", [{"count": 1}, {"digest": bytes(16)}], ids=["count", "digest"])
def test_portal_whose_copies_differ_is_sent_them_anew_whole(differs: dict[str, object]) -> None:
    server, portal = started(conns=2)
    barrier = barrier_of(server)
    assert barrier.confirm(call(server, portal, **differs)) == CopiesLack(portal.last)
    assert (barrier.waiting, barrier.resent) == ({"p"}, ["p"])
    [row] = portal.take_rows()
    assert dict(row.cursors) == {1: 1, 2: 1}
    assert {conn: change["sessid"] for conn, change in row.changes} == {1: 1, 2: 2}
    assert row.outputs == row.closes == []
    assert barrier.confirm(call(server, portal)) == CopiesKept()
    assert barrier.waiting == set()


def test_portal_whose_copies_go_on_differing_is_sent_them_once() -> None:
    server, portal = started()
    barrier = barrier_of(server)
    for _ in range(3):
        assert barrier.confirm(call(server, portal, count=0)) == CopiesLack(portal.last)
        portal.take_rows()
    assert (barrier.waiting, barrier.resent) == ({"p"}, ["p"])


def test_portal_that_lacks_the_row_with_its_copies_is_not_sent_them_again() -> None:
    server, portal = started()
    barrier = barrier_of(server)
    before = portal.last
    barrier.confirm(call(server, portal, digest=bytes(16)))
    portal.take()
    again = call(server, portal, last=before, digest=bytes(16))
    assert barrier.confirm(again) == CopiesLack(portal.last)
    assert barrier.resent == ["p"]
    assert portal.take_rows() == []


@pytest.mark.parametrize(
    "differs",
    [{"portal": "q"}, {"incarnation": Incarnation(2, 7)}, {"incarnation": Incarnation(1, 8)}],
    ids=["unknown", "another life", "another nonce"],
)
def test_portal_that_the_server_does_not_know_is_told_nothing_and_not_counted(
    differs: dict[str, object],
) -> None:
    server, portal = started()
    barrier = barrier_of(server)
    assert barrier.confirm(call(server, portal, **differs)) == CopiesKept()
    assert barrier.waiting == {"p"}


def test_portal_that_is_ahead_in_rows_of_a_lost_database_is_judged_by_its_copies() -> None:
    server, portal = started()
    ahead = RowId(portal.last.generation, portal.last.n + 5)
    assert barrier_of(server).confirm(call(server, portal, last=ahead)) == CopiesKept()


def test_portal_without_sessions_confirms_that_it_has_none() -> None:
    server, _ = started()
    empty = ScriptedPortal(server, "q")
    empty.hello()
    empty.take()
    barrier = barrier_of(server)
    assert barrier.confirm(call(server, empty, last=NO_ROW)) == CopiesKept()
    assert barrier.waiting == {"p"}
