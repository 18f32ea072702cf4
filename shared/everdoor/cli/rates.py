"""What `everdoor top` shows, made of what processes have measured at two moments.

Counters begin again at 0 with each life of a worker: what is less than before counts from 0. Who
asks the processes is `everdoor.cli.top`, who draws `everdoor.cli.topscreen`. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from everdoor.measures import BUCKETS_S, Measured, quantile

Workers = Mapping[tuple[str, int], Measured]
"""Figures of each worker, by process and index."""


class Sample(NamedTuple):
    """What all workers had measured at a moment (monotonic seconds)."""

    at: float
    workers: Workers


class WorkerView(NamedTuple):
    """One worker: `number` is its index, `cpu` its share of a core, `connections` None where it
    keeps none."""

    process: str
    number: int
    is_up: bool
    cpu: float
    resident_bytes: float
    deaths: int
    connections: int | None


class View(NamedTuple):
    """The system between two samples.

    Fields: rates are per second, times in seconds; `sessions` counts by (protocol, state);
    `restarts` are the planned and unplanned ones so far, with the mean of their silences.
    """

    workers: list[WorkerView]
    sessions: dict[tuple[str, str], int]
    commands: float
    turns: float
    line_median_s: float
    line_99_s: float
    turn_99_s: float
    commit_99_s: float
    held_inputs: int
    outbox_rows: int
    waiting_commands: int
    restarts: int
    mean_silence_s: float


def view(before: Sample, after: Sample) -> View:
    """What happened between two samples, and how it is after the second."""
    seconds = max(after.at - before.at, 1e-6)
    restarts = _sum_histograms(after.workers.values(), "everdoor_restart_silence_seconds")
    count = int(sum(restarts[0]))
    return View(
        workers=[_worker(key, before, after, seconds) for key in sorted(after.workers)],
        sessions=_sessions(after),
        commands=_grown(before, after, "everdoor_commands_total") / seconds,
        turns=_grown(before, after, "everdoor_turns_total") / seconds,
        line_median_s=_quantile(before, after, "everdoor_line_seconds", 0.5),
        line_99_s=_quantile(before, after, "everdoor_line_seconds", 0.99),
        turn_99_s=_quantile(before, after, "everdoor_turn_seconds", 0.99),
        commit_99_s=_quantile(before, after, "everdoor_commit_seconds", 0.99),
        held_inputs=int(_total(after, "everdoor_held_inputs")),
        outbox_rows=int(_total(after, "everdoor_outbox_rows")),
        waiting_commands=int(_total(after, "everdoor_waiting_commands")),
        restarts=count,
        mean_silence_s=restarts[1] / count if count else 0.0,
    )


def _worker(key: tuple[str, int], before: Sample, after: Sample, seconds: float) -> WorkerView:
    old, new = before.workers.get(key, {}), after.workers[key]
    cpu = "everdoor_worker_cpu_seconds_total"
    has_clients = "everdoor_connections" in new
    return WorkerView(
        process=key[0],
        number=key[1],
        is_up=_sum(new, "everdoor_worker_up") == 1,
        cpu=_growth(_sum(old, cpu), _sum(new, cpu)) / seconds if old else 0.0,
        resident_bytes=_sum(new, "everdoor_worker_resident_bytes"),
        deaths=int(_sum(new, "everdoor_worker_deaths_total")),
        connections=int(_sum(new, "everdoor_connections")) if has_clients else None,
    )


def _sessions(sample: Sample) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for measured in sample.workers.values():
        for (protocol, state), count in measured.get("everdoor_sessions", []):
            found[protocol, state] = found.get((protocol, state), 0) + int(count)
    return found


def _sum(measured: Measured, name: str) -> float:
    return float(sum(figure for _, figure in measured.get(name, [])))


def _total(sample: Sample, name: str) -> float:
    return sum(_sum(measured, name) for measured in sample.workers.values())


def _growth(old: float, new: float) -> float:
    return new - old if new >= old else new


def _grown(before: Sample, after: Sample, name: str) -> float:
    return sum(
        _growth(_sum(before.workers.get(key, {}), name), _sum(measured, name))
        for key, measured in after.workers.items()
    )


def _sum_histograms(workers: Iterable[Measured], name: str) -> tuple[list[float], float]:
    """All histograms of a name as one: counts of the buckets, sum."""
    counts, total = [0.0] * (len(BUCKETS_S) + 1), 0.0
    for measured in workers:
        for _, (each, seconds) in measured.get(name, []):
            counts = [count + more for count, more in zip(counts, each, strict=True)]
            total += seconds
    return counts, total


def _quantile(before: Sample, after: Sample, name: str, share: float) -> float:
    grown = [0.0] * (len(BUCKETS_S) + 1)
    for key, measured in after.workers.items():
        old = _sum_histograms([before.workers.get(key, {})], name)[0]
        new = _sum_histograms([measured], name)[0]
        began_anew = sum(new) < sum(old)
        for number, count in enumerate(new):
            grown[number] += count if began_anew else count - old[number]
    return quantile(grown, share)


def figures_of(answers: Mapping[str, Any]) -> Workers:
    """Figures of all workers, of the answers to `Measure` by process."""
    return {
        (process, worker.index): worker.measured
        for process, answer in answers.items()
        for worker in answer.workers
    }
