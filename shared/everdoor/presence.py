"""Who is present, as events and lists of sessions tell it, and the steps from one state to another.

A session that comes, logs in, puppets, lets go, logs out and leaves takes one step for each, and
each step is one event. The server makes them of what it has committed; a follower who has missed
events makes those that lead from what it knew to what is. Publishing and asking are done elsewhere.

Source: docs/protocol.md, section 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from everdoor.messages.calls import SessionInfo

SESSION = "session"
"""First part of the topics of sessions."""


class Presence(NamedTuple):
    """What a session is to others; ids tell accounts and puppets apart, names may change."""

    sessid: int
    portal: str
    protocol: str = ""
    address: str = ""
    account_id: int | None = None
    account: str | None = None
    puppet_id: int | None = None
    puppet: str | None = None


class Step(NamedTuple):
    """One change of one session: the topic and the data of its event."""

    topic: str
    data: dict[str, Any]


def presence_of(info: SessionInfo) -> Presence:
    """Take a session from a list."""
    return Presence(
        info.sessid,
        info.portal,
        info.protocol,
        info.address,
        info.account_id,
        info.account,
        info.puppet_id,
        info.puppet,
    )


def steps(before: Presence | None, after: Presence | None) -> list[Step]:
    """How a session came from one state to another, in the order that hooks have in the game."""
    found: list[Step] = []
    had, has = before or _absent(after), after or _absent(before)
    same_account = had.account_id == has.account_id
    same_puppet = same_account and had.puppet_id == has.puppet_id
    if before is not None and after is not None and before.portal != after.portal:
        found.append(_moved(before, after))
    if before is None:
        found.append(_step(has, "connected", protocol=has.protocol, address=has.address))
    if had.puppet_id is not None and not same_puppet:
        found.append(_step(had, "unpuppeted", **_account(had), **_puppet(had)))
    if had.account_id is not None and not same_account:
        found.append(_step(had, "logged_out", **_account(had)))
    if has.account_id is not None and not same_account:
        found.append(_step(has, "logged_in", **_account(has)))
    if has.puppet_id is not None and not same_puppet:
        found.append(_step(has, "puppeted", **_account(has), **_puppet(has)))
    if after is None:
        found.append(_step(had, "disconnected"))
    return found


class Roster:
    """The sessions that are present, as a follower knows them: from lists, then from events."""

    def __init__(self) -> None:
        self._present: dict[int, Presence] = {}
        self._has_begun = False

    def __len__(self) -> int:
        return len(self._present)

    def take(self, sessions: Iterable[Presence]) -> list[Step]:
        """Take over a whole state; return the steps that lead to it from what was known.

        Those who left come first. The first state is where following begins: it has no steps.
        """
        before, self._present = self._present, {known.sessid: known for known in sessions}
        if not self._has_begun:
            self._has_begun = True
            return []
        gone = sorted(before.keys() - self._present.keys())
        return [
            step
            for sessid in [*gone, *sorted(self._present)]
            for step in steps(before.get(sessid), self._present.get(sessid))
        ]

    def apply(self, data: Mapping[str, Any]) -> None:
        """Apply the data of an event of a session; what is no such thing changes nothing."""
        sessid = data.get("sessid")
        if not isinstance(sessid, int):
            return
        known = self._present.get(sessid, Presence(sessid, str(data.get("portal", ""))))
        match data.get("event"):
            case "disconnected":
                self._present.pop(sessid, None)
                return
            case "unpuppeted":
                known = known._replace(puppet_id=None, puppet=None)
            case "logged_out":
                known = known._replace(account_id=None, account=None)
            case "link_dead":
                known = known._replace(portal="")
        named = {name: data[name] for name in _TOLD.get(data.get("event"), ()) if name in data}
        self._present[sessid] = known._replace(**named)


_TOLD: Mapping[Any, tuple[str, ...]] = {
    "connected": ("protocol", "address"),
    "resumed": ("portal", "protocol", "address"),
    "logged_in": ("account_id", "account"),
    "puppeted": ("puppet_id", "puppet"),
}
"""What a follower learns from which event."""


def _moved(before: Presence, after: Presence) -> Step:
    """A session without a portal has lost its connection; with one it has got another."""
    if after.portal:
        return _step(after, "resumed", protocol=after.protocol, address=after.address)
    return _step(before, "link_dead")


def _absent(other: Presence | None) -> Presence:
    assert other is not None, "a session is present before or after"
    return Presence(other.sessid, other.portal)


def _step(session: Presence, event: str, **data: Any) -> Step:
    topic = f"{SESSION}.{session.portal}.{session.sessid}"
    said = {"event": event, "sessid": session.sessid, "portal": session.portal, **data}
    return Step(topic, said)


def _account(session: Presence) -> dict[str, Any]:
    return {"account": session.account, "account_id": session.account_id}


def _puppet(session: Presence) -> dict[str, Any]:
    return {"puppet": session.puppet, "puppet_id": session.puppet_id}
