"""A channel: who may listen and speak, who does, and what was said last.

What is said goes to all who listen as one output of the turn, so that each hears it exactly once,
whatever portal they are on. Channels are found and made by `index.Channels`.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from everdoor_server.accounts import Account
from everdoor_server.changes import Values
from everdoor_server.channels import listening
from everdoor_server.locks import join_locks
from everdoor_server.objects.telling import tell_channel
from everdoor_server.rows import ChannelRow
from everdoor_server.session import ServerSession
from everdoor_server.sessionlist import deliver
from everdoor_server.stored import Locked

if TYPE_CHECKING:
    from everdoor_server.channels.index import Channels

HISTORY_KEPT: Final = 100
"""Messages that are kept of a channel: some screens, and a world's database stays small."""


class Said(NamedTuple):
    """What was said, and when in epoch seconds; `text` without the name of the channel."""

    number: int
    at: float
    text: str


class Channel(Locked):
    """A channel.

    Attributes:
        id: Its number.
        key, aliases: One word each.
        desc: What it is for.
        lock_storage: Its locks as one string: `listen`, `send` and `control`.
        for_all: Everybody listens who has not left it; else who has joined it.
    """

    default_locks: ClassVar[str] = "listen:all();send:all();control:perm(Admin)"
    stored_columns: ClassVar[frozenset[str]] = frozenset(
        {"key", "aliases", "desc", "lock_storage", "for_all"}
    )

    id: int
    aliases: tuple[str, ...]
    desc: str
    for_all: bool
    channels: Channels

    def __init__(self, channels: Channels, row: ChannelRow) -> None:
        state = self.__dict__
        state.update(channels=channels, id=row.id, key=row.key, aliases=row.aliases)
        state.update(desc=row.desc, for_all=row.for_all)
        state["lock_storage"] = join_locks(self.default_locks, row.locks)
        self._history: deque[Said] | None = None

    def __repr__(self) -> str:
        return f"<Channel {self.key}>"

    @property
    def names(self) -> list[str]:
        """Key and aliases in lower case."""
        return [name.casefold() for name in (self.key, *self.aliases)]

    def touch(self) -> None:
        """Note that its row has changed."""
        self.channels.changes.mark("channel", (self.id,), self._row)

    # Who listens.

    def has_connection(self, account: Account) -> bool:
        """Whether an account has joined, or not left what is for all."""
        return listening.words(account, self.id).get("on", self.for_all)

    def hears(self, account: Account) -> bool:
        """Whether an account is told what is said now."""
        words = listening.words(account, self.id)
        is_in = words.get("on", self.for_all)
        kept_out = words.get("muted") or words.get("banned")
        return is_in and not kept_out and self.access(account, "listen")

    def is_muted(self, account: Account) -> bool:
        """Whether an account wants to hear nothing for a while."""
        return listening.words(account, self.id).get("muted", False)

    def is_banned(self, account: Account) -> bool:
        """Whether staff keeps an account out."""
        return listening.words(account, self.id).get("banned", False)

    def connect(self, account: Account) -> bool:
        """Have an account listen; False when it may not."""
        if self.is_banned(account) or not self.access(account, "listen"):
            return False
        listening.say(account, self.id, "on", True)
        return True

    def disconnect(self, account: Account) -> None:
        """Have an account listen no more."""
        listening.say(account, self.id, "on", False)

    def mute(self, account: Account, muted: bool = True) -> None:
        """Have an account stay in, but hear nothing for a while."""
        listening.say(account, self.id, "muted", muted)

    def ban(self, account: Account, banned: bool = True) -> None:
        """Keep an account out, or let it in again."""
        listening.say(account, self.id, "banned", banned)

    def listeners(self) -> list[Account]:
        """The accounts that are here and would hear it."""
        return [account for account in self.channels.accounts_here() if self.hears(account)]

    # What is said.

    def msg(self, text: str, sender: Account | None = None) -> None:
        """Say something to all who listen, and keep it.

        Args:
            text: Marked up; what a player typed is to be made inert before.
            sender: Whose name stands before it; None: nobody's. A text that begins with `:` is
                what the sender does.
        """
        line = text if sender is None else _by(sender, text)
        self._keep(line)
        shown = (f"[{self.key}] {line}", {"type": "channel", "channel": self.key})
        plain: list[ServerSession] = []
        for account in self.listeners():
            if account.hears_plainly and (sender is None or sender.sends_plainly):
                account.sessions.add_to(plain)
            else:
                account.msg(shown, from_obj=sender)
        deliver(plain, {"text": shown})
        tell_channel(plain, self.key, sender.get_display_name() if sender else "", line)

    def history(self, count: int = HISTORY_KEPT) -> list[Said]:
        """What was said last, oldest first; HISTORY_KEPT at most."""
        return list(self._said())[-count:] if count > 0 else []

    # Private.

    def _said(self) -> deque[Said]:
        if self._history is None:
            rows = self.channels.rows.channel_messages(self.id)
            self._history = deque((Said(*row) for row in rows), maxlen=HISTORY_KEPT)
        return self._history

    def _keep(self, line: str) -> None:
        said, changes = self._said(), self.channels.changes
        number = said[-1].number + 1 if said else 1
        one = Said(number, self.channels.now(), line)
        said.append(one)
        changes.mark("channel_message", (self.id, number), partial(_message_row, self, one))
        if number > HISTORY_KEPT:
            key = (self.id, number - HISTORY_KEPT)
            changes.mark("channel_message", key, lambda: None)

    def _row(self) -> Values:
        if not self.channels.is_there(self):
            return None
        is_plain = self.lock_storage == join_locks(self.default_locks, "")
        return {
            "key": self.key,
            "aliases": list(self.aliases),
            "description": self.desc,
            "locks": "" if is_plain else self.lock_storage,
            "for_all": self.for_all,
        }


def _message_row(channel: Channel, said: Said) -> Values:
    if not channel.channels.is_there(channel):
        return None
    return {"said_at": said.at, "text": said.text}


def _by(sender: Account, text: str) -> str:
    name = sender.get_display_name()
    if not text.startswith(":"):
        return f"{name}: {text}"
    action = text[1:]
    return f"{name}{action}" if action[:1] in ("'", ",") else f"{name} {action.lstrip()}"
