"""Commands of accounts, with a puppet or without: who plays what, who is here, leaving."""

from __future__ import annotations

from typing import Any

from everdoor.markup.tables import Table
from everdoor_server.commands.default.muxcommand import MuxAccountCommand
from everdoor_server.locks import has_permission, is_superuser
from everdoor_server.objects.appearance import LINK_DEAD

ADMINS_SEE_MORE = "Admin"


class CmdOOCLook(MuxAccountCommand):
    """
    look at your characters

    Usage:
      look

    Shows the characters that you can play while you play none.
    """

    key = "look"
    aliases = ("l", "ls")

    def func(self) -> None:
        if self.character is not None:
            self.msg("You have no ability to look around.")
        else:
            self.msg((self.account.at_look(session=self.session), {"type": "look"}))


class CmdIC(MuxAccountCommand):
    """
    control a character

    Usage:
      ic <character>
      ic

    Without a name it is the one that you controlled last. Staff may name any
    object that lets them.
    """

    key = "ic"
    aliases = ("puppet",)

    def func(self) -> None:
        found = self._named(self.args) if self.args else self._last()
        if not found:
            reason = (
                "That is not a valid character choice." if self.args else "Usage: ic <character>"
            )
            self.msg(reason)
        elif len(found) > 1:
            listed = "\n".join(f" {obj.key}({obj.dbref})" for obj in found)
            self.msg(f"Multiple targets with the same name:\n{listed}")
        else:
            self.account.puppet_object(self.session, found[0])

    def _last(self) -> list[Any]:
        last = self.game.objects.get(self.account.last_puppet_id)
        return [] if last is None else [last]

    def _named(self, name: str) -> list[Any]:
        own = [c for c in self.account.characters if c.answers_to(name, None)]
        if own:
            return own
        near = self.character.search(name, quiet=True) if self.character is not None else []
        found = near or self.game.objects.find(name)
        return [obj for obj in found if obj.access(self.account, "puppet")]


class CmdOOC(MuxAccountCommand):
    """
    let go of your character

    Usage:
      ooc
    """

    key = "ooc"
    aliases = ("unpuppet",)

    def func(self) -> None:
        if self.character is None:
            self.msg("You are already OOC.")
            return
        self.account.unpuppet_object(self.session)
        self.msg("\n|GYou go OOC.|n\n")
        self.msg((self.account.at_look(session=self.session), {"type": "look"}))


class CmdWho(MuxAccountCommand):
    """
    see who is here

    Usage:
      who
      doing

    Staff sees more with `who`, and with `doing` what everybody sees.
    """

    key = "who"
    aliases = ("doing",)

    def func(self) -> None:
        sessions = sorted(self.game.sessions.get_sessions(), key=lambda session: session.conn_time)
        if self._sees_more():
            head = ["Account", "On for", "Idle", "Puppeting", "Room", "Cmds", "Protocol", "Host"]
            rows = [[*self._public(one), *_private(one)] for one in sessions]
        else:
            head = ["Account name", "On for", "Idle"]
            rows = [self._public(one) for one in sessions]
        shown = Table(*head, rows=rows, cut=True).text_for(self.session)
        count = self.game.sessions.account_count()
        here = "One unique account" if count == 1 else f"{count} unique accounts"
        self.msg(f"|wAccounts:|n\n{shown}\n{here} logged in.")

    def _sees_more(self) -> bool:
        if self.cmdstring == "doing":
            return False
        permissions = list(self.account.permissions)
        return is_superuser(self.account) or has_permission(permissions, ADMINS_SEE_MORE)

    def _public(self, session: Any) -> list[str]:
        now = self.game.sessions.now()
        on_for, idle = now - session.conn_time, now - session.cmd_last_visible
        link = f" {LINK_DEAD}" if session.is_link_dead else ""
        return [f"{session.uname or ''}{link}", clock(on_for), short_time(idle)]


class CmdQuit(MuxAccountCommand):
    """
    leave the game

    Usage:
      quit
      quit/all

    Ends this session; with /all every session of your account.
    """

    key = "quit"
    switch_options = ("all",)

    def func(self) -> None:
        sessions = self.game.sessions.sessions_from_account(self.account)
        if "all" in self.switches:
            for session in sessions:
                session.msg("|RQuitting|n all sessions. Hope to see you soon again.")
                self.game.sessions.end(session, "quit/all")
            return
        assert self.session is not None, "only sessions quit"
        self.session.msg(_farewell(len(sessions) - 1))
        self.game.sessions.end(self.session, "quit")


class CmdSessions(MuxAccountCommand):
    """
    see the sessions of your account

    Usage:
      sessions
    """

    key = "sessions"

    def func(self) -> None:
        rows = []
        for session in self.game.sessions.sessions_from_account(self.account):
            mark = "*" if session is self.session else ""
            puppet, room, _, protocol, host = _private(session)
            rows.append([f"{mark}{session.sessid}", protocol, host, puppet, room])
        table = Table("Sessid", "Protocol", "Host", "Puppet", "Location", rows=rows, cut=True)
        self.msg(f"|wYour current session(s):|n\n{table.text_for(self.session)}")


def _private(session: Any) -> list[str]:
    puppet = session.puppet
    room = puppet.location.key if puppet is not None and puppet.location is not None else "-"
    name = puppet.key if puppet is not None else "-"
    return [name, room, str(session.cmd_total), session.protocol_key, session.address]


def _farewell(others: int) -> str:
    if others == 0:
        return "|RQuitting|n. Hope to see you again, soon."
    left = "One session is" if others == 1 else f"{others} sessions are"
    return f"|RQuitting|n. {left} still connected."


def clock(seconds: float) -> str:
    """Say a time as hours and minutes, and days where there are any: `1d 08:30`."""
    minutes = int(seconds) // 60
    days, minutes = divmod(minutes, 24 * 60)
    shown = f"{minutes // 60:02}:{minutes % 60:02}"
    return f"{days}d {shown}" if days else shown


def short_time(seconds: float) -> str:
    """Say a time in its largest unit: `8h`."""
    whole = max(0, int(seconds))
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if whole >= size:
            return f"{whole // size}{unit}"
    return f"{whole}s"
