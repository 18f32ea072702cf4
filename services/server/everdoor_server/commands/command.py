"""A command: what a player can type, who may, and what it does.

A command set holds one instance of each of its commands; every line runs on a copy, so that what
a command keeps on itself is its own, also while it waits. Finding the command for a line is in
`commands.parser`, running it in `commands.handler`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self

from everdoor_server.locks import Check, add_locks, compile_locks, is_superuser
from everdoor_server.session import DEFAULT_WIDTH
from everdoor_server.waits import ask

if TYPE_CHECKING:
    from everdoor_server.commands.cmdset import MergedCmdSet
    from everdoor_server.session import ServerSession
    from everdoor_server.sessionhandler import ServerSessionHandler


class CommandOptions(Protocol):
    """The options of a world that every command can meet."""

    @property
    def multisession_mode(self) -> int: ...
    @property
    def command_msg_all_sessions(self) -> bool | None: ...


class CommandGame(Protocol):
    """What every command can reach of the world it runs in, as `self.game`."""

    @property
    def options(self) -> CommandOptions: ...
    @property
    def sessions(self) -> ServerSessionHandler: ...


class Command:
    """Something a player can type; subclass it and write `func`.

    The docstring of the subclass is its help text.

    Attributes:
        key, aliases: What is typed; case does not matter. Aliases may be one text with `;`.
        locks: Lock string; `cmd` says who can use the command and see that it exists.
        help_category: Heading under which `help` lists it; `auto_help` False: it is not listed.
        arg_regex: What must follow the key for the command to be meant, as a regular expression;
            None: anything, also text without a space between.
        account_caller: The account is the caller even while it has a puppet.
        msg_all_sessions: Where `msg` goes: True every session of who is told, False the one that
            typed, None as the world's options say.

    Set for each line: `caller` (the puppet, else the account, else the session), `session` (the
    one that typed; None when none did), `account`, `character` (the puppet), `cmdname` and
    `cmdstring` (the name as typed), `args` (what follows it), `raw_string`, `cmdset` (all that can
    be typed now), `obj` (what the command sits on), `game` (the world).
    """

    key: str = "command"
    aliases: str | Sequence[str] = ()
    locks: str = ""
    help_category: str = "general"
    auto_help: bool = True
    arg_regex: str | re.Pattern[str] | None = None
    account_caller: bool = False
    msg_all_sessions: bool | None = None

    caller: Any
    session: ServerSession | None
    account: Any
    character: Any
    cmdname: str
    cmdstring: str
    args: str
    raw_string: str
    cmdset: MergedCmdSet
    obj: Any
    game: Any

    def __init__(self, **attributes: Any) -> None:
        """Build a command; `attributes` replace those of the class.

        Raises:
            UserError: The lock string is none.
        """
        self.__dict__.update(attributes)
        aliases = self.aliases.split(";") if isinstance(self.aliases, str) else self.aliases
        self.key = self.key.strip().lower()
        self.aliases = _distinct(self.key, aliases)
        self.help_category = self.help_category.lower()
        self.names = frozenset((self.key, *self.aliases))
        self.set_locks(self.locks)
        pattern = self.arg_regex
        self.fits: Callable[[str], Any] | None = re.compile(pattern).match if pattern else None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.key!r}>"

    def for_line(self, attributes: dict[str, Any]) -> Self:
        """Return a copy that runs one line, with the attributes of that line."""
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__)
        copy.__dict__.update(attributes)
        return copy

    # Who may.

    def set_locks(self, locks: str) -> None:
        """Replace the lock string; without `cmd` everybody can use the command."""
        self.locks = locks = add_locks("cmd:all()", locks)
        check = compile_locks(locks)["cmd"]
        self._cmd_check: Check | None = None if check is _EVERYBODY else check

    def access(self, accessing: Any, access_type: str = "cmd", default: bool = False) -> bool:
        """Say whether one may use the command, or do something else with it."""
        if access_type == "cmd":
            check = self._cmd_check
            return check is None or is_superuser(accessing) or check(accessing, self.obj_or_none())
        found = compile_locks(self.locks).get(access_type)
        if found is None or is_superuser(accessing):
            return found is not None or default
        return found(accessing, self.obj_or_none())

    def obj_or_none(self) -> Any:
        """What the command sits on, where that is known."""
        return self.__dict__.get("obj")

    # What it does.

    def at_pre_cmd(self) -> Any:
        """Run before anything else; anything true ends the command here."""

    def parse(self) -> None:
        """Make of `args` what `func` needs."""

    def func(self) -> Any:
        """Do it. May be `async`: what it can wait for is `ask` and `everdoor_server.waits`.

        A generator is driven too: a number that it yields waits for so many seconds, a text asks
        for a line, which is what the `yield` returns.
        """
        self.msg(f"{self.key} does nothing.")

    def at_post_cmd(self) -> Any:
        """Run after `func` has returned."""

    # What it says and asks.

    async def ask(self, text: str, hidden: bool = False) -> str:
        """Ask whoever typed the line for another one; `hidden` for passwords.

        Args:
            text: The prompt, shown without a line end behind it.

        Returns:
            The line as typed. It may be empty.
        """
        return await ask(text, hidden)

    def msg(
        self,
        text: Any = None,
        to_obj: Any = None,
        from_obj: Any = None,
        session: Any = None,
        **kwargs: Any,
    ) -> None:
        """Tell somebody something, by default the caller.

        The caller is told in the session that typed the line (modes 0 and 2), in every session of
        the account (mode 1) or in every session that shares the puppet (mode 3).

        Args:
            text: A string, or (string, options).
            to_obj: Who is told instead: an object, an account or a session.
            from_obj: Who tells; by default the caller.
            session: One session or several that are told instead.
            **kwargs: Out-of-band commands by name.
        """
        target = to_obj or self.caller
        if session is None and target is self.caller:
            session = self._own_sessions()
        target.msg(text, from_obj=from_obj or self.caller, session=session, **kwargs)

    def _own_sessions(self) -> Any:
        options = self.game.options
        everywhere = self.msg_all_sessions
        if everywhere is None:
            everywhere = options.command_msg_all_sessions
        if everywhere or self.session is None:
            return None
        mode = 0 if everywhere is False else options.multisession_mode
        if mode == 1 and self.account is not None:
            return self.account.sessions.all()
        if mode == 3 and self.character is not None:
            sharing = self.character.sessions.all()
            return sharing if self.session in sharing else self.session
        return self.session

    def execute_cmd(self, raw_string: str) -> None:
        """Run another line as the session that typed this one; as the caller when none did."""
        if self.session is not None:
            self.session.execute_cmd(raw_string)
        else:
            self.caller.execute_cmd(raw_string)

    def client_width(self) -> int:
        """Cells of a line on the screen of who typed the line."""
        return self.session.get_client_size()[0] if self.session else DEFAULT_WIDTH

    # Help.

    def get_help(self, caller: Any, cmdset: MergedCmdSet) -> str:
        """Return the help text; override it to make one for who asks."""
        return self.__doc__ or ""


_EVERYBODY = compile_locks("cmd:all()")["cmd"]


def _distinct(key: str, aliases: Iterable[str]) -> list[str]:
    lowered = (alias.strip().lower() for alias in aliases)
    return list(dict.fromkeys(alias for alias in lowered if alias and alias != key))
