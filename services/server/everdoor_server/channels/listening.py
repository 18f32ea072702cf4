"""Which channels an account listens to, and by which names: kept with the account.

Nothing is kept of who has changed nothing: a channel that is for everybody is heard by accounts
that have never heard of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from everdoor.errors import UserError
from everdoor_server.accounts import Account

SUBSCRIPTIONS: Final = "_channels"
"""Attribute of an account: by the number of a channel, what is other than it begins with."""

ALIASES: Final = "_channel_aliases"
"""Attribute of an account: its own names for channels, and their numbers."""

MOST_ALIASES: Final = 30

_NONE: Final[Mapping[str, Any]] = {}


def words(account: Account, channel_id: int) -> Mapping[str, bool]:
    """What an account has said, or had said of it: `on`, `muted`, `banned`; else nothing."""
    kept: Mapping[str, Any] = account.attributes.get(SUBSCRIPTIONS) or _NONE
    found: Mapping[str, bool] = kept.get(str(channel_id)) or _NONE
    return found


def say(account: Account, channel_id: int, name: str, value: bool) -> None:
    """Keep one of these words."""
    kept = dict(account.attributes.get(SUBSCRIPTIONS) or {})
    kept[str(channel_id)] = {**words(account, channel_id), name: value}
    account.attributes.add(SUBSCRIPTIONS, kept)


def aliases(account: Account) -> Mapping[str, int]:
    """Its own names for channels, without case; as they are kept, not to be changed."""
    return account.attributes.get(ALIASES) or _NONE


def add_alias(account: Account, alias: str, channel_id: int) -> None:
    """Give a channel a name of one's own.

    Raises:
        UserError: There are too many already.
    """
    kept = {**aliases(account), alias.casefold(): channel_id}
    if len(kept) > MOST_ALIASES:
        raise UserError(f"You have {MOST_ALIASES} names for channels already; remove one first.")
    account.attributes.add(ALIASES, kept)


def remove_alias(account: Account, alias: str) -> bool:
    """Drop a name of one's own; False: there was none."""
    kept = dict(aliases(account))
    if kept.pop(alias.casefold(), None) is None:
        return False
    account.attributes.add(ALIASES, kept)
    return True
