"""Password hashes: made and checked with argon2id, in few threads, off the event loop.

What a password must be is judged in `password_rules`; how often it may be tried in `throttle`.

Source: RFC 9106 (argon2); OWASP Password Storage Cheat Sheet (parameters).
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from typing import NamedTuple, Protocol, TypeVar

import structlog
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from everdoor.errors import CallRefused
from everdoor.measures import Histogram
from everdoor_auth.djangohashes import check_django_hash, is_django_hash

MEMORY_KIB = 19456
TIME_COST = 2
PARALLELISM = 1
"""The least that OWASP recommends for argon2id: 15 ms and 19 MiB, where the library's own
defaults take 80 ms and 64 MiB; a game has rushes of logins after every restart."""

NICENESS = 10
"""Hashing yields the processor to whoever plays; logins can wait a little."""

MAX_WAITING = 48
"""Hashes that may wait: half a second of work for two cores, and less than the calls worked on at
once (64), so that calls which need no hash are not held up by those that do."""

T = TypeVar("T")
log = structlog.get_logger(__name__)


class Verdict(NamedTuple):
    """Whether a password was right, and what to store for it from now on (None: as before)."""

    is_right: bool
    new_hash: str | None = None


class Hashing(Protocol):
    """What hashes passwords: blocking, called from several threads."""

    def hash(self, password: str) -> str:
        """Hash with a salt of its own."""

    def check(self, stored: str, password: str) -> Verdict:
        """Compare with a stored hash; damaged hashes are right for no password."""


class Argon2:
    """Argon2id; hashes made with other parameters, or imported (`djangohashes`), are renewed when
    their password is shown."""

    def __init__(
        self,
        time_cost: int = TIME_COST,
        memory_kib: int = MEMORY_KIB,
        parallelism: int = PARALLELISM,
    ) -> None:
        self._hasher = PasswordHasher(time_cost, memory_kib, parallelism)

    def hash(self, password: str) -> str:
        """Hash with a salt of its own; takes 15 ms with the usual parameters."""
        return self._hasher.hash(password)

    def check(self, stored: str, password: str) -> Verdict:
        """Compare with a stored hash, and renew the hash when it is not what is made today."""
        if is_django_hash(stored):
            is_right = check_django_hash(stored, password)
            return Verdict(is_right, self._hasher.hash(password) if is_right else None)
        try:
            self._hasher.verify(stored, password)
        except VerifyMismatchError:
            return Verdict(False)
        except (InvalidHashError, VerificationError):
            log.error("a stored password hash is damaged; its account cannot log in")
            return Verdict(False)
        if self._hasher.check_needs_rehash(stored):
            return Verdict(True, self._hasher.hash(password))
        return Verdict(True)


class HashingThreads:
    """Runs a `Hashing` in low-priority threads, one per core, with a bounded queue.

    Attributes:
        seconds: From asking to the answer, waiting for a core included.
    """

    def __init__(
        self, hashing: Hashing, threads: int | None = None, max_waiting: int = MAX_WAITING
    ) -> None:
        count = threads or len(os.sched_getaffinity(0))
        self.seconds = Histogram()
        self._hashing = hashing
        self._threads = count
        self._most = count + max_waiting
        self._pending = 0
        self._executor = ThreadPoolExecutor(count, "hash", initializer=_lower_priority)
        # Compared with when there is no account, so that an unknown name takes the same time.
        self._nobody = hashing.hash(os.urandom(16).hex())

    async def hash(self, password: str) -> str:
        """Hash a new password.

        Raises:
            CallRefused: `busy`: too many wait already.
        """
        return await self._run(lambda: self._hashing.hash(password))

    async def check(self, stored: str | None, password: str) -> Verdict:
        """Check a password against a stored hash, or for as long against nobody's (None).

        Raises:
            CallRefused: `busy`: too many wait already.
        """
        if stored is None:
            await self._run(lambda: self._hashing.check(self._nobody, password))
            return Verdict(False)
        return await self._run(lambda: self._hashing.check(stored, password))

    @property
    def waiting(self) -> int:
        """How many wait for a core."""
        return max(0, self._pending - self._threads)

    def close(self) -> None:
        """Drop what waits and end the threads once they are done; idempotent."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._pending >= self._most:
            raise CallRefused("busy", "Too many are logging in just now; try again in a moment.")
        self._pending += 1
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            return await loop.run_in_executor(self._executor, work)
        finally:
            self._pending -= 1
            self.seconds.observe(loop.time() - begun)


def load_common_passwords() -> frozenset[str]:
    """Read the list of common passwords and words that ships with this package."""
    text = files("everdoor_auth").joinpath("common_passwords.txt").read_text("utf-8")
    return frozenset(text.split())


def _lower_priority() -> None:
    # Linux gives every thread its own niceness, by the id of the thread.
    niceness = max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0))
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
