"""What `everdoor top` makes of two samples."""

from __future__ import annotations

import pytest

from everdoor.cli.rates import Sample, figures_of, view
from everdoor.measures import BUCKETS_S, Histogram, Measured, counted, single
from everdoor.messages.calls import ProcessMeasured, WorkerMeasured

SERVER, PORTAL = ("server", 0), ("portal.1", 0)


def timed(*seconds: float) -> list[list[object]]:
    histogram = Histogram()
    for each in seconds:
        histogram.observe(each)
    return [[[], histogram.figure()]]


def server(commands: int, cpu: float = 0.0, **others: list[list[object]]) -> Measured:
    return {
        "everdoor_worker_up": single(1),
        "everdoor_worker_cpu_seconds_total": single(cpu),
        "everdoor_commands_total": single(commands),
        **others,
    }


def test_view_rates_are_per_second() -> None:
    before = Sample(10.0, {SERVER: server(100, cpu=1.0)})
    after = Sample(12.0, {SERVER: server(150, cpu=1.5)})
    now = view(before, after)
    assert now.commands == 25.0
    assert [(each.process, each.is_up, each.cpu) for each in now.workers] == [
        ("server", True, 0.25)
    ]


def test_view_counts_a_new_life_from_nothing() -> None:
    before = Sample(10.0, {SERVER: server(1000, everdoor_turn_seconds=timed(*[0.2] * 9))})
    after = Sample(11.0, {SERVER: server(7, everdoor_turn_seconds=timed(0.0003))})
    now = view(before, after)
    assert now.commands == 7.0
    assert now.turn_99_s <= BUCKETS_S[0]


def test_view_of_the_first_look_has_no_rates() -> None:
    sample = Sample(10.0, {SERVER: server(1000, cpu=3.0)})
    now = view(sample, sample)
    assert (now.commands, now.workers[0].cpu) == (0.0, 0.0)


def test_view_adds_up_portals_and_says_who_keeps_clients() -> None:
    portal = {
        "everdoor_connections": counted({"telnet": 3, "ssh": 1}),
        "everdoor_held_inputs": single(5),
    }
    sample = Sample(1.0, {PORTAL: portal, ("portal.1", 1): portal, SERVER: server(0)})
    now = view(sample, sample)
    assert now.held_inputs == 10
    assert [each.connections for each in now.workers] == [4, 4, None]


def test_view_times_only_what_happened_between() -> None:
    old, new = timed(*[5.0] * 50), timed(*[5.0] * 50, *[0.002] * 100)
    before = Sample(1.0, {PORTAL: {"everdoor_line_seconds": old}})
    now = view(before, Sample(2.0, {PORTAL: {"everdoor_line_seconds": new}}))
    assert 0.001 < now.line_median_s < now.line_99_s <= 0.0025


def test_view_tells_restarts_and_their_mean_silence() -> None:
    [[_, one]], [[_, two]] = timed(0.1), timed(0.2, 0.3)
    silences = {"everdoor_restart_silence_seconds": [[["reload"], one], [["crash"], two]]}
    sample = Sample(1.0, {SERVER: silences})
    now = view(sample, sample)
    assert now.restarts == 3
    assert now.mean_silence_s == pytest.approx(0.2)


def test_figures_are_by_process_and_worker() -> None:
    answer = ProcessMeasured("server", [WorkerMeasured(0, server(1))])
    assert figures_of({"server": answer}) == {SERVER: server(1)}
