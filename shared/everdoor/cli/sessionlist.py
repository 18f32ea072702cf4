"""The list of sessions: which of them, in what order, once or again and again.

Where they come from is `everdoor.cli.live`'s.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from everdoor.messages.calls import SessionInfo

HEADINGS = (
    "SESSID",
    "ACCOUNT",
    "PUPPET",
    "IDLE",
    "SINCE",
    "COMMANDS",
    "FROM",
    "PROTOCOL",
    "PORTAL",
)

AGAIN_S = 2.0
"""Pause between two looks of a list that is watched."""

_LAST = "\U0010ffff"
"""After every name: who has none comes last."""

ORDERS: dict[str, Callable[[SessionInfo], Any]] = {
    "sessid": lambda info: (info.sessid == 0, info.sessid),
    "account": lambda info: (info.account or _LAST).lower(),
    "puppet": lambda info: (info.puppet or _LAST).lower(),
    "idle": lambda info: info.idle_s,
    "since": lambda info: info.conn_time,
    "commands": lambda info: -info.cmd_total,
    "from": lambda info: info.address,
    "protocol": lambda info: info.protocol,
    "portal": lambda info: info.portal,
}
"""What a list can be sorted by: the shortest idle, the oldest, the busiest first."""


class Wanted(NamedTuple):
    """Which sessions; None: whichever. `idle_s` is the least."""

    account: str | None = None
    portal: str | None = None
    protocol: str | None = None
    idle_s: float | None = None

    def has(self, info: SessionInfo) -> bool:
        """Whether a session is one of them. Names are compared without regard to case."""
        account, name = self.account, info.account
        return (
            (account is None or (name is not None and account.lower() == name.lower()))
            and self.portal in (None, info.portal)
            and self.protocol in (None, info.protocol)
            and (self.idle_s is None or info.idle_s >= self.idle_s)
        )


def select(found: Iterable[SessionInfo], wanted: Wanted, order: str) -> list[SessionInfo]:
    """The wanted sessions by one of ORDERS, those that are alike in it by their sessid."""
    kept = sorted((info for info in found if wanted.has(info)), key=ORDERS["sessid"])
    return sorted(kept, key=ORDERS[order])


def row(info: SessionInfo, now: float) -> list[str]:
    """A session under HEADINGS; `now` in epoch seconds."""
    return [
        str(info.sessid or "-"),
        info.account or "-",
        info.puppet or "-",
        span(info.idle_s),
        span(now - info.conn_time),
        str(info.cmd_total),
        info.address,
        info.protocol,
        info.portal,
    ]


def span(seconds: float) -> str:
    """A time in its two largest units, such as `3m 20s`."""
    total = max(0, int(seconds))
    units = [("d", total // 86400), ("h", total // 3600 % 24), ("m", total // 60 % 60)]
    parts = [f"{count}{unit}" for unit, count in [*units, ("s", total % 60)] if count]
    return " ".join(parts[:2]) or "0s"


def watch_list(look: Callable[[], list[SessionInfo]]) -> None:
    """Show a list on the whole terminal, again and again, until Ctrl-C."""
    from rich.live import Live

    from everdoor.cli.output import table_of

    with Live(screen=True, auto_refresh=False) as live:
        while True:
            now = time.time()
            found = look()
            table = table_of(HEADINGS, [row(info, now) for info in found])
            table.caption = f"{len(found)} sessions at {time.strftime('%X')}; Ctrl-C ends"
            live.update(table, refresh=True)
            time.sleep(AGAIN_S)
