"""What is kept of the outputs to a client that may come back, and what is missing then."""

from __future__ import annotations

from everdoor.messages.stream import KeptOutput, Output
from everdoor.outputlog import MAX_KEPT_BYTES, OutputLog, sized


def kept(text: str) -> KeptOutput:
    return KeptOutput("text", [text], {})


def log_of(*texts: str) -> OutputLog:
    log = OutputLog()
    for text in texts:
        log.add(sized(kept(text)))
    return log


def test_log_numbers_outputs_from_one() -> None:
    log = log_of("a", "b")
    assert log.number == 2
    assert log.beyond(0) == [(1, kept("a")), (2, kept("b"))]
    assert log.beyond(1) == [(2, kept("b"))]
    assert log.beyond(2) == log.beyond(9) == []


def test_log_forgets_what_is_confirmed() -> None:
    log = log_of("a", "b", "c")
    log.confirm(2)
    log.confirm(1)
    assert (log.number, log.dropped) == (3, 2)
    assert log.beyond(0) == [(3, kept("c"))]
    log.confirm(99)
    assert (log.number, log.dropped, log.size) == (3, 3, 0)


def test_log_drops_the_oldest_when_there_is_no_room() -> None:
    log = log_of(*("x" * 1000 for _ in range(100)))
    assert log.size <= MAX_KEPT_BYTES
    assert log.number == 100
    assert log.dropped == 100 - len(log.beyond(0)) > 0
    log.add(sized(kept("x" * MAX_KEPT_BYTES)))
    assert (log.number, log.dropped) == (101, 101)


def test_log_is_the_same_from_its_number_and_outputs() -> None:
    log = log_of("a", "b", "c")
    log.confirm(1)
    again = OutputLog(log.number, [output for _, output in log.beyond(0)])
    assert (again.number, again.dropped, again.size) == (log.number, log.dropped, log.size)
    assert again.beyond(0) == log.beyond(0)


def test_output_is_measured_without_its_receivers() -> None:
    output = Output(list(range(100)), "text", ["a"], {"type": "say"})
    assert sized(output) == sized(KeptOutput("text", ["a"], {"type": "say"}))
