"""What happens to the server: killed, reloaded, stopped, given lines that end it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from functools import partial
from pathlib import Path

from faults.bench import Bench, Row
from faults.field import Game, Inject, Round
from faults.steps import STEPS, Orders, Step
from integration.system import PROGRAMS, kill, until

DEATHS_IN_A_ROW = 5
"""After more, a supervisor makes a longer and longer pause: then it is started anew."""

PAUSE_S = 1.5
"""Between two kills at most: with and without a standby that is ready."""

PATIENCE_S = 15.0

SHORT_STOPS_S = (2.2, 4.0)
"""Long enough to be noticed: portals miss a server after two seconds."""

LONG_STOP_S = 30.0

NOTICED_S = 3.0
"""Within which `everdoor status` says that a worker hangs: 2 s, and what it takes to ask."""


def random_kills(bench: Bench) -> None:
    """Kill the worker at random instants."""
    with bench.game() as game:
        bench.rounds(game, lambda count: partial(_kill_often, count), each=20)


async def _kill_often(count: int, round_: Round) -> None:
    for number in range(count):
        await asyncio.sleep(round_.chance.uniform(0, PAUSE_S))
        pid = await round_.server_pid()
        async with round_.restless():
            round_.note(await round_.strike(partial(kill, pid)))
        await round_.crowd.all_served()
        if number % DEATHS_IN_A_ROW == DEATHS_IN_A_ROW - 1:
            await round_.beside(round_.game.restart_supervisor, "server")
            await round_.crowd.all_served()


def kills_at(step: Step) -> Row:
    """The row of one named step."""

    def run(bench: Bench) -> None:
        with bench.game() as game:
            bench.rounds(game, lambda count: partial(_die_often, step, count), each=10)

    return Row(f"kill -9 server {step.name}", 10, 1, run)


async def _die_often(step: Step, count: int, round_: Round) -> None:
    each = 2 if step.at == "death" else DEATHS_IN_A_ROW
    for number in range(count):
        async with round_.restless():
            if (at := await _die_once(step, round_)) is None:
                round_.problems.append(f"nobody came to the step: {step.name}")
            else:
                round_.note(at)
                await _until_replaced(round_)
        await round_.crowd.all_served()
        if number % each == each - 1:
            await round_.beside(round_.game.restart_supervisor, "server")
            await round_.crowd.all_served()


async def _die_once(step: Step, round_: Round) -> float | None:
    orders = round_.game.orders
    pid = await round_.server_pid()
    orders.arm(step.name)
    reload = None
    if step.at == "death":
        await round_.strike(partial(kill, pid))
    elif step.at == "reload":
        reload = asyncio.create_task(round_.beside(_reload_perhaps, round_.game))
    round_.crowd.hurry()
    at = await round_.beside(_until_dead, orders, step)
    orders.call_off(step.name)
    if reload is not None:
        await reload
    return at


def _until_dead(orders: Orders, step: Step) -> float | None:
    try:
        return until(lambda: orders.died_at(step.name), "a server dies there", PATIENCE_S)
    except AssertionError:
        return None


async def _until_replaced(round_: Round) -> None:
    await round_.server_pid()


def _reload_perhaps(game: Game) -> None:
    """Ask for a reload that may be refused."""
    subprocess.run(
        [PROGRAMS / "everdoor", "server", "reload"],
        cwd=game.folder,
        env=game.environment(),
        capture_output=True,
        check=False,
        timeout=60,
    )


def reloads(bench: Bench) -> None:
    """Reload the same code."""

    async def inject(count: int, round_: Round) -> None:
        for _ in range(count):
            async with round_.restless():
                at = await round_.strike(lambda: None)
                await round_.beside(round_.game.run, "server", "reload")
                await round_.crowd.all_served()
            round_.note(at, time.monotonic(), spans=True)

    with bench.game() as game:
        bench.rounds(game, lambda count: partial(inject, count), each=10)


def refused_reloads(bench: Bench) -> None:
    """Reload code that cannot be compiled."""

    async def inject(count: int, round_: Round) -> None:
        for _ in range(count):
            async with round_.restless():
                at = await round_.strike(lambda: None)
                await round_.beside(_reload_in_vain, round_.game)
                await round_.crowd.all_served()
            round_.note(at, time.monotonic(), spans=True)

    with bench.game() as game:
        bench.rounds(game, lambda count: partial(inject, count), each=10)


def _reload_in_vain(game: Game) -> None:
    broken = Path(game.folder / "game" / "broken.py")
    broken.write_text("def no(:\n")
    try:
        told = game.run("server", "reload", code=1)
        assert "broken.py" in told.stdout + told.stderr, "the file is not named"
    finally:
        broken.unlink()


def stops(bench: Bench) -> None:
    """Stop the worker with SIGSTOP, then have it go on or kill it; its supervisor lets it be."""
    long_ones = 2 if bench.scale.is_full else 0

    def inject(count: int) -> Inject:
        return partial(_stop_often, count, long_ones if bench.result.faults == 0 else 0)

    with bench.game(turn_limit_s=0) as game:
        bench.rounds(game, inject, each=10)


async def _stop_often(count: int, long_ones: int, round_: Round) -> None:
    for number in range(count):
        pid = await round_.server_pid()
        seconds = LONG_STOP_S if number < long_ones else round_.chance.uniform(*SHORT_STOPS_S)
        is_replaced = number % 4 == 3
        async with round_.restless():
            at = await round_.strike(partial(os.kill, pid, signal.SIGSTOP))
        await asyncio.sleep(seconds)
        round_.note(at, time.monotonic())
        os.kill(pid, signal.SIGKILL if is_replaced else signal.SIGCONT)
        await round_.crowd.all_served()
        await _until_replaced(round_)


def stops_for_ever(bench: Bench) -> None:
    """Stop the worker with SIGSTOP; its supervisor notices, and replaces it."""

    async def inject(count: int, round_: Round) -> None:
        for _ in range(count):
            pid = await round_.server_pid()
            async with round_.restless():
                at = await round_.strike(partial(os.kill, pid, signal.SIGSTOP))
                await round_.beside(until, partial(_is_hanging, round_.game), "it is noticed")
                noticed_s = time.monotonic() - at
                await round_.crowd.all_served()
            round_.note(at, at)
            if bench.scale.is_full and noticed_s > NOTICED_S:
                round_.problems.append(f"noticed after {noticed_s:.1f} s only")

    with bench.game(turn_limit_s=1) as game:
        bench.rounds(game, lambda count: partial(inject, count), each=10)


def _is_hanging(game: Game) -> bool:
    return bool(game.status().server["state"] != "up")


def poison(word: str) -> Row:
    """The row of a line that ends the server."""

    def run(bench: Bench) -> None:
        with bench.game(turn_limit_s=1) as game:
            each = 5
            bench.rounds(game, lambda count: partial(_poison, word, count), each, guests=each)

    return Row(f"a line that {word}s the server", 20, 1, run)


async def _poison(word: str, count: int, round_: Round) -> None:
    for mallory in round_.guests[:count]:
        at = await round_.strike(partial(mallory.type, word))
        mallory.type("think still here")
        await mallory.sees("A line of yours was not done", within_s=40)
        await mallory.sees('You think, "still here"')
        await round_.crowd.all_served()
        round_.note(at, time.monotonic(), spans=True)
        await round_.beside(round_.game.restart_supervisor, "server")
        await round_.crowd.all_served()


ROWS = (
    Row("kill -9 server at random instants", 200, 5, random_kills),
    *map(kills_at, STEPS),
    Row("reload", 20, 2, reloads),
    Row("reload with a syntax error", 20, 2, refused_reloads),
    Row("SIGSTOP server, then CONT or replaced", 20, 2, stops),
    Row("SIGSTOP server, until its supervisor replaces it", 20, 1, stops_for_ever),
    poison("die"),
    poison("hang"),
)
