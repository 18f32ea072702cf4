"""What a turn has to say: outputs, changed states, cursors and closes, gathered per portal.

The handler of sessions puts everything here while commands run; the turn takes it as rows when
they are done. The replicated part of a session is compared with what its portal holds, so that
only differences travel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from everdoor import codec
from everdoor.ids import NOWHERE, Life, RowId, SessionKey
from everdoor.messages.stream import MAX_NAME, Output, Row
from everdoor.outputlog import OutputLog
from everdoor.state import AppSession, SnapshotFlag, check_primitives
from everdoor_server.commit import RosterEntry
from everdoor_server.gamecode import tolerated
from everdoor_server.missed import MissedOutput
from everdoor_server.session import ServerSession

TAKEN_OVER = "You are connected from elsewhere now."

MAX_OUTPUT_BYTES = 1024 * 1024
"""Largest single output: what no client shows at once anyhow."""

FULL_BYTES = 1024 * 1024
"""With so much to say to one portal a turn ends: no row needs many frames for what many said."""

MAX_TURN_BYTES = 32 * 1024 * 1024
"""And so much one command may say to one portal, half of what a row can be."""

MAX_ROW_BYTES = 48 * 1024 * 1024
ROOM_FOR_ERRORS = 64 * 1024
"""Room that each command which says too much leaves for its own error, up to MAX_ROW_BYTES."""

OVERHEAD_BYTES, RECEIVER_BYTES = 64, 9
"""At most, beyond arguments and options: of an output, for each that is shown it."""

MAX_STATE_BYTES = 64 * 1024
"""What may change in one session's state at once: a thousand times what is usual, and a hello still
holds a thousand of them."""

MAX_FLAGS = 256
"""How many kinds of clients are told apart before the oldest is forgotten."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Draft:
    """A row in the making."""

    cursors: dict[int, int] = field(default_factory=dict)
    touched: dict[int, ServerSession] = field(default_factory=dict)
    outputs: list[Output] = field(default_factory=list)
    closes: list[tuple[int, str]] = field(default_factory=list)
    size: int = 0
    room: int = MAX_TURN_BYTES

    def add(self, output: Output, size: int) -> None:
        """Take in an output, unless there is no room.

        Raises:
            ValueError: There is none; a little is left for whoever says so.
        """
        size += OVERHEAD_BYTES + RECEIVER_BYTES * len(output.to)
        if self.size + size > self.room:
            self.room = min(self.room + ROOM_FOR_ERRORS, MAX_ROW_BYTES)
            raise ValueError(f"one turn has shown a portal {self.size} bytes, and there is more")
        self.size += size
        self.outputs.append(output)


class Collector:
    """Implements the handler's Sink for one generation of the server.

    Attributes:
        marks: Counts outputs, touches and closes: it has moved when something was shown or
            changed.
        injected: Lines to run as a session, in order, taken by the turn.
    """

    def __init__(self, app: AppSession) -> None:
        self._app = app
        self._drafts: dict[Life, Draft] = {}
        self._replicated: dict[SessionKey, dict[str, object]] = {}
        self._roster: dict[SessionKey, RosterEntry] = {}
        self._flags: dict[bytes, object] = {}
        self._half_known: set[SessionKey] = set()
        self.marks = 0
        self.injected: list[tuple[ServerSession, str]] = []
        self._enrolled: dict[SessionKey, RosterEntry | None] = {}
        self._ended: list[SessionKey] = []
        self.missed = MissedOutput()

    # The sink.

    def send(
        self,
        sessions: Sequence[ServerSession],
        name: str,
        args: list[Any],
        options: dict[str, Any],
    ) -> None:
        """Queue an output.

        Raises:
            TypeError: It holds something that no portal can be sent; the text says what.
            ValueError: It is above MAX_OUTPUT_BYTES, or all of the turn to one portal is above
                MAX_TURN_BYTES.
        """
        if _is_plain_text(args, options):
            size = len(args[0])
        else:
            check_primitives({"args": args, "options": options}, name)
            size = len(codec.encode((args, options)))
        if len(name) > MAX_NAME:
            raise TypeError(f"the name of an output has {len(name)} characters, most {MAX_NAME}")
        if not name.isascii():
            check_primitives({"output": name}, "name")
        if size > MAX_OUTPUT_BYTES:
            raise ValueError(f"an output of {size} bytes; at most {MAX_OUTPUT_BYTES} are shown")
        self.marks += 1
        if len(sessions) == 1:
            portal, incarnation, conn = sessions[0].key
            output = Output([conn], name, args, options)
            self._draft((portal, incarnation)).add(output, size)
            return
        groups: dict[Life, list[int]] = {}
        for session in sessions:
            portal, incarnation, conn = session.key
            groups.setdefault((portal, incarnation), []).append(conn)
        for life, conns in groups.items():
            self._draft(life).add(Output(conns, name, args, options), size)

    def touch(self, session: ServerSession) -> None:
        self.marks += 1
        key = session.key
        self._draft(key.life).touched[key.conn] = session

    def close(self, session: ServerSession, reason: str) -> None:
        self._close(session, reason)
        self.missed.end(session)

    def move(self, session: ServerSession, client: ServerSession) -> None:
        self.marks += 1
        if session.is_link_dead:
            self._draft(NOWHERE).touched.pop(session.key.conn, None)
            self._strike(session.key)
        else:
            self._close(session, TAKEN_OVER)
        self.missed.end(session)

    def _close(self, session: ServerSession, reason: str) -> None:
        self.marks += 1
        key = session.key
        draft = self._draft(key.life)
        draft.touched.pop(key.conn, None)
        draft.cursors.pop(key.conn, None)
        draft.closes.append((key.conn, str(reason or "")[:MAX_NAME]))
        self._ended.append(key)
        self._strike(key)

    def refuse(self, key: SessionKey, text: str) -> None:
        """Tell a client that has no session why, and close its connection."""
        self.marks += 1
        draft = self._draft(key.life)
        draft.outputs.append(Output([key.conn], "text", [text], {}))
        draft.closes.append((key.conn, text[:MAX_NAME]))

    def inject(self, session: ServerSession, text: str) -> None:
        self.injected.append((session, text))

    # For the turn.

    def complete(self, key: SessionKey, seq: int) -> None:
        """Move the cursor of a session."""
        self._draft(key.life).cursors[key.conn] = seq

    def strike(self, entry: RosterEntry) -> None:
        """Take out of the roster a session that cannot be made any more, and what it missed."""
        self._roster[entry.key] = entry
        self._strike(entry.key)
        self.missed.strike(entry.sessid)

    def log_of(self, session: ServerSession) -> OutputLog | None:
        """What a session's client has been shown and has not confirmed; None without a token."""
        return self.missed.log_of(session, self._draft(session.key.life).outputs)

    def part(self, session: ServerSession, reason: str) -> None:
        """Close the connection of a session that goes on without one; its key is changed next,
        then `parted` called."""
        log = self.log_of(session)
        session.missed_from = log.dropped if log is not None else 0
        self._close(session, reason)

    def parted(self, old: SessionKey, session: ServerSession) -> None:
        """The session has its new key: what it is told from now on is missed."""
        self.missed.move(old, session, len(self._draft(NOWHERE).outputs))
        self.touch(session)

    def take_ended(self) -> list[SessionKey]:
        """Sessions that were closed since the last call."""
        ended, self._ended = self._ended, []
        return ended

    def know(
        self,
        session: ServerSession,
        entry: RosterEntry | None,
        held: dict[str, object] | None = None,
    ) -> None:
        """Take over a session of a former generation.

        Args:
            entry: Its place in the roster of the database; None: it has none yet.
            held: What its portal holds, which another edition of the game may have made; None: its
                present state. Nobody changes it any more.
        """
        self._half_known.discard(session.key)
        if held is None:
            held = {}
            # A class may write a snapshot of its own, and find no account yet.
            with tolerated("a session has no snapshot yet", session=str(session.key)):
                held = self._snapshot(session)
        self._replicated[session.key] = held
        if entry is not None:
            self._roster[session.key] = entry

    def know_half(self, session: ServerSession, entry: RosterEntry) -> None:
        """The same of a session of which only its place in the roster is known: collections that
        its portal holds are not to be replaced by what is put into empty ones meanwhile."""
        self.know(session, entry)
        self._half_known.add(session.key)

    def state_of(self, key: SessionKey) -> dict[str, object]:
        """The state of a session as its portal holds it once it has every row, with what only a
        former edition of the game has put there."""
        return self._replicated.get(key, {})

    def states(self) -> dict[SessionKey, dict[str, object]]:
        """The state of every session as its portal will hold it once it has this turn's row.

        Nobody changes these any more, so that of many they cost no more than finding them. A
        session whose first state cannot be sent is left out.
        """
        states = dict(self._replicated)
        for draft in self._drafts.values():
            for session in draft.touched.values():
                if (state := self._sendable(session)) is not None:
                    states[session.key] = state
        return states

    def forget_state_of(self, session: ServerSession) -> None:
        """Take its portal's copy for lost: the next row brings all of it."""
        self._replicated.pop(session.key, None)
        self.touch(session)

    def discard(self, life: Life) -> None:
        """Drop what was gathered for a portal that will never read it."""
        self._drafts.pop(life, None)

    @property
    def is_full(self) -> bool:
        """Whether so much waits to be said to one portal that it is to be sent first."""
        return any(draft.size > FULL_BYTES for draft in self._drafts.values())

    def take_rows(self, row_id: RowId) -> list[tuple[str, Row]]:
        """All rows of this turn, as (portal id, row), and begin anew."""
        drafts, self._drafts = self._drafts, {}
        if (nowhere := drafts.pop(NOWHERE, None)) is not None:
            # Link-dead sessions have no row to be in; their state goes to the roster.
            self._row(row_id, NOWHERE, nowhere)
        rows = [(life[0], self._row(row_id, life, draft)) for life, draft in drafts.items()]
        return [
            (portal, row)
            for portal, row in rows
            if row.cursors or row.changes or row.outputs or row.closes
        ]

    def take_roster(self) -> tuple[list[RosterEntry], list[SessionKey]]:
        """Entries that are new or differ, and keys that are gone, since the last call."""
        enrolled, self._enrolled = self._enrolled, {}
        present = [entry for entry in enrolled.values() if entry is not None]
        return present, [key for key, entry in enrolled.items() if entry is None]

    def _draft(self, life: Life) -> Draft:
        draft = self._drafts.get(life)
        if draft is None:
            draft = self._drafts[life] = Draft()
        return draft

    def _row(self, row_id: RowId, life: Life, draft: Draft) -> Row:
        changes = []
        for conn, session in draft.touched.items():
            try:
                self._enrol(session)
                if change := self._difference(session):
                    changes.append((conn, change))
            except Exception as exc:
                # Game code has put something there: it costs the change, not the server.
                _log.error("a state cannot be sent", session=str(session.key), error=str(exc))
            self.missed.log_of(session, draft.outputs)
        self.missed.count(life, draft.outputs)
        return Row(row_id, list(draft.cursors.items()), changes, draft.outputs, draft.closes)

    def _enrol(self, session: ServerSession) -> None:
        """Bring its place in the roster up to date."""
        state = codec.encode(self._snapshot(session)) if session.is_link_dead else b""
        entry = RosterEntry(
            session.key, session.sessid, session.uid, session.puid, state, session.resume
        )
        if self._roster.get(session.key) != entry:
            self._roster[session.key] = self._enrolled[session.key] = entry

    def _strike(self, key: SessionKey) -> None:
        """Take a key from the roster."""
        self._replicated.pop(key, None)
        self._half_known.discard(key)
        if self._roster.pop(key, None) is not None:
            self._enrolled[key] = None

    def _difference(self, session: ServerSession) -> dict[str, object]:
        """Fields that its portal does not have so, and will have."""
        old, new = self.state_of(session.key), self._present(session)
        change = self._change(session, new)
        # What the class has no more stays in the portal. Keys are those of `new`, which all share.
        self._replicated[session.key] = {n: old[n] for n in old if n not in new} | new
        return change

    def _change(self, session: ServerSession, new: dict[str, object]) -> dict[str, object]:
        """Fields of its state that its portal does not have so.

        Raises:
            TypeError: One holds what no portal can be sent.
            ValueError: They are too large.
        """
        old, missing = self.state_of(session.key), object()
        change = {name: value for name, value in new.items() if old.get(name, missing) != value}
        check_primitives(change, type(session).__qualname__)
        if change and (size := len(codec.encode(change))) > MAX_STATE_BYTES:
            raise ValueError(f"a change of {size} bytes, at most {MAX_STATE_BYTES}")
        return change

    def _sendable(self, session: ServerSession) -> dict[str, object] | None:
        """A session's state as it is now; None: the turn will refuse it, and say so."""
        try:
            state = self._present(session)
            self._change(session, state)
        except Exception:
            return None
        return state

    def _present(self, session: ServerSession) -> dict[str, object]:
        """A session's state as it is now, as far as it is known."""
        new = self._snapshot(session)
        if session.key not in self._half_known:
            return new
        known = {name: value for name, value in new.items() if not is_collection(value)}
        return self.state_of(session.key) | known

    def _snapshot(self, session: ServerSession) -> dict[str, object]:
        snapshot = session.take_snapshot(self._app, SnapshotFlag.REBOOT)
        # Nobody changes what is known of portals' copies, and most clients can do the same.
        flags = snapshot.get("protocol_flags")
        if flags:
            snapshot["protocol_flags"] = self._flags.setdefault(codec.encode(flags), flags)
            if len(self._flags) > MAX_FLAGS:
                del self._flags[next(iter(self._flags))]
        return snapshot


def is_collection(value: object) -> bool:
    """Whether a part of a session's state can be added to without being known."""
    return isinstance(value, dict | list)


def _is_plain_text(args: list[Any], options: dict[str, Any]) -> bool:
    """Whether an output is what nearly all are, and needs no closer look."""
    return len(args) == 1 and type(args[0]) is str and args[0].isascii() and not options
