"""The timers of the simulated game: the product's, with effects that are watched.

A timer is kept in the database (a delay, or a script that repeats), or ends with its server. Each
time that one rings has a name, by which `simulator.history` knows whether it has rung before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from everdoor_server.current import current_world, within
from everdoor_server.scripts import Script, Scripts, delay
from everdoor_server.waits import sleep
from simulator.history import Counted, Rang, SetAside, SetUp
from simulator.lines import SET_OFF, Mid, word_of

if TYPE_CHECKING:
    from simulator.game import Game

KINDS = ("delay", "script", "volatile", "poison")


class WatchedScripts(Scripts):
    """The scripts of the product; what they are counted for goes to the journal."""

    def count_attempt(self, script_id: int, attempts: int) -> None:
        cast("Game", self._world).journal.append(Counted(script_id))
        super().count_attempt(script_id, attempts)

    def set_aside(self, script_id: int) -> None:
        cast("Game", self._world).journal.append(SetAside(script_id))
        super().set_aside(script_id)


class Ringing(Script):
    """Rings some times."""

    path: ClassVar[str] = "simulator.timers.Ringing"

    def at_repeat(self) -> Any:
        return ring(self.id, self._repeated, self.db.number)


def game() -> Game:
    """The game that runs."""
    return cast("Game", current_world("a timer of the simulation"))


def set_up(number: int, kind: str) -> None:
    """Set a timer in the game that runs."""
    journal, seconds = game().journal, (number % 7) * 0.4
    match kind:
        case "delay" | "poison":
            what = number if kind == "delay" else -1
            later = delay(seconds, "simulator.timers.ring_once", persistent=True)
            assert later.id is not None, "a persistent delay has an id"
            call = game().scripts.get(later.id)
            assert call is not None, "it has just been made"
            path, method, of, _, kwargs = call.db.call
            call.db.call = [path, method, of, [later.id, what], kwargs]
            journal.append(SetUp(later.id, 1))
        case "script":
            repeats = 1 + number % 3
            script = game().scripts.create(
                Ringing,
                interval=0.2 + seconds,
                start_delay=bool(number % 2),
                repeats=repeats,
                attributes={"number": number},
            )
            journal.append(SetUp(script.id, repeats))
        case _:
            delay(seconds, ring, 0, game().history.executions, number)


def ring_once(script_id: int, number: int) -> Any:
    """What a persistent delay calls."""
    return ring(script_id, 1, number)


def ring(script_id: int, time: int, number: int) -> Any:
    """Change the world and tell everybody; what else it does depends on the number.

    Args:
        script_id: 0: it ends with the server.
        time: How often it has rung with this.
        number: -1: the server dies of it.
    """
    history, token = game().history, f"timer {script_id}.{time}"
    history.executions += 1
    execution = history.executions
    if script_id:
        game().journal.append(Rang(script_id, time, execution))
        # A server that was replaced may know less than the database, from which it reads scripts.
        game().change(token, execution)
    game().sessions.announce_all(f"{token} x{execution}")
    if number < 0:
        raise Mid
    if number % 5 == 0 and len(game().sessions):
        line = f"{SET_OFF}{token.replace(' ', '-')}.{execution} {word_of(number)} {number}"
        game().other(number).execute_cmd(line)
    if number % 5 == 1:
        raise ValueError("a timer fails")
    return _wait(token) if number % 5 == 2 else None


async def _wait(token: str) -> None:
    """What comes after a wait is lost with the server."""
    await sleep(0.1)
    game().sessions.announce_all(f"{token} is awake")


def set_up_in(its: Game, number: int, kind: str) -> None:
    """Set a timer in a game from outside."""
    its.history.executions += 1
    with within(its):
        set_up(number, kind)
