"""Limits at the portal's door: who is let in, how soon, for how long, and how fast lines are read.

Pure counting, for every protocol alike: gateways ask `Entrance` for each client that comes and do
what its Verdict says; the handler of sessions keeps `Newcomers` and each session's `Allowance`.
Every limit is off at 0. Nothing here closes, waits or drops anything.

What counts as one address is `everdoor.addresses`'; clients without an IP address (of a Unix
socket) are not limited by it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from everdoor.addresses import address_key, parse_address
from everdoor.bans import BanList, told
from everdoor.durations import in_words

MOST_WAIT_S = 5.0
"""Longest that a client waits to be let in: people think that nobody is there after that."""

SHORTEST_WAIT_S = 0.001
"""Shorter ones come of counting in fractions."""

LINE_BURST_S = 2.0
"""Seconds' worth of lines that a session may send at once, after so long a pause."""

WAIT = "Many are connecting from your address just now; you are let in in {wait}."

TOO_FAST = "Too many are connecting from your address just now. Please try again in a moment."

TOO_MANY = (
    "From your address {most} connections wait for a login already, which is as many as may be. "
    "Log in with one of them, or close one."
)

TOO_LATE = "You have not logged in for {grace}. Please connect again whenever you like."

HELD_BACK = (
    "You send lines faster than they are read here, {rate} a second at most. None is lost; they "
    "are done one after another."
)


class Verdict(NamedTuple):
    """What to do with a client that has come: show it the text, if there is one, and let it go
    when it is refused; else begin its session after `wait_s`."""

    text: str = ""
    wait_s: float = 0.0
    is_refused: bool = False


WELCOME = Verdict()


class Newcomers:
    """The clients that are not logged in, by connection number, oldest first."""

    def __init__(self) -> None:
        self._since: dict[int, float] = {}
        self._addresses: dict[int, str] = {}
        self._counts: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._since)

    def add(self, conn: int, address: str, now: float) -> None:
        """Take note of a client that has just connected."""
        counted = address_key(address)
        self._since[conn] = now
        self._addresses[conn] = counted
        self._counts[counted] = self._counts.get(counted, 0) + 1

    def remove(self, conn: int) -> None:
        """Forget a client: it has logged in, or left. Idempotent."""
        if self._since.pop(conn, None) is None:
            return
        counted = self._addresses.pop(conn)
        self._counts[counted] -= 1
        if not self._counts[counted]:
            del self._counts[counted]

    def count(self, address: str) -> int:
        """How many there are from an address."""
        return self._counts.get(address_key(address), 0)

    def since(self, before: float) -> Iterator[int]:
        """Those who have been here since before some time."""
        for conn, since in list(self._since.items()):
            if since > before:
                return
            yield conn


class Entrance:
    """Decides about clients that come.

    Args:
        newcomers: Kept by the handler of sessions.
        wall: Epoch seconds, for the ends of bans.
        max_rate: Clients of one address let in in a second.
        max_newcomers: Clients of one address that may be here without being logged in.

    Attributes:
        bans: As far as is known; replaced when auth says so.
        refusals: How many were not let in, by why: banned, crowded, hasty.
    """

    def __init__(
        self,
        newcomers: Newcomers,
        wall: Callable[[], float],
        max_rate: int = 0,
        max_newcomers: int = 0,
    ) -> None:
        self.bans = BanList()
        self.refusals: Counter[str] = Counter()
        self._newcomers = newcomers
        self._wall = wall
        self._max_rate = max_rate
        self._max_newcomers = max_newcomers
        self._next: dict[str, float] = {}

    def arrive(self, address: str, now: float) -> Verdict:
        """Decide about a client that has just come; after a wait, ask `enter`.

        Args:
            address: The client's, as its protocol gives it.
            now: Monotonic seconds.
        """
        verdict = self.enter(address)
        if verdict.is_refused or not self._max_rate or parse_address(address) is None:
            return verdict
        wait_s = self._take_turn(address_key(address), now)
        if wait_s is None:
            return self._refuse("hasty", TOO_FAST)
        return Verdict(WAIT.format(wait=in_words(wait_s)), wait_s) if wait_s > 0 else WELCOME

    def enter(self, address: str) -> Verdict:
        """Decide about a client whose turn has come: much may have changed while it waited."""
        wall = self._wall()
        if (ban := self.bans.of_address(address, wall)) is not None:
            return self._refuse("banned", told(ban, wall))
        most = self._max_newcomers
        if most and parse_address(address) and self._newcomers.count(address) >= most:
            return self._refuse("crowded", TOO_MANY.format(most=most))
        return WELCOME

    def _refuse(self, why: str, text: str) -> Verdict:
        self.refusals[why] += 1
        return Verdict(text, is_refused=True)

    def prune(self, now: float) -> None:
        """Forget the addresses whose turns are over."""
        for counted in [key for key, at in self._next.items() if at <= now]:
            del self._next[counted]

    def _take_turn(self, counted: str, now: float) -> float | None:
        """Seconds until the next turn of an address, taken with that; None: it is too far off.

        As many turns as come in a second are to be had at once.
        """
        at = max(self._next.get(counted, 0.0), now)
        wait_s = at + 1 / self._max_rate - now - 1.0
        if wait_s > MOST_WAIT_S:
            return None
        self._next[counted] = at + 1 / self._max_rate
        return wait_s if wait_s >= SHORTEST_WAIT_S else 0.0


class Allowance:
    """Lines that a session may send: so many a second, after a pause more at once.

    Lines are counted when they have been read, so it may be overdrawn; whoever reads then waits
    until it is not.

    Args:
        rate: Lines a second; 0: any number.
        now: Monotonic seconds.
    """

    __slots__ = ("_at", "_left", "_rate")

    def __init__(self, rate: int, now: float) -> None:
        self._rate = rate
        self._left = rate * LINE_BURST_S
        self._at = now

    def spend(self, now: float) -> None:
        """Count one line."""
        self._left = self._left_at(now) - 1
        self._at = now

    def is_overdrawn(self, now: float) -> bool:
        """Whether no line more should be read now."""
        return self._rate > 0 and self._left_at(now) < 0

    def _left_at(self, now: float) -> float:
        return min(self._rate * LINE_BURST_S, self._left + self._rate * (now - self._at))


UNLIMITED = Allowance(0, 0.0)
