"""What clients ask to be told again and again: variables when they change, calls at intervals.

Which there are is a table, as shipped and as a game adds to it; a client names them, never an
attribute. What was asked for is kept with the session (`server_data`) and holds over restarts of
the server; a call that falls due while it is away is left out.

Source: docs/out-of-band.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from everdoor_server.changes import Changes
from everdoor_server.gamecode import tolerated
from everdoor_server.session import ServerSession
from everdoor_server.sessionhandler import ServerSessionHandler

Variable = Callable[[ServerSession], Any]
"""Says what a client is told: texts, numbers, truth values, lists and dicts of them, or None."""

Repeatable = Callable[[ServerSession], object]
"""Tells a client something, each time anew."""

MONITORS = "monitors"
REPEATS = "repeats"
"""Where `server_data` keeps what a client has asked for."""

SHORTEST_INTERVAL_S = 5.0
"""As in Evennia."""

LONGEST_INTERVAL_S = 86400.0

UNTOLD = "a variable cannot be told"

_UNKNOWN = object()

_OBJECTS = ("object", "attribute", "tag")
_ACCOUNTS = ("account", "account_attribute")


class Monitors:
    """What clients of one world have asked to be told.

    Args:
        changes: Of the world; asked at the end of a turn which rows it has marked.

    Attributes:
        variables, repeatables: What may be asked for, by name.
    """

    def __init__(
        self,
        sessions: ServerSessionHandler,
        changes: Changes,
        variables: Mapping[str, Variable],
        repeatables: Mapping[str, Repeatable],
    ) -> None:
        self._sessions = sessions
        self._changes = changes
        self.variables = dict(variables)
        self.repeatables = dict(repeatables)
        self._last: dict[ServerSession, dict[str, Any]] = {}
        self._where: dict[ServerSession, object] = {}
        self._due: dict[tuple[ServerSession, str], float | None] = {}

    def adopt(self, session: ServerSession) -> None:
        """Go on with what a session had asked of a former server."""
        for name in monitored(session):
            # Of one that cannot be said now any value will be news.
            self._last.setdefault(session, {})[name] = _UNKNOWN
            with tolerated(UNTOLD, session=str(session.key), variable=name):
                self._watch(session, name)
        for name in repeated(session):
            self._due[session, name] = None

    # Variables.

    def add(self, session: ServerSession, name: str, output: str = "") -> None:
        """Tell a client of a variable from now on, when it changes.

        Args:
            name: One of `variables`.
            output: Under which name, with `name` and `value`; empty: under its own.
        """
        _keep(session, MONITORS, {**monitored(session), name: output})
        self._watch(session, name)

    def remove(self, session: ServerSession, name: str) -> None:
        """Tell no more of it; nothing happens when it was not asked for."""
        names = monitored(session)
        if name in names:
            _keep(session, MONITORS, {one: out for one, out in names.items() if one != name})
            self._last.get(session, {}).pop(name, None)

    def value(self, session: ServerSession, name: str) -> Any:
        """What a variable is now."""
        return self.variables[name](session)

    def report(self) -> None:
        """Tell all that has changed; at the end of a turn, before its changes are taken."""
        if not self._last:
            return
        objects, accounts = self._changes.marked(*_OBJECTS), self._changes.marked(*_ACCOUNTS)
        for session in list(self._last):
            if self._sessions.get(session.sessid) is not session:
                self._forget(session)
            elif self._may_differ(session, objects, accounts):
                self._tell_changed(session)

    def _watch(self, session: ServerSession, name: str) -> None:
        if name in self.variables:
            self._last.setdefault(session, {})[name] = self.value(session, name)

    def _may_differ(self, session: ServerSession, objects: set[Any], accounts: set[Any]) -> bool:
        puppet: Any = session.puppet
        place = puppet.location if puppet is not None else None
        where = (session.puid, place and place.id, place and place.exits_version)
        has_moved = self._where.get(session) != where
        self._where[session] = where
        is_marked = not objects.isdisjoint(where[:2]) or session.uid in accounts
        return has_moved or is_marked

    def _tell_changed(self, session: ServerSession) -> None:
        last, names = self._last[session], monitored(session)
        for name in [name for name in last if name in names]:
            with tolerated(UNTOLD, session=str(session.key), variable=name):
                value = self.value(session, name)
                if value != last[name]:
                    last[name] = value
                    tell(session, name, value, names[name])

    def _forget(self, session: ServerSession) -> None:
        self._last.pop(session, None)
        self._where.pop(session, None)

    # Intervals.

    def repeat(self, session: ServerSession, name: str, interval_s: float) -> None:
        """Call one of `repeatables` for a client at intervals, within their bounds."""
        kept = min(max(interval_s, SHORTEST_INTERVAL_S), LONGEST_INTERVAL_S)
        _keep(session, REPEATS, {**repeated(session), name: kept})
        self._due[session, name] = None

    def end_repeat(self, session: ServerSession, name: str) -> None:
        """Call it no more; nothing happens when it was not asked for."""
        intervals = repeated(session)
        if name in intervals:
            _keep(session, REPEATS, {one: s for one, s in intervals.items() if one != name})
        self._due.pop((session, name), None)

    def due(self, now: float) -> list[Callable[[], None]]:
        """Calls whose time has come; an interval begins when it is first asked for here.

        Args:
            now: Monotonic seconds.
        """
        found: list[Callable[[], None]] = []
        for (session, name), at in list(self._due.items()):
            interval_s = repeated(session).get(name)
            if interval_s is None or self._sessions.get(session.sessid) is not session:
                del self._due[session, name]
            elif at is None or at <= now:
                self._due[session, name] = now + interval_s
                if at is not None:
                    found.append(partial(self._call, session, name))
        return found

    def _call(self, session: ServerSession, name: str) -> None:
        if name in self.repeatables and self._sessions.get(session.sessid) is session:
            self.repeatables[name](session)


def monitored(session: ServerSession) -> dict[str, str]:
    """The variables that a client is told of, and the names of the outputs."""
    return _kept(session, MONITORS)


def repeated(session: ServerSession) -> dict[str, float]:
    """What is called for a client, and at which intervals."""
    return _kept(session, REPEATS)


def tell(session: ServerSession, name: str, value: Any, output: str = "") -> None:
    """Tell a client what a variable is: under the name of an output, or under its own."""
    if output:
        session.msg(**{output: {"name": name, "value": value}})
    else:
        session.msg(**{name: ([value], {})})


def names_in(args: Iterable[Any]) -> list[str]:
    """Names of variables as clients write them, each in lower case."""
    return [name.lower() for name in args if isinstance(name, str)]


def _kept(session: ServerSession, what: str) -> dict[str, Any]:
    found = session.server_data.get(what)
    return found if isinstance(found, dict) else {}


def _keep(session: ServerSession, what: str, values: dict[str, Any]) -> None:
    session.server_data = {**session.server_data, what: values}
    session.touch()
