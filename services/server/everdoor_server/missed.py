"""What clients with a resume token may miss: the logs of their outputs, and what of them is stored.

The collector says what sessions are shown and where they go; a log follows its session, and what
link-dead sessions miss is given out to be written with the turn. How much is kept is
`everdoor.outputlog`'s.

Source: docs/protocol.md, section 4.14.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from everdoor import codec
from everdoor.ids import NOWHERE, Life, SessionKey
from everdoor.messages.stream import KeptOutput, Output, Row
from everdoor.outputlog import OutputLog, Sized, sized
from everdoor_server.commit import Missed
from everdoor_server.session import ServerSession

ALL = 2**63 - 1
"""Not below the number of any output."""

UNKNOWN = 2**62
"""Stands for the number of the last output of a session whose portal alone could say it: above
any that a client can have seen, so that it is told that something is missing."""


class MissedOutput:
    """The logs of all sessions with a token, of one generation."""

    def __init__(self) -> None:
        self._logs: dict[SessionKey, OutputLog] = {}
        self._tokens: dict[SessionKey, bytes] = {}
        self._conns: dict[Life, dict[int, ServerSession]] = {}
        self._counted: dict[SessionKey, int] = {}
        self._stored: dict[int, int] = {}
        self._gone: dict[int, int] = {}
        self._changed: dict[SessionKey, ServerSession] = {}

    # Logs.

    def log_of(self, session: ServerSession, outputs: Sequence[Output]) -> OutputLog | None:
        """The log of a session, with what it has been shown so far; None without a token.

        Args:
            outputs: Of this turn, of the place where the session is.
        """
        key = session.key
        if self._tokens.get(key, b"") != session.resume:
            self._forget(key)
            if session.resume:
                self._keep(session, session.resume, OutputLog())
        log = self._logs.get(key)
        if log is not None:
            for output in outputs[self._counted.get(key, 0) :]:
                if key.conn in output.to:
                    log.add(sized(output))
            self._counted[key] = len(outputs)
        return log

    def restore(self, session: ServerSession, log: OutputLog) -> None:
        """Give a session the log that it had in a former generation."""
        if session.resume:
            self._keep(session, session.resume, log)
            if session.is_link_dead:
                self._stored[session.sessid] = log.number

    def move(self, old: SessionKey, session: ServerSession, outputs: int) -> None:
        """Bring a log to where its session is now; so many outputs are there already."""
        log, token = self._logs.get(old), self._tokens.get(old, b"")
        self._forget(old)
        if log is not None:
            self._keep(session, token, log)
            self._counted[session.key] = outputs
            self._changed[session.key] = session

    def end(self, session: ServerSession) -> None:
        """Forget the log of a session, and what is stored of it."""
        self._forget(session.key)
        if self._stored.pop(session.sessid, None) is not None:
            self._gone[session.sessid] = ALL

    def strike(self, sessid: int) -> None:
        """Forget what is stored of a session that cannot be made any more."""
        self._gone[sessid] = ALL

    def _keep(self, session: ServerSession, token: bytes, log: OutputLog) -> None:
        key = session.key
        self._logs[key], self._tokens[key] = log, token
        self._conns.setdefault(key.life, {})[key.conn] = session

    def _forget(self, key: SessionKey) -> None:
        if self._logs.pop(key, None) is not None:
            del self._tokens[key]
            del self._conns[key.life][key.conn]
        self._counted.pop(key, None)
        self._changed.pop(key, None)

    # The end of a turn.

    def count(self, life: Life, outputs: Sequence[Output]) -> None:
        """Number what a place was shown in this turn, each output once for all of its receivers."""
        conns = self._conns.get(life)
        if not conns:
            return
        for index, output in enumerate(outputs):
            measured: Sized | None = None
            for conn in conns.keys() & output.to:
                session = conns[conn]
                if index >= self._counted.get(session.key, 0):
                    measured = measured or sized(output)
                    self._logs[session.key].add(measured)
                    if life == NOWHERE:
                        self._changed[session.key] = session

    def confirm(self, session: ServerSession, number: int) -> None:
        """A client has what has this number, and all before."""
        if (log := self._logs.get(session.key)) is not None:
            log.confirm(number)

    def take(self) -> tuple[list[Missed], dict[int, int]]:
        """What is to be stored, and up to which number what is stored of each sessid goes."""
        self._counted.clear()
        missed: list[Missed] = []
        gone, self._gone = self._gone, {}
        changed, self._changed = self._changed, {}
        for session in changed.values():
            log = self._logs.get(session.key)
            if log is not None and session.is_link_dead:
                stored = self._stored.get(session.sessid, 0)
                missed += [
                    Missed(session.sessid, number, codec.encode(output))
                    for number, output in log.beyond(stored)
                ]
                if log.dropped and stored:
                    gone.setdefault(session.sessid, log.dropped)
                self._stored[session.sessid] = log.number
        return missed, gone


def brought_up_to_date(
    conn: int, token: bytes, number: int, kept: Iterable[KeptOutput], rows: Iterable[Row]
) -> OutputLog:
    """The log of a session as its portal says it, and as of the rows that the portal lacks.

    Args:
        token: As of the portal's copy; a row that brings another one begins a new log.
    """
    log = OutputLog(number, kept)
    for row in rows:
        for changed, change in row.changes:
            if changed == conn and change.get("resume", token) != token:
                token, log = change["resume"], OutputLog()
        for output in row.outputs if token else ():
            if conn in output.to:
                log.add(sized(output))
    return log
