"""What operators see of a session that they watch: its lines and outputs, passwords left out.

A tap is open while somebody asks again and again, and keeps no more than a screenful meanwhile.
What may be a password is masked: what is typed before the login, while a prompt waits, and in and
after a command that is about passwords. Who asks is `everdoor_portal.inspection`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from everdoor.messages.calls import TrafficEntry
from everdoor.messages.stream import Input
from everdoor.playertext import clean, is_about_passwords
from everdoor_portal.session import PortalSession

OPEN_S = 5.0
"""How long a tap stays open after it was asked last."""

KEPT = 500
MAX_TEXT = 2000
"""Entries kept for who asks next, and characters of each."""

MASKED = "********"


class Tap:
    """What one session says and is told, while it is watched."""

    def __init__(self) -> None:
        self.entries: deque[TrafficEntry] = deque(maxlen=KEPT)
        self.last = 0
        self.open_until = 0.0

    def add(self, at: float, kind: str, text: str) -> None:
        self.last += 1
        self.entries.append(TrafficEntry(self.last, at, kind, clean(text)[:MAX_TEXT]))


class Taps:
    """The open taps of a portal, by connection number.

    Args:
        clock: Monotonic seconds.
        wall: Epoch seconds.
    """

    def __init__(self, clock: Callable[[], float], wall: Callable[[], float]) -> None:
        self._clock = clock
        self._wall = wall
        self._open: dict[int, Tap] = {}

    def __bool__(self) -> bool:
        return bool(self._open)

    def open(self, conn: int) -> tuple[Tap, bool]:
        """The tap of a session, kept open for a while; and whether it is new."""
        self._prune()
        is_new = conn not in self._open
        tap = self._open.setdefault(conn, Tap())
        tap.open_until = self._clock() + OPEN_S
        return tap, is_new

    def typed(self, session: PortalSession, text: str) -> None:
        """A line has come from a client, and is not held yet."""
        if (tap := self._open.get(session.key.conn)) is not None:
            tap.add(self._wall(), "typed", MASKED if may_be_secret(session, text) else text)

    def shown(self, session: PortalSession, name: str, args: list[Any]) -> None:
        """An output goes to a client."""
        if (tap := self._open.get(session.key.conn)) is not None:
            text = args[0] if args and isinstance(args[0], str) else str(args)
            for line in text.split("\n"):
                tap.add(self._wall(), name, line)

    def _prune(self) -> None:
        now = self._clock()
        self._open = {conn: tap for conn, tap in self._open.items() if tap.open_until > now}


def may_be_secret(session: PortalSession, text: str) -> bool:
    """Whether a password may be in a line, as far as a portal can know."""
    if not session.logged_in or session.copy.get("is_asked", False):
        return True
    held = (message.text for message in session.held if isinstance(message, Input))
    return is_about_passwords(text) or any(map(is_about_passwords, held))
