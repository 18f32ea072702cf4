"""What came of faults: counted from the records of players, shown as a table.

A fault counts only when a line was under way at its instant: typed and not yet answered. Nothing
here knows what the faults were (`faults.rows`) or how the system was run (`faults.field`).
"""

from __future__ import annotations

import statistics
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from players.checker import Findings
from players.lines import seen, typed
from players.records import Kind, Record, read

COLUMNS = {
    "lost": ("answers lost", "heard lost"),
    "doubled": ("answers doubled", "heard doubled"),
    "out of order": ("answers out of order", "heard out of order", "seen in different orders"),
    "misrouted": ("misrouted",),
    "dropped": ("connections dropped",),
    "effects without output": ("effects unanswered", "players misplaced"),
    "output without effects": ("things misplaced",),
    "unexplained": ("unexplained lines",),
}
"""Columns of the table, by the checker's kinds of violations."""

EXAMPLES = 6


class Fault(NamedTuple):
    """Something that went wrong, in seconds of the monotonic clock.

    `until`: when it had been undone; recovery is counted from there. `spans`: it was felt at some
    time between the two, so the longest wait of a line counts. `back_s`: recovery as measured.
    """

    at: float
    until: float
    spans: bool = False
    back_s: float | None = None


class Line(NamedTuple):
    """A line that was typed, and when it was answered; None: never."""

    sent: float
    answered: float | None


@dataclass
class Result:
    """One row of the table.

    Attributes:
        wanted: How many faults there were to be.
        faults: How many came while a line was under way.
        missed: How many did not.
        recoveries: Seconds from the end of each fault to the first answer to a line typed since.
        problems: What went otherwise than it should, beside the checker's counts.
        remarks: What is to be known of how it was done.
        skipped: Why nothing was done; empty when it was.
    """

    name: str
    wanted: int
    faults: int = 0
    missed: int = 0
    lines: int = 0
    heard: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    recoveries: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    skipped: str = ""
    took_s: float = 0.0

    def add(
        self, faults: Iterable[Fault], records: Path, found: Findings, problems: Iterable[str]
    ) -> None:
        """Add what a round has brought."""
        lines = [line for record in read(records) for line in lines_of(record)]
        for fault in faults:
            if any(is_under_way(line, fault.at) for line in lines):
                self.faults += 1
                if (seconds := recovery(fault, lines)) is not None:
                    self.recoveries.append(seconds)
            else:
                self.missed += 1
        self.lines += found.looked_at["lines typed"]
        self.heard += found.looked_at["lines heard of others"]
        self.counts.update(found.counts)
        self.examples += [
            f"{kind}: {text}" for kind, told in found.examples.items() for text in told
        ]
        self.problems += problems

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found, and all was tried that was to be."""
        if self.skipped:
            return True
        return not self.counts and not self.problems and self.faults >= self.wanted

    def cells(self) -> list[str]:
        """The row as it is shown."""
        if self.skipped:
            return [self.name, "skipped", *[""] * (len(COLUMNS) + 4)]
        counted = [sum(self.counts[kind] for kind in kinds) for kinds in COLUMNS.values()]
        counted[-1] += len(self.problems)
        times = [*map(_milliseconds, _spread(self.recoveries))]
        return [
            self.name,
            str(self.faults),
            str(self.lines),
            str(self.heard),
            *map(str, counted),
            *times,
        ]

    def told(self) -> Iterator[str]:
        """What is to be looked at, if anything."""
        if self.skipped:
            yield f"{self.name}: skipped: {self.skipped}"
            return
        for remark in self.remarks:
            yield f"{self.name}: {remark}"
        if self.faults < self.wanted:
            yield f"{self.name}: {self.faults} of {self.wanted} faults came under way of a line"
        for text in [*self.examples[:EXAMPLES], *self.problems[:EXAMPLES]]:
            yield f"{self.name}: {text}"


HEAD = ["fault", "injected", "lines typed", "lines heard", *COLUMNS, "back p50 ms", "back max ms"]


def table(results: Iterable[Result]) -> str:
    """All rows, as a table of Markdown."""
    rows = [HEAD, ["---", *["---:"] * (len(HEAD) - 1)], *(one.cells() for one in results)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def summary(results: Iterable[Result]) -> str:
    """How much was done in all, in a sentence."""
    known = list(results)
    faults, lines = sum(one.faults for one in known), sum(one.lines for one in known)
    heard = sum(one.heard for one in known)
    return f"{faults:,} faults, {lines:,} lines typed, {heard:,} lines heard"


def lines_of(record: Record) -> Iterator[Line]:
    """The lines of a player with their answers, which come in the order of the lines."""
    waiting: deque[float] = deque()
    for entry in record.entries:
        if entry.kind is Kind.SENT and typed(record.player, entry.text):
            waiting.append(entry.at)
        elif entry.kind is Kind.GOT and waiting:
            word = seen(record.player, entry.text)
            if word is not None and word.actor == record.player:
                yield Line(waiting.popleft(), entry.at)
    for sent in waiting:
        yield Line(sent, None)


def is_under_way(line: Line, at: float) -> bool:
    """Whether a line had been typed and not been answered."""
    return line.sent <= at and (line.answered is None or line.answered > at)


def recovery(fault: Fault, lines: Iterable[Line]) -> float | None:
    """Seconds until all went on after a fault; None: it never did."""
    if fault.back_s is not None:
        return fault.back_s
    answered = [line for line in lines if line.answered is not None]
    if fault.spans:
        waits = [wait for line in answered if (wait := _wait_within(line, fault)) is not None]
        return max(waits, default=None)
    answers = [line.answered for line in answered if line.sent >= fault.until and line.answered]
    return min(answers) - fault.until if answers else None


def _wait_within(line: Line, fault: Fault) -> float | None:
    if line.answered is None or line.sent > fault.until or line.answered < fault.at:
        return None
    return line.answered - line.sent


def _spread(seconds: list[float]) -> tuple[float | None, float | None]:
    if not seconds:
        return None, None
    return statistics.median(seconds), max(seconds)


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1000:.0f}"
