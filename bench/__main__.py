"""`make bench`: take all figures, print them, write them into `results` and README.md."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from bench import figures, operators, scenarios
from bench.figures import Results
from bench.generator import BenchError, compile_generator
from bench.scenarios import Figures, Scenario, Stage
from bench.systems import EchoSystem, System
from everdoor.errors import EverdoorError


class Plan(NamedTuple):
    """How much is measured (`things` 0: no world of many; `operated`: sessions that operators look
    at, `operated_s` and `windows` how long their players type at a time, and how often); `keeps`:
    whether files are written."""

    scenarios: list[Scenario]
    rounds: int
    seconds: float
    accounts: int
    few_accounts: int
    things: int
    few_things: int
    idle: int
    few_idle: int
    operated: int
    operated_s: float
    windows: int
    keeps: bool


PLANS = {
    "full": Plan(
        scenarios.FULL, 3, 2.0, 10_000, 100, 100_000, 100, 1_000, 10, 1_000, 10.0, 12, True
    ),
    "quick": Plan(scenarios.QUICK, 1, 1.5, 2_500, 100, 0, 0, 500, 10, 200, 4.0, 1, False),
}


def main() -> int:
    """Run it; the exit code is 1 when a line was lost or something could not be measured."""
    arguments = _arguments()
    plan = PLANS[arguments.plan]
    try:
        results = run(plan, arguments.rounds or plan.rounds, arguments.portals)
        print(figures.table(results))
        if plan.keeps and not arguments.dry:
            print(f"\nwritten: {figures.write(results)} and the table of {figures.README}")
    except (BenchError, EverdoorError) as exc:
        print(f"bench: {exc}", file=sys.stderr)
        return 1
    return 1 if figures.faults(results.figures) else 0


def run(plan: Plan, rounds: int, portals: int) -> Results:
    """Start the systems, measure, end them.

    Raises:
        BenchError: Something could not be measured; the text says what.
    """
    load = os.getloadavg()[0]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="everdoor-bench-")))
        program = compile_generator()
        _say("making worlds")
        few = plan.few_things
        everdoor = System(_sub(folder, "everdoor"), portals, plan.accounts, few)
        small = System(_sub(folder, "small"), portals, plan.few_accounts, few)
        vast = System(_sub(folder, "vast"), portals, plan.few_accounts, plan.things)
        operated = System(_sub(folder, "operated"), operators.PORTALS, plan.operated, few)
        echo = EchoSystem(_sub(folder, "echo"), portals)
        for system in (everdoor, small, operated, echo, *([vast] if plan.things else [])):
            stack.enter_context(system)
        stage = Stage(program, everdoor, small, vast, operated, echo, plan.seconds, plan.idle)
        taken = figures.gathered(_rounds(stage, plan, rounds))
    return Results(
        date=time.strftime("%Y-%m-%d"),
        command="make bench" if plan.keeps else "make bench BENCH=quick",
        commit=_commit(),
        machine=figures.machine(),
        load_before=load,
        portals=portals,
        accounts=plan.accounts,
        rounds=rounds,
        seconds=plan.seconds,
        figures=taken,
    )


def _rounds(stage: Stage, plan: Plan, rounds: int) -> Iterator[Figures]:
    _say("idle sessions")
    yield scenarios.idle(stage)
    with (
        scenarios.crowd(stage, stage.everdoor, plan.idle),
        scenarios.crowd(stage, stage.small, plan.few_idle),
    ):
        for number in range(rounds):
            _say(f"large and small worlds, round {number + 1} of {rounds}")
            yield scenarios.size(stage)
    stage.everdoor.until_quiet()
    for number in range(rounds if plan.things else 0):
        _say(f"many things and few, round {number + 1} of {rounds}")
        yield scenarios.things(stage)
    _say("operators")
    yield operators.operators(stage, plan.operated, plan.operated_s, plan.windows)
    for number in range(rounds):
        for place, scenario in enumerate(plan.scenarios, start=1):
            _say(f"round {number + 1} of {rounds}, {place} of {len(plan.scenarios)}")
            yield scenario(stage)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("plan", nargs="?", choices=PLANS, default="full")
    parser.add_argument("--portals", type=int, default=1, help="workers of the portal (1)")
    parser.add_argument("--rounds", type=int, help="how often each figure is taken")
    parser.add_argument("--dry", action="store_true", help="print only, write no file")
    return parser.parse_args()


def _sub(folder: Path, name: str) -> Path:
    made = folder / name
    made.mkdir()
    return made


def _commit() -> str:
    """Which commit is measured, `-dirty` when the files differ from it in more than records."""
    head = subprocess.run(
        ["git", "describe", "--always"], capture_output=True, text=True, check=False
    )
    if head.returncode:
        return "unknown"
    but_records = [f":(top,exclude){path}" for path in ("bench/results", "bench/README.md")]
    changed = subprocess.run(
        ["git", "diff", "--quiet", "HEAD", "--", ":/", *but_records], check=False
    ).returncode
    return head.stdout.strip() + ("-dirty" if changed else "")


def _say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
