"""A client of a portal that logs what it is shown and is watched while it is."""

from __future__ import annotations

from typing import Any, ClassVar

from everdoor_portal.session import PortalSession
from everdoor_portal.sessionhandler import PortalSessionHandler
from everdoor_portal.uplink import AWAY_NOTICE, BACK_NOTICE, HELD_TOO_LONG
from simulator.history import Entry, History, Violation
from simulator.lines import OUT_OF_BAND

EVICTED = "This door was closed."
"""What the simulated portal tells its clients when the server will not have it."""

FROM_THE_PORTAL = (AWAY_NOTICE, BACK_NOTICE)
LAST_WORDS = (EVICTED, HELD_TOO_LONG.split("{")[0])


class Client(PortalSession):
    """One client and its connection.

    Attributes:
        log: What it was shown, what the portal said of itself left out.
        unread: Lines it has typed while its portal reads no more.
        ended_by: Why it has no connection any more: "row" (the server closed it), "itself",
            "portal" (lost, or let go by it); empty while it has one.
        has_token: Whether it can come back, and has not yet.
        lost: So many of the last outputs have not reached it.
        former: The sessid that it has come back to, and what had reached it of that; 0: none.
    """

    protocol_key: ClassVar[str] = "simulated"

    def __init__(self, history: History, name: str) -> None:
        super().__init__(name, 0)
        self._history = history
        self.log: list[Entry] = []
        self.unread: list[str] = []
        self.ended_by = ""
        self.has_token = False
        self.its_token = b""
        self.lost = 0
        self.former: tuple[int, list[Entry]] = (0, [])
        self._first_numbered = 0
        self._is_let_go = False

    def line(self, text: str) -> None:
        """Type a line; read at once, or when the portal reads again."""
        if self.is_paused:
            self.unread.append(text)
        else:
            self._history.typed[self.key][self.next_seq] = text
            self.data_in(text)

    def say(self, word: str, number: int) -> None:
        """Say something out of band, unless its portal reads no more."""
        if not self.is_paused:
            self._history.typed[self.key][self.next_seq] = f"{OUT_OF_BAND}{word} {number}"
            assert isinstance(self.sessionhandler, PortalSessionHandler), "it is connected"
            self.sessionhandler.oob_in(self, word, [number], {})

    def read_on(self) -> None:
        """Read what was typed meanwhile, as far as the portal lets it."""
        while self.unread and not self.is_paused and not self.ended_by:
            self.line(self.unread.pop(0))

    # Coming back.

    def send_token(self, token: bytes) -> None:
        self.its_token, self.has_token = token, True
        self._first_numbered = len(self.log)

    @property
    def seen(self) -> int:
        """Number of the last output that has reached it since it got its token."""
        return max(0, len(self.log) - self._first_numbered - self.lost)

    def reached(self) -> list[Entry]:
        """What has reached it."""
        return self.log[: self._first_numbered + self.seen]

    # Being shown something.

    def send_text(self, args: list[Any], options: dict[str, Any]) -> None:
        self.send_default("text", args, options)

    def send_default(self, name: str, args: list[Any], options: dict[str, Any]) -> None:
        text = str(args[0]) if args else ""
        if text.startswith(LAST_WORDS):
            self._is_let_go = True
        if text.startswith(FROM_THE_PORTAL) or self._is_let_go:
            return
        if self.ended_by:
            raise Violation(f"{self.key} was shown {text!r} after its end")
        self.log.append((name, text))
        self._history.saw(self.key, self.log)

    def disconnect(self, reason: str = "") -> None:
        if self.ended_by:
            raise Violation(f"{self.key} was closed twice")
        self.ended_by = "portal" if self._is_let_go else "row"
        if self._is_let_go or self._history.is_lost:
            return
        if self.log != self._history.expected[self.key]:
            missing = self._history.expected[self.key][len(self.log) :]
            raise Violation(f"{self.key} was closed before it saw {missing}")

    def pause_reading(self) -> None:
        """Its lines stay unread."""

    def resume_reading(self) -> None:
        """Its lines are read when its portal comes to it (`read_on`)."""
