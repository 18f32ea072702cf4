"""Figures in Prometheus' text format, by its own client library.

Which figures there are is in `everdoor.measures`; who serves the text over HTTP is
`everdoor.supervisor.exporter`. Source: prometheus.io, exposition formats.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.core import (
    Metric as Family,
)
from prometheus_client.registry import Collector

from everdoor.measures import BUCKETS_S, METRICS, Metric, Source

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def exposition(sources: Iterable[Source]) -> str:
    """All figures of some workers as one text."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Gathered(list(sources)))
    return generate_latest(registry).decode()


class _Gathered(Collector):
    def __init__(self, sources: list[Source]) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Family]:
        for metric in METRICS:
            family = _family(metric)
            for source in self._sources:
                for values, figure in source.measured.get(metric.name, []):
                    labels = [source.process, str(source.worker), *map(str, values)]
                    _add(family, labels, figure)
            if family.samples:
                yield family


def _family(metric: Metric) -> Family:
    labels = ("process", "worker", *metric.labels)
    match metric.kind:
        case "counter":
            return CounterMetricFamily(metric.name, metric.help, labels=labels)
        case "gauge":
            return GaugeMetricFamily(metric.name, metric.help, labels=labels)
        case "histogram":
            return HistogramMetricFamily(metric.name, metric.help, labels=labels)


def _add(family: Family, labels: list[str], figure: Any) -> None:
    if isinstance(family, HistogramMetricFamily):
        counts, total = figure
        family.add_metric(labels, _added_up(counts), total)
    elif isinstance(family, CounterMetricFamily | GaugeMetricFamily):
        family.add_metric(labels, figure)


def _added_up(counts: list[int]) -> list[tuple[str, float]]:
    """Buckets as Prometheus has them: each with all below it."""
    bounds = [*map(str, BUCKETS_S), "+Inf"]
    below = 0
    buckets: list[tuple[str, float]] = []
    for bound, count in zip(bounds, counts, strict=True):
        below += count
        buckets.append((bound, below))
    return buckets
