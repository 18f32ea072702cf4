"""The lines of the simulated game, chosen for what they do to a turn.

A line is a word and perhaps a number. Each run of a line is an Execution; what it shows carries
the execution's number, so that two runs of one line can never be taken for one another.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from everdoor.errors import CallRefused
from everdoor_server.session import ServerSession
from everdoor_server.waits import Request, authenticate, create_account, sleep
from simulator.auth import ACCOUNTS
from simulator.history import Execution, Finished, Ran, Remembered, Violation

if TYPE_CHECKING:
    from simulator.game import Game

SET_OFF = "+"
"""Begins a line that another line has set off: `+token word number`."""

OUT_OF_BAND = "~"
"""Begins, in what is recorded, what a client has said out of band."""


@dataclass
class Thing:
    """An account, or the puppet of one."""

    id: int
    key: str


class Mid(BaseException):
    """The process dies while a line runs."""


class Broken(Exception):
    """What a line raises on purpose."""

    def __init__(self, run: Run) -> None:
        super().__init__("broken")
        self.run = run


class Run:
    """One execution of a line, as its command sees it."""

    def __init__(self, game: Game, session: ServerSession, execution: Execution) -> None:
        self.game = game
        self.session = session
        self.execution = execution
        self.parent: Run | None = None
        self.waits_for_own = False
        self._set_off = 0

    @property
    def label(self) -> str:
        return f"{self.execution.token} x{self.execution.id}"

    def show(self, what: str, *others: ServerSession) -> None:
        """Show something to oneself, or to others."""
        self._ran()
        sessions = list(others) or [self.session]
        self.game.sessions.send(sessions, "text", [f"{self.label}: {what}"], {})

    def say(self, what: str) -> None:
        """Show something to everybody."""
        self.show(what, *self.game.sessions)

    def act(self) -> None:
        """Change something that lasts."""
        self._ran()
        self.game.act(self.execution.token, self.execution.id)

    def set_off(self, target: ServerSession, text: str) -> None:
        """Set off a line; one of one's own is a part of this one."""
        self._set_off += 1
        token = f"{self.execution.token}.{self._set_off}"
        if target is self.session:
            self.waits_for_own = True
            self.game.parents[token] = self
        target.execute_cmd(f"{SET_OFF}{token} {text}")

    def end(self) -> None:
        """The command is done; with a line of its own set off, that has to end first."""
        if not self.waits_for_own:
            self.game.journal.append(Finished(self.execution))
            if self.parent is not None:
                self.parent.waits_for_own = False
                self.parent.end()

    def _ran(self) -> None:
        self.game.journal.append(Ran(self.execution))
        if self.parent is not None:
            self.parent._ran()

    def check_present(self) -> None:
        if self.game.sessions.by_key(self.session.key) is not self.session:
            raise Violation(f"line {self.label} goes on though its session has ended")

    async def sleep(self) -> None:
        await sleep(0.1)
        self.check_present()

    async def ask(self, number: int = 1) -> None:
        """Have auth do something, and see that the answer is to this question."""
        name = f"{self.execution.token}.{number}"
        try:
            found = await create_account(name, "secret", "")
        except CallRefused:
            self.check_present()
            self.show(f"refused {number}")
            return
        self.check_present()
        if found.name != name:
            raise Violation(f"auth was asked {name} and answered {found.name}")


async def finishing(run: Run, command: Coroutine[Request, Any, None]) -> None:
    await command
    run.end()


# Plain commands.


def _me(run: Run, number: int) -> None:
    run.show("me")


def _say(run: Run, number: int) -> None:
    run.say("says")


def _do(run: Run, number: int) -> None:
    run.act()
    run.say("has done it")


def _raise(run: Run, number: int) -> None:
    if number % 2:
        run.act()
        run.show("before the error")
    raise Broken(run)


def _quit(run: Run, number: int) -> None:
    run.say("says goodbye")
    run.session.disconnect("bye")


def _kick(run: Run, number: int) -> None:
    other = run.game.other(number)
    run.show("kicks")
    other.disconnect(f"kicked by {run.label}")


def _force(run: Run, number: int) -> None:
    run.show("forces")
    run.set_off(run.game.other(number), f"{word_of(number)} {number // 7}")


def _self(run: Run, number: int) -> None:
    """Sets off a line of one's own, which may wait."""
    if number % 2:
        run.show("and then")
    run.set_off(run.session, f"{word_of(number // 2)} {number // 7}")


def _remember(run: Run, number: int) -> None:
    run.session.server_data["number"] = number
    run.session.touch()
    run.game.journal.append(Remembered(run.session.sessid, number))


def _idle(run: Run, number: int) -> None:
    """A keepalive does nothing."""


def poison(run: Run, number: int) -> None:
    """Ends the process in whichever state it is."""
    run.show("poisons")
    raise Mid


PLAIN: dict[str, Callable[[Run, int], None]] = {
    "me": _me,
    "say": _say,
    "do": _do,
    "raise": _raise,
    "quit": _quit,
    "kick": _kick,
    "force": _force,
    "self": _self,
    "remember": _remember,
    "idle": _idle,
}

# Commands that wait.


async def _ask(run: Run, number: int) -> None:
    await run.ask()
    run.act()
    run.say("has an answer")


async def _ask_twice(run: Run, number: int) -> None:
    await run.ask(1)
    await run.ask(2)
    run.say("has two answers")


async def _sleep(run: Run, number: int) -> None:
    for _ in range(1 + number % 3):
        await run.sleep()
    run.show("awake")


async def _act_then_ask(run: Run, number: int) -> None:
    run.act()
    run.say("begins")
    await run.ask()
    run.show("has an answer")


async def _show_between(run: Run, number: int) -> None:
    await run.sleep()
    run.say("is awake")
    await run.sleep()
    run.say("has risen")


async def _wait_then_raise(run: Run, number: int) -> None:
    if number % 2:
        run.show("waits")
    await run.sleep()
    raise Broken(run)


async def _wait_then_quit(run: Run, number: int) -> None:
    await run.sleep()
    run.session.disconnect("bye")


async def _login(run: Run, number: int) -> None:
    name = ACCOUNTS[number % len(ACCOUNTS)]
    try:
        found = await authenticate(name, "secret", "")
    except CallRefused:
        run.check_present()
        run.show("refused")
        return
    run.check_present()
    if found.name != name:
        raise Violation(f"auth was asked for {name} and answered {found.name}")
    run.show("welcome")
    run.game.sessions.login(run.session, Thing(found.uid, found.name))


async def _whisper_later(run: Run, number: int) -> None:
    """Holds on to a session that may have ended when it is spoken to."""
    other = run.game.other(number)
    await run.sleep()
    run.show("psst", other)


WAITING: dict[str, Callable[[Run, int], Coroutine[Request, Any, None]]] = {
    "ask": _ask,
    "ask-twice": _ask_twice,
    "sleep": _sleep,
    "act-then-ask": _act_then_ask,
    "show-between": _show_between,
    "wait-then-raise": _wait_then_raise,
    "wait-then-quit": _wait_then_quit,
    "login": _login,
    "whisper-later": _whisper_later,
}

GREETINGS = ("me", "say", "sleep", "show-between", "ask", "login", "self")

SET_OFF_WORDS = ("me", "do", "sleep", "ask", "act-then-ask", "say", "quit")


def word_of(number: int) -> str:
    return SET_OFF_WORDS[number % len(SET_OFF_WORDS)]
