"""All channels of one world: found, made, deleted, and called by their names.

They are few: all are read when the first is asked for, and stay. A world begins with one that is
for everybody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from everdoor.errors import UserError
from everdoor.markup.tags import escape
from everdoor_server.accounts import Account
from everdoor_server.changes import Changes, Values
from everdoor_server.channels import listening
from everdoor_server.channels.channel import Channel
from everdoor_server.rows import ChannelRow, WorldRows
from everdoor_server.sessionhandler import ServerSessionHandler

PUBLIC: Final = ("Public", ("pub",), "For whatever there is to talk about.")
"""Name, aliases and description of the channel that a world begins with."""

_NAME = re.compile(r"\w[\w'\-]{0,29}\Z")

COUNTER: Final = "channel"


class Channels:
    """The channels of one world.

    Args:
        rows: What is stored.
        changes: Where changes are noted for the turn's commit.
        sessions: Who is here.
    """

    def __init__(self, rows: WorldRows, changes: Changes, sessions: ServerSessionHandler) -> None:
        self.rows = rows
        self.changes = changes
        self.now: Callable[[], float] = sessions.now
        self._sessions = sessions
        self._last_id = 0
        self._kept: dict[int, Channel] | None = None
        self._named: dict[str, Channel] = {}

    # Finding.

    def all(self) -> list[Channel]:
        """All of them, oldest first."""
        return list(self._channels().values())

    def find(self, name: str, account: Account | None = None) -> Channel | None:
        """The channel of that name or alias, whatever the case; the account's own names first."""
        channels = self._channels()
        folded = name.strip().casefold()
        own = listening.aliases(account).get(folded) if account is not None else None
        return self._named.get(folded) if own is None else channels.get(own)

    def is_there(self, channel: Channel) -> bool:
        """Whether it has not been deleted."""
        return self._kept is not None and self._kept.get(channel.id) is channel

    def called_by(self, account: Account, line: str) -> str:
        """The line of the command `channel` that a line means which begins with a channel's name.

        Returns:
            Nothing, when it begins with no name of a channel that the account has joined.
        """
        name, _, words = line.partition(" ")
        # Every line that no command fits comes here.
        channel = self.find(name, account)
        if channel is None or not channel.has_connection(account):
            return ""
        return f"channel {channel.key} = {words.strip()}" if words else f"channel {channel.key}"

    def accounts_here(self) -> list[Account]:
        found = self._sessions.all_connected_accounts()
        return [account for account in found if isinstance(account, Account)]

    # An account's own names.

    def own_names(self, account: Account) -> Mapping[str, int]:
        """An account's own names for channels, and their numbers."""
        return listening.aliases(account)

    def add_own_name(self, account: Account, name: str, channel: Channel) -> None:
        """Give a channel a name of an account's own.

        Raises:
            UserError: It is no word, or a name for everybody, or one too many.
        """
        self.check_name(name)
        listening.add_alias(account, name, channel.id)

    def remove_own_name(self, account: Account, name: str) -> bool:
        """Drop such a name; False: there was none."""
        return listening.remove_alias(account, name)

    # Making and deleting.

    def create(
        self,
        key: str,
        aliases: tuple[str, ...] = (),
        desc: str = "",
        locks: str = "",
        for_all: bool = False,
    ) -> Channel:
        """Make a channel.

        Raises:
            UserError: A name is no word, or is taken; the lock string is none.
        """
        self._channels()
        for name in (key, *aliases):
            self.check_name(name)
        self._last_id += 1
        self.changes.mark("counter", (COUNTER,), self._counter)
        row = ChannelRow(self._last_id, key, tuple(aliases), desc, locks, for_all)
        return self._take_in(Channel(self, row))

    def check_name(self, name: str) -> None:
        """Refuse a name or alias (UserError) that is no word, or that another channel has."""
        if not _NAME.match(name):
            raise UserError(
                f"The name of a channel is one word of at most 30 letters, not '{escape(name)}'."
            )
        if (other := self.find(name)) is not None:
            raise UserError(f"There is a channel '{name}' already: {other.key}.")

    def add_alias(self, channel: Channel, alias: str) -> None:
        """Give a channel another name for everybody.

        Raises:
            UserError: As for `create`.
        """
        self.check_name(alias)
        channel.aliases = (*channel.aliases, alias)
        self._named[alias.casefold()] = channel

    def remove_alias(self, channel: Channel, alias: str) -> bool:
        """Take such a name away; False: it has none."""
        left = tuple(name for name in channel.aliases if name.casefold() != alias.casefold())
        if left == channel.aliases:
            return False
        channel.aliases = left
        self._named.pop(alias.casefold(), None)
        return True

    def delete(self, channel: Channel) -> None:
        """Delete a channel and what was said on it; nothing happens when it is gone already."""
        if not self.is_there(channel):
            return
        self._channels().pop(channel.id)
        for name in channel.names:
            self._named.pop(name, None)
        channel.touch()

    # Private.

    def _channels(self) -> dict[int, Channel]:
        if self._kept is None:
            self._kept = {}
            self._last_id = self.rows.counter(COUNTER)
            for row in self.rows.channels():
                self._add(Channel(self, row))
            if not self._last_id:
                name, aliases, desc = PUBLIC
                self.create(name, aliases, desc, for_all=True)
        return self._kept

    def _take_in(self, channel: Channel) -> Channel:
        self._add(channel)
        channel.touch()
        return channel

    def _add(self, channel: Channel) -> None:
        assert self._kept is not None, "read before"
        self._kept[channel.id] = channel
        self._named.update(dict.fromkeys(channel.names, channel))

    def _counter(self) -> Values:
        return {"value": self._last_id}
