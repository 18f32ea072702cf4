"""How often one address may fail to log in and make accounts, and how long it must wait.

Pure counting. Failures are kept as *marks*: a bucket (what is counted) and a time. Whoever calls
keeps the same marks in a database and gives them back as ages after a restart; times in here are
seconds of a monotonic clock, so that a wall clock that jumps locks nobody out.

What is counted:

- failed logins per address; after the limit the address waits until the oldest has left the
  window, and between two attempts it waits 1, 2, 4 ... 15 seconds;
- failed logins per name, from all addresses that are strange to the account, with a wider limit;
- for an address from which the account has logged in before (*known good*), only what failed for
  this account from this address: nobody else can lock its owner out there;
- accounts made per address.

Source: docs/protocol.md, section 7 (code `throttled`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

MAX_DELAY_S = 15.0
"""Longest pause between two attempts: bearable for a person, three thousand times slower than
guessing at will."""

NAME_LIMIT_FACTOR = 4
"""A name may fail this many times as often as an address: a botnet spreads over addresses, a
player who is away from home has one."""


class Limit(NamedTuple):
    """At most `most` marks in any `timeout_s` seconds; either at 0 turns the limit off."""

    most: int
    timeout_s: float

    @property
    def is_on(self) -> bool:
        return self.most > 0 and self.timeout_s > 0


class Mark(NamedTuple):
    """One kept failure or creation: what it counts against and how many seconds ago it was."""

    bucket: str
    age_s: float


class Attempt(NamedTuple):
    """One login: the address as counted, the name's key, and the account's id if the address is
    known good for it (else None)."""

    address: str
    name: str
    known_uid: int | None


class Throttle:
    """Counts failed logins and new accounts.

    Every method takes `now`, seconds of a monotonic clock.
    """

    def __init__(self, login: Limit, creation: Limit) -> None:
        self._login = login
        self._creation = creation
        self._names = Limit(login.most * NAME_LIMIT_FACTOR, login.timeout_s)
        self._marks: dict[str, deque[float]] = {}

    @property
    def longest_timeout_s(self) -> float:
        """Age at which every mark has lost its meaning."""
        return max(self._login.timeout_s, self._creation.timeout_s)

    def restore(self, marks: Iterable[Mark], now: float) -> None:
        """Take up what was kept before a restart.

        An age below 0 (the wall clock has gone back) counts as 0.
        """
        for mark in sorted(marks, key=lambda mark: -mark.age_s):
            self._add(mark.bucket, now - max(0.0, mark.age_s))

    # Logins.

    def login_lane(self, attempt: Attempt) -> str | None:
        """Name what is tried one at a time with this attempt; None: nothing, the limit is off."""
        return self._own_bucket(attempt) if self._login.is_on else None

    def login_wait_s(self, attempt: Attempt, now: float) -> float:
        """Tell how many seconds this attempt comes too early (0: it may be tried)."""
        own = self._own_bucket(attempt)
        wait = max(self._blocked_s(own, self._login, now), self._delay_s(own, now))
        if attempt.known_uid is None:
            wait = max(wait, self._blocked_s(_name_bucket(attempt), self._names, now))
        return wait

    def buckets_of_failure(self, attempt: Attempt) -> tuple[str, ...]:
        """Name the buckets that a failure of this attempt counts in (none: the limit is off)."""
        if not self._login.is_on:
            return ()
        own = self._own_bucket(attempt)
        return (own,) if attempt.known_uid is not None else (own, _name_bucket(attempt))

    def buckets_of_success(self, attempt: Attempt) -> tuple[str, ...]:
        """Name the buckets that a success empties.

        Only what is the account's own at this address: who has one account must not be able to
        wipe out failures on others with it.
        """
        own = self._own_bucket(attempt)
        return (own,) if attempt.known_uid is not None and own in self._marks else ()

    # New accounts.

    def creation_lane(self, address: str) -> str | None:
        """As `login_lane`, for making accounts."""
        return _creation_bucket(address) if self._creation.is_on else None

    def creation_wait_s(self, address: str, now: float) -> float:
        """Tell how many seconds until this address may make an account (0: now)."""
        return self._blocked_s(_creation_bucket(address), self._creation, now)

    def buckets_of_creation(self, address: str) -> tuple[str, ...]:
        """Name the buckets that a new account counts in (none: the limit is off)."""
        return (_creation_bucket(address),) if self._creation.is_on else ()

    # Marks.

    def mark(self, buckets: Iterable[str], now: float) -> None:
        """Count one more in each bucket."""
        for bucket in buckets:
            self._add(bucket, now)

    def clear(self, buckets: Iterable[str]) -> None:
        """Forget all marks of these buckets; unknown ones are no error."""
        for bucket in buckets:
            self._marks.pop(bucket, None)

    def prune(self, now: float) -> None:
        """Drop the buckets whose last mark has lost its meaning."""
        oldest = now - self.longest_timeout_s
        for bucket in [name for name, times in self._marks.items() if times[-1] <= oldest]:
            del self._marks[bucket]

    def __len__(self) -> int:
        """Count the buckets that are held in memory."""
        return len(self._marks)

    def _add(self, bucket: str, at: float) -> None:
        if bucket not in self._marks:
            longest = max(self._names.most, self._creation.most, 1)
            self._marks[bucket] = deque(maxlen=longest)
        self._marks[bucket].append(at)

    def _blocked_s(self, bucket: str, limit: Limit, now: float) -> float:
        times = self._marks.get(bucket, ())
        if not limit.is_on or len(times) < limit.most:
            return 0.0
        return max(0.0, times[-limit.most] + limit.timeout_s - now)

    def _delay_s(self, bucket: str, now: float) -> float:
        times = self._marks.get(bucket)
        if not times or not self._login.is_on:
            return 0.0
        failures = sum(1 for at in times if at > now - self._login.timeout_s)
        if not failures:
            return 0.0
        # The exponent is bounded so that a limit of thousands does not make a number of megabytes.
        delay = min(MAX_DELAY_S, 2.0 ** min(failures - 1, 10))
        return max(0.0, times[-1] + delay - now)

    def _own_bucket(self, attempt: Attempt) -> str:
        if attempt.known_uid is None:
            return f"login:address:{attempt.address}"
        return f"login:known:{attempt.known_uid}:{attempt.address}"


def _name_bucket(attempt: Attempt) -> str:
    return f"login:name:{attempt.name}"


def _creation_bucket(address: str) -> str:
    return f"creation:address:{address}"
