"""Calls: what one process asks of another and what it answers (rpc and control).

A request names the role that asks; every call type names its answer in its docstring. Calls to
auth and its answers are in `accounts`. Source: docs/protocol.md, section 6.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from everdoor.ids import Incarnation, RowId
from everdoor.messages.accounts import AuthCall, AuthResult
from everdoor.messages.callmessage import CallKey, CallMessage, Done, Name

MAX_ANNOUNCEMENT = 6000
"""Longest text for everybody, in characters; a player's line may be as long."""

RequestId = Annotated[bytes, Meta(min_length=16, max_length=16)]
Role = Literal["server", "portal", "cli"]


# From a portal to the server.


class ConfirmCopies(CallMessage, frozen=True, tag="confirm_copies"):
    """What a portal holds while the server prepares to restart. Answer: CopiesKept or CopiesLack.

    `last` is the row it applied last, `count` how many copies it has, `digest` as
    `everdoor.digest` makes it from them.
    """

    portal: Name
    incarnation: Incarnation
    last: RowId
    count: int
    digest: bytes


ServerCall = ConfirmCopies


# To the server, and to a portal about its copies; from the command line only.


class SessionList(CallMessage, frozen=True, tag="session_list"):
    """Who is here. Answer: Sessions, a page of them in the order of their sessid.

    A further page is asked for with the number of sessions read so far and with the mark of the
    first page.
    """

    skip: Annotated[int, Meta(ge=0)] = 0
    publisher: Name = ""
    seq: int = 0


class SessionShow(CallMessage, frozen=True, tag="session_show"):
    """What one session holds. Answer: SessionState."""

    sessid: int


class SessionTraffic(CallMessage, frozen=True, tag="session_traffic"):
    """What has a session typed and been shown since entry `after`? Asked of portals, again and
    again while somebody watches. Answer: Traffic. `watcher` is who, for the log."""

    sessid: int
    after: int
    watcher: Name


class KickSession(CallMessage, frozen=True, tag="kick_session"):
    """End a session. Answer: Done, once it is committed. `reason` is shown to the client."""

    sessid: int
    reason: Name


class PortalList(CallMessage, frozen=True, tag="portal_list"):
    """Which portals are there. Answer: Portals; a portal knows only itself."""


class Announce(CallMessage, frozen=True, tag="announce"):
    """Show a text to every client. Answer: Done, once it is committed."""

    text: Annotated[str, Meta(min_length=1, max_length=MAX_ANNOUNCEMENT)]


class SaveSessions(CallMessage, frozen=True, tag="save_sessions"):
    """All sessions as an archive of one moment. Answer: Archive, a page of its bytes.

    `metadata` says what is to be said of it (description, author). A further page is asked for with
    the number of the archive, and with the number of bytes read so far.
    """

    metadata: Annotated[dict[Name, Name], Meta(max_length=16)]
    number: int = 0
    skip: Annotated[int, Meta(ge=0)] = 0


SESSION_CLASS = "ServerSession"
"""What archives of a server call a session, whichever class a game has for it."""


class SavedSession(CallMessage, frozen=True):
    """What is to come back of an archived session: account, puppet (ids, None: none) and flags.

    `as_of` is the change of accounts that auth knew when it vouched for the account.
    """

    key: Name
    uid: int | None
    puid: int | None
    as_of: int | None
    flags: dict[str, Any]


class RestoreSessions(CallMessage, frozen=True, tag="restore_sessions"):
    """Bring sessions of an archive back onto those still connected. Answer: SessionsRestored,
    once it is committed. `saved_at` is in epoch seconds; with `dry_run` nothing is changed."""

    sessions: list[SavedSession]
    saved_at: float
    dry_run: bool


InspectionCall = (
    SessionList
    | SessionShow
    | SessionTraffic
    | KickSession
    | PortalList
    | Announce
    | SaveSessions
    | RestoreSessions
)


# To a supervisor.


class Status(CallMessage, frozen=True, tag="status"):
    """How is this process. Answer: StatusReport."""


class Stop(CallMessage, frozen=True, tag="stop"):
    """End this process in order. Answer: Done, before it ends. `reason` is told to clients."""

    reason: Name


class Restart(CallMessage, frozen=True, tag="restart"):
    """Bring new code to the server: `mode` is reload or reset. Answer: Restarted, when the new
    code serves; Failed `refused` when it does not load or start, and the old code runs on."""

    mode: Literal["reload", "reset"]


class Measure(CallMessage, frozen=True, tag="measure"):
    """What have this process and its workers measured. Answer: ProcessMeasured."""


class StopServer(CallMessage, frozen=True, tag="stop_server"):
    """End the server's worker in order and start none before StartServer. Answer: Done."""


class StartServer(CallMessage, frozen=True, tag="start_server"):
    """Start the server's worker again. Answer: Started, when it serves."""


class DrainPortal(CallMessage, frozen=True, tag="drain"):
    """Have the worker of this index take no more clients and leave when it has none, at latest
    after `within_s` (None: whenever that is); no other takes its place. Answer: Done, at once."""

    index: int
    within_s: float | None


ControlCall = Status | Measure | Stop | Restart | StopServer | StartServer | DrainPortal

Call = AuthCall | ServerCall | InspectionCall | ControlCall


# Answers.


class StatusReport(CallMessage, frozen=True, tag="status_report"):
    """State of one process: `state` is up, draining, hanging, starting, restarting or down; `pid`
    is the supervisor's.

    One entry a worker: its index, state, pid (0: none), and what it says of itself (a portal its
    id, incarnation and sessions, a server its generation and sessions).
    """

    process: Name
    state: Name
    pid: int
    workers: list[WorkerReport]


class WorkerReport(CallMessage, frozen=True):
    """One worker of a supervisor; `failures` counts its deaths in a row, `retry_in_s` the pause
    until the next start (0: none is due), `info` its own words."""

    index: int
    state: Name
    pid: int
    failures: int
    retry_in_s: float
    info: dict[str, Any]


class CopiesKept(CallMessage, frozen=True, tag="copies_kept"):
    """The portal's copies are the server's: it may go."""


class CopiesLack(CallMessage, frozen=True, tag="copies_lack"):
    """The portal's copies differ. What is missing comes as a row: confirm again when `last` is
    applied."""

    last: RowId


class Restarted(CallMessage, frozen=True, tag="restarted"):
    """The new code serves. `silence_s` from the last turn of the old to the first of the new, and
    `parts` of it in seconds by name: quiesce, barrier, switch, replay."""

    silence_s: float
    parts: dict[str, float]


class SessionInfo(CallMessage, frozen=True):
    """One session in a list.

    `sessid` is 0 while a portal waits for the server to give it. `account` and `puppet` are names,
    None before login and out of character, and so are their ids. `conn_time` is in epoch seconds,
    since the login where there was one; `idle_s` since the last activity that the player meant.
    """

    sessid: int
    portal: Name
    protocol: Name
    address: Name
    logged_in: bool
    account: Name | None
    puppet: Name | None
    conn_time: float
    idle_s: float
    cmd_total: int
    account_id: int | None
    puppet_id: int | None


class Sessions(CallMessage, frozen=True, tag="sessions"):
    """A page of sessions as of one moment; `more`: another one follows.

    `publisher` and `seq` are the mark of that moment: events up to it are accounted for. A
    portal's own list has a mark too, of no events.
    """

    sessions: list[SessionInfo]
    publisher: Name
    seq: int
    more: bool


class SessionState(CallMessage, frozen=True, tag="session_state"):
    """What a session holds, by field name, secrets replaced by `***`."""

    sessid: int
    state: dict[str, Any]


class Archive(CallMessage, frozen=True, tag="archive"):
    """A page of an archive, docs/state-api.md; `more`: another one follows."""

    number: int
    data: bytes
    more: bool


class RestoredSession(CallMessage, frozen=True):
    """What became of one: `sessid` is 0 for one that is gone; `text` says what was brought back
    (account, puppet, flags), or why nothing was."""

    key: Name
    sessid: int
    state: Literal["restored", "unchanged", "refused", "gone"]
    text: str


class SessionsRestored(CallMessage, frozen=True, tag="sessions_restored"):
    """What became of each session, in the order of the call."""

    sessions: list[RestoredSession]


class PortalInfo(CallMessage, frozen=True):
    """One portal: `state` is up while it and the server hear each other, else away; of its
    sessions, `logged_in` are."""

    id: Name
    incarnation: int
    host: Name
    state: Name
    sessions: int
    logged_in: int


class Portals(CallMessage, frozen=True, tag="portals"):
    """The portals, in the order of their ids."""

    portals: list[PortalInfo]


class TrafficEntry(CallMessage, frozen=True):
    """One line: `kind` is typed, or the name of an output; `at` is in epoch seconds."""

    number: int
    at: float
    kind: Name
    text: str


class Traffic(CallMessage, frozen=True, tag="traffic"):
    """Entries of a session, in order; `last` is to be asked for next, `missing` ones were too many
    to be kept."""

    entries: list[TrafficEntry]
    last: int
    missing: int


class Started(CallMessage, frozen=True, tag="started"):
    """The server serves; `refused` says why not with the present code but with that accepted
    last, empty when it is the present code."""

    refused: str


class WorkerMeasured(CallMessage, frozen=True):
    """Figures of one worker, as `everdoor.measures` has them."""

    index: int
    measured: dict[str, list[list[Any]]]


class ProcessMeasured(CallMessage, frozen=True, tag="measured"):
    """Figures of a process: of each of its workers, its own of that worker among them."""

    process: Name
    workers: list[WorkerMeasured]


class Failed(CallMessage, frozen=True, tag="failed"):
    """It has not happened: a stable code and a text for whoever asked; `retry_after_s` where
    waiting helps (0: it does not)."""

    code: Name
    text: str
    retry_after_s: float = 0.0


Result = (
    AuthResult
    | StatusReport
    | CopiesKept
    | CopiesLack
    | Restarted
    | Started
    | Traffic
    | ProcessMeasured
    | Sessions
    | SessionState
    | Archive
    | SessionsRestored
    | Portals
    | Done
)

Answer = Result | Failed


# Envelopes.


class Request(CallMessage, frozen=True):
    """`[version, id, role, generation, key, call, trace]`.

    `id` is unguessable and the same in every retry of one request; `role` is server, portal or
    cli; `generation` the asking server's (0: not a server); `key` makes the call idempotent;
    `trace` names the line of a player for which it is asked (`everdoor.trace`), for logs.
    """

    version: int
    id: RequestId
    role: Role
    generation: int
    key: CallKey | None
    call: Call
    trace: Name = ""


class Reply(CallMessage, frozen=True):
    """`[version, id, answer]`, with the id of the request."""

    version: int
    id: RequestId
    answer: Answer
