"""What operators' commands cost: how long they take, and what players notice of them.

A system of two portals has many sessions, some of whose players type at a moderate rate. Commands
are whole programs, as an operator starts them; what their start alone costs is measured where
nothing runs. While the server is stopped the portals answer.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from threading import TIMEOUT_MAX, Event, Thread

import msgspec

from bench.generator import BenchError, Heard, quantile_us
from bench.scenarios import KNOWN, Figures, Stage, faults, named, quantiles
from bench.systems import run_command

PORTALS = 2
STEP_S = 0.5
"""How often each player types: two lines a second."""

TYPING = 0.2
"""Of all sessions, those that type."""

MOST_TYPING = 200

BY_HAND_S = 10.0
"""Between two commands of somebody who reads what they show."""

BUSY_S = 2.0
"""Between two commands of a script that does nothing else, and between two of `_compute`."""

COMMAND_CPU_S = 0.3
"""What a command computes, most of it while it starts."""

Command = Callable[[], None]

TIMES = 5
LIST, DUMP, SAVE = "list", "dump", "save"


class Operator:
    """Starts commands, one after another, and keeps how long each takes.

    Args:
        folder: Where archives go.
        sessions: How many there are at least, which every list is to show.
    """

    def __init__(self, stage: Stage, folder: Path, sessions: int) -> None:
        self._system = stage.operated
        self._archive = folder / "archive"
        self._sessions = sessions
        self._taken_ms: dict[str, list[float]] = defaultdict(list)

    @property
    def commands(self) -> tuple[Command, ...]:
        """To list the sessions, print all of them, and archive them; each raises BenchError when
        it fails, or shows too little."""
        return self._list, self._dump, self._save

    def _list(self) -> None:
        listed = self._run(LIST, "list", "--json")
        if (found := len(msgspec.json.decode(listed))) < self._sessions:
            raise BenchError(f"{found} sessions are listed, of {self._sessions}")

    def _dump(self) -> None:
        dumped = self._run(DUMP, "dump", "live")
        if (found := dumped.count(b": ServerSession")) < self._sessions:
            raise BenchError(f"{found} sessions are dumped, of {self._sessions}")

    def _save(self) -> None:
        self._run(SAVE, "save", str(self._archive))

    def figures(self, suffix: str) -> Figures:
        """Milliseconds that each command has taken, as a median."""
        return {
            f"{name}_{suffix}": statistics.median(taken) for name, taken in self._taken_ms.items()
        }

    def _run(self, name: str, *arguments: str) -> bytes:
        taken_s, done = self._system.command("session", *arguments)
        self._taken_ms[name].append(taken_s * 1e3)
        return done


def start_ms() -> float:
    """What a command takes where nothing runs: its start, its imports, its settings."""
    with tempfile.TemporaryDirectory(prefix="everdoor-bench-") as home:
        environment = {**os.environ, "EVERDOOR_HOME": home}
        taken = [run_command(environment, "session", "dump")[0] for _ in range(TIMES)]
    return statistics.median(taken) * 1e3


def operators(stage: Stage, sessions: int, seconds: float, windows: int) -> Figures:
    """Measure the commands while players type, and while the server is stopped.

    Args:
        seconds: How long players type at a time: without commands, with some, with many.
        windows: How often they do each of these.
    """
    system, typing = stage.operated, min(MOST_TYPING, int(sessions * TYPING))
    figures = {"start_ms": start_ms()}
    with tempfile.TemporaryDirectory(prefix="everdoor-bench-") as folder:
        # Those who type may have left before the last command is done.
        while_up = Operator(stage, Path(folder), sessions - typing)
        while_down = Operator(stage, Path(folder), sessions)
        with stage.generator(system, clients=sessions - typing, first=typing, hold=True) as others:
            others.until("ready")
            system.until_quiet()
            noticed = _noticed(stage, typing, seconds, while_up, windows)
            with stage.generator(system, clients=typing, hold=True) as rest:
                rest.until("ready")
                system.command("server", "stop")
                for command in while_down.commands * TIMES:
                    command()
                system.command("server", "start")
                system.until_standby()
        system.until_quiet()
    figures |= while_up.figures("ms") | while_down.figures("down_ms")
    return named("operators.everdoor", figures) | noticed


def _noticed(
    stage: Stage, typing: int, seconds: float, operator: Operator, windows: int
) -> Figures:
    """What players notice of commands, which come seldom or often, and of another program that
    only computes: of each the latencies of all its windows put together, because the p99 of one
    rests on few lines, and the ratio to those with nobody."""
    commands, others = cycle(operator.commands), cycle([_compute])
    ways = {
        "alone": (commands, TIMEOUT_MAX),
        "by_hand": (commands, BY_HAND_S),
        "busy": (commands, BUSY_S),
        "bystander": (others, BUSY_S),
    }
    heard: dict[str, list[Heard]] = defaultdict(list)
    names = deque(ways)
    # What is slow because it is done for the first time is no way's fault.
    _typed(stage, typing, seconds, *ways["alone"])
    for _ in range(windows):
        for way in names:
            heard[way].append(_typed(stage, typing, seconds, *ways[way]))
        names.rotate()
    p99_us = quantile_us(heard["alone"], 0.99)
    figures: Figures = {}
    for way, runs in heard.items():
        found = {**quantiles(runs), "p99_ratio": quantile_us(runs, 0.99) / p99_us}
        figures |= named(f"{way}.everdoor", {**found, "faults": sum(map(faults, runs))})
    return figures


def _compute() -> None:
    """Run a program that has nothing to do with Everdoor and computes as long as a command."""
    program = f"import time\nwhile time.process_time() < {COMMAND_CPU_S}: pass"
    if subprocess.run([sys.executable, "-c", program], check=False).returncode:
        raise BenchError("a program that only computes failed")


def _typed(
    stage: Stage, typing: int, seconds: float, commands: Iterator[Command], pause_s: float
) -> Heard:
    """Let players type while an operator gives a command after half a pause, or in the middle, and
    then one after each pause."""
    system, is_over, failed = stage.operated, Event(), list[BenchError]()

    def work() -> None:
        try:
            wait_s = min(pause_s, seconds) / 2 if pause_s < TIMEOUT_MAX else pause_s
            while not is_over.wait(wait_s):
                next(commands)()
                wait_s = pause_s
        except BenchError as exc:
            failed.append(exc)

    options = {"interval": STEP_S, "seconds": seconds, "line": KNOWN}
    with stage.generator(system, clients=typing, **options) as generator:
        generator.until("begin")
        thread = Thread(target=work)
        thread.start()
        generator.until("end")
        is_over.set()
        heard = generator.result()
        thread.join()
    if failed:
        raise failed[0]
    system.until_quiet()
    return heard
