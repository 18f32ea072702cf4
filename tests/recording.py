"""A protocol without a client: a PortalSession that records what it is told to do."""

from __future__ import annotations

from typing import Any, ClassVar

from everdoor.ids import Incarnation
from everdoor_portal.session import PortalSession
from everdoor_portal.sessionhandler import PortalSessionHandler


class RecordingSession(PortalSession):
    """Records each call of the portal in `events`; `shown` are the texts alone."""

    protocol_key: ClassVar[str] = "recording"

    def __init__(self) -> None:
        super().__init__("192.0.2.1", 40_000)
        self.events: list[tuple[Any, ...]] = []

    @property
    def shown(self) -> list[str]:
        return [event[1] for event in self.events if event[0] == "text"]

    def send_text(self, args: list[Any], options: dict[str, Any]) -> None:
        self.events.append(("text", args[0]))

    def send_default(self, name: str, args: list[Any], options: dict[str, Any]) -> None:
        self.events.append(("default", name, args, options))

    def flush(self) -> None:
        self.events.append(("flush",))

    def disconnect(self, reason: str = "") -> None:
        self.events.append(("disconnect", reason))

    def pause_reading(self) -> None:
        self.events.append(("pause",))

    def resume_reading(self) -> None:
        self.events.append(("resume",))


class Clock:
    """Monotonic seconds that stand until they are moved."""

    def __init__(self, now: float = 100.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def handler(clock: Clock, held_input_lines: int = 500) -> PortalSessionHandler:
    return PortalSessionHandler("p", Incarnation(1, 7), clock, held_input_lines)


def client(sessions: PortalSessionHandler) -> RecordingSession:
    """A client that has just connected."""
    session = RecordingSession()
    sessions.connect(session)
    return session
