"""The simulated game: what the turn asks for, and a collector that is watched.

What its lines do is in `simulator.lines`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from everdoor.ids import SessionKey
from everdoor_server.acts import Act
from everdoor_server.changes import Changes
from everdoor_server.collector import Collector
from everdoor_server.commit import Change
from everdoor_server.objects import Objects
from everdoor_server.rows import MemoryRows
from everdoor_server.scripts import Timers
from everdoor_server.session import ServerSession, SessionAccount, SessionDoors
from everdoor_server.sessionhandler import ServerSessionHandler
from everdoor_server.waits import Running
from simulator.auth import ACCOUNTS
from simulator.history import Complete, Event, History, Left, Moved, Passed, Shown, Violation
from simulator.lines import (
    OUT_OF_BAND,
    PLAIN,
    SET_OFF,
    WAITING,
    Broken,
    Mid,
    Run,
    Thing,
    finishing,
    poison,
    word_of,
)
from simulator.timers import WatchedScripts


class RecordingCollector(Collector):
    """The collector of the product, watched: what the game shows goes to the journal first."""

    journal: list[Event]
    by_key: Callable[[SessionKey], ServerSession | None]

    def send(
        self,
        sessions: Sequence[ServerSession],
        name: str,
        args: list[Any],
        options: dict[str, Any],
    ) -> None:
        present = tuple(s.key for s in sessions if self.by_key(s.key) is s)
        entry = (name, str(args[0]) if args else "")
        self.journal.append(Shown(present, entry))
        super().send(sessions, name, args, options)

    def complete(self, key: SessionKey, seq: int) -> None:
        self.journal.append(Complete(key, seq))
        super().complete(key, seq)

    def refuse(self, key: SessionKey, text: str) -> None:
        self.journal += [Shown((key,), ("text", text)), Passed(key, 1, is_deadly=True)]
        super().refuse(key, text)

    def parted(self, old: SessionKey, session: ServerSession) -> None:
        self.journal.append(Moved(old, session.key))
        super().parted(old, session)

    def move(self, session: ServerSession, client: ServerSession) -> None:
        self.journal.append(Moved(session.key, client.key))
        super().move(session, client)


class Game:
    """Implements GameRules for one server process.

    Args:
        acts: The world as the database holds it; copied.
        rows: What the database holds of scripts.
        clock: By which they are due.
        died: The server before has died.
        die_in: Counts down the lines until the process dies in the midst of one; 0: it does not.
    """

    def __init__(
        self,
        history: History,
        acts: dict[str, dict[str, Any]],
        rows: MemoryRows,
        clock: Callable[[], float],
        died: bool,
    ) -> None:
        self.history = history
        self.journal: list[Event] = []
        self.die_in = 0
        self._acts = {token: dict(values) for token, values in acts.items()}
        self._changed: set[str] = set()
        self._changes = 0
        self.parents: dict[str, Run] = {}
        self._acts_to_run: list[Act] = []
        self._rows_changed = Changes()
        objects = Objects(rows, self._rows_changed)
        self.scripts = WatchedScripts(
            self, rows, self._rows_changed, objects, clock, self._acts_to_run.append, died
        )

    sessions: ServerSessionHandler

    # What the turn asks for.

    def make_session(self, key: SessionKey, sessionhandler: SessionDoors) -> ServerSession:
        return ServerSession(key, sessionhandler)

    def at_connected(self, session: ServerSession) -> Running | None:
        word = str(session.protocol_flags["GREETING"])
        return self._begin(session, f"{session.key}#1", 1, word, 0)

    def run(self, session: ServerSession, text: str, trace: str) -> Running | None:
        if text.startswith(SET_OFF):
            token, word, number = text[1:].split()
            return self._begin(session, token, 0, word, int(number))
        seq = int(trace.partition("-")[2])
        typed = self.history.typed.get(session.key, {}).get(seq)
        if typed != text:
            raise Violation(f"{session.key} runs {text!r} as {seq}, its client typed {typed!r}")
        word, _, number = text.partition(" ")
        return self._begin(session, f"{session.key}#{seq}", seq, word, int(number or 0))

    def take_out_of_band(
        self,
        session: ServerSession,
        name: str,
        args: list[Any],
        options: dict[str, Any],
        trace: str,
    ) -> Running | None:
        """What is said out of band does what a line does, and must be done as often."""
        seq = int(trace.partition("-")[2])
        typed = self.history.typed.get(session.key, {}).get(seq)
        if typed != f"{OUT_OF_BAND}{name} {args[0]}":
            raise Violation(f"{session.key} takes {name} as {seq}, its client said {typed!r}")
        return self._begin(session, f"{session.key}#{seq}", seq, name, args[0])

    def at_turn_end(self) -> None:
        """Nobody wants to be told anything."""

    def due(self, now: float) -> list[Callable[[], None]]:
        return []

    def at_adopt(self, session: ServerSession) -> None:
        if session.uid is not None:
            session.account = Thing(session.uid, ACCOUNTS[session.uid - 1])
        if session.puid is not None:
            session.puppet = Thing(session.puid, f"puppet {session.puid}")

    def at_return(self, session: ServerSession) -> None:
        """Nothing is put back before the held lines run."""

    def at_interrupted(self, session: ServerSession) -> Running | None:
        """Nobody is asked for lines here."""

    def report_error(self, session: ServerSession, trace: str, error: Exception) -> None:
        if not isinstance(error, Broken):
            raise Violation(f"line {trace} raised {error!r}") from error
        error.run.show("error")
        error.run.end()

    def take_changes(self) -> list[Change]:
        changed, self._changed = self._changed, set()
        acts = [Change("act", {"token": t}, dict(self._acts[t])) for t in sorted(changed)]
        return acts + self._rows_changed.take()

    def take_acts(self) -> list[Act]:
        acts = list(self._acts_to_run)
        self._acts_to_run.clear()
        return acts

    def act_of(self, session: ServerSession, text: str) -> Act | None:
        """Lines for who is away are done nowhere here."""

    @property
    def timers(self) -> Timers:
        return self.scripts.timers

    def change_count(self) -> int:
        return self._changes + self._rows_changed.count

    def at_login(self, session: ServerSession, account: SessionAccount) -> None:
        session.set_puppet(Thing(account.id + 100, account.key))
        self.sessions.announce_all(f"{account.key} is here as {session.key}")

    def at_back(self, session: ServerSession, is_seamless: bool) -> None:
        """Nothing is shown but what everybody is shown."""
        if is_seamless:
            self.journal.append(Passed(session.key, 1, is_deadly=False))

    def unlink(self, session: ServerSession) -> None:
        """It ends without its hooks."""
        self.journal.append(Left(session.key))

    def at_disconnect(self, session: ServerSession, reason: str) -> None:
        self.journal.append(Left(session.key))
        self.act(f"left {session.key}", 0)
        others = [other for other in self.sessions if other is not session]
        self.sessions.send(others, "text", [f"{session.key} leaves"], {})

    def act(self, token: str, execution: int) -> None:
        """Count an effect in the world, which has not been there yet."""
        if token in self._acts:
            raise Violation(f"{token} has its effect twice")
        self.change(token, execution)

    def change(self, token: str, execution: int) -> None:
        """Count an effect in the world; how often it may be there is seen once it is written."""
        done = self._acts.get(token, {}).get("count", 0) + 1
        self._acts[token] = {"count": done, "execution": execution}
        self._changed.add(token)
        self._changes += 1

    # Lines.

    def _begin(
        self, session: ServerSession, token: str, seq: int, word: str, number: int
    ) -> Running | None:
        run = Run(self, session, self.history.execution(session.key, token, seq))
        run.parent = self.parents.pop(token, None)
        run.check_present()
        if self.die_in:
            self.die_in -= 1
            if self.die_in == 0:
                run.show("half")
                raise Mid
        if word == "poison":
            poison(run, number)
        if word in PLAIN:
            PLAIN[word](run, number)
            run.end()
            return None
        return finishing(run, WAITING[word](run, number))

    def operate(self, number: int) -> None:
        """Do what an operator asks for: announce, end a session, or type for one."""
        self.history.executions += 1
        targets = list(self.sessions)
        self._check_nobody_expires()
        if number % 3 == 0 or not targets:
            self.sessions.announce_all(f"announcement {self.history.executions}")
        elif number % 3 == 1:
            targets[number % len(targets)].disconnect("by an operator")
        else:
            token = f"{self.history.executions}:operator"
            text = f"{word_of(number // 3)} {number // 9}"
            targets[number % len(targets)].execute_cmd(f"{SET_OFF}{token} {text}")

    def _check_nobody_expires(self) -> None:
        """A day has not passed for anybody, whatever the wall clock says."""
        before = list(self.sessions)
        self.sessions.validate_sessions(86400.0)
        if list(self.sessions) != before:
            raise Violation("somebody was idle for a day that has not passed")

    def other(self, number: int) -> ServerSession:
        """Somebody who is here."""
        sessions = list(self.sessions)
        return sessions[number % len(sessions)]
