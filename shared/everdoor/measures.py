"""What every process measures: the names, kinds and meanings, and a histogram that costs little.

Workers count in plain numbers, which their supervisor asks for (`everdoor.supervisor`); exposition
for Prometheus is `everdoor.exposition`'s. What a figure is read from is with whoever measures it
(`measured` of each service). Units: seconds and bytes, as Prometheus wants them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

Measured: TypeAlias = dict[str, list[list[Any]]]
"""Figures by name, each a list of [values of the labels, figure]; a histogram's figure is [count of
each bucket, not added up, the last for what is above all; sum]. JSON."""

BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds, from what a turn takes to what a player calls broken."""


class Metric(NamedTuple):
    """One figure that is exported.

    Fields: `of`, the processes that have it; `labels` besides `process` and `worker`.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    of: str
    help: str
    labels: tuple[str, ...] = ()


class Source(NamedTuple):
    """Figures of one worker, and whose they are."""

    process: str
    worker: int
    measured: Measured


EVERY = "every process"

METRICS = (
    Metric("everdoor_worker_up", "gauge", EVERY, "1 while the worker serves."),
    Metric("everdoor_worker_deaths_total", "counter", EVERY, "Workers that ended unasked."),
    Metric("everdoor_worker_resident_bytes", "gauge", EVERY, "Memory of the worker, resident."),
    Metric(
        "everdoor_worker_cpu_seconds_total",
        "counter",
        EVERY,
        "Processor time of the present worker, user and system.",
    ),
    Metric("everdoor_worker_open_files", "gauge", EVERY, "Open file descriptors of the worker."),
    Metric(
        "everdoor_restart_silence_seconds",
        "histogram",
        EVERY,
        "From the end of one worker's service to the next one's having everybody back; `ending` "
        "is reload, reset, start or crash.",
        ("ending",),
    ),
    Metric("everdoor_generation", "gauge", "server", "Number of the present life of the server."),
    Metric(
        "everdoor_sessions",
        "gauge",
        "server",
        "Sessions by protocol and state: login (before it), in (logged in), limbo (its portal has "
        "not been heard since a restart), link_dead.",
        ("protocol", "state"),
    ),
    Metric("everdoor_turns_total", "counter", "server", "Turns that were run."),
    Metric("everdoor_commands_total", "counter", "server", "Lines of players that were run."),
    Metric(
        "everdoor_turn_seconds", "histogram", "server", "What a turn takes, without its commit."
    ),
    Metric("everdoor_commit_seconds", "histogram", "server", "What the commit of a turn takes."),
    Metric(
        "everdoor_waiting_frames", "gauge", "server", "Frames of portals that no turn has taken."
    ),
    Metric(
        "everdoor_waiting_commands", "gauge", "server", "Commands that wait for time or an answer."
    ),
    Metric(
        "everdoor_outbox_rows",
        "gauge",
        "server",
        "Rows that a portal has not acknowledged.",
        ("portal",),
    ),
    Metric("everdoor_outbox_bytes", "gauge", "server", "The same in bytes.", ("portal",)),
    Metric(
        "everdoor_rows_resent_total",
        "counter",
        "server",
        "Rows sent again after a hello, of a portal that lacked them.",
    ),
    Metric(
        "everdoor_lines_skipped_total",
        "counter",
        "server",
        "Lines set aside: servers died of them.",
    ),
    Metric("everdoor_objects_loaded", "gauge", "server", "Objects of the world in memory."),
    Metric("everdoor_connections", "gauge", "portal", "Connections of clients.", ("protocol",)),
    Metric("everdoor_lines_total", "counter", "portal", "Lines read from clients."),
    Metric(
        "everdoor_line_seconds",
        "histogram",
        "portal",
        "From reading a line to the server's having done it.",
    ),
    Metric("everdoor_held_inputs", "gauge", "portal", "Inputs read and not known to be done."),
    Metric("everdoor_outputs_total", "counter", "portal", "Outputs shown to clients."),
    Metric(
        "everdoor_client_queue_bytes", "gauge", "portal", "Bytes that clients have not taken yet."
    ),
    Metric("everdoor_link_up", "gauge", "portal", "1 while the portal and the server talk."),
    Metric(
        "everdoor_hellos_total",
        "counter",
        "portal",
        "Times that the portal has begun anew with the server, sending again what is held.",
    ),
    Metric(
        "everdoor_refusals_total",
        "counter",
        "portal",
        "Clients that were not let in, by reason: banned, crowded, hasty.",
        ("reason",),
    ),
    Metric(
        "everdoor_slow_clients_total",
        "counter",
        "portal",
        "Clients let go because they did not take their output.",
    ),
    Metric(
        "everdoor_calls_total",
        "counter",
        "auth",
        "Calls answered, by call and outcome: done, or the code of the refusal.",
        ("call", "outcome"),
    ),
    Metric(
        "everdoor_hash_seconds",
        "histogram",
        "auth",
        "From asking for a hash or a check to the answer, wait for a core included.",
    ),
    Metric("everdoor_hashes_waiting", "gauge", "auth", "Passwords that wait for a free core."),
)
"""Every figure, in the order of the documentation."""


class Histogram:
    """Counts of what fell below each bound, in seconds."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS_S) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(BUCKETS_S, seconds)] += 1
        self.total += seconds

    def figure(self) -> list[Any]:
        """Its figure in `Measured`."""
        return [list(self.counts), self.total]


def single(figure: float) -> list[list[Any]]:
    """A figure that has no labels."""
    return [[[], figure]]


def counted(figures: Mapping[Any, float]) -> list[list[Any]]:
    """Figures by the values of their labels, a tuple or, of one label, the value itself."""
    return [[list(key) if isinstance(key, tuple) else [key], n] for key, n in figures.items()]


def quantile(counts: Iterable[float], share: float) -> float:
    """Seconds below which a share of what was observed lies, as far as buckets tell.

    Args:
        counts: Of each bucket, not added up.
        share: 0 to 1.

    Returns:
        The value, linear within its bucket; of what is above all, the last bound; 0 of nothing.
    """
    counts = list(counts)
    rank = share * sum(counts)
    below, floor = 0.0, 0.0
    for bound, count in zip(BUCKETS_S, counts, strict=False):
        if count and below + count >= rank:
            return floor + (bound - floor) * (rank - below) / count
        below, floor = below + count, bound
    return floor if rank else 0.0
