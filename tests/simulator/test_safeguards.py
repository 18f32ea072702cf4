"""The simulator notices when a safeguard is missing: each weak part here lacks one of the rules
of docs/protocol.md, section 4 or 8, and some schedule shows what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest
from msgspec import structs

from everdoor.ids import NO_ROW
from everdoor.messages.stream import Hello, Numbered, Row
from everdoor_portal.sessionhandler import PortalSessionHandler
from everdoor_portal.uplink import Uplink
from everdoor_server.adoption import Adoption
from everdoor_server.commit import Change, Stored
from everdoor_server.downlink import Downlink
from everdoor_server.driving import Driver
from everdoor_server.lanes import Lane, Lanes
from everdoor_server.linkdead import LinkDead
from everdoor_server.links import LinkEvent, Links
from everdoor_server.scripts import DelayedCall, Scripts
from everdoor_server.turn import Turn
from simulator.auth import Auth
from simulator.database import Database
from simulator.game import Game, RecordingCollector
from simulator.portalprocess import PortalParts
from simulator.schedules import Script, draw, run
from simulator.serverprocess import Phase, ServerParts, ServerProcess
from simulator.timers import WatchedScripts, ring_once
from simulator.world import Parts

pytestmark = pytest.mark.timeout(300)

SEEDS = range(3000)
"""Schedules that a missing safeguard may survive at most."""


class ForgetsOnSending(Links):
    """Takes a row for applied once it was sent."""

    def data_to_send(self, now: float) -> list[tuple[bytes, bytes]]:
        frames = super().data_to_send(now)
        for link in self:
            if link.is_open and link.rows:
                self._trimmed[link.portal] = link.rows[-1].id
                link.acknowledge(link.rows[-1].id)
        return frames


class IgnoresWhatIsApplied(Links):
    """Sends rows again that the portal, as its hello says, has applied."""

    def _welcome(self, routing_id: bytes, hello: Hello, *rest: Any) -> Iterator[LinkEvent]:
        yield from super()._welcome(routing_id, structs.replace(hello, last=NO_ROW), *rest)


class SendsNothingAgain(Links):
    """Takes what was sent in a former epoch for sent."""

    def data_to_send(self, now: float) -> list[tuple[bytes, bytes]]:
        sent = getattr(self, "sent", NO_ROW)
        for link in self:
            while link._next_row < len(link.rows) and link.rows[link._next_row].id <= sent:
                link._next_row += 1
            if link.is_open and link.rows:
                self.sent = max(sent, link.rows[-1].id)
        return super().data_to_send(now)


class IgnoresCursors(PortalSessionHandler):
    """Goes on holding lines that are complete."""

    def apply(self, row: Row) -> None:
        super().apply(Row(row.id, [], row.changes, row.outputs, row.closes))


class AppliesTwice(Uplink):
    """Does not look whether it has applied a row already."""

    def _take_row(self, row: Row) -> None:
        last, self.last = self.last, NO_ROW
        super()._take_row(row)
        self.last = max(last, self.last)


class IgnoresGaps(Uplink):
    """Takes whatever frame comes for the next one."""

    def _take_frame(self, frame: Any, now: float) -> None:
        self._receiver._expected = frame.k or self._receiver._expected
        super()._take_frame(frame, now)


class LanesThatTakeRepeats(Lanes):
    """Do not look whether an input was accepted already."""

    def accept(self, link: Downlink, message: Numbered) -> None:
        for lane in self:
            if lane.key[:2] == (link.portal, link.incarnation.number) and (
                lane.key.conn == message.conn
            ):
                lane.accepted = message.seq - 1
        super().accept(link, message)


class LanesThatReviveTheClosed(Lanes):
    """Accept a `connected` again while the row that closes it is on its way."""

    def accept(self, link: Downlink, message: Numbered) -> None:
        link._closing.clear()
        super().accept(link, message)


class AdoptionWithoutRows(Adoption):
    """Takes a portal's copies for the state of its sessions."""

    def greeted(self, link: Downlink, hello: Hello, rows: list[Row]) -> list[Lane]:
        return super().greeted(link, hello, [])


class AdoptionThatKeepsTheMissing(Adoption):
    """Waits for ever for sessions that their portal no longer has."""

    def _end_missing(self, link: Downlink, copies: Any) -> None:
        pass


class DriverThatNeverInterrupts(Driver):
    """Leaves the cursor where it is while a command waits."""

    def _wait(self, lane: Any, request: Any) -> None:
        lane.marks = self._marks()
        super()._wait(lane, request)


class DriverThatDoubts(Driver):
    """Runs what servers have died of as it runs anything else."""

    def skip(self, lane: Any) -> None:
        self.step(lane)


class LinkDeadWithoutLogs(LinkDead):
    """Shows who comes back nothing of what it lacks."""

    def resume(self, client: Any, token_hash: bytes, seen: int) -> Any:
        return super().resume(client, token_hash, 10**6)


class ForgetsTheLinkDead(Database):
    """Keeps those only who have a connection."""

    def load(self, generation: int) -> Stored:
        stored = super().load(generation)
        stored.roster = [entry for entry in stored.roster if not entry.key.is_link_dead]
        return stored


class CountsOnlyWhatIsSeen(PortalSessionHandler):
    """Numbers no output that finds no client."""

    def _show(self, output: Any, shown: Any) -> None:
        to = [c for c in output.to if (s := self.get(c)) is not None and s.has_client]
        super()._show(structs.replace(output, to=to), shown)


class MovesTimersLater(Game):
    """Writes when a timer is due next only with the turn after the one that has run it."""

    late: ClassVar[dict[int, list[Change]]] = {}

    def take_changes(self) -> list[Change]:
        changes = super().take_changes()
        moved = [change for change in changes if change.table == "script"]
        before = self.late.pop(id(self), [])
        if any(change.table == "act" for change in changes):
            self.late[id(self)] = moved
            changes = [change for change in changes if change.table != "script"]
        return before + changes


class MovesTimersFirst(Game):
    """Writes when a timer is due next in a turn before the one that runs it."""

    @property
    def timers(self) -> Any:
        return TimersThatMoveFirst(self.scripts)


class TimersThatMoveFirst:
    """Take a delay out of the database, and call it in the next turn."""

    taken: ClassVar[dict[int, list[Callable[[], None]]]] = {}

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts
        self._timers = scripts.timers
        self._taken = self.taken.setdefault(id(scripts), [])

    def __len__(self) -> int:
        return len(self._timers)

    def wait_s(self) -> float | None:
        return 0.0 if self._taken else self._timers.wait_s()

    def begin_turn(self) -> bool:
        return self._timers.begin_turn()

    def run_next(self) -> bool:
        if self._taken:
            self._taken.pop()()
            return False
        script_id = self._timers._next()
        script = self._scripts.get(script_id) if isinstance(script_id, int) else None
        if not isinstance(script, DelayedCall):
            return False
        call = [*script.db.call[3]]
        self._scripts.forget(script)
        self._taken.append(lambda: self._scripts.call("moved first", lambda: ring_once(*call)))
        return False


class NeverCounts(WatchedScripts):
    """Counts no attempts, so that nothing is ever set aside."""

    def count_attempt(self, script_id: int, attempts: int) -> None:
        super().count_attempt(script_id, 0)


def turn_with(part: type[Any]) -> type[Turn]:
    """A turn of which one room is weak."""

    class WeakTurn(Turn):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            for room in (self._lanes, self._adoption, self._driver, self._link_dead):
                if issubclass(part, type(room)):
                    room.__class__ = part

    return WeakTurn


def process_with(game: type[Game]) -> type[ServerProcess]:
    """A server whose game is weak."""

    class WeakProcess(ServerProcess):
        def load(self, now: float) -> None:
            super().load(now)
            self.game.__class__ = game

    return WeakProcess


class ForgetsAttempts(ServerProcess):
    """Counts no attempts of timers, so that nothing is ever set aside."""

    def load(self, now: float) -> None:
        super().load(now)
        self.game.scripts.__class__ = NeverCounts


class MixesLives(RecordingCollector):
    """Tells sessions apart by their connection alone, not by the life of their portal."""

    def discard(self, life: Any) -> None:
        pass


class SendsFirst(ServerProcess):
    """Sends its rows before they are written."""

    def run(self, steps: int) -> None:
        super().run(steps)
        if self.phase is Phase.COMMITTING and self._commit is not None:
            self.turn.committed(self._commit)

    def written(self) -> None:
        self.phase = Phase.IDLE
        self._after_turn()


class WritesUnfenced(Database):
    """Lets a server write that was replaced."""

    def check_fence(self, generation: int) -> None:
        pass


class ForgetsAnswers(Auth):
    """Does anew what it is asked again."""

    def perform(self, generation: int, key: Any, call: Any) -> Any:
        self._kept.clear()
        return super().perform(generation, key, call)


WEAK = {
    "ack": Parts(ServerParts(links=ForgetsOnSending)),
    "resend": Parts(ServerParts(links=SendsNothingAgain)),
    "cursor": Parts(portal=PortalParts(sessions=IgnoresCursors)),
    "cursor of a command that waits": Parts(ServerParts(turn=turn_with(DriverThatNeverInterrupts))),
    "outbox": Parts(process=SendsFirst),
    "dedupe of inputs": Parts(ServerParts(turn=turn_with(LanesThatTakeRepeats))),
    "closed keys": Parts(ServerParts(turn=turn_with(LanesThatReviveTheClosed))),
    "rows at adoption": Parts(ServerParts(turn=turn_with(AdoptionWithoutRows))),
    "missing sessions": Parts(ServerParts(turn=turn_with(AdoptionThatKeepsTheMissing))),
    "lives of a portal": Parts(ServerParts(collector=MixesLives)),
    "fence": Parts(database=WritesUnfenced),
    "row id": Parts(ServerParts(links=IgnoresWhatIsApplied), PortalParts(uplink=AppliesTwice)),
    "frame numbers": Parts(portal=PortalParts(uplink=IgnoresGaps)),
    "call keys": Parts(auth=ForgetsAnswers),
    "deadly lines": Parts(ServerParts(turn=turn_with(DriverThatDoubts))),
    "missed output": Parts(ServerParts(turn=turn_with(LinkDeadWithoutLogs))),
    "the link-dead": Parts(database=ForgetsTheLinkDead),
    "due times in the turn": Parts(process=process_with(MovesTimersLater)),
    "turn of the due times": Parts(process=process_with(MovesTimersFirst)),
    "deadly timers": Parts(process=ForgetsAttempts),
    "numbers of outputs": Parts(portal=PortalParts(sessions=CountsOnlyWhatIsSeen)),
}


BACKED = {
    "row id at the portal": Parts(portal=PortalParts(uplink=AppliesTwice)),
    "row id in the hello": Parts(ServerParts(links=IgnoresWhatIsApplied)),
}
"""Safeguards that stand behind one another: either is enough, as long as the other is there."""


def is_noticed(parts: Parts, seed: int) -> bool:
    """Whether an invariant is violated; that a core raises would show only that it is broken."""
    violation = run(draw(seed), parts)
    return bool(violation) and not violation.startswith("raised")


@pytest.mark.parametrize("safeguard", WEAK)
def test_simulator_notices_a_missing_safeguard(safeguard: str) -> None:
    assert any(is_noticed(WEAK[safeguard], seed) for seed in SEEDS)


@pytest.mark.parametrize("safeguard", BACKED)
def test_either_end_of_the_link_alone_keeps_rows_from_being_applied_twice(safeguard: str) -> None:
    assert not any(run(peaceful(draw(seed)), BACKED[safeguard]) for seed in range(300))


ONLY_IN_THE_HELLO = ("poison", "come-back")
"""Actions for which nothing stands behind the row id in a hello: the outputs of rows are counted
for clients that come back; and a server that begins with its oldest row each time may not live to
send the one that moves a cursor to a line that ends it."""


def peaceful(script: Script) -> Script:
    """The same without the actions that need more."""
    actions = [action for action in script.actions if action.name not in ONLY_IN_THE_HELLO]
    return script._replace(actions=actions)
