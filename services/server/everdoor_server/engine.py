"""The game of one world: sessions, accounts, objects and commands, joined.

What the turn asks of the game (`turn.GameRules`) and what the handler of sessions asks of it
(`sessionhandler.LoginHooks`) is answered here, by the rooms that know; no rule of its own is here.
Reading and writing the database, time and sockets are above and passed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog

import everdoor_server.inputfuncs as inputfuncs
from everdoor.errors import CallRefused, StoreBusy, UserError
from everdoor.ids import SessionKey
from everdoor.messages.accounts import AccountChange, AccountFound, Ban
from everdoor.messages.calls import RestoredSession, RestoreSessions
from everdoor_server.accounts import Account, AccountOptions, Accounts
from everdoor_server.acts import Act
from everdoor_server.bringingback import BringingBack
from everdoor_server.building import Step, build
from everdoor_server.changes import Changes
from everdoor_server.channels import Channels
from everdoor_server.commands.cmdset import MergeCache, MergedCmdSet
from everdoor_server.commands.default.screens import CONNECTION_SCREEN
from everdoor_server.commands.handler import CommandHandler
from everdoor_server.commands.nearby import NearbyCmdSets
from everdoor_server.commit import Change
from everdoor_server.current import entry
from everdoor_server.defaultsets import DEFAULT_SETS, DefaultSets
from everdoor_server.door import Door
from everdoor_server.inputs import TEXT, GameInputs, InputFunctions, functions_of
from everdoor_server.monitors import Monitors
from everdoor_server.objects import Character, Object, Objects
from everdoor_server.puppeting import Puppeting
from everdoor_server.register import Register
from everdoor_server.released import Released
from everdoor_server.restarts import (
    RESUME_HOOKS,
    START_HOOKS,
    STOP_HOOKS,
    Ending,
    Hooks,
    ModuleHooks,
    run_hooks,
)
from everdoor_server.rows import WorldRows
from everdoor_server.scripts import Scripts, Timers
from everdoor_server.session import ServerSession, SessionAccount, SessionDoors
from everdoor_server.sessionhandler import ServerSessionHandler, Sink
from everdoor_server.variables import REPEATABLES, VARIABLES
from everdoor_server.waits import Running, redeem_ticket

AskRestart = Callable[[Ending, ServerSession], None]
"""Asks for an end of this generation; the session is told how it went."""

LAST_DELETION = "auth deletion"
"""In the register: number of the last change by which auth has deleted an account that this world
has forgotten as well."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class GameOptions(AccountOptions):
    """The settings that the game reads; each is described with the settings.

    `connection_screen` is a text, or makes one for a session; `command_msg_all_sessions` None:
    as the multisession mode says. `inputs` are what a game adds for clients to call.
    """

    servername: str = "Everdoor"
    version: str = ""
    guest_enabled: bool = False
    guest_list: tuple[str, ...] = tuple(f"Guest{number}" for number in range(1, 10))
    py_enabled: bool = False
    cmdset_unloggedin: str = DEFAULT_SETS["cmdset_unloggedin"]
    cmdset_session: str = DEFAULT_SETS["cmdset_session"]
    cmdset_account: str = DEFAULT_SETS["cmdset_account"]
    cmdset_character: str = DEFAULT_SETS["cmdset_character"]
    command_msg_all_sessions: bool | None = None
    connection_screen: str | Callable[[ServerSession], str] = CONNECTION_SCREEN
    inputs: GameInputs = field(default_factory=GameInputs)


class Game:
    """One world's game.

    Args:
        rows: What the database holds.
        sink: Where sessions put what they say; the turn's collector.
        clock: Epoch seconds that never jump.
        options: Its settings.
        session_class: What sessions are; the setting `server_session_class`.
        character_class: What new accounts play.
        account_class: What accounts are.
        hooks: What the game does around starts and ends.
        timer_clock: Seconds by which timers are due, also those of former servers; None: `clock`.
        died: The server before has died, and what it was running may be the cause.

    Attributes:
        sessions, accounts, objects, scripts, channels, register: What commands reach as
            `self.game`.
        door: Who may be here.
        inputs, monitors: What clients may call by name, and have asked to be told.
        start_time: When this generation began, in epoch seconds.
        ask_restart: Set by the shell.

    Raises:
        SettingsError: A setting names a command set that there is not.
    """

    def __init__(
        self,
        rows: WorldRows,
        sink: Sink,
        clock: Callable[[], float],
        options: GameOptions | None = None,
        session_class: type[ServerSession] = ServerSession,
        character_class: type[Object] = Character,
        account_class: type[Account] = Account,
        hooks: Hooks | None = None,
        timer_clock: Callable[[], float] | None = None,
        died: bool = False,
    ) -> None:
        self.options = options or GameOptions()
        self._session_class = session_class
        self._hooks = hooks or ModuleHooks()
        self.start_time = clock()
        self.ask_restart: AskRestart = _cannot_restart
        self._sets = DefaultSets({name: getattr(self.options, name) for name in DEFAULT_SETS})
        self._changes = Changes()
        self.objects = Objects(rows, self._changes, self._sets.handler_of)
        self._acts: list[Act] = []
        self.scripts = Scripts(
            self,
            rows,
            self._changes,
            self.objects,
            timer_clock or clock,
            self._acts.append,
            died,
        )
        self.objects.scripts, self.objects.act = self.scripts, self._act
        self.register = Register(rows, self._changes)
        self._last_deletion = 0
        self.accounts = Accounts(self.objects, self.options, account_class, character_class)
        self._puppeting = Puppeting(self.accounts)
        self.sessions = ServerSessionHandler(sink, self, clock, self.options.multisession_mode)
        self._released = Released(
            self.sessions,
            self.accounts,
            self.objects,
            self._puppeting,
            lambda: self.options.auto_puppet_on_login,
        )
        self.door = Door(self.sessions)
        given = self.options.inputs
        self.inputs = InputFunctions(functions_of(inputfuncs), given.functions)
        self.monitors = Monitors(
            self.sessions,
            self._changes,
            {**VARIABLES, **given.variables},
            {**REPEATABLES, **given.repeatables},
        )
        self.channels = Channels(rows, self._changes, self.sessions)
        nearby = NearbyCmdSets(self._sets.of_characters)
        self._commands = CommandHandler(self, nearby, MergeCache(), self._channel_line)

    # What the turn asks.

    def make_session(self, key: SessionKey, sessionhandler: SessionDoors) -> ServerSession:
        """Build an empty session of the world's class."""
        session = self._session_class(key, sessionhandler)
        self._sets.give(session)
        return session

    @entry
    def at_connected(self, session: ServerSession) -> Running | None:
        """A client has connected: show it where it is, if it may be here."""
        session.at_sync()
        self.door.check(session)
        return self._commands.login_start(session) if session.sessid in self.sessions else None

    @entry
    def at_ticket(self, session: ServerSession, ticket: bytes) -> Running | None:
        """A client has connected that has shown already who it is: log it in, if it may be here."""
        session.at_sync()
        self.door.check(session)
        return self._log_in_by(ticket, session) if session.sessid in self.sessions else None

    async def _log_in_by(self, ticket: bytes, session: ServerSession) -> None:
        """Log in by a ticket; who has none that is good is greeted like any other."""
        key = session.key
        try:
            found = await redeem_ticket(ticket)
        except CallRefused as exc:
            session.msg(str(exc))
        else:
            self.log_in(session, found)
        here = self.sessions.by_key(key)
        if here is not None and not here.logged_in:
            running = self._commands.login_start(here)
            if running is not None:
                await running

    @entry
    def run(self, session: ServerSession, text: str, trace: str) -> Running | None:
        """Run one line.

        Returns:
            The rest of a command that waits, None when it is done or has failed.
        """
        try:
            if self.inputs.takes_lines:
                return self.inputs.call(session, TEXT, [text], {})
            return self._commands.run(session, text)
        except Exception as error:
            self.report_error(session, trace, error)
            return None

    def run_line(self, session: ServerSession, text: str) -> Running | None:
        """Run a line at once, as a part of the input function that runs."""
        return self.inputs.began(self._commands.run(session, text))

    @entry
    def at_return(self, session: ServerSession) -> None:
        """A session is whole: it takes the puppet again that a restart has released, and ends if
        it may not be here."""
        self._released.enter(session)
        self.door.check(session)

    @entry
    def at_interrupted(self, session: ServerSession) -> Running | None:
        """A prompt of this session is lost: who was logging in begins again."""
        return None if session.logged_in else self._commands.login_start(session)

    @entry
    def at_adopt(self, session: ServerSession) -> None:
        """Link account, puppet and command sets of a restored session, in silence.

        It may happen again to a session, when its portal knows more than the roster did.
        """
        self.unlink(session)
        self._released.adopted(session)
        if session.logged_in:
            self._puppeting.restore(session)
        self._sets.give(session)
        self.monitors.adopt(session)
        session.at_sync()

    @entry
    def report_error(self, session: ServerSession, trace: str, error: Exception) -> None:
        """A command has raised: tell its player, and log it unless the player is at fault."""
        if isinstance(error, UserError | CallRefused):
            session.msg(str(error))
            return
        if isinstance(error, StoreBusy):
            # Nothing of this turn is written or shown: this server leaves (`everdoor_server.app`).
            _log.error("a command could not read the world", trace=trace, error=str(error))
            return
        _log.error("a command has failed", trace=trace, session=session.sessid, exc_info=error)
        session.msg(f"Something went wrong; it has been logged as {trace}.")

    @entry
    def take_out_of_band(
        self,
        session: ServerSession,
        name: str,
        args: list[Any],
        options: dict[str, Any],
        trace: str,
    ) -> Running | None:
        """Call the input function of this name; one that there is not goes to `default`."""
        try:
            return self.inputs.call(session, name, args, options)
        except Exception as error:
            self.report_error(session, trace, error)
            return None

    @entry
    def at_turn_end(self) -> None:
        """Say what clients monitor that has changed."""
        self.monitors.report()

    def due(self, now: float) -> list[Callable[[], None]]:
        """What clients have asked for at intervals and is due."""
        return [partial(self._tell_again, call) for call in self.monitors.due(now)]

    @entry
    def _tell_again(self, call: Callable[[], None]) -> None:
        call()

    def take_changes(self) -> list[Change]:
        """Rows of the world that differ since the last call."""
        return self._changes.take()

    def take_acts(self) -> list[Act]:
        """What is to be run though nobody has typed it, set off since the last call."""
        if not self._acts:
            return self._acts
        acts = list(self._acts)
        self._acts.clear()
        return acts

    @property
    def timers(self) -> Timers:
        """What happens at a time."""
        return self.scripts.timers

    def _act(self, obj: Object, text: str) -> None:
        self._acts.append(self._act_of(obj, text))

    def _act_of(self, obj: Object, text: str) -> Act:
        return Act(f"{obj!r}: {text}", partial(self._run_by_itself, obj, text))

    def act_of(self, session: ServerSession, text: str) -> Act | None:
        """A line that was set off for a session which runs none now: its puppet does it."""
        puppet = session.puppet
        if session.sessid not in self.sessions or not isinstance(puppet, Object):
            return None
        return self._act_of(puppet, text)

    @entry
    def _run_by_itself(self, obj: Object, text: str) -> Running | None:
        """Have an object do what a line says, unless it is gone."""
        return None if obj.is_deleted else self._commands.run_as(obj, text)

    def change_count(self) -> int:
        """Counts changes of the world: it has moved when a command changed something."""
        return self._changes.count

    # Around starts and ends of the server.

    @entry
    def build(self, steps: Iterable[Step]) -> list[str]:
        """Do what the game's world is built of and this world has not seen yet; as
        `building.build`."""
        return build(steps, self)

    @entry
    def at_server_start(self, ended: Ending) -> None:
        """A generation begins; `ended` is how the one before it did."""
        self._released.begin(ended)
        self._puppeting.sweep()
        if ended in (Ending.RESET, Ending.STOP):
            self.scripts.delete_unsaved()
        run_hooks(self._hooks, START_HOOKS[ended], self)

    @entry
    def at_server_stop(self, ending: Ending) -> None:
        """A generation ends as planned: its last turn."""
        run_hooks(self._hooks, STOP_HOOKS[ending], self)
        self._released.release(ending)

    @entry
    def at_server_resume(self) -> None:
        """The end that was planned has been called off: puppets that it released are taken
        again."""
        run_hooks(self._hooks, RESUME_HOOKS[self._released.call_off()], self)
        self._released.take_again()

    # What the handler of sessions asks.

    @entry
    def at_login(self, session: ServerSession, account: SessionAccount) -> None:
        """The account is bound: command sets, hooks, then the puppet it had last."""
        self._sets.give(session)
        assert isinstance(account, Account), "only log_in binds accounts"
        self._puppeting.at_login(session, account)

    @entry
    def at_back(self, session: ServerSession, is_seamless: bool) -> None:
        """A session that was link-dead has a client again: show it where it is."""
        account = self.accounts.get(session.uid)
        assert account is not None, "only sessions that are logged in are link-dead"
        if not self._released.enter(session):
            self._puppeting.at_back(session, account, is_seamless)
        session.at_sync()
        self.door.check(session)

    @entry
    def at_disconnect(self, session: ServerSession, reason: str) -> None:
        """Release the puppet and run the hooks of the account."""
        try:
            self._puppeting.at_disconnect(session, reason)
        finally:
            self.unlink(session)

    def unlink(self, session: ServerSession) -> None:
        """Take a session from its account and puppet; no hook is run."""
        account, puppet = session.account, session.puppet
        if isinstance(puppet, Object):
            puppet.sessions.remove(session)
            if not puppet.has_account:
                puppet.account = None
        if isinstance(account, Account):
            account.sessions.remove(session)
        session.account = session.puppet = None

    # What commands ask.

    def log_in(self, session: ServerSession, found: AccountFound) -> None:
        """Log in an account that auth has vouched for, unless that is out of date already."""
        account = self.accounts.vouched(found.uid, found.name, found.superuser)
        self._let_in(session, account, found.as_of)

    def log_in_guest(self, session: ServerSession, found: AccountFound) -> None:
        """Log in a guest that auth has made."""
        account = self.accounts.vouched_guest(found.uid, found.name)
        self._let_in(session, account, found.as_of)

    def _let_in(self, session: ServerSession, account: Account, as_of: int) -> None:
        if refused := self.door.refusal(session.address, account.id, as_of):
            session.msg(refused)
            return
        key = session.key
        try:
            self.sessions.login(session, account)
        finally:
            # One that was link-dead may have come back in its place. A hook that raises leaves it
            # logged in, so that the door must know it all the same.
            if (logged_in := self.sessions.by_key(key)) is not None and logged_in.logged_in:
                logged_in.as_of = as_of
                logged_in.touch()

    @entry
    def learn(self, bans: list[Ban], changes: list[AccountChange]) -> None:
        """Take over what auth says: who is banned, and what has happened to accounts since the
        last change that the door knows; whom it is about is told and disconnected."""
        for change in changes:
            if change.kind == "renamed":
                self.accounts.rename(change.uid, change.name)
        self.door.take(bans, changes)

    @property
    def has_deleted_accounts(self) -> bool:
        """Whether auth has deleted accounts of which this world may keep its half."""
        return bool(self.door.deleted_after(self._last_deletion))

    @entry
    def forget_deleted_accounts(self) -> None:
        """Delete the world's half of accounts that auth has deleted, and their characters."""
        done = max(self._last_deletion, self.register.get(LAST_DELETION))
        found = self.door.deleted_after(done)
        for uid in found:
            account = self.accounts.get(uid)
            if account is not None:
                self.accounts.delete(account)
        self._last_deletion = max(done, *found.values()) if found else done
        if found:
            self.register.set(LAST_DELETION, self._last_deletion)

    @entry
    def bring_back(self, call: RestoreSessions) -> list[RestoredSession]:
        """Bring account, puppet and flags of archived sessions back onto those still connected."""
        is_single = self.options.multisession_mode == 0
        back = BringingBack(
            self.accounts, self.objects, self.sessions, self.door, self._let_in, is_single
        )
        return back.bring_back(call)

    @entry
    def end_idle(self, idle_timeout_s: float) -> None:
        """Disconnect who has been idle for too long."""
        self.sessions.validate_sessions(idle_timeout_s)

    def connection_screen(self, session: ServerSession) -> str:
        """What a client sees that has just connected."""
        screen = self.options.connection_screen
        return screen if isinstance(screen, str) else screen(session)

    def run_as(self, obj: Object, text: str) -> Running | None:
        """Run a line as an object that nobody controls; await what it returns, if it waits."""
        return self._commands.run_as(obj, text)

    def guests(self) -> list[int]:
        """Ids of the guests who are here."""
        accounts = self.sessions.all_connected_accounts()
        return [each.id for each in accounts if isinstance(each, Account) and each.is_guest]

    def cmdset_for(self, session: ServerSession) -> MergedCmdSet:
        """All that can be typed in a session now."""
        return self._commands.cmdset_for(session)

    def _channel_line(self, session: ServerSession, line: str) -> str:
        account = session.account
        return self.channels.called_by(account, line) if isinstance(account, Account) else ""


def _cannot_restart(ending: Ending, session: ServerSession) -> None:
    raise UserError("This world cannot be restarted from within.")
