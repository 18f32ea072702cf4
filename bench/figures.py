"""Figures of many runs: their medians and spread, kept as JSON and shown as a table.

The table of README.md stands between two markers and is written by `make bench`; so is the file
in `results`.
"""

from __future__ import annotations

import os
import platform
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from bench.generator import BenchError

FOLDER = Path(__file__).parent
README = FOLDER / "README.md"
BEGIN, END = "<!-- figures: written by make bench -->", "<!-- end of figures -->"


class Figure(msgspec.Struct, frozen=True):
    """One figure: its values in the order taken, one for each round."""

    median: float
    min: float
    max: float
    values: list[float]


class Results(msgspec.Struct, frozen=True):
    """All figures of a run of the bench, and what they were taken on."""

    date: str
    command: str
    commit: str
    machine: str
    load_before: float
    portals: int
    accounts: int
    rounds: int
    seconds: float
    figures: dict[str, Figure]


class Line(NamedTuple):
    """One line of the table: a figure, the same of the limit where there is one, and the goal.

    `unit` is behind each number; `goal` is a text.
    """

    work: str
    figure: str
    unit: str
    goal: str = ""


LINES = (
    Line("one client, closed loop: p50", "one.everdoor.p50_ms", "ms", "<= 0.4 ms"),
    Line("50 clients, ten to a room: commands/s", "rooms50.everdoor.rate", "/s"),
    Line("50: p99", "rooms50.everdoor.p99_ms", "ms"),
    Line("200 clients, ten to a room: commands/s", "rooms200.everdoor.rate", "/s"),
    Line("200: p50", "rooms200.everdoor.p50_ms", "ms"),
    Line("200: p99", "rooms200.everdoor.p99_ms", "ms", "<= 15 ms"),
    Line("200: longest wait for an answer", "rooms200.everdoor.max_ms", "ms"),
    Line("200: server CPU per 1 000 commands", "rooms200.everdoor.server_cpu_ms", "ms", "<= 20 ms"),
    Line("200: portal CPU per 1 000 commands", "rooms200.everdoor.portal_cpu_ms", "ms", "<= 8 ms"),
    Line(
        "200 clients, all in one room: commands/s",
        "hall200.everdoor.rate",
        "/s",
        "as ten to a room, within 5 %",
    ),
    Line(
        "1 000 clients, ten to a room: commands/s",
        "rooms1000.everdoor.rate",
        "/s",
        ">= 0.9 of 200",
    ),
    Line("200 clients, ten lines/s each: p50", "paced200.everdoor.p50_ms", "ms"),
    Line("the same: p99", "paced200.everdoor.p99_ms", "ms"),
    Line("the same: longest silence", "paced200.everdoor.silence_ms", "ms"),
    Line("one says, 200 hear: deliveries/s", "say200.everdoor.deliveries", "/s", ">= 100 000"),
    Line("server CPU per delivery", "say200.everdoor.server_delivery_us", "µs", "<= 1 µs"),
    Line("portal CPU per delivery", "say200.everdoor.portal_delivery_us", "µs", "<= 6 µs"),
    Line("an unknown command, against a known one", "unknown.everdoor.cost", "x", "<= 1.5 x"),
    Line("logins/s, the hash free, 200 at once", "rooms200.everdoor.logins", "/s", ">= 1 000"),
    Line("reload, 50 typing: longest silence", "reload50.everdoor.silence_ms", "ms", "<= 100 ms"),
    Line("reload, 200 typing: longest silence", "reload200.everdoor.silence_ms", "ms", "<= 100 ms"),
    Line("reload, 200: median of the silences", "reload200.everdoor.median_silence_ms", "ms"),
    Line("kill -9, 50 typing: longest silence", "kill50.everdoor.silence_ms", "ms", "<= 300 ms"),
    Line("kill -9, 200 typing: longest silence", "kill200.everdoor.silence_ms", "ms", "<= 300 ms"),
    Line("kill -9, 200: median of the silences", "kill200.everdoor.median_silence_ms", "ms"),
    Line("base memory, portal", "idle.everdoor.portal_base_mib", "MiB", "<= 40 MB"),
    Line("base memory, server", "idle.everdoor.server_base_mib", "MiB", "<= 70 MB"),
    Line("memory per idle session, portal", "idle.everdoor.portal_session_kib", "KiB", "<= 6 KiB"),
    Line("memory per idle session, server", "idle.everdoor.server_session_kib", "KiB", "<= 10 KiB"),
    Line("CPU with idle sessions, portal", "idle.everdoor.portal_idle_cpu_percent", "%", "< 1 %"),
    Line("CPU with idle sessions, server", "idle.everdoor.server_idle_cpu_percent", "%", "< 1 %"),
    Line(
        "a turn with many accounts and idle sessions, against few",
        "large.everdoor.cost",
        "x",
        "about 1",
    ),
    Line(
        "100 000 things in the world, against 100: start",
        "vast.everdoor.more_start_s",
        "s",
        "<= 0.5 s",
    ),
    Line("the same: memory of the server", "vast.everdoor.more_mib", "MiB", "<= 20 MB"),
    Line("the same: a turn", "vast.everdoor.cost", "x", "<= 1.1 x"),
    Line("an operator's command where nothing runs", "operators.everdoor.start_ms", "ms"),
    Line("session list, 1 000 sessions, 200 typing", "operators.everdoor.list_ms", "ms", "< 1 s"),
    Line("session dump live", "operators.everdoor.dump_ms", "ms", "< 1 s"),
    Line("session save", "operators.everdoor.save_ms", "ms", "< 1 s"),
    Line("session list, the server stopped", "operators.everdoor.list_down_ms", "ms", "< 1 s"),
    Line("session dump live", "operators.everdoor.dump_down_ms", "ms", "< 1 s"),
    Line("session save", "operators.everdoor.save_down_ms", "ms", "< 1 s"),
    Line("those who type, no operator: p50", "alone.everdoor.p50_ms", "ms"),
    Line("the same: p99", "alone.everdoor.p99_ms", "ms"),
    Line("the same: p999", "alone.everdoor.p999_ms", "ms"),
    Line("a command every 10 s: p99", "by_hand.everdoor.p99_ms", "ms"),
    Line("the same: p999", "by_hand.everdoor.p999_ms", "ms"),
    Line("its p99, against that without", "by_hand.everdoor.p99_ratio", "x", "<= 1.1 x"),
    Line("a command every 2 s: p99", "busy.everdoor.p99_ms", "ms"),
    Line("the same: p999", "busy.everdoor.p999_ms", "ms"),
    Line("its p99, against that without", "busy.everdoor.p99_ratio", "x"),
    Line(
        "0.3 s of anything else every 2 s: p99, against that without",
        "bystander.everdoor.p99_ratio",
        "x",
    ),
    Line("CPU of the load generator per command", "rooms200.everdoor.generator_cpu_us", "µs"),
)


def gathered(rounds: Iterable[Mapping[str, float]]) -> dict[str, Figure]:
    """Put the figures of all rounds together by name."""
    values: dict[str, list[float]] = defaultdict(list)
    for figures in rounds:
        for name, value in figures.items():
            values[name].append(round(value, 4))
    return {
        name: Figure(statistics.median(found), min(found), max(found), found)
        for name, found in sorted(values.items())
    }


def faults(figures: Mapping[str, Figure]) -> int:
    """Lines lost or doubled and connections dropped, in all runs."""
    return round(sum(sum(f.values) for name, f in figures.items() if name.endswith(".faults")))


def table(results: Results) -> str:
    """The figures as a Markdown table, with what they were taken on above it."""
    found = results.figures
    lines = [
        f"{results.date}, commit {results.commit}, `{results.command}`",
        "",
        f"{results.machine}; load average {results.load_before:.1f} before the run",
        "",
        f"{results.portals} portal(s), {results.accounts} accounts, {results.rounds} rounds of "
        f"{results.seconds:g} s; lines lost or doubled and connections dropped in all runs: "
        f"{faults(found)}",
        "",
        "| work | Everdoor: median (min - max) | the limit | goal |",
        "|---|---|---|---|",
    ]
    for line in LINES:
        if line.figure in found:
            limit = found.get(line.figure.replace(".everdoor.", ".limit."))
            shown = _number(limit.median, line.unit) if limit else ""
            lines.append(
                f"| {line.work} | {_shown(found[line.figure], line.unit)} | {shown} | {line.goal} |"
            )
    return "\n".join(lines)


def write(results: Results) -> Path:
    """Write the file of a run and the table of README.md; returns the file.

    Raises:
        BenchError: README.md has not both markers.
    """
    text = README.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise BenchError(f"{README} has no place for the table: expected {BEGIN} and {END}")
    README.write_text(f"{before}{BEGIN}\n\n{table(results)}\n\n{END}{after}")
    path = FOLDER / "results" / f"{results.date}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")
    return path


def machine() -> str:
    """Processor, cores, memory, kernel and Python of this machine."""
    info = Path("/proc/cpuinfo").read_text()
    names = [line.partition(":")[2].strip() for line in info.splitlines() if "model name" in line]
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    kernel = platform.release().partition("-")[0]
    return (
        f"{names[0] if names else platform.machine()}, {len(os.sched_getaffinity(0))} cores, "
        f"{memory:.0f} GiB, Linux {kernel}, Python {platform.python_version()}"
    )


def _shown(figure: Figure, unit: str) -> str:
    median = _number(figure.median, unit)
    if len(figure.values) == 1:
        return median
    return f"{median} ({_number(figure.min, '')} - {_number(figure.max, '')})"


def _number(value: float, unit: str) -> str:
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    text = f"{value:,.{digits}f}".replace(",", " ")
    return f"{text} {unit}".strip()
