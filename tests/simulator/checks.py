"""The invariants: what holds after every commit, and what holds once everything is at rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from everdoor.state import SnapshotFlag
from everdoor_portal.uplink import LinkState
from everdoor_server.adoption import INTERRUPTED
from everdoor_server.lanes import is_idle_line
from everdoor_server.linkdead import MISSING, NOT_RESUMED
from simulator.database import Database
from simulator.history import Entry, History, Violation
from simulator.lines import OUT_OF_BAND

if TYPE_CHECKING:
    from simulator.clients import Client
    from simulator.serverprocess import ServerProcess
    from simulator.world import World

RETURNED = ("char_login_result", "")
"""What a client is told that has come back after it has connected."""


def check_committed(server: ServerProcess, database: Database) -> None:
    """The roster names exactly the sessions that are present, as they are."""
    here = {s.key: (s.sessid, s.uid, s.puid) for s in server.sessions}
    roster = {e.key: (e.sessid, e.account, e.puppet) for e in database.roster.values()}
    if here != roster:
        raise Violation(f"the roster is {roster}, the sessions are {here}")
    accounts = [uid for _, uid, _ in here.values() if uid is not None]
    if server.history.is_lost:
        # Who was sent away, and who has come back elsewhere, may be among what is lost.
        return
    if server.mode == 0 and len(accounts) != len(set(accounts)):
        raise Violation(f"an account has two sessions: {here}")


def unrest(world: World) -> str:
    """What is still under way; empty when everything is at rest."""
    server = world.newest_server()
    if server is None or len(world.servers) > 1:
        return "there is not one server"
    if server.collector.injected:
        return "a line that was set off does not run"
    if server.turn.has_work() or server.asked or server.answered or server.asleep:
        return "a command has not come to its end"
    if timers := len(server.game.timers):
        return f"{timers} timers have still to ring"
    for portal in world.portals:
        if portal.uplink.state is not LinkState.OPEN:
            return f"portal {portal.name} is {portal.uplink.state.value}"
        for session in portal.sessions:
            if session.held or not session.has_client:
                return f"session {session.key} holds {list(session.held)}"
    lives = {(p.id, p.incarnation) for p in world.portals}
    for link in server.links:
        if link.rows:
            return f"rows for {link.portal} are not acknowledged"
        if (link.portal, link.incarnation) not in lives:
            return f"{link.portal} {link.incarnation} is dead and not buried"
    return ""


def check_rest(world: World) -> None:
    """Both halves of every session are the same, and every line is done."""
    server = world.newest_server()
    assert server is not None, "there is a server at rest"
    check_committed(server, world.database)
    sessions = {s.key: s for s in server.sessions if not s.is_link_dead}
    clients = {c.key: c for p in world.portals for c in p.clients() if not c.ended_by}
    if sessions.keys() != clients.keys():
        raise Violation(
            f"only the server has {sorted(sessions.keys() - clients.keys())}, "
            f"only the portals have {sorted(clients.keys() - sessions.keys())}"
        )
    for key, client in clients.items():
        session = sessions[key]
        replicated = session.take_snapshot(server.app, SnapshotFlag.REBOOT)
        if client.copy.state != replicated:
            raise Violation(f"{key}: its copy is {client.copy.state}, it is {replicated}")
        if client.cmd_total != session.cmd_total:
            raise Violation(f"{key}: {session.cmd_total} lines here, {client.cmd_total} there")
        if world.history.is_lost:
            continue
        _check_client(world.history, client)
        remembered = session.server_data.get("number")
        was_forgotten = ("text", MISSING) in client.log
        if remembered is None and session.sessid in world.history.may_forget:
            was_forgotten = True
        if not was_forgotten and remembered != (number := world.history.memory.get(session.sessid)):
            raise Violation(f"{key} remembers {remembered}, not {number}")
        _check_return(world.history, client)
    if len({session.sessid for session in sessions.values()}) != len(sessions):
        raise Violation(f"a sessid is taken twice: {[(s.key, s.sessid) for s in server.sessions]}")
    _check_acts(world)
    _check_timers(world)
    _check_leftovers(world, server)


def _check_acts(world: World) -> None:
    """What clients saw being done is what the database has, done by the same execution."""
    if world.history.is_lost:
        return
    for token, values in world.database.acts.items():
        ran = world.history.ran.get(token)
        if values["count"] != 1 or (ran is not None and ran.id != values["execution"]):
            raise Violation(f"line {token} is {values} in the database, {ran} was seen")


def _check_timers(world: World) -> None:
    """Every timer has rung as often as it was to."""
    if world.history.is_lost:
        return
    silent = {key: timer for key, timer in world.history.timers.items() if timer.left}
    if silent:
        raise Violation(f"timers that have not rung: {silent}")


def _check_client(history: History, client: Client) -> None:
    key = client.key
    if client.log != history.expected[key]:
        raise Violation(f"{key} misses {history.expected[key][len(client.log) :]}")
    lines = {
        seq: text
        for seq, text in history.typed[key].items()
        if seq > 1 and not text.startswith(OUT_OF_BAND)
    }
    meant = sum(not is_idle_line(text) for text in lines.values())
    if client.cmd_total != meant:
        raise Violation(f"{key}: {client.cmd_total} lines are counted, {meant} were typed")
    unfinished = list(_unfinished(history, client))
    told = sum(entry == ("text", INTERRUPTED) for entry in client.log)
    if len(unfinished) > told:
        raise Violation(f"{key}: {unfinished} were not done to their end, {told} were told")


def _check_return(history: History, client: Client) -> None:
    """Who came back has seen all that its session was shown, each once and in order; or was told
    that something is missing."""
    sessid, reached = client.former
    if not sessid or sessid != client.sessid or ("text", NOT_RESUMED) in client.log:
        return
    story = history.stories[client.sessid]
    at = {entry: index for index, entry in enumerate(story)}
    before = [at[entry] for entry in reached if entry in at]
    # What it was shown while it had not come back, at a login, was another session's.
    back = client.log.index(RETURNED) if RETURNED in client.log else 0
    again = ("text", INTERRUPTED) in reached
    after = [at[entry] for entry in _told_anew(client.log[back:], again) if entry in at]
    first = max(before, default=-1) + 1
    if ("text", MISSING) in client.log:
        first = min(after, default=len(story))
    if after != list(range(first, len(story))):
        raise Violation(
            f"{client.key} came back and saw {after}, expected {first} to {len(story) - 1} of "
            f"{story}; it had {before}"
        )


def _told_anew(log: Iterable[Entry], again: bool) -> Iterator[Entry]:
    """All but that once more something was interrupted, which is said in the same words; `again`:
    they have been said before."""
    for entry in log:
        if entry != ("text", INTERRUPTED) or not again:
            yield entry
        again = again or entry == ("text", INTERRUPTED)


def _unfinished(history: History, client: Client) -> Iterator[str]:
    for seq in history.typed[client.key]:
        token = f"{client.key}#{seq}"
        if token in history.passed:
            continue
        if token not in history.finished:
            yield token


def _check_leftovers(world: World, server: ServerProcess) -> None:
    here = {session.key for session in server.sessions if not session.is_link_dead}
    lanes = {lane.key for lane in server.turn._lanes}
    if lanes != here:
        raise Violation(f"lanes without a session: {sorted(lanes - here)}")
    if limbo := server.turn._adoption.limbo:
        raise Violation(f"still in limbo: {list(limbo)}")
    here |= {session.key for session in server.sessions}
    stayed = {key for key in world.history.sessids if key not in here} - world.history.left
    if stayed and not world.history.is_lost:
        raise Violation(f"sessions that ended without their hooks: {sorted(stayed)}")
    for portal, rows in world.database.outbox.items():
        link = server.links.get(portal)
        if any(link is None or row.id > link.acknowledged for row in rows):
            raise Violation(f"the outbox keeps rows for {portal}: {[row.id for row in rows]}")
