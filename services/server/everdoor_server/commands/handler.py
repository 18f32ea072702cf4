"""From a line to its command: which sets take part, which command it is, and running it.

The hot path of the server: for the usual line it looks up kept results, copies a command and
calls it. What sessions, accounts and objects are is asked of them by name; what stands nearby is
a `Nearby`, which the engine implements on the world.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from contextlib import closing
from typing import Any, Protocol, TypeAlias

from everdoor.markup.tags import escape
from everdoor.playertext import clean
from everdoor_server.commands.cmdset import CmdSet, MergeCache, MergedCmdSet, Providers
from everdoor_server.commands.command import Command, CommandGame
from everdoor_server.commands.parser import Allowed, Entry, Match
from everdoor_server.commands.syscmdkeys import (
    CMD_LOGINSTART,
    CMD_MULTIMATCH,
    CMD_NOINPUT,
    CMD_NOMATCH,
)
from everdoor_server.session import ServerSession
from everdoor_server.waits import Running, ask, sleep

SESSION, ACCOUNT, PUPPET, NEARBY = range(4)
"""Where a command comes from: the `origin` of its entry."""


Reword: TypeAlias = Callable[[ServerSession, str], str]
"""A line that no command fits, as one that some may; nothing when there is none."""


class Nearby(Protocol):
    """The command sets of the world around."""

    def own(self, puppet: Any) -> tuple[CmdSet, ...]:
        """The sets that a puppet carries."""

    def around(self, puppet: Any, exits: bool, things: bool) -> tuple[CmdSet, ...]:
        """The sets of exits and things around a puppet, each with its `cmdsetobj`."""


class CommandHandler:
    """Runs lines in one world.

    Args:
        game: What commands get as `game`.
        nearby: The world around puppets.
        cache: Merged sets, kept.
        reword: Says what else a line may mean that no command fits, such as the name of a channel.
    """

    def __init__(
        self,
        game: CommandGame,
        nearby: Nearby,
        cache: MergeCache,
        reword: Reword = lambda session, line: "",
    ) -> None:
        self._game = game
        self._nearby = nearby
        self._cache = cache
        self._reword = reword

    def cmdset_for(self, session: ServerSession) -> MergedCmdSet:
        """Merge all that can be typed in a session now."""
        session.at_cmdset_get()
        account: Any = session.account
        puppet: Any = session.puppet
        if account is None:
            return self._cache.merged((session.cmdset.sets,))
        account.at_cmdset_get()
        of_account = account.cmdset.sets
        if puppet is None:
            return self._cache.merged((session.cmdset.sets, of_account))
        puppet.at_cmdset_get()
        sets = (session.cmdset.sets, of_account, self._nearby.own(puppet))
        return self._of_object(puppet, sets)

    def _of_object(self, puppet: Any, providers: Providers) -> MergedCmdSet:
        """Merge sets with those of the world around a puppet."""
        own = self._cache.merged(providers)
        if own.no_exits and own.no_objs:
            return own
        around = self._nearby.around(puppet, not own.no_exits, not own.no_objs)
        return self._cache.extended(own, providers, around) if around else own

    def run(self, session: ServerSession, text: str) -> Running | None:
        """Run a line.

        Returns:
            The rest of a command that waits, None when it is done.
        """
        raw_string = clean(text)
        line = raw_string.strip()
        cmdset = self.cmdset_for(session)
        if not line:
            return self._system(session, cmdset, CMD_NOINPUT, raw_string)
        who = session.puppet or session.account or session
        allowed: Allowed = lambda command: command.access(who)  # noqa: E731
        matches = cmdset.match(line, allowed)
        if not matches and (reworded := self._reword(session, line)):
            matches = cmdset.match(reworded, allowed)
        if len(matches) == 1:
            entry, name, args = matches[0]
            return _start(self._prepared(session, cmdset, entry, name, args, raw_string))
        if matches:
            return self._several(session, cmdset, line, matches)
        running = self._system(session, cmdset, CMD_NOMATCH, line)
        if CMD_NOMATCH not in cmdset.system:
            quoted = "" if session.may_be_secret(line) else line
            session.msg(_not_available(line, quoted, cmdset, who))
        return running

    def run_as(self, puppet: Any, text: str) -> Running | None:
        """Run a line as an object that nobody controls: `session` and `account` are None."""
        line = clean(text).strip()
        puppet.at_cmdset_get()
        cmdset = self._of_object(puppet, ((), (), self._nearby.own(puppet)))
        matches = cmdset.match(line, lambda command: command.access(puppet))
        if len(matches) != 1:
            several = several_text(matches) if matches else ""
            puppet.msg(several or _not_available(line, line, cmdset, puppet))
            return None
        entry, name, args = matches[0]
        return _start(self._prepared(None, cmdset, entry, name, args, line, puppet))

    def login_start(self, session: ServerSession) -> Running | None:
        """Show a client that has just connected where it is (CMD_LOGINSTART)."""
        return self._system(session, self.cmdset_for(session), CMD_LOGINSTART, "")

    def _several(
        self, session: ServerSession, cmdset: MergedCmdSet, line: str, matches: list[Match]
    ) -> Running | None:
        if CMD_MULTIMATCH in cmdset.system:
            return self._system(session, cmdset, CMD_MULTIMATCH, line, matches=matches)
        session.msg(several_text(matches))
        return None

    def _system(
        self, session: ServerSession, cmdset: MergedCmdSet, key: str, line: str, **more: Any
    ) -> Running | None:
        entry = cmdset.system.get(key)
        if entry is None:
            return None
        command = self._prepared(session, cmdset, entry, key, line, line)
        command.__dict__.update(more)
        return _start(command)

    def _prepared(
        self,
        session: ServerSession | None,
        cmdset: MergedCmdSet,
        entry: Entry,
        name: str,
        args: str,
        raw_string: str,
        puppet: Any = None,
    ) -> Command:
        command: Command = entry.command
        account: Any = None
        if session is not None:
            account, puppet = session.account, session.puppet
        return command.for_line(
            {
                "caller": (not command.account_caller and puppet) or account or session,
                "session": session,
                "account": account,
                "character": puppet,
                "cmdname": name,
                "cmdstring": name,
                "args": args,
                "raw_string": raw_string,
                "cmdset": cmdset,
                "obj": command.obj_or_none() or (session, account, puppet)[entry.origin],
                "game": self._game,
            }
        )


def _start(command: Command) -> Running | None:
    if command.at_pre_cmd():
        return None
    command.parse()
    result = command.func()
    if isinstance(result, Generator):
        result = _answered(result)
    if result is not None and isinstance(result, Coroutine):
        return _finish(command, result)
    command.at_post_cmd()
    return None


async def _finish(command: Command, rest: Running) -> None:
    await rest
    command.at_post_cmd()


async def _answered(rest: Generator[Any, Any, Any]) -> None:
    """Give a func that yields what it waits for its answers."""
    answer: str | None = None
    with closing(rest):
        while True:
            try:
                wanted = rest.send(answer)
            except StopIteration:
                return
            answer = None
            if isinstance(wanted, (int, float)):
                await sleep(wanted)
            else:
                answer = await ask(str(wanted))


def _not_available(line: str, quoted: str, cmdset: MergedCmdSet, who: Any) -> str:
    """Say that a line is no command, with what may be quoted of it: a password may not."""
    names = cmdset.suggest(line, lambda command: command.auto_help and command.access(who))
    what = f"Command '{escape(quoted)}'" if quoted else "That"
    text = f"{what} is not available."
    if not names:
        return f'{text} Type "help" for help.'
    return f"{text} Maybe you meant {_listed(names)}?"


def _listed(names: list[str]) -> str:
    quoted = [f'"{name}"' for name in names]
    return " or ".join(filter(None, [", ".join(quoted[:-1]), quoted[-1]]))


def several_text(matches: list[Match]) -> str:
    """Say how to name one of several commands that share a name."""
    lines = [
        f" {match.name}-{number}{_about(match)}" for number, match in enumerate(matches, start=1)
    ]
    head = f"More than one match for '{matches[0].name}' (please narrow target):"
    return "\n".join([head, *lines])


def _about(match: Match) -> str:
    key = match.entry.command.key
    return "" if key == match.name.lower() else f" [{key}]"
