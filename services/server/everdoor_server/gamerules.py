"""What a turn needs of the game: the rules above it, as they look from below.

`everdoor_server.engine` implements them. Nothing here runs; when each is called is said by
`driving` (lines, acts), `adoption` (sessions that are restored) and `turn`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from everdoor.ids import SessionKey
from everdoor_server.acts import Act
from everdoor_server.commit import Change
from everdoor_server.session import ServerSession, SessionDoors
from everdoor_server.sessionhandler import LoginHooks, ServerSessionHandler
from everdoor_server.waits import Running


class TimerRules(Protocol):
    """The timers of one world, as a turn runs them."""

    def wait_s(self) -> float | None:
        """Seconds until a turn is needed for a timer, 0.0: now; None: none is waited for."""

    def begin_turn(self) -> bool:
        """Settle what may run in a turn; True: nothing that players have typed may run beside."""

    def run_next(self) -> bool:
        """Run the next timer; False when none may run in this turn any more."""


class GameRules(LoginHooks, Protocol):
    """One world's game."""

    @property
    def sessions(self) -> ServerSessionHandler: ...

    def make_session(self, key: SessionKey, sessionhandler: SessionDoors) -> ServerSession:
        """Build an empty session of the world's class."""

    def at_connected(self, session: ServerSession) -> Running | None:
        """A client has connected: show it where it is."""

    def at_ticket(self, session: ServerSession, ticket: bytes) -> Running | None:
        """A client has connected for whose account auth has issued a ticket: log it in."""

    def run(self, session: ServerSession, text: str, trace: str) -> Running | None:
        """Run one line; a coroutine when it waits, None when it is done."""

    def take_out_of_band(
        self,
        session: ServerSession,
        name: str,
        args: list[Any],
        options: dict[str, Any],
        trace: str,
    ) -> Running | None:
        """Call the input function of this name for what a client has said that is no line; a
        coroutine when it waits, None when it is done."""

    def at_adopt(self, session: ServerSession) -> None:
        """A session has been restored (perhaps again): link account, puppet, command sets."""

    def at_return(self, session: ServerSession) -> None:
        """Its portal has said hello: a restored session is whole, and its held lines come next."""

    def at_interrupted(self, session: ServerSession) -> Running | None:
        """A server ended while a command of this session waited for an answer, or went on with
        one: it is over, and its player has been told. What is begun instead may wait again."""

    def report_error(self, session: ServerSession, trace: str, error: Exception) -> None:
        """A command has raised: log it, tell its player the trace."""

    def take_changes(self) -> list[Change]:
        """Rows of the world that differ since the last call."""

    def at_turn_end(self) -> None:
        """All that a turn runs has been run: say what clients monitor that it has changed."""

    def due(self, now: float) -> list[Callable[[], None]]:
        """What clients have asked for again and again and is due; monotonic seconds."""

    def take_acts(self) -> list[Act]:
        """What is to be run though nobody has typed it, set off since the last call."""

    def act_of(self, session: ServerSession, text: str) -> Act | None:
        """A line that was set off for a session which runs none now, because it is in limbo or
        link-dead: who it controls does it. None: it controls nobody, or is here no more."""

    @property
    def timers(self) -> TimerRules:
        """What happens at a time."""

    def change_count(self) -> int:
        """Counts changes of the world: it has moved when a command changed something."""
