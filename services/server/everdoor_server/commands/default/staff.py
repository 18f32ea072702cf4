"""Commands of those who look after the players: boot, wall, force."""

from __future__ import annotations

from typing import Any

from everdoor.markup.tags import escape
from everdoor_server.commands.default.muxcommand import MuxCommand
from everdoor_server.commands.playertext import inert
from everdoor_server.session import ServerSession


class CmdBoot(MuxCommand):
    """
    disconnect an account, or one session

    Usage:
      boot[/switches] <account> [: reason]

    Switches:
      quiet - without telling them
      sid   - the session of that number, logged in or not

    Who is booted may come back; see `ban`.
    """

    key = "boot"
    switch_options = ("quiet", "sid")
    locks = "cmd:perm(boot) or perm(Admin)"
    help_category = "Admin"

    def func(self) -> None:
        name, _, reason = (part.strip() for part in self.args.partition(":"))
        if not name:
            self.msg("Usage: boot[/switches] <account> [:reason]")
            return
        sessions = self._by_number(name) if "sid" in self.switches else self._by_account(name)
        if sessions is None:
            return
        if not sessions:
            self.msg("No matching sessions found. The Account does not seem to be online.")
            return
        for session in sessions:
            self.game.sessions.disconnect(session, self._told(reason))
        self.msg(f"Booted {len(sessions)} session{'s' if len(sessions) > 1 else ''}.")

    def _by_number(self, text: str) -> list[ServerSession] | None:
        """The session of that number; None after the caller was told why not."""
        found = self.game.sessions.get(int(text)) if text.isdecimal() else None
        if found is None:
            return []
        return self._if_allowed(found.account, [found])

    def _by_account(self, name: str) -> list[ServerSession] | None:
        account = self.game.accounts.find(name)
        if account is None:
            self.msg(f"Account {escape(name)} was not found.")
            return None
        return self._if_allowed(account, account.sessions.all())

    def _if_allowed(
        self, account: Any, sessions: list[ServerSession]
    ) -> list[ServerSession] | None:
        if account is None or account.access(self.caller, "boot"):
            return sessions
        self.msg(f"You don't have the permission to boot {escape(account.key)}.")
        return None

    def _told(self, reason: str) -> str:
        if "quiet" in self.switches:
            return ""
        text = f"You have been disconnected by {escape(self.caller.key)}."
        return f"{text}\nReason given: {inert(reason)}" if reason else text


class CmdWall(MuxCommand):
    """
    tell everybody something

    Usage:
      wall <message>

    Everybody who is connected sees it, also who is not logged in.
    """

    key = "wall"
    locks = "cmd:perm(wall) or perm(Admin)"
    help_category = "Admin"

    def func(self) -> None:
        if not self.args:
            self.msg("Usage: wall <message>")
            return
        self.msg("Announcing to all connected sessions ...")
        text = f'{escape(self.caller.key)} shouts "{inert(self.args)}"'
        self.game.sessions.announce_all(text)


class CmdForce(MuxCommand):
    """
    have somebody or something do what you type

    Usage:
      force <object> = <line>

    Example:
      force bob = get stick
    """

    key = "force"
    locks = "cmd:perm(spawn) or perm(Builder)"
    help_category = "Building"

    async def func(self) -> None:
        if not self.lhs or not self.rhs:
            self.msg("You must provide a target and a command string to execute.")
            return
        target = self.caller.search(self.lhs)
        if target is None:
            return
        name = target.get_display_name(self.caller)
        if not target.access(self.caller, "edit"):
            self.msg(f"You don't have permission to force {name} to execute commands.")
            return
        if target.has_account:
            target.execute_cmd(self.rhs)
        elif (running := self.game.run_as(target, self.rhs)) is not None:
            await running
        self.msg(f"You have forced {name} to: {inert(self.rhs)}")


class CmdEmit(MuxCommand):
    """
    have something happen before the eyes of others

    Usage:
      emit <what is seen>
      emit <object> [, <object> ...] = <what is seen>
      remit <room> [, <room> ...] = <what is seen>
      pemit <character> [, <character> ...] = <what is seen>

    Nobody's name stands before it. `emit` shows it to all who are where you
    are, or where the objects are; `remit` to all who are in the rooms; `pemit`
    to the characters alone.
    """

    key = "emit"
    aliases = ("remit", "pemit")
    locks = "cmd:perm(emit) or perm(Builder)"
    help_category = "Admin"

    def func(self) -> None:
        names, text = ("here", self.args) if self.rhs is None else (self.lhs, self.rhs)
        word = self.cmdstring.lower()
        if not text or (self.rhs is None and word != "emit"):
            self.msg(f"Usage: {word} <object> [, <object> ...] = <what is seen>")
            return
        for name in names.split(","):
            target = self.caller.search(name.strip(), global_search=word != "emit")
            if target is not None:
                self._show(word, target, text)

    def _show(self, word: str, target: Any, text: str) -> None:
        """Show it, and say so to a caller who does not see it."""
        if word == "pemit":
            target.msg(text)
        else:
            place = target if word == "remit" or target.location is None else target.location
            place.msg_contents(text)
            if place is self.caller.location:
                return
        self.msg(f"Shown to {target.get_display_name(self.caller)}: {text}")
