"""What calls are worked on with, and what they come to."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, Protocol

from everdoor.durations import in_words
from everdoor.errors import CallRefused
from everdoor.events import Mark
from everdoor.messages.accounts import AccountFound
from everdoor.messages.calls import Answer
from everdoor_auth.lanes import Lanes
from everdoor_auth.models import PublicAccount
from everdoor_auth.passwords import HashingThreads
from everdoor_auth.store_thread import StoreThread
from everdoor_auth.throttle import Throttle

TICKET_BYTES = 32


class Clocks(NamedTuple):
    """`monotonic` measures waits; `wall` (epoch seconds) stamps what is stored."""

    monotonic: Callable[[], float]
    wall: Callable[[], float]


class News(Protocol):
    """Where events are published for whoever listens."""

    @property
    def mark(self) -> Mark:
        """The last event published."""

    def publish(self, topic: str, **data: Any) -> None:
        """Publish an event; never waits, never fails."""


class NoNews:
    """Publishes nothing: for a service without a socket."""

    mark = Mark("", 0)

    def publish(self, topic: str, **data: Any) -> None:
        """Nobody listens."""


class Tools(NamedTuple):
    """Shared by all that works on calls; opened and closed by whoever made them."""

    store: StoreThread
    hashing: HashingThreads
    throttle: Throttle
    lanes: Lanes
    clocks: Clocks
    news: News = NoNews()
    new_ticket: Callable[[], bytes] = partial(secrets.token_bytes, TICKET_BYTES)


class Settled(NamedTuple):
    """An answer to be given again to the same call, and whether the database keeps it too."""

    answer: Answer
    is_stored: bool


def shown(account: PublicAccount, as_of: int) -> AccountFound:
    """Write an account as other processes see it; `as_of` numbers the last change of any."""
    return AccountFound(account.id, account.name, account.superuser, as_of)


def throttled(why: str, wait_s: float) -> CallRefused:
    """Make the refusal of what comes too early; `why` is a sentence."""
    return CallRefused("throttled", f"{why} Try again in {in_words(wait_s)}.", wait_s)
