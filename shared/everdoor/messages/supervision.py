"""What a supervisor and its workers say to each other, over the socketpair they share.

One JSON object a line, `{"type": ..., fields}`: lines of this link are few, and readable in a
trace. Both ends are the same release on one machine, so there is no version. A new message is a
new struct in one of the two unions. Source: docs/protocol.md, section 9.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

MAX_LINE_BYTES = 1024 * 1024
"""Longest line; a worker's status of some thousand sessions is below it."""


class LinkMessage(Struct, frozen=True, tag=str.lower, forbid_unknown_fields=True):
    """A message is an object with its type and its fields."""


# From supervisor to worker.


class Begin(LinkMessage, frozen=True):
    """The first line of every worker: who it is and what it inherits.

    `process` and `index` name the worker, `supervisor_pid` must still be its parent, `fds` are
    the inherited listening sockets by name, `handed` is what this life alone is given (a portal
    its id and incarnation).
    """

    process: str
    index: int
    supervisor_pid: int
    fds: dict[str, int]
    handed: dict[str, Any]


class Go(LinkMessage, frozen=True):
    """Serve. Until then a worker holds nothing that the one before it may still hold.

    `hold`: take over what the one before has, say Taken, and wait for Serve before taking its
    sockets. `left`: the one before has said Leaving, so that its end was no accident.
    """

    hold: bool = False
    left: bool = False


class Serve(LinkMessage, frozen=True):
    """The one before has let its sockets go: serve. After Go with `hold` only."""


class Park(LinkMessage, frozen=True):
    """Finish what is under way, begin nothing, and say Parked; `ending` says what it is for."""

    ending: str


class Resume(LinkMessage, frozen=True):
    """It is called off: go on."""


class Release(LinkMessage, frozen=True):
    """Let the sockets go, say Released, and end."""


class TellSession(LinkMessage, frozen=True):
    """Show a text to the session of this sessid."""

    sessid: int
    text: str


class AskStatus(LinkMessage, frozen=True):
    """Answer with StatusInfo."""


class AskMeasured(LinkMessage, frozen=True):
    """Answer with MeasuredNow."""


class Drain(LinkMessage, frozen=True):
    """Take no more clients and end when the last has left, at latest after `within_s`; None: what
    was said before, or as long as that takes. `own`: names of the sockets that nobody else has."""

    within_s: float | None
    own: list[str]


class StopWork(LinkMessage, frozen=True):
    """End in order; `reason` is told to clients."""

    reason: str


ToWorker = (
    Begin
    | Go
    | Serve
    | Park
    | Resume
    | Release
    | TellSession
    | AskStatus
    | AskMeasured
    | Drain
    | StopWork
)


# From worker to supervisor.


class Imported(LinkMessage, frozen=True):
    """Everything is loaded: on Go it serves within milliseconds."""


class Ready(LinkMessage, frozen=True):
    """It serves."""


class StatusInfo(LinkMessage, frozen=True):
    """What it says of itself, for `everdoor status`."""

    info: dict[str, Any]


class MeasuredNow(LinkMessage, frozen=True):
    """What it has measured, as `everdoor.measures` has it."""

    measured: dict[str, list[list[Any]]]


class Taken(LinkMessage, frozen=True):
    """It has taken over and waits for Serve."""


class Settled(LinkMessage, frozen=True):
    """Whoever it serves has come back to it."""


class Parked(LinkMessage, frozen=True):
    """It has finished and waits; `parts` says in seconds, by name, what that took."""

    parts: dict[str, float]


class Released(LinkMessage, frozen=True):
    """Its sockets are free."""


class NotStarting(LinkMessage, frozen=True):
    """It cannot load or start, for this reason, and ends.

    `has_accepted`: there is code of the game that was accepted last, which may start.
    """

    reason: str
    has_accepted: bool = False


class Wish(LinkMessage, frozen=True):
    """Somebody it serves asks for a planned end; the session is told how it went."""

    ending: str
    sessid: int


class Leaving(LinkMessage, frozen=True):
    """It is about to end on purpose, with this exit code; the supervisor starts the next."""

    reason: str
    code: int


FromWorker = (
    Imported
    | Taken
    | Ready
    | Settled
    | Parked
    | Released
    | NotStarting
    | Wish
    | StatusInfo
    | MeasuredNow
    | Leaving
)
