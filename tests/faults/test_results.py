"""Counting from records: which faults count, how long recovery took, and what the table says."""

from __future__ import annotations

from pathlib import Path

from faults.results import Fault, Line, Result, is_under_way, lines_of, recovery, summary, table
from players.checker import Findings
from players.records import Entry, Kind, Record, write

RECORD = Record(
    "Ada",
    [
        Entry(1.0, Kind.SENT, "think Ada-000001"),
        Entry(2.0, Kind.SENT, "say Ada-000002"),
        Entry(3.0, Kind.GOT, 'You think, "Ada-000001"'),
        Entry(4.0, Kind.GOT, 'Bob says, "Bob-000001"'),
        Entry(5.0, Kind.GOT, 'You say, "Ada-000002"'),
        Entry(6.0, Kind.SENT, "think Ada-000003"),
    ],
)
LINES = [Line(1.0, 3.0), Line(2.0, 5.0), Line(6.0, None)]


def test_lines_are_answered_in_the_order_in_which_they_were_typed() -> None:
    assert list(lines_of(RECORD)) == LINES


def test_line_is_under_way_until_it_is_answered() -> None:
    line = Line(1.0, 3.0)
    assert [is_under_way(line, at) for at in (0.5, 1.0, 2.9, 3.0)] == [False, True, True, False]
    assert is_under_way(Line(1.0, None), 99.0)


def test_recovery_ends_with_the_first_answer_to_a_line_typed_since() -> None:
    assert recovery(Fault(0.0, 1.5), LINES) == 3.5
    assert recovery(Fault(5.5, 5.5), LINES) is None


def test_recovery_of_a_fault_that_spans_a_time_is_the_longest_wait_in_it() -> None:
    assert recovery(Fault(0.0, 1.5, spans=True), LINES) == 2.0
    assert recovery(Fault(0.0, 2.5, spans=True), LINES) == 3.0


def test_recovery_that_was_measured_is_taken() -> None:
    assert recovery(Fault(0.0, 1.5, back_s=0.25), LINES) == 0.25


def _result(tmp_path: Path, *faults: Fault, wanted: int = 1, **counts: int) -> Result:
    write(tmp_path, RECORD)
    found = Findings()
    found.looked_at["lines typed"] = 3
    for kind, count in counts.items():
        for _ in range(count):
            found.add(kind.replace("_", " "), "an example")
    result = Result("a fault", wanted)
    result.add(faults, tmp_path, found, [])
    return result


def test_result_counts_only_faults_that_came_while_a_line_was_under_way(tmp_path: Path) -> None:
    result = _result(tmp_path, Fault(2.5, 2.5), Fault(5.5, 5.5), wanted=2)
    assert (result.faults, result.missed) == (1, 1)
    assert not result.is_sound
    assert list(result.told()) == ["a fault: 1 of 2 faults came under way of a line"]


def test_result_with_a_violation_is_not_sound(tmp_path: Path) -> None:
    assert _result(tmp_path, Fault(1.5, 1.5)).is_sound
    assert not _result(tmp_path, Fault(1.5, 1.5), answers_lost=1).is_sound


def test_table_has_a_row_for_each_result_with_its_counts(tmp_path: Path) -> None:
    shown = table([_result(tmp_path, Fault(1.5, 1.5), answers_lost=2, heard_lost=1)])
    assert (
        shown.splitlines()[-1]
        == "| a fault | 1 | 3 | 0 | 3 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 3500 | 3500 |"
    )


def test_summary_counts_what_was_done_in_all() -> None:
    results = [Result("one", 1, faults=2, lines=1500, heard=4), Result("two", 1, skipped="no")]
    assert summary(results) == "2 faults, 1,500 lines typed, 4 lines heard"
