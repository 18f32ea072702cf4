"""The command for channels: who listens to which, what is said, and their upkeep."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from everdoor.errors import UserError
from everdoor.markup.tags import escape
from everdoor_server.accounts import Account
from everdoor_server.channels import Channel, Channels, Said
from everdoor_server.commands.default.muxcommand import MuxAccountCommand
from everdoor_server.commands.playertext import inert
from everdoor_server.locks import check_locks

MAKES_CHANNELS: Final = "make:perm(channel) or perm(Admin)"

HISTORY_SHOWN: Final = 20
LONGEST_DESC: Final = 200


class CmdChannel(MuxAccountCommand):
    """
    talk to all who listen, wherever they are

    Usage:
      channel                             what you listen to
      channel <name> = <words>            say something; also: <name> <words>
      channel/list                        all that there are
      channel/sub <name> [= <alias>]      listen
      channel/unsub <name>                listen no more
      channel/mute, channel/unmute <name> hear nothing for a while
      channel/who <name>                  who listens now
      channel/history <name> [= <number>] what was said last
      channel/alias <name> = <alias>      a name of your own for it
      channel/unalias <alias>

    Words that begin with : are what you do: public :waves

    For those who look after channels:
      channel/create <name>[;alias] [= <what it is for>]
      channel/destroy <name>
      channel/desc <name> = <what it is for>
      channel/lock <name> = <type>:<expression>   listen, send, control
      channel/ban, channel/unban <name> = <account>
    """

    key = "channel"
    aliases = ("channels", "chan")
    help_category = "Comms"
    switch_options = (
        "list",
        "sub",
        "unsub",
        "mute",
        "unmute",
        "who",
        "history",
        "alias",
        "unalias",
        "create",
        "destroy",
        "desc",
        "lock",
        "ban",
        "unban",
    )

    def func(self) -> None:
        if len(self.switches) > 1:
            raise UserError("channel takes one switch at a time.")
        if self.switches:
            getattr(self, f"_{self.switches[0]}")()
        elif not self.lhs:
            self._mine()
        elif self.rhs:
            self._speak(self._named(), self.rhs)
        else:
            self._about(self._named())

    @property
    def _channels(self) -> Channels:
        channels = self.game.channels
        assert isinstance(channels, Channels), "every game has them"
        return channels

    def _named(self) -> Channel:
        """The channel that is named on the left.

        Raises:
            UserError: There is none, or the caller may not listen to it.
        """
        if not self.lhs:
            raise UserError(f"Usage: channel/{self.switches[0]} <name>")
        found = self._channels.find(self.lhs, self.caller)
        if found is None or not found.access(self.caller, "listen"):
            raise UserError(f"There is no channel '{escape(self.lhs)}'; see channel/list.")
        return found

    def _controlled(self) -> Channel:
        """The channel that is named, if it is the caller's to look after.

        Raises:
            UserError: It is not, or as for `_named`.
        """
        channel = self._named()
        if not channel.access(self.caller, "control"):
            raise UserError(f"You may not change the channel {channel.key}.")
        return channel

    # Seeing.

    def _mine(self) -> None:
        joined = [each for each in self._seen() if each.has_connection(self.caller)]
        if not joined:
            self.msg("You listen to no channel; channel/list shows those that there are.")
            return
        self.msg("\n".join(["|wChannels that you listen to:|n", *map(self._line, joined)]))

    def _list(self) -> None:
        lines = [self._line(each) for each in self._seen()]
        self.msg("\n".join(["|wChannels:|n", *lines]) if lines else "There are no channels.")

    def _seen(self) -> list[Channel]:
        return [each for each in self._channels.all() if each.access(self.caller, "listen")]

    def _line(self, channel: Channel) -> str:
        own = [name for name, number in self._own_names() if number == channel.id]
        names = [*channel.aliases, *own]
        also = f" ({', '.join(names)})" if names else ""
        state = ""
        if channel.is_banned(self.caller):
            state = " [banned]"
        elif not channel.has_connection(self.caller):
            state = " [not listening]"
        elif channel.is_muted(self.caller):
            state = " [muted]"
        return f"  {channel.key}{also}{state}: {channel.desc}".rstrip(": ")

    def _own_names(self) -> list[tuple[str, int]]:
        return sorted(self._channels.own_names(self.caller).items())

    def _about(self, channel: Channel) -> None:
        self.msg(f"{self._line(channel).strip()}\nTo say something: {channel.key.lower()} <words>")

    def _who(self) -> None:
        channel = self._named()
        names = sorted(account.key for account in channel.listeners())
        self.msg(f"{channel.key} is heard by: {', '.join(names) or 'nobody'}.")

    def _history(self) -> None:
        channel = self._named()
        if channel.is_banned(self.caller):
            raise UserError(f"You are banned from {channel.key}.")
        count = self.rhs or str(HISTORY_SHOWN)
        if not count.isdecimal():
            raise UserError(f"channel/history: expected a number of lines, not '{escape(count)}'.")
        said = channel.history(int(count[:4]))
        if not said:
            self.msg(f"Nothing has been said on {channel.key} yet.")
            return
        lines = [_shown(one, self.game.sessions.now()) for one in said]
        self.msg("\n".join([f"|w{channel.key}|n, last {len(lines)}:", *lines]))

    # Listening.

    def _sub(self) -> None:
        channel = self._named()
        if self.rhs:
            self._channels.check_name(self.rhs)
        if not channel.connect(self.caller):
            raise UserError(f"You are banned from {channel.key}.")
        channel.mute(self.caller, False)
        if self.rhs:
            self._channels.add_own_name(self.caller, self.rhs, channel)
        self.msg(f"You listen to {channel.key}. To say something: {channel.key.lower()} <words>")

    def _unsub(self) -> None:
        channel = self._named()
        if not channel.has_connection(self.caller):
            raise UserError(f"You do not listen to {channel.key}.")
        channel.disconnect(self.caller)
        self.msg(f"You listen to {channel.key} no more.")

    def _mute(self) -> None:
        self._set_muted(True)

    def _unmute(self) -> None:
        self._set_muted(False)

    def _set_muted(self, muted: bool) -> None:
        channel = self._named()
        if not channel.has_connection(self.caller):
            raise UserError(f"You do not listen to {channel.key}.")
        channel.mute(self.caller, muted)
        what = "hear nothing of" if muted else "hear again"
        self.msg(f"You {what} {channel.key}.")

    def _alias(self) -> None:
        if not self.rhs:
            raise UserError("Usage: channel/alias <name> = <alias>")
        channel = self._named()
        self._channels.add_own_name(self.caller, self.rhs, channel)
        self.msg(f"{channel.key} is '{escape(self.rhs)}' for you.")

    def _unalias(self) -> None:
        if not self._channels.remove_own_name(self.caller, self.lhs):
            raise UserError(f"You have no alias '{escape(self.lhs)}' for a channel.")
        self.msg(f"'{escape(self.lhs)}' is no alias of yours any more.")

    # Speaking.

    def _speak(self, channel: Channel, text: str) -> None:
        caller = self.caller
        if channel.is_banned(caller) or not channel.access(caller, "send"):
            raise UserError(f"You may not speak on {channel.key}.")
        if not channel.has_connection(caller):
            raise UserError(f"You do not listen to {channel.key}: channel/sub {channel.key}")
        if channel.is_muted(caller):
            raise UserError(f"You have muted {channel.key}: channel/unmute {channel.key}")
        channel.msg(inert(text), sender=caller)

    # Upkeep.

    def _create(self) -> None:
        if not check_locks(MAKES_CHANNELS, self.caller, "make"):
            raise UserError("You may not make channels.")
        key, *aliases = [name.strip() for name in self.lhs.split(";")]
        desc = inert(self.rhs or "")[:LONGEST_DESC]
        channel = self._channels.create(key, tuple(filter(None, aliases)), desc)
        channel.locks.add(f"control:pid({self.caller.id}) or perm(Admin)")
        channel.connect(self.caller)
        self.msg(f"Created the channel {channel.key}; you listen to it.")

    def _destroy(self) -> None:
        channel = self._controlled()
        channel.msg("This channel is no more.")
        self._channels.delete(channel)
        self.msg(f"The channel {channel.key} was destroyed.")

    def _desc(self) -> None:
        channel = self._controlled()
        channel.desc = inert(self.rhs or "")[:LONGEST_DESC]
        self.msg(f"{channel.key}: {channel.desc or 'no description'}")

    def _lock(self) -> None:
        channel = self._controlled()
        if self.rhs:
            channel.locks.add(self.rhs)
        self.msg(f"Locks of {channel.key}: {escape('; '.join(channel.locks.all()))}")

    def _ban(self) -> None:
        self._set_banned(True)

    def _unban(self) -> None:
        self._set_banned(False)

    def _set_banned(self, banned: bool) -> None:
        channel = self._controlled()
        account: Any = self.game.accounts.find(self.rhs or "")
        if not isinstance(account, Account):
            raise UserError(f"Account {escape(self.rhs or '')} was not found.")
        channel.ban(account, banned)
        account.msg(f"You are {'banned from' if banned else 'let back into'} {channel.key}.")
        self.msg(f"{account.key} is {'banned from' if banned else 'let back into'} {channel.key}.")


def _shown(said: Said, now: float) -> str:
    """A line of the history, with its time, and its day when that is another."""
    at, today = (datetime.fromtimestamp(when, UTC) for when in (said.at, now))
    form = "%H:%M" if at.date() == today.date() else "%Y-%m-%d %H:%M"
    return f"  {at.strftime(form)} {said.text}"
