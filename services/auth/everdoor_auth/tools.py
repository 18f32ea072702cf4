"""What logins and new accounts are worked on with, and what they come to."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from everdoor.errors import CallRefused
from everdoor.messages.accounts import AccountFound
from everdoor.messages.calls import Answer
from everdoor_auth.lanes import Lanes
from everdoor_auth.models import PublicAccount
from everdoor_auth.passwords import HashingThreads
from everdoor_auth.store_thread import StoreThread
from everdoor_auth.throttle import Throttle


class Clocks(NamedTuple):
    """`monotonic` measures waits; `wall` (epoch seconds) stamps what is stored."""

    monotonic: Callable[[], float]
    wall: Callable[[], float]


class Publish(Protocol):
    """Publishes an event for whoever listens; never waits, never fails."""

    def __call__(self, topic: str, **data: Any) -> None: ...


def nobody_listens(topic: str, **data: Any) -> None:
    """Publish nothing: for a service without a socket."""


class Tools(NamedTuple):
    """Shared by all that works on calls; opened and closed by whoever made them."""

    store: StoreThread
    hashing: HashingThreads
    throttle: Throttle
    lanes: Lanes
    clocks: Clocks
    publish: Publish = nobody_listens


class Settled(NamedTuple):
    """An answer to be given again to the same call, and whether the database keeps it too."""

    answer: Answer
    is_stored: bool


def shown(account: PublicAccount) -> AccountFound:
    """Write an account as other processes see it."""
    return AccountFound(account.id, account.name, account.superuser)


def throttled(why: str, wait_s: float) -> CallRefused:
    """Make the refusal of what comes too early; `why` is a sentence."""
    return CallRefused("throttled", f"{why} Try again in {in_words(wait_s)}.", wait_s)


def in_words(wait_s: float) -> str:
    """Tell a wait in minutes and seconds, rounded up to a whole second."""
    minutes, seconds = divmod(math.ceil(wait_s), 60)
    parts = [(minutes, "minute"), (seconds, "second")]
    told = [f"{count} {unit}{'s' * (count != 1)}" for count, unit in parts if count]
    return " ".join(told) or "a moment"
